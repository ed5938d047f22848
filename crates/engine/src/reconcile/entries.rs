//! What bank lines book. Every booked line of a posted statement moves TRUST_BANK; the other side is what it was about.

use super::matching::Verdict;
use crate::EngineError;
use crate::office::{books, towards_credit, towards_debit};
use chrono::NaiveDate;
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{Minor, MoneyError, PostingDate, ServiceDate};
use store::bank::{Item, ItemKind};

const DOING: &str = "booking a bank line";

/// The account an item waits on.
fn waiting(item: &Item) -> (Chart, i64) {
    let chart = match item.kind {
        ItemKind::TopUp => Chart::BankClearing,
        ItemKind::Payout => Chart::PayoutInFlight,
        ItemKind::Subsidy => Chart::SubsidyReceivable,
        ItemKind::Acquirer => Chart::AcquirerReceivable,
    };
    (chart, Line::party(item.party))
}

/// Where a line stands that nobody understands yet. Money to us is owed to somebody (event 12); money from us was the
/// customers', so own money owes it to them until it is explained (event 12b).
fn unexplained(amount: Minor) -> Result<[Option<Line>; 3], MoneyError> {
    if amount.is_negative() {
        Ok([
            towards_credit(Chart::DueFromOwn, 0, amount)?,
            towards_credit(Chart::ChannelFeeExpense, 0, amount)?,
            towards_debit(Chart::DueToTrust, 0, amount)?,
        ])
    } else {
        Ok([towards_credit(Chart::Suspense, 0, amount)?, None, None])
    }
}

fn posting(
    kind: Kind,
    lines: Result<Vec<Option<Line>>, MoneyError>,
    on: NaiveDate,
    cause: String,
    today: PostingDate,
) -> Result<Posting, EngineError> {
    let lines = lines.map_err(|error| books(DOING, error))?.into_iter().flatten().collect();
    Posting::new(kind, today, ServiceDate(on), Cause::Office(cause), lines)
        .map_err(|error| books(DOING, error))
}

/// A line of a statement, as it is understood now.
pub(super) fn line(
    verdict: &Verdict<'_>,
    amount: Minor,
    on: NaiveDate,
    cause: String,
    today: PostingDate,
) -> Result<Posting, EngineError> {
    let (kind, other) = match verdict {
        Verdict::Match { item, .. } => {
            let (chart, owner) = waiting(item);
            (Kind::BankLine, towards_credit(chart, owner, amount).map(|line| vec![line]))
        }
        Verdict::AmountDiff { .. } | Verdict::Ambiguous { .. } | Verdict::Unmatched => {
            (Kind::Suspense, unexplained(amount).map(Vec::from))
        }
    };
    let lines = towards_debit(Chart::TrustBank, 0, amount).and_then(|bank| {
        let mut lines = vec![bank];
        lines.extend(other?);
        Ok(lines)
    });
    posting(kind, lines, on, cause, today)
}

/// A line that met its item late: what stood unexplained moves to the item's account.
pub(super) fn late(
    item: &Item,
    amount: Minor,
    on: NaiveDate,
    cause: String,
    today: PostingDate,
) -> Result<Posting, EngineError> {
    let (chart, owner) = waiting(item);
    let swap = |line: Line| Line { debit: line.credit, credit: line.debit, ..line };
    let lines = unexplained(amount).and_then(|stood| {
        let mut lines: Vec<Option<Line>> = stood.into_iter().map(|line| line.map(swap)).collect();
        lines.push(towards_credit(chart, owner, amount)?);
        Ok(lines)
    });
    posting(Kind::BankLine, lines, on, cause, today)
}

/// The balance an account was taken over with: own money prefunds the trust (event 18a). None when it was empty.
pub(super) fn opening(
    account: &str,
    amount: Minor,
    on: NaiveDate,
    today: PostingDate,
) -> Result<Option<Posting>, EngineError> {
    if amount.is_zero() {
        return Ok(None);
    }
    let lines = || {
        Ok(vec![
            towards_debit(Chart::TrustBank, 0, amount)?,
            towards_credit(Chart::DueFromOwn, 0, amount)?,
            towards_debit(Chart::DueToTrust, 0, amount)?,
            towards_credit(Chart::OwnBank, 0, amount)?,
        ])
    };
    posting(Kind::Funding, lines(), on, format!("approved opening of {account}"), today).map(Some)
}
