//! The pages for policy authors name every file and column that is read.

use crate::support::read_folder;
use fares::format::{FILES, IGNORED_FILES};
use std::sync::LazyLock;

/// Every page of the folder, one after the other.
static PAGES: LazyLock<String> = LazyLock::new(|| {
    let pages = read_folder("docs/fares").into_iter().filter(|(name, _)| name.ends_with(".md"));
    pages.map(|(_, bytes)| String::from_utf8(bytes).unwrap() + "\n## end\n").collect()
});

/// The part of the pages under the heading of one file.
fn section(file: &str) -> &'static str {
    let heading = format!("### `{file}`");
    let start = PAGES.find(&heading).unwrap_or_else(|| panic!("no section {heading}"));
    let rest = &PAGES[start + heading.len()..];
    &rest[..rest.find("\n### ").or_else(|| rest.find("\n## ")).unwrap_or(rest.len())]
}

#[test]
fn every_file_has_a_section_with_every_column_and_an_example() {
    for spec in FILES {
        let section = section(spec.name);
        for column in spec.columns {
            assert!(section.contains(&format!("| `{}` |", column.name)), "{} {}", spec.name, column.name);
        }
        let example = section.split("```").nth(1).unwrap_or_else(|| panic!("{}: no example", spec.name));
        let header = example.trim_start_matches("csv\n").lines().next().unwrap_or("");
        for name in header.split(',') {
            assert!(spec.columns.iter().any(|column| column.name == name), "{} example: {name:?}", spec.name);
        }
    }
    for file in IGNORED_FILES {
        assert!(PAGES.contains(&format!("`{file}`")), "{file}");
    }
}

#[test]
fn the_pages_give_the_word_of_every_unknown_fare() {
    for reason in fares::UnknownFare::ALL {
        assert!(PAGES.contains(&format!("| `{}` |", reason.word())), "{}", reason.word());
    }
}
