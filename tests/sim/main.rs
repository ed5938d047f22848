//! Simulated weeks: whatever the order, the repetition, the batches and the partitions, the books end as an auditor says who was
//! written apart and simply. Every failure names the city and the seed; `FAREHOUSE_SIM_SEEDS` tries more of them.

mod auditor;
mod books;
mod city;
mod dice;
mod house;
mod passes;
mod week;

use auditor::{audit, audit_with};
use books::Books;
use city::{City, cities, text};
use dice::Dice;
use house::{Fault, Plan, run, run_with};
use primitives::{AcceptedTap, Digest, TapKind};
use week::{Means, first_posting_date, repeated, shuffled, week};

const HOUR: i64 = 3600;
/// How late a tap may come and still be priced with its neighbours, in seconds.
const WINDOW: i64 = 48 * HOUR;
/// Accounts whose payments end the same in every order.
const SETTLED: [Means; 4] = [Means::Rich, Means::Poor, Means::Rich, Means::Poor];
const MIXED: [Means; 4] = [Means::Tight, Means::Tight, Means::Rich, Means::Poor];

/// How many weeks each test tries in each city.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let more = std::env::var("FAREHOUSE_SIM_SEEDS").ok();
    0..more.map_or(usual, |more| more.parse().expect("a number of seeds"))
}

/// Runs the house and compares it with what the auditor expects; the message says how to see it again.
fn check(city: &City, seed: u64, what: &str, arrivals: &[AcceptedTap], plan: Plan, expect: &Books) {
    let got = run(&city.policies, first_posting_date(city.first), arrivals, plan);
    let differences = got.differences(expect);
    assert!(
        differences.is_empty(),
        "{} seed {seed}, {what}, {plan:?}:\n{}",
        city.name,
        differences.join("\n")
    );
}

fn plan(seed: u64, partitions: usize, batch: i64) -> Plan {
    Plan { partitions, batch, markers: 3, seed, fault: None }
}

/// The books without how the records were counted: a repeated record counts, and changes nothing.
fn uncounted(books: &Books) -> Books {
    Books { duplicate: 0, ..books.clone() }
}

#[test]
fn order_repetition_batches_and_partitions_change_nothing() {
    for city in cities() {
        for seed in seeds(6) {
            let sorted = week(&city, seed, &SETTLED);
            let expect = audit(&city.policies, &sorted);
            check(&city, seed, "in order", &sorted, plan(seed, 1, 1_000), &expect);
            let mut dice = Dice::new(seed);
            for (partitions, batch) in [(3, 40), (7, 1)] {
                let arrivals = repeated(&shuffled(&sorted, &mut dice, WINDOW), &mut dice);
                let audited = audit(&city.policies, &arrivals);
                assert_eq!(audited.duplicate, arrivals.len() - sorted.len(), "{} seed {seed}", city.name);
                assert_eq!(
                    uncounted(&audited).differences(&expect),
                    Vec::<String>::new(),
                    "{} seed {seed}",
                    city.name
                );
                check(&city, seed, "shuffled", &arrivals, plan(seed, partitions, batch), &audited);
            }
        }
    }
}

#[test]
fn passes_earn_what_their_rides_say_in_any_order() {
    let (mut sold, mut earned, mut used_up) = (0, 0, 0);
    for city in cities().into_iter().filter(|city| city.policy().passes().next().is_some()) {
        for seed in seeds(10) {
            let sorted = week(&city, seed, &SETTLED);
            let mut dice = Dice::new(seed);
            let bought = passes::shop(&city, &sorted, &mut dice);
            let expect = audit_with(&city.policies, &sorted, &bought);
            for (partitions, batch) in [(1, 1_000), (3, 9), (5, 1)] {
                let arrivals = if partitions == 1 {
                    sorted.clone()
                } else {
                    repeated(&shuffled(&sorted, &mut dice, WINDOW), &mut dice)
                };
                let plan = plan(seed, partitions, batch);
                let first = first_posting_date(city.first);
                let got = uncounted(&run_with(&city.policies, first, &arrivals, &bought, plan));
                let differences = got.differences(&expect);
                assert!(
                    differences.is_empty(),
                    "{} seed {seed}, {plan:?}:\n{}",
                    city.name,
                    differences.join("\n")
                );
            }
            sold += bought.len();
            earned += usize::from(passes::earned(&expect, &city.policies, &bought) > 0);
            let all_rides = |carried: &fares::Carried| carried.passes.iter().any(|held| held.rides >= 10);
            used_up += expect.counters.values().filter(|carried| all_rides(carried)).count();
        }
    }
    assert!(
        sold > 50 && earned > 10 && used_up > 0,
        "{sold} passes, {earned} weeks earned, {used_up} were used much"
    );
}

#[test]
fn a_request_gets_the_verdict_of_its_moment() {
    let (mut granted, mut refused) = (0, 0);
    for city in cities().into_iter().filter(|city| ["minitown", "hcmc"].contains(&city.name)) {
        for seed in seeds(20) {
            let mut dice = Dice::new(seed);
            let arrivals = repeated(&shuffled(&week(&city, seed, &MIXED), &mut dice, WINDOW), &mut dice);
            let expect = audit(&city.policies, &arrivals);
            check(&city, seed, "requests", &arrivals, plan(seed, 2, 10), &expect);
            granted += expect.verdicts.values().filter(|granted| **granted).count();
            refused += expect.verdicts.values().filter(|granted| !**granted).count();
        }
    }
    assert!(granted > 10 && refused > 10, "{granted} granted, {refused} refused");
}

#[test]
fn what_comes_too_late_is_priced_alone_and_what_names_nothing_is_set_aside() {
    let (mut late, mut refused) = (0, 0);
    for city in cities() {
        for seed in seeds(4) {
            let mut dice = Dice::new(seed);
            let mut arrivals =
                repeated(&shuffled(&week(&city, seed, &MIXED), &mut dice, 120 * HOUR), &mut dice);
            spoil(&mut arrivals, &mut dice);
            let expect = audit(&city.policies, &arrivals);
            check(&city, seed, "late and spoilt", &arrivals, plan(seed, 2, 30), &expect);
            late += expect.legs.values().filter(|leg| leg.flags.contains(&"before_window")).count();
            refused += expect.quarantined;
        }
    }
    assert!(late > 100 && refused > 100, "{late} late, {refused} refused");
}

/// Gives some taps a body that another tap of their identity does not have, or a name that nobody knows.
fn spoil(arrivals: &mut Vec<AcceptedTap>, dice: &mut Dice) {
    for place in 0..arrivals.len() {
        let mut tap = arrivals[place].clone();
        match dice.below(20) {
            0 => {
                // The same identity with another body: whichever comes first has its effect.
                tap.tap.at =
                    primitives::EventTime::from_unix_ms(tap.tap.at.unix_ms() + 1_000).expect("a time");
                tap.body_digest = Digest::of(b"another body");
                arrivals.push(tap);
            }
            1 => {
                match &mut tap.tap.kind {
                    TapKind::Boarding { route, .. } => *route = text("nowhere"),
                    TapKind::Gate { stop, .. } => *stop = text("nowhere"),
                    TapKind::TopUp { .. } | TapKind::SchoolPayment { .. } => continue,
                }
                tap.body_digest = Digest::of(b"a body that names nothing");
                arrivals[place] = tap;
            }
            _ => {}
        }
    }
}

#[test]
fn every_fault_is_caught() {
    let cities = cities();
    for fault in Fault::ALL {
        let caught = cities.iter().any(|city| {
            seeds(6).any(|seed| {
                let mut dice = Dice::new(seed);
                let arrivals = repeated(&shuffled(&week(city, seed, &SETTLED), &mut dice, WINDOW), &mut dice);
                let bought = passes::shop(city, &arrivals, &mut dice);
                let expect = audit_with(&city.policies, &arrivals, &bought);
                let broken = Plan { fault: Some(*fault), ..plan(seed, 3, 12) };
                let first = first_posting_date(city.first);
                let got = run_with(&city.policies, first, &arrivals, &bought, broken);
                got.digest() != expect.digest() || !got.differences(&expect).is_empty()
            })
        });
        assert!(caught, "{fault:?} makes no difference that the auditor sees");
    }
}

#[test]
fn the_weeks_hold_what_they_are_meant_to_try() {
    let mut shapes = std::collections::BTreeMap::<&str, usize>::new();
    let (mut counted, mut shared) = (0, 0);
    for city in cities() {
        for seed in 0..6 {
            let books = audit(&city.policies, &week(&city, seed, &SETTLED));
            for leg in books.legs.values() {
                *shapes.entry(leg.shape).or_default() += 1;
                leg.flags.iter().for_each(|flag| *shapes.entry(flag).or_default() += 1);
            }
            counted += books.counters.values().filter(|carried| !carried.caps.is_empty()).count();
            let fares = books.positions.keys().filter(|(_, chart, ..)| *chart == ledger::Chart::OperatorFare);
            shared += usize::from(
                fares.map(|(_, _, owner, _)| owner).collect::<std::collections::BTreeSet<_>>().len() > 1,
            );
        }
    }
    for word in ["ride", "missing_exit", "missing_entry", "second_tap", "passback", "clock_moved"] {
        assert!(shapes.get(word).is_some_and(|count| *count >= 20), "{word}: {shapes:?}");
    }
    assert!(counted >= 20 && shared >= 20, "{counted} accounts with caps, {shared} weeks with shares");
}
