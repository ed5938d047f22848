//! Periods that something is counted in: days, weeks, months, and days that roll from a first leg.

use crate::timeframes::Moment;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use primitives::{DayRule, EventTime};

/// How long a period is, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Day,
    /// From a day of the week, 0 for Monday.
    Week {
        first: u32,
    },
    /// A month of the calendar.
    Month,
    /// So many days from the start of the day of the first leg.
    Days(u32),
    /// So many times 24 hours from the first leg.
    FromLeg(u32),
}

/// A kind of period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) length: Length,
    /// When its days begin, in seconds after local midnight; none: with the policy's service day.
    pub(crate) day_start: Option<u32>,
    /// True when the moment that ends a period still belongs to it.
    pub(crate) end_included: bool,
}

const DAY_MS: i64 = 24 * 3600 * 1000;
/// A wall clock that is put forward skips less than a day; it is looked for in steps of a quarter of an hour.
const SKIP_SECONDS: i64 = 15 * 60;
const SKIPS_MAX: i64 = 96;

impl Period {
    /// About how many days it lasts, to tell shorter periods from longer ones.
    pub(crate) fn days(&self) -> u32 {
        match self.length {
            Length::Day => 1,
            Length::Week { .. } => 7,
            Length::Month => 31,
            Length::Days(count) | Length::FromLeg(count) => count,
        }
    }

    /// True when it begins with a leg.
    pub(crate) fn rolls(&self) -> bool {
        matches!(self.length, Length::Days(_) | Length::FromLeg(_))
    }

    /// The rule of its days in a city.
    fn day_rule(&self, city: DayRule) -> DayRule {
        DayRule { day_start_seconds: self.day_start.unwrap_or(city.day_start_seconds), ..city }
    }

    /// True when a period from `from` until `until` holds the moment.
    pub(crate) fn holds(&self, from: EventTime, until: EventTime, at: EventTime) -> bool {
        from <= at && (at < until || self.end_included && at == until)
    }

    /// The day, by its own start, that a moment belongs to.
    pub(crate) fn day_of(&self, city: DayRule, at: &Moment) -> NaiveDate {
        let rule = self.day_rule(city);
        let at = self.inner(rule.zone, at);
        let (date, second) = at.local();
        let guess = if second < rule.day_start_seconds { before(date) } else { date };
        // When clocks go back a wall clock shows twice; only the instants say which day it is.
        if at.at() < starts(rule, guess) {
            before(guess)
        } else if starts(rule, after(guess, 1)) <= at.at() {
            after(guess, 1)
        } else {
            guess
        }
    }

    /// The first moment of the period of a leg that finds none open, and the first moment after it.
    pub(crate) fn around(&self, city: DayRule, at: &Moment) -> (EventTime, EventTime) {
        if let Length::FromLeg(count) = self.length {
            let end = i64::from(count).saturating_mul(DAY_MS).saturating_add(at.at().unix_ms());
            return (at.at(), clamped(end));
        }
        let rule = self.day_rule(city);
        let (first, next) = self.dates(self.day_of(city, at));
        (starts(rule, first), starts(rule, next))
    }

    /// The first day of the period that a day lies in, and the first day after it.
    fn dates(&self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self.length {
            Length::Day | Length::FromLeg(_) => (day, after(day, 1)),
            Length::Days(count) => (day, after(day, count)),
            Length::Week { first } => {
                let into = (day.weekday().num_days_from_monday() + 7 - first) % 7;
                let first = day.checked_sub_days(Days::new(into.into())).unwrap_or(NaiveDate::MIN);
                (first, after(first, 7))
            }
            Length::Month => {
                let first = day.with_day(1).unwrap_or(day);
                (first, first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX))
            }
        }
    }

    /// A moment on the end of a period that includes it belongs to the day before.
    fn inner(&self, zone: Tz, at: &Moment) -> Moment {
        let earlier = EventTime::from_unix_ms(at.at().unix_ms() - 1).filter(|_| self.end_included);
        earlier.map_or_else(|| at.clone(), |earlier| Moment::new(earlier, zone))
    }
}

fn before(date: NaiveDate) -> NaiveDate {
    date.pred_opt().unwrap_or(NaiveDate::MIN)
}

fn after(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

/// The moment a day begins. Where clocks skip its wall clock, the first moment that they show after it.
fn starts(rule: DayRule, date: NaiveDate) -> EventTime {
    let midnight = date.and_time(NaiveTime::MIN);
    let start = i64::from(rule.day_start_seconds);
    let shown = |skip: i64| {
        let local = midnight.checked_add_signed(TimeDelta::seconds(start + skip * SKIP_SECONDS))?;
        local.and_local_timezone(rule.zone).earliest()
    };
    let instant = (0..=SKIPS_MAX).find_map(shown).map_or(EventTime::END_MS, |at| at.timestamp_millis());
    clamped(instant)
}

/// The moment, or the nearest one there is.
fn clamped(ms: i64) -> EventTime {
    const FIRST: EventTime = valid(EventTime::MIN_MS);
    const LAST: EventTime = valid(EventTime::END_MS - 1);
    EventTime::from_unix_ms(ms).unwrap_or(if ms < EventTime::MIN_MS { FIRST } else { LAST })
}

const fn valid(ms: i64) -> EventTime {
    match EventTime::from_unix_ms(ms) {
        Some(at) => at,
        None => panic!("an end of the valid range"),
    }
}
