//! Which legs are asked for their price, and the asking.

use super::{outline, unpriced};
use crate::decide::Scene;
use crate::journey::FoundLeg;
use crate::outcome::{ChargeShape, Flag};
use crate::state::{AccountState, PostedLeg, WindowTap};
use fares::{Carried, Fare, Policies, Policy, Priced, Recall, UnknownFare};
use primitives::Minor;

/// The posted legs that stand no longer.
pub(super) fn gone<'a>(before: &'a [PostedLeg], legs: &'a [FoundLeg]) -> impl Iterator<Item = &'a PostedLeg> {
    let stands = |(_, old): &(usize, &PostedLeg)| old.shape != ChargeShape::Cancelled;
    let is_gone =
        |(place, old): &(usize, &PostedLeg)| nearby(legs, *place, |found| found.id == old.id).is_none();
    before.iter().enumerate().filter(stands).filter(is_gone).map(|(_, old)| old)
}

/// The item that `is` the one looked for. What was posted and what is found mostly stand in one order, so its place there is
/// looked at first.
pub(super) fn nearby<T>(items: &[T], place: usize, is: impl Fn(&T) -> bool) -> Option<&T> {
    items.get(place).filter(|item| is(item)).or_else(|| items.iter().find(|item| is(item)))
}

/// Asks for the legs that a tap changed, when each of them is priced by itself. Else nothing is asked for, and the answer
/// is false.
pub(super) fn ask_changed(
    scene: &Scene<'_>,
    window: &[WindowTap],
    state: &AccountState,
    legs: &[FoundLeg],
    asked: &mut Vec<usize>,
) -> bool {
    // A leg with a moved clock may begin at another time than before although nothing else is new.
    let was_moved = |old: &PostedLeg| old.flags.has(Flag::ClockMoved);
    if legs.iter().any(|found| found.is_clock_moved) || state.legs.iter().any(was_moved) {
        return false;
    }
    let alone = |at| {
        let policy = scene.policies.at(at);
        policy.is_some_and(|policy| policy.prices_alone(&state.carried, at, scene.days))
    };
    let gone_at = |old: &PostedLeg| window.iter().find(|tap| tap.id == old.id).map(|tap| tap.at);
    if !gone(&state.legs, legs).filter_map(gone_at).all(alone) {
        return false;
    }
    for (place, found) in legs.iter().enumerate() {
        let outline = outline(found);
        let is_same = |old: &PostedLeg| (old.id, old.exit, old.shape, old.flags) == outline;
        if nearby(&state.legs, place, is_same).is_some() {
            continue;
        }
        if !alone(found.start) {
            asked.clear();
            return false;
        }
        asked.push(place);
    }
    true
}

/// The price of a leg whose neighbours say nothing about it.
pub(super) fn price_alone(
    scene: &Scene<'_>,
    carried: &Carried,
    window: &[WindowTap],
    found: &FoundLeg,
    recall: &mut Recall,
) -> Priced {
    match scene.policies.at(found.start) {
        _ if found.is_second_tap => second_tap(),
        Some(policy) => recall.price_alone(policy, carried, scene.days, &found.leg(window)),
        None => unpriced(Fare::Unknown(UnknownFare::NoRule)),
    }
}

/// Prices legs in runs of one policy, each run in one call, because a policy prices legs together. What one run leaves
/// behind is carried to the next.
pub(super) fn price<'a>(
    policies: &Policies,
    carried: &Carried,
    window: &[WindowTap],
    legs: impl Iterator<Item = &'a FoundLeg>,
) -> (Vec<Priced>, Carried) {
    let legs: Vec<(&FoundLeg, Option<&Policy>)> =
        legs.map(|found| (found, policies.at(found.start))).collect();
    let mut prices = Vec::with_capacity(legs.len());
    let mut carried = carried.clone();
    let same = |(_, a): &(_, Option<&Policy>), (_, b): &(_, Option<&Policy>)| match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(*a, *b),
        (None, None) => true,
        _ => false,
    };
    for run in legs.chunk_by(same) {
        let rides = run.iter().filter(|(found, _)| !found.is_second_tap);
        let batch: Vec<fares::Leg> = rides.map(|(found, _)| found.leg(window).leg()).collect();
        let rated = match run.first() {
            Some((_, Some(policy))) => {
                let rated = fares::rate(policy, &carried, &batch);
                carried = rated.carried;
                rated.legs
            }
            _ => batch.iter().map(|_| unpriced(Fare::Unknown(UnknownFare::NoRule))).collect(),
        };
        let mut rated = rated.into_iter();
        let price = |(found, _): &(&FoundLeg, _)| match found.is_second_tap {
            true => Some(second_tap()),
            false => rated.next(),
        };
        prices.extend(run.iter().filter_map(price));
    }
    (prices, carried)
}

/// What showing a medium again costs.
fn second_tap() -> Priced {
    unpriced(Fare::Known { gross: Minor::ZERO, rider: Minor::ZERO, funded: Vec::new() })
}
