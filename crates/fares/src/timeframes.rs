//! Wall-clock bands on the days of a service.

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;
use primitives::{DayRule, EventTime, ServiceDate};
use std::cell::OnceCell;

/// A moment of a leg. The wall clock is worked out when a rule first asks for it: most rules never do.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    at: EventTime,
    zone: Tz,
    local: OnceCell<(NaiveDate, u32)>,
}

impl Moment {
    pub(crate) fn new(at: EventTime, zone: Tz) -> Self {
        Moment { at, zone, local: OnceCell::new() }
    }

    /// The instant.
    pub(crate) fn at(&self) -> EventTime {
        self.at
    }

    /// The local date and the whole seconds since local midnight, as a wall clock shows them.
    pub(crate) fn local(&self) -> (NaiveDate, u32) {
        *self.local.get_or_init(|| {
            let local = self.at.local(self.zone);
            (local.date(), local.time().num_seconds_from_midnight())
        })
    }

    /// The service day it belongs to.
    pub(crate) fn service_date(&self, rule: DayRule) -> ServiceDate {
        let (date, second) = self.local();
        let before = second < rule.day_start_seconds;
        ServiceDate(if before { date.pred_opt().unwrap_or(date) } else { date })
    }
}

/// A set of dates: days of the week in a range, some added, some removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    /// Range and days of the week (Monday first), when the service has a row in `calendar.txt`.
    pub(crate) weekly: Option<(NaiveDate, NaiveDate, [bool; 7])>,
    /// Dates with their own word, sorted: true runs, false does not.
    pub(crate) exceptions: Vec<(NaiveDate, bool)>,
}

impl Service {
    /// The first and last date it may run on; nothing when it runs on none.
    pub(crate) fn bounds(&self) -> Option<(NaiveDate, NaiveDate)> {
        let dates = self.exceptions.iter().filter(|(_, runs)| *runs).map(|(date, _)| *date);
        let ends = self.weekly.iter().flat_map(|(first, last, _)| [*first, *last]);
        let (first, last) = (dates.clone().chain(ends.clone()).min(), dates.chain(ends).max());
        first.zip(last)
    }

    pub(crate) fn runs_on(&self, date: NaiveDate) -> bool {
        if let Ok(index) = self.exceptions.binary_search_by_key(&date, |(day, _)| *day) {
            return self.exceptions[index].1;
        }
        self.weekly.is_some_and(|(first, last, days)| {
            first <= date && date <= last && days[date.weekday().num_days_from_monday() as usize]
        })
    }
}

/// One row of a timeframe group. Bounds are seconds since midnight; `end` is excluded unless `end_included`.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) service: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) start_excluded: bool,
    pub(crate) end_included: bool,
}

impl Frame {
    /// First and last whole second that the row holds.
    pub(crate) fn seconds(&self) -> (u32, u32) {
        let first = self.start + u32::from(self.start_excluded);
        let last = if self.end_included { self.end } else { self.end.saturating_sub(1) };
        (first, last)
    }
}

/// Every timeframe group of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeframes {
    pub(crate) services: Vec<Service>,
    pub(crate) groups: Vec<Vec<Frame>>,
    /// The hour of a day says nothing about a price: there are no groups, and one clock hangs at every stop.
    pub(crate) hours_are_alike: bool,
}

impl Timeframes {
    /// True when a row of the group holds at this moment: its service runs on the local calendar date (never the
    /// service date) and the wall clock lies in its band.
    pub(crate) fn holds(&self, group: u32, moment: &Moment) -> bool {
        let (date, second) = moment.local();
        self.groups[group as usize].iter().any(|frame| {
            let (first, last) = frame.seconds();
            first <= second && second <= last && self.services[frame.service as usize].runs_on(date)
        })
    }
}
