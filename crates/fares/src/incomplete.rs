//! What a ride costs whose entry or exit is missing, that ends where it began, or that lasted too long.

use crate::explain::Fact;
use crate::farthest::Farthest;
use crate::model::{Shape, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::{Source, Trace};
use crate::selector::{Field, Pick, Selector, Subject, frame_holds};
use crate::shares::Standing;
use crate::timeframes::Moment;
use primitives::{EventTime, Minor, Text};

/// Which rides a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    MissingExit,
    MissingEntry,
    SameStation,
    OverTime,
}

/// What such a ride costs.
#[derive(Debug, Clone)]
pub(crate) enum Charge {
    Amount(Minor),
    Product(u32),
    /// The dearest fare from, or to, the known station.
    Farthest,
    Zero,
    /// As the leg rules price it (same station only).
    Ride,
    /// Both ends as incomplete rides of their own (over time only).
    TwoMaximum,
}

/// One row of `incomplete_journeys.txt`.
#[derive(Debug, Clone)]
pub(crate) struct IncompleteRow {
    pub(crate) kind: Kind,
    /// Network, rider, medium and timeframe.
    pub(crate) selector: Selector,
    /// The known ends lie in these areas.
    pub(crate) within: Option<Pick>,
    /// Of `over_time`: the longest time that is still one ride. Of `same_station`: the longest time the row speaks of.
    pub(crate) seconds: Option<i64>,
    pub(crate) charge: Charge,
    /// False: the rider pays what the default rider pays.
    pub(crate) discountable: bool,
    pub(crate) counts_to_cap: bool,
    pub(crate) id: Text,
}

/// The rows of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incomplete {
    /// The smallest areas first, then those that say more.
    pub(crate) rows: Vec<IncompleteRow>,
    /// By network, and last for routes without one: whether any row speaks of it, so that rides have two ends.
    pub(crate) gated: Vec<bool>,
    /// Of rides that took no longer than so many seconds, no row asks how long they took.
    pub(crate) short_seconds: i64,
    pub(crate) farthest: Farthest,
}

/// A ride as far as rows of `over_time` look at it.
struct Span<'a> {
    network: Option<u32>,
    /// Looked up when a row asks for them: most rows hold everywhere.
    ends: &'a dyn Fn() -> [Option<u32>; 2],
    start: &'a Moment,
}

impl IncompleteRow {
    /// True when every end that is known, and one at least, lies in the row's areas.
    fn holds_ends(&self, policy: &Policy, ends: [Option<u32>; 2]) -> bool {
        let inside =
            |areas: &Pick, stop: u32| policy.areas_of(Some(stop)).iter().any(|area| areas.takes(Some(*area)));
        self.within.as_ref().is_none_or(|areas| {
            let mut known = ends.into_iter().flatten().peekable();
            known.peek().is_some() && known.all(|stop| inside(areas, stop))
        })
    }
}

impl Incomplete {
    /// The longest time from entry to exit that is still one ride; nothing when no row limits it.
    fn limit(&self, policy: &Policy, span: &Span<'_>) -> Option<i64> {
        let fits = |(field, pick): &(Field, Pick)| match field {
            Field::Timeframe => frame_holds(policy, pick, span.start),
            _ => pick.takes(span.network),
        };
        let rows = self.rows.iter().filter(|row| row.kind == Kind::OverTime);
        let mut rows = rows.filter(|row| row.selector.0.iter().all(fits));
        rows.find(|row| row.within.is_none() || row.holds_ends(policy, (span.ends)()))
            .and_then(|row| row.seconds)
    }
}

impl Policy {
    /// The longest time from entry to exit of one ride, in whole seconds, inclusive: an entry and an exit further
    /// apart are two incomplete rides. `i64::MAX` when the policy sets no limit. A stop that the policy does not know
    /// lies in no area.
    pub fn journey_seconds_max(
        &self,
        route: &str,
        from: Option<&str>,
        to: Option<&str>,
        start: EventTime,
    ) -> i64 {
        let network = self.route_row(route).and_then(|row| row.network);
        let ends = || [from, to].map(|stop| stop.and_then(|stop| self.stop_ids.find(stop)));
        let start = Moment::new(start, self.day_rule.zone);
        self.incomplete.limit(self, &Span { network, ends: &ends, start: &start }).unwrap_or(i64::MAX)
    }

    /// The longest time from entry to exit that any ride of the route may take, wherever it goes.
    pub fn journey_seconds_longest(&self, route: &str) -> i64 {
        let network = self.route_row(route).and_then(|row| row.network);
        let speaks = |row: &&IncompleteRow| {
            let of_network = |(field, pick): &(Field, Pick)| *field != Field::Network || pick.takes(network);
            row.kind == Kind::OverTime && row.selector.0.iter().all(of_network)
        };
        let rows: Vec<_> = self.incomplete.rows.iter().filter(speaks).collect();
        // A ride that no row speaks of has no limit; only a row for all areas and times leaves none over.
        let all = rows.iter().any(|row| {
            row.within.is_none() && row.selector.0.iter().all(|(field, _)| *field == Field::Network)
        });
        if all { rows.iter().filter_map(|row| row.seconds).max().unwrap_or(i64::MAX) } else { i64::MAX }
    }
}

impl Kind {
    /// What is not whole about a leg; nothing when it is a whole ride.
    pub(crate) fn of(policy: &Policy, part: &Part) -> Option<Kind> {
        match part.shape {
            Shape::MissingExit => Some(Kind::MissingExit),
            Shape::MissingEntry => Some(Kind::MissingEntry),
            Shape::Ride if part.is_over_time(policy) => Some(Kind::OverTime),
            Shape::Ride if part.ends_where_it_began(policy) => Some(Kind::SameStation),
            Shape::Ride => None,
        }
    }

    /// The word of the format.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::MissingExit => "missing_exit",
            Kind::MissingEntry => "missing_entry",
            Kind::SameStation => "same_station",
            Kind::OverTime => "over_time",
        }
    }

    /// The answer when no row speaks of such a ride.
    pub(crate) fn unknown(self) -> UnknownFare {
        match self {
            Kind::SameStation => UnknownFare::NoSameStationRule,
            Kind::MissingExit | Kind::MissingEntry | Kind::OverTime => UnknownFare::NoIncompleteRule,
        }
    }
}

impl Part {
    /// Seconds from entry to exit, when both are known.
    fn seconds(&self) -> Option<i64> {
        self.end.as_ref().map(|end| end.at().seconds_since(self.start.at()))
    }

    fn is_over_time(&self, policy: &Policy) -> bool {
        let span = Span { network: self.network, ends: &|| [self.from, self.to], start: &self.start };
        let over = |seconds: i64| policy.incomplete.limit(policy, &span).is_some_and(|most| seconds > most);
        policy.incomplete.gated[policy.network_slot(self.network)] && self.seconds().is_some_and(over)
    }

    /// The entry and the exit of a ride, each as the incomplete ride it is without the other.
    fn torn(&self) -> Option<(Part, Part)> {
        let end = self.end.clone()?;
        let entry = Part { shape: Shape::MissingExit, to: None, end: None, via: Vec::new(), ..self.clone() };
        let exit =
            Part { shape: Shape::MissingEntry, from: None, via: Vec::new(), start: end, ..self.clone() };
        Some((entry, exit))
    }
}

impl Query<'_> {
    /// The fare of a ride that is not whole, and whether it counts towards caps.
    pub(crate) fn incomplete(&self, kind: Kind, trace: &mut Trace) -> Result<(Sold, bool), UnknownFare> {
        let row = self.incomplete_row(kind).ok_or(kind.unknown())?;
        let rider = if row.discountable { self.rider } else { self.policy.default_rider };
        let asker = Query { rider, ..*self };
        trace.rule(&row.id);
        trace.fact(|| Fact::Incomplete {
            row: row.id.clone(),
            kind: kind.word(),
            provisional: matches!(kind, Kind::MissingExit | Kind::MissingEntry),
        });
        let sold = match row.charge {
            Charge::Zero => asker.buy(Source::Amount(Minor::ZERO), trace),
            Charge::Amount(amount) => asker.buy(Source::Amount(amount), trace),
            Charge::Product(product) => asker.buy(Source::Product(product), trace),
            Charge::Ride => asker.sell_best(trace),
            Charge::Farthest => asker.sell(asker.farthest(kind == Kind::MissingEntry)?, trace),
            Charge::TwoMaximum => self.two_maximum(trace),
        };
        Ok((Sold { standing: Standing::Incomplete(kind), ..sold? }, row.counts_to_cap))
    }

    /// What the two ends cost when each is an incomplete ride of its own.
    fn two_maximum(&self, trace: &mut Trace) -> Result<Sold, UnknownFare> {
        let torn = self.parts.first().and_then(Part::torn);
        let (entry, exit) = torn.ok_or(UnknownFare::NoIncompleteRule)?;
        let (first, _) = Query::of_part(self.policy, &entry).incomplete(Kind::MissingExit, trace)?;
        let (second, _) = Query::of_part(self.policy, &exit).incomplete(Kind::MissingEntry, trace)?;
        let cost = first.cost.plus(&second.cost)?;
        let base = first.base.plus(second.base)?;
        Ok(Sold { product: None, leg_group: None, cost, base, ..first })
    }

    /// The row for such a ride: rows that say more come first.
    fn incomplete_row(&self, kind: Kind) -> Option<&IncompleteRow> {
        let part = self.parts.first()?;
        let subject = Subject { part, leg_group: None, product: None };
        let in_time = |row: &IncompleteRow| {
            let short = |most: i64| part.seconds().is_none_or(|seconds| seconds <= most);
            kind != Kind::SameStation || row.seconds.is_none_or(short)
        };
        self.policy.incomplete.rows.iter().find(|row| {
            row.kind == kind
                && row.selector.takes(self.policy, subject)
                && row.holds_ends(self.policy, [part.from, part.to])
                && in_time(row)
        })
    }
}
