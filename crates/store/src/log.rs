//! The embedded event log: partitions of records in PostgreSQL, for small installs, the demo and tests.
//!
//! An append locks the head rows of its partitions, in sorted order, takes a contiguous run of offsets in each, inserts
//! the records and commits. The lock is held until the commit, so offsets are gap-free and in commit order, and a rollback
//! leaves no hole: whoever sees an offset sees all before it. Readers poll; there is no LISTEN/NOTIFY, which a
//! distributed PostgreSQL may not have. The log lives in the database of the ledger itself, so here *received* is as
//! durable as *posted*.

use crate::error::{Doing as _, StoreError};
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use wire::limits::RECORD_BYTES_MAX;
use wire::{Event, EventLog, LogEntry, LogError, LogIdentity, LogReader};

/// Most partitions of a topic. An append may lock them all at once.
pub const PARTITIONS_MAX: u32 = 1_024;

/// How often a waiting reader looks for new records.
pub const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Most records, and most bytes, of one INSERT: far below the server's limits of a message and of a statement's time.
const INSERT_RECORDS_MAX: usize = 20_000;
const INSERT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most offsets one DELETE of [`EmbeddedLog::trim`] covers.
const TRIM_SLICE: i64 = 20_000;

/// How many published messages a partition keeps at least, and after how many it looks what is older.
pub const PUBLISHED_KEPT: u64 = 100_000;
const TRIM_EVERY: u64 = 1_000;

/// What stands for the cluster: the log is in the same database as the positions that refer to it.
const CLUSTER_ID: &str = "this-database";

/// One topic of the embedded log.
#[derive(Debug, Clone)]
pub struct EmbeddedLog {
    pool: PgPool,
    topic: String,
    topic_id: String,
    partitions: u32,
}

impl EmbeddedLog {
    /// Makes the topic, unless it is there already, and opens it. Another number of partitions than it has is refused:
    /// a partition count never changes in place.
    pub async fn create(pool: &PgPool, topic: &str, partitions: u32) -> Result<Self, LogError> {
        if partitions == 0 || partitions > PARTITIONS_MAX {
            return Err(LogError::Broken(format!(
                "a topic has 1 to {PARTITIONS_MAX} partitions, not {partitions}"
            )));
        }
        // Two programs may do this at once: the second waits at partition 0 for the first, and then adds nothing.
        sqlx::query(
            "WITH made AS ( \
               INSERT INTO ingest.log_head (topic, part, topic_id) VALUES ($1, 0, $3) \
               ON CONFLICT DO NOTHING RETURNING topic, topic_id) \
             INSERT INTO ingest.log_head (topic, part, topic_id) \
             SELECT made.topic, part, made.topic_id FROM made, generate_series(1, $2 - 1) AS part",
        )
        .bind(topic)
        .bind(part(partitions)?)
        .bind(uuid::Uuid::now_v7().to_string())
        .execute(pool)
        .await
        .doing("making a topic of the embedded log")?;
        let log = Self::open(pool, topic).await?;
        if log.partitions != partitions {
            let message = format!("topic {topic} has {} partitions, not {partitions}", log.partitions);
            return Err(LogError::Broken(message));
        }
        Ok(log)
    }

    /// Opens a topic that exists.
    pub async fn open(pool: &PgPool, topic: &str) -> Result<Self, LogError> {
        let (topic_id, partitions) = describe(pool, topic).await?;
        Ok(EmbeddedLog { pool: pool.clone(), topic: topic.to_owned(), topic_id, partitions })
    }

    /// The topic's identity.
    pub fn topic_id(&self) -> &str {
        &self.topic_id
    }

    /// Drops the records below the given offset of each partition. The caller keeps it below every position that may
    /// still be read. Can be stopped at any point and asked again.
    pub async fn trim(&self, below: &[(u32, u64)]) -> Result<(), LogError> {
        for &(partition, offset) in below {
            let (low, high) = self.bounds(partition).await?;
            if offset > high {
                return Err(LogError::OffsetOutOfRange { partition, offset, low, high });
            }
            // The border moves first: from then on nobody reads below it, and what is left there is only rubbish.
            sqlx::query(
                "UPDATE ingest.log_head SET low_offset = $4 \
                 WHERE topic = $1 AND topic_id = $2 AND part = $3 AND low_offset < $4",
            )
            .bind(&self.topic)
            .bind(&self.topic_id)
            .bind(part(partition)?)
            .bind(off(offset)?)
            .execute(&self.pool)
            .await
            .doing("moving the low end of the embedded log")?;
            self.drop_below(part(partition)?, off(offset.max(low))?).await?;
        }
        Ok(())
    }

    /// Deletes in slices, so that no statement meets the server's time limit however long the log was kept.
    async fn drop_below(&self, part: i32, border: i64) -> Result<(), StoreError> {
        loop {
            let first: Option<i64> =
                sqlx::query_scalar("SELECT min(off) FROM ingest.log_record WHERE topic = $1 AND part = $2")
                    .bind(&self.topic)
                    .bind(part)
                    .fetch_one(&self.pool)
                    .await
                    .doing("looking for the oldest record of the embedded log")?;
            let Some(first) = first.filter(|first| *first < border) else {
                return Ok(());
            };
            sqlx::query("DELETE FROM ingest.log_record WHERE topic = $1 AND part = $2 AND off < $3")
                .bind(&self.topic)
                .bind(part)
                .bind(border.min(first.saturating_add(TRIM_SLICE)))
                .execute(&self.pool)
                .await
                .doing("dropping old records of the embedded log")?;
        }
    }

    /// The heads of these partitions, by partition.
    async fn heads(&self, parts: &[i32]) -> Result<BTreeMap<u32, Head>, LogError> {
        let rows: Vec<HeadRow> = sqlx::query_as(
            "SELECT part, low_offset, next_offset, topic_id FROM ingest.log_head \
             WHERE topic = $1 AND part = ANY($2)",
        )
        .bind(&self.topic)
        .bind(parts)
        .fetch_all(&self.pool)
        .await
        .doing("asking how far the embedded log reaches")?;
        self.checked(rows, parts)
    }

    /// The same, locked in the order of partitions until the transaction ends. A lock that had to be waited for
    /// returns the row as the one before left it.
    async fn lock_heads(&self, c: &mut PgConnection, parts: &[i32]) -> Result<BTreeMap<u32, Head>, LogError> {
        let rows: Vec<HeadRow> = sqlx::query_as(
            "SELECT part, low_offset, next_offset, topic_id FROM ingest.log_head \
             WHERE topic = $1 AND part = ANY($2) ORDER BY part FOR UPDATE",
        )
        .bind(&self.topic)
        .bind(parts)
        .fetch_all(c)
        .await
        .doing("locking the heads of the embedded log")?;
        self.checked(rows, parts)
    }

    fn checked(&self, rows: Vec<HeadRow>, parts: &[i32]) -> Result<BTreeMap<u32, Head>, LogError> {
        let mut heads = BTreeMap::new();
        for (part, low, next, topic_id) in rows {
            if topic_id != self.topic_id {
                return Err(replaced(&self.topic, &self.topic_id, &topic_id));
            }
            heads.insert(part_back(part)?, Head { low: off_back(low)?, next: off_back(next)? });
        }
        match parts.iter().find(|part| u32::try_from(**part).is_ok_and(|part| !heads.contains_key(&part))) {
            Some(part) => Err(LogError::Broken(format!("topic {} has no partition {part}", self.topic))),
            None => Ok(heads),
        }
    }

    async fn append_now(&self, records: &[(u32, Vec<u8>)]) -> Result<Vec<u64>, LogError> {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for (partition, _) in records {
            *counts.entry(*partition).or_default() += 1;
        }
        let parts = counts.keys().map(|partition| part(*partition)).collect::<Result<Vec<i32>, _>>()?;

        let mut transaction = self.pool.begin().await.doing("beginning an append to the embedded log")?;
        let mut heads = self.lock_heads(&mut transaction, &parts).await?;
        let mut offsets = Vec::with_capacity(records.len());
        for (partition, _) in records {
            let head = heads.get_mut(partition).ok_or_else(|| no_partition(&self.topic, *partition))?;
            offsets.push(head.next);
            head.next += 1;
        }
        self.advance_heads(&mut transaction, &heads).await?;
        self.insert(&mut transaction, records, &offsets).await?;
        transaction.commit().await.doing("committing an append to the embedded log")?;
        Ok(offsets)
    }

    async fn advance_heads(&self, c: &mut PgConnection, heads: &BTreeMap<u32, Head>) -> Result<(), LogError> {
        let parts = heads.keys().map(|partition| part(*partition)).collect::<Result<Vec<i32>, _>>()?;
        let nexts = heads.values().map(|head| off(head.next)).collect::<Result<Vec<i64>, _>>()?;
        sqlx::query(
            "UPDATE ingest.log_head AS head SET next_offset = moved.next_offset \
             FROM unnest($2::int[], $3::bigint[]) AS moved (part, next_offset) \
             WHERE head.topic = $1 AND head.part = moved.part",
        )
        .bind(&self.topic)
        .bind(parts)
        .bind(nexts)
        .execute(c)
        .await
        .doing("advancing the heads of the embedded log")?;
        Ok(())
    }

    async fn insert(
        &self,
        c: &mut PgConnection,
        records: &[(u32, Vec<u8>)],
        offsets: &[u64],
    ) -> Result<(), LogError> {
        // In the order of the key, so that the index grows at its ends.
        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_by_key(|index| records[*index].0);
        let mut rows = Rows::default();
        for index in order {
            let (partition, bytes) = &records[index];
            if rows.is_full(bytes.len()) {
                std::mem::take(&mut rows).insert(c, &self.topic).await?;
            }
            rows.push(part(*partition)?, off(offsets[index])?, bytes);
        }
        rows.insert(c, &self.topic).await?;
        Ok(())
    }
}

/// Where a partition begins and where its next record goes.
#[derive(Debug, Clone, Copy)]
struct Head {
    low: u64,
    next: u64,
}

/// part, low_offset, next_offset, topic_id
type HeadRow = (i32, i64, i64, String);

/// The records of one INSERT, by column.
#[derive(Default)]
struct Rows<'a> {
    parts: Vec<i32>,
    offsets: Vec<i64>,
    bytes: Vec<&'a [u8]>,
    byte_count: usize,
}

impl<'a> Rows<'a> {
    fn is_full(&self, more: usize) -> bool {
        self.parts.len() >= INSERT_RECORDS_MAX || self.byte_count.saturating_add(more) > INSERT_BYTES_MAX
    }

    fn push(&mut self, part: i32, offset: i64, bytes: &'a [u8]) {
        self.parts.push(part);
        self.offsets.push(offset);
        self.bytes.push(bytes);
        self.byte_count += bytes.len();
    }

    async fn insert(self, c: &mut PgConnection, topic: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO ingest.log_record (topic, part, off, bytes) \
             SELECT $1, part, off, bytes FROM unnest($2::int[], $3::bigint[], $4::bytea[]) AS new (part, off, bytes)",
        )
        .bind(topic)
        .bind(self.parts)
        .bind(self.offsets)
        .bind(self.bytes)
        .execute(c)
        .await
        .doing("inserting records into the embedded log")?;
        Ok(())
    }
}

impl EventLog for EmbeddedLog {
    type Reader = EmbeddedReader;

    async fn identity(&self) -> Result<LogIdentity, LogError> {
        let (topic_id, partitions) = describe(&self.pool, &self.topic).await?;
        Ok(LogIdentity {
            transport: "embedded",
            cluster_id: CLUSTER_ID.to_owned(),
            topic: self.topic.clone(),
            topic_id,
            partitions,
        })
    }

    async fn append(&self, records: Vec<(u32, Vec<u8>)>) -> Result<Vec<u64>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        for (partition, bytes) in &records {
            if *partition >= self.partitions {
                return Err(no_partition(&self.topic, *partition));
            }
            if bytes.len() > RECORD_BYTES_MAX {
                let message =
                    format!("a record of {} bytes is over the limit of {RECORD_BYTES_MAX}", bytes.len());
                return Err(LogError::Broken(message));
            }
        }
        // A unit of work is never cancelled half-way: the caller may go away, the task goes on to its commit.
        let log = self.clone();
        let work = tokio::spawn(async move { log.append_now(&records).await });
        work.await
            .map_err(|error| LogError::Unavailable(format!("appending to the embedded log: {error}")))?
    }

    /// What the house tells on an embedded topic is kept for a while, not for ever: nobody says when all have read it.
    async fn publish(&self, events: Vec<Event>) -> Result<(), LogError> {
        let partitions: Vec<u32> = events.iter().map(|event| event.partition).collect();
        let records = events.into_iter().map(|event| (event.partition, event.bytes)).collect();
        let offsets = self.append(records).await?;
        let border = |(partition, offset): (u32, u64)| {
            offset.is_multiple_of(TRIM_EVERY).then(|| (partition, offset.saturating_sub(PUBLISHED_KEPT)))
        };
        let below: Vec<(u32, u64)> = partitions.into_iter().zip(offsets).filter_map(border).collect();
        self.trim(&below).await
    }

    async fn bounds(&self, partition: u32) -> Result<(u64, u64), LogError> {
        let heads = self.heads(&[part(partition)?]).await?;
        let head = heads.get(&partition).ok_or_else(|| no_partition(&self.topic, partition))?;
        Ok((head.low, head.next))
    }

    async fn reader(&self, starts: Vec<(u32, u64)>) -> Result<EmbeddedReader, LogError> {
        let reader = EmbeddedReader { log: self.clone(), positions: starts, turn: 0 };
        reader.available().await?;
        Ok(reader)
    }
}

/// A reader of the embedded log: a position in each of its partitions.
#[derive(Debug)]
pub struct EmbeddedReader {
    log: EmbeddedLog,
    positions: Vec<(u32, u64)>,
    turn: usize,
}

impl EmbeddedReader {
    /// How many records stand ready behind each position; an error when a position lies outside the log.
    async fn available(&self) -> Result<Vec<u64>, LogError> {
        let parts =
            self.positions.iter().map(|(partition, _)| part(*partition)).collect::<Result<Vec<i32>, _>>()?;
        let heads = self.log.heads(&parts).await?;
        let ready = |&(partition, offset): &(u32, u64)| {
            let head = heads.get(&partition).ok_or_else(|| no_partition(&self.log.topic, partition))?;
            if offset < head.low || offset > head.next {
                return Err(LogError::OffsetOutOfRange { partition, offset, low: head.low, high: head.next });
            }
            Ok(head.next - offset)
        };
        self.positions.iter().map(ready).collect()
    }

    async fn read(&self, partition: u32, offset: u64, count: u64) -> Result<Vec<LogEntry>, LogError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT off, bytes FROM ingest.log_record \
             WHERE topic = $1 AND part = $2 AND off >= $3 AND off < $4 ORDER BY off",
        )
        .bind(&self.log.topic)
        .bind(part(partition)?)
        .bind(off(offset)?)
        .bind(off(offset.saturating_add(count))?)
        .fetch_all(&self.log.pool)
        .await
        .doing("reading the embedded log")?;
        rows.into_iter()
            .map(|(off, bytes)| Ok(LogEntry { partition, offset: off_back(off)?, bytes }))
            .collect::<Result<Vec<LogEntry>, LogError>>()
    }

    /// Everything that is there now, up to `max`. The positions move only when nothing can fail any more, so a dropped
    /// future or an error loses no record.
    async fn take(&mut self, max: usize) -> Result<Vec<LogEntry>, LogError> {
        let counts = shares(&self.available().await?, max, self.turn);
        let mut entries = Vec::new();
        let mut moved = self.positions.clone();
        for (position, count) in moved.iter_mut().zip(counts) {
            if count == 0 {
                continue;
            }
            let read = self.read(position.0, position.1, count).await?;
            if read.first().is_none_or(|first| first.offset != position.1) {
                // What stood there a moment ago was trimmed away, or taken out by somebody who should not have.
                self.available().await?;
            }
            if let Some(last) = read.last() {
                position.1 = last.offset.saturating_add(1);
            }
            entries.extend(read);
        }
        self.positions = moved;
        self.turn = self.turn.wrapping_add(1);
        Ok(entries)
    }
}

impl LogReader for EmbeddedReader {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<LogEntry>, LogError> {
        let until = Instant::now() + wait;
        loop {
            let entries = self.take(max).await?;
            let left = until.saturating_duration_since(Instant::now());
            if !entries.is_empty() || left.is_zero() {
                return Ok(entries);
            }
            tokio::time::sleep(left.min(POLL_INTERVAL)).await;
        }
    }
}

/// Divides `max` over partitions with so many records ready: equally, what one does not need goes to the others, and
/// the odd ones go round with `turn`, so that a full partition never starves the rest.
fn shares(ready: &[u64], max: usize, turn: usize) -> Vec<u64> {
    let mut given = vec![0; ready.len()];
    let mut left = max as u64;
    loop {
        let hungry = ready.iter().zip(&given).filter(|(ready, given)| ready > given).count() as u64;
        if left == 0 || hungry == 0 {
            return given;
        }
        let portion = (left / hungry).max(1);
        for step in 0..ready.len() {
            let index = turn.wrapping_add(step) % ready.len();
            let more = portion.min(ready[index] - given[index]).min(left);
            given[index] += more;
            left -= more;
        }
    }
}

/// The topic's identity and its number of partitions.
async fn describe(pool: &PgPool, topic: &str) -> Result<(String, u32), LogError> {
    let (count, first, last): (i64, Option<String>, Option<String>) =
        sqlx::query_as("SELECT count(*), min(topic_id), max(topic_id) FROM ingest.log_head WHERE topic = $1")
            .bind(topic)
            .fetch_one(pool)
            .await
            .doing("asking which topic the embedded log holds")?;
    match (first, last) {
        (Some(first), Some(last)) if first == last => Ok((first, part_back(count)?)),
        (Some(first), Some(last)) => Err(replaced(topic, &first, &last)),
        _ => Err(LogError::Broken(format!("the embedded log has no topic {topic}"))),
    }
}

fn no_partition(topic: &str, partition: u32) -> LogError {
    LogError::Broken(format!("topic {topic} has no partition {partition}"))
}

fn replaced(topic: &str, was: &str, is: &str) -> LogError {
    LogError::Replaced(format!("topic {topic} was {was} and is {is}"))
}

/// A partition as PostgreSQL holds it.
fn part(partition: u32) -> Result<i32, LogError> {
    i32::try_from(partition).map_err(|_| LogError::Broken(format!("{partition} is not a partition")))
}

/// An offset as PostgreSQL holds it.
fn off(offset: u64) -> Result<i64, LogError> {
    i64::try_from(offset).map_err(|_| LogError::Broken(format!("{offset} is not an offset")))
}

/// A partition, or a number of partitions, read back.
fn part_back(value: impl TryInto<u32>) -> Result<u32, LogError> {
    value.try_into().map_err(|_| LogError::Broken("a head holds a partition out of range".to_owned()))
}

/// An offset read back.
fn off_back(value: i64) -> Result<u64, LogError> {
    u64::try_from(value).map_err(|_| LogError::Broken(format!("the log holds the offset {value}")))
}

impl From<StoreError> for LogError {
    /// A fault is the log being away, unless the schema itself is wrong: that, waiting does not heal.
    fn from(error: StoreError) -> Self {
        if error.is_retryable() || error.is_unknown() || error.is_full() {
            LogError::Unavailable(error.to_string())
        } else {
            LogError::Broken(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
