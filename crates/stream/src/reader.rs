//! Reading: a consumer on a thread of its own, and a bounded queue to whoever posts.

use crate::describe::describe;
use crate::settings::{self, REQUEST_MS_MAX};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use wire::{LogEntry, LogError, LogIdentity, LogReader};

/// How often an open reader looks whether its topic is still the one it was.
pub const IDENTITY_CHECK: Duration = Duration::from_secs(5);

/// Entries go to the reader in chunks: bounded in count and bytes, so that the queue of them is bounded in both. It holds
/// more than two large batches; shallower queues halved the rate of a drain.
const CHUNK_RECORDS_MAX: usize = 1_024;
const CHUNK_BYTES_MAX: usize = 256 * 1024;
const CHUNKS_QUEUED_MAX: usize = 128;

/// How long the thread waits for a record before it looks whether anybody still reads.
const POLL: Duration = Duration::from_millis(100);

/// A reader of some partitions of a topic. Dropping it ends its thread within about [`POLL`].
pub struct KafkaReader {
    chunks: mpsc::Receiver<Chunk>,
    ready: VecDeque<LogEntry>,
    fault: Option<LogError>,
    ended: bool,
}

/// What the thread hands on, in the order it happened.
enum Chunk {
    Entries(Vec<LogEntry>),
    /// Told once; reading goes on.
    Trouble(LogError),
    /// The last thing that comes.
    End(LogError),
}

impl KafkaReader {
    pub(crate) fn open(
        brokers: &str,
        identity: &LogIdentity,
        starts: Vec<(u32, u64)>,
    ) -> Result<Self, LogError> {
        let consumer: Consumer = settings::consumer(brokers)
            .create_with_context(Quiet)
            .map_err(|error| LogError::Broken(format!("making a Kafka consumer: {error}")))?;
        // Made before anything can fail: from here on the consumer is dropped on this thread and no other.
        let (sender, chunks) = mpsc::channel(CHUNKS_QUEUED_MAX);
        let poller = Poller {
            consumer,
            identity: identity.clone(),
            expected: starts.into_iter().collect(),
            chunks: sender,
        };
        std::thread::Builder::new()
            .name("kafka-reader".to_owned())
            .spawn(move || poller.run())
            .map_err(|error| LogError::Unavailable(format!("starting the reader's thread: {error}")))?;
        Ok(KafkaReader { chunks, ready: VecDeque::new(), fault: None, ended: false })
    }

    fn take(&mut self, chunk: Option<Chunk>) {
        match chunk {
            Some(Chunk::Entries(entries)) => self.ready.extend(entries),
            Some(Chunk::Trouble(fault)) => self.fault = Some(fault),
            Some(Chunk::End(fault)) => (self.fault, self.ended) = (Some(fault), true),
            None => self.ended = true,
        }
    }
}

impl LogReader for KafkaReader {
    /// Entries come as soon as there are some; a fault comes after all entries that were read before it. After a fault
    /// that ends the reader, every further call says so.
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<LogEntry>, LogError> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            while self.fault.is_none() && !self.ended && self.ready.len() < max {
                match self.chunks.try_recv() {
                    Ok(chunk) => self.take(Some(chunk)),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => self.take(None),
                }
            }
            if !self.ready.is_empty() || max == 0 {
                // Nothing is awaited between here and the return, so a dropped call loses nothing.
                return Ok(self.ready.drain(..max.min(self.ready.len())).collect());
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if self.ended {
                return Err(LogError::Unavailable("this reader has ended; open another".to_owned()));
            }
            match tokio::time::timeout_at(until, self.chunks.recv()).await {
                Ok(chunk) => self.take(chunk),
                Err(_) => return Ok(Vec::new()),
            }
        }
    }
}

type Consumer = BaseConsumer<Quiet>;

/// Errors reach the poller as values; the context has nothing to add.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the Kafka consumer has trouble");
    }
}
impl ConsumerContext for Quiet {}

/// What a reader's thread owns. It also drops the consumer, which polls until librdkafka has closed it.
struct Poller {
    consumer: Consumer,
    identity: LogIdentity,
    expected: BTreeMap<u32, u64>,
    chunks: mpsc::Sender<Chunk>,
}

/// The reader has ended, or nobody reads any more.
struct Ended;

impl Poller {
    fn run(mut self) {
        if let Err(fault) = self.assign() {
            let _ = self.chunks.blocking_send(Chunk::End(fault));
            return;
        }
        let mut checked = Instant::now();
        while !self.chunks.is_closed() {
            if self.poll_chunk().is_err() {
                return;
            }
            if checked.elapsed() >= IDENTITY_CHECK {
                checked = Instant::now();
                if let Err(fault) = self.check_identity() {
                    let _ = self.chunks.blocking_send(Chunk::End(fault));
                    return;
                }
            }
        }
    }

    /// Once, all partitions, explicit offsets: assigning again, or pausing, starts from wrong places in librdkafka.
    fn assign(&self) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in &self.expected {
            let broken = || LogError::Broken(format!("partition {partition} offset {offset} is no position"));
            let partition = i32::try_from(*partition).map_err(|_| broken())?;
            let offset = i64::try_from(*offset).map_err(|_| broken())?;
            list.add_partition_offset(&self.identity.topic, partition, Offset::Offset(offset))
                .map_err(|_| broken())?;
        }
        self.consumer.assign(&list).map_err(|error| crate::log::unavailable("assigning partitions", &error))
    }

    /// Waits for a record, takes with it what is there already, and hands the chunk on. The queue's end blocks here, so
    /// a slow poster slows the fetcher, and nothing is dropped.
    fn poll_chunk(&mut self) -> Result<(), Ended> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        let mut fault = None;
        while entries.len() < CHUNK_RECORDS_MAX && bytes < CHUNK_BYTES_MAX {
            let wait = if entries.is_empty() { POLL } else { Duration::ZERO };
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    if let Some(entry) = accept(&mut self.expected, &message) {
                        bytes += entry.bytes.len();
                        entries.push(entry);
                    }
                }
                Some(Err(error)) => {
                    fault = self.judge(&error);
                    break;
                }
            }
        }
        let entries = (!entries.is_empty()).then_some(Chunk::Entries(entries));
        for chunk in entries.into_iter().chain(fault) {
            let last = matches!(chunk, Chunk::End(_));
            if self.chunks.blocking_send(chunk).is_err() || last {
                return Err(Ended);
            }
        }
        Ok(())
    }

    /// What an error of the consumer means. librdkafka heals lost connections itself, so these are only told when no
    /// broker is left; everything else is settled by opening another reader.
    fn judge(&self, error: &KafkaError) -> Option<Chunk> {
        let message = format!("reading topic {}: {error}", self.identity.topic);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => Some(Chunk::Trouble(LogError::Unavailable(message))),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                // No group is used, so its coordinator may come and go.
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::WaitingForCoordinator,
            ) => {
                tracing::debug!(message, "librdkafka tries again");
                None
            }
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                let outside = || self.out_of_range().unwrap_or(LogError::Broken(message));
                Some(Chunk::End(self.check_identity().err().unwrap_or_else(outside)))
            }
            Some(
                RDKafkaErrorCode::LogTruncation | RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::InvalidMessage,
            ) => Some(Chunk::End(LogError::Broken(message))),
            _ => Some(Chunk::End(LogError::Unavailable(message))),
        }
    }

    /// librdkafka says that some position is outside the topic, not which: the one that is outside now.
    fn out_of_range(&self) -> Option<LogError> {
        let limit = Duration::from_millis(REQUEST_MS_MAX);
        for (&partition, &offset) in &self.expected {
            let number = i32::try_from(partition).ok()?;
            let (low, high) = self.consumer.fetch_watermarks(&self.identity.topic, number, limit).ok()?;
            let (low, high) = (u64::try_from(low).ok()?, u64::try_from(high).ok()?);
            if offset < low || offset > high {
                return Some(LogError::OffsetOutOfRange { partition, offset, low, high });
            }
        }
        None
    }

    /// A topic made again with more records than our position would be read on without any error. Only a different id
    /// is an answer; a broker that is away is not.
    fn check_identity(&self) -> Result<(), LogError> {
        match describe(self.consumer.client(), &self.identity.topic) {
            Ok(Some(now)) if now.topic_id != self.identity.topic_id => {
                let (topic, was) = (&self.identity.topic, &self.identity.topic_id);
                Err(LogError::Replaced(format!("topic {topic} was {was} and is {}", now.topic_id)))
            }
            _ => Ok(()),
        }
    }
}

/// The entry, unless it stands below the position: then it is a left-over of librdkafka's queue. One above the position
/// is delivered as it is, and whoever keeps the position sees the gap.
fn accept(expected: &mut BTreeMap<u32, u64>, message: &BorrowedMessage<'_>) -> Option<LogEntry> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let next = expected.get_mut(&partition)?;
    if offset < *next {
        return None;
    }
    *next = offset.saturating_add(1);
    // A record without a value is one that nobody of ours wrote; as empty bytes it is refused where records are decoded.
    Some(LogEntry { partition, offset, bytes: message.payload().unwrap_or_default().to_vec() })
}
