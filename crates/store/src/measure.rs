//! What benches read of the database: how much log it wrote, and when which records were committed.

use crate::error::{Doing as _, StoreError};
use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

/// Bytes of write-ahead log since the server was made.
pub async fn wal_bytes(connection: &mut PgConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        .fetch_one(connection)
        .await
        .doing("reading the write-ahead log's position")
}

/// A committed batch of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Commit {
    /// The partition.
    pub part: i32,
    /// Its first record.
    pub from_off: i64,
    /// One past its last.
    pub to_off: i64,
    /// How many of its records took effect.
    pub posted: i32,
    /// When it was written, by the database's clock.
    pub at: DateTime<Utc>,
}

/// All committed batches of a stream, by partition and offset.
pub async fn commits(connection: &mut PgConnection, stream_id: i32) -> Result<Vec<Commit>, StoreError> {
    sqlx::query_as(
        "SELECT part, from_off, to_off, n_posted AS posted, at FROM ingest.commit_log WHERE stream_id = $1 ORDER BY part, from_off",
    )
    .bind(stream_id)
    .fetch_all(connection)
    .await
    .doing("reading the commit log")
}

/// Rows that every tap adds to: taps, charges and postings. Counting millions of them may take its time.
pub async fn rows(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let doing = "counting rows";
    let mut unit = connection.begin().await.doing(doing)?;
    sqlx::raw_sql("SET LOCAL statement_timeout = 0").execute(&mut *unit).await.doing(doing)?;
    sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM clearing.tap) + (SELECT count(*) FROM clearing.charge)
              + (SELECT count(*) FROM ledger.posting)",
    )
    .fetch_one(&mut *unit)
    .await
    .doing(doing)
}

/// A table and the bytes it takes on disk with its indexes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Size {
    /// Its name with its schema.
    pub name: String,
    /// Bytes of rows and indexes.
    pub bytes: i64,
}

/// The tables that grow with taps and accounts, largest first.
pub async fn sizes(connection: &mut PgConnection) -> Result<Vec<Size>, StoreError> {
    sqlx::query_as(
        "SELECT relid::regclass::text AS name, pg_total_relation_size(relid) AS bytes
         FROM pg_stat_user_tables WHERE pg_total_relation_size(relid) > 1000000 ORDER BY bytes DESC",
    )
    .fetch_all(connection)
    .await
    .doing("measuring tables")
}
