//! Whether CI really runs what it should.

use crate::tree::{Tree, root};
use crate::{complains, none};
use std::os::unix::fs::PermissionsExt as _;

/// What `.ci/run` must call, in this order.
const STEPS: &[&str] =
    &["cargo fmt --all --check", "cargo clippy --workspace --all-targets", "cargo xtask test"];
/// What would let a failure pass.
const LOOPHOLES: &[&str] = &["|| true", "set +e", "exit 0", "--no-run", "continue-on-error"];

fn lame_ci(tree: &Tree) -> Vec<String> {
    let script = tree.text(".ci/run");
    let commands: Vec<&str> = script.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let mut complaints = Vec::new();
    let mut from = 0;
    for step in STEPS {
        match commands.iter().skip(from).position(|line| line.contains(step)) {
            Some(found) => from += found + 1,
            None => complaints.push(format!(".ci/run: does not call `{step}` where it should")),
        }
    }
    if !script.contains("-D warnings") {
        complaints.push(".ci/run: lints are no errors".to_owned());
    }
    if !script.contains("set -euo pipefail") {
        complaints.push(".ci/run: goes on after a failure".to_owned());
    }
    let holes = LOOPHOLES.iter().filter(|hole| commands.iter().any(|line| line.contains(*hole)));
    complaints.extend(holes.map(|hole| format!(".ci/run: `{hole}` lets a failure pass")));
    complaints
}

/// `cargo xtask test` must hand the gated tests what they need, and run all of them.
fn lame_test_command(tree: &Tree) -> Vec<String> {
    let source = tree.text("crates/xtask/src/commands.rs");
    let needed = [
        "\"--workspace\"",
        "Services::start(true)",
        "FAREHOUSE_CHROMIUM",
        "FAREHOUSE_NODE",
        "ignored > 0",
        "filtered > 0",
    ];
    let missing = needed.iter().filter(|word| !source.contains(*word));
    missing
        .map(|word| format!("crates/xtask/src/commands.rs: `{word}` is gone from the test command"))
        .collect()
}

/// Kinds of tests that need servers. `cargo test --workspace` runs the members only, and `autotests = false` only what is named.
const GATED: &[&str] = &["tests/e2e", "tests/chaos", "tests/web"];

fn lame_members(tree: &Tree) -> Vec<String> {
    let members = tree.text("Cargo.toml");
    let missing = GATED.iter().filter(|folder| !members.contains(&format!("\"{folder}\"")));
    let mut complaints: Vec<String> =
        missing.map(|folder| format!("Cargo.toml: {folder} is no member, so nobody runs it")).collect();
    let idle = GATED.iter().filter(|folder| !tree.text(&format!("{folder}/Cargo.toml")).contains("[[test]]"));
    complaints.extend(idle.map(|folder| format!("{folder}/Cargo.toml: names no test program")));
    complaints
}

#[test]
fn ci_runs_format_lints_and_every_test() {
    none(lame_ci(&Tree::load()));
    let mode = std::fs::metadata(root().join(".ci/run")).expect(".ci/run").permissions().mode();
    assert!(mode & 0o111 != 0, ".ci/run is not executable");

    let lame =
        lame_ci(&Tree::sample(&[(".ci/run", "cargo xtask test || true\n# cargo fmt --all --check\n")]));
    complains(&lame, "cargo fmt");
    complains(&lame, "cargo clippy");
    complains(&lame, "lints are no errors");
    complains(&lame, "goes on after a failure");
    complains(&lame, "`|| true`");
}

#[test]
fn the_test_command_leaves_nothing_out() {
    none(lame_test_command(&Tree::load()));
    none(lame_members(&Tree::load()));
    let gone = [("Cargo.toml", "members = [\"tests/e2e\"]"), ("tests/e2e/Cargo.toml", "[[test]]")];
    complains(&lame_members(&Tree::sample(&gone)), "tests/chaos is no member");
    complains(&lame_members(&Tree::sample(&gone)), "tests/web/Cargo.toml: names no test program");
    let lame = [("crates/xtask/src/commands.rs", "command.args([\"test\"])")];
    complains(&lame_test_command(&Tree::sample(&lame)), "--workspace");
    complains(&lame_test_command(&Tree::sample(&lame)), "FAREHOUSE_CHROMIUM");
}
