//! Pairing: the legs of a window, as a pure function of the set of its taps (invariant C-2).

use crate::state::{
    AccountState, CLOCK_SECONDS_MAX, JOURNEY_SECONDS_MAX, MARGIN_SECONDS_MAX, Moment, WINDOW_SECONDS,
    WINDOW_TAPS_MAX, WindowTap,
};
use fares::{LegView, Passback, Policies, Policy, Shape};
use primitives::{Direction, EventTime, TapId, Text};

/// A leg found in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLeg {
    /// Its identity: that of its first tap.
    pub id: TapId,
    /// The tap that ended it, when there are two.
    pub exit: Option<TapId>,
    /// Position of the first tap in the window.
    pub first: usize,
    /// Position of the tap that ended it.
    last: Option<usize>,
    /// When it began: when the first tap happened by [`happened`], which is not always what its device said.
    pub start: EventTime,
    /// When it ended, when known.
    pub end: Option<EventTime>,
    /// How much of it is known.
    pub shape: Shape,
    /// The tap was a second presentation of the medium: no ride, and no fare.
    pub is_second_tap: bool,
    /// The clock of a device was set back, so that the time of one of its taps is not what it said.
    pub is_clock_moved: bool,
}

impl FoundLeg {
    /// Where it began and where it ended, as far as that is known.
    pub(crate) fn ends<'a>(&self, window: &'a [WindowTap]) -> (Option<&'a Text>, Option<&'a Text>) {
        let stop = |tap: &'a WindowTap| match &tap.moment {
            Moment::Boarding { stop, .. } => stop.as_ref(),
            Moment::Gate { stop, .. } => Some(stop),
        };
        let first = stop(&window[self.first]);
        match self.shape {
            Shape::Ride | Shape::MissingExit => (first, self.last.and_then(|last| stop(&window[last]))),
            Shape::MissingEntry => (None, first),
        }
    }

    /// What is priced. `window` is the one it was found in.
    pub fn leg<'a>(&self, window: &'a [WindowTap]) -> LegView<'a> {
        let WindowTap { route, rider, medium, .. } = &window[self.first];
        let (from, to) = self.ends(window);
        LegView { route, from, to, start: self.start, end: self.end, shape: self.shape, rider, medium }
    }
}

/// A tap in the order things happened.
#[derive(Debug, Clone, Copy)]
struct Timed {
    at: EventTime,
    /// Its place in the window.
    index: usize,
}

/// The legs of taps sorted by [`WindowTap::key`]. An entry pairs with the next gate tap when that is an exit within the
/// policy's longest journey; every other gate tap is a leg with a missing end. A tap that only repeats another is a leg
/// of its own that is no ride.
pub fn legs(window: &[WindowTap], policies: &Policies) -> Vec<FoundLeg> {
    let mut found = Vec::with_capacity(window.len());
    find(window, policies, &mut found);
    found
}

/// As [`legs`], into a vector that was used before.
pub(crate) fn find(window: &[WindowTap], policies: &Policies, found: &mut Vec<FoundLeg>) {
    found.clear();
    let mut open: Option<Timed> = None;
    let order = happened(window);
    let repeats = second_taps(window, &order, policies);
    for place in 0..window.len() {
        let timed = order.at(window, place);
        let tap = &window[timed.index];
        if repeats.get(place).is_some_and(|repeats| *repeats) {
            let leg = leg(window, timed, None, Shape::MissingExit);
            found.push(FoundLeg { is_second_tap: true, ..leg });
            continue;
        }
        match &tap.moment {
            Moment::Boarding { .. } => found.push(leg(window, timed, None, Shape::Ride)),
            Moment::Gate { direction: Direction::Entry, .. } => {
                if let Some(entry) = open.replace(timed) {
                    found.push(leg(window, entry, None, Shape::MissingExit));
                }
            }
            Moment::Gate { direction: Direction::Exit, .. } => match open.take() {
                Some(entry) if may_pair(window, entry, timed, policies) => {
                    found.push(leg(window, entry, Some(timed), Shape::Ride));
                }
                Some(entry) => {
                    found.push(leg(window, entry, None, Shape::MissingExit));
                    found.push(leg(window, timed, None, Shape::MissingEntry));
                }
                None => found.push(leg(window, timed, None, Shape::MissingEntry)),
            },
        }
    }
    if let Some(entry) = open {
        found.push(leg(window, entry, None, Shape::MissingExit));
    }
    found.sort_by_key(|found| (found.start, found.id));
}

/// The order in which the taps of a window happened. Almost always it is the order of the window, and then it is empty.
struct Order(Vec<Timed>);

impl Order {
    fn at(&self, window: &[WindowTap], place: usize) -> Timed {
        self.0.get(place).copied().unwrap_or_else(|| Timed { at: window[place].at, index: place })
    }
}

/// The taps of a window in the order they happened. A device numbers its taps in the order it makes them, so where its
/// clock contradicts its numbers the clock was set back, and what it said before was too late: a tap did not happen
/// after one that the same device numbered higher. More than [`CLOCK_SECONDS_MAX`] apart, nothing can be told.
fn happened(window: &[WindowTap]) -> Order {
    let mut order: Vec<Timed> = Vec::new();
    for (place, tap) in window.iter().enumerate() {
        // The window is sorted by the clock, so only an earlier place can hold a later number.
        for earlier in &window[..place] {
            let same_journal = earlier.id.device == tap.id.device && earlier.id.journal == tap.id.journal;
            let contradicts = same_journal && earlier.id.sequence > tap.id.sequence;
            if contradicts && tap.at.seconds_since(earlier.at) <= CLOCK_SECONDS_MAX {
                if order.is_empty() {
                    order =
                        window.iter().enumerate().map(|(index, tap)| Timed { at: tap.at, index }).collect();
                }
                order[place].at = order[place].at.min(earlier.at);
            }
        }
    }
    order.sort_by_key(|timed| (timed.at, window[timed.index].id));
    Order(order)
}

/// Which of the taps, in the order they happened, only repeat an earlier one. Empty when none can.
fn second_taps(window: &[WindowTap], order: &Order, policies: &Policies) -> Vec<bool> {
    let rule = |timed: Timed| policies.at(timed.at).map_or_else(Passback::default, Policy::passback);
    let mut places = 0..window.len();
    if window.len() < 2 || places.all(|place| rule(order.at(window, place)).reach_seconds() == 0) {
        return Vec::new();
    }
    let mut repeats = vec![false; window.len()];
    for place in 0..window.len() {
        let timed = order.at(window, place);
        let (tap, rule) = (&window[timed.index], rule(timed));
        let charged = (0..place).rev().filter(|earlier| !repeats[*earlier]);
        let mut of_medium = charged
            .map(|earlier| order.at(window, earlier))
            .filter(|earlier| window[earlier.index].token == tap.token);
        let is_repeated = |earlier: Timed| {
            repeats_within(&window[earlier.index], tap, timed.at.seconds_since(earlier.at), rule)
        };
        repeats[place] = match tap.moment {
            Moment::Boarding { .. } => of_medium.any(is_repeated),
            // Whoever went through the other way in between is on another ride.
            Moment::Gate { .. } => of_medium.next().is_some_and(is_repeated),
        };
    }
    repeats
}

/// True when a tap so many seconds after a charged one of the same medium is no second ride.
fn repeats_within(charged: &WindowTap, tap: &WindowTap, seconds: i64, rule: Passback) -> bool {
    let soon = rule.seconds > 0 && seconds <= rule.seconds;
    charged.route == tap.route
        && match (&charged.moment, &tap.moment) {
            (Moment::Boarding { trip: before, .. }, Moment::Boarding { trip, .. }) => {
                let same_trip = trip.is_some() && before == trip;
                soon || (same_trip && rule.trip_seconds > 0 && seconds <= rule.trip_seconds)
            }
            (Moment::Gate { .. }, Moment::Gate { .. }) => soon && charged.moment == tap.moment,
            _ => false,
        }
}

fn may_pair(window: &[WindowTap], entry: Timed, exit: Timed, policies: &Policies) -> bool {
    let (from, to) = (&window[entry.index], &window[exit.index]);
    let limit = policies
        .at(entry.at)
        .map_or(0, |policy| policy.journey_seconds_max(from.route.as_str(), gate(from), gate(to), entry.at));
    exit.at.seconds_since(entry.at) <= limit.min(JOURNEY_SECONDS_MAX)
}

/// The station of a tap at a gate.
fn gate(tap: &WindowTap) -> Option<&str> {
    match &tap.moment {
        Moment::Boarding { .. } => None,
        Moment::Gate { stop, .. } => Some(stop.as_str()),
    }
}

fn leg(window: &[WindowTap], first: Timed, last: Option<Timed>, shape: Shape) -> FoundLeg {
    let tap = &window[first.index];
    let end = last.map(|timed| (timed, &window[timed.index]));
    FoundLeg {
        id: tap.id,
        exit: end.map(|(_, tap)| tap.id),
        first: first.index,
        last: last.map(|timed| timed.index),
        start: first.at,
        end: match shape {
            Shape::Ride | Shape::MissingExit => last.map(|timed| timed.at),
            Shape::MissingEntry => Some(first.at),
        },
        shape,
        is_second_tap: false,
        is_clock_moved: first.at != tap.at || end.is_some_and(|(timed, tap)| timed.at != tap.at),
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
    let oldest = found.first().map_or(newest, |leg| leg.start);
    if window.len() <= WINDOW_TAPS_MAX && newest.seconds_since(oldest) <= WINDOW_SECONDS {
        return 0;
    }
    // What puts a clock right stays with what is put right.
    let moved = if found.iter().any(|leg| leg.is_clock_moved) { CLOCK_SECONDS_MAX } else { 0 };
    let mut cut = 0;
    for (index, leg) in found.iter().enumerate() {
        let (reach, margin) = reach_and_margin(leg, window, policies);
        if newest.seconds_since(last_moment(leg)) <= WINDOW_SECONDS.saturating_add(margin) {
            break;
        }
        // Legs that a join, a window, a transfer or a second tap may bring together leave together.
        let next = found.get(index.saturating_add(1));
        let apart = |next: &FoundLeg| next.start.seconds_since(leg.start) > reach.max(moved);
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
    found.end.map_or(found.start, |end| end.max(found.start))
}

/// How far a leg reaches towards the next one, and how far beyond the window it can still be changed: by a leg that
/// reaches back to it, by an exit that comes late, or because it puts a clock right. A boarding has no exit.
fn reach_and_margin(found: &FoundLeg, window: &[WindowTap], policies: &Policies) -> (i64, i64) {
    let Some(policy) = policies.at(found.start) else { return (0, CLOCK_SECONDS_MAX) };
    let reach = policy.reach_seconds().max(policy.passback().reach_seconds());
    let longest = match window[found.first].moment {
        Moment::Boarding { .. } => 0,
        Moment::Gate { .. } => policy.journey_seconds_longest(window[found.first].route.as_str()),
    };
    let margin = reach.min(MARGIN_SECONDS_MAX).saturating_add(longest.min(JOURNEY_SECONDS_MAX));
    (reach, margin.saturating_add(CLOCK_SECONDS_MAX))
}
