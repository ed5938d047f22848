//! Which workers of a log live, who stands in the way of a take-over, and which logs are over.
//!
//! All of it is about getting on, none of it about safety: whoever may post is decided by [`crate::lease::advance`] alone.

use crate::error::{Doing as _, StoreError};
use crate::pool::APPLICATION_NAME;
use primitives::PostingDate;
use sqlx::{PgConnection, Row as _};

/// How long after its lease ended a row may stay locked before the session that locks it is ended, in milliseconds.
pub const STUCK_MS: i64 = 2_000;

/// How long a dead worker's row stays, in hours: long enough to be seen by whoever looks into its death.
const FORGOTTEN_HOURS: i32 = 24;

/// Says that a worker lives for another `ttl_ms` milliseconds, and answers how many workers of the log do, itself included.
pub async fn beat(
    connection: &mut PgConnection,
    stream_id: i32,
    owner: &str,
    ttl_ms: i64,
) -> Result<i64, StoreError> {
    let doing = "telling that a worker lives";
    sqlx::query(
        "INSERT INTO ingest.worker (stream_id, owner, live_until)
         VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         ON CONFLICT (stream_id, owner) DO UPDATE SET live_until = excluded.live_until",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(ttl_ms)
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    sqlx::query_scalar(
        "SELECT count(*) FROM ingest.worker WHERE stream_id = $1 AND live_until >= clock_timestamp()",
    )
    .bind(stream_id)
    .fetch_one(connection)
    .await
    .doing(doing)
}

/// Says that a worker is gone, so that the others share what it held at once; and forgets those long dead.
pub async fn leave(connection: &mut PgConnection, stream_id: i32, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM ingest.worker
         WHERE stream_id = $1 AND (owner = $2 OR live_until < clock_timestamp() - make_interval(hours => $3))",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(FORGOTTEN_HOURS)
    .execute(connection)
    .await
    .doing("telling that a worker is gone")?;
    Ok(())
}

/// Ends sessions of the house that still lock a lease row [`STUCK_MS`] after its lease ended: a worker that was paused
/// or cut off in the middle of a batch. Its transaction rolls back, and the partition can be taken. Answers how many
/// sessions were ended.
///
/// The session is found by the transaction that has the row, as the server knows it now, and must carry our name: a
/// process number kept from earlier may be somebody else's by now.
pub async fn evict(connection: &mut PgConnection, stream_id: i32) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(holder.pid)) FROM (
           SELECT DISTINCT activity.pid
           FROM ingest.partition_lease lease
           JOIN pg_locks lock ON lock.locktype = 'transactionid' AND lock.transactionid = lease.xmax AND lock.granted
           JOIN pg_stat_activity activity ON activity.pid = lock.pid
           WHERE lease.stream_id = $1 AND lease.state = 'run'
             AND lease.lease_until > '-infinity'
             AND lease.lease_until < clock_timestamp() - $2 * interval '1 millisecond'
             AND activity.application_name = $3 AND activity.datname = current_database()
             AND activity.pid <> pg_backend_pid()) AS holder",
    )
    .bind(stream_id)
    .bind(STUCK_MS)
    .bind(APPLICATION_NAME)
    .fetch_one(connection)
    .await
    .doing("ending sessions that hold a lease that is over")
}

/// Stops every partition this owner holds, for a reason that concerns the whole log.
pub async fn halt_all(
    connection: &mut PgConnection,
    stream_id: i32,
    owner: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE ingest.partition_lease SET state = 'halt', halt_reason = $3
         WHERE stream_id = $1 AND owner = $2 AND state = 'run'",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(reason)
    .execute(connection)
    .await
    .doing("halting the partitions of a log")?;
    Ok(())
}

/// A log as the house knows it, and how far it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its number.
    pub stream_id: i32,
    /// `kafka` or `embedded`.
    pub transport: String,
    /// The topic's name.
    pub topic: String,
    /// The topic's own identity.
    pub topic_id: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many records of it are in the ledger or in quarantine.
    pub read: i64,
    /// How many partitions stand still.
    pub halted: i64,
    /// How many partitions a worker holds now.
    pub held: i64,
    /// The oldest accounting day a partition posts on.
    pub oldest_day: Option<PostingDate>,
    /// Who retired it.
    pub retired_by: Option<String>,
}

/// All logs, by number; the office's is none.
pub async fn streams(connection: &mut PgConnection) -> Result<Vec<Stream>, StoreError> {
    let rows = sqlx::query(
        "SELECT stream.stream_id, transport, topic, topic_id, partitions, retired_by,
                coalesce(sum(next_offset), 0)::bigint AS read, count(*) FILTER (WHERE state = 'halt') AS halted,
                count(*) FILTER (WHERE state = 'run' AND lease_until >= clock_timestamp()) AS held,
                min(posting_date) AS oldest_day
         FROM ingest.stream stream LEFT JOIN ingest.partition_lease USING (stream_id)
         WHERE stream.transport <> 'office' GROUP BY stream.stream_id ORDER BY stream.stream_id",
    )
    .fetch_all(connection)
    .await
    .doing("listing the logs")?;
    let stream = |row: &sqlx::postgres::PgRow| Stream {
        stream_id: row.get("stream_id"),
        transport: row.get("transport"),
        topic: row.get("topic"),
        topic_id: row.get("topic_id"),
        partitions: row.get("partitions"),
        read: row.get("read"),
        halted: row.get("halted"),
        held: row.get("held"),
        oldest_day: row.get::<Option<chrono::NaiveDate>, _>("oldest_day").map(PostingDate),
        retired_by: row.get("retired_by"),
    };
    Ok(rows.iter().map(stream).collect())
}

/// Retires a log for a person: its partitions halt, and it holds no day open. Refused, with false, while a worker holds
/// one of its partitions, when it was retired before, and when there is no such log.
pub async fn retire(
    transaction: &mut PgConnection,
    stream_id: i32,
    person: &str,
) -> Result<bool, StoreError> {
    let doing = "retiring a log";
    // Its lease rows first, as everywhere; then nobody can acquire one meanwhile.
    let held: Vec<bool> = sqlx::query_scalar(
        "SELECT state = 'run' AND lease_until >= clock_timestamp() FROM ingest.partition_lease
         WHERE stream_id = $1 ORDER BY part FOR UPDATE",
    )
    .bind(stream_id)
    .fetch_all(&mut *transaction)
    .await
    .doing(doing)?;
    if held.contains(&true) {
        return Ok(false);
    }
    let retired = sqlx::query(
        "UPDATE ingest.stream SET retired_at = clock_timestamp(), retired_by = $2
         WHERE stream_id = $1 AND transport <> 'office' AND retired_at IS NULL",
    )
    .bind(stream_id)
    .bind(person)
    .execute(&mut *transaction)
    .await
    .doing(doing)?;
    if retired.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE ingest.partition_lease SET state = 'halt', halt_reason = coalesce(halt_reason, $2) WHERE stream_id = $1",
    )
    .bind(stream_id)
    .bind(format!("retired by {person}"))
    .execute(transaction)
    .await
    .doing(doing)?;
    Ok(true)
}
