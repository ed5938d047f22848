//! The use cases: intake, commands, the pipeline worker, closing a day, settlement, reconciliation, reports, proof.
//!
//! # Job
//! Put the pure crates and the adapters together into what the program does, one module a use case.
//!
//! # Shape
//! [`intake`] takes taps into the log and [`command`] what no device signs, [`answer`] tells the devices what they may
//! forget · [`worker`] takes taps from the log into the ledger: load → decide → save · [`relay`] tells what the ledger has ·
//! [`day`] closes an accounting day, [`expire`] takes back top-ups the bank never confirmed and ends passes that are over · [`settle`] proposes, approves and hands over payouts · [`reconcile`] takes bank
//! statements in · [`adjust`] books by hand, with four eyes · [`report`] answers with figures and the rows behind them ·
//! [`verify`] rebuilds the books from the log and compares · [`policy`] lets another version of the policy take effect ·
//! [`retention`] lets go of what is old · [`registry`] and [`access`] know who and what.
//!
//! # Invariants
//! E-1 the committed ranges of a partition tile it: no gap, no overlap; E-2 nothing is acknowledged before it is durable;
//! E-3 every unit of work on the database runs in a task that nobody aborts; E-4 a closed day never changes; E-5 what is
//! paid is what was shown, approved by another person, once; E-6 every booked line of a posted statement is in the ledger;
//! E-7 the books follow from the log; L-4, L-5 and L-6 are shown by [`verify`].
//!
//! # Limits
//! A batch of the worker has at most [`worker::Settings::batch_max`] records. A tap is taken up to 2 minutes before its time
//! and 30 days after it; a command's answer is waited for 20 s at the most.
//!
//! # Not here
//! No SQL (`store`), no Kafka (`stream`), no rule about money (`clearing`), no HTTP (`web`).

pub mod access;
pub mod adjust;
pub mod answer;
pub mod command;
pub mod day;
mod denial;
pub mod error;
pub mod expire;
pub mod intake;
mod line;
mod memory;
mod office;
pub mod policy;
mod post;
pub mod reconcile;
pub mod registry;
pub mod relay;
pub mod report;
mod resolve;
pub mod retention;
pub mod settle;
mod share;
pub mod verify;
pub mod worker;

pub use error::EngineError;
