//! Route 171: a price by how far the ride goes. Its stops and distances are invented, its stages are published.

use crate::shown;
use crate::support::{check, city, leg};
use fares::{Shape, price};

/// Golden scenario 29: 14.9, 15, 29.9 and 30 km; a stage begins with its first metre.
#[test]
fn g29_a_stage_begins_with_its_first_metre() {
    let policy = city("hcmc");
    for (from, to, expect) in [
        ("R171-1", "R171-2", "15000"), // 14,900 m
        ("R171-1", "R171-3", "30000"), // 15,000 m
        ("R171-1", "R171-4", "30000"), // 29,900 m
        ("R171-1", "R171-5", "70000"), // 30,000 m
        ("R171-1", "R171-6", "70000"), // the whole line
        ("R171-6", "R171-5", "30000"), // back, 15,000 m
        ("R171-6", "R171-3", "70000"), // back, 30,000 m
        ("R171-5", "R171-3", "30000"), // back, 15,000 m
        ("R171-3", "R171-2", "15000"), // back, 100 m
    ] {
        for rider in ["adult", "student", "elderly"] {
            check(&policy, &format!("{rider} card 171 {from} {to} 2026-03-03T08:00 09:00"), expect);
        }
    }
}

/// A position that is no stop of the line has no distance: the fare is unknown, and somebody looks at it.
#[test]
fn a_stop_that_is_not_on_the_line_gives_no_stage() {
    let policy = city("hcmc");
    for (from, to) in [("R171-1", "M1-14"), ("R171-1", "-"), ("-", "R171-4")] {
        check(&policy, &format!("adult card 171 {from} {to} 2026-03-03T08:00 09:00"), "?no_distance");
    }
    check(&policy, "adult card 171 R171-1 nowhere 2026-03-03T08:00 09:00", "?no_stop");
}

#[test]
fn a_ride_without_an_end_costs_the_whole_line() {
    let policy = city("hcmc");
    let ride = |words: &str, shape| {
        let mut leg = leg(&policy, words);
        leg.shape = shape;
        shown(&price(&policy, &[leg])[0])
    };
    assert_eq!(ride("adult card 171 R171-5 - 2026-03-03T08:00", Shape::MissingExit), "70000 70000");
    assert_eq!(ride("student card 171 - R171-2 2026-03-03T08:00", Shape::MissingEntry), "70000 70000");
    assert_eq!(ride("adult card 171 R171-2 R171-2 2026-03-03T08:00 08:10", Shape::Ride), "15000 15000");
}
