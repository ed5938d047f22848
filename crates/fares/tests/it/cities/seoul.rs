//! Seoul: the dearest of the modes used, and the distance of the whole journey.

use crate::support::{check, city, legs};
use fares::{Policy, price};

fn rail(policy: &Policy, rider: &str, route: &str, expect: &[(u32, &str)]) {
    for (km, fare) in expect {
        check(policy, &format!("{rider} card {route} r0 r{km} 2026-03-02T14:00 15:00"), fare);
    }
}

#[test]
fn a_railway_alone_costs_100_for_each_5_and_then_each_8_kilometres_begun() {
    let policy = city("seoul_2015");
    let adult = [
        (5, "1250"),
        (10, "1250"),
        (11, "1350"),
        (15, "1350"),
        (16, "1450"),
        (50, "2050"),
        (51, "2150"),
        (58, "2150"),
        (59, "2250"),
    ];
    rail(&policy, "adult", "line", &adult);
    rail(&policy, "youth", "line", &[(10, "720")]);
    rail(&policy, "child", "line", &[(10, "450")]);
    rail(&city("seoul"), "adult", "line", &[(10, "1550"), (16, "1750"), (59, "2550")]);
}

#[test]
fn the_surcharge_of_a_line_comes_before_what_youths_and_children_are_spared() {
    let policy = city("seoul_2015");
    rail(&policy, "adult", "surcharge_line", &[(5, "1750"), (15, "1850"), (58, "2650")]);
    rail(&policy, "youth", "surcharge_line", &[(5, "1120"), (15, "1200"), (58, "1840")]);
    rail(&policy, "child", "surcharge_line", &[(5, "700"), (15, "750"), (58, "1150")]);
    rail(&policy, "free", "surcharge_line", &[(5, "0"), (15, "0"), (58, "0")]);
}

/// A city bus until 14:10, then a train at `board`.
fn bus_and_train(bus_to: &str, board: &str, train_to: &str) -> String {
    format!(
        "adult card 101 k0 {bus_to} 2026-03-02T14:00 14:10\n\
         adult card line r0 {train_to} 2026-03-02T{board} 15:30\n"
    )
}

#[test]
fn a_journey_costs_the_higher_base_and_its_whole_distance() {
    let policy = city("seoul");
    check(&policy, &bus_and_train("k40", "14:20", "r5"), "1500 50");
    check(&policy, &bus_and_train("k60", "14:30", "r9"), "1500 150");
    check(&policy, &bus_and_train("k60", "14:41", "r9"), "1500 1550");
    // The same two the other way about.
    let train_first =
        "adult card line r0 r9 2026-03-02T14:00 14:20\nadult card 101 k0 k60 2026-03-02T14:40 15:00\n";
    check(&policy, train_first, "1550 100");
    check(&policy, "adult card 101 k0 k450 2026-03-02T14:00 15:00", "1500");
}

#[test]
fn a_journey_of_ten_kilometres_costs_the_base() {
    let policy = city("seoul");
    let two = |to: &str| {
        format!(
            "adult card 101 k0 {to} 2026-03-02T14:00 14:20\nadult card 102 k0 k60 2026-03-02T14:30 14:50\n"
        )
    };
    check(&policy, &two("k40"), "1500 0");
    check(&policy, &two("k60"), "1500 100");
    check(&policy, &two("k90"), "1500 100");
    check(&policy, &two("k100"), "1500 200");
}

#[test]
fn a_gap_of_half_an_hour_still_continues_a_journey() {
    let policy = city("seoul");
    check(&policy, &bus_and_train("k60", "14:39:59", "r9"), "1500 150");
    check(&policy, &bus_and_train("k60", "14:40:00", "r9"), "1500 150");
    check(&policy, &bus_and_train("k60", "14:40:01", "r9"), "1500 1550");
}

#[test]
fn a_gap_that_begins_at_night_may_be_an_hour() {
    let policy = city("seoul");
    let gap = |start: &str, off: &str, on: &str, end: &str, expect: &str| {
        let lines = format!(
            "adult card 101 k0 k60 2026-03-02T{start} {off}\nadult card line r0 r9 2026-03-02T{on} {end}\n"
        );
        check(&policy, &lines, expect);
    };
    gap("20:30", "20:59:59", "21:40", "22:30", "1500 1550");
    gap("20:30", "21:00", "22:00", "22:30", "1500 150");
    gap("20:30", "21:00", "22:00:01", "22:30", "1500 1550");
    gap("06:40", "06:59:59", "07:59:59", "08:30", "1500 150");
    gap("06:40", "07:00", "07:30", "08:30", "1500 150");
    gap("06:40", "07:00", "07:30:01", "08:30", "1500 1550");
    let lines =
        "adult card 101 k0 k60 2026-03-02T23:30 23:50\nadult card line r0 r9 2026-03-03T00:50 01:10\n";
    check(&policy, lines, "1500 150");
}

#[test]
fn four_changes_make_one_journey_and_a_fifth_another() {
    let leg = |number: u32| {
        let (route, minute) = (101 + number % 5, 8 * number);
        format!("adult card {route} k0 k40 2026-03-02T14:{minute:02} 14:{:02}\n", minute + 4)
    };
    let six: String = (0..6).map(leg).collect();
    check(&city("seoul"), &six, "1500 0 100 100 0 1500");
}

#[test]
fn the_same_bus_again_and_a_ride_without_a_tap_off_continue_nothing() {
    let policy = city("seoul");
    let two = |first: &str, second: &str| {
        format!("adult card 101 k0 {first}\nadult card {second} k0 k60 2026-03-02T14:30 14:50\n")
    };
    check(&policy, &two("k60 2026-03-02T14:00 14:20", "101"), "1500 1500");
    check(&policy, &two("k60 2026-03-02T14:00 14:20", "102"), "1500 100");
    check(&policy, &two("- 2026-03-02T14:00 -", "102"), "1500 1500");
}

#[test]
fn a_wide_area_bus_carries_thirty_kilometres_for_its_base() {
    let policy = city("seoul");
    let then = |to: &str| {
        format!(
            "adult card M1 k0 k150 2026-03-02T14:00 14:40\nadult card line r0 {to} 2026-03-02T14:50 15:30\n"
        )
    };
    check(&policy, &then("r15"), "3000 0");
    check(&policy, &then("r16"), "3000 100");
    let first =
        "adult card line r0 r16 2026-03-02T14:00 14:40\nadult card M1 k0 k150 2026-03-02T14:50 15:30\n";
    check(&policy, first, "1750 1350");
}

#[test]
fn a_journey_never_costs_more_than_its_rides() {
    let policy = city("seoul");
    let two = |to: &str| {
        format!(
            "adult card 101 k0 k450 2026-03-02T14:00 15:20\nadult card 102 k0 {to} 2026-03-02T15:30 16:50\n"
        )
    };
    check(&policy, &two("k350"), "1500 1400");
    check(&policy, &two("k450"), "1500 1500");
}

#[test]
fn before_half_past_six_the_base_of_the_first_boarding_is_a_fifth_cheaper() {
    let policy = city("seoul");
    let ride =
        |rider: &str, to: &str, start: &str| format!("{rider} card line r0 {to} 2026-03-02T{start} 07:20\n");
    check(&policy, &ride("adult", "r5", "06:29:59"), "1240");
    check(&policy, &ride("adult", "r5", "06:30:00"), "1550");
    check(&policy, &ride("adult", "r5", "06:30:01"), "1550");
    check(&policy, &ride("adult", "r16", "06:00"), "1440");
    check(&policy, &ride("youth", "r5", "06:00"), "770");
    check(&policy, &ride("free", "r5", "06:00"), "0");
    let two = "adult card 101 k0 k40 2026-03-02T06:00 06:10\nadult card line r0 r5 2026-03-02T06:20 06:40\n";
    check(&policy, two, "1200 50");
}

/// Bus 6 km and railway 9 km: 1,650 are shared as 6 to 9.
#[test]
fn operators_share_a_journey_by_distance() {
    let policy = city("seoul");
    let priced = price(&policy, &legs(&policy, &bus_and_train("k60", "14:30", "r9")));
    let shares: Vec<Vec<(u32, i64)>> = priced
        .iter()
        .map(|priced| priced.shares.iter().map(|share| (share.party.0, share.amount.units())).collect())
        .collect();
    assert_eq!(shares, [vec![], vec![(1, 990), (2, -840)]]);
}
