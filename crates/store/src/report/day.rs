//! One accounting day at a glance.

use super::RideSums;
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use primitives::{Digest, Minor, PartyNo, PostingDate};
use sqlx::PgConnection;

/// How far an accounting day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayState {
    /// Taps are posted on it.
    Open,
    /// Its markers are on their way through the partitions.
    Closing,
    /// Nothing is posted on it any more.
    Closed,
}

/// An accounting day and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The day.
    pub date: PostingDate,
    /// How far it is.
    pub state: DayState,
    /// When it was closed; none while it is open or closing.
    pub closed_at: Option<DateTime<Utc>>,
    /// Digest of the positions it left behind.
    pub positions: Option<Digest>,
}

/// Taps of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapCount {
    /// The kind's stable word.
    pub kind: String,
    /// How many took effect.
    pub posted: u64,
    /// How many were requests that were refused.
    pub refused: u64,
    /// Sum of the amounts they carried (payments and top-ups that took effect).
    pub amount: Minor,
}

/// Rides that began in one hour of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRow {
    /// The hour, 0 to 23, by the city's clock.
    pub hour: u32,
    /// What these rides add up to.
    pub sums: RideSums,
}

/// What an operator earned in a day and is owed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRow {
    /// The operator's number.
    pub party: PartyNo,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its rides, by the charges.
    pub sums: RideSums,
    /// Cash it took for us, by the ledger.
    pub cash: Minor,
    /// What the ledger owes it for the day: fares and subsidies less cash.
    pub net: Minor,
}

/// What a school was paid in a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolRow {
    /// The school's number.
    pub party: PartyNo,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Payments that took effect.
    pub payments: u64,
    /// Their sum.
    pub amount: Minor,
    /// Payments that were refused.
    pub refused: u64,
    /// What the ledger owes it for the day.
    pub net: Minor,
}

/// How far one partition's records are accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRow {
    /// The stream.
    pub stream: i32,
    /// Its topic.
    pub topic: String,
    /// The topic's id, which a new topic of the same name would not have.
    pub topic_id: String,
    /// The partition.
    pub part: u32,
    /// The first offset any batch took.
    pub first: u64,
    /// The next offset to take.
    pub next: u64,
    /// End of the log, where the database itself knows it (the embedded log).
    pub end: Option<u64>,
    /// Records that took effect.
    pub posted: u64,
    /// Records seen before.
    pub duplicate: u64,
    /// Records refused.
    pub quarantined: u64,
    /// End-of-day markers.
    pub markers: u64,
    /// The accounting day it posts on.
    pub posting_date: PostingDate,
    /// Why it stands still, if it does.
    pub halted: Option<String>,
}

/// The accounting days on which anything was posted or asked, newest first.
pub async fn days(conn: &mut PgConnection) -> Result<Vec<DayRow>, StoreError> {
    // Walks from day to day through the index; a DISTINCT would read every balance ever written.
    type Row = (NaiveDate, Option<String>, Option<DateTime<Utc>>, Option<Vec<u8>>);
    let found: Vec<Row> = sqlx::query_as(
        "WITH RECURSIVE posted (date) AS (
             (SELECT posting_date FROM ledger.balance ORDER BY posting_date DESC LIMIT 1)
             UNION ALL
             SELECT (SELECT posting_date FROM ledger.balance b WHERE b.posting_date < p.date
                     ORDER BY posting_date DESC LIMIT 1)
             FROM posted p WHERE p.date IS NOT NULL)
         SELECT date, day.state, day.closed_at, day.positions
         FROM (SELECT date FROM posted WHERE date IS NOT NULL UNION SELECT posting_date FROM settle.day) AS known
         LEFT JOIN settle.day AS day ON day.posting_date = known.date
         ORDER BY date DESC",
    )
    .fetch_all(conn)
    .await
    .doing("listing accounting days")?;
    found
        .into_iter()
        .map(|(date, state, closed_at, positions)| {
            Ok(DayRow {
                date: PostingDate(date),
                state: match state.as_deref() {
                    None => DayState::Open,
                    Some("closed") => DayState::Closed,
                    Some(_) => DayState::Closing,
                },
                closed_at,
                positions: positions.map(rows::digest).transpose()?,
            })
        })
        .collect()
}

/// What the rides posted on a day add up to.
pub async fn rides(conn: &mut PgConnection, date: PostingDate) -> Result<RideSums, StoreError> {
    let sums: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(d_rides), 0)::bigint, coalesce(sum(d_gross), 0)::bigint,
                coalesce(sum(d_rider), 0)::bigint, coalesce(sum(d_funded), 0)::bigint
         FROM clearing.charge WHERE posting_date = $1",
    )
    .bind(date.0)
    .fetch_one(conn)
    .await
    .doing("summing a day's rides")?;
    Ok(RideSums::of(sums))
}

/// The taps posted on a day, by kind.
pub async fn taps(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<TapCount>, StoreError> {
    let found: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT kind, count(*) FILTER (WHERE outcome = 'posted'), count(*) FILTER (WHERE outcome = 'refused'),
                coalesce(sum(amount) FILTER (WHERE outcome = 'posted'), 0)::bigint
         FROM clearing.tap WHERE posting_date = $1 GROUP BY kind ORDER BY kind",
    )
    .bind(date.0)
    .fetch_all(conn)
    .await
    .doing("counting a day's taps")?;
    found
        .into_iter()
        .map(|(kind, posted, refused, amount)| {
            Ok(TapCount {
                kind,
                posted: rows::count(posted)?,
                refused: rows::count(refused)?,
                amount: Minor::new(amount),
            })
        })
        .collect()
}

/// The rides posted on a day by the hour they began, by the clock of `zone` (an IANA name).
pub async fn hours(
    conn: &mut PgConnection,
    date: PostingDate,
    zone: &str,
) -> Result<Vec<HourRow>, StoreError> {
    let found: Vec<(i32, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT extract(hour FROM tap.at AT TIME ZONE $2)::int, sum(c.d_rides)::bigint, sum(c.d_gross)::bigint,
                sum(c.d_rider)::bigint, sum(c.d_funded)::bigint
         FROM clearing.charge c
         JOIN clearing.tap ON tap.device_id = c.leg_device AND tap.journal_id = c.leg_journal
                          AND tap.seq = c.leg_seq
         WHERE c.posting_date = $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(date.0)
    .bind(zone)
    .fetch_all(conn)
    .await
    .doing("spreading a day's rides over its hours")?;
    found
        .into_iter()
        .map(|(hour, rides, gross, rider, subsidy)| {
            Ok(HourRow { hour: rows::unsigned(hour)?, sums: RideSums::of((rides, gross, rider, subsidy)) })
        })
        .collect()
}

/// Every operator with rides or ledger movements on a day, by number.
pub async fn operators(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<OperatorRow>, StoreError> {
    type Row = (i32, String, String, i64, i64, i64, i64, i64, i64);
    let found: Vec<Row> = sqlx::query_as(
        "WITH earned AS (
             SELECT operator_no, sum(d_rides) AS rides, sum(d_gross) AS gross, sum(d_rider) AS rider,
                    sum(d_funded) AS funded
             FROM clearing.charge WHERE posting_date = $1 GROUP BY operator_no),
         moved AS (
             SELECT b.owner::int AS operator_no,
                    coalesce(sum(b.debit - b.credit) FILTER (WHERE b.chart = $2), 0) AS cash,
                    sum(b.credit - b.debit) AS net
             FROM ledger.balance b
             WHERE b.posting_date = $1 AND b.stream_id <> 0 AND b.chart IN ($2, $3, $4)
             GROUP BY b.owner)
         SELECT coalesce(earned.operator_no, moved.operator_no) AS no,
                coalesce(party.party_id, ''), coalesce(party.name, ''),
                coalesce(rides, 0)::bigint, coalesce(gross, 0)::bigint, coalesce(rider, 0)::bigint,
                coalesce(funded, 0)::bigint, coalesce(cash, 0)::bigint, coalesce(net, 0)::bigint
         FROM earned FULL JOIN moved ON moved.operator_no = earned.operator_no
         LEFT JOIN registry.party ON party_no = coalesce(earned.operator_no, moved.operator_no)
         ORDER BY no",
    )
    .bind(date.0)
    .bind(::ledger::Chart::CashInTransit.number())
    .bind(::ledger::Chart::OperatorFare.number())
    .bind(::ledger::Chart::OperatorSubsidy.number())
    .fetch_all(conn)
    .await
    .doing("summing a day by operator")?;
    found
        .into_iter()
        .map(|(no, id, name, rides, gross, rider, funded, cash, net)| {
            Ok(OperatorRow {
                party: rows::party(no)?,
                id,
                name,
                sums: RideSums::of((rides, gross, rider, funded)),
                cash: Minor::new(cash),
                net: Minor::new(net),
            })
        })
        .collect()
}

/// Every school that was asked for a payment on a day, by number.
pub async fn schools(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<SchoolRow>, StoreError> {
    type Row = (i32, String, String, i64, i64, i64, i64);
    let found: Vec<Row> = sqlx::query_as(
        "WITH request AS (
             SELECT payee_no, amount, outcome <> 'refused' AS paid
             FROM clearing.tap WHERE posting_date = $1 AND kind = 'school_payment'
             UNION ALL
             SELECT payee_no, amount, outcome <> 'refused'
             FROM clearing.command WHERE posting_date = $1 AND kind = 'pay'),
         asked AS (
             SELECT payee_no, count(*) FILTER (WHERE paid) AS payments,
                    coalesce(sum(amount) FILTER (WHERE paid), 0) AS amount,
                    count(*) FILTER (WHERE NOT paid) AS refused
             FROM request GROUP BY payee_no)
         SELECT payee_no, coalesce(party.party_id, ''), coalesce(party.name, ''), payments, amount::bigint, refused,
                coalesce((SELECT sum(b.credit - b.debit) FROM ledger.balance b
                          WHERE b.posting_date = $1 AND b.stream_id <> 0 AND b.chart = $2
                            AND b.owner = payee_no), 0)::bigint
         FROM asked LEFT JOIN registry.party ON party_no = payee_no
         WHERE payee_no IS NOT NULL ORDER BY payee_no",
    )
    .bind(date.0)
    .bind(::ledger::Chart::SchoolPayable.number())
    .fetch_all(conn)
    .await
    .doing("summing a day by school")?;
    found
        .into_iter()
        .map(|(no, id, name, payments, amount, refused, net)| {
            Ok(SchoolRow {
                party: rows::party(no)?,
                id,
                name,
                payments: rows::count(payments)?,
                amount: Minor::new(amount),
                refused: rows::count(refused)?,
                net: Minor::new(net),
            })
        })
        .collect()
}

/// What became of every record of every partition, by stream and partition.
pub async fn pipeline(conn: &mut PgConnection) -> Result<Vec<PartitionRow>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        stream_id: i32,
        topic: String,
        topic_id: String,
        part: i32,
        first: i64,
        next_offset: i64,
        log_end: Option<i64>,
        posted: i64,
        duplicate: i64,
        quarantined: i64,
        markers: i64,
        posting_date: NaiveDate,
        halt_reason: Option<String>,
    }
    let found: Vec<Row> = sqlx::query_as(
        "SELECT lease.stream_id, stream.topic, stream.topic_id, lease.part, coalesce(min(from_off), lease.next_offset) AS first,
                lease.next_offset, head.next_offset AS log_end,
                coalesce(sum(n_posted), 0)::bigint AS posted, coalesce(sum(n_duplicate), 0)::bigint AS duplicate,
                coalesce(sum(n_quarantined), 0)::bigint AS quarantined,
                coalesce(sum(n_marker), 0)::bigint AS markers, lease.posting_date, lease.halt_reason
         FROM ingest.partition_lease AS lease
         JOIN ingest.stream USING (stream_id)
         LEFT JOIN ingest.log_head AS head
                ON stream.transport = 'embedded' AND head.topic = stream.topic AND head.topic_id = stream.topic_id
               AND head.part = lease.part
         LEFT JOIN ingest.commit_log AS done ON done.stream_id = lease.stream_id AND done.part = lease.part
         WHERE stream.transport <> 'office'
         GROUP BY lease.stream_id, lease.part, stream.topic, stream.topic_id, head.next_offset
         ORDER BY lease.stream_id, lease.part",
    )
    .fetch_all(conn)
    .await
    .doing("adding up the pipeline")?;
    found
        .into_iter()
        .map(|row| {
            Ok(PartitionRow {
                stream: row.stream_id,
                topic: row.topic,
                topic_id: row.topic_id,
                part: rows::unsigned(row.part)?,
                first: rows::count(row.first)?,
                next: rows::count(row.next_offset)?,
                end: row.log_end.map(rows::count).transpose()?,
                posted: rows::count(row.posted)?,
                duplicate: rows::count(row.duplicate)?,
                quarantined: rows::count(row.quarantined)?,
                markers: rows::count(row.markers)?,
                posting_date: PostingDate(row.posting_date),
                halted: row.halt_reason,
            })
        })
        .collect()
}

/// How many taps the gateway refused before they reached the log.
pub async fn gateway_refusals(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let (refused,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM ingest.quarantine WHERE source = 'gateway'")
            .fetch_one(conn)
            .await
            .doing("counting what the gateway refused")?;
    rows::count(refused)
}
