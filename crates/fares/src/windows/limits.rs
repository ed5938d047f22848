//! How long, and how often, a window takes legs.

use super::state::Open;
use crate::explain::Because;
use crate::joins::Group;
use crate::part::Part;
use chrono::NaiveDate;
use primitives::EventTime;

/// A ride is taken to last a day at most, where a limit begins with its end.
const RIDE_SECONDS_MAX: i64 = 24 * 3600;
/// The longest service day: one hour more when clocks are set back.
const DAY_SECONDS_MAX: i64 = 25 * 3600;

/// Which end of a leg is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Departure,
    Arrival,
}

impl Event {
    /// The moment, of an effective leg. An end that nobody saw is taken to be the beginning of its last leg.
    pub(super) fn of(self, group: &Group) -> EventTime {
        match self {
            Event::Departure => group.parts()[0].start.at(),
            Event::Arrival => ended(group.last()),
        }
    }
}

/// When the leg ended, or began when nobody saw it end.
pub(super) fn ended(part: &Part) -> EventTime {
    part.end.as_ref().unwrap_or(&part.start).at()
}

/// A number of seconds that still belongs to what it limits, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) seconds: i64,
    pub(crate) excluded: bool,
}

impl Limit {
    pub(super) fn holds(&self, elapsed: i64) -> bool {
        if self.excluded { elapsed < self.seconds } else { elapsed <= self.seconds }
    }
}

/// Which routes may follow each other in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameRoute {
    Any,
    Only,
    Never,
}

/// Everything that ends a window.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) starts_at: Event,
    pub(crate) measured_at: Event,
    pub(crate) duration: Option<Limit>,
    /// From the end of the last leg to the beginning of the next.
    pub(crate) max_gap: Option<Limit>,
    pub(crate) max_transfers: Option<u32>,
    pub(crate) same_route: SameRoute,
    pub(crate) needs_tap_off: bool,
    /// Seconds after midnight at which the day begins that a window does not outlive.
    pub(crate) day_start: Option<u32>,
}

impl Limits {
    /// The longest time between the beginnings of two legs that follow each other in the window.
    pub(super) fn reach_seconds(&self) -> i64 {
        let ride = if self.starts_at == Event::Arrival { RIDE_SECONDS_MAX } else { 0 };
        let duration = self.duration.map(|limit| limit.seconds.saturating_add(ride));
        let gap = self.max_gap.map(|limit| limit.seconds.saturating_add(RIDE_SECONDS_MAX));
        let day = self.day_start.map(|_| DAY_SECONDS_MAX);
        [duration, gap, day].into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    /// The day of a leg, when the window minds it.
    pub(super) fn day_of(&self, part: &Part) -> Option<NaiveDate> {
        let start = self.day_start?;
        let (date, second) = part.start.local();
        if second < start { date.pred_opt() } else { Some(date) }
    }

    /// Seconds from the moment that counts of an open window to the effective leg.
    pub(super) fn elapsed(&self, open: &Open, group: &Group) -> i64 {
        self.measured_at.of(group).seconds_since(open.since())
    }

    /// True while a time that began then has not run out.
    pub(super) fn in_time(&self, since: EventTime, group: &Group) -> bool {
        self.duration.is_none_or(|limit| limit.holds(self.measured_at.of(group).seconds_since(since)))
    }

    /// The limits of time alone.
    pub(super) fn have_time(&self, open: &Open, group: &Group) -> Result<(), Because> {
        let first = &group.parts()[0];
        if open.day != self.day_of(first) {
            return Err(Because::NewDay);
        }
        let gap = || first.start.at().seconds_since(open.last.ended);
        let gap_holds = self.max_gap.is_none_or(|limit| limit.holds(gap()));
        if gap_holds && open.times().any(|since| self.in_time(since, group)) {
            Ok(())
        } else {
            Err(Because::TimeUp)
        }
    }

    /// Every limit: whether the open window takes one more effective leg.
    pub(super) fn take(&self, open: &Open, group: &Group) -> Result<(), Because> {
        if self.needs_tap_off && !open.last.tapped_off {
            return Err(Because::NoTapOff);
        }
        self.have_time(open, group)?;
        if self.max_transfers.is_some_and(|max| open.transfers >= max) {
            return Err(Because::UsedUp);
        }
        let same = open.last.route == group.parts()[0].route;
        match self.same_route {
            SameRoute::Never if same => Err(Because::SameRoute),
            SameRoute::Only if !same => Err(Because::Interrupted),
            _ => Ok(()),
        }
    }
}
