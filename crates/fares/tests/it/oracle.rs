//! A second, dumber engine: it scans every rule for every leg, as the text of the format reads. Small worlds of random
//! rules must give the same products and prices in both.

use crate::{at, shown, text};
use fares::{Files, Leg, Shape, load, price};
use proptest::prelude::*;
use std::fmt::Write as _;

/// One leg rule: network, from area, to area, timeframe group (all optional), product, priority.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    network: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
    frame: Option<usize>,
    product: usize,
    priority: u32,
}

const NETWORKS: [&str; 3] = ["n0", "n1", "n2"];
const AREAS: [&str; 4] = ["a0", "a1", "a2", "a3"];
/// The areas each stop lies in: none, one, two.
const STOPS: [&[usize]; 5] = [&[], &[0], &[1], &[2], &[0, 3]];
const PRICES: [i64; 4] = [500, 300, 300, 700];
/// Start and end of each timeframe group, in hours.
const FRAMES: [(i64, i64); 2] = [(6, 9), (8, 20)];

fn rule() -> impl Strategy<Value = Rule> {
    let some = |count: usize| proptest::option::weighted(0.6, 0..count);
    (
        some(NETWORKS.len()),
        some(AREAS.len()),
        some(AREAS.len()),
        proptest::option::weighted(0.3, 0..FRAMES.len()),
    )
        .prop_flat_map(|(network, from, to, frame)| {
            (0..PRICES.len(), 0_u32..3).prop_map(move |(product, priority)| Rule {
                network,
                from,
                to,
                frame,
                product,
                priority,
            })
        })
}

fn files(rules: &[Rule], by_priority: bool) -> Files {
    let mut texts: Vec<(&str, String)> = vec![
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
        ("fare_media.txt", "fare_media_id,fare_media_type\ncard,2\n".into()),
        ("areas.txt", format!("area_id\n{}\n", AREAS.join("\n"))),
        ("calendar_dates.txt", "service_id,date,exception_type\nday,20260302,1\n".into()),
    ];
    let mut routes = String::from("route_id,agency_id,network_id\nr-,o,\n");
    for network in NETWORKS {
        let _ = writeln!(routes, "r{network},o,{network}");
    }
    texts.push(("routes.txt", routes));
    let (mut stops, mut stop_areas) =
        (String::from("stop_id,stop_name\n"), String::from("area_id,stop_id\n"));
    for (stop, areas) in STOPS.iter().enumerate() {
        let _ = writeln!(stops, "s{stop},");
        for area in areas.iter() {
            let _ = writeln!(stop_areas, "{},s{stop}", AREAS[*area]);
        }
    }
    texts.extend([("stops.txt", stops), ("stop_areas.txt", stop_areas)]);
    let mut frames = String::from("timeframe_group_id,start_time,end_time,service_id\n");
    for (frame, (start, end)) in FRAMES.iter().enumerate() {
        let _ = writeln!(frames, "f{frame},{start:02}:00:00,{end:02}:00:00,day");
    }
    texts.push(("timeframes.txt", frames));
    let mut products = String::from("fare_product_id,amount,currency\n");
    for (product, amount) in PRICES.iter().enumerate() {
        let _ = writeln!(products, "p{product},{amount},VND");
    }
    texts.push(("fare_products.txt", products));
    let mut lines =
        String::from("network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id");
    lines.push_str(if by_priority { ",rule_priority\n" } else { "\n" });
    for rule in rules {
        let name = |number: Option<usize>, letter: &str| {
            number.map_or(String::new(), |number| format!("{letter}{number}"))
        };
        let (network, from, to) = (name(rule.network, "n"), name(rule.from, "a"), name(rule.to, "a"));
        let _ = write!(lines, "{network},{from},{to},{},p{}", name(rule.frame, "f"), rule.product);
        let _ = if by_priority { writeln!(lines, ",{}", rule.priority) } else { writeln!(lines) };
    }
    texts.push(("fare_leg_rules.txt", lines));
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

/// Whether an optional field of a rule matches the values of a leg.
fn field(
    rules: &[Rule],
    of: fn(&Rule) -> Option<usize>,
    rule: &Rule,
    values: &[usize],
    by_priority: bool,
) -> bool {
    match of(rule) {
        Some(wanted) => values.contains(&wanted),
        None => {
            by_priority || !values.iter().any(|value| rules.iter().any(|other| of(other) == Some(*value)))
        }
    }
}

/// The product the plain reading sells.
fn expected(
    rules: &[Rule],
    by_priority: bool,
    network: Option<usize>,
    ends: [&[usize]; 2],
    hour: i64,
) -> Option<usize> {
    let matching: Vec<&Rule> = rules
        .iter()
        .filter(|rule| field(rules, |rule| rule.network, rule, network.as_slice(), by_priority))
        .filter(|rule| field(rules, |rule| rule.from, rule, ends[0], by_priority))
        .filter(|rule| field(rules, |rule| rule.to, rule, ends[1], by_priority))
        .filter(|rule| rule.frame.is_none_or(|frame| FRAMES[frame].0 <= hour && hour < FRAMES[frame].1))
        .collect();
    let top = matching.iter().map(|rule| if by_priority { rule.priority } else { 0 }).max()?;
    matching
        .into_iter()
        .filter(|rule| !by_priority || rule.priority == top)
        .min_by_key(|rule| {
            let areas = rule.from.iter().count() + rule.to.iter().count();
            let filled = areas + rule.network.iter().count() + rule.frame.iter().count();
            (PRICES[rule.product], std::cmp::Reverse(areas), std::cmp::Reverse(filled), rule.product)
        })
        .map(|rule| rule.product)
}

fn without_doubles(rules: Vec<Rule>) -> Vec<Rule> {
    let mut kept: Vec<Rule> = Vec::new();
    for rule in rules {
        let same =
            |other: &Rule| Rule { priority: 0, ..other.clone() } == Rule { priority: 0, ..rule.clone() };
        if !kept.iter().any(same) {
            kept.push(rule);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_index_finds_what_a_scan_finds(rules in prop::collection::vec(rule(), 0..14), by_priority: bool) {
        let rules = without_doubles(rules);
        let policy = load(&files(&rules, by_priority)).unwrap();
        for network in [None, Some(0), Some(1), Some(2)] {
            for (from, from_areas) in STOPS.iter().enumerate() {
                for (to, to_areas) in STOPS.iter().enumerate() {
                    for hour in [5, 6, 8, 9, 20] {
                        let start = at("2026-03-02", hour * 3600);
                        let leg = Leg {
                            route: text(&network.map_or("r-".to_owned(), |network| format!("rn{network}"))),
                            from: Some(text(&format!("s{from}"))),
                            to: Some(text(&format!("s{to}"))),
                            via: Vec::new(),
                            start,
                            end: Some(start),
                            shape: Shape::Ride,
                            rider: text("adult"),
                            medium: text("card"),
                        };
                        let priced = price(&policy, &[leg]).pop().unwrap();
                        match expected(&rules, by_priority, network, [from_areas, to_areas], hour) {
                            None => prop_assert_eq!(shown(&priced), "no_rule"),
                            Some(product) => {
                                let amount = PRICES[product];
                                prop_assert_eq!(shown(&priced), format!("{amount} {amount}"));
                                prop_assert_eq!(priced.product, Some(text(&format!("p{product}"))));
                            }
                        }
                    }
                }
            }
        }
    }
}
