//! Rides and what they cost: the list behind every figure of a statement.

use super::{Page, PageRequest, RideSums};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use primitives::{AccountId, Minor, PartyNo, PostingDate, ServiceDate, TapId};
use sqlx::PgConnection;

/// Which charges are wanted: those posted on a day, and of these the ones that every given filter lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeFilter {
    /// The accounting day.
    pub date: PostingDate,
    /// Only this operator's.
    pub operator: Option<PartyNo>,
    /// Only this route's.
    pub route: Option<String>,
    /// Only those of this day of travel.
    pub service_date: Option<ServiceDate>,
    /// Only rides that have no fare still: their last version says why.
    pub unpriced: bool,
}

impl ChargeFilter {
    /// Everything posted on a day.
    pub const fn of_day(date: PostingDate) -> Self {
        ChargeFilter { date, operator: None, route: None, service_date: None, unpriced: false }
    }
}

/// One version of a ride's price. The `sums` are the differences this version posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The ride: the identity of its first tap.
    pub leg: TapId,
    /// Which version of its price, from 1.
    pub version: u32,
    /// The card account.
    pub account: AccountId,
    /// When the ride began.
    pub at: Option<DateTime<Utc>>,
    /// The operator.
    pub operator: PartyNo,
    /// The route.
    pub route: String,
    /// Where from.
    pub from_stop: Option<String>,
    /// Where to.
    pub to_stop: Option<String>,
    /// The rider's category.
    pub rider_category: String,
    /// `ride`, `missing_exit`, `missing_entry`, `second_tap` or `cancelled`.
    pub shape: String,
    /// Why there is no fare.
    pub unknown: Option<String>,
    /// The day of travel.
    pub service_date: ServiceDate,
    /// The full price of this version.
    pub gross: Minor,
    /// The rider's share of it.
    pub rider: Minor,
    /// What this version changed.
    pub sums: RideSums,
}

#[derive(sqlx::FromRow)]
struct Row {
    leg_device: i64,
    leg_journal: i64,
    leg_seq: i64,
    version: i32,
    account_id: i64,
    at: Option<DateTime<Utc>>,
    operator_no: i32,
    route: String,
    from_stop: Option<String>,
    to_stop: Option<String>,
    rider_category: String,
    shape: String,
    unknown: Option<String>,
    service_date: NaiveDate,
    gross: i64,
    rider: i64,
    d_rides: i32,
    d_gross: i64,
    d_rider: i64,
    d_funded: i64,
}

/// The charges behind a figure, by identity, with their totals.
pub async fn charges(
    conn: &mut PgConnection,
    filter: &ChargeFilter,
    request: PageRequest,
) -> Result<Page<ChargeRow, RideSums>, StoreError> {
    let operator = filter.operator.map(rows::party_number).transpose()?;
    let service_date = filter.service_date.map(|date| date.0);
    let (total, rides, gross, rider, funded): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(d_rides), 0)::bigint, coalesce(sum(d_gross), 0)::bigint,
                coalesce(sum(d_rider), 0)::bigint, coalesce(sum(d_funded), 0)::bigint
         FROM clearing.charge c
         WHERE posting_date = $1 AND ($2::int IS NULL OR operator_no = $2) AND ($3::text IS NULL OR route = $3)
           AND ($4::date IS NULL OR service_date = $4)
           AND (NOT $5 OR unknown IS NOT NULL AND shape <> 'cancelled' AND NOT EXISTS (
               SELECT 1 FROM clearing.charge n
               WHERE n.account_id = c.account_id AND n.leg_device = c.leg_device AND n.leg_journal = c.leg_journal
                 AND n.leg_seq = c.leg_seq AND n.version > c.version))",
    )
    .bind(filter.date.0)
    .bind(operator)
    .bind(filter.route.as_deref())
    .bind(service_date)
    .bind(filter.unpriced)
    .fetch_one(&mut *conn)
    .await
    .doing("summing charges")?;
    let found: Vec<Row> = sqlx::query_as(
        "SELECT page.*, tap.at FROM (
             SELECT leg_device, leg_journal, leg_seq, version, account_id, operator_no, route, from_stop, to_stop,
                    rider_category, shape, unknown, service_date, gross, rider, d_rides, d_gross, d_rider, d_funded
             FROM clearing.charge c
             WHERE posting_date = $1 AND ($2::int IS NULL OR operator_no = $2)
               AND ($3::text IS NULL OR route = $3) AND ($4::date IS NULL OR service_date = $4)
               AND (NOT $5 OR unknown IS NOT NULL AND shape <> 'cancelled' AND NOT EXISTS (
                   SELECT 1 FROM clearing.charge n
                   WHERE n.account_id = c.account_id AND n.leg_device = c.leg_device AND n.leg_journal = c.leg_journal
                     AND n.leg_seq = c.leg_seq AND n.version > c.version))
             ORDER BY leg_device, leg_journal, leg_seq, version LIMIT $6 OFFSET $7) AS page
         LEFT JOIN clearing.tap ON tap.device_id = leg_device AND tap.journal_id = leg_journal AND tap.seq = leg_seq
         ORDER BY leg_device, leg_journal, leg_seq, version",
    )
    .bind(filter.date.0)
    .bind(operator)
    .bind(filter.route.as_deref())
    .bind(service_date)
    .bind(filter.unpriced)
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing charges")?;
    let charges = found.into_iter().map(charge).collect::<Result<_, _>>()?;
    Page::new(request, charges, total, RideSums::of((rides, gross, rider, funded)))
}

fn charge(row: Row) -> Result<ChargeRow, StoreError> {
    Ok(ChargeRow {
        leg: rows::tap_id(row.leg_device, row.leg_journal, row.leg_seq)?,
        version: rows::unsigned(row.version)?,
        account: rows::account(row.account_id)?,
        at: row.at,
        operator: rows::party(row.operator_no)?,
        route: row.route,
        from_stop: row.from_stop,
        to_stop: row.to_stop,
        rider_category: row.rider_category,
        shape: row.shape,
        unknown: row.unknown,
        service_date: ServiceDate(row.service_date),
        gross: Minor::new(row.gross),
        rider: Minor::new(row.rider),
        sums: RideSums::of((i64::from(row.d_rides), row.d_gross, row.d_rider, row.d_funded)),
    })
}

/// What an operator's rides posted on a day add up to, by day of travel and route.
pub async fn items(
    conn: &mut PgConnection,
    operator: PartyNo,
    date: PostingDate,
) -> Result<Vec<(ServiceDate, String, RideSums)>, StoreError> {
    let found: Vec<(NaiveDate, String, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT service_date, route, sum(d_rides)::bigint, sum(d_gross)::bigint, sum(d_rider)::bigint,
                sum(d_funded)::bigint
         FROM clearing.charge WHERE posting_date = $1 AND operator_no = $2
         GROUP BY service_date, route ORDER BY service_date, route",
    )
    .bind(date.0)
    .bind(rows::party_number(operator)?)
    .fetch_all(conn)
    .await
    .doing("summing an operator's day")?;
    Ok(found
        .into_iter()
        .map(|(date, route, rides, gross, rider, funded)| {
            (ServiceDate(date), route, RideSums::of((rides, gross, rider, funded)))
        })
        .collect())
}

/// How many rides posted on a day have no fare still.
pub async fn unpriced(conn: &mut PgConnection, date: PostingDate) -> Result<u64, StoreError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM clearing.charge c
         WHERE posting_date = $1 AND unknown IS NOT NULL AND shape <> 'cancelled'
           AND NOT EXISTS (SELECT 1 FROM clearing.charge n
                           WHERE n.account_id = c.account_id AND n.leg_device = c.leg_device
                             AND n.leg_journal = c.leg_journal AND n.leg_seq = c.leg_seq
                             AND n.version > c.version)",
    )
    .bind(date.0)
    .fetch_one(conn)
    .await
    .doing("counting rides without a fare")?;
    rows::count(count)
}
