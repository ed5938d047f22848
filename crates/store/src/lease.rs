//! The lease row of a partition: lease, fence and position in one (guarantees G1–G4).
//!
//! Safety uses no clock: [`advance`] is a compare-and-set on (owner, epoch, next offset) inside the batch's own
//! transaction, so of two workers that believe they hold a partition only one can commit. Time only decides when
//! somebody else may take a partition over.

use crate::error::{Doing as _, StoreError};
use primitives::{Digest, PostingDate};
use sqlx::{PgConnection, Row as _};
use wire::LogIdentity;

/// A partition this worker holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The log it belongs to.
    pub stream_id: i32,
    /// Its number.
    pub part: i32,
    /// The fence: one more at every acquisition.
    pub epoch: i64,
    /// The first record that is not yet in the ledger.
    pub next_offset: i64,
    /// The open accounting day.
    pub posting_date: PostingDate,
    /// Head of the posting chain.
    pub chain_head: Digest,
}

/// Where a batch leaves a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// What was held when the batch was loaded.
    pub held: Held,
    /// The first record after the batch.
    pub to: i64,
    /// The open accounting day after it.
    pub posting_date: PostingDate,
    /// The chain's head after it.
    pub chain_head: Digest,
}

/// Registers a log as a stream with one lease row a partition, or finds it. `first_day` opens the books of a new one.
pub async fn ensure_stream(
    connection: &mut PgConnection,
    log: &LogIdentity,
    first_day: PostingDate,
) -> Result<i32, StoreError> {
    let doing = "registering the event log";
    // Two programs may start at once: the number is taken by the unique key, and the loser reads the winner's.
    sqlx::query(
        "INSERT INTO ingest.stream (stream_id, transport, cluster_id, topic, topic_id, partitions, first_day)
         SELECT coalesce(max(stream_id), 0) + 1, $1, $2, $3, $4, $5, $6 FROM ingest.stream
         ON CONFLICT (cluster_id, topic, topic_id) DO NOTHING",
    )
    .bind(log.transport)
    .bind(&log.cluster_id)
    .bind(&log.topic)
    .bind(&log.topic_id)
    .bind(log.partitions as i32)
    .bind(first_day.0)
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    let row = sqlx::query(
        "SELECT stream_id, partitions FROM ingest.stream WHERE cluster_id = $1 AND topic = $2 AND topic_id = $3",
    )
    .bind(&log.cluster_id)
    .bind(&log.topic)
    .bind(&log.topic_id)
    .fetch_one(&mut *connection)
    .await
    .doing(doing)?;
    let (stream_id, partitions): (i32, i32) = (row.get(0), row.get(1));
    if partitions != log.partitions as i32 {
        return Err(StoreError::row(
            doing,
            format!("the log has {} partitions, not {partitions}", log.partitions),
        ));
    }
    sqlx::query(
        "INSERT INTO ingest.partition_lease (stream_id, part, next_offset, posting_date, chain_head)
         SELECT $1, part, 0, $3, $4 FROM generate_series(0, $2 - 1) AS part ON CONFLICT DO NOTHING",
    )
    .bind(stream_id)
    .bind(partitions)
    .bind(first_day.0)
    .bind(ledger::chain::START.0.as_slice())
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    Ok(stream_id)
}

/// Takes partitions whose lease has run out until this owner has `share`, in one statement, each under a new epoch. What
/// it held before it takes at once, all of it: after a fault it starts again from the row, and the new epoch fences off
/// whatever of its old work is still on the way.
pub async fn acquire(
    connection: &mut PgConnection,
    stream_id: i32,
    owner: &str,
    share: i64,
    ttl_ms: i64,
) -> Result<Vec<Held>, StoreError> {
    let doing = "acquiring partitions";
    let rows = sqlx::query(
        "WITH free AS MATERIALIZED (
           SELECT part FROM ingest.partition_lease
           WHERE stream_id = $1 AND state = 'run' AND (lease_until < clock_timestamp() OR owner = $2)
           ORDER BY owner IS DISTINCT FROM $2, part
           LIMIT greatest($3, (SELECT count(*) FROM ingest.partition_lease WHERE stream_id = $1 AND owner = $2))
           FOR UPDATE SKIP LOCKED)
         UPDATE ingest.partition_lease lease
         SET owner = $2, owner_pid = pg_backend_pid(), epoch = epoch + 1,
             lease_until = clock_timestamp() + $4 * interval '1 millisecond'
         FROM free WHERE lease.stream_id = $1 AND lease.part = free.part
         RETURNING lease.part, lease.epoch, lease.next_offset, lease.posting_date, lease.chain_head",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(share)
    .bind(ttl_ms)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    let mut held = rows
        .iter()
        .map(|row| {
            let head: Vec<u8> = row.get(4);
            let head = <[u8; 32]>::try_from(head)
                .map_err(|_| StoreError::row(doing, "chain head is not 32 bytes"))?;
            Ok(Held {
                stream_id,
                part: row.get(0),
                epoch: row.get(1),
                next_offset: row.get(2),
                posting_date: PostingDate(row.get(3)),
                chain_head: Digest(head),
            })
        })
        .collect::<Result<Vec<Held>, StoreError>>()?;
    held.sort_by_key(|held| held.part);
    Ok(held)
}

/// Moves positions forward and renews the leases, inside the batch's transaction. False when any partition is no longer
/// as it was held: then nothing of the batch may be committed.
pub async fn advance(
    transaction: &mut PgConnection,
    owner: &str,
    advances: &[Advance],
    ttl_ms: i64,
) -> Result<bool, StoreError> {
    let column = |pick: fn(&Advance) -> i64| advances.iter().map(pick).collect::<Vec<i64>>();
    let parts: Vec<i32> = advances.iter().map(|advance| advance.held.part).collect();
    let dates: Vec<chrono::NaiveDate> = advances.iter().map(|advance| advance.posting_date.0).collect();
    let heads: Vec<&[u8]> = advances.iter().map(|advance| advance.chain_head.0.as_slice()).collect();
    let streams: Vec<i32> = advances.iter().map(|advance| advance.held.stream_id).collect();
    // An update locks its rows in the order it meets them; rows are locked in order everywhere, so that nobody waits in a ring.
    sqlx::query(
        "SELECT part FROM ingest.partition_lease
         WHERE (stream_id, part) IN (SELECT * FROM unnest($1::int[], $2::int[])) ORDER BY stream_id, part FOR UPDATE",
    )
    .bind(&streams)
    .bind(&parts)
    .execute(&mut *transaction)
    .await
    .doing("locking the positions")?;
    let done = sqlx::query(
        "UPDATE ingest.partition_lease lease
         SET next_offset = batch.until_off, posting_date = batch.posting_date, chain_head = batch.chain_head,
             lease_until = clock_timestamp() + $9 * interval '1 millisecond'
         FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::date[], $7::bytea[])
              AS batch (stream_id, part, epoch, from_off, until_off, posting_date, chain_head)
         WHERE lease.stream_id = batch.stream_id AND lease.part = batch.part AND lease.owner = $8
           AND lease.epoch = batch.epoch AND lease.next_offset = batch.from_off AND lease.state = 'run'",
    )
    .bind(streams)
    .bind(parts)
    .bind(column(|advance| advance.held.epoch))
    .bind(column(|advance| advance.held.next_offset))
    .bind(column(|advance| advance.to))
    .bind(dates)
    .bind(heads)
    .bind(owner)
    .bind(ttl_ms)
    .execute(transaction)
    .await
    .doing("moving the positions")?;
    Ok(done.rows_affected() == advances.len() as u64)
}

/// Renews the leases of partitions that had nothing to do. Returns those still held.
pub async fn renew(
    connection: &mut PgConnection,
    owner: &str,
    held: &[Held],
    ttl_ms: i64,
) -> Result<Vec<i32>, StoreError> {
    let Some(stream_id) = held.first().map(|held| held.stream_id) else { return Ok(Vec::new()) };
    sqlx::query_scalar(
        "WITH mine AS MATERIALIZED (
           SELECT mine.part, mine.epoch FROM ingest.partition_lease lease
           JOIN unnest($3::int[], $4::bigint[]) AS mine (part, epoch) ON lease.part = mine.part
           WHERE lease.stream_id = $1 ORDER BY lease.part FOR UPDATE OF lease)
         UPDATE ingest.partition_lease lease SET lease_until = clock_timestamp() + $5 * interval '1 millisecond'
         FROM mine
         WHERE lease.stream_id = $1 AND lease.owner = $2 AND lease.part = mine.part AND lease.epoch = mine.epoch
           AND lease.state = 'run'
         RETURNING lease.part",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(held.iter().map(|held| held.part).collect::<Vec<i32>>())
    .bind(held.iter().map(|held| held.epoch).collect::<Vec<i64>>())
    .bind(ttl_ms)
    .fetch_all(connection)
    .await
    .doing("renewing leases")
}

/// Gives partitions back at once, where they are still ours.
pub async fn release(connection: &mut PgConnection, owner: &str, held: &[Held]) -> Result<(), StoreError> {
    for held in held {
        sqlx::query(
            "UPDATE ingest.partition_lease SET owner = NULL, lease_until = '-infinity'
             WHERE stream_id = $1 AND part = $2 AND owner = $3 AND epoch = $4",
        )
        .bind(held.stream_id)
        .bind(held.part)
        .bind(owner)
        .bind(held.epoch)
        .execute(&mut *connection)
        .await
        .doing("releasing partitions")?;
    }
    Ok(())
}

/// Stops a partition for a reason a person must look at. Nobody acquires it until it is set to run again.
pub async fn halt(
    connection: &mut PgConnection,
    owner: &str,
    held: &Held,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE ingest.partition_lease SET state = 'halt', halt_reason = $5
         WHERE stream_id = $1 AND part = $2 AND owner = $3 AND epoch = $4",
    )
    .bind(held.stream_id)
    .bind(held.part)
    .bind(owner)
    .bind(held.epoch)
    .bind(reason)
    .execute(connection)
    .await
    .doing("halting a partition")?;
    Ok(())
}

/// True when a partition is free to take and this worker holds fewer than `share`.
pub async fn has_free(
    connection: &mut PgConnection,
    stream_id: i32,
    owner: &str,
    share: i64,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT count(*) FILTER (WHERE owner = $2 AND state = 'run') < $3
            AND bool_or(state = 'run' AND lease_until < clock_timestamp() AND owner IS DISTINCT FROM $2)
         FROM ingest.partition_lease WHERE stream_id = $1",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(share)
    .fetch_one(connection)
    .await
    .doing("looking for free partitions")
}

/// Where a partition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its number.
    pub part: i32,
    /// The first record that is not yet in the ledger.
    pub next_offset: i64,
    /// The open accounting day.
    pub posting_date: PostingDate,
    /// Why it stands still, if it does.
    pub halt_reason: Option<String>,
}

/// Where all partitions of a stream stand, by number.
pub async fn positions(connection: &mut PgConnection, stream_id: i32) -> Result<Vec<Position>, StoreError> {
    let rows = sqlx::query(
        "SELECT part, next_offset, posting_date, halt_reason FROM ingest.partition_lease WHERE stream_id = $1 ORDER BY part",
    )
    .bind(stream_id)
    .fetch_all(connection)
    .await
    .doing("reading positions")?;
    let position = |row: &sqlx::postgres::PgRow| Position {
        part: row.get(0),
        next_offset: row.get(1),
        posting_date: PostingDate(row.get(2)),
        halt_reason: row.get(3),
    };
    Ok(rows.iter().map(position).collect())
}
