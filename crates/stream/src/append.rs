//! Appending: send all, wait for every delivery report, answer with every offset.

use crate::settings::{self, DELIVERY_MS_MAX};
use rdkafka::client::Client;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use wire::{Event, LogError};

/// How long to wait when librdkafka's queue is full before trying again.
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(2);

/// The header that carries the id of a message of the house.
const EVENT_ID: &str = "event-id";

/// A record on its way, with the id it carries in its header, if it has one.
struct Outgoing {
    partition: u32,
    id: Option<String>,
    bytes: Vec<u8>,
}

/// A producer, replaced by another when librdkafka calls it broken beyond repair.
pub struct Sender {
    config: ClientConfig,
    current: Mutex<Arc<Producer>>,
}

impl Sender {
    pub fn new(brokers: &str) -> Result<Self, LogError> {
        let config = settings::producer(brokers);
        let current = Mutex::new(Arc::new(Producer::new(&config)?));
        Ok(Sender { config, current })
    }

    /// The producer to use now. An idempotent producer that can no longer keep its promise stops for good with a fatal
    /// error; its place is taken by a new one, and what was under way is sent again by its senders.
    pub fn producer(&self) -> Result<Arc<Producer>, LogError> {
        let mut current = lock(&self.current);
        if let Some((code, reason)) = current.client().fatal_error() {
            tracing::warn!(%code, reason, "the Kafka producer is replaced after a fatal error");
            *current = Arc::new(Producer::new(&self.config)?);
        }
        Ok(Arc::clone(&current))
    }

    /// Appends the records to the topic, each to its partition, and gives their offsets in the same order.
    pub async fn append(&self, topic: &str, records: Vec<(u32, Vec<u8>)>) -> Result<Vec<u64>, LogError> {
        self.send(
            topic,
            records.into_iter().map(|(partition, bytes)| Outgoing { partition, id: None, bytes }).collect(),
        )
        .await
    }

    /// The same for messages that carry an id in their header.
    pub async fn publish(&self, topic: &str, events: Vec<Event>) -> Result<(), LogError> {
        let outgoing = |Event { partition, id, bytes }| Outgoing { partition, id: Some(id), bytes };
        self.send(topic, events.into_iter().map(outgoing).collect()).await.map(|_| ())
    }

    async fn send(&self, topic: &str, records: Vec<Outgoing>) -> Result<Vec<u64>, LogError> {
        let producer = self.producer()?;
        let (batch, finished) = Batch::new(records.len());
        let sending = {
            let (producer, batch, topic) = (Arc::clone(&producer), Arc::clone(&batch), topic.to_owned());
            // Copying thousands of records into librdkafka's queue, and waiting when that is full, is no work for an
            // async thread.
            tokio::task::spawn_blocking(move || send_all(&producer, &topic, &records, &batch))
        };
        sending.await.map_err(|error| LogError::Unavailable(format!("sending to Kafka: {error}")))??;
        // Every record that was queued gets a report, at the latest when its delivery time is over.
        finished.await.map_err(|_| LogError::Unavailable("the Kafka producer was closed".to_owned()))?;
        batch.offsets()
    }
}

fn send_all(
    producer: &Producer,
    topic: &str,
    records: &[Outgoing],
    batch: &Arc<Batch>,
) -> Result<(), LogError> {
    let until = Instant::now() + Duration::from_millis(DELIVERY_MS_MAX);
    for (index, Outgoing { partition, id, bytes }) in records.iter().enumerate() {
        let partition =
            i32::try_from(*partition).map_err(|_| LogError::Broken(format!("partition {partition}")))?;
        let slot = Box::new(Slot { batch: Arc::clone(batch), index });
        let mut record: BaseRecord<'_, (), [u8], Box<Slot>> =
            BaseRecord::with_opaque_to(topic, slot).partition(partition).payload(bytes);
        if let Some(id) = id {
            let header = Header { key: EVENT_ID, value: Some(id) };
            record = record.headers(OwnedHeaders::new_with_capacity(1).insert(header));
        }
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent))
                    if Instant::now() < until =>
                {
                    record = unsent;
                    std::thread::sleep(FULL_QUEUE_PAUSE);
                }
                // What was queued before may still be written; the sender sends all of it again.
                Err((error, _)) => return Err(LogError::Unavailable(format!("sending to Kafka: {error}"))),
            }
        }
    }
    Ok(())
}

/// librdkafka's producer with the thread that serves its delivery reports.
pub struct Producer(Option<ThreadedProducer<Reports>>);

impl Producer {
    fn new(config: &ClientConfig) -> Result<Self, LogError> {
        let producer = config.create_with_context(Reports);
        producer
            .map(|producer| Producer(Some(producer)))
            .map_err(|error| LogError::Broken(format!("making a Kafka producer: {error}")))
    }

    pub fn client(&self) -> &Client<Reports> {
        self.inner().client()
    }

    fn inner(&self) -> &ThreadedProducer<Reports> {
        // Emptied in `drop` only.
        self.0.as_ref().unwrap_or_else(|| unreachable!("a producer is used while it is dropped"))
    }

    #[allow(clippy::result_large_err, clippy::type_complexity, reason = "rdkafka hands the record back")]
    fn send<'a>(
        &self,
        record: BaseRecord<'a, (), [u8], Box<Slot>>,
    ) -> Result<(), (KafkaError, BaseRecord<'a, (), [u8], Box<Slot>>)> {
        self.inner().send(record)
    }
}

impl Drop for Producer {
    /// Closing waits for librdkafka's threads, so it happens on a thread that nobody else needs.
    fn drop(&mut self) {
        if let Some(producer) = self.0.take() {
            std::thread::spawn(move || drop(producer));
        }
    }
}

/// The records of one append, and what became of each.
struct Batch(Mutex<BatchState>);

struct BatchState {
    offsets: Vec<u64>,
    missing: usize,
    failure: Option<String>,
    finished: Option<oneshot::Sender<()>>,
}

impl Batch {
    fn new(count: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (finished, receiver) = oneshot::channel();
        let state =
            BatchState { offsets: vec![0; count], missing: count, failure: None, finished: Some(finished) };
        (Arc::new(Batch(Mutex::new(state))), receiver)
    }

    fn report(&self, index: usize, outcome: Result<u64, String>) {
        let mut state = lock(&self.0);
        match (outcome, state.offsets.get_mut(index)) {
            (Ok(offset), Some(place)) => *place = offset,
            (Ok(_), None) => state.failure = Some("a report for a record that was not sent".to_owned()),
            (Err(failure), _) => state.failure = Some(failure),
        }
        state.missing = state.missing.saturating_sub(1);
        if state.missing == 0
            && let Some(finished) = state.finished.take()
        {
            // Nobody waits when the caller has gone; then nobody is told.
            let _ = finished.send(());
        }
    }

    fn offsets(&self) -> Result<Vec<u64>, LogError> {
        let mut state = lock(&self.0);
        match state.failure.take() {
            Some(failure) => Err(LogError::Unavailable(failure)),
            None => Ok(std::mem::take(&mut state.offsets)),
        }
    }
}

/// Which record of which append a delivery report is for.
pub struct Slot {
    batch: Arc<Batch>,
    index: usize,
}

/// Takes the delivery reports.
pub struct Reports;

impl rdkafka::ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the Kafka producer has trouble");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Slot>;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Box<Slot>) {
        let outcome = match result {
            // A broker that has forgotten a re-sent batch acknowledges it without an offset.
            Ok(message) => u64::try_from(message.offset())
                .map_err(|_| "Kafka acknowledged a record without its offset".to_owned()),
            Err((error, _)) => Err(format!("Kafka did not take a record: {error}")),
        };
        slot.batch.report(slot.index, outcome);
    }
}

/// The lock, also after a panic elsewhere: every change under it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
