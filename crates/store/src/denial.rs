//! The deny list: versions of who is denied, and what changed since one of them.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use primitives::{AccountId, DeviceId, MediumToken};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use wire::{Denial, DenyDelta};

/// About how many media one answer tells of: a version is never told in part.
const DELTA_MEDIA: i64 = 10_000;

/// The list's version; and of one medium, when any changed: version of the change, denied or allowed, token.
type DeltaRow = (i64, Option<i64>, Option<bool>, Option<Vec<u8>>);

/// Notes who is denied from now on and who no longer, in the order given. What is so already makes no new version.
pub async fn apply(transaction: &mut PgConnection, denials: &[Denial]) -> Result<(), StoreError> {
    let doing = "changing the deny list";
    let wanted: BTreeMap<i64, bool> =
        denials.iter().map(|denial| (denial.account.as_i64(), denial.denied)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    // The head first: who changes the list waits here for who changes it now, and reads what that one left.
    let version: i64 = sqlx::query_scalar("SELECT version FROM registry.denial_head FOR UPDATE")
        .fetch_one(&mut *transaction)
        .await
        .doing(doing)?;
    let next = version + 1;
    let changed = sqlx::query(
        "INSERT INTO registry.denial (account_id, denied, version)
         SELECT account_id, denied, $3 FROM unnest($1::bigint[], $2::bool[]) AS wanted (account_id, denied)
         WHERE denied OR EXISTS (SELECT FROM registry.denial known WHERE known.account_id = wanted.account_id)
         ON CONFLICT (account_id)
         DO UPDATE SET denied = excluded.denied, version = excluded.version, changed_at = clock_timestamp()
         WHERE denial.denied <> excluded.denied",
    )
    .bind(wanted.keys().copied().collect::<Vec<i64>>())
    .bind(wanted.values().copied().collect::<Vec<bool>>())
    .bind(next)
    .execute(&mut *transaction)
    .await
    .doing(doing)?;
    if changed.rows_affected() > 0 {
        sqlx::query("UPDATE registry.denial_head SET version = $1")
            .bind(next)
            .execute(transaction)
            .await
            .doing(doing)?;
    }
    Ok(())
}

/// Media are about to stand for these accounts. Devices that know the list so far would go on with what they know, so where the
/// account of before or the one of now is denied, the medium is told by itself.
pub async fn media_moved(
    transaction: &mut PgConnection,
    moved: &[(MediumToken, AccountId)],
) -> Result<(), StoreError> {
    let doing = "telling of media that move";
    let tokens: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT DISTINCT token
         FROM unnest($1::bytea[], $2::bigint[]) AS moved (token, account_id)
         LEFT JOIN registry.medium AS known USING (token)
         WHERE known.account_id IS DISTINCT FROM moved.account_id
           AND EXISTS (SELECT FROM registry.denial
                       WHERE denied AND denial.account_id IN (known.account_id, moved.account_id))
         ORDER BY 1",
    )
    .bind(moved.iter().map(|(token, _)| token.bytes().as_slice()).collect::<Vec<&[u8]>>())
    .bind(moved.iter().map(|(_, account)| account.as_i64()).collect::<Vec<i64>>())
    .fetch_all(&mut *transaction)
    .await
    .doing(doing)?;
    if tokens.is_empty() {
        return Ok(());
    }
    let version: i64 =
        sqlx::query_scalar("UPDATE registry.denial_head SET version = version + 1 RETURNING version")
            .fetch_one(&mut *transaction)
            .await
            .doing(doing)?;
    sqlx::query(
        "INSERT INTO registry.medium_moved (token, version) SELECT token, $2 FROM unnest($1::bytea[]) AS token
         ON CONFLICT (token) DO UPDATE SET version = excluded.version",
    )
    .bind(tokens)
    .bind(version)
    .execute(transaction)
    .await
    .doing(doing)?;
    Ok(())
}

/// What changed since a version, for a device. A long way is told in pieces: the answer's version is where the next begins.
/// An answer whose version is below the one asked for says that the house does not have that version: then begin again at 0.
pub async fn since(
    connection: &mut PgConnection,
    device: DeviceId,
    version: u64,
) -> Result<DenyDelta, StoreError> {
    let doing = "reading what changed on the deny list";
    // One statement, one snapshot: the version that is told and the media belong together.
    let found: Vec<DeltaRow> = sqlx::query_as(
        "WITH head AS (SELECT version FROM registry.denial_head),
              piece AS (
                SELECT denial.version, denied, token FROM head, registry.denial denial
                JOIN registry.medium USING (account_id)
                WHERE denial.version > $1 AND $1 <= head.version
                UNION ALL
                SELECT moved.version, coalesce(denied, false), token FROM head, registry.medium_moved moved
                JOIN registry.medium USING (token) LEFT JOIN registry.denial USING (account_id)
                WHERE moved.version > $1 AND $1 <= head.version
                ORDER BY version FETCH FIRST $2 ROWS WITH TIES)
         SELECT head.version, piece.version, piece.denied, piece.token FROM head LEFT JOIN piece ON true
         ORDER BY piece.version, piece.token",
    )
    .bind(rows::signed(version)?)
    .bind(DELTA_MEDIA)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    let head = found.first().map_or(0, |row| row.0);
    let whole = (found.len() as i64) < DELTA_MEDIA;
    let told = found.iter().filter_map(|row| row.1).max().unwrap_or(head);
    let mut delta = DenyDelta {
        device,
        since: version,
        version: rows::count(if whole { head } else { told })?,
        denied: Vec::new(),
        allowed: Vec::new(),
    };
    for (_, _, denied, token) in found {
        let (Some(denied), Some(token)) = (denied, token) else { continue };
        let token =
            <[u8; 16]>::try_from(token).map_err(|_| StoreError::row(doing, "a token is not 16 bytes"))?;
        let media = if denied { &mut delta.denied } else { &mut delta.allowed };
        media.push(MediumToken::new(token));
    }
    Ok(delta)
}
