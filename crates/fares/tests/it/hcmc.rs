//! Published prices of Ho Chi Minh City, and what the fixture says of itself.

use crate::{at, hcmc_files, ride, shown, text};
use fares::{Leg, PartyKind, Policy, Shape, load, price};
use primitives::Currency;
use std::collections::BTreeSet;

fn city() -> Policy {
    load(&hcmc_files()).unwrap()
}

fn check(policy: &Policy, leg: Leg, expect: &str) {
    let words =
        format!("{} {:?} {:?} {} {} {:?}", leg.route, leg.from, leg.to, leg.rider, leg.medium, leg.shape);
    assert_eq!(shown(&price(policy, &[leg])[0]), expect, "{words}");
}

/// Golden scenario 1: the metro by bank card, in cash, by wallet QR.
#[test]
fn g01_the_metro_costs_a_thousand_less_without_cash() {
    let policy = city();
    check(&policy, ride("M1", "M1-01", "M1-14", "adult", "bank_card"), "19000 19000");
    check(&policy, ride("M1", "M1-01", "M1-14", "adult", "cash"), "20000 20000");
    check(&policy, ride("M1", "M1-02", "M1-09", "adult", "qr"), "9000 9000");
    check(&policy, ride("M1", "M1-02", "M1-09", "adult", "cash"), "10000 10000");
}

/// Golden scenario 2: a bus costs by the class declared for its route. Route 43 is under 15 km one way and over it back;
/// nothing about a ride changes the class.
#[test]
fn g02_a_bus_costs_by_the_declared_class_of_its_route() {
    let policy = city();
    let bus = |route| ride(route, "-", "-", "adult", "card");
    for (route, expect) in [
        ("01", "5000 5000"),
        ("03", "6000 6000"),
        ("04", "6000 6000"),
        ("07", "6000 6000"),
        ("43", "6000 6000"),
        ("62", "6000 6000"),
        ("65", "6000 6000"),
        ("152", "5000 5000"),
        ("06", "7000 7000"),
        ("10", "7000 7000"),
        ("33", "7000 7000"),
        ("102", "7000 7000"),
    ] {
        check(&policy, bus(route), expect);
        for medium in ["cash", "qr", "bank_card"] {
            check(&policy, Leg { medium: text(medium), ..bus(route) }, expect);
        }
    }
    let of_43: Vec<_> = policy.route_stops("43", 1).cloned().collect();
    for stop in of_43 {
        check(&policy, Leg { from: Some(stop), ..bus("43") }, "6000 6000");
    }
}

/// Golden scenario 3: a student pays 3,000; the day after the proof lapsed the same card is an adult's.
#[test]
fn g03_a_student_pays_3000_and_the_city_the_rest() {
    let policy = city();
    check(&policy, ride("10", "-", "-", "student", "card"), "7000 3000 20:4000");
    check(&policy, ride("10", "-", "-", "adult", "card"), "7000 7000");
    check(&policy, ride("01", "-", "-", "student", "cash"), "5000 3000 20:2000");
    check(&policy, ride("M1", "M1-01", "M1-14", "student", "card"), "19000 9500 20:9500");
    check(&policy, ride("M1", "M1-01", "M1-02", "student", "cash"), "7000 3500 20:3500");
}

#[test]
fn free_riders_ride_at_full_gross_fare() {
    let policy = city();
    for rider in ["elderly", "merit", "disability", "child6"] {
        check(&policy, ride("33", "-", "-", rider, "card"), "7000 0 20:7000");
        check(&policy, ride("M1", "M1-14", "M1-01", rider, "qr"), "19000 0 20:19000");
    }
}

#[test]
fn incomplete_metro_rides_cost_the_dearest_single_of_the_known_station() {
    let policy = city();
    let metro = |from, to, rider, medium, shape| Leg { shape, ..ride("M1", from, to, rider, medium) };
    check(&policy, metro("M1-01", "-", "adult", "card", Shape::MissingExit), "19000 19000");
    check(&policy, metro("M1-07", "-", "adult", "card", Shape::MissingExit), "13000 13000");
    check(&policy, metro("-", "M1-07", "adult", "cash", Shape::MissingEntry), "14000 14000");
    check(&policy, metro("-", "M1-10", "student", "card", Shape::MissingEntry), "11000 5500 20:5500");
    check(&policy, metro("M1-03", "M1-03", "adult", "card", Shape::Ride), "6000 6000");
    check(&policy, metro("M1-03", "M1-03", "adult", "cash", Shape::Ride), "7000 7000");
    check(&policy, metro("M1-03", "M1-03", "elderly", "card", Shape::Ride), "6000 0 20:6000");
    assert_eq!(policy.journey_seconds_max("M1", None, None, at("2026-03-02", 0)), 3 * 3600);
    assert_eq!(policy.journey_seconds_max("01", None, None, at("2026-03-02", 0)), i64::MAX);
    check(
        &policy,
        Leg { shape: Shape::MissingExit, ..ride("01", "-", "-", "adult", "card") },
        "no_incomplete_rule",
    );
}

#[test]
fn every_pair_of_stations_has_one_symmetric_price_within_the_published_ends() {
    let policy = city();
    let stations: Vec<_> = policy.route_stops("M1", 0).cloned().collect();
    assert_eq!(stations.len(), 14);
    let fare = |from: &str, to: &str, medium: &str| -> i64 {
        let words = shown(&price(&policy, &[ride("M1", from, to, "adult", medium)])[0]);
        words.split(' ').next().unwrap().parse().unwrap()
    };
    let mut seen = BTreeSet::new();
    for (index, from) in stations.iter().enumerate() {
        let mut nearer = 0;
        for to in stations.iter().skip(index + 1) {
            let cash = fare(from.as_str(), to.as_str(), "cash");
            assert_eq!(cash, fare(to.as_str(), from.as_str(), "cash"), "{from} {to}");
            assert!(cash >= nearer, "{from} {to}: nearer stations cost more");
            nearer = cash;
            seen.insert(cash);
            for medium in ["card", "bank_card", "qr"] {
                assert_eq!(fare(from.as_str(), to.as_str(), medium), cash - 1_000, "{from} {to} {medium}");
            }
        }
    }
    assert_eq!((seen.first(), seen.last()), (Some(&7_000), Some(&20_000)));
}

#[test]
fn the_city_has_its_operators_schools_channels_and_stops() {
    let policy = city();
    assert!(policy.warnings().is_empty(), "{:?}", policy.warnings());
    assert_eq!((policy.currency(), policy.day_rule().day_start_seconds), (Currency::VND, 4 * 3600));
    assert!(policy.holds_at(at("2026-01-01", 0)) && !policy.holds_at(at("2025-12-31", 86_399)));
    let count = |kind| policy.parties().iter().filter(|party| party.kind == kind).count();
    assert_eq!(count(PartyKind::School), 10);
    for id in ["bank_transfer", "qr_pay", "cash_counter"] {
        assert_eq!(policy.party(id).unwrap().kind, PartyKind::Channel, "{id}");
    }
    assert_eq!((count(PartyKind::City), count(PartyKind::Acquirer)), (1, 1));
    let routes: Vec<_> = policy.route_ids().cloned().collect();
    let operators: BTreeSet<_> = routes.iter().map(|id| policy.route(id.as_str()).unwrap().agency).collect();
    assert!(routes.len() > 30 && operators.len() == count(PartyKind::Operator) && operators.len() == 8);
    for route in &routes {
        assert!(!policy.route(route.as_str()).unwrap().network.is_empty(), "{route}");
        for direction in [0, 1] {
            let stops: Vec<_> = policy.route_stops(route.as_str(), direction).collect();
            assert!(stops.len() >= 6, "{route} {direction}");
            assert!(
                stops.iter().all(|stop| policy.stop_name(stop.as_str()).is_some_and(|name| !name.is_empty()))
            );
        }
    }
}
