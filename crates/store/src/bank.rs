//! Bank files, statements, lines, items, matches and breaks.
//!
//! # Locks
//! Every caller that writes here holds the office's lease row ([`crate::settle::office_date`]), so one import or approval
//! runs at a time and a claim never waits for another. The unique keys of `bank.match` guard it all the same.

mod matching;

pub use matching::{
    Break, Claim, Item, ItemKind, OpenLine, candidates, close_breaks, open_breaks, open_lines, overdue,
    put_breaks, put_claims, put_items,
};

use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::NaiveDate;
use primitives::{Currency, Digest, Minor};
use sqlx::PgConnection;
use uuid::Uuid;

/// A file that was handed in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The name it came with first.
    pub name: String,
    /// Code and detail, when it was refused.
    pub refused: Option<(String, String)>,
}

/// A statement that is in the ledger, as continuity needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its id.
    pub id: Uuid,
    /// First bank date.
    pub from: NaiveDate,
    /// Last bank date.
    pub to: NaiveDate,
    /// The bank's sequence number.
    pub sequence: Option<u64>,
    /// Balance before.
    pub opening: Minor,
    /// Balance after.
    pub closing: Minor,
    /// `first`, `follows` or `gap`, as it was last judged.
    pub continuity: String,
}

/// A statement on its way into the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    /// Its id.
    pub id: Uuid,
    /// The file it came in.
    pub file: Digest,
    /// The bank account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// The bank's own id.
    pub bank_id: String,
    /// The bank's sequence number.
    pub sequence: Option<u64>,
    /// Which revision it is.
    pub revision: u32,
    /// Digest of its balances and lines.
    pub content: Digest,
    /// First bank date.
    pub from: NaiveDate,
    /// Last bank date.
    pub to: NaiveDate,
    /// Balance before.
    pub opening: Minor,
    /// Balance after.
    pub closing: Minor,
    /// `proven`, `failed` or `not_provable`.
    pub proof: &'static str,
    /// What the proof misses.
    pub difference: Minor,
    /// `first`, `follows` or `gap`.
    pub continuity: &'static str,
    /// Whether its lines go into the ledger.
    pub posted: bool,
    /// Why it is not provable, or not posted.
    pub why: Option<String>,
    /// What was not as it should be.
    pub findings: Vec<String>,
}

/// A line on its way into the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
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
    /// Our reference codes found in it, separated by one space.
    pub codes: String,
    /// The memo.
    pub memo: String,
    /// The bank's reference.
    pub bank_ref: Option<String>,
}

/// The book against the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankDifference {
    /// What the ledger says is on the trust accounts.
    pub book: Minor,
    /// What the last posted statements say.
    pub statements: Minor,
    /// Book less statements; zero when every movement is accounted for.
    pub difference: Minor,
    /// The earliest of the accounts' last bank dates; none before the first statement.
    pub as_of: Option<NaiveDate>,
}

/// What was said of a file before.
pub async fn file(conn: &mut PgConnection, digest: Digest) -> Result<Option<StoredFile>, StoreError> {
    let found: Option<(String, Option<String>, Option<String>)> =
        sqlx::query_as("SELECT name, code, detail FROM bank.file WHERE file_digest = $1")
            .bind(digest.0.as_slice())
            .fetch_optional(conn)
            .await
            .doing("looking for a bank file")?;
    Ok(found.map(|(name, code, detail)| StoredFile {
        name,
        refused: code.map(|code| (code, detail.unwrap_or_default())),
    }))
}

/// Keeps a file, read or refused.
pub async fn put_file(
    conn: &mut PgConnection,
    digest: Digest,
    name: &str,
    refused: Option<(&str, &str)>,
    raw: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bank.file (file_digest, name, state, code, detail, raw)
         VALUES ($1, $2, CASE WHEN $3::text IS NULL THEN 'read' ELSE 'refused' END, $3, $4, $5)",
    )
    .bind(digest.0.as_slice())
    .bind(name)
    .bind(refused.map(|refused| refused.0))
    .bind(refused.map(|refused| refused.1))
    .bind(raw)
    .execute(conn)
    .await
    .doing("keeping a bank file")?;
    Ok(())
}

/// The statements of an account that are in the ledger, in the order of the account's history.
pub async fn spans(conn: &mut PgConnection, account: &str) -> Result<Vec<Span>, StoreError> {
    type Row = (Uuid, NaiveDate, NaiveDate, Option<i64>, i64, i64, String);
    let found: Vec<Row> = sqlx::query_as(
        "SELECT statement_id, from_date, to_date, sequence, opening, closing, continuity
         FROM bank.statement JOIN bank.file USING (file_digest)
         WHERE bank_account = $1 AND posted
         ORDER BY to_date, from_date, sequence NULLS FIRST, received_at, bank_id",
    )
    .bind(account)
    .fetch_all(conn)
    .await
    .doing("reading an account's history")?;
    found
        .into_iter()
        .map(|(id, from, to, sequence, opening, closing, continuity)| {
            Ok(Span {
                id,
                from,
                to,
                sequence: sequence.map(rows::count).transpose()?,
                opening: Minor::new(opening),
                closing: Minor::new(closing),
                continuity,
            })
        })
        .collect()
}

/// A revision that is stored under a statement's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its id.
    pub id: Uuid,
    /// Its number, from 1.
    pub number: u32,
    /// Digest of its balances and lines.
    pub content: Digest,
    /// Whether its lines are in the ledger.
    pub posted: bool,
}

/// What is stored under a statement's key (account, the bank's id, period), oldest revision first.
pub async fn revisions(
    conn: &mut PgConnection,
    account: &str,
    bank_id: &str,
    period: (NaiveDate, NaiveDate),
) -> Result<Vec<Revision>, StoreError> {
    let found: Vec<(Uuid, i32, Vec<u8>, bool)> = sqlx::query_as(
        "SELECT statement_id, revision, content, posted FROM bank.statement
         WHERE bank_account = $1 AND bank_id = $2 AND from_date = $3 AND to_date = $4 ORDER BY revision",
    )
    .bind(account)
    .bind(bank_id)
    .bind(period.0)
    .bind(period.1)
    .fetch_all(conn)
    .await
    .doing("looking for a statement's revisions")?;
    found
        .into_iter()
        .map(|(id, number, content, posted)| {
            Ok(Revision { id, number: rows::unsigned(number)?, content: rows::digest(content)?, posted })
        })
        .collect()
}

/// Writes a statement and its lines.
pub async fn put_statement(
    conn: &mut PgConnection,
    statement: &NewStatement,
    lines: &[NewLine],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bank.statement (statement_id, file_digest, bank_account, currency, bank_id, sequence, revision,
             content, from_date, to_date, opening, closing, proof, difference, continuity, posted, why, findings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(statement.id)
    .bind(statement.file.0.as_slice())
    .bind(&statement.account)
    .bind(statement.currency.letters())
    .bind(&statement.bank_id)
    .bind(statement.sequence.map(rows::signed).transpose()?)
    .bind(rows::int(statement.revision)?)
    .bind(statement.content.0.as_slice())
    .bind(statement.from)
    .bind(statement.to)
    .bind(statement.opening.units())
    .bind(statement.closing.units())
    .bind(statement.proof)
    .bind(statement.difference.units())
    .bind(statement.continuity)
    .bind(statement.posted)
    .bind(statement.why.as_deref())
    .bind(&statement.findings)
    .execute(&mut *conn)
    .await
    .doing("writing a statement")?;
    let text = |pick: fn(&NewLine) -> &str| lines.iter().map(pick).collect::<Vec<&str>>();
    let maybe = |pick: fn(&NewLine) -> Option<&str>| lines.iter().map(pick).collect::<Vec<Option<&str>>>();
    let date = |pick: fn(&NewLine) -> NaiveDate| lines.iter().map(pick).collect::<Vec<NaiveDate>>();
    let flag = |pick: fn(&NewLine) -> bool| lines.iter().map(pick).collect::<Vec<bool>>();
    sqlx::query(
        "INSERT INTO bank.line (statement_id, ordinal, booking_date, value_date, amount, booked, reversal, end_to_end,
             codes, memo, bank_ref)
         SELECT $1, ordinal, booking_date, value_date, amount, booked, reversal, end_to_end,
                CASE WHEN codes = '' THEN '{}' ELSE string_to_array(codes, ' ') END, memo, bank_ref
         FROM unnest($2::int[], $3::date[], $4::date[], $5::bigint[], $6::boolean[], $7::boolean[], $8::text[],
                     $9::text[], $10::text[], $11::text[])
              AS line (ordinal, booking_date, value_date, amount, booked, reversal, end_to_end, codes, memo, bank_ref)",
    )
    .bind(statement.id)
    .bind(lines.iter().map(|line| rows::int(line.ordinal)).collect::<Result<Vec<_>, _>>()?)
    .bind(date(|line| line.booking_date))
    .bind(date(|line| line.value_date))
    .bind(lines.iter().map(|line| line.amount.units()).collect::<Vec<i64>>())
    .bind(flag(|line| line.booked))
    .bind(flag(|line| line.reversal))
    .bind(maybe(|line| line.end_to_end.as_deref()))
    .bind(text(|line| &line.codes))
    .bind(text(|line| &line.memo))
    .bind(maybe(|line| line.bank_ref.as_deref()))
    .execute(conn)
    .await
    .doing("writing statement lines")?;
    Ok(())
}

/// Judges the continuity of a posted statement again.
pub async fn set_continuity(conn: &mut PgConnection, id: Uuid, continuity: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE bank.statement SET continuity = $2 WHERE statement_id = $1")
        .bind(id)
        .bind(continuity)
        .execute(conn)
        .await
        .doing("judging continuity")?;
    Ok(())
}

/// The opening balance of an account that is still to be posted; answers it once.
pub async fn take_opening(conn: &mut PgConnection, account: &str) -> Result<Option<Minor>, StoreError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "UPDATE bank.account SET opening_posted = true WHERE bank_account = $1 AND NOT opening_posted RETURNING opening",
    )
    .bind(account)
    .fetch_optional(conn)
    .await
    .doing("taking an opening balance")?;
    Ok(found.map(|(opening,)| Minor::new(opening)))
}

/// The book against the last posted statement of every account.
pub async fn difference(conn: &mut PgConnection) -> Result<BankDifference, StoreError> {
    let (book, statements, as_of): (i64, i64, Option<NaiveDate>) = sqlx::query_as(
        "WITH last AS (
             SELECT DISTINCT ON (bank_account) closing, to_date
             FROM bank.statement JOIN bank.file USING (file_digest)
             WHERE posted
             ORDER BY bank_account, to_date DESC, from_date DESC, sequence DESC NULLS LAST, received_at DESC,
                      bank_id DESC)
         SELECT (SELECT coalesce(sum(debit - credit), 0)::bigint FROM ledger.balance WHERE chart = $1),
                (SELECT coalesce(sum(closing), 0)::bigint FROM last), (SELECT min(to_date) FROM last)",
    )
    .bind(ledger::Chart::TrustBank.number())
    .fetch_one(conn)
    .await
    .doing("comparing the book with the bank")?;
    let (book, statements) = (Minor::new(book), Minor::new(statements));
    let difference = book
        .minus(statements)
        .map_err(|error| StoreError::row("comparing the book with the bank", error.to_string()))?;
    Ok(BankDifference { book, statements, difference, as_of })
}
