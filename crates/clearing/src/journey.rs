//! Pairing: the legs of a window, as a pure function of the set of its taps (invariant C-2).

use crate::state::{AccountState, MARGIN_SECONDS_MAX, Moment, WINDOW_SECONDS, WINDOW_TAPS_MAX, WindowTap};
use fares::{Leg, Policies, Policy, Shape};
use primitives::{Direction, EventTime, TapId};

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
    let limit = policies.at(entry.at).map_or(0, |policy| {
        policy.journey_seconds_max(entry.route.as_str(), gate(entry), gate(exit), entry.at)
    });
    exit.at.seconds_since(entry.at) <= limit
}

/// The station of a tap at a gate.
fn gate(tap: &WindowTap) -> Option<&str> {
    match &tap.moment {
        Moment::Boarding { .. } => None,
        Moment::Gate { stop, .. } => Some(stop.as_str()),
    }
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

/// How many of the oldest legs are over: no tap that comes in time can change them, and they change no later leg but
/// through what is carried. `found` are the legs of the window in order of time.
pub fn settled(window: &[WindowTap], found: &[FoundLeg], policies: &Policies) -> usize {
    let Some(newest) = window.last().map(|tap| tap.at) else { return 0 };
    // Most windows are young: nothing is to be worked out for them.
    let oldest = window.first().map_or(newest, |tap| tap.at);
    if window.len() <= WINDOW_TAPS_MAX && newest.seconds_since(oldest) <= WINDOW_SECONDS {
        return 0;
    }
    let mut cut = 0;
    for (index, leg) in found.iter().enumerate() {
        if newest.seconds_since(last_moment(leg)) <= WINDOW_SECONDS.saturating_add(margin(leg, policies)) {
            break;
        }
        // Legs that a join, a window or a transfer may bring together leave together.
        let next = found.get(index.saturating_add(1));
        let apart = |next: &FoundLeg| next.leg.start.seconds_since(leg.leg.start) > reach(leg, policies);
        if next.is_none_or(apart) {
            cut = index.saturating_add(1);
        }
    }
    cut.max(surplus(window.len(), found))
}

/// How many of the oldest legs leave because the window holds too many taps, whatever they still could change.
fn surplus(taps: usize, found: &[FoundLeg]) -> usize {
    let mut left = taps;
    found
        .iter()
        .take_while(|leg| {
            let over = left > WINDOW_TAPS_MAX;
            left = left.saturating_sub(if leg.exit.is_some() { 2 } else { 1 });
            over
        })
        .count()
}

fn last_moment(found: &FoundLeg) -> EventTime {
    found.leg.end.map_or(found.leg.start, |end| end.max(found.leg.start))
}

fn reach(found: &FoundLeg, policies: &Policies) -> i64 {
    policies.at(found.leg.start).map_or(0, Policy::reach_seconds)
}

/// How far beyond the window a leg can still be changed: by an exit that comes late, or by a leg that reaches back to it.
fn margin(found: &FoundLeg, policies: &Policies) -> i64 {
    let longest = policies
        .at(found.leg.start)
        .map_or(0, |policy| policy.journey_seconds_longest(found.leg.route.as_str()));
    reach(found, policies).saturating_add(longest).min(MARGIN_SECONDS_MAX)
}
