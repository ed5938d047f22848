//! The money of passes and ticket books: unearned when they are sold, earned ride by ride, and all of it when their time is
//! over (events 17b of the ledger).
//!
//! A ride on a pass is owed to its operator by the pass's funder. As much as the pass paid of rides, and never more than it
//! cost, its money pays the funder's debt. What a pass paid of rides is a sum over the set of its rides; what is earned
//! follows from that sum alone, and is posted under the day the pass was bought: so neither the order in which taps come
//! nor the moment at which the end is found changes where the money stands. A fare that is given back later was ridden all
//! the same: it goes back to the funder and makes no money unearned.

use crate::decide::{Scene, poison};
use crate::ride::carried_after;
use crate::standing::{Purchase, STANDING_MAX, Standing};
use crate::state::{AccountState, PaidByPass, PostedLeg, WINDOW_SECONDS};
use fares::{Carried, HeldPass, Policies, Priced};
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{AccountId, Code, CommandId, EventTime, Minor, PartyNo, Refusal, ServiceDate, Text};

/// How long after its end a pass is held to be over, in seconds: its rides have come by then, or come too late to be priced
/// with their neighbours.
pub const OVER_AFTER_SECONDS: i64 = WINDOW_SECONDS;

/// What passes have paid of rides after a window was priced: by place among the purchases of the account.
pub(crate) type Paid = Vec<(usize, Minor)>;

/// What a pass of the account paid of a leg with this medium; none when no pass that was bought here did.
pub(crate) fn paid_by_pass(
    standing: Option<&Standing>,
    medium: &Text,
    priced: &Priced,
) -> Option<PaidByPass> {
    let (part, product) = (priced.pass?, priced.product.as_ref()?);
    let bought = |purchase: &&Purchase| {
        purchase.bought_at == part.bought_at && purchase.product == *product && purchase.medium == *medium
    };
    let purchase = standing?.purchases.iter().find(bought)?;
    Some(PaidByPass { purchase: purchase.id, amount: part.amount })
}

/// What the legs that changed make the account's passes earn, or earn no more: the sums after it, and the postings.
pub(crate) fn earn(
    scene: &Scene<'_>,
    account: AccountId,
    state: &AccountState,
    changed: &[PostedLeg],
) -> Result<(Paid, Vec<Posting>), Refusal> {
    let (mut paid, mut postings) = (Paid::new(), Vec::new());
    let Some(standing) = state.standing.as_ref().filter(|standing| !standing.purchases.is_empty()) else {
        return Ok((paid, postings));
    };
    let before = |leg: &PostedLeg| state.legs.iter().find(|old| old.id == leg.id).and_then(|old| old.pass);
    for (place, purchase) in standing.purchases.iter().enumerate() {
        let of = |pass: Option<PaidByPass>| {
            pass.filter(|pass| pass.purchase == purchase.id).map_or(Minor::ZERO, |pass| pass.amount)
        };
        let mut after = purchase.paid;
        for leg in changed {
            after = after.plus(of(leg.pass)).and_then(|sum| sum.minus(of(before(leg)))).map_err(poison)?;
        }
        if after != purchase.paid {
            let next = Purchase { paid: after, ..purchase.clone() };
            postings.extend(difference(scene, account, Kind::PassEarned, purchase, &next)?);
            paid.push((place, after));
        }
    }
    Ok((paid, postings))
}

/// Notes what the passes have paid of rides.
pub(crate) fn note(state: &mut AccountState, paid: &mut Paid) {
    let Some(standing) = state.standing.as_mut().filter(|_| !paid.is_empty()) else { return };
    for (place, paid) in paid.drain(..) {
        standing.purchases.get_mut(place).into_iter().for_each(|purchase| purchase.paid = paid);
    }
}

/// What more, or less, of a pass's price is earned, to its funder and under the day it was bought; nothing when nothing
/// changed.
pub(crate) fn difference(
    scene: &Scene<'_>,
    account: AccountId,
    kind: Kind,
    before: &Purchase,
    after: &Purchase,
) -> Result<Option<Posting>, Refusal> {
    let earned = |purchase: &Purchase| purchase.earned().map_err(poison);
    let change = earned(after)?.minus(earned(before)?).map_err(poison)?;
    // The versions that held when it was bought are there as long as the house is.
    let Some((funder, day)) = terms(scene.policies, before).filter(|_| !change.is_zero()) else {
        return Ok(None);
    };
    let (unearned, owed) = (account.as_i64(), Line::party(funder));
    let lines = if change.is_positive() {
        vec![
            Line::debit(Chart::ProductLiability, unearned, change),
            Line::credit(Chart::SubsidyReceivable, owed, change),
        ]
    } else {
        let change = change.negated().map_err(poison)?;
        vec![
            Line::debit(Chart::SubsidyReceivable, owed, change),
            Line::credit(Chart::ProductLiability, unearned, change),
        ]
    };
    let cause = Cause::Command { account, id: before.id };
    let posting = Posting::new(kind, scene.posting_date, day, cause, lines);
    posting.map(Some).map_err(|error| Refusal::new(Code::Poison, error.to_string()))
}

/// Who owes the rides on a pass, by the terms it was sold under, and the day it was bought.
fn terms(policies: &Policies, purchase: &Purchase) -> Option<(PartyNo, ServiceDate)> {
    let policy = policies.at(purchase.bought_at)?;
    let funder = policy.pass(purchase.product.as_str())?.funder;
    Some((funder, policy.day_rule().service_date(purchase.bought_at)))
}

/// Since when a pass of the account is over at this moment, its late rides waited for; none when it is not, when its money
/// was let go before, and for one that is not the account's.
pub fn over_since(
    policies: &Policies,
    state: &AccountState,
    id: CommandId,
    now: EventTime,
) -> Option<EventTime> {
    let standing = state.standing.as_ref()?;
    let purchase = standing.purchases.iter().find(|purchase| purchase.id == id && !purchase.ended)?;
    // Rides of the window are not yet in what is carried: they are looked at as if they were over.
    let over = over(policies, &carried_after(state, policies), purchase, now)?;
    (now.seconds_since(over) >= OVER_AFTER_SECONDS).then_some(over)
}

/// When a pass is over, by the terms in force; a product that is no longer there keeps those it was sold under.
fn over(policies: &Policies, carried: &Carried, purchase: &Purchase, now: EventTime) -> Option<EventTime> {
    let held = carried.passes.iter().find(|held| is(held, purchase))?;
    let now_and_then = [now, purchase.bought_at].into_iter().filter_map(|at| policies.at(at));
    let mut known = now_and_then.filter(|policy| policy.pass(purchase.product.as_str()).is_some());
    known.next().and_then(|policy| policy.pass_over(held))
}

/// Lets the oldest pass that ended go when the account has as many as it may keep. No ride that is, or comes in time to be,
/// in the window can be of its time any more, so its leaving changes nothing.
pub(crate) fn make_room(policies: &Policies, state: &mut AccountState, now: EventTime) {
    let AccountState { standing: Some(standing), carried, window, .. } = state else { return };
    let (Some(first), Some(newest)) = (window.first(), window.last()) else { return };
    if standing.purchases.len() < STANDING_MAX {
        return;
    }
    let out_of_reach = |over: EventTime| over <= first.at && newest.at.seconds_since(over) > WINDOW_SECONDS;
    let left = standing.purchases.iter().position(|purchase| {
        purchase.ended && over(policies, carried, purchase, now).is_some_and(out_of_reach)
    });
    if let Some(place) = left {
        let purchase = standing.purchases.remove(place);
        if let Some(held) = carried.passes.iter().position(|held| is(held, &purchase)) {
            carried.passes.remove(held);
        }
    }
}

/// True when that is the pass that was bought.
pub(crate) fn is(held: &HeldPass, purchase: &Purchase) -> bool {
    held.product == purchase.product
        && held.bought_at == purchase.bought_at
        && held.medium.as_ref() == Some(&purchase.medium)
}
