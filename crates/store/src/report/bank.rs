//! What the bank said, what met it, and what did not.

use super::{Page, PageRequest};
use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use primitives::{Currency, Digest, Minor, PartyNo};
use sqlx::PgConnection;
use uuid::Uuid;

/// Which breaks are wanted; every given filter must let one through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BreakFilter {
    /// Only those in this state: `open` or `closed`.
    pub state: Option<String>,
    /// Only those with this code.
    pub code: Option<String>,
}

/// Something that does not fit, with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakRow {
    /// Its id, derived from its cause.
    pub id: String,
    /// The stable code.
    pub code: String,
    /// The statement it was seen on.
    pub statement: Option<Uuid>,
    /// The line of that statement.
    pub ordinal: Option<u32>,
    /// The item concerned.
    pub item: Option<String>,
    /// How much does not fit.
    pub amount: Minor,
    /// What exactly does not fit.
    pub detail: String,
    /// The bank date it was first seen on.
    pub first_seen: NaiveDate,
    /// The bank date it closed on; none while it is open.
    pub closed_on: Option<NaiveDate>,
    /// Who looks after it.
    pub owner: Option<String>,
}

/// One imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its name, as it was handed in.
    pub name: String,
    /// When it was handed in.
    pub received_at: DateTime<Utc>,
    /// Why it was refused; none when it was read.
    pub refused: Option<(String, String)>,
    /// Its size.
    pub bytes: u64,
    /// How many statements it holds.
    pub statements: u64,
}

/// One bank statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// Its id with us.
    pub id: Uuid,
    /// Digest of the file it came in.
    pub file: Digest,
    /// The bank account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// The bank's own id of the statement.
    pub bank_id: String,
    /// The bank's sequence number.
    pub sequence: Option<u64>,
    /// Which revision of the statement it is, from 1.
    pub revision: u32,
    /// First bank date.
    pub from: NaiveDate,
    /// Last bank date.
    pub to: NaiveDate,
    /// Balance before.
    pub opening: Minor,
    /// Balance after.
    pub closing: Minor,
    /// `proven`, `failed` or `not_provable`.
    pub proof: String,
    /// What the proof misses.
    pub difference: Minor,
    /// `first`, `follows` or `gap`.
    pub continuity: String,
    /// Whether its lines are in the ledger.
    pub posted: bool,
    /// Why it is not provable, or not posted.
    pub why: Option<String>,
    /// What was not as it should be, and was read all the same.
    pub findings: Vec<String>,
    /// How many lines it has.
    pub lines: u64,
    /// How many of them met an item.
    pub matched: u64,
}

/// What a line met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRow {
    /// The item.
    pub item: String,
    /// `top_up`, `payout`, `subsidy` or `acquirer`.
    pub kind: String,
    /// The item's reference.
    pub reference: String,
    /// The channel, payee, funder or acquirer.
    pub party: PartyNo,
    /// The rule that matched them.
    pub rule: String,
}

/// One movement on a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Position in the statement, from 1.
    pub ordinal: u32,
    /// The day the bank booked it.
    pub booking_date: NaiveDate,
    /// The day it counts from.
    pub value_date: NaiveDate,
    /// How much; above zero is to us.
    pub amount: Minor,
    /// False for what is only announced.
    pub booked: bool,
    /// True when it undoes an earlier movement.
    pub reversal: bool,
    /// The end-to-end id.
    pub end_to_end: Option<String>,
    /// Our reference codes found in it.
    pub codes: Vec<String>,
    /// The memo.
    pub memo: String,
    /// The bank's reference.
    pub bank_ref: Option<String>,
    /// What it met.
    pub matched: Option<MatchRow>,
    /// The code of its open break.
    pub broken: Option<String>,
}

/// Breaks, oldest first, with the sum of their amounts.
pub async fn breaks(
    conn: &mut PgConnection,
    filter: &BreakFilter,
    request: PageRequest,
) -> Result<Page<BreakRow, Minor>, StoreError> {
    let (total, sum): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(amount), 0)::bigint FROM bank.break
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR code = $2)",
    )
    .bind(filter.state.as_deref())
    .bind(filter.code.as_deref())
    .fetch_one(&mut *conn)
    .await
    .doing("counting breaks")?;
    let found: Vec<BreakRecord> = sqlx::query_as(
        "SELECT break_id, code, statement_id, ordinal, item_id, amount, detail, first_seen, closed_on, owner
         FROM bank.break
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR code = $2)
         ORDER BY first_seen, break_id LIMIT $3 OFFSET $4",
    )
    .bind(filter.state.as_deref())
    .bind(filter.code.as_deref())
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing breaks")?;
    let breaks = found
        .into_iter()
        .map(|row| {
            Ok(BreakRow {
                id: row.break_id,
                code: row.code,
                statement: row.statement_id,
                ordinal: row.ordinal.map(rows::unsigned).transpose()?,
                item: row.item_id,
                amount: Minor::new(row.amount),
                detail: row.detail,
                first_seen: row.first_seen,
                closed_on: row.closed_on,
                owner: row.owner,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Page::new(request, breaks, total, Minor::new(sum))
}

#[derive(sqlx::FromRow)]
struct BreakRecord {
    break_id: String,
    code: String,
    statement_id: Option<Uuid>,
    ordinal: Option<i32>,
    item_id: Option<String>,
    amount: i64,
    detail: String,
    first_seen: NaiveDate,
    closed_on: Option<NaiveDate>,
    owner: Option<String>,
}

/// Imported files, newest first.
pub async fn files(conn: &mut PgConnection, request: PageRequest) -> Result<Page<FileRow>, StoreError> {
    let (total,): (i64,) = sqlx::query_as("SELECT count(*) FROM bank.file")
        .fetch_one(&mut *conn)
        .await
        .doing("counting bank files")?;
    type Row = (Vec<u8>, String, DateTime<Utc>, Option<String>, Option<String>, i64, i64);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT file_digest, name, received_at, code, detail, length(raw)::bigint,
                (SELECT count(*) FROM bank.statement s WHERE s.file_digest = f.file_digest)
         FROM bank.file f ORDER BY received_at DESC, file_digest LIMIT $1 OFFSET $2",
    )
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing bank files")?;
    let files = found
        .into_iter()
        .map(|(digest, name, received_at, code, detail, bytes, statements)| {
            Ok(FileRow {
                digest: rows::digest(digest)?,
                name,
                received_at,
                refused: code.map(|code| (code, detail.unwrap_or_default())),
                bytes: rows::count(bytes)?,
                statements: rows::count(statements)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Page::new(request, files, total, ())
}

#[derive(sqlx::FromRow)]
struct StatementRecord {
    statement_id: Uuid,
    file_digest: Vec<u8>,
    bank_account: String,
    currency: String,
    bank_id: String,
    sequence: Option<i64>,
    revision: i32,
    from_date: NaiveDate,
    to_date: NaiveDate,
    opening: i64,
    closing: i64,
    proof: String,
    difference: i64,
    continuity: String,
    posted: bool,
    why: Option<String>,
    findings: Vec<String>,
    lines: i64,
    matched: i64,
}

fn statement_row(row: StatementRecord) -> Result<StatementRow, StoreError> {
    Ok(StatementRow {
        id: row.statement_id,
        file: rows::digest(row.file_digest)?,
        account: row.bank_account,
        currency: rows::currency(&row.currency)?,
        bank_id: row.bank_id,
        sequence: row.sequence.map(rows::count).transpose()?,
        revision: rows::unsigned(row.revision)?,
        from: row.from_date,
        to: row.to_date,
        opening: Minor::new(row.opening),
        closing: Minor::new(row.closing),
        proof: row.proof,
        difference: Minor::new(row.difference),
        continuity: row.continuity,
        posted: row.posted,
        why: row.why,
        findings: row.findings,
        lines: rows::count(row.lines)?,
        matched: rows::count(row.matched)?,
    })
}

/// Statements, newest bank date first.
pub async fn statements(
    conn: &mut PgConnection,
    request: PageRequest,
) -> Result<Page<StatementRow>, StoreError> {
    let (total,): (i64,) = sqlx::query_as("SELECT count(*) FROM bank.statement")
        .fetch_one(&mut *conn)
        .await
        .doing("counting statements")?;
    let found: Vec<StatementRecord> = sqlx::query_as(
        "SELECT s.statement_id, file_digest, bank_account, currency, bank_id, sequence, revision, from_date, to_date,
                opening, closing, proof, difference, continuity, posted, why, findings,
                (SELECT count(*) FROM bank.line l WHERE l.statement_id = s.statement_id) AS lines,
                (SELECT count(*) FROM bank.match m WHERE m.statement_id = s.statement_id) AS matched
         FROM bank.statement s ORDER BY to_date DESC, bank_account, from_date DESC, bank_id, revision DESC
         LIMIT $1 OFFSET $2",
    )
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing statements")?;
    Page::new(request, found.into_iter().map(statement_row).collect::<Result<_, _>>()?, total, ())
}

/// The statements of a file, in its order of accounts and dates.
pub async fn statements_of_file(
    conn: &mut PgConnection,
    file: Digest,
) -> Result<Vec<StatementRow>, StoreError> {
    let found: Vec<StatementRecord> = sqlx::query_as(
        "SELECT s.statement_id, file_digest, bank_account, currency, bank_id, sequence, revision, from_date, to_date,
                opening, closing, proof, difference, continuity, posted, why, findings,
                (SELECT count(*) FROM bank.line l WHERE l.statement_id = s.statement_id) AS lines,
                (SELECT count(*) FROM bank.match m WHERE m.statement_id = s.statement_id) AS matched
         FROM bank.statement s WHERE file_digest = $1 ORDER BY bank_account, from_date, to_date, bank_id, revision",
    )
    .bind(file.0.as_slice())
    .fetch_all(conn)
    .await
    .doing("reading the statements of a file")?;
    found.into_iter().map(statement_row).collect()
}

/// One statement.
pub async fn statement(conn: &mut PgConnection, id: Uuid) -> Result<Option<StatementRow>, StoreError> {
    let found: Option<StatementRecord> = sqlx::query_as(
        "SELECT s.statement_id, file_digest, bank_account, currency, bank_id, sequence, revision, from_date, to_date,
                opening, closing, proof, difference, continuity, posted, why, findings,
                (SELECT count(*) FROM bank.line l WHERE l.statement_id = s.statement_id) AS lines,
                (SELECT count(*) FROM bank.match m WHERE m.statement_id = s.statement_id) AS matched
         FROM bank.statement s WHERE s.statement_id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await
    .doing("reading a statement")?;
    found.map(statement_row).transpose()
}

#[derive(sqlx::FromRow)]
struct LineRecord {
    ordinal: i32,
    booking_date: NaiveDate,
    value_date: NaiveDate,
    amount: i64,
    booked: bool,
    reversal: bool,
    end_to_end: Option<String>,
    codes: Vec<String>,
    memo: String,
    bank_ref: Option<String>,
    item_id: Option<String>,
    kind: Option<String>,
    reference: Option<String>,
    party_no: Option<i32>,
    rule: Option<String>,
    broken: Option<String>,
}

/// The lines of a statement in the bank's order, with the sum of what is booked.
pub async fn statement_lines(
    conn: &mut PgConnection,
    id: Uuid,
    request: PageRequest,
) -> Result<Page<LineRow, Minor>, StoreError> {
    let (total, sum): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(amount) FILTER (WHERE booked), 0)::bigint FROM bank.line WHERE statement_id = $1",
    )
    .bind(id)
    .fetch_one(&mut *conn)
    .await
    .doing("counting a statement's lines")?;
    let found: Vec<LineRecord> = sqlx::query_as(
        "SELECT l.ordinal, booking_date, value_date, l.amount, booked, reversal, end_to_end, codes, memo, bank_ref,
                m.item_id, i.kind, i.reference, i.party_no, m.rule,
                (SELECT b.code FROM bank.break b WHERE b.statement_id = l.statement_id AND b.ordinal = l.ordinal
                   AND b.state = 'open' ORDER BY b.code LIMIT 1) AS broken
         FROM bank.line l
         LEFT JOIN bank.match m ON m.statement_id = l.statement_id AND m.ordinal = l.ordinal
         LEFT JOIN bank.item i ON i.item_id = m.item_id
         WHERE l.statement_id = $1 ORDER BY l.ordinal LIMIT $2 OFFSET $3",
    )
    .bind(id)
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing a statement's lines")?;
    let lines = found.into_iter().map(line).collect::<Result<_, _>>()?;
    Page::new(request, lines, total, Minor::new(sum))
}

fn line(row: LineRecord) -> Result<LineRow, StoreError> {
    let matched = match (row.item_id, row.kind, row.reference, row.party_no, row.rule) {
        (Some(item), Some(kind), Some(reference), Some(party), Some(rule)) => {
            Some(MatchRow { item, kind, reference, party: rows::party(party)?, rule })
        }
        _ => None,
    };
    Ok(LineRow {
        ordinal: rows::unsigned(row.ordinal)?,
        booking_date: row.booking_date,
        value_date: row.value_date,
        amount: Minor::new(row.amount),
        booked: row.booked,
        reversal: row.reversal,
        end_to_end: row.end_to_end,
        codes: row.codes,
        memo: row.memo,
        bank_ref: row.bank_ref,
        matched,
        broken: row.broken,
    })
}
