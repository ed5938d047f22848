//! What was refused, with its raw bytes and a way back.

use super::{Page, PageRequest};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, Utc};
use primitives::TapId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Which refusals are wanted; every given filter must let one through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Only those in this state: `open`, `retried` or `dismissed`.
    pub state: Option<String>,
    /// Only those with this code.
    pub code: Option<String>,
}

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its id.
    pub id: Uuid,
    /// `gateway` (it never reached the log) or `log`.
    pub source: String,
    /// Where its record stands in the log: stream, partition, offset.
    pub position: Option<(i32, u32, u64)>,
    /// The tap it says it is, if that could be read.
    pub tap: Option<TapId>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// The stable code.
    pub code: String,
    /// What exactly was wrong.
    pub detail: String,
    /// `open`, `retried` or `dismissed`.
    pub state: String,
    /// Who resolved it.
    pub resolved_by: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
}

/// A refusal with the bytes that were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The refusal.
    pub row: QuarantineRow,
    /// The bytes as they came.
    pub raw: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    quarantine_id: Uuid,
    source: String,
    stream_id: Option<i32>,
    part: Option<i32>,
    off: Option<i64>,
    device_id: Option<i64>,
    journal_id: Option<i64>,
    seq: Option<i64>,
    received_at: DateTime<Utc>,
    code: String,
    detail: String,
    state: String,
    resolved_by: Option<String>,
    resolved_at: Option<DateTime<Utc>>,
}

fn row(row: Row) -> Result<QuarantineRow, StoreError> {
    let position = match (row.stream_id, row.part, row.off) {
        (Some(stream), Some(part), Some(off)) => Some((stream, rows::unsigned(part)?, rows::count(off)?)),
        _ => None,
    };
    let tap = match (row.device_id, row.journal_id, row.seq) {
        (Some(device), Some(journal), Some(sequence)) => Some(rows::tap_id(device, journal, sequence)?),
        _ => None,
    };
    Ok(QuarantineRow {
        id: row.quarantine_id,
        source: row.source,
        position,
        tap,
        received_at: row.received_at,
        code: row.code,
        detail: row.detail,
        state: row.state,
        resolved_by: row.resolved_by,
        resolved_at: row.resolved_at,
    })
}

/// Refusals, newest first.
pub async fn quarantine(
    conn: &mut PgConnection,
    filter: &QuarantineFilter,
    request: PageRequest,
) -> Result<Page<QuarantineRow>, StoreError> {
    let (total,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM ingest.quarantine
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR code = $2)",
    )
    .bind(filter.state.as_deref())
    .bind(filter.code.as_deref())
    .fetch_one(&mut *conn)
    .await
    .doing("counting the quarantine")?;
    let found: Vec<Row> = sqlx::query_as(
        "SELECT quarantine_id, source, stream_id, part, off, device_id, journal_id, seq, received_at, code, detail,
                state, resolved_by, resolved_at
         FROM ingest.quarantine
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR code = $2)
         ORDER BY received_at DESC, quarantine_id LIMIT $3 OFFSET $4",
    )
    .bind(filter.state.as_deref())
    .bind(filter.code.as_deref())
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing the quarantine")?;
    Page::new(request, found.into_iter().map(row).collect::<Result<_, _>>()?, total, ())
}

/// How many refusals of each code are in a state, by code.
pub async fn quarantine_codes(
    conn: &mut PgConnection,
    state: &str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let found: Vec<(String, i64)> = sqlx::query_as(
        "SELECT code, count(*) FROM ingest.quarantine WHERE state = $1 GROUP BY code ORDER BY code",
    )
    .bind(state)
    .fetch_all(conn)
    .await
    .doing("counting the quarantine by code")?;
    found.into_iter().map(|(code, count)| Ok((code, rows::count(count)?))).collect()
}

/// One refusal with its bytes.
pub async fn quarantined(conn: &mut PgConnection, id: Uuid) -> Result<Option<Quarantined>, StoreError> {
    let found: Option<Row> = sqlx::query_as(
        "SELECT quarantine_id, source, stream_id, part, off, device_id, journal_id, seq, received_at, code, detail,
                state, resolved_by, resolved_at
         FROM ingest.quarantine WHERE quarantine_id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *conn)
    .await
    .doing("reading a refusal")?;
    let Some(found) = found else { return Ok(None) };
    let (raw,): (Vec<u8>,) = sqlx::query_as("SELECT raw FROM ingest.quarantine WHERE quarantine_id = $1")
        .bind(id)
        .fetch_one(conn)
        .await
        .doing("reading the bytes of a refusal")?;
    Ok(Some(Quarantined { row: row(found)?, raw }))
}
