//! What a ride costs whose entry or exit is missing, that ends where it began, or that lasted too long.

use crate::explain::Fact;
use crate::model::{Shape, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::{Source, Trace};
use primitives::{Minor, Text};

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
}

/// One row of `incomplete_journeys.txt`, `over_time` rows excepted.
#[derive(Debug, Clone)]
pub(crate) struct IncompleteRow {
    pub(crate) network: Option<u32>,
    pub(crate) kind: Kind,
    pub(crate) frame: Option<u32>,
    pub(crate) rider: Option<u32>,
    pub(crate) medium: Option<u32>,
    pub(crate) charge: Charge,
    /// False: the rider pays what the default rider pays.
    pub(crate) discountable: bool,
    pub(crate) counts_to_cap: bool,
    pub(crate) id: Text,
}

impl IncompleteRow {
    /// Rows are tried in this order: those that say more first, the rest by key.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let empty =
            [self.network.is_none(), self.rider.is_none(), self.medium.is_none(), self.frame.is_none()];
        (empty, self.network, self.rider, self.medium, self.frame)
    }
}

/// The rows of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incomplete {
    /// In the order of [`IncompleteRow::order`].
    pub(crate) rows: Vec<IncompleteRow>,
    /// By network, and last for routes without one: the longest time between entry and exit, in seconds.
    pub(crate) seconds_max: Vec<Option<i64>>,
    /// By network, and last for routes without one: whether any row speaks of it, so that rides have two ends.
    pub(crate) gated: Vec<bool>,
}

impl Kind {
    /// What is not whole about a leg; nothing when it is a whole ride.
    pub(crate) fn of(policy: &Policy, part: &Part) -> Option<Kind> {
        match part.shape {
            Shape::MissingExit => Some(Kind::MissingExit),
            Shape::MissingEntry => Some(Kind::MissingEntry),
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
        };
        Ok((sold?, row.counts_to_cap))
    }

    /// The row for such a ride: rows that say more come first.
    fn incomplete_row(&self, kind: Kind) -> Option<&IncompleteRow> {
        let policy = self.policy;
        let fits = |only: Option<u32>, value: Option<u32>| only.is_none() || only == value;
        policy.incomplete.rows.iter().find(|row| {
            row.kind == kind
                && fits(row.network, self.network)
                && fits(row.rider, Some(self.rider))
                && fits(row.medium, Some(self.medium))
                && row.frame.is_none_or(|group| policy.timeframes.holds(group, self.start))
        })
    }
}
