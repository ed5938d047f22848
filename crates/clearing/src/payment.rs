//! Payments: money into a card account, and a school's bill paid from it.

use crate::decide::{Effect, Scene, poison};
use crate::outcome::TapOutcome;
use crate::ride::Changes;
use crate::state::AccountState;
use fares::PartyKind;
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{AcceptedTap, Code, Money, Refusal, Text};

/// A channel whose id starts so takes cash into the hands of the device's operator.
const CASH_CHANNEL_PREFIX: &str = "cash";

/// A top-up is a fact: the money was paid. Debt is recovered first.
pub fn top_up(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    channel: &Text,
    value: Money,
    state: &mut AccountState,
    changes: &mut Changes,
) -> Result<Effect, Refusal> {
    let party = scene.party(channel, PartyKind::Channel)?;
    scene.check_amount(value)?;
    let cash = channel.as_str().starts_with(CASH_CHANNEL_PREFIX);
    let received = if cash {
        Line::debit(Chart::CashInTransit, Line::party(accepted.operator), value.amount)
    } else {
        Line::debit(Chart::BankClearing, Line::party(party), value.amount)
    };
    let mut purse = state.purse;
    let mut lines = vec![received];
    lines.extend(purse.credit(accepted.account, value.amount).map_err(poison)?);
    changes.postings.push(post(scene, accepted, Kind::TopUp, lines)?);
    state.purse = purse;
    Ok(Effect { outcome: TapOutcome::Posted, payee: Some(party), is_expected: !cash })
}

/// A school payment is a request: without enough value it is refused, and the refusal is remembered.
pub fn school(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    school: &Text,
    price: Money,
    state: &mut AccountState,
    changes: &mut Changes,
) -> Result<Effect, Refusal> {
    let party = scene.party(school, PartyKind::School)?;
    scene.check_amount(price)?;
    let answer = |outcome| Ok(Effect { outcome, payee: Some(party), is_expected: false });
    if state.standing.as_ref().is_some_and(|standing| standing.blocks(Some(&accepted.tap.medium))) {
        return answer(TapOutcome::Refused(Code::AccountBlocked));
    }
    if state.purse.value < price.amount {
        return answer(TapOutcome::Refused(Code::InsufficientFunds));
    }
    let mut purse = state.purse;
    let mut lines: Vec<Line> = purse.charge(accepted.account, price.amount).map_err(poison)?.collect();
    lines.push(Line::credit(Chart::SchoolPayable, Line::party(party), price.amount));
    changes.postings.push(post(scene, accepted, Kind::SchoolPayment, lines)?);
    state.purse = purse;
    answer(TapOutcome::Posted)
}

fn post(scene: &Scene<'_>, accepted: &AcceptedTap, kind: Kind, lines: Vec<Line>) -> Result<Posting, Refusal> {
    let service_date = scene.service_date(scene.policy, accepted.tap.at);
    let cause = Cause::Tap { account: accepted.account, tap: accepted.tap.id };
    Posting::new(kind, scene.posting_date, service_date, cause, lines)
        .map_err(|error| Refusal::new(Code::Poison, error.to_string()))
}
