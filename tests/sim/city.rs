//! The cities of the repository, as far as a simulated week needs them.

use fares::{Files, PartyKind, Policies, Policy};
use primitives::{PartyNo, ServiceDate, Text};
use std::path::Path;

pub fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

/// A city with everything a rider can touch.
pub struct City {
    pub name: &'static str,
    pub policies: Policies,
    /// The first service date of the week.
    pub first: ServiceDate,
    pub stops: Vec<Text>,
}

/// A folder of policy files.
fn files(folder: &str) -> Files {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities").join(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    names.map(|name| (name.clone(), std::fs::read(path.join(name)).expect("a file"))).collect()
}

fn policy(files: &Files) -> Policy {
    fares::load(files).expect("the policy loads")
}

/// The ids in the first column of `stops.txt`.
fn stops(files: &Files) -> Vec<Text> {
    let lines = String::from_utf8(files["stops.txt"].clone()).expect("text");
    assert!(lines.starts_with("stop_id,"), "the id stands first");
    lines.lines().skip(1).filter_map(|line| Text::new(line.split(',').next()?)).take(60).collect()
}

impl City {
    /// The city of one folder, in the second week of its policy.
    pub fn of(folder: &'static str) -> City {
        let files = files(folder);
        let policy = policy(&files);
        let mut first = policy.day_rule().service_date(policy.valid_from());
        (0..7).for_each(|_| first = first.next());
        let policies = Policies::new(vec![policy]).expect("one version");
        City { name: folder, policies, first, stops: stops(&files) }
    }

    /// A city whose tariff changes in the week, on its fourth day.
    pub fn changing(old: &'static str, new: &'static str, first: &str) -> City {
        let (before, after) = (files(old), files(new));
        let policies = Policies::new(vec![policy(&before), policy(&after)]).expect("versions of one city");
        let first = ServiceDate::parse(first).expect("a date");
        City { name: old, policies, first, stops: stops(&after) }
    }

    /// The version in force when the week begins.
    pub fn policy(&self) -> &Policy {
        let start = self.policies.iter().find_map(|policy| policy.day_rule().at(self.first, 12 * 3600));
        self.policies.at(start.expect("a moment")).expect("a policy holds in the week")
    }

    pub fn parties(&self, kind: PartyKind) -> Vec<(PartyNo, Text)> {
        let of_kind = self.policy().parties().iter().filter(|party| party.kind == kind);
        of_kind.map(|party| (party.no, party.id.clone())).collect()
    }
}

/// Every city the simulation rides in: gates and missing ends, windows, transfers, joins, caps, campaigns, shares, two
/// versions of a tariff.
pub fn cities() -> Vec<City> {
    let alone = [
        "minitown",
        "windowtown",
        "changetown",
        "hcmc",
        "hanoi",
        "london",
        "seattle",
        "sydney",
        "seoul",
        "singapore",
        "hongkong",
        "bayarea",
    ];
    let mut cities: Vec<City> = alone.map(City::of).into();
    cities.push(City::changing("newyork_2023", "newyork", "2026-01-01"));
    cities.push(City::changing("sydney", "sydney_2023_10", "2023-10-13"));
    cities
}
