//! Payout runs, what they pay, and what the ledger expects to see at the bank.

use super::{Page, PageRequest};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use primitives::{Digest, Minor, PartyNo, PostingDate};
use sqlx::PgConnection;
use uuid::Uuid;

/// A payout run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id.
    pub id: Uuid,
    /// The accounting day it settles.
    pub posting_date: PostingDate,
    /// `proposed`, `approved`, `sent`, `settled` or `partial`.
    pub state: String,
    /// Digest of the exact proposal; an approval names it.
    pub digest: Digest,
    /// Who proposed it.
    pub maker: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who approved it.
    pub checker: Option<String>,
    /// When.
    pub approved_at: Option<DateTime<Utc>>,
    /// The payment file's message id.
    pub message_id: String,
    /// Digest of the payment file.
    pub file_digest: Option<Digest>,
    /// How many parties are paid.
    pub paid: u64,
    /// What they are paid together.
    pub total: Minor,
    /// How many of these payments a proven statement has shown.
    pub seen: u64,
}

/// What one party is owed in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRow {
    /// The party.
    pub party: PartyNo,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `operator` or `school`.
    pub kind: String,
    /// Riders' money owed to it.
    pub fare: Minor,
    /// Funders' money owed to it.
    pub subsidy: Minor,
    /// Cash it holds for us, kept back.
    pub cash_held: Minor,
    /// Fare and subsidy less cash; paid when above zero.
    pub net: Minor,
    /// The payment's end-to-end id.
    pub end_to_end: String,
    /// Account holder.
    pub creditor_name: String,
    /// Account number.
    pub creditor_account: String,
    /// The bank's code.
    pub creditor_bic: String,
    /// The statement line that showed the payment.
    pub seen: Option<(Uuid, u32)>,
}

/// Something the ledger expects to see at the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Its id, derived from its cause.
    pub id: String,
    /// `top_up`, `payout`, `subsidy` or `acquirer`.
    pub kind: String,
    /// The reference the bank's line should carry.
    pub reference: String,
    /// How much; above zero is to us.
    pub amount: Minor,
    /// The accounting day it comes from.
    pub posting_date: PostingDate,
    /// The channel, payee, funder or acquirer.
    pub party: PartyNo,
    /// The statement line it met, and the rule.
    pub seen: Option<(Uuid, u32, String)>,
}

#[derive(sqlx::FromRow)]
struct RunRecord {
    run_id: Uuid,
    posting_date: NaiveDate,
    state: String,
    proposal_digest: Vec<u8>,
    maker: String,
    proposed_at: DateTime<Utc>,
    checker: Option<String>,
    approved_at: Option<DateTime<Utc>>,
    message_id: String,
    file_digest: Option<Vec<u8>>,
    paid: i64,
    total: i64,
    seen: i64,
}

fn run_row(row: RunRecord) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: row.run_id,
        posting_date: PostingDate(row.posting_date),
        state: row.state,
        digest: rows::digest(row.proposal_digest)?,
        maker: row.maker,
        proposed_at: row.proposed_at,
        checker: row.checker,
        approved_at: row.approved_at,
        message_id: row.message_id,
        file_digest: row.file_digest.map(rows::digest).transpose()?,
        paid: rows::count(row.paid)?,
        total: Minor::new(row.total),
        seen: rows::count(row.seen)?,
    })
}

/// Payout runs, newest accounting day first.
pub async fn runs(conn: &mut PgConnection, request: PageRequest) -> Result<Page<RunRow>, StoreError> {
    let (total,): (i64,) = sqlx::query_as("SELECT count(*) FROM settle.run")
        .fetch_one(&mut *conn)
        .await
        .doing("counting payout runs")?;
    let found = select_runs(conn, None, None, request).await?;
    Page::new(request, found, total, ())
}

/// One payout run.
pub async fn run(conn: &mut PgConnection, id: Uuid) -> Result<Option<RunRow>, StoreError> {
    Ok(select_runs(conn, Some(id), None, PageRequest::new(1, 1)).await?.pop())
}

/// The payout run of an accounting day.
pub async fn run_of_day(conn: &mut PgConnection, date: PostingDate) -> Result<Option<RunRow>, StoreError> {
    Ok(select_runs(conn, None, Some(date), PageRequest::new(1, 1)).await?.pop())
}

async fn select_runs(
    conn: &mut PgConnection,
    id: Option<Uuid>,
    date: Option<PostingDate>,
    request: PageRequest,
) -> Result<Vec<RunRow>, StoreError> {
    let found: Vec<RunRecord> = sqlx::query_as(
        "SELECT run.run_id, posting_date, state, run.proposal_digest, run.maker, proposed_at, checker, approved_at,
                message_id, file_digest,
                (SELECT count(*) FROM settle.payout p WHERE p.run_id = run.run_id AND net > 0) AS paid,
                (SELECT coalesce(sum(net), 0)::bigint FROM settle.payout p
                  WHERE p.run_id = run.run_id AND net > 0) AS total,
                (SELECT count(*) FROM settle.payout p
                   JOIN bank.item i ON i.kind = 'payout' AND i.reference = p.end_to_end
                   JOIN bank.match m ON m.item_id = i.item_id
                  WHERE p.run_id = run.run_id) AS seen
         FROM settle.run LEFT JOIN settle.approval ON approval.run_id = run.run_id
         WHERE ($1::uuid IS NULL OR run.run_id = $1) AND ($2::date IS NULL OR posting_date = $2)
         ORDER BY posting_date DESC LIMIT $3 OFFSET $4",
    )
    .bind(id)
    .bind(date.map(|date| date.0))
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("reading payout runs")?;
    found.into_iter().map(run_row).collect()
}

#[derive(sqlx::FromRow)]
struct PayoutRecord {
    party_no: i32,
    party_id: String,
    name: String,
    party_kind: String,
    fare: i64,
    subsidy: i64,
    cash_held: i64,
    net: i64,
    end_to_end: String,
    creditor_name: String,
    creditor_account: String,
    creditor_bic: String,
    statement_id: Option<Uuid>,
    ordinal: Option<i32>,
}

/// What each party is owed in a run, by number.
pub async fn payouts(conn: &mut PgConnection, run: Uuid) -> Result<Vec<PayoutRow>, StoreError> {
    let found: Vec<PayoutRecord> = sqlx::query_as(
        "SELECT p.party_no, coalesce(party.party_id, '') AS party_id, coalesce(party.name, '') AS name, party_kind,
                fare, subsidy, cash_held, net, end_to_end, creditor_name, creditor_account, creditor_bic,
                m.statement_id, m.ordinal
         FROM settle.payout p
         LEFT JOIN registry.party ON party.party_no = p.party_no
         LEFT JOIN bank.item i ON i.kind = 'payout' AND i.reference = p.end_to_end
         LEFT JOIN bank.match m ON m.item_id = i.item_id
         WHERE p.run_id = $1 ORDER BY p.party_no",
    )
    .bind(run)
    .fetch_all(conn)
    .await
    .doing("reading payouts")?;
    found
        .into_iter()
        .map(|row| {
            let seen = match (row.statement_id, row.ordinal) {
                (Some(statement), Some(ordinal)) => Some((statement, rows::unsigned(ordinal)?)),
                _ => None,
            };
            Ok(PayoutRow {
                party: rows::party(row.party_no)?,
                id: row.party_id,
                name: row.name,
                kind: row.party_kind,
                fare: Minor::new(row.fare),
                subsidy: Minor::new(row.subsidy),
                cash_held: Minor::new(row.cash_held),
                net: Minor::new(row.net),
                end_to_end: row.end_to_end,
                creditor_name: row.creditor_name,
                creditor_account: row.creditor_account,
                creditor_bic: row.creditor_bic,
                seen,
            })
        })
        .collect()
}

/// What funders and acquirers are asked to pay for an accounting day, by kind and id.
pub async fn claims_of_day(conn: &mut PgConnection, date: PostingDate) -> Result<Vec<ItemRow>, StoreError> {
    let found: Vec<ItemRecord> = sqlx::query_as(
        "SELECT i.item_id, kind, reference, amount, party_no, m.statement_id, m.ordinal, m.rule
         FROM bank.item i LEFT JOIN bank.match m ON m.item_id = i.item_id
         WHERE posting_date = $1 AND kind IN ('subsidy', 'acquirer') ORDER BY kind, i.item_id",
    )
    .bind(date.0)
    .fetch_all(conn)
    .await
    .doing("listing claims")?;
    found.into_iter().map(|row| item(date, row)).collect()
}

type ItemRecord = (String, String, String, i64, i32, Option<Uuid>, Option<i32>, Option<String>);

fn item(
    date: PostingDate,
    (id, kind, reference, amount, party, statement, ordinal, rule): ItemRecord,
) -> Result<ItemRow, StoreError> {
    let seen = match (statement, ordinal, rule) {
        (Some(statement), Some(ordinal), Some(rule)) => Some((statement, rows::unsigned(ordinal)?, rule)),
        _ => None,
    };
    let party = rows::party(party)?;
    Ok(ItemRow { id, kind, reference, amount: Minor::new(amount), posting_date: date, party, seen })
}

/// What the ledger expects at the bank from an accounting day, by kind and id, with the sum of the amounts.
pub async fn items_of_day(
    conn: &mut PgConnection,
    date: PostingDate,
    request: PageRequest,
) -> Result<Page<ItemRow, Minor>, StoreError> {
    let (total, sum): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(amount), 0)::bigint FROM bank.item WHERE posting_date = $1",
    )
    .bind(date.0)
    .fetch_one(&mut *conn)
    .await
    .doing("counting expected bank items")?;
    let found: Vec<ItemRecord> = sqlx::query_as(
        "SELECT i.item_id, kind, reference, amount, party_no, m.statement_id, m.ordinal, m.rule
         FROM bank.item i LEFT JOIN bank.match m ON m.item_id = i.item_id
         WHERE posting_date = $1 ORDER BY kind, i.item_id LIMIT $2 OFFSET $3",
    )
    .bind(date.0)
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing expected bank items")?;
    let items = found.into_iter().map(|row| item(date, row)).collect::<Result<_, _>>()?;
    Page::new(request, items, total, Minor::new(sum))
}
