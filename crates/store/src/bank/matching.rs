//! Items, claims and breaks: what the ledger expects at the bank, what met it, and what did not.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::NaiveDate;
use primitives::{Minor, PartyNo, PostingDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

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

/// Writes breaks. One that is known keeps its first date and its owner, and says what does not fit now; one that had closed
/// opens again.
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
         WHERE (bank.break.state, bank.break.code, bank.break.amount, bank.break.detail)
               IS DISTINCT FROM ('open', excluded.code, excluded.amount, excluded.detail)",
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

/// How many breaks are open.
pub async fn open_breaks(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM bank.break WHERE state = 'open'")
        .fetch_one(conn)
        .await
        .doing("counting open breaks")?;
    rows::count(count)
}
