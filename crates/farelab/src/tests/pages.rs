//! The page that writes a first policy writes one that loads and costs what it says.

use crate::cases::parse;
use crate::check::check;
use crate::score::{Options, score};
use fares::Files;

/// The files of the page: a name in bold, then a block.
fn files(page: &str) -> Files {
    let named = page.split("\n**`").skip(1).map(|rest| {
        let (name, rest) = rest.split_once("`**\n```csv\n").expect("a name and a block");
        let (text, _) = rest.split_once("```").expect("the block ends");
        (name.to_owned(), text.as_bytes().to_vec())
    });
    named.collect()
}

#[test]
fn the_first_policy_loads_and_costs_what_its_page_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fares/first-policy.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let files = files(&page);
    let findings = check(&files).to_string();
    assert!(page.contains(&format!("$ farehouse fares check town\n{}\n", findings.trim_end())), "{findings}");
    let cases = page.split("```jsonl\n").nth(1).and_then(|rest| rest.split("```").next()).expect("cases");
    let cases = parse(cases).expect("a case file");
    let score = score(&[files], &cases, Options { legs: true }).expect("a score");
    assert!(score.is_perfect(), "{score}");
    assert!(page.contains(&format!("--policy town\n{}\n", score.summary())), "{}", score.summary());
}
