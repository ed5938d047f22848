//! Explanations as text and as data.

use super::city;
use crate::cases::parse_one;
use crate::check::check;
use crate::explain::{LANGUAGES, Language, explain};

const CASE: &str = r#"{"rider":"student","medium":"card","legs":[
    {"route":"B1","start":"2026-03-02T08:00:00+07:00","from":{"stop":"H1"}},
    {"network":"tram","start":"2026-03-02T09:00:00+07:00"}]}"#;

#[test]
fn each_leg_has_its_price_and_its_rules() {
    let case = parse_one(CASE).unwrap_or_else(|errors| panic!("{errors:?}"));
    let explained = explain(&city("minitown"), &case).expect("explained");
    let text = explained.text(LANGUAGES).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "1. B1 at 2026-03-02T08:00:00+07:00: rider 3000 VND, Town programme 3000 VND, together 6000 VND"
    );
    assert!(text.contains("2. tram: unknown (no_route: the policy has no network `tram`)"), "{text}");
    assert!(text.ends_with("total 3000 VND, 1 leg unknown"), "{text}");
    let json = explained.json(&[Language::English]).expect("JSON");
    assert_eq!(json["total"], 3000);
    assert_eq!(json["legs"][0]["fare"]["funded"][0]["party"], "town");
    assert_eq!(json["legs"][0]["rules"][0], "fare_leg_rules:2");
    assert_eq!(json["legs"][1]["unknown"], "no_route");
    assert_eq!(json["legs"][0]["sentences"]["vi"], serde_json::Value::Null);
    let english = json["legs"][0]["sentences"]["en"][0].as_str().expect("a sentence");
    assert!(english.starts_with("You pay 3.000 đ"), "{english}");
    assert!(text.contains("\n   vi: ") && text.contains(&format!("\n   en: {english} ")), "{text}");
    assert!(text.contains("\n   - rule row=fare_leg_rules:2 product=bus_single"), "{text}");
}

#[test]
fn a_check_lists_everything_with_its_place() {
    let files = super::edited(city("minitown"), "stop_areas.txt", "east,S3", "east,S9");
    let files = super::edited(files, "areas.txt", "area_id,area_name", "area_id,colour");
    let found = check(&files);
    let text = found.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "areas.txt:1 colour: the column is not part of the format that is read",
            "stop_areas.txt:4 stop_id: there is no stop in stops.txt `S9`",
            "2 errors, 0 warnings",
        ]
    );
    assert_eq!(found.json()["errors"][1]["column"], "stop_id");
    let mut missing = city("minitown");
    missing.remove("stops.txt");
    assert!(check(&missing).to_string().contains("stops.txt: the file is missing\n"));

    let fine = check(&city("minitown"));
    assert_eq!((fine.errors.len(), fine.policy.as_deref()), (0, Some("minitown-1")));
    assert!(fine.to_string().ends_with(&format!("minitown-1: 0 errors, {} warnings", fine.warnings.len())));
}
