//! The account itself: its media, its holder's rights, its end, and what a person puts right by hand.

use super::{Hearing, room};
use crate::decide::poison;
use crate::outcome::RegistryChange;
use crate::standing::Concession;
use fares::PartyKind;
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, EventTime, MediumToken, Minor, Money, Refusal, Tender, Text};

/// How long an account must be on the deny list before it is closed, in seconds: 7 days, for taps that come late.
pub const CLOSE_AFTER_SECONDS: i64 = 7 * 86_400;

/// Money and rights stay with the account; the new medium stands for it, the old one is blocked.
pub(super) fn move_medium(
    hearing: &mut Hearing<'_>,
    (from, to): (&MediumToken, &MediumToken),
    fare_medium: &Text,
    tender: Tender,
) -> Result<(), Refusal> {
    hearing.not_closed()?;
    hearing.block(Some(from))?;
    hearing.standing().blocked_media.retain(|blocked| blocked != to);
    let (account, fare_medium) = (hearing.command.account, fare_medium.clone());
    hearing.verdict.registry.push(RegistryChange::Medium { token: *to, account, fare_medium, tender });
    Ok(())
}

/// A right to a rider category. Rides of the window from its begin on are priced anew; older ones stay as they are.
pub(super) fn grant(
    hearing: &mut Hearing<'_>,
    category: &Text,
    (from, until): (EventTime, EventTime),
) -> Result<(), Refusal> {
    if until <= from || !hearing.scene.policy.rider_ids().any(|known| known == category) {
        let detail = format!("no category {category:?} in the policy in force, or it ends before it begins");
        return Err(Refusal::new(Code::ConcessionInvalid, detail));
    }
    hearing.not_closed()?;
    // What is over before the window began can change nothing any more.
    let oldest = hearing.state.window.first().map_or(hearing.command.at, |tap| tap.at);
    let held = &mut hearing.standing().concessions;
    held.retain(|held| oldest < held.until);
    room(held)?;
    let place = held.partition_point(|held| held.from <= from);
    held.insert(place, Concession { category: category.clone(), from, until });
    let rides = hearing.state.window.iter_mut().filter(|tap| from <= tap.at && tap.at < until);
    rides.for_each(|tap| tap.rider = category.clone());
    let account = hearing.command.account;
    hearing.verdict.registry.push(RegistryChange::Granted {
        account,
        category: category.clone(),
        from,
        until,
    });
    hearing.reprice()
}

/// A right ends now; what was ridden on it stays as it is.
pub(super) fn lapse(hearing: &mut Hearing<'_>, category: &Text) {
    let Command { account, at, .. } = *hearing.command;
    let held = hearing.standing().concessions.iter_mut().filter(|held| held.category == *category);
    held.for_each(|held| held.until = held.until.min(at));
    hearing.verdict.registry.push(RegistryChange::Lapsed { account, category: category.clone(), at });
}

/// What is left of a blocked account becomes owed to its holder. Debt, and money on its way, come first.
pub(super) fn close(hearing: &mut Hearing<'_>) -> Result<(), Refusal> {
    let Command { account, at, .. } = *hearing.command;
    two_people(hearing.command)?;
    hearing.not_closed()?;
    let standing = hearing.standing();
    let soon = |detail: &str| Err(Refusal::new(Code::CloseTooSoon, detail));
    match standing.blocked {
        Some(since) if at.seconds_since(since) >= CLOSE_AFTER_SECONDS => {}
        _ => return soon("the account is blocked first, for 7 days"),
    }
    if !standing.pending.is_empty() {
        return soon("a top-up is on its way");
    }
    standing.closed = Some(at);
    if hearing.state.purse.debt.is_positive() {
        return soon("the account owes money");
    }
    let left = hearing.state.purse.value;
    hearing.verdict.amount = Some(left);
    if left.is_positive() {
        let mut lines = hearing.take_value(left)?;
        lines.push(Line::credit(Chart::RefundPayable, account.as_i64(), left));
        hearing.post(Kind::Closing, lines)?;
    }
    Ok(())
}

/// Money to or from the holder, from or to where a person found that it belongs. Taking is a fact: it may leave a debt.
pub(super) fn correct(
    hearing: &mut Hearing<'_>,
    amount: Money,
    to_holder: bool,
    operator: Option<&Text>,
) -> Result<(), Refusal> {
    hearing.verdict.amount = Some(amount.amount);
    two_people(hearing.command)?;
    hearing.scene.check_amount(amount)?;
    let (chart, owner) = match operator {
        None => (Chart::Suspense, 0),
        Some(operator) => {
            let party = hearing.scene.party(operator, PartyKind::Operator)?;
            hearing.verdict.payee = Some(party);
            (Chart::OperatorFare, Line::party(party))
        }
    };
    let amount: Minor = amount.amount;
    let mut lines = Vec::with_capacity(3);
    if to_holder {
        lines.push(Line::debit(chart, owner, amount));
        lines.extend(hearing.state.purse.credit(hearing.command.account, amount).map_err(poison)?);
    } else {
        lines.extend(hearing.state.purse.charge(hearing.command.account, amount).map_err(poison)?);
        lines.push(Line::credit(chart, owner, amount));
    }
    hearing.post(Kind::Correction, lines)
}

fn two_people(command: &Command) -> Result<(), Refusal> {
    match command.approved_by {
        Some(_) => Ok(()),
        None => Err(Refusal::new(Code::ApprovalMissing, "another person agrees first")),
    }
}
