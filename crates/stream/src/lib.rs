//! The Kafka adapter: the event log on Apache Kafka, through librdkafka.
//!
//! # Job
//! Append records to a topic and read them from any position, as [`wire::EventLog`] says.
//!
//! # Shape
//! [`KafkaLog`] is the log · `append` sends and collects every delivery report · [`KafkaReader`] reads through a thread of
//! its own · [`create_topic`] makes a topic · `describe` asks for a topic's identity · `settings` holds every
//! librdkafka setting with its reason.
//!
//! # Invariants
//! K-1 positions come from the caller: no group membership, no committed offset, no reset; a position the topic does
//! not hold is an error. K-2 an append answers `Ok` only when every record has its offset from a broker with
//! `acks=all`. K-3 entries are delivered as Kafka holds them: an offset that is missing is missing in what is read, and
//! whoever keeps the position halts. K-4 no Kafka transactions.
//!
//! # Limits
//! A record is at most [`wire::limits::RECORD_BYTES_MAX`] bytes. A reader holds at most about 160 MiB (`settings`). A
//! topic that is deleted and made again is found when a log or a reader is opened, and by an open reader within
//! [`reader::IDENTITY_CHECK`]; what it read of the new topic in between is found by the next look at the identity.
//! Brokers must know topic ids (Apache Kafka 3.1 or newer).
//!
//! # Not here
//! What a record means, who may read which partition, and where positions are kept (PostgreSQL, in `store`).

mod append;
mod describe;
mod log;
pub mod reader;
mod settings;
mod topic;

pub use log::KafkaLog;
pub use reader::KafkaReader;
pub use topic::create_topic;
