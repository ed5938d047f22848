//! The account itself: its media, its holder's rights, its end, and what a person puts right by hand.

use super::{Verdict, block, from_value, not_closed, post, room, standing};
use crate::decide::{Scene, poison};
use crate::outcome::RegistryChange;
use crate::ride;
use crate::standing::Concession;
use crate::state::AccountState;
use fares::PartyKind;
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, EventTime, MediumToken, Minor, Money, Refusal, Tender, Text};

/// How long an account must be on the deny list before it is closed, in seconds: 7 days, for taps that come late.
pub const CLOSE_AFTER_SECONDS: i64 = 7 * 86_400;

/// Money and rights stay with the account; the new medium stands for it, the old one is blocked.
pub(super) fn move_medium(
    command: &Command,
    (from, to): (&MediumToken, &MediumToken),
    fare_medium: &Text,
    tender: Tender,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    not_closed(state)?;
    block(command, Some(from), standing(state))?;
    standing(state).blocked_media.retain(|blocked| blocked != to);
    let (account, fare_medium) = (command.account, fare_medium.clone());
    verdict.registry.push(RegistryChange::Medium { token: *to, account, fare_medium, tender });
    Ok(())
}

/// A right to a rider category. Rides of the window from its begin on are priced anew; older ones stay as they are.
pub(super) fn grant(
    scene: &Scene<'_>,
    command: &Command,
    category: &Text,
    (from, until): (EventTime, EventTime),
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    if until <= from || !scene.policy.rider_ids().any(|known| known == category) {
        let detail = format!("no category {category:?} in the policy in force, or it ends before it begins");
        return Err(Refusal::new(Code::ConcessionInvalid, detail));
    }
    not_closed(state)?;
    // What is over before the window began can change nothing any more.
    let oldest = state.window.first().map_or(command.at, |tap| tap.at);
    let held = &mut standing(state).concessions;
    held.retain(|held| oldest < held.until);
    room(held)?;
    let place = held.partition_point(|held| held.from <= from);
    held.insert(place, Concession { category: category.clone(), from, until });
    let rides = state.window.iter_mut().filter(|tap| from <= tap.at && tap.at < until);
    rides.for_each(|tap| tap.rider = category.clone());
    let account = command.account;
    verdict.registry.push(RegistryChange::Granted { account, category: category.clone(), from, until });
    (verdict.charges, verdict.postings) = ride::reprice(scene, account, state)?;
    Ok(())
}

/// A right ends now; what was ridden on it stays as it is.
pub(super) fn lapse(command: &Command, category: &Text, state: &mut AccountState, verdict: &mut Verdict) {
    let held = standing(state).concessions.iter_mut().filter(|held| held.category == *category);
    held.for_each(|held| held.until = held.until.min(command.at));
    let (account, category) = (command.account, category.clone());
    verdict.registry.push(RegistryChange::Lapsed { account, category, at: command.at });
}

/// What is left of a blocked account becomes owed to its holder. Debt, and money on its way, come first.
pub(super) fn close(
    scene: &Scene<'_>,
    command: &Command,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    two_people(command)?;
    not_closed(state)?;
    let standing = standing(state);
    let soon = |detail: &str| Err(Refusal::new(Code::CloseTooSoon, detail));
    match standing.blocked {
        Some(since) if command.at.seconds_since(since) >= CLOSE_AFTER_SECONDS => {}
        _ => return soon("the account is blocked first, for 7 days"),
    }
    if !standing.pending.is_empty() {
        return soon("a top-up is on its way");
    }
    standing.closed = Some(command.at);
    if state.purse.debt.is_positive() {
        return soon("the account owes money");
    }
    let left = state.purse.value;
    verdict.amount = Some(left);
    if left.is_positive() {
        let mut lines = from_value(command, left, state)?;
        lines.push(Line::credit(Chart::RefundPayable, command.account.as_i64(), left));
        verdict.postings.push(post(scene, command, Kind::Closing, lines)?);
    }
    Ok(())
}

/// Money to or from the holder, from or to where a person found that it belongs. Taking is a fact: it may leave a debt.
pub(super) fn correct(
    scene: &Scene<'_>,
    command: &Command,
    amount: Money,
    to_holder: bool,
    operator: Option<&Text>,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    verdict.amount = Some(amount.amount);
    two_people(command)?;
    scene.check_amount(amount)?;
    let (chart, owner) = match operator {
        None => (Chart::Suspense, 0),
        Some(operator) => {
            let party = scene.party(operator, PartyKind::Operator)?;
            verdict.payee = Some(party);
            (Chart::OperatorFare, Line::party(party))
        }
    };
    let amount: Minor = amount.amount;
    let mut lines = Vec::with_capacity(3);
    if to_holder {
        lines.push(Line::debit(chart, owner, amount));
        lines.extend(state.purse.credit(command.account, amount).map_err(poison)?);
    } else {
        lines.extend(state.purse.charge(command.account, amount).map_err(poison)?);
        lines.push(Line::credit(chart, owner, amount));
    }
    verdict.postings.push(post(scene, command, Kind::Correction, lines)?);
    Ok(())
}

fn two_people(command: &Command) -> Result<(), Refusal> {
    match command.approved_by {
        Some(_) => Ok(()),
        None => Err(Refusal::new(Code::ApprovalMissing, "another person agrees first")),
    }
}
