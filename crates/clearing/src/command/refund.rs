//! Fares given back: an amount is taken off a leg's price, and stays off when the leg is priced anew.

use super::{Hearing, room};
use crate::decide::poison;
use crate::standing::LegRefund;
use fares::{Fare, Funded, Priced, Share};
use primitives::{Code, Minor, Money, MoneyError, Refusal, TapId, Text};

/// The rule that stands on a charge from which something was given back.
const RULE: &str = "refund";

/// Gives a part of a leg's full price back: to the rider and the funders in the proportion they carried it, from the
/// operators in the proportion they earned it. All refunds together are at most the price.
pub(super) fn fare(hearing: &mut Hearing<'_>, leg: TapId, amount: Money) -> Result<(), Refusal> {
    hearing.verdict.amount = Some(amount.amount);
    hearing.scene.check_amount(amount)?;
    let posted = hearing.state.legs.iter().find(|posted| posted.id == leg);
    let posted = posted.ok_or_else(|| {
        Refusal::new(Code::RefundUnknown, "no such ride of this account that can still change its price")
    })?;
    let left = posted.gross.unwrap_or(Minor::ZERO);
    if left < amount.amount {
        return Err(Refusal::new(Code::RefundAbove, format!("{left} is left of the price")));
    }
    let refunds = &mut hearing.standing().refunds;
    match refunds.iter_mut().find(|refund| refund.leg == leg) {
        Some(refund) => refund.amount = refund.amount.plus(amount.amount).map_err(poison)?,
        None => {
            room(refunds)?;
            refunds.push(LegRefund { leg, amount: amount.amount });
        }
    }
    hearing.reprice()
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
