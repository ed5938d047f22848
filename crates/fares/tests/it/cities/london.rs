//! London pay as you go: zones and peaks, the hopper, caps by the zones travelled, maximum fares, time limits.

use crate::support::{check, city, city_files, leg, paid};
use fares::{Leg, Policy, Shape, load, price};
use primitives::Text;

/// Legs of an adult, `rail holborn aldgate 2025-06-03T08:00 08:20`.
fn ride(policy: &Policy, lines: &[&str], expect: &str) {
    let lines: Vec<String> = lines.iter().map(|line| format!("adult oyster {line}")).collect();
    check(policy, &lines.join("\n"), expect);
}

#[test]
fn zones_by_the_table_of_2024() {
    let mut files = city_files("london");
    let products = String::from_utf8(files["fare_products.txt"].clone()).unwrap();
    let products = products.replace("\"Zone 1, peak\",2.90", "\"Zone 1, peak\",2.80");
    let products = products.replace("\"Zone 1, off-peak\",2.80", "\"Zone 1, off-peak\",2.70");
    files.insert("fare_products.txt".into(), products.into());
    let older = load(&files).unwrap();
    let policy = city("london");
    ride(&older, &["rail holborn aldgate 2025-06-03T08:00 08:20"], "280");
    ride(&older, &["rail holborn aldgate 2025-06-03T12:00 12:20"], "270");
    for (to, peak, off) in [
        ("aldgate", "290", "280"),
        ("hammersmith", "340", "280"),
        ("wimbledon", "370", "300"),
        ("wembley_park", "440", "320"),
        ("harrow", "510", "350"),
        ("heathrow", "560", "360"),
        ("rickmansworth", "640", "470"),
    ] {
        ride(&policy, &[&format!("rail holborn {to} 2025-06-03T08:00 08:50")], peak);
        ride(&policy, &[&format!("rail {to} holborn 2025-06-03T08:00 08:50")], peak);
        ride(&policy, &[&format!("rail holborn {to} 2025-06-03T12:00 12:50")], off);
        // Into zone 1 from outside the afternoon peak is none; outwards it is.
        let inwards = if to == "aldgate" { peak } else { off };
        ride(&policy, &[&format!("rail {to} holborn 2025-06-03T17:00 17:50")], inwards);
        ride(&policy, &[&format!("rail holborn {to} 2025-06-03T17:00 17:50")], peak);
    }
    ride(&policy, &["rail hammersmith arsenal 2025-06-03T12:00 12:30"], "200");
    // A station on the border of two zones is read the cheaper way.
    ride(&policy, &["rail holborn earls_court 2025-06-03T08:00 08:20"], "290");
    ride(&policy, &["rail earls_court hammersmith 2025-06-03T12:00 12:20"], "200");
}

#[test]
fn a_peak_holds_its_start_and_not_its_end() {
    let policy = city("london");
    for (at, expect) in [
        ("06:29:59", "280"),
        ("06:30:00", "290"),
        ("09:29:59", "290"),
        ("09:30:00", "280"),
        ("15:59:59", "280"),
        ("16:00:00", "290"),
        ("18:59:59", "290"),
        ("19:00:00", "280"),
    ] {
        ride(&policy, &[&format!("rail holborn aldgate 2025-06-03T{at}")], expect);
        // A Saturday and the Monday of a bank holiday.
        ride(&policy, &[&format!("rail holborn aldgate 2025-06-07T{at}")], "280");
        ride(&policy, &[&format!("rail holborn aldgate 2025-05-26T{at}")], "280");
    }
}

#[test]
fn the_hopper_takes_an_hour_from_the_first_boarding() {
    let policy = city("london");
    let bus = |times: &[&str], expect: &str| {
        let lines: Vec<String> = times.iter().map(|at| format!("24 - - 2025-06-03T{at}")).collect();
        ride(&policy, &lines.iter().map(String::as_str).collect::<Vec<_>>(), expect);
    };
    bus(&["08:00", "08:40", "08:59", "09:05"], "175 0 0 175");
    bus(&["08:00:00", "08:59:59"], "175 0");
    bus(&["08:00:00", "09:00:00"], "175 0");
    bus(&["08:00:00", "09:00:01"], "175 175");
    // Four boardings more than an hour apart reach the day cap of buses.
    bus(&["08:00", "10:00", "12:00", "14:00"], "175 175 175 0");
    // A ride on rails between two buses changes nothing.
    let lines =
        ["24 - - 2025-06-03T08:00", "rail holborn aldgate 2025-06-03T08:15 08:30", "88 - - 2025-06-03T08:50"];
    ride(&policy, &lines, "175 290 0");
}

fn zone_1(count: usize, date: &str) -> Vec<String> {
    (0..count)
        .map(|ride| format!("rail holborn aldgate {date}T07:{:02} 07:{:02}", ride * 10, ride * 10 + 5))
        .collect()
}

fn words(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

#[test]
fn the_zones_of_a_day_choose_its_cap() {
    let policy = city("london");
    ride(&policy, &words(&zone_1(5, "2025-06-03")), "290 290 290 20 0");
    let then = |more: &str, expect: &str| {
        let mut lines = zone_1(4, "2025-06-03");
        lines.push(more.to_owned());
        ride(&policy, &words(&lines), &format!("290 290 290 20 {expect}"));
    };
    then("rail holborn hammersmith 2025-06-03T12:00 12:30", "0");
    then("rail holborn wimbledon 2025-06-03T12:00 12:30", "160");
    // The day is re-rated by the wider zones: the spared part of earlier rides comes due.
    then("rail holborn wembley_park 2025-06-03T12:00 12:30", "390");
    then("rail holborn heathrow 2025-06-03T12:00 12:50", "630");
    then("24 bus_stop - 2025-06-03T12:00", "0");
    // Beyond the zones that have a cap nothing is capped, and what was spared comes due.
    then("rail holborn rickmansworth 2025-06-03T12:00 13:00", "740");
}

#[test]
fn a_cap_day_ends_at_half_past_four() {
    let policy = city("london");
    let mut lines = zone_1(4, "2025-06-03");
    lines.extend(
        ["04:29:59", "04:30:00", "04:30:01"].map(|at| format!("rail holborn aldgate 2025-06-04T{at}")),
    );
    ride(&policy, &words(&lines), "290 290 290 20 0 280 280");
}

#[test]
fn a_week_runs_from_monday_to_sunday() {
    let policy = city("london");
    // Monday to Friday reach the day cap of 8.90, 44.50 together; the week of zone 1 is full at 44.70.
    let mut lines: Vec<String> = (2..7).flat_map(|day| zone_1(4, &format!("2025-06-{day:02}"))).collect();
    lines.push("rail holborn aldgate 2025-06-07T12:00 12:20".into());
    lines.push("rail holborn aldgate 2025-06-09T04:29:59".into());
    lines.push("rail holborn aldgate 2025-06-09T04:30:00".into());
    let full_day = "290 290 290 20";
    ride(&policy, &words(&lines), &format!("{} 20 0 280", [full_day; 5].join(" ")));
    // Fifteen buses reach the week of buses: 24.70 is four day caps and 3.70.
    let hours = ["08:00", "10:00", "12:00"];
    let buses = (2..7).flat_map(|day| hours.map(|at| format!("24 - - 2025-06-{day:02}T{at}")));
    let buses: Vec<String> = buses.collect();
    let full_day = "175 175 175";
    ride(&policy, &words(&buses), &format!("{} 175 175 20", [full_day; 4].join(" ")));
}

#[test]
fn maximum_fares_stand_outside_the_caps() {
    let policy = city("london");
    let fare = |shape, line: &str| {
        let leg = Leg { shape, ..leg(&policy, &format!("adult oyster {line}")) };
        paid(&price(&policy, &[leg])).join(" ")
    };
    assert_eq!(fare(Shape::MissingExit, "rail holborn - 2025-06-03T08:00"), "770");
    assert_eq!(fare(Shape::MissingExit, "rail holborn - 2025-06-03T12:00"), "530");
    assert_eq!(fare(Shape::MissingEntry, "rail - holborn 2025-06-03T18:00 18:00"), "770");
    assert_eq!(fare(Shape::Ride, "rail holborn holborn 2025-06-03T12:00 12:10"), "530");
    assert_eq!(fare(Shape::MissingExit, "24 - - 2025-06-03T12:00"), "?no_incomplete_rule");
    let mut legs: Vec<Leg> =
        zone_1(4, "2025-06-03").iter().map(|line| leg(&policy, &format!("adult oyster {line}"))).collect();
    legs[1].shape = Shape::MissingExit;
    legs[1].to = None;
    assert_eq!(paid(&price(&policy, &legs)).join(" "), "290 770 290 290");
}

/// On the limit a journey is one, a second later it is two maximum fares.
#[test]
fn journeys_that_take_too_long_are_two_maximum_fares() {
    let policy = city("london");
    for (line, limit, one, two) in [
        ("rail holborn aldgate 2025-06-03T12:00", "13:30", "280", "1060"),
        ("rail holborn hammersmith 2025-06-03T12:00", "13:40", "280", "1060"),
        ("rail hammersmith arsenal 2025-06-03T12:00", "13:30", "200", "1060"),
        ("rail holborn wembley_park 2025-06-03T12:00", "13:50", "320", "1060"),
        ("rail holborn aldgate 2025-06-03T19:00", "20:40", "280", "1060"),
        ("rail holborn aldgate 2025-06-07T12:00", "13:40", "280", "1060"),
        ("rail holborn wimbledon 2025-06-08T12:00", "14:15", "300", "1060"),
        ("rail holborn aldgate 2025-05-26T12:00", "13:50", "280", "1060"),
        ("rail holborn aldgate 2025-06-03T08:00", "09:30", "290", "1300"),
    ] {
        ride(&policy, &[&format!("{line} {limit}:00")], one);
        ride(&policy, &[&format!("{line} {limit}:01")], two);
    }
    // Published: 91 minutes in zone 1 on a weekday.
    ride(&policy, &["rail holborn aldgate 2025-06-03T12:00 13:31"], "1060");
}

#[test]
fn a_route_reader_proves_a_way_around_zone_1() {
    let policy = city("london");
    let through = leg(&policy, "adult oyster rail hammersmith stratford 2025-06-03T12:00 12:50");
    let around = Leg { via: vec![Text::new("highbury").unwrap()], ..through.clone() };
    assert_eq!(paid(&price(&policy, &[through])), ["280"]);
    assert_eq!(paid(&price(&policy, &[around])), ["200"]);
}
