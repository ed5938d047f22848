//! San Francisco Bay: a discount for each change to another operator.

use crate::support::{check, city, city_files};
use fares::load;

#[test]
fn published_changes_are_reduced_by_as_much_as_is_published() {
    let policy = city("bayarea");
    let ride = |rider: &str, route: &str, minute: i64| {
        format!("{rider} {route} - - 2026-01-05T{:02}:{:02}\n", 8 + minute / 60, minute % 60)
    };
    for (routes, expect) in [
        (&["muni", "bart"][..], "285 215"),
        (&["muni", "caltrain"], "285 115"),
        (&["vta", "ac_transit"], "250 0"),
        (&["muni", "bart", "caltrain"], "285 215 115"),
        (&["ac_transit", "bart", "muni"], "250 215 0"),
    ] {
        for medium in ["clipper", "bank_card"] {
            let rides =
                (0..).zip(routes).map(|(turn, route)| ride(&format!("adult {medium}"), route, turn * 30));
            check(&policy, &rides.collect::<String>(), expect);
        }
    }
    let cash = format!("{}{}", ride("adult cash", "muni", 0), ride("adult cash", "bart", 30));
    check(&policy, &cash, "285 500");
}

#[test]
fn the_time_runs_from_the_first_tap_and_two_hours_are_in_time() {
    let policy = city("bayarea");
    check(
        &policy,
        "adult clipper muni_300 - - 2026-01-05T08:00
         adult clipper ac_transit - - 2026-01-05T09:00
         adult clipper muni_300 - - 2026-01-05T09:59",
        "300 0 15",
    );
    for (later, expect) in
        [("09:59:59", "300 315"), ("10:00:00", "300 315"), ("10:00:01", "300 600"), ("10:01:00", "300 600")]
    {
        let lines = format!(
            "adult clipper muni_300 - - 2026-01-05T08:00\nadult clipper golden_gate - - 2026-01-05T{later}"
        );
        check(&policy, &lines, expect);
    }
}

#[test]
fn the_same_operator_again_pays_in_full() {
    let policy = city("bayarea");
    check(
        &policy,
        "adult clipper muni - - 2026-01-05T08:00
         adult clipper muni - - 2026-01-05T08:30
         adult clipper bart - - 2026-01-05T09:00
         adult clipper bart - - 2026-01-05T09:30",
        "285 285 215 500",
    );
}

#[test]
fn half_the_fare_has_half_the_discount() {
    let lines =
        "half_fare clipper muni - - 2026-01-05T08:00\nhalf_fare clipper golden_gate - - 2026-01-05T08:30";
    check(&city("bayarea"), lines, "143 157");
    // The draft of 2022 took 2.50 off, and at most 1.25 for half fare.
    let mut files = city_files("bayarea");
    let windows = String::from_utf8(files["fare_windows.txt"].clone()).unwrap();
    files.insert("fare_windows.txt".into(), windows.replace("2.85", "2.50").into_bytes());
    check(&load(&files).unwrap(), lines, "143 175");
}
