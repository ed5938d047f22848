//! Hostile files and hostile legs: no panic, no wrong sum, bounded time. Inputs are made from every city's own, because
//! noise alone would never get past the first check. A failure names the seed that makes it again.

use crate::worlds::{Dice, World, moved, worlds};
use fares::{Carried, Fare, Files, Leg, LoadError, Policy, Rater, Shape, explain, load, rate};
use primitives::{EventTime, Minor, Text};

/// How many mutated policies are tried of each city.
const POLICIES: u64 = 250;

/// Values that stand at the edge of something.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "0",
    "1",
    "2",
    "-1",
    "+1",
    "01",
    "65535",
    "65536",
    "2147483647",
    "4294967294",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999999999999999",
    "92233720368547758.07",
    "0.001",
    "0.00",
    "1e9",
    "NaN",
    "00:00:00",
    "24:00:00",
    "24:00:01",
    "99:99:99",
    "2026-02-30",
    "2026-03-29T02:30:00",
    "0001-01-01",
    "9999-12-31",
    "99991231",
    "\u{feff}",
    "\u{202e}x",
    "\"",
    "none",
    "*",
];

/// A table of fields; quoting is lost, which is one more way to be hostile.
fn table(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.records().filter_map(Result::ok).map(|row| row.iter().map(str::to_owned).collect()).collect()
}

fn written(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn mutate(world: &World, dice: &mut Dice, files: &mut Files) {
    let names: Vec<String> = files.keys().filter(|name| name.ends_with(".txt")).cloned().collect();
    // Small files hold the rules; the stops of a city are many and dull.
    let name = loop {
        let name = dice.pick(&names).unwrap();
        if files[name].len() < 4_000 || dice.chance(15) {
            break name.clone();
        }
    };
    if dice.chance(10) {
        let content = files.get_mut(&name).unwrap();
        let start = dice.below(content.len() + 1);
        let end = (start + dice.below(60)).min(content.len());
        let noise: Vec<u8> = (0..dice.below(40)).map(|_| dice.next() as u8).collect();
        content.splice(start..end, noise);
        return;
    }
    let mut rows = table(&files[&name]);
    if rows.len() < 2 {
        return;
    }
    let at = 1 + dice.below(rows.len() - 1);
    let column = dice.below(rows[0].len());
    match dice.below(10) {
        0 => drop(rows.remove(at)),
        1 => rows.push(rows[at].clone()),
        2 => rows.iter_mut().filter(|row| column < row.len()).for_each(|row| drop(row.remove(column))),
        3 => {
            let others = worlds();
            let other = &others[dice.below(others.len())];
            match other.files.get(&name) {
                Some(bytes) if other.name != world.name => rows.extend(table(bytes).into_iter().skip(1)),
                _ => rows.swap(0, at),
            }
        }
        4 | 5 => {
            let other = 1 + dice.below(rows.len() - 1);
            if let (Some(value), true) = (rows[other].get(column).cloned(), column < rows[at].len()) {
                rows[at][column] = value;
            }
        }
        _ => {
            if let Some(field) = rows[at].get_mut(column) {
                (*dice.pick(HOSTILE).unwrap()).clone_into(field);
            }
        }
    }
    files.insert(name, written(&rows));
}

/// What any answer of the loader must look like.
fn check_errors(errors: &[LoadError], name: &str) {
    assert!(!errors.is_empty(), "{name}");
    assert!(errors.len() <= fares::limits::ERRORS_MAX + 1, "{name}: {}", errors.len());
    for error in errors {
        assert!(!error.file.is_empty() && !error.message.is_empty(), "{name}: {error:?}");
    }
}

/// Prices legs by every door and checks what must hold of any fare.
fn check_legs(policy: &Policy, carried: &Carried, legs: &[Leg], name: &str) {
    let rated = rate(policy, carried, legs);
    assert_eq!(rated.legs.len(), legs.len(), "{name}");
    for priced in &rated.legs {
        let Fare::Known { gross, rider, funded } = &priced.fare else { continue };
        let parts = Minor::sum(funded.iter().map(|part| part.amount)).and_then(|sum| sum.plus(*rider));
        assert_eq!(parts, Ok(*gross), "{name}: {priced:?}");
        if !priced.shares.is_empty() {
            let shares = Minor::sum(priced.shares.iter().map(|share| share.amount));
            assert_eq!(shares, Ok(*gross), "{name}: {priced:?}");
        }
    }
    for explained in explain(policy, &rated.carried, legs) {
        for fact in &explained.facts {
            assert!(!fact.fields().is_empty(), "{name}: {}", fact.code());
        }
        let _ = explained.sentences(policy, fares::Language::English);
        let _ = explained.sentences(policy, fares::Language::Vietnamese);
    }
}

#[test]
fn no_files_make_the_loader_or_the_price_fail_other_than_by_an_answer() {
    for world in worlds() {
        let mut loaded = 0;
        for seed in 0..POLICIES {
            let mut dice = Dice::new(seed);
            let mut files = world.files.clone();
            for _ in 0..=dice.below(3) {
                mutate(world, &mut dice, &mut files);
            }
            let name = format!("{} seed {seed}", world.name);
            match load(&files) {
                Err(errors) => check_errors(&errors, &name),
                Ok(policy) => {
                    loaded += 1;
                    for seed in 0..3 {
                        let legs = world.some_legs(seed, 8);
                        check_legs(&policy, &world.some_carried(seed, &legs), &legs, &name);
                    }
                }
            }
        }
        assert!(loaded > POLICIES / 20, "{}: only {loaded} of {POLICIES} policies loaded", world.name);
    }
}

/// A leg as no validator would send it.
fn bend(dice: &mut Dice, leg: &mut Leg) {
    let ends = [EventTime::MIN_MS, EventTime::MIN_MS + 1, EventTime::END_MS - 1, leg.start.unix_ms() + 1];
    let moment = |dice: &mut Dice| dice.pick(&ends).and_then(|ms| EventTime::from_unix_ms(*ms));
    match dice.below(9) {
        0 => leg.start = moment(dice).unwrap_or(leg.start),
        1 => leg.end = moment(dice),
        2 => leg.end = Some(moved(leg.start, -5_000)),
        3 => leg.end = Some(leg.start),
        4 => leg.shape = [Shape::Ride, Shape::MissingEntry, Shape::MissingExit][dice.below(3)],
        5 => (leg.from, leg.to) = (leg.to.take(), leg.from.take()),
        6 => leg.via = leg.from.iter().chain(&leg.to).cloned().cycle().take(40).collect(),
        7 => leg.rider = Text::new("nobody").unwrap(),
        _ => leg.to = leg.from.clone(),
    }
}

#[test]
fn no_legs_make_the_price_fail_other_than_by_an_answer() {
    for world in worlds() {
        for seed in 0..POLICIES {
            let mut dice = Dice::new(seed);
            let mut legs = world.some_legs(seed, 12);
            for leg in &mut legs {
                if dice.chance(40) {
                    bend(&mut dice, leg);
                }
            }
            if dice.chance(30) {
                legs.extend(legs.clone());
            }
            let name = format!("{} seed {seed}", world.name);
            check_legs(&world.policy, &world.some_carried(seed, &legs), &legs, &name);
            // Of two legs that are the same in everything nobody can say which comes first.
            if (1..legs.len()).any(|place| legs[..place].contains(&legs[place])) {
                continue;
            }
            let straight = rate(&world.policy, &Carried::default(), &legs);
            legs.reverse();
            let mut turned = rate(&world.policy, &Carried::default(), &legs);
            turned.legs.reverse();
            assert_eq!(turned, straight, "{name}");
        }
    }
}

/// So many legs of one rider and medium, seconds apart, without an end of the journey.
fn thousands(world: &World, count: i64) -> Vec<Leg> {
    let pattern: Vec<Leg> = (0..40).flat_map(|seed| world.some_legs(seed, 4)).collect();
    let first = pattern[0].clone();
    let leg = |place: i64| {
        let like = &pattern[place as usize % pattern.len()];
        let start = moved(first.start, place * 7);
        let end = like.end.map(|_| moved(start, 5));
        Leg { start, end, rider: first.rider.clone(), medium: first.medium.clone(), ..like.clone() }
    };
    (0..count).map(leg).collect()
}

#[test]
fn thousands_of_legs_in_one_window_take_bounded_time() {
    for world in worlds() {
        let legs = thousands(world, 4_000);
        check_legs(&world.policy, &Carried::default(), &legs, &world.name);
        // One by one gives the same, with no more work.
        let mut rater = Rater::new(&world.policy, Carried::default());
        let mut sorted = legs.clone();
        sorted.sort_by_key(|leg| leg.start);
        let paid: Vec<_> = sorted.iter().map(|leg| rater.next(leg).fare).collect();
        assert_eq!(paid.len(), legs.len(), "{}", world.name);
    }
}
