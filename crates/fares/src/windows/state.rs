//! What is remembered of open windows between two effective legs.

use super::limits::ended;
use super::{Effective, Extend, Pricing, Window};
use crate::model::UnknownFare;
use chrono::NaiveDate;
use primitives::{EventTime, Minor, PartyNo};

/// The windows that are open in one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// One a window of the policy.
    pub(super) open: Vec<Open>,
    /// How many were opened so far.
    pub(super) openings: u32,
    pub(super) current: Option<Current>,
}

/// The window that took the latest effective leg: its number in the policy, and which opening of it this is, so that
/// two runs of one window are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) window: u32,
    pub(crate) opening: u32,
}

/// One open window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) window: u32,
    pub(super) opening: u32,
    /// Effective legs after the one that opened it.
    pub(super) transfers: u32,
    /// A reduction that is given once was given.
    pub(super) discounted: bool,
    /// The day it was opened on, when the window minds it.
    pub(super) day: Option<NaiveDate>,
    /// Since when its time runs. Windows that count payments keep a time for each instead.
    started: EventTime,
    /// The dearest effective leg so far, by its full price.
    pub(super) best: Minor,
    pub(super) last: Last,
    /// Payments that may still be valid, for windows that count them.
    pub(super) payments: Vec<Payment>,
}

/// What the next effective leg is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) route: u32,
    pub(super) agency: PartyNo,
    pub(super) network: Option<u32>,
    pub(super) leg_group: Option<u32>,
    pub(super) to: Option<u32>,
    pub(super) ended: EventTime,
    pub(super) tapped_off: bool,
    /// Its price outside the window.
    pub(super) full: Minor,
}

/// Something paid in a window, valid from its own moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) since: EventTime,
    pub(super) amount: Minor,
}

impl State {
    pub(crate) fn current(&self) -> Option<Current> {
        self.current
    }

    pub(super) fn of(&self, window: u32) -> Option<&Open> {
        self.open.iter().find(|open| open.window == window)
    }

    /// Keeps a window that took the latest effective leg.
    pub(super) fn hold(&mut self, open: Open) {
        self.current = Some(Current { window: open.window, opening: open.opening });
        // There are few windows; a vector that grows by itself would make room for four.
        self.open.reserve_exact(1);
        self.open.push(open);
    }

    pub(super) fn next_opening(&mut self) -> u32 {
        self.openings = self.openings.wrapping_add(1);
        self.openings
    }
}

impl Last {
    fn of(effective: &Effective<'_>) -> Self {
        let part = effective.last();
        Last {
            route: part.route,
            agency: part.agency,
            network: part.network,
            leg_group: effective.sold.leg_group,
            to: part.to,
            ended: ended(part),
            tapped_off: part.end.is_some(),
            full: effective.sold.cost.rider,
        }
    }
}

impl Open {
    /// The window as its first effective leg leaves it.
    pub(super) fn new((number, window): (u32, &Window), opening: u32, effective: &Effective<'_>) -> Self {
        let full = effective.sold.cost.rider;
        let started = window.limits.starts_at.of(effective.group);
        let counted = window.pricing == Pricing::BestPaid;
        Open {
            window: number,
            opening,
            transfers: 0,
            discounted: false,
            day: window.limits.day_of(effective.first()),
            started,
            best: full,
            last: Last::of(effective),
            payments: if counted { vec![Payment { since: started, amount: full }] } else { Vec::new() },
        }
    }

    /// The window after one more effective leg that cost `paid` in it.
    pub(super) fn with(
        &self,
        window: &Window,
        effective: &Effective<'_>,
        paid: Minor,
        discounted: bool,
    ) -> Result<Self, UnknownFare> {
        let now = window.limits.starts_at.of(effective.group);
        let group = effective.group;
        let restarts = match window.extend {
            Extend::Never => false,
            Extend::EachLeg => true,
            Extend::OnUpgrade => paid.is_positive(),
        };
        let mut payments: Vec<Payment> = Vec::new();
        if window.pricing == Pricing::BestPaid {
            let valid = self.payments.iter().filter(|payment| window.limits.in_time(payment.since, group));
            payments.extend(valid);
            if paid.is_positive() {
                payments.push(Payment { since: now, amount: paid });
            }
            if restarts {
                // They all end together from here on, so one entry is enough.
                let amount = Minor::sum(payments.iter().map(|payment| payment.amount))?;
                payments = vec![Payment { since: now, amount }];
            }
        }
        Ok(Open {
            window: self.window,
            opening: self.opening,
            transfers: self.transfers.saturating_add(1),
            discounted: self.discounted || discounted,
            day: self.day,
            started: if restarts { now } else { self.started },
            best: self.best.max(effective.sold.cost.rider),
            last: Last::of(effective),
            payments,
        })
    }

    /// The moments from which its time runs; it is open while one of them holds.
    pub(super) fn times(&self) -> impl Iterator<Item = EventTime> {
        let own = self.payments.is_empty().then_some(self.started);
        self.payments.iter().map(|payment| payment.since).chain(own)
    }

    /// The latest of the moments from which its time runs.
    pub(super) fn since(&self) -> EventTime {
        self.times().max().unwrap_or(self.started)
    }
}
