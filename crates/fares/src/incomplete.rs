//! What a ride costs whose entry or exit is missing, that ends where it began, or that lasted too long.

use crate::model::UnknownFare;
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
    /// The answer when no row speaks of such a ride.
    pub(crate) fn unknown(self) -> UnknownFare {
        match self {
            Kind::SameStation => UnknownFare::NoSameStationRule,
            Kind::MissingExit | Kind::MissingEntry | Kind::OverTime => UnknownFare::NoIncompleteRule,
        }
    }
}
