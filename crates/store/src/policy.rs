//! Which versions of the policy are in force where in the log, and what waits for a second person.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use crate::save::Part;
use chrono::{DateTime, Utc};
use clearing::Activated;
use primitives::{CommandId, Digest, PolicyActivation};
use sqlx::PgConnection;
use wire::LogIdentity;

/// The number of a log's stream; none before it is registered.
pub async fn stream_of(conn: &mut PgConnection, log: &LogIdentity) -> Result<Option<i32>, StoreError> {
    sqlx::query_scalar(
        "SELECT stream_id FROM ingest.stream WHERE cluster_id = $1 AND topic = $2 AND topic_id = $3",
    )
    .bind(&log.cluster_id)
    .bind(&log.topic)
    .bind(&log.topic_id)
    .fetch_optional(conn)
    .await
    .doing("looking for a log's stream")
}

/// Notes which policies the books of a log open with, unless that stands there already.
pub async fn pin(conn: &mut PgConnection, stream_id: i32, policies: &[Digest]) -> Result<(), StoreError> {
    sqlx::query("UPDATE ingest.stream SET policies = $2 WHERE stream_id = $1 AND policies IS NULL")
        .bind(stream_id)
        .bind(policies.iter().map(|digest| digest.0.to_vec()).collect::<Vec<Vec<u8>>>())
        .execute(conn)
        .await
        .doing("noting the policies of a log")?;
    Ok(())
}

/// The policies the books of a log opened with; none before a worker opened them.
pub async fn pinned(conn: &mut PgConnection, stream_id: i32) -> Result<Option<Vec<Digest>>, StoreError> {
    let found: Option<Option<Vec<Vec<u8>>>> =
        sqlx::query_scalar("SELECT policies FROM ingest.stream WHERE stream_id = $1")
            .bind(stream_id)
            .fetch_optional(conn)
            .await
            .doing("reading the policies of a log")?;
    found.flatten().map(|all| all.into_iter().map(rows::digest).collect()).transpose()
}

/// Writes what took effect in a batch. Most batches have nothing, and cost no round trip.
pub(crate) async fn put_activated(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    for part in parts {
        for Activated { offset, activation } in &part.decision.activated {
            sqlx::query(
                "INSERT INTO ingest.activation
                   (stream_id, part, off, policy_id, digest, valid_from, before, at, asked_by, approved_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(part.advance.held.stream_id)
            .bind(part.advance.held.part)
            .bind(rows::signed(*offset)?)
            .bind(activation.policy.as_str())
            .bind(activation.digest.0.as_slice())
            .bind(rows::timestamp(activation.from)?)
            .bind(activation.before.0.as_slice())
            .bind(rows::timestamp(activation.at)?)
            .bind(activation.asked_by.as_str())
            .bind(activation.approved_by.as_ref().map(|by| by.as_str()))
            .execute(&mut *transaction)
            .await
            .doing("writing an activation")?;
        }
    }
    Ok(())
}

type ActivatedRow =
    (i32, i64, String, Vec<u8>, DateTime<Utc>, Vec<u8>, DateTime<Utc>, String, Option<String>);

/// What took effect in each partition of a stream, in log order.
pub async fn activated(conn: &mut PgConnection, stream_id: i32) -> Result<Vec<(i32, Activated)>, StoreError> {
    let found: Vec<ActivatedRow> = sqlx::query_as(
        "SELECT part, off, policy_id, digest, valid_from, before, at, asked_by, approved_by
         FROM ingest.activation WHERE stream_id = $1 ORDER BY part, off",
    )
    .bind(stream_id)
    .fetch_all(conn)
    .await
    .doing("reading activations")?;
    found
        .into_iter()
        .map(|(part, offset, policy, digest, from, before, at, asked_by, approved_by)| {
            let activation = PolicyActivation {
                policy: rows::text(&policy)?,
                digest: rows::digest(digest)?,
                from: rows::event_time(from)?,
                before: rows::digest(before)?,
                at: rows::event_time(at)?,
                asked_by: rows::text(&asked_by)?,
                approved_by: approved_by.map(|by| rows::text(&by)).transpose()?,
            };
            Ok((part, Activated { offset: rows::count(offset)?, activation }))
        })
        .collect()
}

/// What waits for a second person, oldest first: the id, the digest that was shown, and the log record.
pub async fn waiting(conn: &mut PgConnection) -> Result<Vec<(CommandId, Digest, Vec<u8>)>, StoreError> {
    let found: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT command_id, body_digest, record FROM clearing.proposal WHERE state = 'open' ORDER BY proposed_at",
    )
    .fetch_all(conn)
    .await
    .doing("reading what waits for a second person")?;
    let row = |(id, digest, record)| Ok((rows::command_id(id)?, rows::digest(digest)?, record));
    found.into_iter().map(row).collect()
}
