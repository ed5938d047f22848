//! What may lie where, and how long it may be.

use crate::rust::{Hide, functions, mask};
use crate::tree::Tree;
use crate::{complains, none};
use std::collections::BTreeSet;

const ROOT: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "schemas",
    "benches",
    "fixtures",
    "tests",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    ".ci",
    ".cargo",
    ".gitignore",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];
const FILE_LINES_MAX: usize = 599;
const FUNCTION_LINES_MAX: usize = 80;
/// A test may be longer by its table of cases, which is data.
const TEST_LINES_MAX: usize = 120;
/// Words that say a thing is not done. Spelt in halves, because this file is checked too.
const HALF_DONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

fn strangers_at_the_top(tree: &Tree) -> Vec<String> {
    let tops: BTreeSet<&str> = tree.0.keys().filter_map(|name| name.split('/').next()).collect();
    let unknown =
        tops.iter().filter(|top| !ROOT.contains(top)).map(|top| format!("{top}: not in the root allow-list"));
    let missing =
        ROOT.iter().filter(|top| !tops.contains(*top)).map(|top| format!("{top}: missing at the top"));
    unknown.chain(missing).collect()
}

fn long_files(tree: &Tree) -> Vec<String> {
    let lines = tree.ending(".rs").map(|(name, text)| (name, text.lines().count()));
    lines
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(name, lines)| format!("{name}: {lines} lines, at most {FILE_LINES_MAX}: split it by job"))
        .collect()
}

fn long_functions(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in tree.ending(".rs") {
        let test = name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs");
        let max = if test { TEST_LINES_MAX } else { FUNCTION_LINES_MAX };
        for function in functions(text).into_iter().filter(|function| function.lines > max) {
            let (line, length) = (function.line, function.lines);
            complaints.push(format!("{name}:{line}: `{}` has {length} lines, at most {max}", function.name));
        }
    }
    complaints
}

fn half_done(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in &tree.0 {
        let rust = name.ends_with(".rs");
        let visible = if rust { mask(text, Hide::Strings) } else { text.clone() };
        for (line, text) in visible.lines().enumerate() {
            let word = HALF_DONE.iter().find(|word| has_word(text, word));
            let stub = if rust {
                ["todo!", "unimplemented!"].iter().find(|stub| has_word(text, stub))
            } else {
                None
            };
            if let Some(found) = word.or(stub) {
                complaints.push(format!("{name}:{}: {found}", line + 1));
            }
        }
    }
    complaints
}

fn switched_off_tests(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, text) in tree.ending(".rs") {
        let code = mask(text, Hide::StringsAndComments);
        if code
            .lines()
            .any(|line| line.contains("#[ignore") || line.contains("cfg_attr") && has_word(line, "ignore"))
        {
            complaints.push(format!("{name}: a test is ignored"));
        }
    }
    for (name, text) in tree.ending("js") {
        if [".skip(", ".only(", ".todo("].iter().any(|call| text.contains(call)) {
            complaints.push(format!("{name}: a test is skipped"));
        }
    }
    complaints
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let tail = line[start + word.len()..].chars().next();
        edge(line[..start].chars().next_back()) && (word.ends_with('!') || edge(tail))
    })
}

#[test]
fn only_known_names_stand_at_the_top() {
    none(strangers_at_the_top(&Tree::load()));
    let sample = strangers_at_the_top(&Tree::sample(&[("scratch.py", ""), ("crates/a/b.rs", "")]));
    complains(&sample, "scratch.py: not in the root allow-list");
    complains(&sample, "LICENSE: missing");
}

#[test]
fn files_stay_below_600_lines() {
    none(long_files(&Tree::load()));
    let at_limit = "x\n".repeat(FILE_LINES_MAX);
    none(long_files(&Tree::sample(&[("a.rs", &at_limit)])));
    complains(&long_files(&Tree::sample(&[("a.rs", &format!("{at_limit}x\n"))])), "a.rs: 600 lines");
}

#[test]
fn functions_stay_within_80_lines() {
    none(long_functions(&Tree::load()));
    let function = |lines: usize| format!("fn f() {{\n{}}}\n", "x;\n".repeat(lines - 2));
    none(long_functions(&Tree::sample(&[("a.rs", &function(FUNCTION_LINES_MAX))])));
    complains(
        &long_functions(&Tree::sample(&[("a.rs", &function(FUNCTION_LINES_MAX + 1))])),
        "a.rs:1: `f` has 81",
    );
}

#[test]
fn nothing_says_it_is_half_done() {
    none(half_done(&Tree::load()));
    complains(&half_done(&Tree::sample(&[("a.rs", &format!("\n// {}: later", HALF_DONE[0]))])), "a.rs:2");
    complains(&half_done(&Tree::sample(&[("a.sql", &format!("-- {}", HALF_DONE[1]))])), "a.sql:1");
    complains(
        &half_done(&Tree::sample(&[("a.rs", "fn f() { unimplemented!() }")])),
        "a.rs:1: unimplemented!",
    );
    none(half_done(&Tree::sample(&[("a.rs", "let x = \"todo!\"; // a mastodon")])));
}

#[test]
fn no_test_is_switched_off() {
    none(switched_off_tests(&Tree::load()));
    complains(&switched_off_tests(&Tree::sample(&[("a.rs", "#[test]\n#[ignore]\nfn f() {}")])), "a.rs");
    complains(&switched_off_tests(&Tree::sample(&[("a.rs", "#[cfg_attr(x, ignore)]\nfn f() {}")])), "a.rs");
    complains(&switched_off_tests(&Tree::sample(&[("a.mjs", "test.skip('x')")])), "a.mjs");
    none(switched_off_tests(&Tree::sample(&[("a.rs", "// #[ignore] is not used here")])));
}
