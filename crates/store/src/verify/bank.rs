//! The book at the bank beside what the posted statements prove.

use super::books::wide;
use crate::error::{Doing as _, StoreError};
use chrono::NaiveDate;
use ledger::Chart;
use sqlx::PgConnection;

/// What is owed to holders of cards and must be at the bank, whatever else is.
const HELD: [Chart; 3] = [Chart::CardValue, Chart::TopUpPending, Chart::Dormant];

/// What the books and the posted statements say of the money at the bank. Wide numbers: a damaged row must not stop
/// whoever looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtBank {
    /// The book: debits less credits of the trust's bank accounts.
    pub book: i128,
    /// The closings of every account's last posted statement.
    pub closings: i128,
    /// What the openings of posted statements miss of the closings before them: the open breaks that name it.
    pub gaps: i128,
    /// Approved openings, and the booked lines of posted statements.
    pub moved: i128,
    /// The last bank date up to which every account with statements has one; none without statements.
    pub as_of: Option<NaiveDate>,
    /// The closings of the last statements up to that date.
    pub proven: i128,
    /// What was owed to holders of cards at the end of that date, as an accounting day.
    pub held: i128,
}

/// Adds up what the bank proved and what the books say, in one statement.
pub async fn at_bank(conn: &mut PgConnection) -> Result<AtBank, StoreError> {
    type Row = (String, String, String, String, Option<NaiveDate>, String, String);
    let (book, closings, gaps, moved, as_of, proven, held): Row = sqlx::query_as(
        "WITH posted AS (
             SELECT statement_id, bank_account, bank_id, sequence, from_date, to_date, closing, received_at
             FROM bank.statement JOIN bank.file USING (file_digest) WHERE posted),
           last AS (
             SELECT DISTINCT ON (bank_account) closing, to_date FROM posted
             ORDER BY bank_account, to_date DESC, from_date DESC, sequence DESC NULLS LAST, received_at DESC, bank_id DESC),
           moment AS (SELECT min(to_date) AS day FROM last),
           proven AS (
             SELECT DISTINCT ON (bank_account) closing FROM posted, moment WHERE to_date <= moment.day
             ORDER BY bank_account, to_date DESC, from_date DESC, sequence DESC NULLS LAST, received_at DESC, bank_id DESC)
         SELECT (SELECT coalesce(sum(debit::numeric - credit), 0)::text FROM ledger.balance WHERE chart = $1),
                (SELECT coalesce(sum(closing), 0)::text FROM last),
                (SELECT coalesce(sum(amount), 0)::text FROM bank.break WHERE state = 'open' AND break_id LIKE 'gap/%'),
                ((SELECT coalesce(sum(opening), 0) FROM bank.account WHERE opening_posted)
                 + (SELECT coalesce(sum(amount), 0) FROM bank.line JOIN posted USING (statement_id) WHERE booked))::text,
                (SELECT day FROM moment),
                (SELECT coalesce(sum(closing), 0)::text FROM proven),
                (SELECT coalesce(sum(credit::numeric - debit), 0)::text FROM ledger.balance, moment
                 WHERE chart = ANY($2) AND posting_date <= moment.day)",
    )
    .bind(Chart::TrustBank.number())
    .bind(HELD.map(Chart::number).to_vec())
    .fetch_one(conn)
    .await
    .doing("adding up what the bank proved")?;
    Ok(AtBank {
        book: wide(book)?,
        closings: wide(closings)?,
        gaps: wide(gaps)?,
        moved: wide(moved)?,
        as_of,
        proven: wide(proven)?,
        held: wide(held)?,
    })
}
