//! Pairing: the legs of a window, as a pure function of the set of its taps (invariant C-2).

use crate::state::{AccountState, Moment, WINDOW_SECONDS, WINDOW_TAPS_MAX, WindowTap};
use fares::{Leg, Policies, Shape};
use primitives::{Direction, TapId};

/// A leg found in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLeg {
    /// Its identity: that of its first tap.
    pub id: TapId,
    /// The tap that ended it, when there are two.
    pub exit: Option<TapId>,
    /// Position of the first tap in the window.
    pub first: usize,
    /// What is priced.
    pub leg: Leg,
}

/// The legs of taps sorted by [`WindowTap::key`]. An entry pairs with the next gate tap when that is an exit within the
/// policy's longest journey; every other gate tap is a leg with a missing end.
pub fn legs(window: &[WindowTap], policies: &Policies) -> Vec<FoundLeg> {
    let mut found = Vec::with_capacity(window.len());
    let mut open: Option<usize> = None;
    for (index, tap) in window.iter().enumerate() {
        match &tap.moment {
            Moment::Boarding { .. } => found.push(leg(window, index, None, Shape::Ride)),
            Moment::Gate { direction: Direction::Entry, .. } => {
                if let Some(entry) = open.replace(index) {
                    found.push(leg(window, entry, None, Shape::MissingExit));
                }
            }
            Moment::Gate { direction: Direction::Exit, .. } => match open.take() {
                Some(entry) if may_pair(&window[entry], tap, policies) => {
                    found.push(leg(window, entry, Some(index), Shape::Ride));
                }
                Some(entry) => {
                    found.push(leg(window, entry, None, Shape::MissingExit));
                    found.push(leg(window, index, None, Shape::MissingEntry));
                }
                None => found.push(leg(window, index, None, Shape::MissingEntry)),
            },
        }
    }
    if let Some(entry) = open {
        found.push(leg(window, entry, None, Shape::MissingExit));
    }
    found.sort_by_key(|found| window[found.first].key());
    found
}

fn may_pair(entry: &WindowTap, exit: &WindowTap, policies: &Policies) -> bool {
    let limit = policies.at(entry.at).map_or(0, |policy| policy.journey_seconds_max(entry.route.as_str()));
    exit.at.seconds_since(entry.at) <= limit
}

fn leg(window: &[WindowTap], first: usize, last: Option<usize>, shape: Shape) -> FoundLeg {
    let tap = &window[first];
    let end = last.map(|index| &window[index]);
    let stop = |tap: &WindowTap| match &tap.moment {
        Moment::Boarding { stop } => stop.clone(),
        Moment::Gate { stop, .. } => Some(stop.clone()),
    };
    let (from, to, end_at) = match shape {
        Shape::Ride | Shape::MissingExit => (stop(tap), end.and_then(stop), end.map(|tap| tap.at)),
        Shape::MissingEntry => (None, stop(tap), Some(tap.at)),
    };
    FoundLeg {
        id: tap.id,
        exit: end.map(|tap| tap.id),
        first,
        leg: Leg {
            route: tap.route.clone(),
            from,
            to,
            via: Vec::new(),
            start: tap.at,
            end: end_at,
            shape,
            rider: tap.rider.clone(),
            medium: tap.medium.clone(),
        },
    }
}

/// True when a tap lies before what the window still holds together, so that it is priced alone.
pub fn is_before_window(state: &AccountState, tap: &WindowTap) -> bool {
    state.window.last().is_some_and(|newest| newest.at.seconds_since(tap.at) > WINDOW_SECONDS)
}

/// Forgets whole legs that ended before the window's reach, oldest first, and legs beyond the tap limit.
pub fn prune(state: &mut AccountState, policies: &Policies) {
    let Some(newest) = state.window.last().map(|tap| tap.at) else { return };
    let old = |tap: &WindowTap| newest.seconds_since(tap.at) > WINDOW_SECONDS;
    if state.window.len() <= WINDOW_TAPS_MAX && !state.window.first().is_some_and(old) {
        return;
    }
    let mut surplus = state.window.len().saturating_sub(WINDOW_TAPS_MAX);
    let mut gone: Vec<TapId> = Vec::new();
    for found in legs(&state.window, policies) {
        let last = found.exit.and_then(|id| state.window.iter().find(|tap| tap.id == id));
        let outside = last.map_or_else(|| old(&state.window[found.first]), old);
        if outside || surplus > 0 {
            gone.push(found.id);
            gone.extend(found.exit);
            surplus = surplus.saturating_sub(if found.exit.is_some() { 2 } else { 1 });
        }
    }
    state.window.retain(|tap| !gone.contains(&tap.id));
    state.legs.retain(|leg| !gone.contains(&leg.id));
}
