//! The PostgreSQL adapter: every SQL statement of the house, and the embedded event log.
//!
//! # Job
//! Keep the tables of record, and answer from them.
//!
//! # Shape
//! [`pool`] makes connections and migrates · [`error`] says what a fault means · [`log`] is the embedded event log ·
//! [`lease`] and [`workers`] say who works on what · [`load`] reads what a batch needs, with account states as [`state`]
//! keeps them · [`save`] writes what came of it: [`posting`]s, the [`outbox`], and what the door then knows of a [`command`] ·
//! [`mark`] and [`denial`] are what devices are told · [`adjust`], [`bank`] and [`settle`] are the back office's ·
//! [`report`] reads for people, [`verify`] for the proof · [`months`] divides the largest tables · [`retention`]
//! lets go of what is old · [`registry`] and [`access`] know who and what.
//! Functions take a connection or a transaction as their argument; none takes a pool, so a unit of work cannot leave its
//! transaction through a second connection. Only [`log::EmbeddedLog`], which stands in for a broker, and a database of
//! [`scratch`] own a pool.
//!
//! # Invariants
//! S-1 a borrowed connection is never inside a transaction; S-2 offsets of the embedded log are contiguous and in
//! commit order; S-3 constraint names and SQLSTATEs decide what a fault means, never message text.
//!
//! # Limits
//! A statement may run 5 s, wait 2 s for a lock, and leave its transaction idle for 5 s; the server enforces it. Reports may
//! take 30 s, and what reads whole tables (migrations, a day's positions, the proof) as long as it must. A page of a list
//! has at most 1,000 rows, the embedded log 1,024 partitions.
//!
//! # Not here
//! No rule that decides about money, no Kafka, no derive of sqlx on a domain type.

pub mod access;
pub mod adjust;
pub mod bank;
pub mod charged;
pub mod command;
mod copy;
pub mod denial;
pub mod error;
pub mod intake;
pub mod lease;
pub mod load;
pub mod log;
pub mod mark;
pub mod measure;
pub mod months;
mod nodelay;
pub mod outbox;
pub mod policy;
pub mod pool;
pub mod posting;
pub mod registry;
pub mod report;
pub mod retention;
mod rows;
pub mod save;
pub mod scratch;
pub mod settle;
mod standing;
pub mod state;
pub mod verify;
pub mod workers;

pub use error::{Doing, StoreError};
pub use pool::{connect, migrate};
pub use sqlx::{Connection, PgConnection, PgPool, PgTransaction};
