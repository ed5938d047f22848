//! Passes and ticket books: bought from an account's value, and given back unused. Their money belongs to nobody else
//! until it is earned.

use super::{Hearing, room};
use crate::decide::poison;
use crate::earned::{self, is};
use crate::ride;
use crate::standing::Purchase;
use fares::{Funded, HeldPass, Refund, buy_pass};
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, CommandId, Minor, Refusal};

/// Sells a pass. Rides from now on may be paid by it.
pub(super) fn buy(hearing: &mut Hearing<'_>, wanted: &fares::Purchase) -> Result<(), Refusal> {
    let Command { id, account, .. } = *hearing.command;
    let bought =
        buy_pass(hearing.scene.policy, wanted).map_err(|why| Refusal::new(Code::PassNotSold, why.word()))?;
    let price = bought.price;
    hearing.verdict.amount = Some(price.rider);
    hearing.not_blocked()?;
    earned::make_room(hearing.scene.policies, &mut hearing.state, wanted.at);
    room(&hearing.standing().purchases)?;
    let mut lines = hearing.take_value(price.rider)?;
    for part in funders(&price.funded) {
        lines.push(Line::debit(Chart::SubsidyReceivable, Line::party(part.party), part.amount));
    }
    if price.gross.is_positive() {
        lines.push(Line::credit(Chart::ProductLiability, account.as_i64(), price.gross));
        hearing.post(Kind::PassSale, lines)?;
    }
    hearing.standing().purchases.push(Purchase {
        id,
        product: wanted.product.clone(),
        medium: wanted.medium.clone(),
        bought_at: wanted.at,
        rider: price.rider,
        funded: price.funded,
        paid: Minor::ZERO,
        ended: false,
    });
    hearing.state.carried.passes.push(bought.pass);
    Ok(())
}

/// Takes an unused pass back, when its terms allow it. Who paid a part of it gets that part back.
pub(super) fn give_back(hearing: &mut Hearing<'_>, id: CommandId) -> Result<(), Refusal> {
    let Command { account, at, .. } = *hearing.command;
    let purchases = &mut hearing.standing().purchases;
    let place = purchases.iter().position(|purchase| purchase.id == id);
    let place =
        place.ok_or_else(|| Refusal::new(Code::RefundUnknown, "no such purchase that still stands"))?;
    let purchase = purchases.remove(place);
    hearing.verdict.amount = Some(purchase.rider);
    let refuse = |why| Err(Refusal::new(Code::PassNotRefundable, why));
    match hearing.scene.policy.pass(purchase.product.as_str()).map(|terms| terms.refund) {
        Some(Refund::Unused | Refund::Prorata) => {}
        Some(Refund::None) | None => return refuse("its terms give nothing back"),
    }
    // What is earned is given back to nobody: an unused pass has earned nothing.
    if purchase.earned().map_err(poison)?.is_positive() || purchase.ended {
        return refuse("it was used, or its time is over");
    }
    // Rides of the window are not yet in what is carried: they are looked at as if they were over.
    let over = ride::carried_after(&hearing.state, hearing.scene.policies);
    let unused = over.passes.iter().any(|held| is(held, &purchase) && held.rides == 0);
    let begun = |held: &HeldPass| held.active_from.is_some_and(|from| from <= at);
    let held = hearing.state.carried.passes.iter().position(|held| is(held, &purchase));
    match held {
        Some(place) if unused && !begun(&hearing.state.carried.passes[place]) => {
            hearing.state.carried.passes.remove(place);
        }
        _ => return refuse("it was used, or its time has begun"),
    }
    let mut lines = Vec::with_capacity(3);
    let gross = purchase.price().map_err(poison)?;
    if gross.is_positive() {
        lines.push(Line::debit(Chart::ProductLiability, account.as_i64(), gross));
        if purchase.rider.is_positive() {
            lines.extend(hearing.state.purse.credit(account, purchase.rider).map_err(poison)?);
        }
        for part in funders(&purchase.funded) {
            lines.push(Line::credit(Chart::SubsidyReceivable, Line::party(part.party), part.amount));
        }
        hearing.post(Kind::PassRefund, lines)?;
    }
    Ok(())
}

/// The time of a pass is over: what no ride earned of its price goes to its funder too. A ride that comes later still finds
/// nothing left to earn.
pub(super) fn end(hearing: &mut Hearing<'_>, id: CommandId) -> Result<(), Refusal> {
    let Command { account, at, .. } = *hearing.command;
    let policies = hearing.scene.policies;
    if earned::over_since(policies, &hearing.state, id, at).is_none() {
        let detail = "it is not over, was let go of before, or is none of this account";
        return Err(Refusal::new(Code::PassNotOver, detail));
    }
    let purchases = &mut hearing.standing().purchases;
    let Some(purchase) = purchases.iter_mut().find(|purchase| purchase.id == id) else { return Ok(()) };
    let before = purchase.clone();
    purchase.ended = true;
    let (price, earned) = (before.price().map_err(poison)?, before.earned().map_err(poison)?);
    let after = purchase.clone();
    hearing.verdict.amount = Some(price.minus(earned).map_err(poison)?);
    let posting = earned::difference(hearing.scene, account, Kind::PassEnded, &before, &after)?;
    hearing.verdict.postings.extend(posting);
    Ok(())
}

fn funders(parts: &[Funded]) -> impl Iterator<Item = &Funded> {
    parts.iter().filter(|part| part.amount.is_positive())
}
