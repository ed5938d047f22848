//! What accounts were charged: all together, for comparisons with an answer from elsewhere, and ride by ride, for refunds.

use crate::error::{Doing as _, StoreError};
use crate::registry::parse_tender;
use crate::rows;
use ledger::Chart;
use primitives::{AccountId, Minor, PartyNo, PostedRide, ServiceDate, TapId};
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;

/// What an account's rides came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// The rider's part of all its rides.
    pub rider: Minor,
    /// True when a ride of it has no fare.
    pub unpriced: bool,
}

/// What every account was charged in all.
pub async fn by_account(connection: &mut PgConnection) -> Result<BTreeMap<AccountId, Charged>, StoreError> {
    let found: Vec<(i64, i64, bool)> = sqlx::query_as(
        "SELECT account_id, sum(d_rider)::bigint, bool_or(unknown IS NOT NULL AND newest)
         FROM (SELECT account_id, d_rider, unknown,
                      version = max(version) OVER (PARTITION BY account_id, leg_device, leg_journal, leg_seq) AS newest
               FROM clearing.charge) AS charge
         GROUP BY account_id",
    )
    .fetch_all(connection)
    .await
    .doing("summing what accounts were charged")?;
    found
        .into_iter()
        .map(|(account, rider, unpriced)| {
            Ok((rows::account(account)?, Charged { rider: Minor::new(rider), unpriced }))
        })
        .collect()
}

/// A ride of an account as the books have it now; none when there is no such ride, or its first versions left with their
/// month: what was given back of it can then not be told.
pub async fn ride(
    connection: &mut PgConnection,
    account: AccountId,
    leg: TapId,
) -> Result<Option<PostedRide>, StoreError> {
    let doing = "looking up a ride";
    let bind = |query: &'static str| {
        sqlx::query(query)
            .bind(account.as_i64())
            .bind(leg.device.as_i64())
            .bind(leg.journal.as_i64())
            .bind(leg.sequence.as_i64())
    };
    let newest = bind(
        "SELECT version, operator_no, route, from_stop, to_stop, rider_category, fare_medium, tender, service_date, shape,
                gross, rider, funders, funded, product
         FROM clearing.charge WHERE account_id = $1 AND (leg_device, leg_journal, leg_seq) = ($2, $3, $4)
           AND EXISTS (SELECT FROM clearing.charge AS first WHERE first.account_id = $1
                       AND (first.leg_device, first.leg_journal, first.leg_seq, first.version) = ($2, $3, $4, 1))
         ORDER BY version DESC LIMIT 1",
    );
    let Some(row) = newest.fetch_optional(&mut *connection).await.doing(doing)? else { return Ok(None) };
    let operator: i32 = row.get("operator_no");
    // What went on from the operator to others stands in the postings alone.
    let shares = bind(
        "SELECT line.owner, sum(line.credit - line.debit)::bigint
         FROM (SELECT DISTINCT stream_id, part, off FROM clearing.charge
               WHERE account_id = $1 AND (leg_device, leg_journal, leg_seq) = ($2, $3, $4)) AS version
         JOIN ledger.entry AS line USING (stream_id, part, off)
         WHERE (cause_device, cause_journal, cause_seq) = ($2, $3, $4) AND line.chart = $5 AND line.owner <> $6
         GROUP BY line.owner HAVING sum(line.credit - line.debit) <> 0 ORDER BY line.owner",
    );
    let shares = shares.bind(Chart::OperatorFare.number()).bind(i64::from(operator));
    let shares = shares.fetch_all(&mut *connection).await.doing(doing)?;
    let given = bind(
        "SELECT coalesce(sum(refund.amount), 0)::bigint
         FROM (SELECT DISTINCT stream_id, part, off FROM clearing.charge
               WHERE account_id = $1 AND (leg_device, leg_journal, leg_seq) = ($2, $3, $4)) AS version
         JOIN clearing.command AS refund USING (stream_id, part, off)
         WHERE refund.kind = 'refund_fare' AND refund.outcome = 'done'",
    );
    let given: i64 = given.fetch_one(connection).await.doing(doing)?.get(0);
    let text = |column: &str| rows::text(&row.get::<String, _>(column));
    let stop = |column: &str| row.get::<Option<String>, _>(column).map(|text| rows::text(&text)).transpose();
    let funders: Vec<i32> = row.get("funders");
    let funded: Vec<i64> = row.get("funded");
    let party = |number: i64| {
        i32::try_from(number).map_err(|_| rows::corrupt("party number", number)).and_then(rows::party)
    };
    let part = |(number, amount): (i64, i64)| {
        Ok::<(PartyNo, Minor), StoreError>((party(number)?, Minor::new(amount)))
    };
    let funded = funders.into_iter().map(i64::from).zip(funded);
    Ok(Some(PostedRide {
        version: rows::unsigned(row.get("version"))?,
        operator: rows::party(operator)?,
        route: text("route")?,
        from: stop("from_stop")?,
        to: stop("to_stop")?,
        rider_category: text("rider_category")?,
        medium: text("fare_medium")?,
        tender: parse_tender(row.get("tender"))?,
        service_date: ServiceDate(row.get("service_date")),
        shape: text("shape")?,
        gross: Minor::new(row.get("gross")),
        rider: Minor::new(row.get("rider")),
        funded: funded.map(part).collect::<Result<_, _>>()?,
        shares: shares.iter().map(|row| part((row.get(0), row.get(1)))).collect::<Result<_, _>>()?,
        given_back: Minor::new(given),
        product: stop("product")?,
    }))
}
