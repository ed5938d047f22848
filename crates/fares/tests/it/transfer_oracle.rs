//! A second, dumber engine for changes: it writes down every lawful way to read a short row of legs and takes the
//! cheapest. Small worlds of random rules must give the same totals in both.

use crate::{at, text};
use fares::{Fare, Files, Leg, Policy, Shape, load, price};
use proptest::prelude::*;
use std::fmt::Write as _;

/// What each group's legs cost. A route may belong to two groups, each with its own product.
const PRICES: [i64; 3] = [500, 300, 800];
/// What the transfer products cost, after those.
const EXTRAS: [i64; 4] = [100, 0, 400, -50];
/// The groups of each route.
const ROUTES: [&[usize]; 4] = [&[0], &[1], &[2], &[0, 2]];

/// One row of the file; groups and products by number.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    from: Option<usize>,
    to: Option<usize>,
    count: Option<i64>,
    /// Seconds, type, and whether the limit itself is outside.
    limit: Option<(i64, u8, bool)>,
    kind: u8,
    product: Option<usize>,
    same_product: bool,
    any_medium: bool,
    looks_back: bool,
    filter: Option<usize>,
    compulsory: bool,
    once: bool,
}

/// A leg: route, departure and arrival in minutes, medium.
#[derive(Debug, Clone)]
struct Ride {
    route: usize,
    start: i64,
    end: Option<i64>,
    medium: usize,
}

fn rule(plain: bool) -> impl Strategy<Value = Rule> {
    let group = || {
        if plain {
            (0..3_usize).prop_map(Some).boxed()
        } else {
            proptest::option::weighted(0.7, 0..3_usize).boxed()
        }
    };
    let count = proptest::sample::select(vec![-1, 1, 2]);
    let limit = proptest::option::weighted(
        0.7,
        (proptest::sample::select(vec![600, 1_800, 3_600]), 0_u8..4, any::<bool>()),
    );
    let rare = || proptest::bool::weighted(0.2);
    let filter = proptest::option::weighted(0.15, 0..PRICES.len() + EXTRAS.len());
    (
        group(),
        group(),
        count,
        limit,
        0_u8..3,
        proptest::option::weighted(0.7, 0..EXTRAS.len()),
        (rare(), rare(), rare(), rare(), rare()),
        filter,
    )
        .prop_map(|(from, to, count, limit, kind, product, flags, filter)| {
            let (same_product, any_medium, looks_back, compulsory, once) = flags;
            let product = product.map(|product| PRICES.len() + product);
            let count = (from == to && (from.is_some() || count > 0)).then_some(count);
            let once = once && product.is_some();
            Rule {
                from,
                to,
                count,
                limit,
                kind,
                product,
                same_product,
                any_medium,
                looks_back,
                filter,
                compulsory,
                once,
            }
        })
}

fn rides() -> impl Strategy<Value = Vec<Ride>> {
    let ride = (
        0..ROUTES.len(),
        1_i64..30,
        proptest::option::weighted(0.9, 0_i64..20),
        proptest::bool::weighted(0.2),
    );
    prop::collection::vec(ride, 1..6).prop_map(|rides| {
        let mut clock = 480;
        let place = |(route, wait, length, cash): (usize, i64, Option<i64>, bool)| {
            clock += wait;
            Ride { route, start: clock, end: length.map(|length| clock + length), medium: usize::from(cash) }
        };
        rides.into_iter().map(place).collect()
    })
}

/// Rows whose keys differ.
fn without_doubles(rules: Vec<Rule>) -> Vec<Rule> {
    let key = |rule: &Rule| {
        (rule.from, rule.to, rule.product, rule.count, rule.limit.map(|limit| limit.0), rule.filter)
    };
    let mut kept: Vec<Rule> = Vec::new();
    for rule in rules {
        if kept.iter().all(|other| key(other) != key(&rule)) {
            kept.push(rule);
        }
    }
    kept
}

fn files(rules: &[Rule]) -> Files {
    let mut routes = String::from("route_id,agency_id,network_id\n");
    let mut leg_rules = String::from("leg_group_id,network_id,fare_product_id,rule_priority\n");
    for (route, groups) in ROUTES.iter().enumerate() {
        let _ = writeln!(routes, "r{route},o,n{route}");
        for group in *groups {
            let _ = writeln!(leg_rules, "g{group},n{route},p{group},0");
        }
    }
    let mut products = String::from("fare_product_id,amount,currency\n");
    for (product, amount) in PRICES.iter().chain(&EXTRAS).enumerate() {
        let _ = writeln!(products, "p{product},{amount},VND");
    }
    let mut rows = String::from(
        "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,duration_limit_bound,fare_transfer_type,\
         fare_product_id,fare_product_behavior,fare_media_behavior,nonconsecutive_transfer_allowed,filter_fare_product_id,compulsory,product_scope\n",
    );
    for rule in rules {
        let name = |letter: &str, number: Option<usize>| {
            number.map_or(String::new(), |number| format!("{letter}{number}"))
        };
        let count = rule.count.map_or(String::new(), |count| count.to_string());
        let limit = rule
            .limit
            .map_or(",,".to_owned(), |(limit, kind, out)| format!("{limit},{kind},{}", u8::from(out)));
        let flags = [rule.same_product, rule.any_medium, rule.looks_back].map(u8::from);
        let scope = if rule.once { "per_chain" } else { "per_transfer" };
        let _ = writeln!(
            rows,
            "{},{},{count},{limit},{},{},{},{},{},{},{},{scope}",
            name("g", rule.from),
            name("g", rule.to),
            rule.kind,
            name("p", rule.product),
            flags[0],
            flags[1],
            flags[2],
            name("p", rule.filter),
            u8::from(rule.compulsory),
        );
    }
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
        ("fare_media.txt", "fare_media_id,fare_media_type\nm0,2\nm1,0\n".into()),
        ("stops.txt", "stop_id,stop_name\ns,S\n".into()),
        ("routes.txt", routes),
        ("fare_leg_rules.txt", leg_rules),
        ("fare_products.txt", products),
        ("fare_transfer_rules.txt", rows),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

/// What is decided for one leg: the group it is read as, and the transfer that leads to it.
#[derive(Debug, Clone, Copy)]
struct Choice {
    group: usize,
    /// The leg it comes from and the rule.
    link: Option<(usize, usize)>,
}

/// The engine that tries everything.
struct Oracle<'a> {
    rules: &'a [Rule],
    rides: &'a [Ride],
}

impl Oracle<'_> {
    /// What the first `count` legs cost together at least.
    fn total(&self, count: usize) -> i64 {
        let mut readings: Vec<Vec<Choice>> = vec![Vec::new()];
        for leg in 0..count {
            let mut next = Vec::new();
            for reading in readings {
                for group in ROUTES[self.rides[leg].route] {
                    next.extend(self.ways(&reading, *group).into_iter().map(|choice| {
                        let mut longer = reading.clone();
                        longer.push(choice);
                        longer
                    }));
                }
            }
            readings = next;
        }
        readings.iter().map(|reading| self.cost(reading)).min().unwrap()
    }

    /// How the next leg, read as this group, may follow.
    fn ways(&self, reading: &[Choice], group: usize) -> Vec<Choice> {
        let mut links = Vec::new();
        for earlier in 0..reading.len() {
            let usable: Vec<usize> =
                (0..self.rules.len()).filter(|rule| self.usable(reading, group, earlier, *rule)).collect();
            let most = |rule: &usize| match self.rules[*rule].count {
                Some(count) if count > 0 => count,
                _ => i64::MAX,
            };
            let least = usable.iter().map(most).min();
            // Counts matter where a rule leads from a group to itself.
            let chosen = usable
                .into_iter()
                .filter(|rule| self.rules[*rule].from != self.rules[*rule].to || Some(most(rule)) == least);
            links.extend(chosen.map(|rule| (earlier, rule)));
        }
        let forced = links.iter().any(|(_, rule)| self.rules[*rule].compulsory);
        let mut ways: Vec<Choice> =
            links.into_iter().map(|link| Choice { group, link: Some(link) }).collect();
        if !forced {
            ways.push(Choice { group, link: None });
        }
        ways
    }

    /// Whether the rule's groups are those of the change: both as they stand, or empty where no row names the group.
    fn speaks_of(&self, rule: &Rule, from: usize, to: usize) -> bool {
        let exact = self.rules.iter().any(|other| other.from == Some(from) && other.to == Some(to));
        if exact {
            return rule.from == Some(from) && rule.to == Some(to);
        }
        let side = |named: Option<usize>, group: usize, of: fn(&Rule) -> Option<usize>| match named {
            Some(named) => named == group,
            None => self.rules.iter().all(|other| of(other) != Some(group)),
        };
        side(rule.from, from, |rule| rule.from) && side(rule.to, to, |rule| rule.to)
    }

    fn usable(&self, reading: &[Choice], group: usize, earlier: usize, number: usize) -> bool {
        let rule = &self.rules[number];
        let (now, then) = (&self.rides[reading.len()], &self.rides[earlier]);
        let source = reading[earlier];
        let same_pair = |other: usize| (self.rules[other].from, self.rules[other].to) == (rule.from, rule.to);
        let between = &self.rides[earlier + 1..reading.len()];
        let next_to = if rule.any_medium {
            between.is_empty()
        } else {
            between.iter().all(|ride| ride.medium != now.medium)
        };
        let granted = reading
            .iter()
            .any(|choice| choice.link.is_some_and(|(from, by)| from == earlier && same_pair(by)));
        if !self.speaks_of(rule, source.group, group)
            || !(rule.any_medium || now.medium == then.medium)
            || !(rule.looks_back || next_to)
            || granted
            || rule.same_product && source.group != group
        {
            return false;
        }
        if rule.filter.is_some_and(|product| !self.bought(reading, earlier).contains(&product)) {
            return false;
        }
        // From a group to itself, the changes in a row are counted and timed together.
        let (mut count, mut first) = (1, earlier);
        if rule.from == rule.to {
            while let Some((from, by)) = reading[first].link.filter(|(_, by)| same_pair(*by)) {
                count += 1;
                first = from;
                debug_assert!(same_pair(by));
            }
            if rule.count.is_some_and(|most| most > 0 && count > most) {
                return false;
            }
        }
        let Some((limit, kind, outside)) = rule.limit else { return true };
        let start = if kind < 2 { Some(self.rides[first].start) } else { self.rides[first].end };
        let end = if kind == 0 || kind == 3 { now.end } else { Some(now.start) };
        let elapsed = end.zip(start).map(|(end, start)| (end - start) * 60);
        elapsed.is_some_and(|elapsed| elapsed < limit || elapsed == limit && !outside)
    }

    /// The products bought from the first leg of the chain to this one.
    fn bought(&self, reading: &[Choice], leg: usize) -> Vec<usize> {
        match reading[leg].link {
            None => vec![reading[leg].group],
            Some((from, by)) => {
                let mut bought = self.bought(reading, from);
                bought.extend(self.rules[by].product);
                if self.rules[by].kind == 1 {
                    bought.push(reading[leg].group);
                }
                bought
            }
        }
    }

    /// The products that rules which buy once a chain bought up to this leg.
    fn bought_once(&self, reading: &[Choice], leg: usize) -> Vec<usize> {
        let Some((from, by)) = reading[leg].link else { return Vec::new() };
        let mut bought = self.bought_once(reading, from);
        bought.extend(self.rules[by].product.filter(|_| self.rules[by].once));
        bought
    }

    fn cost(&self, reading: &[Choice]) -> i64 {
        let price = |product: usize| PRICES.iter().chain(&EXTRAS).nth(product).copied().unwrap();
        let mut total = 0;
        for (leg, choice) in reading.iter().enumerate() {
            let Some((from, by)) = choice.link else {
                total += price(choice.group);
                continue;
            };
            let rule = &self.rules[by];
            let covered = |product: &usize| rule.once && self.bought_once(reading, from).contains(product);
            total += rule.product.filter(|product| !covered(product)).map_or(0, price);
            let first_use =
                reading[..leg].iter().all(|other| other.link.is_none_or(|(source, _)| source != from));
            match rule.kind {
                1 => total += price(choice.group),
                2 if reading[from].link.is_none() && first_use => total -= price(reading[from].group),
                _ => {}
            }
        }
        total
    }
}

fn legs(rides: &[Ride]) -> Vec<Leg> {
    let leg = |ride: &Ride| Leg {
        route: text(&format!("r{}", ride.route)),
        from: None,
        to: None,
        via: Vec::new(),
        start: at("2026-03-02", ride.start * 60),
        end: ride.end.map(|end| at("2026-03-02", end * 60)),
        shape: Shape::Ride,
        rider: text("adult"),
        medium: text(&format!("m{}", ride.medium)),
    };
    rides.iter().map(leg).collect()
}

/// The running total of what the rider pays.
fn totals(policy: &Policy, rides: &[Ride]) -> Vec<i64> {
    let mut total = 0;
    let pays = price(policy, &legs(rides)).into_iter().map(|priced| match priced.fare {
        Fare::Known { rider, .. } => rider.units(),
        Fare::Unknown(reason) => panic!("{reason:?}"),
    });
    let pays: Vec<i64> = pays.collect();
    pays.into_iter()
        .map(|pays| {
            total += pays;
            total
        })
        .collect()
}

fn loaded(rules: &[Rule]) -> Policy {
    load(&files(rules)).unwrap_or_else(|errors| panic!("{rules:?}: {errors:#?}"))
}

/// Legs on media that no rule brings together are rows of their own.
fn expected(rules: &[Rule], rides: &[Ride], count: usize) -> i64 {
    if rules.iter().any(|rule| rule.any_medium) {
        return Oracle { rules, rides }.total(count);
    }
    let of = |medium: usize| {
        let own: Vec<Ride> = rides[..count].iter().filter(|ride| ride.medium == medium).cloned().collect();
        Oracle { rules, rides: &own }.total(own.len())
    };
    of(0) + of(1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_cheapest_of_all_readings_is_found(rules in prop::collection::vec(rule(false), 1..7), rides in rides()) {
        let rules = without_doubles(rules);
        let found = totals(&loaded(&rules), &rides);
        for (leg, total) in found.into_iter().enumerate() {
            prop_assert_eq!(total, expected(&rules, &rides, leg + 1), "leg {}", leg);
        }
    }

    #[test]
    fn one_rule_more_never_raises_the_total(
        rules in prop::collection::vec(rule(true), 0..6),
        more in rule(true),
        rides in rides(),
    ) {
        // A rule must not force itself, nor hide one with a greater count: both are what the author asked for.
        let most = rules.iter().filter_map(|rule| rule.count).map(|count| if count < 0 { i64::MAX } else { count }).max();
        let count = more.count.map(|count| if most == Some(i64::MAX) { -1 } else { count.max(most.unwrap_or(1)) });
        let count = count.map(|count| if more.count == Some(-1) { -1 } else { count });
        let more = Rule { compulsory: false, count, ..more };
        let before = without_doubles(rules);
        let after = without_doubles(before.iter().cloned().chain([more]).collect());
        let (before, after) = (totals(&loaded(&before), &rides), totals(&loaded(&after), &rides));
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after <= before);
        }
    }
}
