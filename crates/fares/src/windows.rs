//! Runs of effective legs that share a price rule: the first one opens a window, later ones cost less in it.

mod limits;
mod price;
mod rules;
mod state;

pub(crate) use limits::{Event, Limit, Limits, SameRoute};
pub(crate) use price::{Discount, DiscountOn, Pricing};
pub(crate) use rules::{Action, Rule};
pub(crate) use state::{Current, State};

use crate::cost::Cost;
use crate::explain::{Because, Fact};
use crate::joins::Group;
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::{Selector, Subject};
use price::Step;
use primitives::{Minor, PartyNo, Text};
use state::Open;

/// What makes the time of an open window start again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extend {
    Never,
    EachLeg,
    /// A leg that costs something in the window.
    OnUpgrade,
}

/// One row of `fare_windows.txt` with its rules.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) id: Text,
    pub(crate) row: Text,
    pub(crate) priority: u32,
    pub(crate) selector: Selector,
    pub(crate) break_on_other: bool,
    /// False: a leg that costs nothing opens nothing.
    pub(crate) opens_on_any: bool,
    pub(crate) limits: Limits,
    pub(crate) extend: Extend,
    pub(crate) pricing: Pricing,
    pub(crate) discount_on: DiscountOn,
    pub(crate) scaled_by_rider: bool,
    pub(crate) floor: Minor,
    pub(crate) may_fall: bool,
    /// Who pays what the window takes off; without one the operators go without.
    pub(crate) funder: Option<PartyNo>,
    /// The most special first.
    pub(crate) rules: Vec<Rule>,
}

/// The windows of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {
    /// The highest priority first, then by id.
    windows: Vec<Window>,
    reach_seconds: i64,
}

/// An effective leg and its price by the leg rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effective<'a> {
    pub(crate) group: &'a Group,
    pub(crate) sold: &'a Sold,
}

impl<'a> Effective<'a> {
    pub(super) fn first(&self) -> &'a Part {
        &self.group.parts()[0]
    }

    pub(super) fn last(&self) -> &'a Part {
        self.group.last()
    }

    /// As selectors see it. It belongs to a window by the leg it began with, so that a leg that joins it does not move
    /// it to another one.
    fn subject(&self) -> Subject<'a> {
        Subject { part: self.first(), leg_group: self.sold.leg_group, product: self.sold.product }
    }
}

impl Windows {
    /// The number of a window.
    pub(crate) fn number(&self, id: &str) -> Option<u32> {
        let at = self.windows.iter().position(|window| window.id.as_str() == id)?;
        u32::try_from(at).ok()
    }

    /// The windows of a policy, in any order.
    pub(crate) fn build(mut windows: Vec<Window>) -> Self {
        windows.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        let reach_seconds = windows.iter().map(|window| window.limits.reach_seconds()).max().unwrap_or(0);
        Windows { windows, reach_seconds }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// The longest time between the beginnings of two legs that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        self.reach_seconds
    }

    fn get(&self, open: &Open) -> &Window {
        &self.windows[open.window as usize]
    }

    /// True when a window is open that has time left for an effective leg that begins with this one.
    pub(crate) fn have_time_for(&self, state: &State, group: &Group) -> bool {
        state.open.iter().any(|open| self.get(open).limits.have_time(open, group).is_ok())
    }

    /// What the effective leg costs in the window that takes it, and the windows after it; nothing when none takes it.
    /// `before` is what stood before the effective leg, also when a leg joined it.
    pub(crate) fn apply(
        &self,
        policy: &Policy,
        before: &State,
        effective: &Effective<'_>,
        trace: &mut Trace,
    ) -> Result<Option<(Cost, State)>, UnknownFare> {
        let subject = effective.subject();
        let numbered = (0_u32..).zip(&self.windows);
        let mut taking = numbered.filter(|(_, window)| window.selector.takes(policy, subject));
        let Some((number, window)) = taking.next() else { return Ok(None) };
        let mut state = self.rest(before, Some(number), effective, trace);
        let step = match before.of(number) {
            None => None,
            Some(open) => match window.limits.take(open, effective.group) {
                Ok(()) => Some((open, window.step(policy, open, effective, trace)?)),
                Err(because) => {
                    trace.fact(|| Fact::NotWindow { id: window.id.clone(), because });
                    None
                }
            },
        };
        let mut cost = effective.sold.cost.clone();
        match step {
            Some((open, Step::Stays { paid, discounted })) => {
                window.tell(open, false, effective, paid, trace);
                cost.reduce(cost.rider.minus(paid)?, window.funder)?;
                state.hold(open.with(window, effective, paid, discounted)?);
            }
            Some((open, Step::Passes)) => state.open.push(open.clone()),
            Some((_, Step::Opens)) | None => {
                if window.opens_on_any || cost.rider.is_positive() {
                    let opening = state.next_opening();
                    let open = Open::new((number, window), opening, effective);
                    window.tell(&open, true, effective, cost.rider, trace);
                    state.hold(open);
                }
            }
        }
        Ok(Some((cost, state)))
    }

    /// The windows other than `taking` that are still open after an effective leg that they did not take.
    fn rest(
        &self,
        before: &State,
        taking: Option<u32>,
        effective: &Effective<'_>,
        trace: &mut Trace,
    ) -> State {
        let mut state = State { open: Vec::new(), openings: before.openings, current: None };
        for open in before.open.iter().filter(|open| taking != Some(open.window)) {
            let window = self.get(open);
            if window.break_on_other {
                let because = Because::Interrupted;
                trace.fact(|| Fact::NotWindow { id: window.id.clone(), because });
            } else if window.limits.have_time(open, effective.group).is_ok() {
                state.open.push(open.clone());
            }
        }
        state
    }

    /// What is left of the windows after an effective leg that none of them took.
    pub(crate) fn passed_by(&self, before: &State, effective: &Effective<'_>, trace: &mut Trace) -> State {
        self.rest(before, None, effective, trace)
    }
}

impl Window {
    /// Tells that the window took the effective leg.
    fn tell(&self, open: &Open, opened: bool, effective: &Effective<'_>, paid: Minor, trace: &mut Trace) {
        trace.fact(|| Fact::Window {
            id: self.id.clone(),
            opened,
            since: open.since(),
            elapsed_seconds: if opened { 0 } else { self.limits.elapsed(open, effective.group) },
            limit_seconds: self.limits.duration.map(|limit| limit.seconds),
            full: effective.sold.cost.rider,
            paid,
        });
    }
}

/// What an open window takes in memory, apart from payments that are counted one by one.
#[cfg(test)]
pub(crate) const fn bytes_of_an_open_window() -> usize {
    size_of::<Open>()
}
