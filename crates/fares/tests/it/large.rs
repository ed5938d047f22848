//! Sizes met in real feeds: 678 leg rules of one agency with 37 transfer rules, a matrix of 91 stations, and 6,400 rows of
//! stops in areas.

use crate::{at, text};
use fares::{Fare, Files, Leg, Policy, Shape, load, price};
use std::fmt::Write as _;

const STATIONS: usize = 91;
const ZONES: usize = 6;
const BUS_NETWORKS: usize = 113;
const GROUPS: usize = 37;
const STOP_ROWS: usize = 6_400;
/// What a change from bus to metro takes off.
const DISCOUNT: i64 = 500;

fn metro_price(from: usize, to: usize) -> i64 {
    6_000 + 200 * i64::try_from(from.abs_diff(to)).unwrap()
}

fn bus_price(zone: usize) -> i64 {
    4_000 + 300 * i64::try_from(zone).unwrap()
}

fn files() -> Files {
    let mut networks = String::from("network_id\nmetro\n");
    let mut routes = String::from("route_id,agency_id\nM,o\n");
    let mut route_networks = String::from("network_id,route_id\nmetro,M\n");
    let mut rules = String::from("leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n");
    let mut products = format!("fare_product_id,amount,currency\nchange,-{DISCOUNT},VND\n");
    for bus in 0..BUS_NETWORKS {
        let _ = writeln!(networks, "b{bus}");
        let _ = writeln!(routes, "B{bus},o");
        let _ = writeln!(route_networks, "b{bus},B{bus}");
        for zone in 0..ZONES {
            let _ = writeln!(rules, "g{},b{bus},z{zone},,bus{zone}", bus % GROUPS);
        }
    }
    for zone in 0..ZONES {
        let _ = writeln!(products, "bus{zone},{},VND", bus_price(zone));
    }
    let (mut areas, mut stops) = (String::from("area_id\n"), String::from("stop_id,stop_name\n"));
    let mut stop_areas = String::from("area_id,stop_id\n");
    for zone in 0..ZONES {
        let _ = writeln!(areas, "z{zone}");
    }
    for station in 0..STATIONS {
        let _ = writeln!(areas, "a{station}");
        let _ = writeln!(stops, "S{station},");
        let _ = writeln!(stop_areas, "a{station},S{station}");
        let _ = writeln!(products, "metro{station},{},VND", metro_price(0, station));
        for to in 0..STATIONS {
            let _ = writeln!(rules, "metro,metro,a{station},a{to},metro{}", station.abs_diff(to));
        }
    }
    for stop in 0..STOP_ROWS - STATIONS {
        let _ = writeln!(stops, "k{stop},");
        let _ = writeln!(stop_areas, "z{},k{stop}", stop % ZONES);
    }
    let mut transfers = String::from(
        "from_leg_group_id,to_leg_group_id,duration_limit,duration_limit_type,fare_transfer_type,fare_product_id\n",
    );
    for group in 0..GROUPS {
        let _ = writeln!(transfers, "g{group},metro,7200,1,1,change");
    }
    let rows = |text: &str| text.lines().count() - 1;
    assert_eq!((rows(&rules), rows(&transfers)), (678 + 8_281, 37));
    assert_eq!(rows(&stop_areas), STOP_ROWS);
    let texts: Vec<(&str, String)> = vec![
        (
            "fare_policies.txt",
            "policy_id,valid_from,timezone,currency\np,2026-01-01,Asia/Ho_Chi_Minh,VND\n".into(),
        ),
        ("parties.txt", "party_id,party_name,party_kind,party_number\no,O,operator,1\n".into()),
        ("agency.txt", "agency_id,agency_name\no,O\n".into()),
        (
            "rider_categories.txt",
            "rider_category_id,rider_category_name,is_default_fare_category\nadult,A,1\n".into(),
        ),
        ("fare_media.txt", "fare_media_id,fare_media_name,fare_media_type\ncard,Card,2\n".into()),
        ("networks.txt", networks),
        ("routes.txt", routes),
        ("route_networks.txt", route_networks),
        ("areas.txt", areas),
        ("stops.txt", stops),
        ("stop_areas.txt", stop_areas),
        ("fare_products.txt", products),
        ("fare_leg_rules.txt", rules),
        ("fare_transfer_rules.txt", transfers),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

fn leg(route: &str, from: &str, to: &str, minute: i64) -> Leg {
    Leg {
        route: text(route),
        from: Some(text(from)),
        to: Some(text(to)),
        via: Vec::new(),
        start: at("2026-03-02", 8 * 3600 + minute * 60),
        end: Some(at("2026-03-02", 8 * 3600 + minute * 60 + 600)),
        shape: Shape::Ride,
        rider: text("adult"),
        medium: text("card"),
    }
}

fn pays(policy: &Policy, legs: &[Leg]) -> Vec<Option<i64>> {
    let one = |fare: Fare| match fare {
        Fare::Known { rider, .. } => Some(rider.units()),
        Fare::Unknown(_) => None,
    };
    price(policy, legs).into_iter().map(|priced| one(priced.fare)).collect()
}

#[test]
fn a_policy_of_the_size_of_real_feeds_loads_without_a_warning_and_prices_every_pair() {
    let policy = load(&files()).unwrap();
    assert_eq!(policy.warnings(), []);
    for from in 0..STATIONS {
        for to in 0..STATIONS {
            let found = pays(&policy, &[leg("M", &format!("S{from}"), &format!("S{to}"), 0)]);
            assert_eq!(found, [Some(metro_price(from, to))], "{from} {to}");
        }
    }
    for bus in 0..BUS_NETWORKS {
        let (stop, to) = (bus * 50, bus % STATIONS);
        let ride = leg(&format!("B{bus}"), &format!("k{stop}"), &format!("k{}", stop + 1), 0);
        let (alone, metro) = (bus_price(stop % ZONES), metro_price(0, to));
        for (minute, off) in [(119, DISCOUNT), (120, DISCOUNT), (121, 0)] {
            let change = leg("M", "S0", &format!("S{to}"), minute);
            assert_eq!(pays(&policy, &[ride.clone(), change]), [Some(alone), Some(metro - off)], "{bus}");
        }
    }
    // A bus ends in an area that no rule lists; one that ends at a station does not.
    assert_eq!(pays(&policy, &[leg("B0", "k0", "S0", 0)]), [None]);
}
