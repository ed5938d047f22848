//! Seattle: operators share what was paid for one transfer in the proportion of their full fares.

use crate::support::{city, city_files, legs};
use fares::{Fare, Policy, load, price};
use primitives::Minor;
use std::collections::BTreeMap;

/// What each operator earns in the end of these rides, in cents.
fn earned(policy: &Policy, lines: &str) -> BTreeMap<String, i64> {
    let legs = legs(policy, lines);
    let mut earned: BTreeMap<String, i64> = BTreeMap::new();
    let mut add = |party, amount: Minor| {
        let id = policy.party_by_no(party).unwrap().id.to_string();
        *earned.entry(id).or_default() += amount.units();
    };
    for (leg, priced) in legs.iter().zip(price(policy, &legs)) {
        let Fare::Known { gross, .. } = priced.fare else { panic!("{priced:?}") };
        let shares = priced.shares.iter().map(|share| share.amount);
        if priced.shares.is_empty() {
            add(policy.route(leg.route.as_str()).unwrap().agency, gross);
        } else {
            assert_eq!(Minor::sum(shares), Ok(gross));
            priced.shares.iter().for_each(|share| add(share.party, share.amount));
        }
    }
    earned
}

fn check(policy: &Policy, lines: &str, expect: &[(&str, i64)]) {
    let expect = expect.iter().map(|(id, amount)| ((*id).to_owned(), *amount)).collect();
    assert_eq!(earned(policy, lines), expect, "{lines}");
}

/// Published: fares of 2.50 and 2.75, 2.75 paid, are 1.31 and 1.44.
#[test]
fn the_published_split_comes_out_to_the_cent() {
    let mut files = city_files("seattle");
    let products = String::from_utf8(files["fare_products.txt"].clone()).unwrap();
    let products =
        products.replace("King County Metro,regular,orca,3.00", "King County Metro,regular,orca,2.75");
    files.insert("fare_products.txt".into(), products.into_bytes());
    let policy = load(&files).unwrap();
    let both = "regular orca COMM_TRANS - - 2026-03-03T11:00\nregular orca KC_METRO - - 2026-03-03T11:30";
    check(&policy, both, &[("COMM_TRANS", 131), ("KC_METRO", 144)]);
    // The other way about it is paid at once, and comes out the same.
    let back = "regular orca KC_METRO - - 2026-03-03T11:00\nregular orca COMM_TRANS - - 2026-03-03T11:30";
    check(&policy, back, &[("COMM_TRANS", 131), ("KC_METRO", 144)]);
}

#[test]
fn a_ride_outside_the_transfer_is_its_operators_own() {
    let policy = city("seattle");
    let apart = "regular orca COMM_TRANS - - 2026-03-03T11:00\n\
                 regular orca KITSAP_FAST_FERRY - - 2026-03-03T11:30\n\
                 regular orca KC_METRO - - 2026-03-03T11:59";
    // 3.00 in the proportion of 2.50 to 3.00; the ferry keeps its fare.
    check(&policy, apart, &[("COMM_TRANS", 136), ("KC_METRO", 164), ("KITSAP", 349)]);
    let late = "regular orca COMM_TRANS - - 2026-03-03T11:00\nregular orca KC_METRO - - 2026-03-03T13:00";
    check(&policy, late, &[("COMM_TRANS", 250), ("KC_METRO", 300)]);
    let cash = "regular cash COMM_TRANS - - 2026-03-03T11:00\nregular cash KC_METRO - - 2026-03-03T11:30";
    check(&policy, cash, &[("COMM_TRANS", 250), ("KC_METRO", 300)]);
}
