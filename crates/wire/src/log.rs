//! The event log as the house sees it: a port that `stream` (Kafka) and `store` (embedded) implement.

use std::future::Future;
use std::time::Duration;

/// One record as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The partition it stands in.
    pub partition: u32,
    /// Its position there; positions of a partition follow each other without a gap.
    pub offset: u64,
    /// What was appended.
    pub bytes: Vec<u8>,
}

/// Which log this is. Positions are worth nothing without it: a topic that was made again is another log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIdentity {
    /// `"kafka"` or `"embedded"`.
    pub transport: &'static str,
    /// The cluster or database.
    pub cluster_id: String,
    /// The topic's name.
    pub topic: String,
    /// The topic's own identity, new whenever it is made.
    pub topic_id: String,
    /// How many partitions it has, for ever.
    pub partitions: u32,
}

/// What can go wrong with the log. All are faults; none says anything about a tap.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Away or full: nothing is known to be written; try again.
    #[error("the event log is unavailable: {0}")]
    Unavailable(String),
    /// A read was asked for outside what the log holds.
    #[error("offset {offset} of partition {partition} is outside [{low}, {high})")]
    OffsetOutOfRange {
        /// The partition.
        partition: u32,
        /// What was asked for.
        offset: u64,
        /// First offset held.
        low: u64,
        /// One past the last offset held.
        high: u64,
    },
    /// The log is not the one it was.
    #[error("the event log was replaced: {0}")]
    Replaced(String),
    /// The log breaks its own rules, as by a gap in its offsets.
    #[error("the event log is broken: {0}")]
    Broken(String),
}

/// A message of the house on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The partition it goes to.
    pub partition: u32,
    /// Its id: the same whenever it is sent again.
    pub id: String,
    /// The message.
    pub bytes: Vec<u8>,
}

/// An event log: partitions of records, appended at the end, read from any position.
pub trait EventLog: Send + Sync + 'static {
    /// How it is read.
    type Reader: LogReader;

    /// Which log this is, asked anew at each call.
    fn identity(&self) -> impl Future<Output = Result<LogIdentity, LogError>> + Send;

    /// Appends `(partition, bytes)` in the given order per partition. `Ok` only when all are durable; then the
    /// offsets, in the order of the argument. After an error some may be written: the sender sends again, and the
    /// identity of a tap makes the second one a duplicate.
    fn append(&self, records: Vec<(u32, Vec<u8>)>)
    -> impl Future<Output = Result<Vec<u64>, LogError>> + Send;

    /// Appends messages that the house tells, each with its id, as [`Self::append`] does. A log that knows headers carries
    /// the id as the header `event-id`, so that a consumer can tell a repeat without reading the message.
    fn publish(&self, events: Vec<Event>) -> impl Future<Output = Result<(), LogError>> + Send {
        let records = events.into_iter().map(|event| (event.partition, event.bytes)).collect();
        async { self.append(records).await.map(|_| ()) }
    }

    /// What a partition holds now, as `[low, high)`.
    fn bounds(&self, partition: u32) -> impl Future<Output = Result<(u64, u64), LogError>> + Send;

    /// A reader of these partitions, each from the given offset on.
    fn reader(&self, starts: Vec<(u32, u64)>) -> impl Future<Output = Result<Self::Reader, LogError>> + Send;
}

/// A reader with a position in each of its partitions.
pub trait LogReader: Send + 'static {
    /// The next entries, at most `max`, in the order of offsets within each partition; none when nothing came
    /// within `wait`.
    fn next(
        &mut self,
        max: usize,
        wait: Duration,
    ) -> impl Future<Output = Result<Vec<LogEntry>, LogError>> + Send;
}
