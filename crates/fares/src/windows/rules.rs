//! Exceptions and tables inside a window: what a change from one kind of leg to another does.

use super::Effective;
use super::price::Discount;
use super::state::Last;
use crate::policy::Policy;
use crate::selector::Pick;
use primitives::{Minor, Text};

/// What a rule does with the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Free,
    Full,
    DifferenceToBest,
    DifferenceToLast,
    Discount(Discount),
    Amount(Minor),
    /// The window ends; the leg may open a new one.
    End,
    /// The leg pays in full and the window stays as it was.
    Skip,
}

/// One row of `fare_window_rules.txt`.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The group of the last leg that used the window.
    pub(crate) from_group: Option<Pick>,
    pub(crate) to_group: Option<Pick>,
    /// Where the last leg ended.
    pub(crate) from_stop: Option<Pick>,
    pub(crate) to_route: Option<Pick>,
    pub(crate) rider: Option<Pick>,
    pub(crate) medium: Option<Pick>,
    pub(crate) action: Action,
    pub(crate) id: Text,
}

impl Rule {
    pub(super) fn takes(&self, policy: &Policy, last: &Last, effective: &Effective<'_>) -> bool {
        let part = effective.first();
        let takes =
            |pick: &Option<Pick>, value: Option<u32>| pick.as_ref().is_none_or(|pick| pick.takes(value));
        takes(&self.from_group, last.leg_group)
            && takes(&self.to_group, effective.sold.leg_group)
            && self.from_stop.as_ref().is_none_or(|pick| takes_stop(policy, pick, last.to))
            && takes(&self.to_route, Some(part.route))
            && takes(&self.rider, Some(part.rider))
            && takes(&self.medium, Some(part.medium))
    }

    /// The most special first: both leg groups, then one of them, then neither; then more of the other columns.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        let groups = u8::from(self.from_group.is_some()) + u8::from(self.to_group.is_some());
        let others = [&self.from_stop, &self.to_route, &self.rider, &self.medium];
        let filled = others.into_iter().filter(|pick| pick.is_some()).count();
        (std::cmp::Reverse((groups, self.from_group.is_some(), filled)), self.from_stop.is_none())
    }
}

/// A stop is named by its own id or its station's.
fn takes_stop(policy: &Policy, pick: &Pick, stop: Option<u32>) -> bool {
    let station = stop.map(|stop| policy.stops[stop as usize].station);
    match pick {
        Pick::Set { exclude: true, .. } => pick.takes(stop) && pick.takes(station),
        Pick::Set { exclude: false, .. } | Pick::One(_) => pick.takes(stop) || pick.takes(station),
    }
}
