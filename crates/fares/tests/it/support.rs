//! Reading fixtures, and legs and fares as short texts.

use fares::{Fare, Files, Leg, Policy, Priced, Shape, load};
use primitives::{EventTime, Text};
use std::path::Path;

/// The files of a folder of the repository.
#[allow(clippy::disallowed_methods, reason = "tests read the fixtures of the repository")]
pub fn read_folder(folder: &str) -> Files {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let files = entries.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// The files of a city.
pub fn city_files(name: &str) -> Files {
    read_folder(&format!("fixtures/cities/{name}"))
}

/// A city's policy.
pub fn city(name: &str) -> Policy {
    load(&city_files(name)).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"))
}

/// A local moment of the policy, `2026-03-02T08:00` with or without seconds.
pub fn moment(policy: &Policy, local: &str) -> EventTime {
    let full = if local.len() == 16 { format!("{local}:00") } else { local.to_owned() };
    let naive = chrono::NaiveDateTime::parse_from_str(&full, "%Y-%m-%dT%H:%M:%S").expect(local);
    let instant = naive.and_local_timezone(policy.day_rule().zone).earliest().expect(local);
    EventTime::from_unix_ms(instant.timestamp_millis()).expect(local)
}

/// `rider medium route from to start [end]`: a leg. `-` is a stop or end that is not known; `start` is a local moment,
/// `end` a local moment or a time of the same day.
pub fn leg(policy: &Policy, words: &str) -> Leg {
    let parts: Vec<&str> = words.split_whitespace().collect();
    let text = |word: &str| Text::new(word).expect(word);
    let stop = |word: &str| (word != "-").then(|| text(word));
    let start = parts[5];
    let end = parts.get(6).filter(|end| **end != "-").map(|end| {
        if end.contains('T') {
            moment(policy, end)
        } else {
            moment(policy, &format!("{}{end}", &start[..11]))
        }
    });
    Leg {
        route: text(parts[2]),
        from: stop(parts[3]),
        to: stop(parts[4]),
        via: Vec::new(),
        start: moment(policy, start),
        end,
        shape: Shape::Ride,
        rider: text(parts[0]),
        medium: text(parts[1]),
    }
}

/// Legs, one a line, as [`leg`] reads them.
pub fn legs(policy: &Policy, lines: &str) -> Vec<Leg> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| leg(policy, line)).collect()
}

/// What the rider pays for each leg; `?` with the word of the reason when it is not known.
pub fn paid(priced: &[Priced]) -> Vec<String> {
    let one = |priced: &Priced| match &priced.fare {
        Fare::Known { rider, .. } => rider.to_string(),
        Fare::Unknown(reason) => format!("?{}", reason.word()),
    };
    priced.iter().map(one).collect()
}

/// Prices legs given as lines and compares what the rider pays with `expect`, words between spaces.
pub fn check(policy: &Policy, lines: &str, expect: &str) {
    let legs = legs(policy, lines);
    let found = paid(&fares::price(policy, &legs));
    assert_eq!(found, expect.split_whitespace().collect::<Vec<_>>(), "{lines}");
}
