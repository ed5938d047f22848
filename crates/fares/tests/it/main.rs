//! Tests of the fare engine from outside.
#![allow(clippy::unwrap_used)]

mod cities;
mod every_city;
mod explain_docs;
mod format_docs;
mod fuzz;
mod hcmc;
mod large;
mod oracle;
mod properties;
mod support;
mod transfer_oracle;
mod words;
mod worlds;

use fares::{Files, Leg, Priced, Shape};
use primitives::{DayRule, EventTime, ServiceDate};
use support::city_files;
use words::text;

/// The files of Ho Chi Minh City.
fn hcmc_files() -> Files {
    city_files("hcmc")
}

/// A moment in Ho Chi Minh City.
fn at(date: &str, seconds: i64) -> EventTime {
    let rule = DayRule { zone: chrono_tz::Asia::Ho_Chi_Minh, day_start_seconds: 0 };
    rule.at(ServiceDate::parse(date).unwrap(), seconds).unwrap()
}

/// A whole ride at noon; `-` is an unknown stop.
fn ride(route: &str, from: &str, to: &str, rider: &str, medium: &str) -> Leg {
    let stop = |stop: &str| (stop != "-").then(|| text(stop));
    Leg {
        route: text(route),
        from: stop(from),
        to: stop(to),
        via: Vec::new(),
        start: at("2026-03-02", 12 * 3600),
        end: stop(to).map(|_| at("2026-03-02", 12 * 3600 + 1800)),
        shape: Shape::Ride,
        rider: text(rider),
        medium: text(medium),
    }
}

/// The fare of a leg, as [`words::shown`].
fn shown(priced: &Priced) -> String {
    words::shown(&priced.fare)
}
