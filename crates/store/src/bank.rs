//! Bank files, statements, lines, items, matches and breaks.
//!
//! # Locks
//! Every caller that writes here holds the office's lease row ([`crate::settle::office_date`]), so one import or approval
//! runs at a time and a claim never waits for another. The unique keys of `bank.match` guard it all the same.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::NaiveDate;
use primitives::{Currency, Digest, Minor, PartyNo, PostingDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;
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

/// What an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// Money paid into a card through a channel.
    TopUp,
    /// A payout of ours.
    Payout,
    /// A funder's claim.
    Subsidy,
    /// What an acquirer owes for open-loop rides.
    Acquirer,
}

impl ItemKind {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            ItemKind::TopUp => "top_up",
            ItemKind::Payout => "payout",
            ItemKind::Subsidy => "subsidy",
            ItemKind::Acquirer => "acquirer",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        [ItemKind::TopUp, ItemKind::Payout, ItemKind::Subsidy, ItemKind::Acquirer]
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| rows::corrupt("bank.item.kind", word))
    }
}

/// Something the ledger expects to see at the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id, derived from its cause.
    pub id: String,
    /// What it is about.
    pub kind: ItemKind,
    /// The reference the line should carry.
    pub reference: String,
    /// How much; above zero is to us.
    pub amount: Minor,
    /// The accounting day it was booked on.
    pub posting_date: PostingDate,
    /// The channel, payee, funder or acquirer.
    pub party: PartyNo,
}

/// A line meets an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The line's statement.
    pub statement: Uuid,
    /// The line's position.
    pub ordinal: u32,
    /// The item.
    pub item: String,
    /// The rule that says so.
    pub rule: &'static str,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Its id, derived from its cause.
    pub id: String,
    /// The stable code.
    pub code: &'static str,
    /// The statement it is seen on.
    pub statement: Option<Uuid>,
    /// The line.
    pub ordinal: Option<u32>,
    /// The item.
    pub item: Option<String>,
    /// How much does not fit.
    pub amount: Minor,
    /// What exactly.
    pub detail: String,
    /// The bank date it is seen on.
    pub first_seen: NaiveDate,
}

/// A posted line that met nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLine {
    /// Its break.
    pub break_id: String,
    /// Its statement.
    pub statement: Uuid,
    /// Its position.
    pub ordinal: u32,
    /// The day the bank booked it.
    pub booking_date: NaiveDate,
    /// How much; above zero is to us.
    pub amount: Minor,
    /// The end-to-end id.
    pub end_to_end: Option<String>,
    /// Our reference codes found in it.
    pub codes: Vec<String>,
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
    let found: Vec<(Uuid, NaiveDate, NaiveDate, i64, i64, String)> = sqlx::query_as(
        "SELECT statement_id, from_date, to_date, opening, closing, continuity
         FROM bank.statement JOIN bank.file USING (file_digest)
         WHERE bank_account = $1 AND posted
         ORDER BY to_date, from_date, sequence NULLS FIRST, received_at, bank_id",
    )
    .bind(account)
    .fetch_all(conn)
    .await
    .doing("reading an account's history")?;
    Ok(found
        .into_iter()
        .map(|(id, from, to, opening, closing, continuity)| Span {
            id,
            from,
            to,
            opening: Minor::new(opening),
            closing: Minor::new(closing),
            continuity,
        })
        .collect())
}

/// What is stored under a statement's key: (revision, is it posted), oldest revision first.
pub async fn revisions(
    conn: &mut PgConnection,
    statement: &NewStatement,
) -> Result<Vec<(Uuid, u32, bool)>, StoreError> {
    let found: Vec<(Uuid, i32, bool)> = sqlx::query_as(
        "SELECT statement_id, revision, posted FROM bank.statement
         WHERE bank_account = $1 AND bank_id = $2 AND from_date = $3 AND to_date = $4 ORDER BY revision",
    )
    .bind(&statement.account)
    .bind(&statement.bank_id)
    .bind(statement.from)
    .bind(statement.to)
    .fetch_all(conn)
    .await
    .doing("looking for a statement's revisions")?;
    found.into_iter().map(|(id, revision, posted)| Ok((id, rows::unsigned(revision)?, posted))).collect()
}

/// Writes a statement and its lines.
pub async fn put_statement(
    conn: &mut PgConnection,
    statement: &NewStatement,
    lines: &[NewLine],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bank.statement (statement_id, file_digest, bank_account, currency, bank_id, sequence, revision,
             from_date, to_date, opening, closing, proof, difference, continuity, posted, why, findings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(statement.id)
    .bind(statement.file.0.as_slice())
    .bind(&statement.account)
    .bind(statement.currency.letters())
    .bind(&statement.bank_id)
    .bind(statement.sequence.map(rows::signed).transpose()?)
    .bind(rows::int(statement.revision)?)
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

/// Writes expected items; one that is known stays as it is.
pub async fn put_items(conn: &mut PgConnection, items: &[Item]) -> Result<(), StoreError> {
    let text = |pick: fn(&Item) -> &str| items.iter().map(pick).collect::<Vec<&str>>();
    sqlx::query(
        "INSERT INTO bank.item (item_id, kind, reference, amount, posting_date, party_no)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::int[])
         ON CONFLICT (item_id) DO NOTHING",
    )
    .bind(text(|item| &item.id))
    .bind(text(|item| item.kind.word()))
    .bind(text(|item| &item.reference))
    .bind(items.iter().map(|item| item.amount.units()).collect::<Vec<i64>>())
    .bind(items.iter().map(|item| item.posting_date.0).collect::<Vec<NaiveDate>>())
    .bind(rows::party_numbers(items.iter().map(|item| item.party))?)
    .execute(conn)
    .await
    .doing("writing expected bank items")?;
    Ok(())
}

/// The open items under these references, by reference and id.
pub async fn candidates(
    conn: &mut PgConnection,
    references: &[&str],
) -> Result<BTreeMap<String, Vec<Item>>, StoreError> {
    let found: Vec<(String, String, String, i64, NaiveDate, i32)> = sqlx::query_as(
        "SELECT item_id, kind, reference, amount, posting_date, party_no FROM bank.item
         WHERE reference = ANY($1::text[]) AND open ORDER BY reference, item_id",
    )
    .bind(references)
    .fetch_all(conn)
    .await
    .doing("looking for items")?;
    let mut items: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for (id, kind, reference, amount, posting_date, party) in found {
        items.entry(reference.clone()).or_default().push(Item {
            id,
            kind: ItemKind::parse(&kind)?,
            reference,
            amount: Minor::new(amount),
            posting_date: PostingDate(posting_date),
            party: rows::party(party)?,
        });
    }
    Ok(items)
}

/// Writes claims and closes the items' breaks. A line or an item that is taken is a fault of the unique keys: the caller
/// holds the office's row, so nobody else can have taken it in between.
pub async fn put_claims(conn: &mut PgConnection, claims: &[Claim], on: NaiveDate) -> Result<(), StoreError> {
    let items: Vec<&str> = claims.iter().map(|claim| claim.item.as_str()).collect();
    sqlx::query(
        "INSERT INTO bank.match (statement_id, ordinal, item_id, rule)
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[])",
    )
    .bind(claims.iter().map(|claim| claim.statement).collect::<Vec<Uuid>>())
    .bind(claims.iter().map(|claim| rows::int(claim.ordinal)).collect::<Result<Vec<_>, _>>()?)
    .bind(&items)
    .bind(claims.iter().map(|claim| claim.rule).collect::<Vec<&str>>())
    .execute(&mut *conn)
    .await
    .doing("claiming lines and items")?;
    sqlx::query("UPDATE bank.item SET open = false WHERE item_id = ANY($1::text[])")
        .bind(&items)
        .execute(&mut *conn)
        .await
        .doing("closing items")?;
    sqlx::query(
        "UPDATE bank.break SET state = 'closed', closed_on = $2
         WHERE state = 'open' AND item_id = ANY($1::text[]) AND statement_id IS NULL",
    )
    .bind(&items)
    .bind(on)
    .execute(conn)
    .await
    .doing("closing breaks of items")?;
    Ok(())
}

/// Writes breaks. One that is known stays as it was first seen; one that had closed opens again.
pub async fn put_breaks(conn: &mut PgConnection, breaks: &[Break]) -> Result<(), StoreError> {
    let text = |pick: fn(&Break) -> &str| breaks.iter().map(pick).collect::<Vec<&str>>();
    let ordinals =
        breaks.iter().map(|row| row.ordinal.map(rows::int).transpose()).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "INSERT INTO bank.break (break_id, code, statement_id, ordinal, item_id, amount, detail, first_seen)
         SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::bigint[], $7::text[],
                              $8::date[])
         ON CONFLICT (break_id) DO UPDATE
         SET state = 'open', closed_on = NULL, code = excluded.code, amount = excluded.amount,
             detail = excluded.detail
         WHERE bank.break.state = 'closed'",
    )
    .bind(text(|row| &row.id))
    .bind(text(|row| row.code))
    .bind(breaks.iter().map(|row| row.statement).collect::<Vec<Option<Uuid>>>())
    .bind(ordinals)
    .bind(breaks.iter().map(|row| row.item.as_deref()).collect::<Vec<Option<&str>>>())
    .bind(breaks.iter().map(|row| row.amount.units()).collect::<Vec<i64>>())
    .bind(text(|row| &row.detail))
    .bind(breaks.iter().map(|row| row.first_seen).collect::<Vec<NaiveDate>>())
    .execute(conn)
    .await
    .doing("writing breaks")?;
    Ok(())
}

/// Closes breaks; those that are closed or unknown are left alone.
pub async fn close_breaks(conn: &mut PgConnection, ids: &[String], on: NaiveDate) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE bank.break SET state = 'closed', closed_on = $2 WHERE break_id = ANY($1::text[]) AND state = 'open'",
    )
    .bind(ids)
    .bind(on)
    .execute(conn)
    .await
    .doing("closing breaks")?;
    Ok(())
}

/// Posted lines that met nothing, by statement and position: an item may have come since.
pub async fn open_lines(conn: &mut PgConnection, code: &str) -> Result<Vec<OpenLine>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        break_id: String,
        statement_id: Uuid,
        ordinal: i32,
        booking_date: NaiveDate,
        amount: i64,
        end_to_end: Option<String>,
        codes: Vec<String>,
    }
    let found: Vec<Row> = sqlx::query_as(
        "SELECT b.break_id, l.statement_id, l.ordinal, l.booking_date, l.amount, l.end_to_end, l.codes
         FROM bank.break b JOIN bank.line l ON l.statement_id = b.statement_id AND l.ordinal = b.ordinal
         WHERE b.state = 'open' AND b.code = $1
         ORDER BY l.booking_date, l.statement_id, l.ordinal",
    )
    .bind(code)
    .fetch_all(conn)
    .await
    .doing("reading lines that met nothing")?;
    found
        .into_iter()
        .map(|row| {
            Ok(OpenLine {
                break_id: row.break_id,
                statement: row.statement_id,
                ordinal: rows::unsigned(row.ordinal)?,
                booking_date: row.booking_date,
                amount: Minor::new(row.amount),
                end_to_end: row.end_to_end,
                codes: row.codes,
            })
        })
        .collect()
}

/// Open items of a kind that were booked before a day and have no open break, by id.
pub async fn overdue(
    conn: &mut PgConnection,
    kind: ItemKind,
    before: NaiveDate,
) -> Result<Vec<Item>, StoreError> {
    let found: Vec<(String, String, i64, NaiveDate, i32)> = sqlx::query_as(
        "SELECT item_id, reference, amount, posting_date, party_no FROM bank.item i
         WHERE open AND kind = $1 AND posting_date < $2
           AND NOT EXISTS (SELECT 1 FROM bank.break b WHERE b.break_id = 'item/' || i.item_id AND b.state = 'open')
         ORDER BY item_id",
    )
    .bind(kind.word())
    .bind(before)
    .fetch_all(conn)
    .await
    .doing("looking for overdue items")?;
    found
        .into_iter()
        .map(|(id, reference, amount, posting_date, party)| {
            Ok(Item {
                id,
                kind,
                reference,
                amount: Minor::new(amount),
                posting_date: PostingDate(posting_date),
                party: rows::party(party)?,
            })
        })
        .collect()
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

/// How many breaks are open.
pub async fn open_breaks(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM bank.break WHERE state = 'open'")
        .fetch_one(conn)
        .await
        .doing("counting open breaks")?;
    rows::count(count)
}
