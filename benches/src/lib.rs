//! What the benches share: the cities of the repository, and legs as short texts.

use fares::{Files, Leg, Policy, Shape, load};
use primitives::{EventTime, ServiceDate, Text};
use std::path::Path;

/// An id.
pub fn text(text: &str) -> Text {
    Text::new(text).expect("an id")
}

/// The day of the benches: a Monday.
const DAY: &str = "2026-03-02";

/// So many seconds into the service day of 2 March 2026.
pub fn at(policy: &Policy, seconds: i64) -> EventTime {
    at_of(policy, DAY, seconds)
}

fn at_of(policy: &Policy, day: &str, seconds: i64) -> EventTime {
    let day = ServiceDate::parse(day).expect("a date");
    policy.day_rule().at(day, seconds).expect("a moment")
}

/// The files of a city.
pub fn city_files(name: &str) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cities").join(name);
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).expect("the city's folder") {
        let entry = entry.expect("a file");
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, std::fs::read(entry.path()).expect("a readable file"));
    }
    files
}

/// A city's policy.
pub fn city(name: &str) -> Policy {
    load(&city_files(name)).expect("a policy")
}

/// Whole rides, one a line: `rider medium route from to minute minutes`; `-` is a stop that is not known. Minutes are
/// counted from the start of the service day, and last how long the ride took.
pub fn legs(policy: &Policy, lines: &str) -> Vec<Leg> {
    legs_of(policy, DAY, lines)
}

/// The same on another day, for a policy that is over.
pub fn legs_of(policy: &Policy, day: &str, lines: &str) -> Vec<Leg> {
    let leg = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let stop = |word: &str| (word != "-").then(|| text(word));
        let minute = |word: &str| word.parse::<i64>().expect("minutes");
        let start = minute(words[5]) * 60;
        Leg {
            route: text(words[2]),
            from: stop(words[3]),
            to: stop(words[4]),
            via: Vec::new(),
            start: at_of(policy, day, start),
            end: Some(at_of(policy, day, start + minute(words[6]) * 60)),
            shape: Shape::Ride,
            rider: text(words[0]),
            medium: text(words[1]),
        }
    };
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(leg).collect()
}
