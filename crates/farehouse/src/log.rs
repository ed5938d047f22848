//! The event log by name: Kafka or the embedded one, behind the one port.

use std::time::Duration;
use store::log::{EmbeddedLog, EmbeddedReader};
use stream::{KafkaLog, KafkaReader};
use wire::{Event, EventLog, LogEntry, LogError, LogIdentity, LogReader};

/// Which log to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogKind {
    /// Apache Kafka, at the address in FAREHOUSE_KAFKA.
    Kafka,
    /// The log in PostgreSQL.
    Embedded,
}

/// Either log.
pub enum AnyLog {
    /// Apache Kafka.
    Kafka(KafkaLog),
    /// The log in PostgreSQL.
    Embedded(EmbeddedLog),
}

/// A reader of either log.
pub enum AnyReader {
    /// Of Apache Kafka.
    Kafka(KafkaReader),
    /// Of the log in PostgreSQL.
    Embedded(EmbeddedReader),
}

impl EventLog for AnyLog {
    type Reader = AnyReader;

    async fn identity(&self) -> Result<LogIdentity, LogError> {
        match self {
            AnyLog::Kafka(log) => log.identity().await,
            AnyLog::Embedded(log) => log.identity().await,
        }
    }

    async fn append(&self, records: Vec<(u32, Vec<u8>)>) -> Result<Vec<u64>, LogError> {
        match self {
            AnyLog::Kafka(log) => log.append(records).await,
            AnyLog::Embedded(log) => log.append(records).await,
        }
    }

    async fn publish(&self, events: Vec<Event>) -> Result<(), LogError> {
        match self {
            AnyLog::Kafka(log) => log.publish(events).await,
            AnyLog::Embedded(log) => log.publish(events).await,
        }
    }

    async fn bounds(&self, partition: u32) -> Result<(u64, u64), LogError> {
        match self {
            AnyLog::Kafka(log) => log.bounds(partition).await,
            AnyLog::Embedded(log) => log.bounds(partition).await,
        }
    }

    async fn reader(&self, starts: Vec<(u32, u64)>) -> Result<AnyReader, LogError> {
        Ok(match self {
            AnyLog::Kafka(log) => AnyReader::Kafka(log.reader(starts).await?),
            AnyLog::Embedded(log) => AnyReader::Embedded(log.reader(starts).await?),
        })
    }
}

impl LogReader for AnyReader {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<LogEntry>, LogError> {
        match self {
            AnyReader::Kafka(reader) => reader.next(max, wait).await,
            AnyReader::Embedded(reader) => reader.next(max, wait).await,
        }
    }
}
