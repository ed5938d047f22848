//! The proposal for 1 March 2026 as a second version: what it changes, and that it changes nothing else.

use crate::shown;
use crate::support::{check, city, city_files, legs, moment};
use fares::{NoSale, Policies, load, price};

#[test]
fn only_the_files_of_the_proposal_differ() {
    let (old, new) = (city_files("hcmc"), city_files("hcmc_2026_03"));
    assert!(old.keys().eq(new.keys()));
    let differ: Vec<&str> =
        old.iter().filter(|(name, bytes)| new[*name] != **bytes).map(|(name, _)| name.as_str()).collect();
    let expect =
        ["README.md", "fare_passes.txt", "fare_policies.txt", "fare_products.txt", "route_stops.txt"];
    assert_eq!(differ, expect);
}

#[test]
fn a_bus_costs_a_thousand_less_without_cash_and_students_pay_3000() {
    let policy = city("hcmc_2026_03");
    assert!(policy.warnings().is_empty(), "{:?}", policy.warnings());
    for (route, cash) in [("01", 7_000), ("38", 8_000), ("10", 9_000)] {
        for medium in policy.medium_ids() {
            let expect = if medium.as_str() == "cash" { cash } else { cash - 1_000 };
            let ride = |rider: &str| format!("{rider} {medium} {route} - - 2026-03-03T08:00");
            check(&policy, &ride("adult"), &expect.to_string());
            check(&policy, &ride("student"), "3000");
            check(&policy, &ride("elderly"), "0");
        }
    }
    check(&policy, "adult cash M1 M1-01 M1-14 2026-03-03T08:00 08:40", "20000");
    check(&policy, "adult card 171 R171-1 R171-2 2026-03-03T08:00 08:40", "15000");
    for product in ["bus_day", "bus_3day", "bus_month", "bus_metro_pass"] {
        let at = moment(&policy, "2026-03-01T04:00");
        assert_eq!(policy.pass_price(product, "adult", "card", at), Err(NoSale::NotOnSale), "{product}");
    }
}

/// Golden scenario 27: a new tariff at 04:00 on 1 March; one second decides.
#[test]
fn g27_the_new_version_begins_with_its_first_second() {
    let mut old = city_files("hcmc");
    let head = String::from_utf8(old["fare_policies.txt"].clone()).unwrap();
    let ended = head.replace("hcmc-2026,2026-01-01,,", "hcmc-2026,2026-01-01,2026-03-01 04:00:00,");
    assert_ne!(head, ended);
    old.insert("fare_policies.txt".into(), ended.into_bytes());
    let versions = Policies::new(vec![city("hcmc_2026_03"), load(&old).unwrap()]).unwrap();
    for (at, id, expect) in [
        ("2026-03-01T03:59:59", "hcmc-2026", "6000 6000"),
        ("2026-03-01T04:00:00", "hcmc-2026-03", "8000 8000"),
    ] {
        let newest = versions.newest().unwrap();
        let policy = versions.at(moment(newest, at)).unwrap();
        assert_eq!(policy.id(), id, "{at}");
        let ride = legs(policy, &format!("adult cash 38 - - {at}"));
        assert_eq!(shown(&price(policy, &ride)[0]), expect, "{at}");
    }
    // The version before must have an end, or the two overlap.
    assert!(Policies::new(vec![city("hcmc"), city("hcmc_2026_03")]).is_err());
}
