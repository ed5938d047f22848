//! Adjustments: what one person proposed to book by hand, another approved, and which posting undoes which.

use crate::bank::{Item, ItemKind};
use crate::error::{Doing as _, StoreError};
use crate::posting::OFFICE;
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Chart, Line};
use primitives::{Digest, Minor, PartyNo, PostingDate, ServiceDate};
use sqlx::PgConnection;
use uuid::Uuid;

/// An adjustment, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id, derived from what it says.
    pub id: Uuid,
    /// The event, in the words of `ledger::Event`.
    pub event: String,
    /// The bank line it explains.
    pub line: Option<(Uuid, u32)>,
    /// The reference of the bank item it settles.
    pub item: Option<String>,
    /// The case it belongs to.
    pub case_no: String,
    /// Why.
    pub reason: String,
    /// Digest of all of this.
    pub digest: Digest,
    /// `proposed`, `approved` or `withdrawn`.
    pub state: String,
    /// Who proposed it.
    pub maker: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who approved it.
    pub checker: Option<String>,
    /// Where its posting stands among the office's.
    pub offset: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    adjustment_id: Uuid,
    event: String,
    statement_id: Option<Uuid>,
    ordinal: Option<i32>,
    item: Option<String>,
    case_no: String,
    reason: String,
    digest: Vec<u8>,
    state: String,
    maker: String,
    proposed_at: DateTime<Utc>,
    checker: Option<String>,
    off: Option<i64>,
}

fn adjustment(row: Row) -> Result<Adjustment, StoreError> {
    let line = match (row.statement_id, row.ordinal) {
        (Some(statement), Some(ordinal)) => Some((statement, rows::unsigned(ordinal)?)),
        _ => None,
    };
    Ok(Adjustment {
        id: row.adjustment_id,
        event: row.event,
        line,
        item: row.item,
        case_no: row.case_no,
        reason: row.reason,
        digest: rows::digest(row.digest)?,
        state: row.state,
        maker: row.maker,
        proposed_at: row.proposed_at,
        checker: row.checker,
        offset: row.off,
    })
}

/// Writes a proposal, unless the same was proposed before; answers what stands there now, locked.
pub async fn put(conn: &mut PgConnection, new: &Adjustment) -> Result<Adjustment, StoreError> {
    let doing = "writing an adjustment";
    sqlx::query(
        "INSERT INTO settle.adjustment (adjustment_id, event, statement_id, ordinal, item, case_no, reason, digest, state,
           maker)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9) ON CONFLICT (adjustment_id) DO NOTHING",
    )
    .bind(new.id)
    .bind(&new.event)
    .bind(new.line.map(|(statement, _)| statement))
    .bind(new.line.map(|(_, ordinal)| rows::int(ordinal)).transpose()?)
    .bind(&new.item)
    .bind(&new.case_no)
    .bind(&new.reason)
    .bind(new.digest.0.as_slice())
    .bind(&new.maker)
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    lock(conn, new.id).await?.ok_or_else(|| StoreError::row(doing, "it is not there"))
}

/// The adjustment of this id, locked.
pub async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Adjustment>, StoreError> {
    let found: Option<Row> =
        sqlx::query_as("SELECT * FROM settle.adjustment WHERE adjustment_id = $1 FOR UPDATE")
            .bind(id)
            .fetch_optional(conn)
            .await
            .doing("reading an adjustment")?;
    found.map(adjustment).transpose()
}

/// Adjustments, newest first, at most `limit`.
pub async fn list(conn: &mut PgConnection, limit: i64) -> Result<Vec<Adjustment>, StoreError> {
    let found: Vec<Row> =
        sqlx::query_as("SELECT * FROM settle.adjustment ORDER BY proposed_at DESC, adjustment_id LIMIT $1")
            .bind(limit)
            .fetch_all(conn)
            .await
            .doing("listing adjustments")?;
    found.into_iter().map(adjustment).collect()
}

/// Marks an adjustment as approved and booked at an offset of the office.
pub async fn set_approved(
    conn: &mut PgConnection,
    id: Uuid,
    checker: &str,
    offset: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE settle.adjustment SET state = 'approved', checker = $2, approved_at = clock_timestamp(), off = $3
         WHERE adjustment_id = $1 AND state = 'proposed'",
    )
    .bind(id)
    .bind(checker)
    .bind(offset)
    .execute(conn)
    .await
    .doing("approving an adjustment")?;
    Ok(())
}

/// Takes a proposal back.
pub async fn set_withdrawn(conn: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE settle.adjustment SET state = 'withdrawn' WHERE adjustment_id = $1 AND state = 'proposed'",
    )
    .bind(id)
    .execute(conn)
    .await
    .doing("withdrawing an adjustment")?;
    Ok(())
}

/// A booked bank line that nobody understood yet, and how it was booked meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained {
    /// Its open break.
    pub break_id: String,
    /// How much; above zero is to us.
    pub amount: Minor,
    /// Where its posting stands among the office's.
    pub offset: i64,
    /// The bank's day, which that posting carries.
    pub service_date: ServiceDate,
    /// The lines of that posting.
    pub lines: Vec<Line>,
}

/// The unexplained line of a statement; none when there is none, or it was explained.
pub async fn unexplained(
    conn: &mut PgConnection,
    (statement, ordinal): (Uuid, u32),
) -> Result<Option<Unexplained>, StoreError> {
    type Found = (String, i64, i64, NaiveDate, Vec<i16>, Vec<i64>, Vec<i64>, Vec<i64>);
    let found: Option<Found> = sqlx::query_as(
        "SELECT open.break_id, line.amount, p.off, p.service_date, p.chart, p.owner, p.debit, p.credit
         FROM bank.break AS open
         JOIN bank.line AS line USING (statement_id, ordinal)
         JOIN bank.statement AS s USING (statement_id)
         JOIN ledger.posting AS p ON p.stream_id = $3 AND p.part = $4 AND p.kind = 'suspense' AND p.cause_text =
           'bank ' || s.bank_account || ' ' || s.bank_id || ' ' || s.from_date || '/' || s.to_date || ' line ' || line.ordinal
         WHERE open.statement_id = $1 AND open.ordinal = $2 AND open.state = 'open'",
    )
    .bind(statement)
    .bind(rows::int(ordinal)?)
    .bind(OFFICE.0)
    .bind(OFFICE.1)
    .fetch_optional(conn)
    .await
    .doing("looking for an unexplained bank line")?;
    let Some((break_id, amount, offset, service_date, chart, owner, debit, credit)) = found else {
        return Ok(None);
    };
    let sides = debit.iter().zip(&credit);
    let lines = chart.iter().zip(&owner).zip(sides).map(|((chart, owner), (debit, credit))| {
        let chart = Chart::from_number(*chart).ok_or_else(|| rows::corrupt("ledger.posting.chart", chart))?;
        Ok(Line { chart, owner: *owner, debit: Minor::new(*debit), credit: Minor::new(*credit) })
    });
    Ok(Some(Unexplained {
        break_id,
        amount: Minor::new(amount),
        offset,
        service_date: ServiceDate(service_date),
        lines: lines.collect::<Result<_, StoreError>>()?,
    }))
}

/// The open bank item of a kind with this reference.
pub async fn open_item(
    conn: &mut PgConnection,
    kind: ItemKind,
    reference: &str,
) -> Result<Option<Item>, StoreError> {
    let found: Option<(String, i64, NaiveDate, i32)> = sqlx::query_as(
        "SELECT item_id, amount, posting_date, party_no FROM bank.item
         WHERE kind = $1 AND reference = $2 AND open ORDER BY item_id LIMIT 1 FOR UPDATE",
    )
    .bind(kind.word())
    .bind(reference)
    .fetch_optional(conn)
    .await
    .doing("looking for an open bank item")?;
    found
        .map(|(id, amount, date, party)| {
            Ok(Item {
                id,
                kind,
                reference: reference.to_owned(),
                amount: Minor::new(amount),
                posting_date: PostingDate(date),
                party: rows::party(party)?,
            })
        })
        .transpose()
}

/// Closes a bank item that no line will meet any more.
pub async fn close_item(conn: &mut PgConnection, item: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE bank.item SET open = false WHERE item_id = $1")
        .bind(item)
        .execute(conn)
        .await
        .doing("closing a bank item")?;
    Ok(())
}

/// Links a posting of the office to the one that undoes it. A posting is undone once: the key says so.
pub async fn put_reversal(conn: &mut PgConnection, undone: i64, by: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger.reversal (stream_id, part, off, ord, by_stream_id, by_part, by_off, by_ord)
         VALUES ($1, $2, $3, 0, $1, $2, $4, 0)",
    )
    .bind(OFFICE.0)
    .bind(OFFICE.1)
    .bind(undone)
    .bind(by)
    .execute(conn)
    .await
    .doing("linking a reversal")?;
    Ok(())
}

/// Debits less credits of an account of the chart for one owner.
pub async fn net(conn: &mut PgConnection, chart: Chart, owner: i64) -> Result<Minor, StoreError> {
    let (net,): (i64,) = sqlx::query_as(
        "SELECT coalesce(sum(debit - credit), 0)::bigint FROM ledger.balance WHERE chart = $1 AND owner = $2",
    )
    .bind(chart.number())
    .bind(owner)
    .fetch_one(conn)
    .await
    .doing("adding up what a party owes")?;
    Ok(Minor::new(net))
}

/// The kind of a party, as the registry knows it.
pub async fn party_kind(conn: &mut PgConnection, party: PartyNo) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT kind FROM registry.party WHERE party_no = $1")
        .bind(rows::party_number(party)?)
        .fetch_optional(conn)
        .await
        .doing("looking for a party")
}
