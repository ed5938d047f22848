use super::words::{day, proof};
use super::*;
use crate::{Proof, rider_for};

const HEADER: &str = "rider_category_id,evidence_kind,network_id,registry_id,age_from,age_until,valid_from,valid_until,\
                      renewal_days,grace_days,fallback_rider_category_id,priority";

fn files(rows: &[&str]) -> Files {
    town_with("rider_eligibility.txt", &format!("{HEADER}\n{}\n", rows.join("\n")))
}

/// The categories that proofs, one a line, allow on 2 March 2026 on the bus.
fn check(rows: &[&str], proofs: &[&str], expect: &str) {
    check_at(rows, proofs, "bus", "2026-03-02", expect);
}

fn check_at(rows: &[&str], proofs: &[&str], network: &str, date: &str, expect: &str) {
    let policy = loaded(&files(rows));
    let proofs: Vec<Proof> = proofs.iter().map(|words| proof(words)).collect();
    let found = policy.categories_for(&proofs, network, day(date));
    let found: Vec<&str> = found.iter().map(Text::as_str).collect();
    assert_eq!(found.join(" "), expect, "{rows:?} {proofs:?} {network} {date}");
}

#[test]
fn a_proof_of_the_kind_opens_the_category() {
    let rows = ["student,school_card,,,,,,,,,adult,"];
    check(&rows, &["school_card"], "student adult");
    check(&rows, &["citizen_id"], "adult");
    check(&rows, &[], "adult");
    check(&["student,none,,,,,,,,,,"], &[], "student adult");
    // A row without a kind says only what the category falls back to.
    check(&["student,,,,,,,,,,adult,"], &["school_card"], "adult");
    // One category may be proved in several ways.
    let ways = ["student,school_card,,,,,,,,,adult,", "student,student_registration,,,,,,,,,adult,"];
    check(&ways, &["student_registration", "school_card"], "student adult");
}

#[test]
fn ages_begin_with_the_first_and_end_before_the_last() {
    let elderly = ["free,citizen_id,,,60,,,,,,,"];
    check(&elderly, &["citizen_id age=59"], "adult");
    check(&elderly, &["citizen_id age=60"], "free adult");
    check(&elderly, &["citizen_id"], "adult");
    let child = ["free,guardian,,,,6,,,,,,"];
    check(&child, &["guardian age=5"], "free adult");
    check(&child, &["guardian age=6"], "adult");
    // What age counts is data of the network and the day.
    let by_network = ["free,citizen_id,bus,,60,,,,,,,", "free,citizen_id,rail,,70,,,,,,,"];
    check_at(&by_network, &["citizen_id age=65"], "bus", "2026-03-02", "free adult");
    check_at(&by_network, &["citizen_id age=65"], "rail", "2026-03-02", "adult");
    let by_day = ["free,citizen_id,,,70,,,2026-03-01,,,,", "free,citizen_id,,,60,,2026-03-02,,,,,"];
    check_at(&by_day, &["citizen_id age=65"], "bus", "2026-03-01", "adult");
    check_at(&by_day, &["citizen_id age=65"], "bus", "2026-03-02", "free adult");
    check_at(&by_day, &["citizen_id age=70"], "bus", "2026-03-01", "free adult");
}

#[test]
fn a_proof_holds_to_its_last_day_and_the_grace_after_it() {
    let rows = ["student,school_card,,,,,,,,10,adult,"];
    let card = "school_card from=2025-09-05 until=2026-05-31";
    let at = |date: &str, expect: &str| check_at(&rows, &[card], "bus", date, expect);
    at("2025-09-04", "adult");
    at("2025-09-05", "student adult");
    at("2026-05-31", "student adult");
    at("2026-06-10", "student adult");
    at("2026-06-11", "adult");
    // Renewed every 30 days, first on 2 March.
    let renewed = ["student,student_registration,,,,,,,30,,free,"];
    let registration = ["student_registration from=2026-03-02"];
    check_at(&renewed, &registration, "bus", "2026-03-31", "student adult");
    // Whose proof has lapsed rides as what the row falls back to.
    check_at(&renewed, &registration, "bus", "2026-04-01", "free adult");
    check_at(
        &renewed,
        &["student_registration from=2026-03-02", "student_registration from=2026-04-01"],
        "bus",
        "2026-04-01",
        "student adult",
    );
    // Without a proof of the kind there is nothing to fall back from.
    check_at(&renewed, &["school_card"], "bus", "2026-04-01", "adult");
}

#[test]
fn a_register_may_have_to_confirm_the_proof() {
    let rows = ["free,poor_household_list,,list-2026,,,,,,,,"];
    check(&rows, &["poor_household_list registry=list-2026"], "free adult");
    check(&rows, &["poor_household_list registry=list-2025"], "adult");
    check(&rows, &["poor_household_list"], "adult");
}

#[test]
fn the_lawfully_cheapest_category_rides_and_at_one_price_the_one_of_higher_priority() {
    let rows = ["student,school_card,,,,,,,,,adult,", "free,disability_paper,rail,,,,,,,,,"];
    let policy = loaded(&files(&rows));
    let check = |proofs: &[&str], words: &str, expect: &str| {
        let proofs: Vec<Proof> = proofs.iter().map(|words| proof(words)).collect();
        assert_eq!(rider_for(&policy, &proofs, &ride(words)).as_str(), expect, "{proofs:?} {words}");
    };
    let both = ["school_card", "disability_paper"];
    check(&both, "B1 - - adult card", "student");
    check(&both, "R N S adult card", "free");
    check(&["school_card"], "R N S free card", "student");
    check(&[], "R N S student card", "adult");
    // No price at all: the default category.
    check(&both, "B9 - - adult card", "adult");
    // At one price the higher priority, then the id.
    let discounts = "rider_category_id,fixed_amount,funded_by\nstudent,0,city\nfree,0,city\n";
    let same = |rows: [&str; 2]| {
        let mut files = files(&rows);
        files.insert("rider_discounts.txt".into(), discounts.into());
        let proofs = [proof("school_card"), proof("disability_paper")];
        rider_for(&loaded(&files), &proofs, &ride("B1 - - adult card")).to_string()
    };
    assert_eq!(same(["student,school_card,,,,,,,,,adult,", "free,disability_paper,,,,,,,,,,"]), "free");
    assert_eq!(same(["student,school_card,,,,,,,,,adult,1", "free,disability_paper,,,,,,,,,,"]), "student");
}

#[test]
fn a_category_without_a_price_pays_what_its_row_falls_back_to() {
    let mut files = files(&["student,,rails,,,,,,,,adult,", "student,,bus,,,,,,,,free,"]);
    files.insert(
        "rider_discounts.txt".into(),
        "rider_category_id,fixed_amount,funded_by\nfree,0,city\n".into(),
    );
    let products = "fare_product_id,rider_category_id,amount,currency\nflat,adult,5000,VND\nshort,adult,6000,VND\nlong,adult,9000,VND\n";
    files.insert("fare_products.txt".into(), products.into());
    files.insert(
        "selector_sets.txt".into(),
        b"set_id,set_kind,element_id,exclude\nrails,network,bus,1\n".to_vec(),
    );
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "R N S student card"), "9000 9000");
    assert_eq!(fare(&policy, "B1 - - student card"), "5000 0 9:5000");
}

#[test]
fn a_row_that_cannot_be_read_is_refused_with_its_column() {
    let check = |row: &str, expect: &str| {
        let errors = lines(&load(&files(&[row])).unwrap_err());
        assert!(errors.iter().any(|error| error.starts_with(expect)), "{row}: {errors:?}");
    };
    check("king,none,,,,,,,,,,", "rider_eligibility.txt:2 rider_category_id: there is no category");
    check("adult,none,,,,,,,,,,", "rider_eligibility.txt:2 rider_category_id: the default rider");
    check("student,crown,,,,,,,,,,", "rider_eligibility.txt:2 evidence_kind: `crown` is none of");
    check("student,none,sea,,,,,,,,,", "rider_eligibility.txt:2 network_id: there is no such id");
    check("student,none,,,6,,,,,,,", "rider_eligibility.txt:2 age_from: says something of a proof");
    check("student,,,,,,,,,3,adult,", "rider_eligibility.txt:2 grace_days: says something of a proof");
    check("student,citizen_id,,,60,60,,,,,,", "rider_eligibility.txt:2 age_until: not above age_from");
    check(
        "student,citizen_id,,,200,,,,,,,",
        "rider_eligibility.txt:2 age_from: not a whole number from 0 to 150",
    );
    check(
        "student,citizen_id,,,,,20260101,,,,,",
        "rider_eligibility.txt:2 valid_from: not a date YYYY-MM-DD",
    );
    check(
        "student,citizen_id,,,,,2026-01-02,2026-01-01,,,,",
        "rider_eligibility.txt:2 valid_until: before valid_from",
    );
    check(
        "student,citizen_id,,,,,,,,,king,",
        "rider_eligibility.txt:2 fallback_rider_category_id: there is no category",
    );
    let twice = ["student,school_card,,,,,,,,,adult,", "student,school_card,,,,,,,,,free,"];
    let errors = lines(&load(&files(&twice)).unwrap_err());
    assert_eq!(
        errors,
        [
            "rider_eligibility.txt:3 evidence_kind: the same key stands on line 2",
            "rider_eligibility.txt:3 fallback_rider_category_id: another row of this category and network falls back elsewhere",
        ]
    );
}
