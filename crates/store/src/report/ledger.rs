//! The ledger as an accountant reads it: trial balance, owners of an account, single entries.

use super::{Page, PageRequest};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::NaiveDate;
use ledger::Chart;
use primitives::{AccountId, Minor, PartyNo, PostingDate, ServiceDate, TapId};
use sqlx::PgConnection;

/// Where an account stood before a period, what moved in it, and so where it stood after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stand {
    /// Debits less credits before the period.
    pub opening: Minor,
    /// Debits of the period.
    pub debit: Minor,
    /// Credits of the period.
    pub credit: Minor,
    /// Debits less credits after the period.
    pub closing: Minor,
}

impl Stand {
    fn of(opening: i64, debit: i64, credit: i64) -> Result<Self, StoreError> {
        let opening = Minor::new(opening);
        let (debit, credit) = (Minor::new(debit), Minor::new(credit));
        let closing = opening
            .plus(debit)
            .and_then(|sum| sum.minus(credit))
            .map_err(|error| StoreError::row("adding up an account", error.to_string()))?;
        Ok(Stand { opening, debit, credit, closing })
    }
}

/// One account of the chart over a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialRow {
    /// The account.
    pub chart: Chart,
    /// The statutory account it maps to.
    pub vas_code: String,
    /// English name.
    pub name_en: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// Where it stood and what moved.
    pub stand: Stand,
}

/// One owner of an account of the chart over a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRow {
    /// The owner's number: a party, or 0 for an account without owners and for the sum of all cards.
    pub owner: i64,
    /// The party's id, if it is one.
    pub id: Option<String>,
    /// The party's name, if it is one.
    pub name: Option<String>,
    /// Where it stood and what moved.
    pub stand: Stand,
}

/// Which entries are wanted: those of a period, and of these the ones that every given filter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFilter {
    /// First accounting day.
    pub from: PostingDate,
    /// Last accounting day.
    pub to: PostingDate,
    /// Only this account of the chart.
    pub chart: Option<Chart>,
    /// Only this owner.
    pub owner: Option<i64>,
}

/// What entries add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntrySums {
    /// Debits.
    pub debit: Minor,
    /// Credits.
    pub credit: Minor,
}

/// One debit or credit, and what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// The accounting day.
    pub posting_date: PostingDate,
    /// The day of travel or of the act.
    pub service_date: ServiceDate,
    /// What the posting records.
    pub kind: String,
    /// The account of the chart.
    pub chart: Chart,
    /// Its owner.
    pub owner: i64,
    /// The card account concerned.
    pub account: Option<AccountId>,
    /// The tap that caused it.
    pub tap: Option<TapId>,
    /// The act of the back office that caused it.
    pub office: Option<String>,
    /// Debit, or zero.
    pub debit: Minor,
    /// Credit, or zero.
    pub credit: Minor,
}

pub(super) fn chart(number: i16) -> Result<Chart, StoreError> {
    Chart::from_number(number).ok_or_else(|| rows::corrupt("ledger.chart", number))
}

/// Every account of the chart over the accounting days `from` to `to`, by number.
pub async fn trial_balance(
    conn: &mut PgConnection,
    from: PostingDate,
    to: PostingDate,
) -> Result<Vec<TrialRow>, StoreError> {
    let found: Vec<(i16, String, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT account.chart, vas_code, name_en, name_vi,
                coalesce(sum(debit - credit) FILTER (WHERE posting_date < $1), 0)::bigint,
                coalesce(sum(debit) FILTER (WHERE posting_date >= $1), 0)::bigint,
                coalesce(sum(credit) FILTER (WHERE posting_date >= $1), 0)::bigint
         FROM ledger.chart AS account
         LEFT JOIN ledger.balance AS b ON b.chart = account.chart AND b.posting_date <= $2
         GROUP BY account.chart ORDER BY account.chart",
    )
    .bind(from.0)
    .bind(to.0)
    .fetch_all(conn)
    .await
    .doing("adding up the trial balance")?;
    found
        .into_iter()
        .map(|(number, vas_code, name_en, name_vi, opening, debit, credit)| {
            let stand = Stand::of(opening, debit, credit)?;
            Ok(TrialRow { chart: chart(number)?, vas_code, name_en, name_vi, stand })
        })
        .collect()
}

/// Every owner of an account of the chart over the accounting days `from` to `to`, by number.
pub async fn owners(
    conn: &mut PgConnection,
    account: Chart,
    from: PostingDate,
    to: PostingDate,
) -> Result<Vec<OwnerRow>, StoreError> {
    type Row = (i64, Option<String>, Option<String>, i64, i64, i64);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT b.owner, party.party_id, party.name,
                coalesce(sum(debit - credit) FILTER (WHERE posting_date < $2), 0)::bigint,
                coalesce(sum(debit) FILTER (WHERE posting_date >= $2), 0)::bigint,
                coalesce(sum(credit) FILTER (WHERE posting_date >= $2), 0)::bigint
         FROM ledger.balance AS b
         LEFT JOIN registry.party ON $4 AND party_no = b.owner
         WHERE b.chart = $1 AND b.posting_date <= $3
         GROUP BY b.owner, party.party_id, party.name ORDER BY b.owner",
    )
    .bind(account.number())
    .bind(from.0)
    .bind(to.0)
    .bind(account.owner_kind() == ledger::Owner::Party)
    .fetch_all(conn)
    .await
    .doing("adding up the owners of an account")?;
    found
        .into_iter()
        .map(|(owner, id, name, opening, debit, credit)| {
            Ok(OwnerRow { owner, id, name, stand: Stand::of(opening, debit, credit)? })
        })
        .collect()
}

/// What the house owes an operator over one accounting day: fares and subsidies less cash, as credits less debits.
/// Answers (before the day, cash taken that day, paid out that day, after the day).
pub async fn operator_net(
    conn: &mut PgConnection,
    operator: PartyNo,
    date: PostingDate,
) -> Result<(Minor, Minor, Minor, Minor), StoreError> {
    let (opening, cash, paid, closing): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(credit - debit) FILTER (WHERE posting_date < $2), 0)::bigint,
                coalesce(sum(debit - credit)
                    FILTER (WHERE posting_date = $2 AND stream_id <> 0 AND chart = $3), 0)::bigint,
                coalesce(sum(debit - credit) FILTER (WHERE posting_date = $2 AND stream_id = 0), 0)::bigint,
                coalesce(sum(credit - debit), 0)::bigint
         FROM ledger.balance
         WHERE owner = $1 AND posting_date <= $2 AND chart IN ($3, $4, $5)",
    )
    .bind(i64::from(operator.0))
    .bind(date.0)
    .bind(Chart::CashInTransit.number())
    .bind(Chart::OperatorFare.number())
    .bind(Chart::OperatorSubsidy.number())
    .fetch_one(conn)
    .await
    .doing("adding up what an operator is owed")?;
    Ok((Minor::new(opening), Minor::new(cash), Minor::new(paid), Minor::new(closing)))
}

/// The entries behind a figure of the ledger, in log order, with their totals.
///
/// The filters are asked of the whole posting first: taking postings apart is what costs, and most have no such line.
pub async fn entries(
    conn: &mut PgConnection,
    filter: &EntryFilter,
    request: PageRequest,
) -> Result<Page<EntryRow, EntrySums>, StoreError> {
    let chart_number = filter.chart.map(Chart::number);
    let (total, debit, credit): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(line.debit), 0)::bigint, coalesce(sum(line.credit), 0)::bigint
         FROM ledger.posting p, LATERAL unnest(p.chart, p.owner, p.debit, p.credit) AS line (chart, owner, debit, credit)
         WHERE posting_date BETWEEN $1 AND $2
           AND ($3::smallint IS NULL OR $3 = ANY (p.chart) AND line.chart = $3)
           AND ($4::bigint IS NULL OR $4 = ANY (p.owner) AND line.owner = $4)",
    )
    .bind(filter.from.0)
    .bind(filter.to.0)
    .bind(chart_number)
    .bind(filter.owner)
    .fetch_one(&mut *conn)
    .await
    .doing("summing entries")?;
    let found: Vec<Row> = sqlx::query_as(
        "SELECT posting_date, service_date, kind, line.chart, line.owner, account_id, cause_device, cause_journal,
                cause_seq, cause_text, line.debit, line.credit
         FROM ledger.posting p, LATERAL unnest(p.chart, p.owner, p.debit, p.credit) AS line (chart, owner, debit, credit)
         WHERE posting_date BETWEEN $1 AND $2
           AND ($3::smallint IS NULL OR $3 = ANY (p.chart) AND line.chart = $3)
           AND ($4::bigint IS NULL OR $4 = ANY (p.owner) AND line.owner = $4)
         ORDER BY posting_date, stream_id, part, off, ord, line.chart, line.owner, line.debit LIMIT $5 OFFSET $6",
    )
    .bind(filter.from.0)
    .bind(filter.to.0)
    .bind(chart_number)
    .bind(filter.owner)
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing entries")?;
    let entries = found.into_iter().map(entry).collect::<Result<_, _>>()?;
    Page::new(request, entries, total, EntrySums { debit: Minor::new(debit), credit: Minor::new(credit) })
}

#[derive(sqlx::FromRow)]
struct Row {
    posting_date: NaiveDate,
    service_date: NaiveDate,
    kind: String,
    chart: i16,
    owner: i64,
    account_id: Option<i64>,
    cause_device: Option<i64>,
    cause_journal: Option<i64>,
    cause_seq: Option<i64>,
    cause_text: Option<String>,
    debit: i64,
    credit: i64,
}

fn entry(row: Row) -> Result<EntryRow, StoreError> {
    let tap = match (row.cause_device, row.cause_journal, row.cause_seq) {
        (Some(device), Some(journal), Some(sequence)) => Some(rows::tap_id(device, journal, sequence)?),
        _ => None,
    };
    Ok(EntryRow {
        posting_date: PostingDate(row.posting_date),
        service_date: ServiceDate(row.service_date),
        kind: row.kind,
        chart: chart(row.chart)?,
        owner: row.owner,
        account: row.account_id.map(rows::account).transpose()?,
        tap,
        office: row.cause_text,
        debit: Minor::new(row.debit),
        credit: Minor::new(row.credit),
    })
}
