//! Passes and ticket books: bought from an account's value, and given back unused. Their money belongs to nobody else
//! until it is earned.

use super::{Verdict, from_value, not_blocked, post, room, standing};
use crate::decide::{Scene, poison};
use crate::ride;
use crate::standing::Purchase;
use crate::state::AccountState;
use fares::{Funded, HeldPass, Refund, buy_pass};
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, CommandId, Minor, Refusal};

/// Sells a pass. Rides from now on may be paid by it.
pub(super) fn buy(
    scene: &Scene<'_>,
    command: &Command,
    wanted: &fares::Purchase,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    let bought = buy_pass(scene.policy, wanted).map_err(|why| Refusal::new(Code::PassNotSold, why.word()))?;
    let price = bought.price;
    verdict.amount = Some(price.rider);
    not_blocked(state)?;
    room(&standing(state).purchases)?;
    let mut lines = from_value(command, price.rider, state)?;
    for part in funders(&price.funded) {
        lines.push(Line::debit(Chart::SubsidyReceivable, Line::party(part.party), part.amount));
    }
    if price.gross.is_positive() {
        lines.push(Line::credit(Chart::ProductLiability, command.account.as_i64(), price.gross));
        verdict.postings.push(post(scene, command, Kind::PassSale, lines)?);
    }
    standing(state).purchases.push(Purchase {
        id: command.id,
        product: wanted.product.clone(),
        medium: wanted.medium.clone(),
        bought_at: wanted.at,
        rider: price.rider,
        funded: price.funded,
    });
    state.carried.passes.push(bought.pass);
    Ok(())
}

/// Takes an unused pass back, when its terms allow it. Who paid a part of it gets that part back.
pub(super) fn give_back(
    scene: &Scene<'_>,
    command: &Command,
    id: CommandId,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    let purchases = &mut standing(state).purchases;
    let place = purchases.iter().position(|purchase| purchase.id == id);
    let place =
        place.ok_or_else(|| Refusal::new(Code::RefundUnknown, "no such purchase that still stands"))?;
    let purchase = purchases.remove(place);
    verdict.amount = Some(purchase.rider);
    let refuse = |why| Err(Refusal::new(Code::PassNotRefundable, why));
    match scene.policy.pass(purchase.product.as_str()).map(|terms| terms.refund) {
        Some(Refund::Unused | Refund::Prorata) => {}
        Some(Refund::None) | None => return refuse("its terms give nothing back"),
    }
    // Rides of the window are not yet in what is carried: they are looked at as if they were over.
    let over = ride::carried_after(state, scene.policies);
    let unused = over.passes.iter().any(|held| is(held, &purchase) && held.rides == 0);
    let begun = |held: &HeldPass| held.active_from.is_some_and(|from| from <= command.at);
    let held = state.carried.passes.iter().position(|held| is(held, &purchase));
    match held {
        Some(place) if unused && !begun(&state.carried.passes[place]) => {
            state.carried.passes.remove(place);
        }
        _ => return refuse("it was used, or its time has begun"),
    }
    let mut lines = Vec::with_capacity(3);
    let funded = funders(&purchase.funded);
    let parts = funded.clone().map(|part| part.amount).chain([purchase.rider]);
    let gross = Minor::sum(parts).map_err(poison)?;
    if gross.is_positive() {
        lines.push(Line::debit(Chart::ProductLiability, command.account.as_i64(), gross));
        if purchase.rider.is_positive() {
            lines.extend(state.purse.credit(command.account, purchase.rider).map_err(poison)?);
        }
        for part in funded {
            lines.push(Line::credit(Chart::SubsidyReceivable, Line::party(part.party), part.amount));
        }
        verdict.postings.push(post(scene, command, Kind::PassRefund, lines)?);
    }
    Ok(())
}

fn is(held: &HeldPass, purchase: &Purchase) -> bool {
    held.product == purchase.product
        && held.bought_at == purchase.bought_at
        && held.medium.as_ref() == Some(&purchase.medium)
}

fn funders(parts: &[Funded]) -> impl Iterator<Item = &Funded> + Clone {
    parts.iter().filter(|part| part.amount.is_positive())
}
