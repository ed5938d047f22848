//! Hanoi: singles by length class, months that join buses and lines.

use crate::support::{check, city, legs, moment, paid};
use crate::text;
use fares::{Bought, Carried, NoSale, Policy, Purchase, buy_pass, rate};
use primitives::{Minor, ServiceDate};

fn buy(policy: &Policy, product: &str, rider: &str) -> Result<Bought, NoSale> {
    let day = (product != "day_2A").then(|| ServiceDate::parse("2026-04-01").unwrap());
    buy_pass(
        policy,
        &Purchase {
            product: text(product),
            rider: text(rider),
            medium: text("card"),
            at: moment(policy, "2026-03-20T12:00"),
            first_day: day,
        },
    )
}

#[test]
fn a_bus_costs_by_the_length_class_of_its_route() {
    let policy = city("hanoi");
    assert!(policy.warnings().is_empty(), "{:?}", policy.warnings());
    for (route, expect) in [
        ("K149", "8000"),
        ("K150", "10000"),
        ("K249", "10000"),
        ("K250", "12000"),
        ("K299", "12000"),
        ("K300", "15000"),
        ("K399", "15000"),
        ("K400", "20000"),
    ] {
        for medium in ["card", "qr", "cash"] {
            check(&policy, &format!("ordinary {medium} {route} - - 2026-03-03T08:00"), expect);
        }
        for rider in ["elderly", "merit", "child6", "poor_household"] {
            check(&policy, &format!("{rider} card {route} - - 2026-03-03T08:00"), "0");
        }
    }
}

#[test]
fn line_2a_costs_8000_to_15000() {
    let policy = city("hanoi");
    for (to, expect) in [("2A-02", "8000"), ("2A-07", "11000"), ("2A-11", "14000"), ("2A-12", "15000")] {
        check(&policy, &format!("ordinary card 2A 2A-01 {to} 2026-03-03T08:00 08:30"), expect);
        check(&policy, &format!("ordinary card 2A {to} 2A-01 2026-03-03T08:00 08:30"), expect);
    }
    check(&policy, "elderly card 2A 2A-01 2A-12 2026-03-03T08:00 08:30", "15000");
}

#[test]
fn months_cost_what_is_published_and_joint_ones_less_than_their_parts() {
    let policy = city("hanoi");
    let price = |product: &str, rider: &str| buy(&policy, product, rider).unwrap().price.rider;
    for (rider, one, all) in
        [("ordinary", 140_000, 280_000), ("group", 100_000, 200_000), ("priority", 70_000, 140_000)]
    {
        assert_eq!(price("month_one_route", rider), Minor::new(one), "{rider}");
        assert_eq!(price("month_all_routes", rider), Minor::new(all), "{rider}");
    }
    let sum =
        |products: &[&str]| Minor::sum(products.iter().map(|product| price(product, "ordinary"))).unwrap();
    assert_eq!(sum(&["month_all_routes", "month_2A"]), Minor::new(560_000));
    assert_eq!(sum(&["month_all_routes", "month_2A", "month_3_1"]), Minor::new(840_000));
    for joint in ["month_bus_2A", "month_bus_3_1", "month_bus_metro"] {
        assert_eq!(price(joint, "ordinary"), Minor::new(500_000));
    }
    assert_eq!(price("day_2A", "ordinary"), Minor::new(30_000));
}

#[test]
fn a_month_pays_where_it_holds_and_for_its_month() {
    let policy = city("hanoi");
    let lines = "ordinary card K150 - - 2026-04-01T02:59
                 ordinary card K150 - - 2026-04-01T03:00
                 ordinary card K400 - - 2026-04-10T08:00
                 ordinary card 2A 2A-01 2A-12 2026-04-10T09:00 09:30
                 ordinary card 3.1 31-01 31-08 2026-04-10T10:00 10:30
                 ordinary card K150 - - 2026-05-01T02:59
                 ordinary card K150 - - 2026-05-01T03:00";
    for (product, expect) in [
        ("month_one_route", "10000 0 20000 15000 12000 0 10000"),
        ("month_all_routes", "10000 0 0 15000 12000 0 10000"),
        ("month_2A", "10000 10000 20000 0 12000 10000 10000"),
        ("month_bus_2A", "10000 0 0 0 12000 0 10000"),
        ("month_bus_3_1", "10000 0 0 15000 0 0 10000"),
        ("month_bus_metro", "10000 0 0 0 0 0 10000"),
    ] {
        let pass = buy(&policy, product, "ordinary").unwrap().pass;
        let carried = Carried { passes: vec![pass], ..Carried::default() };
        let found = paid(&rate(&policy, &carried, &legs(&policy, lines)).legs);
        assert_eq!(found, expect.split_whitespace().collect::<Vec<_>>(), "{product}");
    }
}
