//! A Kafka topic as the house's event log.

use crate::append::{Producer, Sender};
use crate::describe::describe;
use crate::reader::KafkaReader;
use crate::settings::REQUEST_MS_MAX;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::Arc;
use std::time::Duration;
use wire::limits::RECORD_BYTES_MAX;
use wire::{Event, EventLog, LogError, LogIdentity};

/// A topic of a Kafka cluster. Cheap to clone; clones share one producer.
#[derive(Clone)]
pub struct KafkaLog {
    brokers: String,
    identity: LogIdentity,
    sender: Arc<Sender>,
}

impl KafkaLog {
    /// Opens a topic that exists. `brokers` is `host:port`, or several with commas.
    pub async fn open(brokers: &str, topic: &str) -> Result<Self, LogError> {
        let sender = Arc::new(Sender::new(brokers)?);
        let identity = ask(sender.producer()?, topic.to_owned(), identify).await?;
        Ok(KafkaLog { brokers: brokers.to_owned(), identity, sender })
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: fn(&Producer, &str) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        ask(self.sender.producer()?, self.identity.topic.clone(), question).await
    }

    /// What would be refused is refused before anything is sent.
    fn check(&self, partition: u32, bytes: &[u8]) -> Result<(), LogError> {
        self.check_partition(partition)?;
        if bytes.len() > RECORD_BYTES_MAX {
            let message =
                format!("a record of {} bytes is over the limit of {RECORD_BYTES_MAX}", bytes.len());
            return Err(LogError::Broken(message));
        }
        Ok(())
    }

    fn check_partition(&self, partition: u32) -> Result<(), LogError> {
        if partition < self.identity.partitions {
            return Ok(());
        }
        Err(LogError::Broken(format!("topic {} has no partition {partition}", self.identity.topic)))
    }
}

/// Asks a broker on a thread where waiting is allowed.
async fn ask<T: Send + 'static>(
    producer: Arc<Producer>,
    topic: String,
    question: impl FnOnce(&Producer, &str) -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let work = tokio::task::spawn_blocking(move || question(&producer, &topic));
    work.await.map_err(|error| LogError::Unavailable(format!("asking Kafka: {error}")))?
}

fn identify(producer: &Producer, topic: &str) -> Result<LogIdentity, LogError> {
    let limit = Duration::from_millis(REQUEST_MS_MAX);
    let cluster_id = producer.client().fetch_cluster_id(limit);
    let cluster_id = cluster_id.ok_or_else(|| LogError::Unavailable("no Kafka broker answers".to_owned()))?;
    // A topic that is not there now may be there when the brokers have found each other again.
    let description = describe(producer.client(), topic)?
        .ok_or_else(|| LogError::Unavailable(format!("Kafka knows no topic {topic}")))?;
    Ok(LogIdentity {
        transport: "kafka",
        cluster_id,
        topic: topic.to_owned(),
        topic_id: description.topic_id,
        partitions: description.partitions,
    })
}

fn watermarks(producer: &Producer, topic: &str, partition: u32) -> Result<(u64, u64), LogError> {
    let number = i32::try_from(partition).map_err(|_| LogError::Broken(format!("partition {partition}")))?;
    let limit = Duration::from_millis(REQUEST_MS_MAX);
    let (low, high) = producer
        .client()
        .fetch_watermarks(topic, number, limit)
        .map_err(|error| unavailable("bounds", &error))?;
    match (u64::try_from(low), u64::try_from(high)) {
        (Ok(low), Ok(high)) => Ok((low, high)),
        _ => {
            Err(LogError::Unavailable(format!("Kafka does not know the bounds of partition {partition} yet")))
        }
    }
}

/// The fault of a question to Kafka.
pub(crate) fn unavailable(doing: &str, error: &KafkaError) -> LogError {
    let message = format!("{doing}: {error}");
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::UnsupportedFeature) => {
            LogError::Broken(message)
        }
        _ => LogError::Unavailable(message),
    }
}

impl EventLog for KafkaLog {
    type Reader = KafkaReader;

    async fn identity(&self) -> Result<LogIdentity, LogError> {
        self.ask(identify).await
    }

    async fn append(&self, records: Vec<(u32, Vec<u8>)>) -> Result<Vec<u64>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        for (partition, bytes) in &records {
            self.check(*partition, bytes)?;
        }
        self.sender.append(&self.identity.topic, records).await
    }

    async fn publish(&self, events: Vec<Event>) -> Result<(), LogError> {
        if events.is_empty() {
            return Ok(());
        }
        for event in &events {
            self.check(event.partition, &event.bytes)?;
        }
        self.sender.publish(&self.identity.topic, events).await
    }

    async fn bounds(&self, partition: u32) -> Result<(u64, u64), LogError> {
        self.check_partition(partition)?;
        let topic = self.identity.topic.clone();
        ask(self.sender.producer()?, topic, move |producer, topic| watermarks(producer, topic, partition))
            .await
    }

    async fn reader(&self, starts: Vec<(u32, u64)>) -> Result<KafkaReader, LogError> {
        let now = self.identity().await?;
        if now.topic_id != self.identity.topic_id {
            let (topic, was, is) = (&now.topic, &self.identity.topic_id, &now.topic_id);
            return Err(LogError::Replaced(format!("topic {topic} was {was} and is {is}")));
        }
        for &(partition, offset) in &starts {
            let (low, high) = self.bounds(partition).await?;
            if offset < low || offset > high {
                return Err(LogError::OffsetOutOfRange { partition, offset, low, high });
            }
        }
        KafkaReader::open(&self.brokers, &self.identity, starts)
    }
}
