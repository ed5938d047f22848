//! Who may import whom: docs/architecture.md draws it, this keeps it.

use crate::rust::{Hide, mask};
use crate::tree::{Tree, output};
use crate::{complains, none};
use serde_json::Value;
use std::collections::BTreeMap;

const PURE: &[&str] = &["primitives", "fares", "ledger", "clearing", "wire", "bank", "validator"];

/// Every crate of the house and the crates of the house it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("fares", &["primitives"]),
    ("ledger", &["primitives"]),
    ("clearing", &["primitives", "fares", "ledger"]),
    ("wire", &["primitives"]),
    ("bank", &["primitives"]),
    ("validator", &["primitives", "wire"]),
    ("store", PURE),
    ("stream", &["primitives", "wire"]),
    (
        "engine",
        &["primitives", "fares", "ledger", "clearing", "wire", "bank", "validator", "store", "stream"],
    ),
    (
        "web",
        &[
            "primitives",
            "fares",
            "ledger",
            "clearing",
            "wire",
            "bank",
            "validator",
            "store",
            "stream",
            "engine",
        ],
    ),
    ("citysim", &["primitives", "fares", "wire", "bank", "validator"]),
    ("farelab", &["primitives", "fares", "clearing", "wire"]),
    (
        "farehouse",
        &[
            "primitives",
            "fares",
            "ledger",
            "clearing",
            "wire",
            "bank",
            "validator",
            "store",
            "stream",
            "engine",
            "web",
            "citysim",
            "farelab",
        ],
    ),
    ("xtask", &[]),
];

/// Packages (or the beginnings of their names) that bring I/O, clocks, randomness or a runtime.
const BANNED_BELOW: &[&str] = &[
    "tokio",
    "sqlx",
    "rdkafka",
    "axum",
    "hyper",
    "reqwest",
    "tower",
    "mio",
    "async-std",
    "rand",
    "getrandom",
    "iana-time-zone",
    "tracing",
    "nix",
    "rustls",
    "openssl",
];

/// What the clippy.toml of every pure crate forbids.
const PURE_BANS: &[&str] = &[
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs::File",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::env::var",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::thread::spawn",
    "std::thread::sleep",
];

/// Edges between crates of the house: importer → imported, of every kind.
type Edges = BTreeMap<String, Vec<String>>;

fn metadata() -> Value {
    let text = output(env!("CARGO"), &["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    serde_json::from_str(&text).expect("cargo metadata prints JSON")
}

fn edges(metadata: &Value) -> Edges {
    let mut edges = Edges::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name").to_owned();
        let manifest = package["manifest_path"].as_str().expect("a path");
        // Whole-system tests and benches may use everything.
        if !manifest.contains("/crates/") {
            continue;
        }
        let inside = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|edge| edge["path"].is_string());
        edges.insert(name, inside.filter_map(|edge| edge["name"].as_str()).map(str::to_owned).collect());
    }
    edges
}

fn forbidden_edges(edges: &Edges) -> Vec<String> {
    let mut complaints = Vec::new();
    for (importer, imported) in edges {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| name == importer) else {
            complaints.push(format!("{importer}: not in the table of floors"));
            continue;
        };
        let forbidden = imported.iter().filter(|name| !allowed.contains(&name.as_str()));
        complaints
            .extend(forbidden.map(|name| format!("{importer} imports {name}, which its floor forbids")));
    }
    let absent = MAY_IMPORT.iter().filter(|(name, _)| !edges.contains_key(*name));
    complaints.extend(absent.map(|(name, _)| format!("{name}: in the table of floors but not in the house")));
    complaints
}

fn banned(tree_of: &str, packages: &str) -> Vec<String> {
    let names = packages.lines().filter_map(|line| line.split_whitespace().next());
    let bad = names.filter(|name| {
        BANNED_BELOW.iter().any(|ban| {
            let rest = name.strip_prefix(ban);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
        })
    });
    bad.map(|name| format!("{tree_of}: brings {name} to the pure floor")).collect()
}

fn loose_pure_crates(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in PURE {
        let clippy = tree.text(&format!("crates/{name}/clippy.toml")).to_owned();
        let missing = PURE_BANS.iter().filter(|ban| !clippy.contains(&format!("\"{ban}\"")));
        complaints.extend(missing.map(|ban| format!("crates/{name}/clippy.toml: does not ban {ban}")));
        let front = tree.text(&format!("crates/{name}/src/lib.rs"));
        if !front.contains("clippy::float_arithmetic") {
            complaints.push(format!("crates/{name}/src/lib.rs: does not deny clippy::float_arithmetic"));
        }
        let sources = tree.0.iter().filter(|(path, _)| path.starts_with(&format!("crates/{name}/src/")));
        for (path, text) in sources.filter(|(path, _)| path.ends_with(".rs")) {
            let code = mask(text, Hide::StringsAndComments);
            let float = code
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .find(|word| ["f32", "f64"].contains(word));
            complaints.extend(float.map(|word| format!("{path}: {word} on the pure floor")));
        }
    }
    complaints
}

/// Test programs that stand in the repository but that `cargo test --workspace` would not run.
fn unreached_tests(tree: &Tree, metadata: &Value) -> Vec<String> {
    let targets = metadata["packages"].as_array().expect("packages").iter();
    let targets = targets.flat_map(|package| package["targets"].as_array().expect("targets"));
    let run: Vec<&str> = targets
        .filter(|target| target["test"] == true)
        .filter_map(|target| target["src_path"].as_str())
        .collect();
    let programs = tree.0.keys().filter(|name| {
        let own = name.starts_with("tests/") && name.matches('/').count() == 2 && name.ends_with("/main.rs");
        own || name.ends_with("/tests/it/main.rs")
    });
    let unreached = programs.filter(|name| !run.iter().any(|path| path.ends_with(&format!("/{name}"))));
    unreached.map(|name| format!("{name}: no test target reaches it")).collect()
}

#[test]
fn arrows_go_down_only() {
    none(forbidden_edges(&edges(&metadata())));
    let sample = BTreeMap::from([
        ("store".to_owned(), vec!["stream".to_owned()]),
        ("primitives".to_owned(), vec!["fares".to_owned()]),
        ("shed".to_owned(), vec![]),
    ]);
    complains(&forbidden_edges(&sample), "store imports stream");
    complains(&forbidden_edges(&sample), "primitives imports fares");
    complains(&forbidden_edges(&sample), "shed: not in the table");
    complains(&forbidden_edges(&sample), "ledger: in the table of floors but not in the house");
}

#[test]
fn the_pure_floor_knows_no_io() {
    for name in PURE {
        let args = [
            "tree",
            "--locked",
            "--package",
            name,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ];
        let packages = output(env!("CARGO"), &args);
        assert!(packages.contains("primitives"), "cargo tree lists the crate itself: {packages}");
        none(banned(name, &packages));
    }
    complains(&banned("fares", "sqlx-core v0.9.0\nchrono v0.4.45"), "fares: brings sqlx-core");
    complains(&banned("fares", "tokio v1.54.0"), "brings tokio");
    none(banned("fares", "randomize v1.0.0\nrust_decimal v1.43.0"));
}

#[test]
fn pure_crates_carry_the_bans() {
    none(loose_pure_crates(&Tree::load()));
    let sample = loose_pure_crates(&Tree::sample(&[
        ("crates/fares/clippy.toml", "disallowed-types = []"),
        ("crates/fares/src/lib.rs", "pub fn half(x: f64) -> f64 { x / 2.0 }"),
    ]));
    complains(&sample, "crates/fares/clippy.toml: does not ban std::time::Instant");
    complains(&sample, "crates/fares/src/lib.rs: does not deny clippy::float_arithmetic");
    complains(&sample, "crates/fares/src/lib.rs: f64");
}

#[test]
fn every_test_program_is_run() {
    none(unreached_tests(&Tree::load(), &metadata()));
    let sample = Tree::sample(&[("tests/lost/main.rs", ""), ("crates/fares/tests/it/main.rs", "")]);
    let nothing = serde_json::json!({ "packages": [] });
    complains(&unreached_tests(&sample, &nothing), "tests/lost/main.rs");
    complains(&unreached_tests(&sample, &nothing), "crates/fares/tests/it/main.rs");
}
