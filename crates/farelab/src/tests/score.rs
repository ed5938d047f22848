//! Verdicts: right, wrong, unknown, and what a report says of them.

use super::{case_file, city};
use crate::pricing::LabError;
use crate::score::{Options, Score, Verdict, score};

fn scored(lines: &[String], legs: bool) -> Score {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    score(&[city("minitown")], &case_file(&lines), Options { legs }).expect("a score")
}

fn line(id: &str, legs: &[&str], expect: &str) -> String {
    let legs: Vec<String> = legs
        .iter()
        .map(|fields| {
            format!(r#"{{"start":"2026-03-02T08:00:00+07:00","end":"2026-03-02T08:20:00+07:00",{fields}}}"#)
        })
        .collect();
    let legs = legs.join(",");
    format!(r#"{{"id":"{id}","rider":"student","medium":"card","legs":[{legs}],"expect":{expect}}}"#)
}

const BUS: &str = r#""route":"B1""#;
const METRO: &str = r#""network":"metro","from":{"stop":"S1"},"to":{"stop":"S2"}"#;
/// Nobody says what the metro costs between unknown stops.
const NOWHERE: &str = r#""network":"metro","from":{"stop":"X"},"to":{"stop":"Y"}"#;

#[test]
fn a_case_is_right_when_every_figure_is_met() {
    let check = |legs: &[&str], expect: &str, verdict: Verdict| {
        let score = scored(&[line("a", legs, expect)], false);
        assert_eq!(score.cases[0].verdict, verdict, "{legs:?} {expect}: {:?}", score.cases[0]);
    };
    // Bus 3000; metro half of 7000, rounded up to 500.
    check(&[BUS], r#"{"total":3000}"#, Verdict::Right);
    check(&[BUS], r#"{"total":3000,"surcharge":0}"#, Verdict::Right);
    check(&[BUS], r#"{"total":3000,"surcharge":1}"#, Verdict::Wrong);
    check(&[BUS], r#"{"total":6000}"#, Verdict::Wrong);
    check(&[BUS, METRO], r#"{"total":6500,"legs":[3000,3500]}"#, Verdict::Right);
    check(&[BUS, METRO], r#"{"legs":[3000,3500]}"#, Verdict::Right);
    check(&[BUS, METRO], r#"{"total":6500,"legs":[3500,3000]}"#, Verdict::Right);
    // A fare the case knows and the policy does not.
    check(&[BUS, NOWHERE], r#"{"total":6500,"legs":[3000,3500]}"#, Verdict::Unknown);
    check(&[BUS, NOWHERE], r#"{"total":3000,"legs":[3000,0]}"#, Verdict::Unknown);
    check(&[BUS, NOWHERE], r#"{"total":6500}"#, Verdict::Unknown);
    // A fare that nobody knows.
    check(&[BUS, NOWHERE], r#"{"total":3000,"legs":[3000,null]}"#, Verdict::Right);
    check(&[BUS, NOWHERE], r#"{"total":3000}"#, Verdict::Right);
    check(&[NOWHERE], r#"{"total":0,"legs":[null]}"#, Verdict::Right);
    check(&[BUS, METRO], r#"{"total":6500,"legs":[6500,null]}"#, Verdict::Wrong);
    // Nothing known is not nothing to pay.
    check(&[NOWHERE], r#"{"total":0}"#, Verdict::Unknown);
    check(&[r#""network":"tram""#], r#"{"total":0}"#, Verdict::Unknown);
}

#[test]
fn another_split_is_shown_and_wrong_only_when_asked() {
    let case = line("a", &[BUS, METRO], r#"{"total":6500,"legs":[3500,3000]}"#);
    let loose = scored(std::slice::from_ref(&case), false);
    assert!(loose.is_perfect() && loose.cases[0].is_split());
    assert!(
        loose.to_string().starts_with("split a: expected 6500 = 3500 + 3000; got 6500 = 3000 + 3500; rules ")
    );
    let strict = scored(&[case], true);
    assert_eq!(strict.cases[0].verdict, Verdict::Wrong);
}

#[test]
fn amounts_of_legs_may_leave_their_surcharge_out() {
    let mut files = city("minitown");
    let rows = "surcharge_id,network_id,amount\nhill,bus,1000\n";
    files.insert("fare_surcharges.txt".into(), rows.into());
    let check = |expect: &str, verdict: Verdict, split: bool| {
        let cases = case_file(&[&line("a", &[BUS, METRO], expect)]);
        let score = score(std::slice::from_ref(&files), &cases, Options::default()).expect("a score");
        assert_eq!((score.cases[0].verdict, score.cases[0].is_split()), (verdict, split), "{expect}");
    };
    check(r#"{"total":7500,"legs":[4000,3500],"surcharge":1000}"#, Verdict::Right, false);
    check(r#"{"total":7500,"legs":[3000,3500],"surcharge":1000}"#, Verdict::Right, false);
    check(r#"{"total":7500,"legs":[3500,3000],"surcharge":1000}"#, Verdict::Right, true);
    check(r#"{"total":7500,"legs":[3000,4500],"surcharge":1000}"#, Verdict::Right, true);
    check(r#"{"total":7500,"legs":[3000,3500],"surcharge":900}"#, Verdict::Wrong, false);
}

#[test]
fn a_report_tells_every_case_that_is_not_right() {
    let score = scored(
        &[
            line("good", &[BUS], r#"{"total":3000}"#),
            line("dear", &[BUS], r#"{"total":2500,"surcharge":0}"#),
            line("lost", &[BUS, NOWHERE], r#"{"legs":[3000,100]}"#),
            line("tram", &[r#""network":"tram""#], r#"{"total":100}"#).replace("}}", r#"},"note":"gone"}"#),
        ],
        false,
    );
    let text = score.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        "wrong dear: expected 2500 (surcharge 0); got 3000 (surcharge 0); rules fare_leg_rules:2 fare_products:2 rider_discounts:2"
    );
    assert!(lines[1].starts_with(
        "unknown lost: expected 3000 + 100; got 3000 = 3000 + ?; leg 2 unknown: no_rule; rules "
    ));
    assert_eq!(
        lines[2],
        "unknown tram: expected 100; got ?; leg 1 unknown: no_route: the policy has no network `tram`; note: gone"
    );
    assert_eq!(lines[3], "1 right, 1 wrong, 2 unknown");
    assert!(!score.is_perfect());
    let json = score.cases[1].json();
    assert_eq!(json["verdict"], "wrong");
    assert_eq!(json["got"]["total"], 3000);
    assert_eq!(json["rules"][0][0], "fare_leg_rules:2");
}

#[test]
fn a_case_is_priced_by_the_version_that_holds_when_its_first_leg_begins() {
    let dated = |id: &str, day: &str, total: &str| {
        line(id, &[BUS], &format!(r#"{{"total":{total}}}"#)).replace("2026-03-02", day)
    };
    let header = "policy_id,valid_from,valid_until,timezone,currency,day_start_time,anchor\n";
    let town = |id: &str, days: &str, student: &str| {
        let mut files = super::edited(city("minitown"), "rider_discounts.txt", "bus,1,3000", student);
        let row = format!("{header}{id},{days},Asia/Ho_Chi_Minh,VND,04:00:00,leg_start\n");
        files.insert("fare_policies.txt".into(), row.into_bytes());
        files
    };
    let versions = [
        town("now", "2026-02-01,2026-04-01", "bus,1,3000"),
        town("next", "2026-04-01,2026-05-01", "bus,1,3500"),
    ];
    let lines = [
        dated("late", "2026-04-01", "3500"),
        dated("now", "2026-03-31", "3000"),
        dated("before", "2026-01-31", "3000"),
        dated("after", "2026-05-01", "3000"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let score = score(&versions, &case_file(&lines), Options::default()).expect("a score");
    assert!(score.is_perfect(), "{score}");
    let by: Vec<[&str; 2]> =
        score.cases.iter().map(|case| [case.id.as_str(), case.policy.as_str()]).collect();
    assert_eq!(by, [["late", "next"], ["now", "now"], ["before", "now"], ["after", "now"]]);
}

#[test]
fn the_errors_of_a_policy_are_told_with_its_own_lines() {
    let files = super::edited(city("minitown"), "stop_areas.txt", "east,S3", "east,S9");
    let cases = case_file(&[&line("a", &[NOWHERE], r#"{"total":1}"#)]);
    let Err(LabError::Policy(errors)) = score(std::slice::from_ref(&files), &cases, Options::default())
    else {
        panic!("it loads")
    };
    assert_eq!(errors[0].to_string(), "stop_areas.txt:4 stop_id: there is no stop in stops.txt `S9`");
}

#[test]
fn the_case_files_of_the_fixtures_are_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cases");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = std::fs::read_to_string(&path).expect("text");
            let cases = crate::cases::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
            assert!(cases.strangers.is_empty() && !cases.cases.is_empty(), "{path:?}");
            let folder = super::cities().join(cases.policy.as_deref().expect("a policy"));
            let versions = crate::feed::read_versions(&folder).expect("a policy of the fixtures");
            let score = score(&versions, &cases, Options { legs: true }).expect("a score");
            assert!(score.is_perfect(), "{path:?}:\n{score}");
            files += 1;
        }
    }
    assert!(files > 1);
}
