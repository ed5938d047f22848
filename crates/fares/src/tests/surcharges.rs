//! What is added to a fare.

use super::*;

/// The town with these surcharges; its railway costs 6000 or 9000, half for seniors.
fn charged(columns: &str, rows: &str) -> Policy {
    loaded(&town_with("fare_surcharges.txt", &format!("surcharge_id,amount,{columns}\n{rows}\n")))
}

/// The fare of a ride, and the surcharge in it.
fn check(policy: &Policy, words: &str, fare: &str, surcharge: i64) {
    let priced = priced(policy, ride(words));
    assert_eq!((shown(&priced.fare).as_str(), priced.surcharge), (fare, minor(surcharge)), "{words}");
}

#[test]
fn a_surcharge_is_for_where_a_ride_begins_and_ends() {
    let plain = price(&loaded(&town()), &[ride("R N S adult card")]);
    let Fare::Known { rider, .. } = plain[0].fare else { panic!("a known fare") };
    let policy = charged("from_stop_id,to_stop_id", "gate,1000,N,\ngate,400,N,M\ngate,700,,S\n");
    let with = |surcharge: i64| rider.plus(minor(surcharge)).unwrap();
    // The pair says more than one side; of two rows with one side the first by key is taken.
    let paid = priced(&policy, ride("R N M adult card"));
    assert_eq!(paid.surcharge, minor(400));
    assert_eq!(paid.rules.last().map(|rule| rule.as_str()), Some("fare_surcharges:3"));
    let far = priced(&policy, ride("R N S adult card"));
    assert_eq!(far.surcharge, minor(700));
    assert_eq!(shown(&far.fare), format!("{0} {0}", with(700)));
    assert_eq!(priced(&policy, ride("R M N adult card")).surcharge, minor(0));
    assert_eq!(priced(&policy, ride("B1 - - adult card")).surcharge, minor(0));
}

#[test]
fn different_surcharges_add_up_and_areas_and_selectors_choose() {
    let policy = charged("from_area_id,network_id", "gate,1000,n,\nnight,50,,rail\nbus,7,,bus\n");
    check(&policy, "B1 - - adult card", &shown_with(7, "B1 - - adult card"), 7);
    check(&policy, "R N S adult card", &shown_with(1050, "R N S adult card"), 1050);
    check(&policy, "R M S adult card", &shown_with(50, "R M S adult card"), 50);
}

/// The town's own fare with something added.
fn shown_with(added: i64, words: &str) -> String {
    let priced = priced(&loaded(&town()), ride(words));
    let Fare::Known { gross, rider, .. } = priced.fare else { panic!("a known fare") };
    let more = |amount: Minor| amount.plus(minor(added)).unwrap();
    format!("{} {}", more(gross), more(rider))
}

#[test]
fn a_discountable_surcharge_is_part_of_the_fare() {
    let policy = charged("network_id,discountable", "line,500,bus,1\n");
    check(&policy, "B1 - - adult card", &shown_with(500, "B1 - - adult card"), 0);
}

#[test]
fn the_file_is_checked() {
    let errors = |rows: &str| {
        let text = format!("surcharge_id,amount,from_stop_id\n{rows}");
        lines(&load(&town_with("fare_surcharges.txt", &text)).unwrap_err())
    };
    assert_eq!(errors("a,1000,X\n").len(), 1);
    assert!(errors("a,-1,N\n")[0].contains("below zero"));
    assert!(errors("a,,N\n")[0].contains("the field is empty"));
    assert!(errors("a,1,N\na,2,N\n")[0].contains("the same key"));
}
