//! The one place that reads what a batch needs: what took effect before, and the states of its accounts.
//!
//! Each key is looked up in its index, whatever the planner believes about the size of the tables: the LIMIT keeps the
//! look-up from becoming a join that reads a whole table.

use crate::error::{Doing as _, StoreError};
use crate::{rows, state};
use clearing::{AccountState, Purse};
use primitives::{AccountId, CommandId, DeviceId, Digest, JournalId, Minor, TapId};
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;

/// Body digests of those taps that took effect before.
pub async fn seen(
    connection: &mut PgConnection,
    taps: &[TapId],
) -> Result<BTreeMap<TapId, Digest>, StoreError> {
    let doing = "loading taps that took effect before";
    if taps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let column = |pick: fn(&TapId) -> i64| taps.iter().map(pick).collect::<Vec<i64>>();
    let found = sqlx::query(
        "SELECT tap.device_id, tap.journal_id, tap.seq, tap.body_digest
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS batch (device_id, journal_id, seq),
              LATERAL (SELECT * FROM clearing.tap
                       WHERE tap.device_id = batch.device_id AND tap.journal_id = batch.journal_id
                         AND tap.seq = batch.seq LIMIT 1) AS tap",
    )
    .bind(column(|tap| tap.device.as_i64()))
    .bind(column(|tap| tap.journal.as_i64()))
    .bind(column(|tap| tap.sequence.as_i64()))
    .fetch_all(connection)
    .await
    .doing(doing)?;
    found
        .iter()
        .map(|row| {
            let digest: &[u8] = row.get(3);
            let digest =
                <[u8; 32]>::try_from(digest).map_err(|_| StoreError::row(doing, "digest is not 32 bytes"))?;
            Ok((rows::tap_id(row.get(0), row.get(1), row.get(2))?, Digest(digest)))
        })
        .collect()
}

/// The first sequence of each of these journals above all that took effect. No journals, no round trip.
pub async fn next_sequences(
    connection: &mut PgConnection,
    journals: &[(DeviceId, JournalId)],
) -> Result<BTreeMap<(DeviceId, JournalId), u64>, StoreError> {
    if journals.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT newest.device_id, newest.journal_id, newest.seq
         FROM unnest($1::bigint[], $2::bigint[]) AS asked (device_id, journal_id),
              LATERAL (SELECT device_id, journal_id, seq FROM clearing.tap
                       WHERE tap.device_id = asked.device_id AND tap.journal_id = asked.journal_id
                       ORDER BY tap.device_id DESC, tap.journal_id DESC, tap.seq DESC LIMIT 1) AS newest",
    )
    .bind(journals.iter().map(|(device, _)| device.as_i64()).collect::<Vec<i64>>())
    .bind(journals.iter().map(|(_, journal)| journal.as_i64()).collect::<Vec<i64>>())
    .fetch_all(connection)
    .await
    .doing("loading where journals stand")?;
    let mut next: BTreeMap<_, _> = journals.iter().map(|journal| (*journal, 0)).collect();
    for (device, journal, sequence) in found {
        let newest = rows::tap_id(device, journal, sequence)?;
        next.insert((newest.device, newest.journal), newest.sequence.number() + 1);
    }
    Ok(next)
}

/// Body digests of those commands that were answered before. No commands, no round trip.
pub async fn answered(
    connection: &mut PgConnection,
    commands: &[CommandId],
) -> Result<BTreeMap<CommandId, Digest>, StoreError> {
    if commands.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&[u8]> = commands.iter().map(|id| id.bytes().as_slice()).collect();
    let found: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT command_id, body_digest FROM clearing.command WHERE command_id = ANY($1)")
            .bind(ids)
            .fetch_all(connection)
            .await
            .doing("loading commands that were answered before")?;
    found.into_iter().map(|(id, digest)| Ok((rows::command_id(id)?, rows::digest(digest)?))).collect()
}

/// States of these accounts; one that is not in the answer is new. No accounts, no round trip.
pub async fn accounts(
    connection: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, AccountState>, StoreError> {
    let doing = "loading account states";
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<i64> = accounts.iter().map(|account| account.as_i64()).collect();
    let found = sqlx::query(
        "SELECT account.account_id, account.value, account.debt, account.state
         FROM unnest($1::bigint[]) AS batch (account_id),
              LATERAL (SELECT * FROM clearing.account_state
                       WHERE account_state.account_id = batch.account_id LIMIT 1) AS account",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    found
        .iter()
        .map(|row| {
            let purse = Purse { value: Minor::new(row.get(1)), debt: Minor::new(row.get(2)) };
            let state = state::decode(purse, row.get(3))
                .map_err(|error| StoreError::row(doing, error.to_string()))?;
            Ok((rows::account(row.get(0))?, state))
        })
        .collect()
}
