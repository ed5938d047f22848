//! One tap: what was seen, what became of it, and every posting it caused.

use super::ledger::chart;
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::Chart;
use primitives::{AccountId, Digest, Minor, PartyNo, PostingDate, ServiceDate, TapId};
use sqlx::PgConnection;

/// A tap that took effect, as the tables hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapRow {
    /// Its identity.
    pub id: TapId,
    /// Digest of the body the device signed.
    pub body_digest: Digest,
    /// The card account.
    pub account: AccountId,
    /// Its kind's stable word.
    pub kind: String,
    /// When, by the device.
    pub at: DateTime<Utc>,
    /// When the gateway received it.
    pub received_at: DateTime<Utc>,
    /// The day of travel.
    pub service_date: ServiceDate,
    /// The accounting day.
    pub posting_date: PostingDate,
    /// The operator the device is registered to.
    pub operator: PartyNo,
    /// The route.
    pub route: Option<String>,
    /// The stop or station.
    pub stop: Option<String>,
    /// A bill's or top-up's reference.
    pub reference: Option<String>,
    /// The school or channel.
    pub payee: Option<PartyNo>,
    /// Amount of a payment or top-up.
    pub amount: Option<Minor>,
    /// The code of a refused request.
    pub refused: Option<String>,
    /// Where it stands in the log: stream, partition, offset.
    pub position: (i32, u32, u64),
}

/// One version of the price of a ride.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegVersion {
    /// The ride: the identity of its first tap.
    pub leg: TapId,
    /// Which version, from 1.
    pub version: u32,
    /// The tap that ended it.
    pub exit: Option<TapId>,
    /// The operator that earned it.
    pub operator: PartyNo,
    /// The route.
    pub route: String,
    /// Where from.
    pub from_stop: Option<String>,
    /// Where to.
    pub to_stop: Option<String>,
    /// The rider's category.
    pub rider_category: String,
    /// The fare medium.
    pub fare_medium: String,
    /// Who carries the rider's share: `prepaid` or `open_loop`.
    pub tender: String,
    /// The day of travel.
    pub service_date: ServiceDate,
    /// The accounting day.
    pub posting_date: PostingDate,
    /// `ride`, `missing_exit`, `missing_entry`, `second_tap` or `cancelled`.
    pub shape: String,
    /// What somebody should look at, as `clearing::Flag::word` says it.
    pub flags: Vec<String>,
    /// Why there is no fare.
    pub unknown: Option<String>,
    /// The full price.
    pub gross: Minor,
    /// The rider's share.
    pub rider: Minor,
    /// The funders' shares.
    pub funded: Vec<(PartyNo, Minor)>,
    /// The fare product.
    pub product: Option<String>,
    /// The rules that fired.
    pub rules: Vec<String>,
    /// Where the record that caused this version stands: stream, partition, offset.
    pub position: (i32, u32, u64),
}

/// One line of a posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingLine {
    /// The account of the chart.
    pub chart: Chart,
    /// Its owner.
    pub owner: i64,
    /// Debit, or zero.
    pub debit: Minor,
    /// Credit, or zero.
    pub credit: Minor,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRow {
    /// Where it stands: stream, partition, offset.
    pub position: (i32, u32, u64),
    /// Which of its record's postings it is.
    pub ordinal: u32,
    /// What it records.
    pub kind: String,
    /// The accounting day.
    pub posting_date: PostingDate,
    /// The day of travel.
    pub service_date: ServiceDate,
    /// Its lines.
    pub lines: Vec<PostingLine>,
}

/// A tap, the versions of the ride it belongs to, and the postings of that ride or payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapDetail {
    /// The tap.
    pub tap: TapRow,
    /// Every version of every ride it begins or ends, by ride and version.
    pub legs: Vec<LegVersion>,
    /// Their postings, in log order.
    pub postings: Vec<PostingRow>,
}

/// Everything about one tap that took effect; none when it did not (yet).
pub async fn tap(conn: &mut PgConnection, id: TapId) -> Result<Option<TapDetail>, StoreError> {
    let found: Option<Row> = sqlx::query_as(
        "SELECT body_digest, account_id, kind, at, received_at, service_date, posting_date, operator_no, route, stop,
                reference, payee_no, amount, code, stream_id, part, off
         FROM clearing.tap WHERE device_id = $1 AND journal_id = $2 AND seq = $3",
    )
    .bind(id.device.as_i64())
    .bind(id.journal.as_i64())
    .bind(id.sequence.as_i64())
    .fetch_optional(&mut *conn)
    .await
    .doing("reading a tap")?;
    let Some(row) = found else { return Ok(None) };
    let tap = tap_row(id, row)?;
    let legs = legs(&mut *conn, &tap).await?;
    let postings = postings(conn, &tap, &legs).await?;
    Ok(Some(TapDetail { tap, legs, postings }))
}

#[derive(sqlx::FromRow)]
struct Row {
    body_digest: Vec<u8>,
    account_id: i64,
    kind: String,
    at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    service_date: NaiveDate,
    posting_date: NaiveDate,
    operator_no: i32,
    route: Option<String>,
    stop: Option<String>,
    reference: Option<String>,
    payee_no: Option<i32>,
    amount: Option<i64>,
    code: Option<String>,
    stream_id: i32,
    part: i32,
    off: i64,
}

fn tap_row(id: TapId, row: Row) -> Result<TapRow, StoreError> {
    Ok(TapRow {
        id,
        body_digest: rows::digest(row.body_digest)?,
        account: rows::account(row.account_id)?,
        kind: row.kind,
        at: row.at,
        received_at: row.received_at,
        service_date: ServiceDate(row.service_date),
        posting_date: PostingDate(row.posting_date),
        operator: rows::party(row.operator_no)?,
        route: row.route,
        stop: row.stop,
        reference: row.reference,
        payee: row.payee_no.map(rows::party).transpose()?,
        amount: row.amount.map(Minor::new),
        refused: row.code,
        position: (row.stream_id, rows::unsigned(row.part)?, rows::count(row.off)?),
    })
}

#[derive(sqlx::FromRow)]
struct LegRow {
    leg_device: i64,
    leg_journal: i64,
    leg_seq: i64,
    version: i32,
    exit_device: Option<i64>,
    exit_journal: Option<i64>,
    exit_seq: Option<i64>,
    operator_no: i32,
    route: String,
    from_stop: Option<String>,
    to_stop: Option<String>,
    rider_category: String,
    fare_medium: String,
    tender: String,
    service_date: NaiveDate,
    posting_date: NaiveDate,
    shape: String,
    flags: Vec<String>,
    unknown: Option<String>,
    gross: i64,
    rider: i64,
    funders: Vec<i32>,
    funded: Vec<i64>,
    product: Option<String>,
    rules: Vec<String>,
    stream_id: i32,
    part: i32,
    off: i64,
}

/// A tap begins a ride or ends one; a ride whose exit became known late has versions with and without it, so the rides
/// are found first and then all their versions.
async fn legs(conn: &mut PgConnection, tap: &TapRow) -> Result<Vec<LegVersion>, StoreError> {
    let found: Vec<LegRow> = sqlx::query_as(
        "SELECT leg_device, leg_journal, leg_seq, version, exit_device, exit_journal, exit_seq, operator_no, route,
                from_stop, to_stop, rider_category, fare_medium, tender, service_date, posting_date, shape, flags, unknown,
                gross, rider, funders, funded, product, rules, stream_id, part, off
         FROM clearing.charge
         WHERE account_id = $1 AND (leg_device, leg_journal, leg_seq) IN (
               SELECT leg_device, leg_journal, leg_seq FROM clearing.charge
               WHERE account_id = $1 AND ((leg_device, leg_journal, leg_seq) = ($2, $3, $4)
                                       OR (exit_device, exit_journal, exit_seq) = ($2, $3, $4)))
         ORDER BY leg_device, leg_journal, leg_seq, version",
    )
    .bind(tap.account.as_i64())
    .bind(tap.id.device.as_i64())
    .bind(tap.id.journal.as_i64())
    .bind(tap.id.sequence.as_i64())
    .fetch_all(conn)
    .await
    .doing("reading the versions of a ride")?;
    found.into_iter().map(leg).collect()
}

fn leg(row: LegRow) -> Result<LegVersion, StoreError> {
    let exit = match (row.exit_device, row.exit_journal, row.exit_seq) {
        (Some(device), Some(journal), Some(sequence)) => Some(rows::tap_id(device, journal, sequence)?),
        _ => None,
    };
    let funders = row.funders.into_iter().map(rows::party).collect::<Result<Vec<_>, _>>()?;
    Ok(LegVersion {
        leg: rows::tap_id(row.leg_device, row.leg_journal, row.leg_seq)?,
        version: rows::unsigned(row.version)?,
        exit,
        operator: rows::party(row.operator_no)?,
        route: row.route,
        from_stop: row.from_stop,
        to_stop: row.to_stop,
        rider_category: row.rider_category,
        fare_medium: row.fare_medium,
        tender: row.tender,
        service_date: ServiceDate(row.service_date),
        posting_date: PostingDate(row.posting_date),
        shape: row.shape,
        flags: row.flags,
        unknown: row.unknown,
        gross: Minor::new(row.gross),
        rider: Minor::new(row.rider),
        funded: funders.into_iter().zip(row.funded.into_iter().map(Minor::new)).collect(),
        product: row.product,
        rules: row.rules,
        position: (row.stream_id, rows::unsigned(row.part)?, rows::count(row.off)?),
    })
}

#[derive(sqlx::FromRow)]
struct Stored {
    stream_id: i32,
    part: i32,
    off: i64,
    ord: i32,
    kind: String,
    posting_date: NaiveDate,
    service_date: NaiveDate,
    chart: Vec<i16>,
    owner: Vec<i64>,
    debit: Vec<i64>,
    credit: Vec<i64>,
}

/// Postings are keyed by the record that caused them, and every version names its record and the day it was posted on; so
/// no index over causes is needed to find them, and no other month is looked at.
async fn postings(
    conn: &mut PgConnection,
    tap: &TapRow,
    legs: &[LegVersion],
) -> Result<Vec<PostingRow>, StoreError> {
    let mut positions: Vec<(i32, u32, u64)> = legs.iter().map(|leg| leg.position).collect();
    positions.push(tap.position);
    let mut dates: Vec<NaiveDate> = legs.iter().map(|leg| leg.posting_date.0).collect();
    dates.push(tap.posting_date.0);
    let mut causes: Vec<TapId> = legs.iter().map(|leg| leg.leg).collect();
    causes.push(tap.id);
    let streams: Vec<i32> = positions.iter().map(|position| position.0).collect();
    let parts = positions.iter().map(|position| rows::int(position.1)).collect::<Result<Vec<_>, _>>()?;
    let offsets = positions.iter().map(|position| rows::signed(position.2)).collect::<Result<Vec<_>, _>>()?;
    let devices: Vec<i64> = causes.iter().map(|cause| cause.device.as_i64()).collect();
    let journals: Vec<i64> = causes.iter().map(|cause| cause.journal.as_i64()).collect();
    let sequences: Vec<i64> = causes.iter().map(|cause| cause.sequence.as_i64()).collect();
    let found: Vec<Stored> = sqlx::query_as(
        "SELECT p.stream_id, p.part, p.off, p.ord, p.kind, p.posting_date, p.service_date, p.chart, p.owner, p.debit,
                p.credit
         FROM (SELECT DISTINCT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::date[])
               AS r (stream_id, part, off, posting_date)) AS record
         JOIN ledger.posting p USING (stream_id, part, off, posting_date)
         WHERE (p.cause_device, p.cause_journal, p.cause_seq) IN (
               SELECT * FROM unnest($5::bigint[], $6::bigint[], $7::bigint[]))
         ORDER BY p.stream_id, p.part, p.off, p.ord",
    )
    .bind(streams)
    .bind(parts)
    .bind(offsets)
    .bind(dates)
    .bind(devices)
    .bind(journals)
    .bind(sequences)
    .fetch_all(conn)
    .await
    .doing("reading the postings of a tap")?;
    found.into_iter().map(posting).collect()
}

fn posting(row: Stored) -> Result<PostingRow, StoreError> {
    let mut lines = Vec::with_capacity(row.chart.len());
    for (index, number) in row.chart.iter().enumerate() {
        let of = |column: &[i64]| {
            column.get(index).copied().ok_or_else(|| rows::corrupt("ledger.posting", "a torn line"))
        };
        lines.push(PostingLine {
            chart: chart(*number)?,
            owner: of(&row.owner)?,
            debit: Minor::new(of(&row.debit)?),
            credit: Minor::new(of(&row.credit)?),
        });
    }
    Ok(PostingRow {
        position: (row.stream_id, rows::unsigned(row.part)?, rows::count(row.off)?),
        ordinal: rows::unsigned(row.ord)?,
        kind: row.kind,
        posting_date: PostingDate(row.posting_date),
        service_date: ServiceDate(row.service_date),
        lines,
    })
}
