//! What the load says of files that are well formed one by one.

use super::transfers::{HEADER, changing};
use super::*;

/// The messages about one file: errors when it does not load, else warnings.
fn said(files: &Files, file: &str) -> Vec<String> {
    let found = match load(files) {
        Ok(policy) => lines(policy.warnings()),
        Err(errors) => lines(&errors),
    };
    found.into_iter().filter_map(|line| Some(line.strip_prefix(file)?.to_owned())).collect()
}

fn check(files: &Files, file: &str, expect: &[&str]) {
    let found = said(files, file);
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "found {found:?}, expected {expect:?}");
    }
}

#[test]
fn a_rule_that_another_one_hides_is_never_reached() {
    let header = "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority\n";
    let rules = |rows: &str| town_with("fare_leg_rules.txt", &format!("{header}{rows}"));
    let others = "bus,,,,flat,0\n";
    let hidden = |line: u64, by: u64| {
        format!(":{line} rule_priority: the rule is never reached: line {by} matches wherever it does")
    };
    let check = |rows: &str, expect: &[String]| {
        let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
        check(&rules(&format!("{others}{rows}")), "fare_leg_rules.txt", &expect);
    };
    check("rail,n,s,,long,1\nrail,,,,short,0\n", &[]);
    check("rail,n,s,,long,0\nrail,n,s,,short,1\n", &[hidden(3, 4)]);
    check("rail,n,s,,long,0\nrail,n,,,short,1\n", &[hidden(3, 4)]);
    check("rail,n,s,peak,long,0\nrail,,,,short,1\n", &[hidden(3, 4)]);
    check("rail,n,s,,long,0\n,,,,short,1\n", &[hidden(2, 4), hidden(3, 4)]);
    // One that holds at times only, one of another place, and one of the same priority hide nothing.
    check("rail,n,s,,long,0\nrail,n,s,peak,short,1\n", &[]);
    check("rail,n,s,,long,0\nrail,n,m,,short,1\n", &[]);
    check("rail,n,s,,long,1\nrail,n,s,,short,1\n", &[]);
}

#[test]
fn a_product_below_zero_belongs_to_transfer_rules() {
    check(
        &changing(HEADER, &["bus,rail,,,,1,off"]),
        "fare_products.txt",
        &[
            ":0 fare_product_id: no rule sells product `dear`",
            ":0 fare_product_id: no rule sells product `nine`",
            ":0 fare_product_id: no rule sells product `other1`",
            ":0 fare_product_id: no rule sells product `short`",
            ":0 fare_product_id: no rule sells product `through`",
            ":0 fare_product_id: no rule sells product `up1`",
            ":0 fare_product_id: no rule sells product `up2`",
        ],
    );
    let mut files = changing(HEADER, &["bus,rail,,,,1,off"]);
    let rules = "leg_group_id,network_id,fare_product_id,rule_priority\nbus,bus,flat,1\ntram,tram,off,1\nrail,rail,long,1\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    check(&files, "fare_leg_rules.txt", &[":3 fare_product_id: the product costs less than nothing"]);
    let mut files = changing(HEADER, &["bus,rail,,,,1,off"]);
    let incomplete = "network_id,kind,charge,fare_product_id\nrail,missing_exit,product,off\n";
    files.insert("incomplete_journeys.txt".into(), incomplete.into());
    check(&files, "incomplete_journeys.txt", &[":0 fare_product_id: product `off` costs less than nothing"]);
}

#[test]
fn a_rule_for_after_a_change_that_no_change_leads_to_is_never_used() {
    let rules = "leg_group_id,network_id,fare_product_id,rule_priority,transfer_only\n\
                 bus,bus,flat,1,0\ntram,tram,tramway,1,0\nrail,rail,long,1,0\nonward,rail,up1,1,1\n";
    let check = |row: &str, expect: &[&str]| {
        let mut files = changing(HEADER, &[row]);
        files.insert("fare_leg_rules.txt".into(), rules.into());
        check(&files, "fare_leg_rules.txt", expect);
    };
    check(
        "bus,rail,,,,0,",
        &[":5 transfer_only: the rule is never used: no transfer leads to its leg group"],
    );
    check("bus,onward,,,,1,", &[]);
    check("bus,,,,,1,", &[]);
}

#[test]
fn a_card_or_an_app_should_have_a_name() {
    let media = "fare_media_id,fare_media_name,fare_media_type\ncard,,2\ncash,,0\napp,,4\nring,Ring,2\n";
    let found = ":2 fare_media_name: riders know a card or an app by its name";
    check(&town_with("fare_media.txt", media), "fare_media.txt", &[found, &found.replace(":2", ":4")]);
}

#[test]
fn bands_hold_on_the_calendar_date_and_not_on_the_service_day() {
    let rules =
        "network_id,from_timeframe_group_id,fare_product_id,rule_priority\nbus,,flat,0\nbus,night,long,1\n";
    let mut files = town_with("fare_leg_rules.txt", rules);
    let frames = "timeframe_group_id,start_time,end_time,service_id\nnight,00:00:00,04:00:00,weekday\n";
    files.insert("timeframes.txt".into(), frames.into());
    let policy = loaded(&files);
    let check = |date: &str, expect: &str| {
        let leg = Leg { start: at(date, 1, 0, 0), ..ride("B1 - - adult card") };
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{date}");
    };
    // One in the morning of a Saturday still belongs to Friday's service, and that of a Monday to Sunday's.
    check("2026-03-06", "9000 9000");
    check("2026-03-07", "5000 5000");
    check("2026-03-09", "9000 9000");
}
