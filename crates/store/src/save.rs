//! The one place that writes what came of a batch: everything and the position, in one transaction.

use crate::copy::Rows;
use crate::error::{Doing as _, StoreError};
use crate::lease::{self, Advance};
use crate::outbox;
use crate::policy;
use crate::posting::{self, Written};
use crate::registry::tender_word;
use crate::state::Packed;
use clearing::{Charge, Decision, Quarantined, TapOutcome, TapRow};
use primitives::AccountId;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;
use wire::Denial;

/// The columns of `clearing.tap` as [`write_tap`] fills them.
macro_rules! tap_columns {
    () => {
        "device_id, journal_id, seq, body_digest, account_id, kind, at, received_at, service_date, posting_date, \
         operator_no, route, stop, reference, payee_no, amount, outcome, code, stream_id, part, off"
    };
}
pub(crate) use tap_columns;

/// The columns of `clearing.charge` as [`write_charge`] fills them.
macro_rules! charge_columns {
    () => {
        "account_id, leg_device, leg_journal, leg_seq, version, exit_device, exit_journal, exit_seq, operator_no, \
         route, from_stop, to_stop, rider_category, fare_medium, tender, service_date, posting_date, shape, unknown, \
         gross, rider, funders, funded, d_rides, d_gross, d_rider, d_funded, product, rules, flags, stream_id, \
         part, off"
    };
}
pub(crate) use charge_columns;
mod answers;
pub(crate) use answers::{command_columns, write_command};

/// One partition's part of a batch.
#[derive(Debug)]
pub struct Part {
    /// Where the batch leaves the partition.
    pub advance: Advance,
    /// What came of its records. The accounts are in `states`.
    pub decision: Decision,
    /// New states of the accounts that changed, in order.
    pub states: Vec<NewState>,
    /// Accounts that are denied from now on, or no longer.
    pub denials: Vec<Denial>,
    /// Raw bytes of the records that were set aside, by offset.
    pub raw: BTreeMap<u64, Vec<u8>>,
}

/// What a batch leaves an account with.
#[derive(Debug, Clone)]
pub struct NewState {
    /// The account.
    pub account: AccountId,
    /// Its state.
    pub packed: Packed,
    /// It has no row yet.
    pub is_new: bool,
}

/// Accounts of one update: few enough that neither side needs a buffer of many megabytes for it.
const UPDATE_ROWS: usize = 2_000;

/// Saves a batch inside the caller's transaction. False when a lease was lost: the caller rolls back and forgets.
pub async fn save(
    transaction: &mut PgConnection,
    owner: &str,
    parts: &[Part],
    ttl_ms: i64,
) -> Result<bool, StoreError> {
    let advances: Vec<Advance> = parts.iter().map(|part| part.advance.clone()).collect();
    if !lease::advance(transaction, owner, &advances, ttl_ms).await? {
        return Ok(false);
    }
    taps(transaction, parts).await?;
    answers::commands(transaction, parts).await?;
    answers::registry(transaction, parts).await?;
    charges(transaction, parts).await?;
    let written: Vec<Written<'_>> = parts
        .iter()
        .flat_map(|part| part.decision.postings.iter().map(move |placed| (part, placed)))
        .map(|(part, placed)| Written { stream_id: stream(part), part: number(part), placed })
        .collect();
    posting::insert(transaction, &written).await?;
    states(transaction, parts).await?;
    items(transaction, parts).await?;
    quarantine(transaction, parts).await?;
    outbox::put(transaction, parts).await?;
    commit_log(transaction, owner, parts).await?;
    day_heads(transaction, parts).await?;
    policy::put_activated(transaction, parts).await?;
    Ok(true)
}

const fn stream(part: &Part) -> i32 {
    part.advance.held.stream_id
}

const fn number(part: &Part) -> i32 {
    part.advance.held.part
}

async fn taps(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let mut sorted: Vec<_> =
        parts.iter().flat_map(|part| part.decision.taps.iter().map(move |tap| (part, tap))).collect();
    // Sorted by the key, the unique index is filled page by page.
    sorted.sort_by_key(|(_, tap)| tap.id);
    let mut rows = Rows::new(21, sorted.len());
    for (part, tap) in sorted {
        write_tap(&mut rows, stream(part), number(part), tap);
    }
    rows.send(
        transaction,
        concat!("COPY clearing.tap (", tap_columns!(), ") FROM STDIN (FORMAT BINARY)"),
        "writing taps",
    )
    .await
}

/// Writes a tap's row.
pub(crate) fn write_tap(rows: &mut Rows, stream_id: i32, part: i32, tap: &TapRow) {
    rows.row().i64(tap.id.device.as_i64()).i64(tap.id.journal.as_i64()).i64(tap.id.sequence.as_i64());
    rows.blob(&tap.body_digest.0).i64(tap.account.as_i64()).text(tap.kind).time(tap.at).time(tap.received_at);
    rows.date(tap.service_date.0).date(tap.posting_date.0).i32(tap.operator.0 as i32);
    rows.opt(tap.route.as_ref(), |rows, route| rows.text(route.as_str()));
    rows.opt(tap.stop.as_ref(), |rows, stop| rows.text(stop.as_str()));
    rows.opt(tap.reference.as_ref(), |rows, reference| rows.text(reference.as_str()));
    rows.opt(tap.payee, |rows, payee| rows.i32(payee.0 as i32));
    rows.opt(tap.amount, |rows, amount| rows.i64(amount.units()));
    match tap.outcome {
        TapOutcome::Posted => rows.text("posted").null(),
        TapOutcome::Refused(code) => rows.text("refused").text(code.as_str()),
    };
    rows.i32(stream_id).i32(part).i64(tap.offset as i64);
}

async fn charges(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let mut sorted: Vec<_> = parts
        .iter()
        .flat_map(|part| part.decision.charges.iter().map(move |charge| (part, charge)))
        .collect();
    sorted.sort_by_key(|(_, charge)| (charge.account, charge.leg, charge.version));
    let mut rows = Rows::new(33, sorted.len());
    for (part, charge) in sorted {
        write_charge(&mut rows, stream(part), number(part), charge);
    }
    rows.send(
        transaction,
        concat!("COPY clearing.charge (", charge_columns!(), ") FROM STDIN (FORMAT BINARY)"),
        "writing charges",
    )
    .await
}

/// Writes a charge's row.
pub(crate) fn write_charge(rows: &mut Rows, stream_id: i32, part: i32, charge: &Charge) {
    let leg = charge.leg;
    rows.row().i64(charge.account.as_i64());
    rows.i64(leg.device.as_i64())
        .i64(leg.journal.as_i64())
        .i64(leg.sequence.as_i64())
        .i32(charge.version as i32);
    rows.opt(charge.exit, |rows, exit| rows.i64(exit.device.as_i64()));
    rows.opt(charge.exit, |rows, exit| rows.i64(exit.journal.as_i64()));
    rows.opt(charge.exit, |rows, exit| rows.i64(exit.sequence.as_i64()));
    rows.i32(charge.operator.0 as i32).text(charge.route.as_str());
    rows.opt(charge.from.as_ref(), |rows, stop| rows.text(stop.as_str()));
    rows.opt(charge.to.as_ref(), |rows, stop| rows.text(stop.as_str()));
    rows.text(charge.rider_category.as_str()).text(charge.medium.as_str()).text(tender_word(charge.tender));
    rows.date(charge.service_date.0).date(charge.posting_date.0).text(charge.shape.word());
    rows.opt(charge.unknown, Rows::text).i64(charge.gross.units()).i64(charge.rider.units());
    rows.i32s(&charge.funded.iter().map(|part| part.party.0 as i32).collect::<Vec<_>>());
    rows.i64s(&charge.funded.iter().map(|part| part.amount.units()).collect::<Vec<_>>());
    rows.i32(charge.delta.rides).i64(charge.delta.gross.units());
    rows.i64(charge.delta.rider.units()).i64(charge.delta.funded.units());
    rows.opt(charge.product.as_ref(), |rows, product| rows.text(product.as_str()));
    rows.texts(charge.rules.iter().map(|rule| rule.as_str()));
    let flags: Vec<&str> = charge.flags.iter().map(clearing::Flag::word).collect();
    rows.texts(flags.iter().copied());
    rows.i32(stream_id).i32(part).i64(charge.offset as i64);
}

/// New accounts are copied in, the others updated: an insert that finds its row already there costs half as much again.
async fn states(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let mut sorted: Vec<&NewState> = parts.iter().flat_map(|part| &part.states).collect();
    // Rows are locked in the order of accounts, everywhere.
    sorted.sort_unstable_by_key(|state| state.account);
    let (new, changed): (Vec<&NewState>, Vec<_>) = sorted.into_iter().partition(|state| state.is_new);
    let mut rows = Rows::new(4, new.len());
    for NewState { account, packed, .. } in new {
        rows.row().i64(account.as_i64()).i64(packed.purse.value.units()).i64(packed.purse.debt.units());
        rows.blob(&packed.bytes);
    }
    rows.send(
        transaction,
        "COPY clearing.account_state (account_id, value, debt, state) FROM STDIN (FORMAT BINARY)",
        "writing the states of new accounts",
    )
    .await?;
    if changed.is_empty() {
        return Ok(());
    }
    let doing = "writing account states";
    // Each row is found by its key, whatever the planner believes about the size of the table.
    sqlx::raw_sql(
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off",
    )
    .execute(&mut *transaction)
    .await
    .doing(doing)?;
    for rows in changed.chunks(UPDATE_ROWS) {
        let updated = sqlx::query(
            "UPDATE clearing.account_state account SET value = batch.value, debt = batch.debt, state = batch.state
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) AS batch (account_id, value, debt, state)
             WHERE account.account_id = batch.account_id",
        )
        .bind(rows.iter().map(|state| state.account.as_i64()).collect::<Vec<i64>>())
        .bind(rows.iter().map(|state| state.packed.purse.value.units()).collect::<Vec<i64>>())
        .bind(rows.iter().map(|state| state.packed.purse.debt.units()).collect::<Vec<i64>>())
        .bind(rows.iter().map(|state| &*state.packed.bytes).collect::<Vec<&[u8]>>())
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        if updated.rows_affected() != rows.len() as u64 {
            return Err(StoreError::row(doing, "an account that was loaded has no row"));
        }
    }
    Ok(())
}

async fn items(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let items: Vec<_> = parts.iter().flat_map(|part| &part.decision.items).collect();
    if items.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO bank.item (item_id, kind, reference, amount, posting_date, party_no)
         SELECT item_id, 'top_up', reference, amount, posting_date, party_no
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::date[], $5::int[])
              AS item (item_id, reference, amount, posting_date, party_no)",
    )
    .bind(items.iter().map(|item| format!("top_up:{}", item.source)).collect::<Vec<String>>())
    .bind(items.iter().map(|item| item.reference.as_str()).collect::<Vec<&str>>())
    .bind(items.iter().map(|item| item.amount.units()).collect::<Vec<i64>>())
    .bind(items.iter().map(|item| item.posting_date.0).collect::<Vec<chrono::NaiveDate>>())
    .bind(items.iter().map(|item| item.channel.0 as i32).collect::<Vec<i32>>())
    .execute(transaction)
    .await
    .doing("writing expected bank items")?;
    Ok(())
}

async fn quarantine(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let rows: Vec<(&Part, &Quarantined)> =
        parts.iter().flat_map(|part| part.decision.quarantined.iter().map(move |row| (part, row))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let id = |pick: fn(primitives::TapId) -> i64| {
        rows.iter().map(|(_, row)| row.tap.map(pick)).collect::<Vec<Option<i64>>>()
    };
    let raw = |(part, row): &(&Part, &Quarantined)| part.raw.get(&row.offset).cloned().unwrap_or_default();
    sqlx::query(
        "INSERT INTO ingest.quarantine
           (quarantine_id, source, stream_id, part, off, device_id, journal_id, seq, code, detail, raw,
            by_database)
         SELECT quarantine_id, 'log', stream_id, part, off, device_id, journal_id, seq, code, detail, raw, by_database
         FROM unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
           $8::text[], $9::text[], $10::bytea[], $11::bool[])
           AS row (quarantine_id, stream_id, part, off, device_id, journal_id, seq, code, detail, raw, by_database)",
    )
    .bind(rows.iter().map(|_| Uuid::now_v7()).collect::<Vec<Uuid>>())
    .bind(rows.iter().map(|(part, _)| stream(part)).collect::<Vec<i32>>())
    .bind(rows.iter().map(|(part, _)| number(part)).collect::<Vec<i32>>())
    .bind(rows.iter().map(|(_, row)| row.offset as i64).collect::<Vec<i64>>())
    .bind(id(|tap| tap.device.as_i64()))
    .bind(id(|tap| tap.journal.as_i64()))
    .bind(id(|tap| tap.sequence.as_i64()))
    .bind(rows.iter().map(|(_, row)| row.refusal.code.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|(_, row)| row.refusal.detail.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(raw).collect::<Vec<Vec<u8>>>())
    .bind(rows.iter().map(|(_, row)| row.by_database).collect::<Vec<bool>>())
    .execute(transaction)
    .await
    .doing("writing quarantine")?;
    Ok(())
}

async fn commit_log(transaction: &mut PgConnection, owner: &str, parts: &[Part]) -> Result<(), StoreError> {
    let column = |pick: fn(&Part) -> i64| parts.iter().map(pick).collect::<Vec<i64>>();
    let count = |pick: fn(&Part) -> u32| parts.iter().map(|part| pick(part) as i32).collect::<Vec<i32>>();
    sqlx::query(
        "INSERT INTO ingest.commit_log
           (stream_id, part, from_off, to_off, epoch, owner, n_posted, n_duplicate, n_quarantined, n_marker)
         SELECT stream_id, part, from_off, to_off, epoch, $1, n_posted, n_duplicate, n_quarantined, n_marker
         FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::int[], $8::int[], $9::int[],
           $10::int[])
           AS batch (stream_id, part, from_off, to_off, epoch, n_posted, n_duplicate, n_quarantined, n_marker)",
    )
    .bind(owner)
    .bind(parts.iter().map(stream).collect::<Vec<i32>>())
    .bind(parts.iter().map(number).collect::<Vec<i32>>())
    .bind(column(|part| part.advance.held.next_offset))
    .bind(column(|part| part.advance.to))
    .bind(column(|part| part.advance.held.epoch))
    .bind(count(|part| part.decision.counts.posted))
    .bind(count(|part| part.decision.counts.duplicate))
    .bind(count(|part| part.decision.counts.quarantined))
    .bind(count(|part| part.decision.counts.marker))
    .execute(transaction)
    .await
    .doing("writing the commit log")?;
    Ok(())
}

/// Publishes where the chain stood when an accounting day ended in a partition.
async fn day_heads(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    for part in parts {
        for head in &part.decision.day_heads {
            sqlx::query(
                "INSERT INTO ledger.head (posting_date, stream_id, part, off, chain_head) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(head.date.0)
            .bind(stream(part))
            .bind(number(part))
            .bind(head.offset as i64)
            .bind(head.chain_head.0.as_slice())
            .execute(&mut *transaction)
            .await
            .doing("publishing a day's chain head")?;
        }
    }
    Ok(())
}
