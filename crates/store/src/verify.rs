//! Reading the tables of record back, to compare them with what the log and the postings say they must be.
//!
//! The caller holds one read-only snapshot ([`snapshot`]): everything read here is of one moment, however long it takes.
//! Rows are read through cursors, page by page, so memory does not grow with the tables.

mod bank;
mod books;
mod chain;
mod outbox;
mod state;
mod table;

pub use bank::{AtBank, at_bank};
pub use books::{ClosedDay, Sums, balances, day_positions, days_asked, purses, reversals, strays, sums};
pub use chain::{Chained, Head, chain, heads};
pub use outbox::{Outbox, denials};
pub use state::{explained, items, states};
pub use table::Tables;

use crate::error::{Doing as _, StoreError};
use crate::lease::Held;
use crate::posting::OFFICE;
use crate::rows;
use chrono::NaiveDate;
use primitives::{CommandId, Digest, PostingDate, TapId};
use sqlx::{Connection as _, PgConnection, PgTransaction};
use std::collections::BTreeMap;

/// One thing that does not stand as it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table of record.
    pub table: &'static str,
    /// The stream and partition concerned, if one is.
    pub partition: Option<(i32, i32)>,
    /// The log offset concerned, if one is.
    pub offset: Option<i64>,
    /// The rest of the row's key, in words; empty when there is none.
    pub row: String,
    /// The column; none when the whole row is missing or one too many.
    pub column: Option<&'static str>,
    /// What stands there.
    pub stored: String,
    /// What must stand there.
    pub expected: String,
}

impl Difference {
    /// A difference that no row in particular shows.
    pub fn of(table: &'static str, stored: impl Into<String>, expected: impl Into<String>) -> Self {
        Difference {
            table,
            partition: None,
            offset: None,
            row: String::new(),
            column: None,
            stored: stored.into(),
            expected: expected.into(),
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.table)?;
        if let Some((stream_id, part)) = self.partition {
            write!(f, " of partition {stream_id}/{part}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, ", offset {offset}")?;
        }
        if !self.row.is_empty() {
            write!(f, ", {}", self.row)?;
        }
        match self.column {
            Some(column) => write!(f, ": {column} is {}, must be {}", self.stored, self.expected),
            None => write!(f, ": {} where {} must be", self.stored, self.expected),
        }
    }
}

/// Where a partition stands, and what its log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The stream.
    pub stream_id: i32,
    /// The partition.
    pub part: i32,
    /// The identity of the stream's topic.
    pub topic_id: String,
    /// The day its books opened with; none for the office.
    pub first_day: Option<PostingDate>,
    /// The first record that is not yet in the ledger.
    pub next_offset: i64,
    /// The open accounting day.
    pub posting_date: PostingDate,
    /// Head of the chain.
    pub chain_head: Digest,
}

impl Standing {
    /// True for the back office, which has no log.
    pub const fn is_office(&self) -> bool {
        self.stream_id == OFFICE.0
    }
}

/// Begins a read-only transaction of one moment, without limits of time.
pub async fn snapshot(conn: &mut PgConnection) -> Result<PgTransaction<'_>, StoreError> {
    conn.begin_with(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
         SET LOCAL idle_in_transaction_session_timeout = 0",
    )
    .await
    .doing("taking a snapshot to verify")
}

/// Where every partition of every stream stands, the office first.
pub async fn standings(conn: &mut PgConnection) -> Result<Vec<Standing>, StoreError> {
    type Row = (i32, i32, String, Option<NaiveDate>, i64, NaiveDate, Vec<u8>);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT stream_id, part, topic_id, first_day, next_offset, posting_date, chain_head
         FROM ingest.partition_lease JOIN ingest.stream USING (stream_id) ORDER BY stream_id, part",
    )
    .fetch_all(conn)
    .await
    .doing("reading where the partitions stand")?;
    found
        .into_iter()
        .map(|(stream_id, part, topic_id, first_day, next_offset, posting_date, head)| {
            Ok(Standing {
                stream_id,
                part,
                topic_id,
                first_day: first_day.map(PostingDate),
                next_offset,
                posting_date: PostingDate(posting_date),
                chain_head: rows::digest(head)?,
            })
        })
        .collect()
}

/// Notes which policies a worker judges with while it holds these partitions.
pub async fn put_tenures(
    conn: &mut PgConnection,
    held: &[Held],
    policies: &[Digest],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ingest.tenure (stream_id, part, epoch, policies)
         SELECT stream_id, part, epoch, $4 FROM unnest($1::int[], $2::int[], $3::bigint[]) AS held (stream_id, part, epoch)",
    )
    .bind(held.iter().map(|held| held.stream_id).collect::<Vec<i32>>())
    .bind(held.iter().map(|held| held.part).collect::<Vec<i32>>())
    .bind(held.iter().map(|held| held.epoch).collect::<Vec<i64>>())
    .bind(policies.iter().map(|digest| digest.0.to_vec()).collect::<Vec<Vec<u8>>>())
    .execute(conn)
    .await
    .doing("noting the policies of a tenure")?;
    Ok(())
}

/// A committed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its first record.
    pub from: i64,
    /// One past its last.
    pub to: i64,
    /// Records posted, known before, set aside, and day markers.
    pub counts: [i32; 4],
    /// Digests of the policies it was judged with; none when nobody noted them.
    pub policies: Option<Vec<Digest>>,
}

/// The committed batches of a partition that begin at or after `from`, in order, at most `limit`.
pub async fn commits(
    conn: &mut PgConnection,
    (stream_id, part): (i32, i32),
    from: i64,
    limit: i64,
) -> Result<Vec<Commit>, StoreError> {
    type Row = (i64, i64, i32, i32, i32, i32, Option<Vec<Vec<u8>>>);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT from_off, to_off, n_posted, n_duplicate, n_quarantined, n_marker, tenure.policies
         FROM ingest.commit_log LEFT JOIN ingest.tenure AS tenure USING (stream_id, part, epoch)
         WHERE stream_id = $1 AND part = $2 AND from_off >= $3 ORDER BY from_off LIMIT $4",
    )
    .bind(stream_id)
    .bind(part)
    .bind(from)
    .bind(limit)
    .fetch_all(conn)
    .await
    .doing("reading the commit log")?;
    found
        .into_iter()
        .map(|(from, to, posted, duplicate, quarantined, marker, policies)| {
            let policies = policies.map(|all| all.into_iter().map(rows::digest).collect()).transpose()?;
            Ok(Commit { from, to, counts: [posted, duplicate, quarantined, marker], policies })
        })
        .collect()
}

/// Body digests of those commands that were answered before this offset of a partition, or in another.
pub async fn answered_before(
    conn: &mut PgConnection,
    (stream_id, part): (i32, i32),
    offset: i64,
    commands: &[CommandId],
) -> Result<BTreeMap<CommandId, Digest>, StoreError> {
    if commands.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&[u8]> = commands.iter().map(|id| id.bytes().as_slice()).collect();
    let found: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT command_id, body_digest FROM clearing.command
         WHERE command_id = ANY($1) AND NOT (stream_id = $2 AND part = $3 AND off >= $4)",
    )
    .bind(ids)
    .bind(stream_id)
    .bind(part)
    .bind(offset)
    .fetch_all(conn)
    .await
    .doing("reading commands that were answered before")?;
    found
        .into_iter()
        .map(|(id, digest)| Ok((crate::rows::command_id(id)?, crate::rows::digest(digest)?)))
        .collect()
}

/// What the books say took effect of these taps anywhere but in this partition at or after an offset.
pub async fn seen_before(
    conn: &mut PgConnection,
    (stream_id, part): (i32, i32),
    offset: i64,
    taps: &[TapId],
) -> Result<BTreeMap<TapId, Digest>, StoreError> {
    let column = |pick: fn(&TapId) -> i64| taps.iter().map(pick).collect::<Vec<i64>>();
    let found: Vec<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT tap.device_id, tap.journal_id, tap.seq, tap.body_digest
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS batch (device_id, journal_id, seq)
         JOIN clearing.tap AS tap USING (device_id, journal_id, seq)
         WHERE NOT (tap.stream_id = $4 AND tap.part = $5 AND tap.off >= $6)",
    )
    .bind(column(|tap| tap.device.as_i64()))
    .bind(column(|tap| tap.journal.as_i64()))
    .bind(column(|tap| tap.sequence.as_i64()))
    .bind(stream_id)
    .bind(part)
    .bind(offset)
    .fetch_all(conn)
    .await
    .doing("reading taps that took effect before")?;
    let mut seen = BTreeMap::new();
    for (device, journal, sequence, digest) in found {
        // A digest of another length cannot be a tap's: the row's own comparison says so.
        if let Ok(digest) = <[u8; 32]>::try_from(digest) {
            seen.insert(rows::tap_id(device, journal, sequence)?, Digest(digest));
        }
    }
    Ok(seen)
}

/// The records of a range that the database itself refused, with the detail that was kept: no rule explains these, so a
/// rebuild takes them as they are.
pub async fn poison(
    conn: &mut PgConnection,
    (stream_id, part): (i32, i32),
    (from, to): (i64, i64),
) -> Result<BTreeMap<u64, String>, StoreError> {
    let found: Vec<(i64, String)> = sqlx::query_as(
        "SELECT off, detail FROM ingest.quarantine
         WHERE stream_id = $1 AND part = $2 AND off >= $3 AND off < $4 AND by_database",
    )
    .bind(stream_id)
    .bind(part)
    .bind(from)
    .bind(to)
    .fetch_all(conn)
    .await
    .doing("reading records the database refused")?;
    Ok(found.into_iter().map(|(offset, detail)| (offset as u64, detail)).collect())
}
