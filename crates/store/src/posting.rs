//! Postings into the ledger's tables, from a batch or from the back office.

use crate::copy::Rows;
use crate::error::{Doing as _, StoreError};
use chrono::NaiveDate;
use clearing::Placed;
use ledger::{Cause, Posting, chain};
use primitives::Digest;
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;

/// The office's stream and partition, which has no log.
pub const OFFICE: (i32, i32) = (0, 0);

/// The columns of `ledger.posting` as [`write_posting`] fills them.
macro_rules! posting_columns {
    () => {
        "stream_id, part, off, ord, posting_date, service_date, kind, account_id, cause_device, cause_journal, \
         cause_seq, cause_text, chart, owner, debit, credit"
    };
}
pub(crate) use posting_columns;

/// A posting of one partition on its way into the tables.
pub(crate) struct Written<'a> {
    pub stream_id: i32,
    pub part: i32,
    pub placed: &'a Placed,
}

/// Stream, partition, posting date, service date, chart number, owner: the key of `ledger.balance`.
type BalanceKey = (i32, i32, NaiveDate, NaiveDate, i16, i64);

/// Inserts postings and adds them to the balances (card accounts under their control account).
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    postings: &[Written<'_>],
) -> Result<(), StoreError> {
    let mut rows = Rows::new(16, postings.len());
    let mut sums: BTreeMap<BalanceKey, (i64, i64)> = BTreeMap::new();
    for Written { stream_id, part, placed } in postings {
        let posting = &placed.posting;
        write_posting(&mut rows, *stream_id, *part, placed);
        for line in posting.lines() {
            let dates = (posting.posting_date().0, posting.service_date().0);
            let key = (*stream_id, *part, dates.0, dates.1, line.chart.number(), line.control_owner());
            let sum = sums.entry(key).or_default();
            let add = |sum: i64, part: i64| {
                sum.checked_add(part).ok_or_else(|| StoreError::row("summing a batch", "a sum overflows"))
            };
            *sum = (add(sum.0, line.debit.units())?, add(sum.1, line.credit.units())?);
        }
    }
    rows.send(
        transaction,
        concat!("COPY ledger.posting (", posting_columns!(), ") FROM STDIN (FORMAT BINARY)"),
        "writing postings",
    )
    .await?;
    if sums.is_empty() {
        return Ok(());
    }
    // BTreeMap order is key order: balance rows are locked sorted.
    sqlx::query(
        "INSERT INTO ledger.balance (stream_id, part, posting_date, service_date, chart, owner, debit, credit)
         SELECT * FROM unnest($1::int[], $2::int[], $3::date[], $4::date[], $5::smallint[], $6::bigint[], $7::bigint[],
           $8::bigint[])
         ON CONFLICT (stream_id, part, posting_date, service_date, chart, owner)
         DO UPDATE SET debit = balance.debit + excluded.debit, credit = balance.credit + excluded.credit",
    )
    .bind(sums.keys().map(|key| key.0).collect::<Vec<i32>>())
    .bind(sums.keys().map(|key| key.1).collect::<Vec<i32>>())
    .bind(sums.keys().map(|key| key.2).collect::<Vec<NaiveDate>>())
    .bind(sums.keys().map(|key| key.3).collect::<Vec<NaiveDate>>())
    .bind(sums.keys().map(|key| key.4).collect::<Vec<i16>>())
    .bind(sums.keys().map(|key| key.5).collect::<Vec<i64>>())
    .bind(sums.values().map(|sum| sum.0).collect::<Vec<i64>>())
    .bind(sums.values().map(|sum| sum.1).collect::<Vec<i64>>())
    .execute(transaction)
    .await
    .doing("adding to the balances")?;
    Ok(())
}

/// Writes a posting's row.
pub(crate) fn write_posting(rows: &mut Rows, stream_id: i32, part: i32, placed: &Placed) {
    let posting = &placed.posting;
    rows.row().i32(stream_id).i32(part).i64(placed.offset as i64).i32(placed.ordinal as i32);
    rows.date(posting.posting_date().0).date(posting.service_date().0).text(posting.kind().word());
    match posting.cause() {
        Cause::Tap { account, tap } => {
            rows.i64(account.as_i64()).i64(tap.device.as_i64());
            rows.i64(tap.journal.as_i64()).i64(tap.sequence.as_i64()).null();
        }
        // An office posting has no account, so the two cannot be taken for each other.
        Cause::Command { account, id } => {
            rows.i64(account.as_i64()).null().null().null().text(&id.to_string());
        }
        Cause::Office(name) => {
            rows.null().null().null().null().text(name);
        }
    }
    let lines = posting.lines();
    rows.i16s(&lines.iter().map(|line| line.chart.number()).collect::<Vec<_>>());
    rows.i64s(&lines.iter().map(|line| line.owner).collect::<Vec<_>>());
    rows.i64s(&lines.iter().map(|line| line.debit.units()).collect::<Vec<_>>());
    rows.i64s(&lines.iter().map(|line| line.credit.units()).collect::<Vec<_>>());
}

/// The offset that the next posting of the back office gets. The caller holds the office's row.
pub async fn office_offset(conn: &mut PgConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT next_offset FROM ingest.partition_lease WHERE stream_id = $1 AND part = $2")
        .bind(OFFICE.0)
        .bind(OFFICE.1)
        .fetch_one(conn)
        .await
        .doing("reading where the office stands")
}

/// Appends postings of the back office: takes the next offsets of the office's own row, and continues its chain. One
/// transaction at a time gets through, which is what an office needs.
pub async fn append_office(transaction: &mut PgConnection, postings: Vec<Posting>) -> Result<(), StoreError> {
    let doing = "appending office postings";
    if postings.is_empty() {
        return Ok(());
    }
    let row = sqlx::query(
        "SELECT next_offset, chain_head FROM ingest.partition_lease WHERE stream_id = $1 AND part = $2 FOR UPDATE",
    )
    .bind(OFFICE.0)
    .bind(OFFICE.1)
    .fetch_one(&mut *transaction)
    .await
    .doing(doing)?;
    let first: i64 = row.get(0);
    let head: Vec<u8> = row.get(1);
    let mut head = Digest(head.try_into().map_err(|_| StoreError::row(doing, "chain head is not 32 bytes"))?);
    let mut placed = Vec::with_capacity(postings.len());
    for (offset, posting) in (first as u64..).zip(postings) {
        head = chain::extend(&head, offset, 0, &posting);
        placed.push(Placed { offset, ordinal: 0, posting });
    }
    sqlx::query("UPDATE ingest.partition_lease SET next_offset = $3, chain_head = $4 WHERE stream_id = $1 AND part = $2")
        .bind(OFFICE.0)
        .bind(OFFICE.1)
        .bind(first + placed.len() as i64)
        .bind(head.0.as_slice())
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
    let written: Vec<_> =
        placed.iter().map(|placed| Written { stream_id: OFFICE.0, part: OFFICE.1, placed }).collect();
    insert(transaction, &written).await
}
