mod cases;
mod compare;
mod explain;
mod feed;
mod hostile;
mod overlay;
mod pages;
mod score;
mod versions;

use crate::cases::{CaseFile, parse};
use fares::Files;
use std::path::{Path, PathBuf};

/// A case file with a header and these lines.
fn case_file(lines: &[&str]) -> CaseFile {
    parse(&case_text(lines)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn case_text(lines: &[&str]) -> String {
    format!("{}\n{}\n", r#"{"header": true, "policy": "minitown"}"#, lines.join("\n"))
}

/// The folder of the cities of the fixtures.
fn cities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities")
}

/// The files of a city of the fixtures.
fn city(name: &str) -> Files {
    crate::feed::read(&cities().join(name)).expect("a policy of the fixtures")
}

/// The same files with one replaced text, which must be there.
fn edited(mut files: Files, name: &str, old: &str, new: &str) -> Files {
    let text = String::from_utf8(files[name].clone()).expect("UTF-8");
    assert!(text.contains(old), "{name} has no {old:?}");
    files.insert(name.to_owned(), text.replace(old, new).into_bytes());
    files
}
