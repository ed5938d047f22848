mod cases;
mod compare;
mod explain;
mod feed;
mod hostile;
mod overlay;
mod score;
mod versions;

use crate::cases::{CaseFile, parse};
use fares::Files;
use std::path::Path;

/// A case file with a header and these lines.
fn case_file(lines: &[&str]) -> CaseFile {
    parse(&case_text(lines)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn case_text(lines: &[&str]) -> String {
    format!("{}\n{}\n", r#"{"header": true, "policy": "minitown"}"#, lines.join("\n"))
}

/// The files of a city of the fixtures.
fn city(name: &str) -> Files {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities").join(name);
    crate::feed::read(&path).expect("a policy of the fixtures")
}

/// The same files with one replaced text, which must be there.
fn edited(mut files: Files, name: &str, old: &str, new: &str) -> Files {
    let text = String::from_utf8(files[name].clone()).expect("UTF-8");
    assert!(text.contains(old), "{name} has no {old:?}");
    files.insert(name.to_owned(), text.replace(old, new).into_bytes());
    files
}
