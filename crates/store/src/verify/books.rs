//! The books against themselves: what is kept as a sum must be the sum.

use super::Difference;
use crate::error::{Doing as _, StoreError};
use crate::posting::OFFICE;
use crate::rows;
use chrono::NaiveDate;
use ledger::{Chart, Ring};
use primitives::canonical::hex;
use primitives::{Digest, PostingDate};
use sqlx::{AssertSqlSafe, PgConnection};

/// Most differences of one kind that are told; the rest would not help whoever looks.
const TOLD_MAX: i64 = 20;

/// The balances that are not the sums of their postings.
pub async fn balances(conn: &mut PgConnection) -> Result<Vec<Difference>, StoreError> {
    type Row = (i32, i32, NaiveDate, NaiveDate, i16, i64, Option<String>, Option<String>);
    let accounts: Vec<i16> = Chart::ALL
        .iter()
        .filter(|chart| chart.owner_kind() == ledger::Owner::Account)
        .map(|chart| chart.number())
        .collect();
    let found: Vec<Row> = sqlx::query_as(
        "WITH summed AS (
           SELECT stream_id, part, posting_date, service_date, line.chart,
                  CASE WHEN line.chart = ANY($1) THEN 0 ELSE line.owner END AS owner,
                  sum(line.debit) AS debit, sum(line.credit) AS credit
           FROM ledger.posting p, LATERAL unnest(p.chart, p.owner, p.debit, p.credit) AS line (chart, owner, debit, credit)
           GROUP BY 1, 2, 3, 4, 5, 6)
         SELECT stream_id, part, posting_date, service_date, chart, owner,
                'debit ' || kept.debit || ', credit ' || kept.credit,
                'debit ' || summed.debit || ', credit ' || summed.credit
         FROM ledger.balance AS kept FULL JOIN summed
           USING (stream_id, part, posting_date, service_date, chart, owner)
         WHERE kept.debit IS DISTINCT FROM summed.debit OR kept.credit IS DISTINCT FROM summed.credit
         ORDER BY stream_id, part, posting_date, service_date, chart, owner LIMIT $2",
    )
    .bind(accounts)
    .bind(TOLD_MAX)
    .fetch_all(conn)
    .await
    .doing("adding up the postings")?;
    let told = |sums: Option<String>| sums.unwrap_or_else(|| "no row".into());
    Ok(found
        .into_iter()
        .map(|(stream_id, part, posting, service, chart, owner, kept, summed)| {
            let code = Chart::from_number(chart).map_or("?", Chart::code);
            Difference {
                partition: Some((stream_id, part)),
                row: format!("day {posting} travel {service} account {code} owner {owner}"),
                ..Difference::of("ledger.balance", told(kept), told(summed))
            }
        })
        .collect())
}

/// Debits less credits of every account of the chart that ever moved. Wide numbers: a damaged row must not stop whoever
/// looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    charts: Vec<(i16, i128)>,
}

impl Sums {
    /// Debits less credits of an account of the chart.
    pub fn net(&self, chart: Chart) -> i128 {
        self.charts.iter().filter(|(number, _)| *number == chart.number()).map(|(_, net)| net).sum()
    }

    /// Debits less credits of a ring; accounts that are in no chart count for both, so that they are seen.
    pub fn ring(&self, ring: Ring) -> i128 {
        let of_ring = |number| Chart::from_number(number).is_none_or(|chart| chart.ring() == ring);
        self.charts.iter().filter(|(number, _)| of_ring(*number)).map(|(_, net)| net).sum()
    }
}

/// Adds the books up, in one statement: the answer is of one moment while others go on posting.
pub async fn sums(conn: &mut PgConnection) -> Result<Sums, StoreError> {
    let found: Vec<(i16, String)> = sqlx::query_as(
        "SELECT chart, sum(debit::numeric - credit)::text FROM ledger.balance GROUP BY chart ORDER BY chart",
    )
    .fetch_all(conn)
    .await
    .doing("adding up the balances")?;
    let charts = found.into_iter().map(|(chart, net)| Ok((chart, wide(net)?)));
    Ok(Sums { charts: charts.collect::<Result<_, StoreError>>()? })
}

/// Value and debt of all card accounts.
pub async fn purses(conn: &mut PgConnection) -> Result<(i128, i128), StoreError> {
    let (value, debt): (String, String) = sqlx::query_as(
        "SELECT coalesce(sum(value), 0)::text, coalesce(sum(debt), 0)::text FROM clearing.account_state",
    )
    .fetch_one(conn)
    .await
    .doing("adding up the card accounts")?;
    Ok((wide(value)?, wide(debt)?))
}

pub(super) fn wide(text: String) -> Result<i128, StoreError> {
    text.parse().map_err(|_| rows::corrupt("a sum", text))
}

/// A closed day and the digest of its positions, or what stands in its place.
pub type ClosedDay = (PostingDate, Result<Digest, String>);

/// The closed days with the positions they say they left behind, oldest first; what is no digest comes as it is.
pub async fn day_positions(conn: &mut PgConnection) -> Result<Vec<ClosedDay>, StoreError> {
    let found: Vec<(NaiveDate, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT posting_date, positions FROM settle.day WHERE state = 'closed' ORDER BY posting_date",
    )
    .fetch_all(conn)
    .await
    .doing("reading closed days")?;
    let digest = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map(Digest).map_err(|bytes| hex(&bytes));
    let days =
        found.into_iter().map(|(date, positions)| (PostingDate(date), digest(positions.unwrap_or_default())));
    Ok(days.collect())
}

/// Every day that was asked to close, oldest first.
pub async fn days_asked(conn: &mut PgConnection) -> Result<Vec<PostingDate>, StoreError> {
    let found: Vec<NaiveDate> =
        sqlx::query_scalar("SELECT posting_date FROM settle.day ORDER BY posting_date")
            .fetch_all(conn)
            .await
            .doing("reading the days that were asked to close")?;
    Ok(found.into_iter().map(PostingDate).collect())
}

/// The reversals that do not undo what they name: one of the two postings is missing, or their lines are not each other's
/// with the sides turned, or a posting is called a reversal and names nothing.
pub async fn reversals(conn: &mut PgConnection) -> Result<Vec<Difference>, StoreError> {
    let found: Vec<(i32, i32, i64, String)> = sqlx::query_as(
        "SELECT r.stream_id, r.part, r.off, 'undone by office ' || r.by_off
         FROM ledger.reversal AS r
         LEFT JOIN ledger.posting AS p ON (p.stream_id, p.part, p.off, p.ord) = (r.stream_id, r.part, r.off, r.ord)
         LEFT JOIN ledger.posting AS by
           ON (by.stream_id, by.part, by.off, by.ord) = (r.by_stream_id, r.by_part, r.by_off, r.by_ord)
         WHERE (p.chart, p.owner, p.debit, p.credit) IS DISTINCT FROM (by.chart, by.owner, by.credit, by.debit)
            OR p.off IS NULL OR by.kind <> 'reversal'
         UNION ALL
         SELECT p.stream_id, p.part, p.off, 'a reversal of nothing'
         FROM ledger.posting AS p
         WHERE p.stream_id = $1 AND p.kind = 'reversal' AND NOT EXISTS (
           SELECT FROM ledger.reversal AS r
           WHERE (r.by_stream_id, r.by_part, r.by_off, r.by_ord) = (p.stream_id, p.part, p.off, p.ord))
         ORDER BY 1, 2, 3 LIMIT $2",
    )
    .bind(OFFICE.0)
    .bind(TOLD_MAX)
    .fetch_all(conn)
    .await
    .doing("reading the reversals")?;
    Ok(found
        .into_iter()
        .map(|(stream_id, part, offset, stored)| Difference {
            partition: Some((stream_id, part)),
            offset: Some(offset),
            ..Difference::of("ledger.reversal", stored, "a posting and its lines with the sides turned")
        })
        .collect())
}

/// The rows of partitions that are not there: no log explains them.
pub async fn strays(conn: &mut PgConnection) -> Result<Vec<Difference>, StoreError> {
    const TABLES: [(&str, &str); 7] = [
        ("ledger.posting", "off"),
        ("clearing.charge", "off"),
        ("clearing.tap", "off"),
        ("clearing.command", "off"),
        ("ingest.quarantine", "off"),
        ("ingest.commit_log", "from_off"),
        ("ingest.outbox", "from_off"),
    ];
    let mut differences = Vec::new();
    for (table, offset) in TABLES {
        // Both words are constants of this function. Bytes refused at the door stand in quarantine without a partition.
        let found: Vec<(i32, i32, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT stream_id, part, {offset} FROM {table} AS kept
             WHERE stream_id IS NOT NULL AND NOT EXISTS (
               SELECT FROM ingest.partition_lease AS lease WHERE (lease.stream_id, lease.part) = (kept.stream_id, kept.part))
             ORDER BY 1, 2, 3 LIMIT {TOLD_MAX}"
        )))
        .fetch_all(&mut *conn)
        .await
        .doing("looking for rows of partitions that are not there")?;
        differences.extend(found.into_iter().map(|(stream_id, part, offset)| Difference {
            partition: Some((stream_id, part)),
            offset: Some(offset),
            ..Difference::of(table, "a row", "no such partition")
        }));
    }
    Ok(differences)
}
