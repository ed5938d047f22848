//! Golden scenarios of Ho Chi Minh City whose numbers are invented: a joint price, its shares, a cap, laid over the policy.

use crate::support::{check, city, city_files, legs, moment};
use crate::words::all_shown;
use fares::{Fare, Files, Policy, load, price};
use primitives::{PartyNo, ServiceDate};
use std::collections::BTreeMap;

/// Bus and metro together cost this much less within the hour, and the window is shared in this way.
fn joint(less: i64, funded_by: &str, share: &str) -> Files {
    let mut files = city_files("hcmc");
    let window = format!(
        "window_id,network_id,pricing,starts_at,duration,discount_amount,discount_on,funded_by\n\
         joint,buses_and_metro,discount,arrival,3600,{less},network_change,{funded_by}\n"
    );
    files.insert("fare_windows.txt".into(), window.into());
    if !share.is_empty() {
        let shares = format!("share_id,applies_to,ref_id,method\njoint,window,joint,{share}\n");
        files.insert("revenue_shares.txt".into(), shares.into());
    }
    files
}

/// Gross and rider's part of each leg, and what each operator earns in all.
fn told(policy: &Policy, lines: &str) -> String {
    let legs = legs(policy, lines);
    let priced = price(policy, &legs);
    let mut earned: BTreeMap<PartyNo, i64> = BTreeMap::new();
    for (leg, priced) in legs.iter().zip(&priced) {
        for share in &priced.shares {
            *earned.entry(share.party).or_default() += share.amount.units();
        }
        // A ride that is not shared is its operator's.
        if let (Fare::Known { gross, .. }, true) = (&priced.fare, priced.shares.is_empty()) {
            *earned.entry(policy.route(leg.route.as_str()).unwrap().agency).or_default() += gross.units();
        }
    }
    let earned = earned.iter().map(|(party, amount)| format!(" {party}:{amount}"));
    format!("{} |{}", all_shown(&priced).join(", "), earned.collect::<String>())
}

/// Golden scenario 9: on at 23:50, off at 00:40, on again at 01:10: one service day, the eve's.
#[test]
fn g09_a_night_at_new_year_is_one_service_day() {
    let policy = city("hcmc");
    let eve = ServiceDate::parse("2026-12-31").unwrap();
    for at in ["2026-12-31T23:50", "2027-01-01T00:40", "2027-01-01T01:10", "2027-01-01T03:59:59"] {
        assert_eq!(policy.day_rule().service_date(moment(&policy, at)), eve, "{at}");
    }
    assert_ne!(policy.day_rule().service_date(moment(&policy, "2027-01-01T04:00")), eve);
    check(&policy, "adult card M1 M1-01 M1-14 2026-12-31T23:50 2027-01-01T00:40", "19000");
}

/// Golden scenario 13: bus 7,000 and metro 10,000 for 14,000, shared by cash fares; bus and metro for 14,000, shared by
/// 12,000 m and 9,673 m.
#[test]
fn g13_a_joint_price_is_shared_by_fares_or_by_distance() {
    let by_fare = load(&joint(3_000, "", "full_fare_ratio")).unwrap();
    let lines = "adult cash 10 - - 2026-03-03T08:00 08:30
                 adult cash M1 M1-02 M1-09 2026-03-03T08:40 09:00";
    assert_eq!(told(&by_fare, lines), "7000 7000, 7000 7000 | 1:8235 2:5765");
    let mut files = joint(4_000, "", "distance_ratio");
    let methods = String::from_utf8(files["fare_distance_methods.txt"].clone()).unwrap();
    files.insert(
        "fare_distance_methods.txt".into(),
        format!("{methods}metro_1,matrix,1\nbus_long,matrix,1\n").into(),
    );
    let distances =
        "network_id,from_stop_id,to_stop_id,units\nmetro_1,M1-01,M1-09,9673\nbus_long,M1-14,M1-01,12000\n";
    files.insert("fare_distances.txt".into(), distances.into());
    let by_distance = load(&files).unwrap();
    let lines = "adult cash 10 M1-14 M1-01 2026-03-03T08:00 08:30
                 adult cash M1 M1-01 M1-09 2026-03-03T08:40 09:00";
    assert_eq!(told(&by_distance, lines), "7000 7000, 7000 7000 | 1:6248 2:7752");
}

/// Golden scenario 15: paid by the city instead of the operators, the same discount leaves them their gross fares.
#[test]
fn g15_a_change_paid_by_the_city_leaves_operators_their_fares() {
    let policy = load(&joint(3_000, "city_subsidy", "")).unwrap();
    let lines = "adult card 10 - - 2026-03-03T08:00 08:30
                 adult card M1 M1-02 M1-09 2026-03-03T08:40 09:00";
    assert_eq!(told(&policy, lines), "7000 7000, 9000 6000 20:3000 | 1:9000 2:7000");
    let policy = load(&joint(3_000, "", "")).unwrap();
    assert_eq!(told(&policy, lines), "7000 7000, 6000 6000 | 1:6000 2:7000");
}

/// Golden scenario 16: a daily cap of 40,000, begun anew at 04:00.
#[test]
fn g16_a_daily_cap_leaves_the_third_ride_2000() {
    let mut files = city_files("hcmc");
    let cap = "cap_id,period,limit_amount,per\nday,day,40000,account\n";
    files.insert("fare_caps.txt".into(), cap.into());
    let policy = load(&files).unwrap();
    check(
        &policy,
        "adult card M1 M1-01 M1-14 2026-03-03T08:00 08:40
         adult card M1 M1-14 M1-01 2026-03-03T17:00 17:40
         adult qr 38 - - 2026-03-03T18:00
         adult card 10 - - 2026-03-04T01:00
         adult card 10 - - 2026-03-04T04:00",
        "19000 19000 2000 0 7000",
    );
}
