//! Commands: requests and facts about a card account that no device signed. Each is answered once, with *done* or with a
//! refusal that stays; only what cannot be judged at all goes to quarantine.

mod account;
mod pass;
mod refund;
mod top_up;

pub(crate) use refund::taken_off;

use crate::decide::{Scene, poison};
use crate::outcome::{Charge, RegistryChange};
use crate::standing::{STANDING_MAX, Standing};
use crate::state::AccountState;
use fares::PartyKind;
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{Code, Command, CommandKind, MediumToken, Minor, Money, PartyNo, Refusal, Text};

/// What judging a command came to.
#[derive(Default)]
pub(crate) struct Verdict {
    pub payee: Option<PartyNo>,
    pub amount: Option<Minor>,
    pub refused: Option<Refusal>,
    pub charges: Vec<Charge>,
    pub postings: Vec<Posting>,
    pub expected: Option<(Text, Minor, PartyNo)>,
    pub registry: Vec<RegistryChange>,
}

/// Judges a command on a copy of its account's state, which is the new state when it was done. An error cannot be
/// judged: the record is set aside.
pub(crate) fn judge(
    scene: &Scene<'_>,
    command: &Command,
    state: &mut AccountState,
) -> Result<Verdict, Refusal> {
    let mut next = state.clone();
    let mut verdict = Verdict::default();
    match act(scene, command, &mut next, &mut verdict) {
        Ok(()) => {
            next.standing = next.standing.filter(|standing| **standing != Standing::default());
            *state = next;
            Ok(verdict)
        }
        Err(refusal) if refusal.code == Code::Poison => Err(refusal),
        Err(refusal) => {
            let Verdict { payee, amount, .. } = verdict;
            Ok(Verdict { payee, amount, refused: Some(refusal), ..Verdict::default() })
        }
    }
}

fn act(
    scene: &Scene<'_>,
    command: &Command,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    if command.approved_by.as_ref() == Some(&command.asked_by) {
        return Err(Refusal::new(Code::ApprovalSelf, "asked for and approved by the same person"));
    }
    match &command.kind {
        CommandKind::Pay { payee, bill: _, price } => pay(scene, command, payee, *price, state, verdict),
        CommandKind::BuyPass { product, rider, medium, first_day } => {
            let purchase = fares::Purchase {
                product: product.clone(),
                rider: rider.clone(),
                medium: medium.clone(),
                at: command.at,
                first_day: *first_day,
            };
            pass::buy(scene, command, &purchase, state, verdict)
        }
        CommandKind::RefundPass { purchase } => pass::give_back(scene, command, *purchase, state, verdict),
        CommandKind::RefundFare { leg, amount, case: _ } => {
            refund::fare(scene, command, *leg, *amount, state, verdict)
        }
        CommandKind::Block { medium, reason: _ } => block(command, medium.as_ref(), standing(state)),
        CommandKind::MoveMedium { from, to, fare_medium, tender } => {
            account::move_medium(command, (from, to), fare_medium, *tender, state, verdict)
        }
        CommandKind::GrantConcession { category, from, until } => {
            account::grant(scene, command, category, (*from, *until), state, verdict)
        }
        CommandKind::LapseConcession { category } => {
            account::lapse(command, category, state, verdict);
            Ok(())
        }
        CommandKind::Close { case: _ } => account::close(scene, command, state, verdict),
        CommandKind::Correct { case: _, amount, to_holder, operator } => {
            account::correct(scene, command, *amount, *to_holder, operator.as_ref(), state, verdict)
        }
        CommandKind::Unblock { medium } => {
            not_closed(state)?;
            unblock(medium.as_ref(), standing(state));
            Ok(())
        }
        CommandKind::AnnounceTopUp { channel, reference, value } => {
            top_up::announce(scene, command, (channel, reference, *value), state, verdict)
        }
        CommandKind::ConfirmTopUp { top_up } => top_up::confirm(scene, command, *top_up, state, verdict),
        CommandKind::CancelTopUp { top_up } => top_up::cancel(scene, command, *top_up, state, verdict),
    }
}

/// A bill is paid from value alone: a request never makes a debt.
fn pay(
    scene: &Scene<'_>,
    command: &Command,
    payee: &Text,
    price: Money,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    verdict.amount = Some(price.amount);
    let party = scene.party(payee, PartyKind::School)?;
    verdict.payee = Some(party);
    scene.check_amount(price)?;
    not_blocked(state)?;
    let mut lines = from_value(command, price.amount, state)?;
    lines.push(Line::credit(Chart::SchoolPayable, Line::party(party), price.amount));
    verdict.postings.push(post(scene, command, Kind::SchoolPayment, lines)?);
    Ok(())
}

fn block(command: &Command, medium: Option<&MediumToken>, standing: &mut Standing) -> Result<(), Refusal> {
    match medium {
        None => {
            standing.blocked.get_or_insert(command.at);
        }
        Some(medium) if standing.blocked_media.contains(medium) => {}
        Some(medium) => {
            room(&standing.blocked_media)?;
            standing.blocked_media.push(*medium);
        }
    }
    Ok(())
}

fn unblock(medium: Option<&MediumToken>, standing: &mut Standing) {
    match medium {
        None => standing.blocked = None,
        Some(medium) => standing.blocked_media.retain(|blocked| blocked != medium),
    }
}

/// What commands left behind, to be added to.
fn standing(state: &mut AccountState) -> &mut Standing {
    state.standing.get_or_insert_default()
}

fn room<T>(list: &[T]) -> Result<(), Refusal> {
    if list.len() < STANDING_MAX {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLarge, format!("an account keeps at most {STANDING_MAX} of these")))
}

fn not_closed(state: &AccountState) -> Result<(), Refusal> {
    match &state.standing {
        Some(standing) if standing.closed.is_some() => {
            Err(Refusal::new(Code::AccountClosed, "the account was closed"))
        }
        _ => Ok(()),
    }
}

fn not_blocked(state: &AccountState) -> Result<(), Refusal> {
    not_closed(state)?;
    match &state.standing {
        Some(standing) if standing.blocked.is_some() => {
            Err(Refusal::new(Code::AccountBlocked, "the account is on the deny list"))
        }
        _ => Ok(()),
    }
}

/// Takes an amount from an account's value; the debit lines. Above the value nothing is taken.
fn from_value(command: &Command, amount: Minor, state: &mut AccountState) -> Result<Vec<Line>, Refusal> {
    if state.purse.value < amount {
        let detail = format!("the account has {}", state.purse.value);
        return Err(Refusal::new(Code::InsufficientFunds, detail));
    }
    if amount.is_zero() {
        return Ok(Vec::new());
    }
    state.purse.charge(command.account, amount).map_err(poison)
}

fn post(scene: &Scene<'_>, command: &Command, kind: Kind, lines: Vec<Line>) -> Result<Posting, Refusal> {
    let service_date = scene.policy.day_rule().service_date(command.at);
    let cause = Cause::Command { account: command.account, id: command.id };
    Posting::new(kind, scene.posting_date, service_date, cause, lines)
        .map_err(|error| Refusal::new(Code::Poison, error.to_string()))
}
