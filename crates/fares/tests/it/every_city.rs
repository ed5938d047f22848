//! What must hold in every city of the repository, whatever its rules are.

use crate::worlds::{Dice, World, moved, rows, worlds};
use fares::{Carried, Fare, Files, Leg, LegView, Policy, Priced, Recall, explain, load, rate};
use primitives::Minor;

/// How many accounts each property tries in each city.
const SEEDS: u64 = 150;

/// Runs a check on accounts of every city; the message says which account it was.
fn each(count: usize, check: impl Fn(&World, u64, &[Leg])) {
    for world in worlds() {
        for seed in 0..SEEDS {
            check(world, seed, &world.some_legs(seed, count));
        }
    }
}

/// The line that names an account in a failure.
fn named(world: &World, seed: u64, legs: &[Leg]) -> String {
    let lines: Vec<String> = legs
        .iter()
        .map(|leg| {
            let stop =
                |stop: &Option<primitives::Text>| stop.as_ref().map_or("-".into(), ToString::to_string);
            let local = leg.start.local(world.policy.day_rule().zone);
            let end = leg.end.map_or("-".into(), |end| end.local(world.policy.day_rule().zone).to_string());
            let (from, to) = (stop(&leg.from), stop(&leg.to));
            format!(
                "{} {} {} {from} {to} {local} {end} {}",
                leg.rider,
                leg.medium,
                leg.route,
                leg.shape.word()
            )
        })
        .collect();
    format!("{} seed {seed}\n{}", world.name, lines.join("\n"))
}

#[test]
fn the_same_set_in_any_order_gives_the_same_bytes() {
    each(9, |world, seed, legs| {
        let carried = world.some_carried(seed, legs);
        let straight = rate(&world.policy, &carried, legs);
        let mut dice = Dice::new(seed);
        for _ in 0..3 {
            let mut places: Vec<usize> = (0..legs.len()).collect();
            dice.shuffle(&mut places);
            let turned: Vec<Leg> = places.iter().map(|place| legs[*place].clone()).collect();
            let rated = rate(&world.policy, &carried, &turned);
            for (place, priced) in places.iter().zip(&rated.legs) {
                assert_eq!(priced, &straight.legs[*place], "{}", named(world, seed, legs));
            }
            assert_eq!(rated.carried, straight.carried, "{}", named(world, seed, legs));
        }
    });
}

#[test]
fn a_cut_beyond_the_reach_changes_nothing() {
    for world in worlds() {
        let reach = world.policy.reach_seconds();
        assert!((0..=400 * 86_400).contains(&reach), "{}: {reach}", world.name);
        for seed in 0..SEEDS {
            let early = world.some_legs(seed, 5);
            let mut dice = Dice::new(seed ^ 0xc07);
            let last = early.iter().map(|leg| leg.start).max().unwrap();
            let gap = [1, 60, 3_600, 80_000][dice.below(4)];
            let late = world.legs_from(&mut dice, moved(last, reach + gap + 121), 5);
            let late: Vec<Leg> = late.into_iter().filter(|leg| leg.start > moved(last, reach)).collect();
            let all: Vec<Leg> = early.iter().chain(&late).cloned().collect();
            let held = world.some_carried(seed, &all);
            let one = rate(&world.policy, &held, &all);
            let first = rate(&world.policy, &held, &early);
            let second = rate(&world.policy, &first.carried, &late);
            let cut: Vec<Priced> = first.legs.into_iter().chain(second.legs).collect();
            assert_eq!(cut, one.legs, "{} cut after {}", named(world, seed, &all), early.len());
            assert_eq!(second.carried, one.carried, "{} cut after {}", named(world, seed, &all), early.len());
        }
    }
}

#[test]
fn gross_is_what_the_rider_and_the_funders_pay_and_shares_add_up_to_it() {
    each(9, |world, seed, legs| {
        let carried = world.some_carried(seed, legs);
        for priced in rate(&world.policy, &carried, legs).legs {
            let Fare::Known { gross, rider, funded } = &priced.fare else {
                assert!(priced.product.is_none() && priced.rules.is_empty() && priced.shares.is_empty());
                continue;
            };
            let parts = Minor::sum(funded.iter().map(|part| part.amount)).unwrap();
            let name = || format!("{priced:?} {}", named(world, seed, legs));
            assert_eq!(rider.plus(parts), Ok(*gross), "{}", name());
            assert!(funded.iter().all(|part| !part.amount.is_zero()), "{}", name());
            assert!(funded.windows(2).all(|pair| pair[0].party < pair[1].party), "{}", name());
            let known = |party| world.policy.party_by_no(party).is_some();
            assert!(funded.iter().all(|part| known(part.party)), "{}", name());
            if !priced.shares.is_empty() {
                let shares = Minor::sum(priced.shares.iter().map(|share| share.amount)).unwrap();
                assert_eq!(shares, *gross, "{}", name());
                assert!(priced.shares.windows(2).all(|pair| pair[0].party < pair[1].party), "{}", name());
                assert!(priced.shares.iter().all(|share| known(share.party)), "{}", name());
            }
            assert!(!priced.rules.is_empty(), "{}", name());
        }
    });
}

#[test]
fn explaining_gives_the_fares_of_rating() {
    each(9, |world, seed, legs| {
        let carried = world.some_carried(seed, legs);
        let told = explain(&world.policy, &carried, legs);
        for explained in &told {
            for language in [fares::Language::English, fares::Language::Vietnamese] {
                let sentences = explained.sentences(&world.policy, language);
                assert!(sentences.iter().all(|text| text.len() > 10 && text.ends_with('.')), "{sentences:?}");
            }
        }
        let told: Vec<Priced> = told.into_iter().map(|explained| explained.priced).collect();
        assert_eq!(told, rate(&world.policy, &carried, legs).legs, "{}", named(world, seed, legs));
    });
}

#[test]
fn a_leg_that_is_priced_alone_costs_what_it_costs_among_others() {
    let (alone, days) = (std::cell::Cell::new(0), primitives::Days::default());
    // One for all cities and accounts, so that it meets every ride again with another rider, at another time, under other fares.
    let recall = std::cell::RefCell::new(Recall::default());
    each(9, |world, seed, legs| {
        let carried = world.some_carried(seed, legs);
        let is_alone = |leg: &Leg| world.policy.prices_alone(&carried, leg.start, &days);
        let by_itself = |leg: &Leg| rate(&world.policy, &carried, std::slice::from_ref(leg)).legs.remove(0);
        let together = rate(&world.policy, &carried, legs).legs;
        for (leg, among) in legs.iter().zip(&together).filter(|(leg, _)| is_alone(leg)) {
            alone.set(alone.get() + 1);
            assert_eq!(&by_itself(leg), among, "{}", named(world, seed, legs));
            if leg.via.is_empty() {
                let end = leg.end.map(|end| moved(end, 3_600));
                let longer = Leg { end, ..leg.clone() };
                let later = Leg { start: moved(leg.start, 3_600), ..longer.clone() };
                let asked = [leg.clone(), longer, later];
                for leg in asked.iter().filter(|leg| is_alone(leg)) {
                    let mut recall = recall.borrow_mut();
                    let recalled = recall.price_alone(&world.policy, &carried, &days, &view(leg));
                    assert_eq!(recalled, by_itself(leg), "{}", named(world, seed, legs));
                }
            }
        }
    });
    assert!(alone.get() > 1_000, "only {} legs are priced alone", alone.get());
}

fn view(leg: &Leg) -> LegView<'_> {
    let Leg { route, from, to, via: _, start, end, shape, rider, medium } = leg;
    let (from, to) = (from.as_ref(), to.as_ref());
    LegView { route, from, to, start: *start, end: *end, shape: *shape, rider, medium }
}

/// A file with its rows in another order.
fn shuffled(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut rows: Vec<&str> = text.lines().collect();
    let header = rows.remove(0);
    dice.shuffle(&mut rows);
    format!("{header}\n{}\n", rows.join("\n")).into_bytes()
}

#[test]
fn rows_in_another_order_give_the_same_fares() {
    for world in worlds() {
        for seed in 0..3 {
            let mut dice = Dice::new(seed);
            let turn = |(name, bytes): (&String, &Vec<u8>)| {
                let kept = std::path::Path::new(name).extension().is_none_or(|end| end != "txt");
                (name.clone(), if kept { bytes.clone() } else { shuffled(bytes, &mut dice) })
            };
            let files: Files = world.files.iter().map(turn).collect();
            let other = load(&files).unwrap();
            for seed in 0..SEEDS / 3 {
                let legs = world.some_legs(seed, 9);
                let fares = |policy: &Policy| -> Vec<_> {
                    let rated = rate(policy, &world.some_carried(seed, &legs), &legs);
                    rated
                        .legs
                        .into_iter()
                        .map(|leg| (leg.fare, leg.product, leg.shares, leg.surcharge))
                        .collect()
                };
                assert_eq!(fares(&world.policy), fares(&other), "{}", named(world, seed, &legs));
            }
        }
    }
}

/// What the rider pays for the legs whose fare is known, and which those are.
fn total(policy: &Policy, carried: &Carried, legs: &[Leg]) -> (Minor, Vec<bool>) {
    let paid: Vec<Option<Minor>> = rate(policy, carried, legs)
        .legs
        .iter()
        .map(|priced| match &priced.fare {
            Fare::Known { rider, .. } => Some(*rider),
            Fare::Unknown(_) => None,
        })
        .collect();
    (Minor::sum(paid.iter().flatten().copied()).unwrap(), paid.iter().map(Option::is_some).collect())
}

/// The city without one row of a file; rows whose absence makes the policy unreadable are left where they are.
fn without_a_row(world: &World, file: &str) -> Vec<(String, Policy)> {
    let Some(bytes) = world.files.get(file) else { return Vec::new() };
    let text = std::str::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for place in (1..lines.len()).take(40) {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, line)| *line).collect();
        let mut files = world.files.clone();
        files.insert(file.to_owned(), format!("{}\n", kept.join("\n")).into_bytes());
        found.extend(world.with_files(&files).map(|policy| (format!("{file}:{}", place + 1), policy)));
    }
    found
}

/// True when a cap of the city counts rides and not money.
fn counts_rides(world: &World) -> bool {
    rows(&world.files, "fare_caps.txt")
        .iter()
        .any(|row| row.get("limit_type").is_some_and(|kind| kind == "rides"))
}

#[test]
fn adding_a_discount_row_never_raises_a_price() {
    let files = [
        "rider_discounts.txt",
        "fare_windows.txt",
        "fare_campaigns.txt",
        "fare_caps.txt",
        "fare_transfer_rules.txt",
    ];
    let mut wrong = Vec::new();
    for world in worlds() {
        for file in files {
            // A free ride that does not count leaves a paid one to be counted: then a gift may move what is free.
            if file != "fare_caps.txt" && counts_rides(world) {
                continue;
            }
            for (row, without) in without_a_row(world, file) {
                for seed in 0..SEEDS / 2 {
                    let legs = world.some_legs(seed, 7);
                    let carried = Carried::default();
                    let (with_row, known) = total(&world.policy, &carried, &legs);
                    let (without_row, also_known) = total(&without, &carried, &legs);
                    if known == also_known && with_row > without_row {
                        let name = named(world, seed, &legs);
                        wrong.push(format!("{row} {without_row} -> {with_row} {name}"));
                        break;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
