//! Times and the three dates that are never mixed: service date, posting date, bank date.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::cell::Cell;
use std::fmt;

/// A moment as a device's clock saw it: milliseconds since 1970-01-01 UTC, years 2000 to 2099.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

impl EventTime {
    /// First valid moment, 2000-01-01.
    pub const MIN_MS: i64 = 946_684_800_000;
    /// First moment that is no longer valid, 2100-01-01.
    pub const END_MS: i64 = 4_102_444_800_000;

    /// The moment, when it lies in the valid range.
    pub const fn from_unix_ms(ms: i64) -> Option<Self> {
        if ms < Self::MIN_MS || ms >= Self::END_MS { None } else { Some(EventTime(ms)) }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds from `earlier` to this moment, rounded down; negative when this moment is the earlier one.
    pub fn seconds_since(self, earlier: EventTime) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// The wall clock in a zone.
    pub fn local(self, zone: Tz) -> NaiveDateTime {
        DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default().with_timezone(&zone).naive_local()
    }
}

macro_rules! date {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub NaiveDate);

        impl $name {
            /// Reads `YYYY-MM-DD`.
            pub fn parse(text: &str) -> Option<Self> {
                NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map($name)
            }

            /// The day after.
            pub fn next(self) -> Self {
                $name(self.0.succ_opt().unwrap_or(NaiveDate::MAX))
            }

            /// Days since the common era began, for canonical bytes.
            pub fn day_number(self) -> i64 {
                i64::from(self.0.num_days_from_ce())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.format("%Y-%m-%d"), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

date!(
    /// The operating day a ride belongs to, by its time and the city's cut-over.
    ServiceDate
);
date!(
    /// The accounting day a posting is written on; switched by a marker event, never set back.
    PostingDate
);

/// How a city cuts its service days: a time zone and the wall-clock second at which a new day starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRule {
    /// The city's zone.
    pub zone: Tz,
    /// Start of the service day, seconds after local midnight.
    pub day_start_seconds: u32,
}

impl DayRule {
    /// The service date of a moment.
    pub fn service_date(&self, at: EventTime) -> ServiceDate {
        let local = at.local(self.zone);
        let shift = TimeDelta::seconds(i64::from(self.day_start_seconds));
        ServiceDate(local.checked_sub_signed(shift).unwrap_or(local).date())
    }

    /// The moment with this wall clock, `seconds` after the local midnight of `date` (may exceed one day).
    pub fn at(&self, date: ServiceDate, seconds: i64) -> Option<EventTime> {
        let midnight = date.0.and_time(NaiveTime::MIN);
        let local = midnight.checked_add_signed(TimeDelta::try_seconds(seconds)?)?;
        let instant = local.and_local_timezone(self.zone).earliest()?;
        EventTime::from_unix_ms(instant.timestamp_millis())
    }
}

/// Service dates by [`DayRule::service_date`], asked for moments that mostly lie on one day: its bounds are remembered.
#[derive(Debug, Default)]
pub struct Days {
    /// Every moment from the first to before the second has this date.
    last: Cell<Option<(DayRule, EventTime, EventTime, ServiceDate)>>,
}

impl Days {
    /// The service date of a moment.
    pub fn service_date(&self, rule: DayRule, at: EventTime) -> ServiceDate {
        if let Some((of, from, until, date)) = self.last.get()
            && of == rule
            && from <= at
            && at < until
        {
            return date;
        }
        let date = rule.service_date(at);
        if let Some((from, until)) = Self::bounds(rule, date) {
            self.last.set(Some((rule, from, until, date)));
        }
        date
    }

    /// Where a service day begins and ends; nothing when its clocks are put forward or back, because then a wall clock
    /// may show one time twice.
    fn bounds(rule: DayRule, date: ServiceDate) -> Option<(EventTime, EventTime)> {
        let start = i64::from(rule.day_start_seconds);
        let (from, until) = (rule.at(date, start)?, rule.at(date.next(), start)?);
        let ahead =
            |at: EventTime| at.local(rule.zone).and_utc().timestamp_millis().checked_sub(at.unix_ms());
        (ahead(from) == ahead(until)).then_some((from, until))
    }
}
