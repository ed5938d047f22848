use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Keys with the names of the arguments each uses.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines() {
        let is_key = line.starts_with(|first: char| first.is_ascii_lowercase());
        if let Some((key, _)) = line.split_once(" =").filter(|_| is_key) {
            current = key.to_owned();
            assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{current} stands twice");
        }
        if line.starts_with('#') {
            continue;
        }
        for used in line.split("{ $").skip(1) {
            let name = used.split([' ', '}']).next().unwrap_or("").to_owned();
            keys.get_mut(&current).expect("an argument under a key").insert(name);
        }
    }
    keys
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_arguments() {
    assert_eq!(keys(VI), keys(EN));
    assert!(keys(VI).len() > 100);
    for source in [VI, EN] {
        assert!(FluentResource::try_new(source.to_owned()).is_ok(), "a file does not parse");
    }
}

#[test]
fn every_key_that_code_or_template_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = keys(EN);
    let mut checked = 0;
    for folder in ["src", "src/pages", "templates"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("a text file");
            for call in ["ui.t(\"", "ui.tn(\"", "ui.tf(\"", "i18n::text(lang, \""] {
                for found in source.split(call).skip(1) {
                    let key = found.split('"').next().unwrap_or("");
                    assert!(known.contains_key(key), "{}: no text for {key}", path.display());
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 50, "only {checked} uses found");
}

#[test]
fn every_code_has_a_title_in_both_languages() {
    for code in primitives::Code::ALL {
        let key = crate::problem::title_key(*code);
        assert!(has(Lang::Vi, &key) && has(Lang::En, &key), "no text for {key}");
    }
}

#[test]
fn every_stored_word_has_a_name_in_both_languages() {
    let check = |family: &str, words: &[&str]| {
        for word in words {
            let key = format!("{family}-{}", word.replace('_', "-"));
            assert!(has(Lang::Vi, &key) && has(Lang::En, &key), "no text for {key}");
        }
    };
    check("role", &crate::role::Role::ALL.map(crate::role::Role::word));
    check("unknown", &fares::UnknownFare::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>());
    check("kind", &["bus_boarding", "qr_boarding", "metro_entry", "metro_exit", "school_payment", "top_up"]);
    check("shape", &["ride", "missing_exit", "missing_entry", "second_tap", "cancelled", "no_fare"]);
    check("flag", &["passback", "before_window", "clock_moved", "rate_anomaly", "blocked"]);
    let postings = [
        "fare",
        "rerate",
        "top_up",
        "school_payment",
        "refund",
        "pending_top_up",
        "pass_sale",
        "pass_refund",
        "pass_earned",
        "pass_ended",
        "closing",
        "correction",
        "payout",
        "bank_line",
        "suspense",
        "funding",
    ];
    check("posting", &postings);
    check("item-kind", &["top_up", "payout", "subsidy", "acquirer"]);
    check("rule", &["end_to_end", "reference"]);
    check("party-kind", &["operator", "school"]);
    check("source", &["gateway", "log"]);
}

#[test]
fn the_accepted_language_decides() {
    let check = |header: Option<&str>, expect| assert_eq!(Lang::accepted(header), expect);
    check(None, Lang::En);
    check(Some("vi-VN,vi;q=0.9,en;q=0.8"), Lang::Vi);
    check(Some("fr, en;q=0.5, vi;q=0.4"), Lang::En);
    check(Some("de"), Lang::En);
}
