//! Whether the documents and the code still speak of the same things.

use crate::tree::Tree;
use crate::{complains, none};
use primitives::Code;
use std::collections::{BTreeMap, BTreeSet};

const HEADINGS: &[&str] = &["Job", "Shape", "Invariants", "Limits", "Not here"];
const ARCHITECTURE: &str = "docs/architecture.md";
const ERROR_CODES: &str = "docs/error-codes.md";

/// The file whose header introduces a crate: lib.rs, or main.rs where there is none.
fn front_pages(tree: &Tree) -> BTreeMap<String, (String, String)> {
    let mut pages = BTreeMap::new();
    for (name, text) in tree.ending("/src/main.rs").chain(tree.ending("/src/lib.rs")) {
        if let Some(folder) = name.strip_prefix("crates/").and_then(|rest| rest.split('/').next()) {
            pages.insert(folder.to_owned(), (name.to_owned(), text.to_owned()));
        }
    }
    pages
}

fn header(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| line.starts_with("//!")).map(|line| line[3..].trim()).collect()
}

fn headless_crates(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in front_pages(tree).values() {
        let header = header(text);
        let found: Vec<&str> = header.iter().filter_map(|line| line.strip_prefix("# ")).collect();
        if found != HEADINGS {
            complaints.push(format!("{name}: its header has the headings {found:?}, not {HEADINGS:?}"));
        }
        let empty = header.windows(2).any(|pair| pair[0].starts_with("# ") && pair[1].is_empty());
        if empty {
            complaints.push(format!("{name}: a heading without text"));
        }
    }
    complaints
}

/// Names such as `L-1`.
fn invariant_ids(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_id = |word: &&str| {
        word.split_once('-').is_some_and(|(letter, number)| {
            (1..=2).contains(&letter.len())
                && letter.chars().all(|c| c.is_ascii_uppercase())
                && (1..=2).contains(&number.len())
                && number.chars().all(|c| c.is_ascii_digit())
        })
    };
    words.filter(is_id).map(str::to_owned).collect()
}

/// The ids a crate's front page defines: those that begin a sentence or a clause under *Invariants*.
fn defined_ids(header: &[&str]) -> Vec<String> {
    let section = header.iter().skip_while(|line| **line != "# Invariants").skip(1);
    let text = section.take_while(|line| !line.starts_with("# ")).copied().collect::<Vec<_>>().join(" ");
    let clauses = text.split(['.', ';']).map(str::trim_start);
    let first = clauses.filter_map(|clause| clause.split(' ').next());
    first.filter(|word| invariant_ids(word).contains(*word)).map(str::to_owned).collect()
}

fn twice_defined_invariants(tree: &Tree) -> Vec<String> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (folder, (_, text)) in front_pages(tree) {
        for id in defined_ids(&header(&text)) {
            owners.entry(id).or_default().push(folder.clone());
        }
    }
    let twice = owners.into_iter().filter(|(_, crates)| crates.len() > 1);
    twice
        .map(|(id, crates)| format!("invariant {id} is defined more than once: {}", crates.join(", ")))
        .collect()
}

fn unlisted_crates_and_invariants(tree: &Tree) -> Vec<String> {
    let architecture = tree.text(ARCHITECTURE);
    let listed = invariant_ids(architecture);
    let mut complaints = Vec::new();
    for (folder, (name, text)) in front_pages(tree) {
        if !architecture.contains(&format!("| `{folder}` |")) {
            complaints.push(format!("{ARCHITECTURE}: no line for crate {folder}"));
        }
        let unlisted = invariant_ids(&header(&text).join("\n")).into_iter().filter(|id| !listed.contains(id));
        complaints.extend(unlisted.map(|id| format!("{ARCHITECTURE}: no line for invariant {id} of {name}")));
    }
    complaints
}

/// The codes that have a row of their own in the catalogue.
fn rows(catalogue: &str) -> Vec<&str> {
    let rows = catalogue.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

fn uncatalogued_codes(tree: &Tree) -> Vec<String> {
    let rows = rows(tree.text(ERROR_CODES));
    let mut complaints = Vec::new();
    for code in Code::ALL {
        match rows.iter().filter(|row| **row == code.as_str()).count() {
            1 => {}
            count => complaints.push(format!("{ERROR_CODES}: {count} rows for {code}")),
        }
    }
    let unknown = rows.iter().filter(|row| Code::parse(row).is_none());
    complaints.extend(unknown.map(|row| format!("{ERROR_CODES}: {row} is no code of the house")));
    complaints
}

/// GitHub's anchor for a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .collect::<String>();
    kept.replace(' ', "-")
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Link targets of a markdown text, outside code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        let ends = prose.match_indices("](").map(|(at, _)| at + 2);
        found.extend(ends.filter_map(|at| prose[at..].split(')').next().map(str::to_owned)));
    }
    found
}

fn broken_links(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in tree.ending(".md") {
        for link in links(text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { name.to_owned() } else { resolve(name, path) };
            let folder = format!("{}/", target.trim_end_matches('/'));
            let exists =
                tree.0.contains_key(&target) || tree.0.keys().any(|known| known.starts_with(&folder));
            if !exists {
                complaints.push(format!("{name}: the link {link} leads nowhere"));
            } else if !fragment.is_empty() && !anchors(tree.text(&target)).contains(fragment) {
                complaints.push(format!("{name}: the link {link} names a heading that is not there"));
            }
        }
    }
    complaints
}

/// A path as written in the file `from`, seen from the top.
fn resolve(from: &str, path: &str) -> String {
    let mut steps: Vec<&str> = from.split('/').collect();
    steps.pop();
    for step in path.split('/') {
        match step {
            "." | "" => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[test]
fn every_crate_introduces_itself() {
    none(headless_crates(&Tree::load()));
    let sample = [(
        "crates/shed/src/lib.rs",
        "//! A shed.\n//!\n//! # Job\n//! Keep.\n//!\n//! # Shape\n//!\nmod x;\n",
    )];
    complains(&headless_crates(&Tree::sample(&sample)), "crates/shed/src/lib.rs: its header has");
    complains(&headless_crates(&Tree::sample(&sample)), "a heading without text");
}

#[test]
fn the_architecture_lists_every_crate_and_invariant() {
    none(unlisted_crates_and_invariants(&Tree::load()));
    let sample =
        [("crates/shed/src/lib.rs", "//! # Invariants\n//! S-1 tools stay.\n"), (ARCHITECTURE, "`house`")];
    complains(&unlisted_crates_and_invariants(&Tree::sample(&sample)), "no line for crate shed");
    complains(&unlisted_crates_and_invariants(&Tree::sample(&sample)), "no line for invariant S-1");
    assert_eq!(invariant_ids("ISO-4217 UTF-8 pain.001 L-1"), BTreeSet::from(["L-1".to_owned()]));
}

#[test]
fn an_invariant_has_an_id_of_its_own() {
    none(twice_defined_invariants(&Tree::load()));
    let sample = [
        (
            "crates/a/src/lib.rs",
            "//! # Invariants\n//! S-1 tools stay; S-2 they are clean (see\n//! T-1).\n//!\n//! # Limits\n",
        ),
        ("crates/b/src/lib.rs", "//! # Invariants\n//! T-1 all is well. S-1 nothing\n//! is lost.\n"),
    ];
    let complaints = twice_defined_invariants(&Tree::sample(&sample));
    assert_eq!(complaints, ["invariant S-1 is defined more than once: a, b"]);
}

#[test]
fn every_code_is_in_the_catalogue_and_nothing_else() {
    none(uncatalogued_codes(&Tree::load()));
    let sample = Tree::sample(&[(ERROR_CODES, "| `DECODE` | x |\n| `DECODE` | x |\n| `LOST_KEYS` | x |\n")]);
    complains(&uncatalogued_codes(&sample), "2 rows for DECODE");
    complains(&uncatalogued_codes(&sample), "0 rows for TOO_LARGE");
    complains(&uncatalogued_codes(&sample), "LOST_KEYS is no code");
}

#[test]
fn links_lead_somewhere() {
    none(broken_links(&Tree::load()));
    let sample = [
        (
            "docs/a.md",
            "# One thing\n[b](b.md) [top](../README.md#here) [x](c.md) [y](#one-thing) [z](#two) `[n](o.md)`",
        ),
        ("docs/b.md", "[w](https://example.org/) ![p](images/p.png)\n```\n[c](code.md)\n```\n"),
        ("README.md", "# Here"),
    ];
    let complaints = broken_links(&Tree::sample(&sample));
    complains(&complaints, "c.md leads nowhere");
    complains(&complaints, "#two names a heading");
    complains(&complaints, "images/p.png leads nowhere");
    assert_eq!(complaints.len(), 3, "{complaints:?}");
}
