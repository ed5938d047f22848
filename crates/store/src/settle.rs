//! Accounting days, payout runs, approvals.
//!
//! # Locks
//! Every writer of the back office takes the office's lease row first ([`office_date`]), then its own rows. So one act of
//! the office runs at a time, and the open day it posts on cannot be closed under it.

use crate::error::{Doing as _, StoreError};
use crate::posting::OFFICE;
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Chart, Position, PositionsDigest};
use primitives::{Digest, Minor, PartyNo, PostingDate, ServiceDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How far a day that was asked to close is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// Its markers are on their way.
    Asked,
    /// It is closed, and left these positions behind.
    Closed(Digest),
}

/// What a party may be in a payout run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayeeKind {
    /// Runs vehicles: fares and subsidies.
    Operator,
    /// Is paid from cards.
    School,
}

impl PayeeKind {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            PayeeKind::Operator => "operator",
            PayeeKind::School => "school",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        match word {
            "operator" => Ok(PayeeKind::Operator),
            "school" => Ok(PayeeKind::School),
            other => Err(rows::corrupt("settle.payout.party_kind", other)),
        }
    }
}

/// What the ledger owes a party and no run has paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// The party.
    pub party: PartyNo,
    /// What it is.
    pub kind: PayeeKind,
    /// Riders' money owed to it.
    pub fare: Minor,
    /// Funders' money owed to it.
    pub subsidy: Minor,
    /// Cash it holds for us.
    pub cash_held: Minor,
}

/// One party's part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// What it is owed.
    pub owed: Owed,
    /// Fare and subsidy less cash; paid when above zero.
    pub net: Minor,
    /// The payment's end-to-end id.
    pub end_to_end: String,
    /// Account holder; empty when nothing is paid.
    pub creditor_name: String,
    /// Account number; empty when nothing is paid.
    pub creditor_account: String,
    /// The bank's code; empty when nothing is paid.
    pub creditor_bic: String,
}

/// A payout run, locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// The accounting day it settles.
    pub posting_date: PostingDate,
    /// `proposed`, `approved`, `sent`, `settled` or `partial`.
    pub state: String,
    /// Digest of the exact proposal.
    pub digest: Digest,
    /// Who proposed it.
    pub maker: String,
    /// The payment file's message id.
    pub message_id: String,
}

/// Locks the office's row and answers the accounting day that is open for its postings: the oldest day that any
/// partition still posts on, and never one that was asked to close.
pub async fn office_date(conn: &mut PgConnection) -> Result<PostingDate, StoreError> {
    let doing = "opening the office's day";
    let (own,): (NaiveDate,) = sqlx::query_as(
        "SELECT posting_date FROM ingest.partition_lease WHERE stream_id = $1 AND part = $2 FOR UPDATE",
    )
    .bind(OFFICE.0)
    .bind(OFFICE.1)
    .fetch_one(&mut *conn)
    .await
    .doing(doing)?;
    let oldest = oldest_open(&mut *conn).await?;
    let Some(oldest) = oldest else {
        return Err(StoreError::row(doing, "no log is registered, so no accounting day is open"));
    };
    let date = own.max(oldest.0);
    if date > own {
        set_office_date(conn, PostingDate(date)).await?;
    }
    Ok(PostingDate(date))
}

async fn set_office_date(conn: &mut PgConnection, date: PostingDate) -> Result<(), StoreError> {
    sqlx::query("UPDATE ingest.partition_lease SET posting_date = $3 WHERE stream_id = $1 AND part = $2")
        .bind(OFFICE.0)
        .bind(OFFICE.1)
        .bind(date.0)
        .execute(conn)
        .await
        .doing("turning the office's day")?;
    Ok(())
}

/// The oldest day any partition of a log posts on, retired logs apart; none when no log is registered.
pub async fn oldest_open(conn: &mut PgConnection) -> Result<Option<PostingDate>, StoreError> {
    let (oldest,): (Option<NaiveDate>,) = sqlx::query_as(
        "SELECT min(posting_date) FROM ingest.partition_lease JOIN ingest.stream USING (stream_id)
             WHERE stream_id <> $1 AND retired_at IS NULL",
    )
    .bind(OFFICE.0)
    .fetch_one(conn)
    .await
    .doing("looking for the open day")?;
    Ok(oldest.map(PostingDate))
}

/// How far a day is; none when nobody asked to close it. Locks its row.
pub async fn day(conn: &mut PgConnection, date: PostingDate) -> Result<Option<Closing>, StoreError> {
    let found: Option<(String, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT state, positions FROM settle.day WHERE posting_date = $1 FOR UPDATE")
            .bind(date.0)
            .fetch_optional(conn)
            .await
            .doing("reading a day")?;
    match found {
        None => Ok(None),
        Some((state, Some(positions))) if state == "closed" => {
            Ok(Some(Closing::Closed(rows::digest(positions)?)))
        }
        Some(_) => Ok(Some(Closing::Asked)),
    }
}

/// Notes that a day is to close, and turns the office's own day. The caller holds the office's row.
pub async fn ask_close(conn: &mut PgConnection, date: PostingDate) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settle.day (posting_date, state) VALUES ($1, 'closing') ON CONFLICT (posting_date) DO NOTHING",
    )
    .bind(date.0)
    .execute(&mut *conn)
    .await
    .doing("asking to close a day")?;
    // The office posts nothing on the day any more: its head is published with those of the partitions.
    sqlx::query(
        "INSERT INTO ledger.head (posting_date, stream_id, part, off, chain_head)
         SELECT $1, stream_id, part, next_offset, chain_head FROM ingest.partition_lease
         WHERE stream_id = $2 AND part = $3 ON CONFLICT DO NOTHING",
    )
    .bind(date.0)
    .bind(OFFICE.0)
    .bind(OFFICE.1)
    .execute(&mut *conn)
    .await
    .doing("publishing the office's chain head")?;
    set_office_date(conn, date.next()).await
}

/// How many partitions, the office among them, still post on this day or an earlier one.
pub async fn still_open(conn: &mut PgConnection, date: PostingDate) -> Result<u64, StoreError> {
    let (open,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM ingest.partition_lease JOIN ingest.stream USING (stream_id)
             WHERE posting_date <= $1 AND retired_at IS NULL",
    )
    .bind(date.0)
    .fetch_one(conn)
    .await
    .doing("counting partitions of an open day")?;
    rows::count(open)
}

/// Closes a day with the positions it leaves behind.
pub async fn set_closed(
    conn: &mut PgConnection,
    date: PostingDate,
    positions: Digest,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE settle.day SET state = 'closed', closed_at = clock_timestamp(), positions = $2
         WHERE posting_date = $1 AND state = 'closing'",
    )
    .bind(date.0)
    .bind(positions.0.as_slice())
    .execute(conn)
    .await
    .doing("closing a day")?;
    Ok(())
}

/// Rows the positions digest reads at a time.
const POSITION_ROWS: &str = "FETCH 10000 FROM positions";

/// The positions digest of one accounting day, or of all. Reads through a cursor, so memory stays small whatever the
/// ledger's size; the caller is in a transaction, whose statements may run for as long as this takes.
pub async fn positions(conn: &mut PgConnection, date: Option<PostingDate>) -> Result<Digest, StoreError> {
    let doing = "digesting positions";
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *conn).await.doing(doing)?;
    sqlx::query(
        "DECLARE positions NO SCROLL CURSOR FOR
         SELECT coalesce(account_id, 0) AS account, CASE chart WHEN $2 THEN $3 ELSE chart END AS counted, owner,
                service_date, sum(debit - credit)::bigint AS net
         FROM ledger.entry WHERE $1::date IS NULL OR posting_date = $1
         GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    )
    .bind(date.map(|date| date.0))
    .bind(Chart::NegativeCard.number())
    .bind(Chart::NegativeCard.in_positions().number())
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    let mut digest = PositionsDigest::default();
    loop {
        let page: Vec<(i64, i16, i64, NaiveDate, i64)> =
            sqlx::query_as(POSITION_ROWS).fetch_all(&mut *conn).await.doing(doing)?;
        if page.is_empty() {
            break;
        }
        for (account, chart, owner, service_date, net) in page {
            let position = Position {
                account,
                chart: Chart::from_number(chart)
                    .ok_or_else(|| rows::corrupt("ledger.posting.chart", chart))?,
                owner,
                service_date: ServiceDate(service_date),
                net: Minor::new(net),
            };
            digest.add(position).map_err(|error| StoreError::row(doing, error.to_string()))?;
        }
    }
    sqlx::query("CLOSE positions").execute(conn).await.doing(doing)?;
    Ok(digest.finish())
}

/// What is owed to every party up to a closed day, by party: what the log's postings up to that day made owed, less what
/// the office has paid or netted since. Parties that are owed nothing in any way are left out.
pub async fn owed(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<Owed>, StoreError> {
    let found: Vec<(i64, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT owner, coalesce(sum(credit - debit) FILTER (WHERE chart = $3), 0)::bigint,
                coalesce(sum(credit - debit) FILTER (WHERE chart = $4), 0)::bigint,
                coalesce(sum(debit - credit) FILTER (WHERE chart = $5), 0)::bigint,
                coalesce(sum(credit - debit) FILTER (WHERE chart = $6), 0)::bigint
         FROM ledger.balance
         WHERE chart IN ($3, $4, $5, $6) AND (stream_id = $2 OR posting_date <= $1)
         GROUP BY owner ORDER BY owner",
    )
    .bind(date.0)
    .bind(OFFICE.0)
    .bind(Chart::OperatorFare.number())
    .bind(Chart::OperatorSubsidy.number())
    .bind(Chart::CashInTransit.number())
    .bind(Chart::SchoolPayable.number())
    .fetch_all(conn)
    .await
    .doing("adding up what is owed")?;
    let mut owed = Vec::new();
    for (owner, fare, subsidy, cash_held, school) in found {
        if [fare, subsidy, cash_held, school] == [0; 4] {
            continue;
        }
        let party =
            u32::try_from(owner).map(PartyNo).map_err(|_| rows::corrupt("ledger.balance.owner", owner))?;
        // A party is paid fares or school money, never both: the registry gives each party one kind.
        if school != 0 && (fare != 0 || subsidy != 0) {
            return Err(rows::corrupt("ledger.balance", format!("fares and school money of party {party}")));
        }
        let kind = if school != 0 { PayeeKind::School } else { PayeeKind::Operator };
        owed.push(Owed {
            party,
            kind,
            fare: Minor::new(if school != 0 { school } else { fare }),
            subsidy: Minor::new(subsidy),
            cash_held: Minor::new(cash_held),
        });
    }
    Ok(owed)
}

/// What funders and acquirers owe up to a closed day and was not claimed yet, as (chart, party, amount above zero).
pub async fn unclaimed(
    conn: &mut PgConnection,
    date: PostingDate,
) -> Result<Vec<(Chart, PartyNo, Minor)>, StoreError> {
    let found: Vec<(i16, i64, i64)> = sqlx::query_as(
        "SELECT chart, owner, (sum(debit - credit) - coalesce(max(claimed.amount), 0))::bigint AS rest
         FROM ledger.balance AS b
         LEFT JOIN (SELECT kind, party_no, sum(amount) AS amount FROM bank.item
                    WHERE kind IN ('subsidy', 'acquirer') GROUP BY kind, party_no) AS claimed
                ON claimed.party_no = b.owner AND claimed.kind = CASE b.chart WHEN $3 THEN 'subsidy' ELSE 'acquirer' END
         WHERE chart IN ($3, $4) AND stream_id <> $2 AND posting_date <= $1
         GROUP BY chart, owner
         HAVING sum(debit - credit) - coalesce(max(claimed.amount), 0) > 0
         ORDER BY chart, owner",
    )
    .bind(date.0)
    .bind(OFFICE.0)
    .bind(Chart::SubsidyReceivable.number())
    .bind(Chart::AcquirerReceivable.number())
    .fetch_all(conn)
    .await
    .doing("adding up what is to be claimed")?;
    found
        .into_iter()
        .map(|(chart, owner, rest)| {
            let chart =
                Chart::from_number(chart).ok_or_else(|| rows::corrupt("ledger.balance.chart", chart))?;
            let party = u32::try_from(owner)
                .map(PartyNo)
                .map_err(|_| rows::corrupt("ledger.balance.owner", owner))?;
            Ok((chart, party, Minor::new(rest)))
        })
        .collect()
}

type RunRecord = (Uuid, NaiveDate, String, Vec<u8>, String, String);

fn run_of((id, date, state, digest, maker, message_id): RunRecord) -> Result<Run, StoreError> {
    Ok(Run { id, posting_date: PostingDate(date), state, digest: rows::digest(digest)?, maker, message_id })
}

/// The run of this id, locked.
pub async fn lock_run(conn: &mut PgConnection, id: Uuid) -> Result<Option<Run>, StoreError> {
    let found: Option<RunRecord> = sqlx::query_as(
        "SELECT run_id, posting_date, state, proposal_digest, maker, message_id FROM settle.run
         WHERE run_id = $1 FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(conn)
    .await
    .doing("reading a payout run")?;
    found.map(run_of).transpose()
}

/// The runs that stand in the way of a new proposal for a day: its own, any of a later day, and any earlier one that
/// waits for approval. Oldest first, locked.
pub async fn rival_runs(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<Run>, StoreError> {
    let found: Vec<RunRecord> = sqlx::query_as(
        "SELECT run_id, posting_date, state, proposal_digest, maker, message_id FROM settle.run
         WHERE posting_date >= $1 OR state = 'proposed' ORDER BY posting_date FOR UPDATE",
    )
    .bind(date.0)
    .fetch_all(conn)
    .await
    .doing("looking for other payout runs")?;
    found.into_iter().map(run_of).collect()
}

/// Writes a proposal; one that stands under the same id and waits for approval is replaced.
pub async fn put_run(conn: &mut PgConnection, run: &Run, payouts: &[Payout]) -> Result<(), StoreError> {
    let doing = "writing a proposal";
    sqlx::query(
        "INSERT INTO settle.run (run_id, posting_date, state, proposal_digest, maker, message_id)
         VALUES ($1, $2, 'proposed', $3, $4, $5)
         ON CONFLICT (run_id) DO UPDATE
         SET proposal_digest = excluded.proposal_digest, maker = excluded.maker, proposed_at = clock_timestamp()
         WHERE run.state = 'proposed'",
    )
    .bind(run.id)
    .bind(run.posting_date.0)
    .bind(run.digest.0.as_slice())
    .bind(&run.maker)
    .bind(&run.message_id)
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    sqlx::query("DELETE FROM settle.payout WHERE run_id = $1")
        .bind(run.id)
        .execute(&mut *conn)
        .await
        .doing(doing)?;
    let amount =
        |pick: fn(&Payout) -> Minor| payouts.iter().map(|row| pick(row).units()).collect::<Vec<i64>>();
    let text = |pick: fn(&Payout) -> &str| payouts.iter().map(pick).collect::<Vec<&str>>();
    sqlx::query(
        "INSERT INTO settle.payout (run_id, party_no, party_kind, fare, subsidy, cash_held, net, end_to_end,
             creditor_name, creditor_account, creditor_bic)
         SELECT $1, * FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                                  $8::text[], $9::text[], $10::text[], $11::text[])",
    )
    .bind(run.id)
    .bind(rows::party_numbers(payouts.iter().map(|row| row.owed.party))?)
    .bind(text(|row| row.owed.kind.word()))
    .bind(amount(|row| row.owed.fare))
    .bind(amount(|row| row.owed.subsidy))
    .bind(amount(|row| row.owed.cash_held))
    .bind(amount(|row| row.net))
    .bind(text(|row| &row.end_to_end))
    .bind(text(|row| &row.creditor_name))
    .bind(text(|row| &row.creditor_account))
    .bind(text(|row| &row.creditor_bic))
    .execute(conn)
    .await
    .doing(doing)?;
    Ok(())
}

/// The parts of a run, by party.
pub async fn payouts(conn: &mut PgConnection, run: Uuid) -> Result<Vec<Payout>, StoreError> {
    type Row = (i32, String, i64, i64, i64, i64, String, String, String, String);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT party_no, party_kind, fare, subsidy, cash_held, net, end_to_end, creditor_name, creditor_account,
                creditor_bic
         FROM settle.payout WHERE run_id = $1 ORDER BY party_no",
    )
    .bind(run)
    .fetch_all(conn)
    .await
    .doing("reading a proposal")?;
    found
        .into_iter()
        .map(|(party, kind, fare, subsidy, cash_held, net, end_to_end, name, account, bic)| {
            Ok(Payout {
                owed: Owed {
                    party: rows::party(party)?,
                    kind: PayeeKind::parse(&kind)?,
                    fare: Minor::new(fare),
                    subsidy: Minor::new(subsidy),
                    cash_held: Minor::new(cash_held),
                },
                net: Minor::new(net),
                end_to_end,
                creditor_name: name,
                creditor_account: account,
                creditor_bic: bic,
            })
        })
        .collect()
}

/// Approves a run: one approval for ever, by somebody else than its maker. Answers the moment, which the payment file
/// carries.
pub async fn put_approval(
    conn: &mut PgConnection,
    run: &Run,
    checker: &str,
) -> Result<DateTime<Utc>, StoreError> {
    let (at,): (DateTime<Utc>,) = sqlx::query_as(
        "INSERT INTO settle.approval (run_id, proposal_digest, maker, checker) VALUES ($1, $2, $3, $4)
         RETURNING approved_at",
    )
    .bind(run.id)
    .bind(run.digest.0.as_slice())
    .bind(&run.maker)
    .bind(checker)
    .fetch_one(conn)
    .await
    .doing("approving a payout run")?;
    Ok(at)
}

/// Moves a run to a state, with its payment file when it gets one.
pub async fn set_run(
    conn: &mut PgConnection,
    run: Uuid,
    state: &str,
    file: Option<&[u8]>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE settle.run
         SET state = $2, file = coalesce($3, file), file_digest = coalesce($4, file_digest) WHERE run_id = $1",
    )
    .bind(run)
    .bind(state)
    .bind(file)
    .bind(file.map(|bytes| Digest::of(bytes).0.to_vec()))
    .execute(conn)
    .await
    .doing("moving a payout run")?;
    Ok(())
}

/// The payment file of a run.
pub async fn file(conn: &mut PgConnection, run: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<(Option<Vec<u8>>,)> = sqlx::query_as("SELECT file FROM settle.run WHERE run_id = $1")
        .bind(run)
        .fetch_optional(conn)
        .await
        .doing("reading a payment file")?;
    Ok(found.and_then(|(file,)| file))
}

/// Moves every run whose payments proven statements have shown: all of them → settled, some → partial.
pub async fn settle_seen(conn: &mut PgConnection) -> Result<(), StoreError> {
    let found: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT run.run_id, count(*), count(m.item_id)
         FROM settle.run
         JOIN settle.payout p ON p.run_id = run.run_id AND net > 0
         JOIN bank.item i ON i.kind = 'payout' AND i.reference = p.end_to_end
         LEFT JOIN bank.match m ON m.item_id = i.item_id
         WHERE run.state IN ('approved', 'sent', 'partial')
         GROUP BY run.run_id ORDER BY run.run_id",
    )
    .fetch_all(&mut *conn)
    .await
    .doing("looking for settled runs")?;
    let mut states: BTreeMap<Uuid, &str> = BTreeMap::new();
    for (run, payments, seen) in found {
        if seen == payments {
            states.insert(run, "settled");
        } else if seen > 0 {
            states.insert(run, "partial");
        }
    }
    for (run, state) in states {
        set_run(conn, run, state, None).await?;
    }
    Ok(())
}
