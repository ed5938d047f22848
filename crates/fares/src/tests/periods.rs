use crate::periods::{Length, Period};
use crate::timeframes::Moment;
use chrono_tz::Tz;
use primitives::{DayRule, EventTime};

/// The UTC bounds of the period around a UTC moment.
fn check(zone: Tz, length: Length, day_start: u32, utc: &str, expect: [&str; 2]) {
    let parse = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
    let city = DayRule { zone, day_start_seconds: day_start };
    let period = Period { length, day_start: None, end_included: false };
    let (from, until) = period.around(city, &Moment::new(EventTime::from_unix_ms(parse(utc)).unwrap(), zone));
    assert_eq!([from.unix_ms(), until.unix_ms()], expect.map(parse), "{zone} {length:?} {utc}");
}

#[test]
fn days_are_cut_by_the_wall_clock_also_when_it_is_changed() {
    use chrono_tz::{America::Sao_Paulo, Europe::London};
    let start = 4 * 3600 + 1800;
    // 29 March 2026: an hour is missing. 25 October 2026: one is there twice.
    check(
        London,
        Length::Day,
        start,
        "2026-03-29T03:29:59Z",
        ["2026-03-28T04:30:00Z", "2026-03-29T03:30:00Z"],
    );
    check(
        London,
        Length::Day,
        start,
        "2026-03-29T03:30:00Z",
        ["2026-03-29T03:30:00Z", "2026-03-30T03:30:00Z"],
    );
    check(
        London,
        Length::Day,
        start,
        "2026-10-25T04:29:59Z",
        ["2026-10-24T03:30:00Z", "2026-10-25T04:30:00Z"],
    );
    // A day that begins in the hour that is there twice begins the first time, and does not begin again.
    let start = 3600 + 1800;
    check(
        London,
        Length::Day,
        start,
        "2026-10-25T01:10:00Z",
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        London,
        Length::Day,
        start,
        "2026-10-25T00:29:00Z",
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"],
    );
    // One that begins in the missing hour begins when the clocks have jumped.
    check(
        London,
        Length::Day,
        start,
        "2026-03-29T00:59:00Z",
        ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"],
    );
    check(
        London,
        Length::Day,
        start,
        "2026-03-29T01:00:00Z",
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    );
    check(
        Sao_Paulo,
        Length::Day,
        0,
        "2018-11-04T03:00:00Z",
        ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
    );
}

#[test]
fn weeks_months_and_rolling_days() {
    use chrono_tz::Europe::London;
    let check = |length, utc, expect| check(London, length, 0, utc, expect);
    check(
        Length::Week { first: 0 },
        "2026-03-29T12:00:00Z",
        ["2026-03-23T00:00:00Z", "2026-03-29T23:00:00Z"],
    );
    check(
        Length::Week { first: 6 },
        "2026-03-29T12:00:00Z",
        ["2026-03-29T00:00:00Z", "2026-04-04T23:00:00Z"],
    );
    check(Length::Month, "2026-03-31T22:59:59Z", ["2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z"]);
    check(Length::Month, "2026-12-31T00:00:00Z", ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
    check(Length::Days(7), "2026-03-27T12:00:00Z", ["2026-03-27T00:00:00Z", "2026-04-02T23:00:00Z"]);
    check(Length::FromLeg(7), "2026-03-27T12:00:00Z", ["2026-03-27T12:00:00Z", "2026-04-03T12:00:00Z"]);
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    use chrono_tz::Pacific::Kiritimati;
    for ms in [EventTime::MIN_MS, EventTime::END_MS - 1] {
        let at = EventTime::from_unix_ms(ms).unwrap();
        for length in
            [Length::Day, Length::Week { first: 3 }, Length::Month, Length::Days(366), Length::FromLeg(366)]
        {
            let period = Period { length, day_start: Some(86_399), end_included: true };
            let city = DayRule { zone: Kiritimati, day_start_seconds: 0 };
            let (from, until) = period.around(city, &Moment::new(at, Kiritimati));
            assert!(from <= at && at <= until, "{length:?} {from:?} {until:?}");
        }
    }
}
