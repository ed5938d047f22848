//! Caps over legs that are priced as one, which may fall, and over what is added to fares.

use super::caps::legs;
use super::*;

/// The town, where rides on the railway within an hour are one ride, with these files.
fn joined(files_of: &[(&str, &str)]) -> Policy {
    let mut files =
        town_with("fare_leg_join_rules.txt", "from_network_id,to_network_id,max_gap\nrail,rail,3600\n");
    for (name, text) in files_of {
        files.insert((*name).into(), (*text).into());
    }
    loaded(&files)
}

/// Prices legs of 2 March 2026, `08:00 R N S` each, or of another day; the answers are those of the opposite order too.
fn rated(policy: &Policy, lines: &[&str]) -> Vec<Priced> {
    let full = |line: &&str| {
        let day = if line.contains('T') { "" } else { "2026-03-02T" };
        format!("{day}{line} adult card")
    };
    let lines: Vec<String> = lines.iter().map(full).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut legs = legs(&lines);
    let priced = price(policy, &legs);
    legs.reverse();
    let mut backwards = price(policy, &legs);
    backwards.reverse();
    assert_eq!(backwards, priced, "{lines:?}");
    priced
}

fn check(policy: &Policy, lines: &[&str], expect: &[&str]) {
    assert_eq!(all_shown(&rated(policy, lines)), expect, "{lines:?}");
}

const THERE: &str = "08:00 R N S";
const BACK: &str = "08:30 R S M";
const BUS: &str = "10:00 B1 - -";

#[test]
fn a_leg_that_falls_gives_back_only_what_the_cap_had_left_to_pay() {
    let with = |caps: &str| joined(&[("fare_caps.txt", &format!("cap_id,period,{caps}\n"))]);
    // 9,000 there; back to the middle the whole costs 6,000.
    check(
        &with("limit_amount\nday,day,50000"),
        &[THERE, BACK, BUS],
        &["9000 9000", "-3000 -3000", "5000 5000"],
    );
    // The day costs 8,000, then 6,000, then 8,000 again.
    check(
        &with("limit_amount\nday,day,8000"),
        &[THERE, BACK, BUS],
        &["8000 8000", "-2000 -2000", "2000 2000"],
    );
    // It stays above the limit throughout.
    check(&with("limit_amount\nday,day,5000"), &[THERE, BACK, BUS], &["5000 5000", "0 0", "0 0"]);
    // Who pays what the cap takes off gets it back.
    check(
        &with("limit_amount,funded_by\nday,day,8000,friend"),
        &[THERE, BACK, BUS],
        &["9000 8000 10:1000", "-3000 -2000 10:-1000", "5000 2000 10:3000"],
    );
    // What the day leaves counts for the week, also when it falls.
    check(
        &with("limit_amount\nday,day,8000\nweek,week,8500"),
        &[THERE, BACK, BUS, "2026-03-03T10:00 B1 - -"],
        &["8000 8000", "-2000 -2000", "2000 2000", "500 500"],
    );
}

#[test]
fn legs_that_are_joined_are_one_ride_of_a_cap_of_rides() {
    let caps = "cap_id,period,limit_type,limit_rides\ntwo,day,rides,2\n";
    let policy = joined(&[("fare_caps.txt", caps)]);
    let first = ["08:00 R N M", "08:30 R M S"];
    let ride = ["6000 6000", "3000 3000"];
    check(&policy, &[first[0], first[1], BUS, "11:00 B1 - -"], &[ride[0], ride[1], "5000 5000", "0 0"]);
    // Every part of a ride beyond the limit is beyond it, and a part that would fall has nothing to give back.
    let late = ["12:00 R N S", "12:30 R S M"];
    check(
        &policy,
        &[first[0], first[1], BUS, late[0], late[1]],
        &[ride[0], ride[1], "5000 5000", "0 0", "0 0"],
    );
    // The last ride that is paid may still fall.
    check(&policy, &[BUS, late[0], late[1]], &["5000 5000", "9000 9000", "-3000 -3000"]);
}

/// What the rider pays for each bus of a day, and how much of that is the surcharge of 1,000.
fn check_surcharge(in_caps: &str, cap: &str, expect: &str) {
    let surcharges = format!("surcharge_id,network_id,amount,in_caps\nhill,bus,1000,{in_caps}\n");
    let caps = format!("cap_id,period,limit_amount,counts_surcharges\nday,day,{cap}\n");
    let policy = joined(&[("fare_surcharges.txt", &surcharges), ("fare_caps.txt", &caps)]);
    let priced = rated(&policy, &[BUS, "11:00 B1 - -", "12:00 B1 - -"]);
    let one = |priced: &Priced| {
        let Fare::Known { gross, rider, .. } = priced.fare else { panic!("known") };
        assert_eq!(gross, rider);
        format!("{rider}/{}", priced.surcharge)
    };
    let shown: Vec<String> = priced.iter().map(one).collect();
    assert_eq!(shown.join(" "), expect, "in_caps {in_caps}, {cap}");
}

#[test]
fn a_surcharge_is_capped_where_it_and_the_cap_say_so() {
    // Outside caps, whatever the cap counts; and in caps that look at fares alone.
    for (in_caps, cap) in [("0", "6000,0"), ("0", "6000,1"), ("0", "6000,2"), ("1", "6000,0")] {
        let uncapped = cap == "6000,2";
        let expect = if uncapped { "6000/1000 6000/1000 6000/1000" } else { "6000/1000 2000/1000 1000/1000" };
        check_surcharge(in_caps, cap, expect);
    }
    // With the fare: the fare is taken off first, and what the answer calls surcharge is what is left of it.
    check_surcharge("1", "6000,1", "6000/1000 0/0 0/0");
    check_surcharge("1", "8500,1", "6000/1000 2500/1000 0/0");
    check_surcharge("1", "6500,1", "6000/1000 500/500 0/0");
    // Surcharges alone have a cap of their own.
    check_surcharge("1", "1500,2", "6000/1000 5500/500 5000/0");
}

#[test]
fn a_surcharge_that_a_joined_leg_takes_away_falls_with_the_fare() {
    let surcharges = "surcharge_id,to_stop_id,amount,in_caps\ngate,S,1000,1\n";
    let caps = "cap_id,period,limit_amount,counts_surcharges\nday,day,8500,1\n";
    let policy = joined(&[("fare_surcharges.txt", surcharges), ("fare_caps.txt", caps)]);
    let priced = rated(&policy, &[THERE, BACK, BUS]);
    let shown: Vec<String> =
        priced.iter().map(|priced| format!("{} {}", shown(&priced.fare), priced.surcharge)).collect();
    assert_eq!(shown, ["8500 8500 1000", "-2500 -2500 -1000", "2500 2500 0"]);
}
