//! What one more leg costs to price when several stand open before it, what a whole window costs, and how much memory
//! an open window holds.

use benches::{city, legs_of};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fares::{Carried, Fare, Leg, Policy, Rater, rate};
use std::hint::black_box;

/// A city, a working day that its policy holds on, and a commuter's legs: the last one is the one more.
type Window = (&'static str, &'static str, &'static str);

/// Commuters of real cities, and of invented ones that have a payment window and transfer rules.
const WINDOWS: &[Window] = &[
    (
        "sydney",
        "2023-10-12",
        "ADULT opal 304 200020-bus G2000421 150 3
     ADULT opal T4 200030 200070 158 2
     ADULT opal T9 200070 213820 162 26
     ADULT opal 526 213820-bus 21271 199 4
     ADULT opal 526 21271 213820-bus 220 5",
    ),
    (
        "seattle",
        "2026-03-02",
        "regular orca EVERETT_TRANSIT - - 360 20
     regular orca KC_METRO - - 400 18
     regular orca SOUND_TRANSIT_RAIL - - 440 25
     regular orca PIERCE_TRANSIT - - 480 20
     regular orca KC_METRO - - 520 18",
    ),
    (
        "windowtown",
        "2026-03-02",
        "adult paid B1 market mill 120 20
     adult paid T mill quay 150 18
     adult paid R quay market 180 25
     adult paid B2 market mill 210 20
     adult paid T mill quay 240 18",
    ),
    (
        "changetown",
        "2026-03-02",
        "adult card B1 market mill 120 20
     adult card T mill quay 150 18
     adult card R quay market 180 25
     adult card B2 market mill 210 20
     adult card T mill quay 240 18",
    ),
    (
        "hcmc",
        "2026-03-02",
        "adult card 10 - - 120 25
     adult card M1 M1-02 M1-09 150 18
     adult card 03 - - 171 20
     adult card 04 - - 200 20
     adult card M1 M1-09 M1-02 600 18
     adult card 10 - - 625 25",
    ),
];

fn all_known(policy: &Policy, legs: &[Leg]) -> bool {
    rate(policy, &Carried::default(), legs).legs.iter().all(|leg| matches!(leg.fare, Fare::Known { .. }))
}

fn one_more_leg(c: &mut Criterion) {
    let mut group = c.benchmark_group("one more leg");
    group.throughput(Throughput::Elements(1));
    for (name, day, lines) in WINDOWS {
        let policy = city(name);
        let window = legs_of(&policy, day, lines);
        assert!(all_known(&policy, &window), "{name}");
        let (next, before) = window.split_last().expect("a leg");
        let mut open = Rater::new(&policy, Carried::default());
        before.iter().for_each(|leg| drop(open.next(leg)));
        group.bench_function(*name, |bencher| {
            let input = || open.clone();
            bencher.iter_batched_ref(input, |open| open.next(black_box(next)), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn whole_windows(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole window");
    for (name, day, lines) in WINDOWS {
        let policy = city(name);
        let window = legs_of(&policy, day, lines);
        group.throughput(Throughput::Elements(window.len() as u64));
        let carried = Carried::default();
        group.bench_function(*name, |bencher| {
            bencher.iter(|| rate(&policy, black_box(&carried), black_box(&window)));
        });
    }
    group.finish();
}

/// Resident bytes of this process.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4_096
}

/// Not a time: what many open windows hold, allocator included, printed once. All are held to the end, so that no city
/// uses again what another gave back.
fn memory(_: &mut Criterion) {
    const COUNT: usize = 100_000;
    let cities: Vec<(&Window, Policy)> = WINDOWS.iter().map(|window| (window, city(window.0))).collect();
    let mut held: Vec<Vec<Rater<'_>>> = Vec::new();
    for ((name, day, lines), policy) in &cities {
        let window = legs_of(policy, day, lines);
        let open = || {
            let mut rater = Rater::new(policy, Carried::default());
            window.iter().for_each(|leg| drop(rater.next(leg)));
            rater
        };
        let before = resident();
        held.push((0..COUNT).map(|_| open()).collect());
        println!("memory/{name}: {} bytes an open window", (resident() - before) / COUNT);
    }
    drop(black_box(held));
}

// Memory first: what other benches gave back would be used again and not be seen.
criterion_group!(benches, memory, one_more_leg, whole_windows);
criterion_main!(benches);
