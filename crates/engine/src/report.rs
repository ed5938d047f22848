//! Reports: what finance staff read, each figure with the list that makes it up.
//!
//! Lists come from [`store::report`] as they are; what needs more than one of them is put together here. A page that shows
//! several figures takes a [`snapshot`] first, so that all of them are of one moment.

use crate::EngineError;
use primitives::{DayRule, Minor, MoneyError, PartyNo, PostingDate, ServiceDate};
use store::{Connection as _, Doing as _, PgConnection, PgTransaction, StoreError};
use wire::EventLog;

pub use store::bank::BankDifference;
pub use store::registry::Party;
pub use store::report::{
    BreakFilter, BreakRow, ChargeFilter, ChargeRow, DayRow, DayState, EntryFilter, EntryRow, EntrySums,
    FileRow, HourRow, ItemRow, LegVersion, LineRow, MatchRow, OperatorRow, OwnerRow, PAGE_ROWS_MAX, Page,
    PageRequest, PayoutRow, PostingLine, PostingRow, QuarantineFilter, QuarantineRow, Quarantined, RideSums,
    RunRow, SchoolRow, Stand, StatementRow, TapCount, TapDetail, TapRow, TrialRow, breaks, charges,
    claims_of_day, days, entries, files, items_of_day, owners, payouts, quarantine, quarantine_codes,
    quarantined, run, run_of_day, runs, statement, statement_lines, statements, tap,
};

/// One source of records and what became of them: accepted = posted + duplicate + quarantined + pending (C-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRow {
    /// Where the records come from.
    pub source: Source,
    /// Records taken in, day markers left out.
    pub accepted: u64,
    /// Those that took effect.
    pub posted: u64,
    /// Those that were known before.
    pub duplicate: u64,
    /// Those that were refused.
    pub quarantined: u64,
    /// Those that are still to be judged.
    pub pending: u64,
    /// Why the partition stands still, if it does.
    pub halted: Option<String>,
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// What the gateway refused before the log.
    Gateway,
    /// A partition of the log.
    Partition {
        /// The log's topic.
        topic: String,
        /// The partition.
        part: u32,
    },
}

impl PipelineRow {
    /// True when every record taken in is accounted for.
    pub const fn holds(&self) -> bool {
        let seen = self.posted.saturating_add(self.duplicate).saturating_add(self.quarantined);
        self.accepted == seen.saturating_add(self.pending)
    }
}

/// Where a partition of the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// The log's topic, by the id that a new topic of the same name would not have.
    pub topic_id: String,
    /// The partition.
    pub part: u32,
    /// The offset the next record will get.
    pub end: u64,
}

/// An accounting day at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOverview {
    /// The day and how far it is.
    pub day: DayRow,
    /// What its rides add up to; the operators' rows add up to it, and the hours too.
    pub totals: RideSums,
    /// Its taps by kind.
    pub taps: Vec<TapCount>,
    /// Its rides by the hour they began, in the order of the service day.
    pub hours: Vec<HourRow>,
    /// Its operators, by number.
    pub operators: Vec<OperatorRow>,
    /// Its schools, by number.
    pub schools: Vec<SchoolRow>,
    /// What became of every record of every source (all days).
    pub pipeline: Vec<PipelineRow>,
    /// The book against the bank.
    pub bank: BankDifference,
    /// How many breaks are open.
    pub open_breaks: u64,
    /// How many refused taps nobody looked after, by code.
    pub open_quarantine: Vec<(String, u64)>,
    /// How many of its rides have no fare.
    pub unpriced: u64,
    /// Its payout run.
    pub run: Option<RunRow>,
}

/// One line of an operator's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementItem {
    /// The day of travel.
    pub service_date: ServiceDate,
    /// The route.
    pub route: String,
    /// What its rides add up to.
    pub sums: RideSums,
}

/// What an operator is owed over one accounting day, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorStatement {
    /// The operator.
    pub party: Party,
    /// The accounting day.
    pub date: PostingDate,
    /// Owed before the day (below zero: the operator owes us).
    pub opening: Minor,
    /// The day's rides by day of travel and route.
    pub items: Vec<StatementItem>,
    /// What these items add up to.
    pub earned: RideSums,
    /// Cash the operator took for us that day.
    pub cash: Minor,
    /// Paid out to it that day.
    pub paid: Minor,
    /// Owed after the day, by the ledger.
    pub closing: Minor,
    /// Its part of the payout run that settles this day.
    pub payout: Option<PayoutRow>,
}

impl OperatorStatement {
    /// True when opening plus rides less cash less payouts is closing: rides and ledger tell the same.
    pub fn holds(&self) -> bool {
        let sum = || {
            let earned = self.earned.rider.plus(self.earned.subsidy)?;
            self.opening.plus(earned)?.minus(self.cash)?.minus(self.paid)
        };
        sum() == Ok(self.closing)
    }
}

/// Debits and credits of all accounts over a period, in six columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    /// First accounting day.
    pub from: PostingDate,
    /// Last accounting day.
    pub to: PostingDate,
    /// Every account of the chart, by number.
    pub rows: Vec<TrialRow>,
    /// Sums of the columns.
    pub totals: TrialTotals,
}

/// The sums of a trial balance: each pair is equal when the books balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrialTotals {
    /// Openings above zero (debit balances).
    pub opening_debit: Minor,
    /// Openings below zero (credit balances), as an amount.
    pub opening_credit: Minor,
    /// Debits of the period.
    pub debit: Minor,
    /// Credits of the period.
    pub credit: Minor,
    /// Closings above zero.
    pub closing_debit: Minor,
    /// Closings below zero, as an amount.
    pub closing_credit: Minor,
}

impl TrialTotals {
    /// True when every pair of columns is equal.
    pub fn balances(&self) -> bool {
        self.opening_debit == self.opening_credit
            && self.debit == self.credit
            && self.closing_debit == self.closing_credit
    }
}

/// Begins a read-only transaction in which everything is of one moment, and in which a statement may run longer than one
/// of the service: a figure of a big city's day takes seconds. Dropping it ends it.
pub async fn snapshot(conn: &mut PgConnection) -> Result<PgTransaction<'_>, EngineError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '30s'";
    Ok(conn.begin_with(begin).await.doing("taking a snapshot")?)
}

/// Where every partition of the log ends now.
pub async fn log_ends<L: EventLog>(log: &L) -> Result<Vec<LogEnd>, EngineError> {
    let identity = log.identity().await?;
    let mut ends = Vec::new();
    for part in 0..identity.partitions {
        let (_, end) = log.bounds(part).await?;
        ends.push(LogEnd { topic_id: identity.topic_id.clone(), part, end });
    }
    Ok(ends)
}

/// What became of every record of every source. `ends` tells where the log's partitions end; without it only the
/// embedded log's ends are known, and what another log still holds counts as neither accepted nor pending.
pub async fn pipeline(conn: &mut PgConnection, ends: &[LogEnd]) -> Result<Vec<PipelineRow>, EngineError> {
    let refused = store::report::gateway_refusals(&mut *conn).await?;
    let mut rows = vec![PipelineRow {
        source: Source::Gateway,
        accepted: refused,
        posted: 0,
        duplicate: 0,
        quarantined: refused,
        pending: 0,
        halted: None,
    }];
    for row in store::report::pipeline(conn).await? {
        let told = ends.iter().find(|end| end.topic_id == row.topic_id && end.part == row.part);
        // The log was asked before the tables, so its answer may be behind the position by now.
        let end = told.map(|end| end.end).or(row.end).unwrap_or(row.next).max(row.next);
        rows.push(PipelineRow {
            source: Source::Partition { topic: row.topic, part: row.part },
            accepted: end.saturating_sub(row.first).saturating_sub(row.markers),
            posted: row.posted,
            duplicate: row.duplicate,
            quarantined: row.quarantined,
            pending: end.saturating_sub(row.next),
            halted: row.halted,
        });
    }
    Ok(rows)
}

/// An accounting day at a glance. The hours are by the clock of `rule`, from the hour its service day begins.
pub async fn day(
    conn: &mut PgConnection,
    date: PostingDate,
    rule: &DayRule,
    ends: &[LogEnd],
) -> Result<DayOverview, EngineError> {
    use store::report;
    let known = report::days(&mut *conn).await?.into_iter().find(|day| day.date == date);
    let mut hours = report::hours(&mut *conn, date, rule.zone.name()).await?;
    let first_hour = rule.day_start_seconds / 3600 % 24;
    hours.sort_by_key(|row| (row.hour + 24 - first_hour) % 24);
    Ok(DayOverview {
        day: known.unwrap_or(DayRow { date, state: DayState::Open, closed_at: None, positions: None }),
        totals: report::rides(&mut *conn, date).await?,
        taps: report::taps(&mut *conn, date).await?,
        hours,
        operators: report::operators(&mut *conn, date).await?,
        schools: report::schools(&mut *conn, date).await?,
        pipeline: pipeline(&mut *conn, ends).await?,
        bank: store::bank::difference(&mut *conn).await?,
        open_breaks: store::bank::open_breaks(&mut *conn).await?,
        open_quarantine: report::quarantine_codes(&mut *conn, "open").await?,
        unpriced: report::unpriced(&mut *conn, date).await?,
        run: report::run_of_day(conn, date).await?,
    })
}

/// What an operator is owed over an accounting day; none when there is no such party.
pub async fn operator_statement(
    conn: &mut PgConnection,
    operator: PartyNo,
    date: PostingDate,
) -> Result<Option<OperatorStatement>, EngineError> {
    let parties = store::registry::parties(&mut *conn).await?;
    let Some(party) = parties.into_iter().find(|party| party.no == operator) else { return Ok(None) };
    let items: Vec<StatementItem> = store::report::items(&mut *conn, operator, date)
        .await?
        .into_iter()
        .map(|(service_date, route, sums)| StatementItem { service_date, route, sums })
        .collect();
    let earned = add_up(&items).map_err(sums)?;
    let (opening, cash, paid, closing) = store::report::operator_net(&mut *conn, operator, date).await?;
    let payout = match store::report::run_of_day(&mut *conn, date).await? {
        Some(run) => {
            store::report::payouts(conn, run.id).await?.into_iter().find(|row| row.party == operator)
        }
        None => None,
    };
    Ok(Some(OperatorStatement { party, date, opening, items, earned, cash, paid, closing, payout }))
}

fn add_up(items: &[StatementItem]) -> Result<RideSums, MoneyError> {
    items.iter().try_fold(RideSums::default(), |total, item| {
        Ok(RideSums {
            rides: total.rides.checked_add(item.sums.rides).ok_or(MoneyError::Overflow)?,
            gross: total.gross.plus(item.sums.gross)?,
            rider: total.rider.plus(item.sums.rider)?,
            subsidy: total.subsidy.plus(item.sums.subsidy)?,
        })
    })
}

fn sums(error: MoneyError) -> EngineError {
    StoreError::row("adding up a report", error.to_string()).into()
}

/// The trial balance of the accounting days `from` to `to`.
pub async fn trial_balance(
    conn: &mut PgConnection,
    from: PostingDate,
    to: PostingDate,
) -> Result<TrialBalance, EngineError> {
    let rows = store::report::trial_balance(conn, from, to).await?;
    let totals = totals(&rows).map_err(sums)?;
    Ok(TrialBalance { from, to, rows, totals })
}

fn totals(rows: &[TrialRow]) -> Result<TrialTotals, MoneyError> {
    let mut totals = TrialTotals::default();
    for TrialRow { stand, .. } in rows {
        let (debit, credit) = sides(stand.opening)?;
        totals.opening_debit = totals.opening_debit.plus(debit)?;
        totals.opening_credit = totals.opening_credit.plus(credit)?;
        totals.debit = totals.debit.plus(stand.debit)?;
        totals.credit = totals.credit.plus(stand.credit)?;
        let (debit, credit) = sides(stand.closing)?;
        totals.closing_debit = totals.closing_debit.plus(debit)?;
        totals.closing_credit = totals.closing_credit.plus(credit)?;
    }
    Ok(totals)
}

/// A balance as the two columns of a trial balance: (debit, credit), one of them zero.
pub fn sides(balance: Minor) -> Result<(Minor, Minor), MoneyError> {
    if balance.is_negative() { Ok((Minor::ZERO, balance.negated()?)) } else { Ok((balance, Minor::ZERO)) }
}
