//! Fares given back: an amount is taken off a leg's price, and stays off when the leg is priced anew.

use super::{Hearing, room};
use crate::decide::poison;
use crate::ride;
use crate::standing::{LegRefund, STANDING_MAX};
use crate::state::AccountState;
use fares::{Fare, Funded, Priced, Share};
use primitives::{Code, Minor, Money, MoneyError, PostedRide, Refusal, TapId, Text};

/// The rule that stands on a charge from which something was given back.
const RULE: &str = "refund";

/// Gives a part of a leg's full price back: to the rider and the funders in the proportion they carried it, from the
/// operators in the proportion they earned it. All refunds together are at most the price.
pub(super) fn fare(
    hearing: &mut Hearing<'_>,
    leg: TapId,
    amount: Money,
    ride: Option<&PostedRide>,
) -> Result<(), Refusal> {
    let amount = amount_of(hearing, amount)?;
    let posted = hearing.state.legs.iter().find(|posted| posted.id == leg);
    let Some(posted) = posted else {
        let unknown = || Refusal::new(Code::RefundUnknown, "no such ride of this account");
        return old_fare(hearing, leg, amount, ride.ok_or_else(unknown)?);
    };
    check_left(posted.gross.unwrap_or(Minor::ZERO), amount)?;
    let before = given_back(hearing, leg);
    remember(hearing, leg, before.plus(amount).map_err(poison)?)?;
    hearing.reprice()
}

/// The same for a ride that no window holds any more: its price can change no other, so what the books say of it is enough.
/// What was given back stays with the account, so that two who looked at the same time cannot both give all of it.
fn old_fare(hearing: &mut Hearing<'_>, leg: TapId, amount: Minor, ride: &PostedRide) -> Result<(), Refusal> {
    check_left(ride.gross, amount)?;
    if given_back(hearing, leg) > ride.given_back {
        let detail = "more of it was given back since it was looked up";
        return Err(Refusal::new(Code::RefundAbove, detail));
    }
    remember(hearing, leg, ride.given_back.plus(amount).map_err(poison)?)?;
    let account = hearing.command.account;
    let given = ride::give_back(hearing.scene, account, (leg, ride), amount, hearing.state.purse)?;
    (hearing.verdict.charges, hearing.verdict.postings, hearing.state.purse) = given;
    Ok(())
}

fn amount_of(hearing: &mut Hearing<'_>, amount: Money) -> Result<Minor, Refusal> {
    hearing.verdict.amount = Some(amount.amount);
    hearing.scene.check_amount(amount)?;
    Ok(amount.amount)
}

fn check_left(left: Minor, amount: Minor) -> Result<(), Refusal> {
    if left < amount {
        return Err(Refusal::new(Code::RefundAbove, format!("{left} is left of the price")));
    }
    Ok(())
}

fn given_back(hearing: &Hearing<'_>, leg: TapId) -> Minor {
    hearing.state.standing.as_ref().map_or(Minor::ZERO, |standing| standing.refunded(leg))
}

/// Notes what was given back of a leg in all. When the list is full, the oldest of a ride that no window holds leaves it: by
/// then the books have long said so.
fn remember(hearing: &mut Hearing<'_>, leg: TapId, amount: Minor) -> Result<(), Refusal> {
    let AccountState { legs, standing, .. } = &mut hearing.state;
    let refunds = &mut standing.get_or_insert_default().refunds;
    if let Some(refund) = refunds.iter_mut().find(|refund| refund.leg == leg) {
        refund.amount = amount;
        return Ok(());
    }
    let is_over = |refund: &LegRefund| legs.iter().all(|posted| posted.id != refund.leg);
    if refunds.len() >= STANDING_MAX
        && let Some(place) = refunds.iter().position(is_over)
    {
        refunds.remove(place);
    }
    room(refunds)?;
    refunds.push(LegRefund { leg, amount });
    Ok(())
}

/// A price from which an amount was given back, at most all of it.
pub(crate) fn taken_off(mut priced: Priced, refunded: Minor) -> Result<Priced, MoneyError> {
    let Fare::Known { gross, rider, funded } = &mut priced.fare else { return Ok(priced) };
    if refunded.is_zero() || !gross.is_positive() {
        return Ok(priced);
    }
    let left = gross.minus(refunded.min(*gross))?;
    let payers: Vec<Minor> = [*rider].into_iter().chain(funded.iter().map(|part| part.amount)).collect();
    let mut payers = in_proportion(left, &payers)?.into_iter();
    *rider = payers.next().unwrap_or(Minor::ZERO);
    *funded = funded.iter().zip(payers).map(|(part, amount)| Funded { amount, ..*part }).collect();
    let earned: Vec<Minor> = priced.shares.iter().map(|share| share.amount).collect();
    if !earned.is_empty() {
        let earned = in_proportion(left, &earned)?;
        priced.shares =
            priced.shares.iter().zip(earned).map(|(share, amount)| Share { amount, ..*share }).collect();
    }
    *gross = left;
    priced.rules.extend(Text::new(RULE));
    Ok(priced)
}

/// An amount split like the parts before it. A part below zero gets nothing; without any part above zero the first
/// gets all.
fn in_proportion(amount: Minor, parts: &[Minor]) -> Result<Vec<Minor>, MoneyError> {
    let mut weights: Vec<u64> = parts.iter().map(|part| u64::try_from(part.units()).unwrap_or(0)).collect();
    if weights.iter().all(|weight| *weight == 0)
        && let Some(first) = weights.first_mut()
    {
        *first = 1;
    }
    amount.split(&weights)
}
