//! Letting go of what has outlived its time: rows by age in small batches, and charges by whole months. What leaves is
//! written down in `access.retention` in the transaction it leaves in.

use crate::error::{Doing as _, StoreError};
use crate::months::{Part, gave_up};
use crate::rows;
use chrono::{DateTime, Months, NaiveDate, Utc};
use primitives::{Digest, PostingDate};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

/// Pages of a table that one batch looks at: some ten thousand rows, in well under a second.
const BATCH_PAGES: i64 = 250;

/// Rows of a month that are digested at a time.
const DIGEST_ROWS: &str = "FETCH 5000 FROM leaving";

/// A table whose rows leave by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aging {
    /// What the gateway put into the log.
    Received,
    /// Commands that the door put into the log.
    Asked,
    /// Sessions of the finance web.
    Session,
    /// Workers that are dead.
    Worker,
}

impl Aging {
    /// All of them.
    pub const ALL: [Aging; 4] = [Aging::Received, Aging::Asked, Aging::Session, Aging::Worker];

    /// The table with its schema.
    pub const fn table(self) -> &'static str {
        self.names().0
    }

    /// The table, and the column that says how old a row is.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Aging::Received => ("ingest.received", "received_at"),
            Aging::Asked => ("ingest.asked", "asked_at"),
            Aging::Session => ("access.session", "created_at"),
            Aging::Worker => ("ingest.worker", "live_until"),
        }
    }
}

/// The database's clock: what is older than a time is asked by the clock that wrote it.
pub async fn now(conn: &mut PgConnection) -> Result<DateTime<Utc>, StoreError> {
    sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(conn).await.doing("reading the database's clock")
}

/// How many rows of a table are older than this.
pub async fn older(conn: &mut PgConnection, aging: Aging, than: DateTime<Utc>) -> Result<u64, StoreError> {
    let doing = "counting what is old";
    let mut unit = conn.begin().await.doing(doing)?;
    without_time_limit(&mut unit).await?;
    let (table, column) = aging.names();
    let count = AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {column} < $1"));
    let count: i64 = sqlx::query_scalar(count).bind(than).fetch_one(&mut *unit).await.doing(doing)?;
    unit.rollback().await.doing(doing)?;
    rows::count(count)
}

/// Deletes the rows of a table that are older than this, a stretch of pages at a time, so that no index over their age is
/// needed and no batch holds anything for long. Answers how many there were.
pub async fn forget(
    conn: &mut PgConnection,
    run: Uuid,
    aging: Aging,
    than: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let doing = "forgetting what is old";
    let (table, column) = aging.names();
    let entry = begin_entry(conn, run, table, &format!("{column} before {}", than.to_rfc3339())).await?;
    let pages: i64 = sqlx::query_scalar(
        "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint",
    )
    .bind(table)
    .fetch_one(&mut *conn)
    .await
    .doing(doing)?;
    let mut forgotten = 0;
    for from in (0..pages).step_by(BATCH_PAGES as usize) {
        let to = from + BATCH_PAGES;
        let mut unit = conn.begin().await.doing(doing)?;
        let delete = AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid AND {column} < $1"
        ));
        let gone = sqlx::query(delete).bind(than).execute(&mut *unit).await.doing(doing)?.rows_affected();
        if gone == 0 {
            unit.rollback().await.doing(doing)?;
            continue;
        }
        sqlx::query("UPDATE access.retention SET row_count = row_count + $2 WHERE retention_id = $1")
            .bind(entry)
            .bind(rows::signed(gone)?)
            .execute(&mut *unit)
            .await
            .doing(doing)?;
        unit.commit().await.doing(doing)?;
        forgotten += gone;
    }
    Ok(forgotten)
}

async fn begin_entry(
    conn: &mut PgConnection,
    run: Uuid,
    table: &str,
    what: &str,
) -> Result<Uuid, StoreError> {
    let entry = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO access.retention (retention_id, run_id, table_name, what, row_count) VALUES ($1, $2, $3, $4, 0)",
    )
    .bind(entry)
    .bind(run)
    .bind(table)
    .bind(what)
    .execute(conn)
    .await
    .doing("writing down what leaves")?;
    Ok(entry)
}

/// Notes that the embedded log ends at `below` from now on in a partition; `records` leave it.
pub async fn note_trimmed(
    conn: &mut PgConnection,
    run: Uuid,
    place: (i32, u32),
    (below, records): (u64, u64),
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO access.retention (retention_id, run_id, table_name, what, row_count)
         VALUES ($1, $2, 'ingest.log_record', $3, $4)",
    )
    .bind(Uuid::now_v7())
    .bind(run)
    .bind(format!("partition {}/{} below offset {below}", place.0, place.1))
    .bind(rows::signed(records)?)
    .execute(conn)
    .await
    .doing("writing down what leaves")?;
    Ok(())
}

/// Up to which offset each partition of a stream was committed before this time: what the log may let go of.
pub async fn committed_before(
    conn: &mut PgConnection,
    stream_id: i32,
    than: DateTime<Utc>,
) -> Result<Vec<(u32, u64)>, StoreError> {
    // A partition's batches are committed in order of their offsets, so the newest one that is old enough is found first.
    let found: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT lease.part, batch.to_off FROM ingest.partition_lease AS lease, LATERAL (
           SELECT to_off FROM ingest.commit_log AS log
           WHERE (log.stream_id, log.part) = (lease.stream_id, lease.part) AND log.at < $2
           ORDER BY from_off DESC LIMIT 1) AS batch
         WHERE lease.stream_id = $1 ORDER BY lease.part",
    )
    .bind(stream_id)
    .bind(than)
    .fetch_all(conn)
    .await
    .doing("looking how old the log is")?;
    found.into_iter().map(|(part, to)| Ok((rows::unsigned(part)?, rows::count(to)?))).collect()
}

/// The months of charges that begin before this day, oldest first.
pub async fn charge_months(conn: &mut PgConnection, before: NaiveDate) -> Result<Vec<NaiveDate>, StoreError> {
    sqlx::query_scalar(
        "SELECT first FROM (
           SELECT to_date(substring(part.relname FROM 'charge_(\\d{4}_\\d{2})$'), 'YYYY_MM') AS first
           FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
           WHERE inhparent = 'clearing.charge'::regclass) AS months
         WHERE first < $1 ORDER BY first",
    )
    .bind(before)
    .fetch_all(conn)
    .await
    .doing("listing the months of charges")
}

/// The oldest day before this one that charges in the default part were posted on.
pub async fn oldest_in_default(
    conn: &mut PgConnection,
    before: NaiveDate,
) -> Result<Option<PostingDate>, StoreError> {
    let doing = "looking for charges in the default part";
    let mut unit = conn.begin().await.doing(doing)?;
    without_time_limit(&mut unit).await?;
    let oldest: Option<NaiveDate> =
        sqlx::query_scalar("SELECT min(posting_date) FROM clearing.charge_default WHERE posting_date < $1")
            .bind(before)
            .fetch_one(&mut *unit)
            .await
            .doing(doing)?;
    unit.rollback().await.doing(doing)?;
    Ok(oldest.map(PostingDate))
}

/// Why the charges of a month must stay, if they must: a day of it can still be posted on, is not closed, or is not paid.
pub async fn charges_needed(conn: &mut PgConnection, first: NaiveDate) -> Result<Option<String>, StoreError> {
    let last = last_of(first);
    sqlx::query_scalar(
        "SELECT why FROM (
           SELECT 1 AS turn, 'partition ' || stream_id || '/' || part || ' still posts on ' || posting_date AS why
           FROM ingest.partition_lease JOIN ingest.stream USING (stream_id)
           WHERE posting_date <= $2 AND retired_at IS NULL
           UNION ALL
           SELECT 2, posting_date || ' is not closed' FROM settle.day WHERE posting_date <= $2 AND state <> 'closed'
           UNION ALL
           SELECT 3, 'the payout run of ' || posting_date || ' is ' || state FROM settle.run
           WHERE posting_date <= $2 AND state <> 'settled'
           UNION ALL
           SELECT 4, 'no settled payout run covers ' || newest.date
           FROM (SELECT max(posting_date) AS date FROM ledger.balance
                 WHERE posting_date BETWEEN $1 AND $2) AS newest
           WHERE newest.date > coalesce((SELECT max(posting_date) FROM settle.run WHERE state = 'settled'), '-infinity')
         ) AS reason ORDER BY turn, why LIMIT 1",
    )
    .bind(first)
    .bind(last)
    .fetch_optional(conn)
    .await
    .doing("asking whether a month is still needed")
}

fn last_of(first: NaiveDate) -> NaiveDate {
    let next = first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
    next.pred_opt().unwrap_or(next)
}

/// A month of charges: how many, and their digest in log order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// Its first day.
    pub first: NaiveDate,
    /// How many charges it has.
    pub charges: u64,
    /// SHA-256 over the digest so far and the next charge, as `clearing.charge::text` shows it, beginning with 32 zero
    /// bytes. Whoever kept the rows can show by it that they are these.
    pub digest: Digest,
}

/// Counts and digests a month of charges.
pub async fn digest_month(conn: &mut PgConnection, first: NaiveDate) -> Result<Leaving, StoreError> {
    let doing = "digesting a month of charges";
    let mut unit = conn.begin().await.doing(doing)?;
    without_time_limit(&mut unit).await?;
    // What a row looks like as text depends on the session; these settings are the form that is digested.
    sqlx::raw_sql("SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'")
        .execute(&mut *unit)
        .await
        .doing(doing)?;
    sqlx::query(
        "DECLARE leaving NO SCROLL CURSOR FOR SELECT charge::text FROM clearing.charge
         WHERE posting_date BETWEEN $1 AND $2
         ORDER BY stream_id, part, off, leg_device, leg_journal, leg_seq, version",
    )
    .bind(first)
    .bind(last_of(first))
    .execute(&mut *unit)
    .await
    .doing(doing)?;
    let mut leaving = Leaving { first, charges: 0, digest: Digest([0; 32]) };
    loop {
        let page: Vec<String> = sqlx::query_scalar(DIGEST_ROWS).fetch_all(&mut *unit).await.doing(doing)?;
        if page.is_empty() {
            break;
        }
        for charge in page {
            leaving.digest = Digest::of(&[leaving.digest.0.as_slice(), charge.as_bytes()].concat());
            leaving.charges += 1;
        }
    }
    unit.rollback().await.doing(doing)?;
    Ok(leaving)
}

/// Takes a month of charges out: detached, dropped and written down in one transaction, under a lock that nobody waits for
/// longer than half a second. False when the lock did not come: then nothing was done.
pub async fn drop_month(conn: &mut PgConnection, run: Uuid, leaving: &Leaving) -> Result<bool, StoreError> {
    let doing = "dropping a month of charges";
    let mut unit = conn.begin().await.doing(doing)?;
    let month = Part { schema: "clearing", table: "charge", first: leaving.first };
    match month.detach_and_drop(&mut unit).await {
        Ok(()) => {}
        Err(error) if gave_up(&error) => {
            unit.rollback().await.doing(doing)?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    sqlx::query(
        "INSERT INTO access.retention (retention_id, run_id, table_name, what, month, row_count, digest)
         VALUES ($1, $2, 'clearing.charge', 'the month', $3, $4, $5)",
    )
    .bind(Uuid::now_v7())
    .bind(run)
    .bind(leaving.first)
    .bind(rows::signed(leaving.charges)?)
    .bind(leaving.digest.0.as_slice())
    .execute(&mut *unit)
    .await
    .doing(doing)?;
    unit.commit().await.doing(doing)?;
    Ok(true)
}

async fn without_time_limit(unit: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        .execute(unit)
        .await
        .doing("preparing to read for long")?;
    Ok(())
}

/// The months of charges that left, oldest first.
pub async fn months_gone(conn: &mut PgConnection) -> Result<Vec<(Leaving, DateTime<Utc>)>, StoreError> {
    let found: Vec<(NaiveDate, i64, Vec<u8>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT month, row_count, digest, at FROM access.retention
         WHERE table_name = 'clearing.charge' AND month IS NOT NULL ORDER BY month",
    )
    .fetch_all(conn)
    .await
    .doing("reading which months left")?;
    found
        .into_iter()
        .map(|(first, charges, digest, at)| {
            Ok((Leaving { first, charges: rows::count(charges)?, digest: rows::digest(digest)? }, at))
        })
        .collect()
}

/// What left, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// When it began to leave.
    pub at: DateTime<Utc>,
    /// The run it left in.
    pub run_id: Uuid,
    /// The table.
    pub table_name: String,
    /// Which rows.
    pub what: String,
    /// The month, of what leaves by months.
    pub month: Option<NaiveDate>,
    /// How many rows.
    pub row_count: i64,
    /// Their digest, in hexadecimal digits, of what leaves by months.
    pub digest: Option<String>,
}

/// What left, newest first, at most `limit`.
pub async fn entries(conn: &mut PgConnection, limit: i64) -> Result<Vec<Entry>, StoreError> {
    sqlx::query_as(
        "SELECT at, run_id, table_name, what, month, row_count, encode(digest, 'hex') AS digest
         FROM access.retention ORDER BY at DESC, retention_id DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
    .doing("reading what left")
}
