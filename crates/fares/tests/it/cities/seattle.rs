//! Seattle: one card over many operators, payments that start again, cash transfers of two operators.

use crate::support::{check, city, legs, paid};
use fares::{Fare, Policy, price};

/// Cash adult, senior, youth; card low income, adult, senior, youth.
const KINDS: [&str; 7] = [
    "regular cash",
    "senior cash",
    "youth cash",
    "special orca",
    "regular orca",
    "senior orca",
    "youth orca",
];

/// What each kind of rider pays for `rides`, routes with a minute after 11:00; fares nobody knows add nothing.
fn totals(policy: &Policy, rides: &[(&str, i64)]) -> String {
    let total = |kind: &&str| {
        let lines: Vec<String> = rides
            .iter()
            .map(|(route, minute)| {
                format!("{kind} {route} - - 2026-03-03T{:02}:{:02}", 11 + minute / 60, minute % 60)
            })
            .collect();
        let fares = price(policy, &legs(policy, &lines.join("\n")));
        let amounts = fares.iter().filter_map(|priced| match &priced.fare {
            Fare::Known { rider, .. } => Some(rider.units()),
            Fare::Unknown(_) => None,
        });
        amounts.sum::<i64>().to_string()
    };
    KINDS.iter().map(total).collect::<Vec<_>>().join(" ")
}

#[test]
fn published_trips_cost_each_kind_of_rider_what_is_published() {
    let policy = city("seattle");
    for (rides, expect) in [
        (&[("COMM_TRANS", 0)][..], "250 100 0 100 250 100 0"),
        (&[("KITSAP_FAST_FERRY", 0)], "349 175 0 175 349 175 0"),
        (&[("WSF_NAMED_ROUTE", 0)], "349 175 0 349 349 175 0"),
        (&[("SOUND_TRANSIT_RAIL", 0), ("SOUND_TRANSIT_RAIL", 100)], "698 200 0 100 349 100 0"),
        (&[("KC_WATER_TAXI_WEST_SEATTLE", 1)], "625 250 0 100 525 250 0"),
        (&[("KC_WATER_TAXI_VASHON", 1)], "700 300 0 100 600 300 0"),
        (&[("LINK_SHUTTLE", 1)], "0 0 0 0 0 0 0"),
        (&[("PIERCE", 0), ("PIERCE", 60)], "400 200 0 100 200 100 0"),
    ] {
        assert_eq!(totals(&policy, rides), expect, "{rides:?}");
    }
}

#[test]
fn every_class_costs_what_the_table_says_and_a_dash_is_unknown() {
    let policy = city("seattle");
    for (route, expect) in [
        ("KC_METRO", "300 100 0 100 300 100 0"),
        ("SOUND_TRANSIT_BUS", "300 100 0 100 300 100 0"),
        ("SEATTLE_STREETCAR", "300 100 0 100 300 100 0"),
        ("KITSAP_TRANSIT", "349 100 0 100 349 100 0"),
        ("EVERETT_TRANSIT", "200 50 0 100 200 50 0"),
        ("PIERCE_TRANSIT", "200 100 0 100 200 100 0"),
        ("WSF_UNNAMED_ROUTE", "349 349 0 349 349 349 0"),
        ("SKAGIT_LOCAL", "349 50 ? ? ? ? ?"),
        ("SKAGIT_CROSS_COUNTY", "349 175 ? ? ? ? ?"),
        ("WHATCOM_LOCAL", "349 50 0 ? ? ? ?"),
        ("WHATCOM_CROSS_COUNTY", "349 175 0 ? ? ? ?"),
        ("MONORAIL", "? ? ? ? ? ? ?"),
        ("LINK_SHUTTLE", "0 0 0 0 0 0 0"),
    ] {
        let one = |kind: &&str| {
            let fares = price(&policy, &legs(&policy, &format!("{kind} {route} - - 2026-03-03T11:00")));
            let paid = paid(&fares).remove(0);
            if paid.starts_with('?') { "?".to_owned() } else { paid }
        };
        assert_eq!(KINDS.iter().map(one).collect::<Vec<_>>().join(" "), expect, "{route}");
    }
    check(&policy, "special cash KC_METRO - - 2026-03-03T11:00", "?no_product");
}

#[test]
fn an_upgrade_starts_every_valid_payment_again_and_a_free_ride_starts_none() {
    let policy = city("seattle");
    check(
        &policy,
        "regular orca EVERETT - - 2026-03-03T08:00
         regular orca KC_METRO - - 2026-03-03T09:30
         regular orca PIERCE - - 2026-03-03T11:25
         regular orca EVERETT - - 2026-03-03T11:30",
        "200 100 0 200",
    );
}

#[test]
fn a_payment_is_valid_for_less_than_two_hours() {
    let policy = city("seattle");
    for (later, expect) in [("09:59:59", "300 0"), ("10:00:00", "300 300"), ("10:00:01", "300 300")] {
        for rider in ["regular orca", "regular cash"] {
            check(
                &policy,
                &format!("{rider} KC_METRO - - 2026-03-03T08:00:00\n{rider} KC_METRO - - 2026-03-03T{later}"),
                expect,
            );
        }
    }
}

#[test]
fn cash_transfers_stay_with_their_class() {
    let policy = city("seattle");
    check(
        &policy,
        "regular cash KC_METRO - - 2026-03-03T08:00
         regular cash KITSAP - - 2026-03-03T08:10
         regular cash SOUND_TRANSIT_BUS - - 2026-03-03T08:20
         regular cash KC_METRO - - 2026-03-03T08:30
         regular cash KITSAP - - 2026-03-03T08:40
         regular cash COMM_TRANS - - 2026-03-03T08:50
         regular cash COMM_TRANS - - 2026-03-03T09:00",
        "300 349 300 0 0 250 250",
    );
}

#[test]
fn a_class_without_transfers_and_an_unknown_fare_are_looked_past() {
    let policy = city("seattle");
    check(
        &policy,
        "regular orca KC_METRO - - 2026-03-03T08:00
         regular orca WSF_NAMED_ROUTE - - 2026-03-03T08:30
         regular orca MONORAIL - - 2026-03-03T09:00
         regular orca SOUND_TRANSIT_RAIL - - 2026-03-03T09:30
         regular orca KITSAP_FAST_FERRY - - 2026-03-03T09:40
         regular orca KC_WATER_TAXI_WEST_SEATTLE - - 2026-03-03T10:00",
        "300 349 ?no_rule 49 349 176",
    );
}
