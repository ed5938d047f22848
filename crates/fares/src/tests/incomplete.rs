use super::*;
use crate::UnknownFare;

const SETS: &str =
    "set_id,set_kind,element_id\nnorth,area,n\nnorth,area,m\nall,area,n\nall,area,m\nall,area,s\n";

fn town_of(rows: &str) -> Policy {
    let mut files = town_with("incomplete_journeys.txt", rows);
    files.insert("selector_sets.txt".into(), SETS.into());
    loaded(&files)
}

/// A ride that takes so many seconds.
fn lasting(words: &str, seconds: i64) -> Leg {
    let leg = ride(words);
    let end = EventTime::from_unix_ms(leg.start.unix_ms() + seconds * 1000);
    Leg { end, ..leg }
}

fn check(policy: &Policy, words: &str, seconds: i64, expect: &str) {
    assert_eq!(shown(&priced(policy, lasting(words, seconds)).fare), expect, "{words} in {seconds}");
}

#[test]
fn a_ride_that_takes_too_long_is_two_incomplete_rides() {
    let policy = town_of(
        "network_id,kind,charge,amount,max_journey_seconds\n\
         rail,missing_exit,amount,9000,\nrail,missing_entry,amount,8000,\nrail,over_time,,,7200\n",
    );
    check(&policy, "R N M adult card", 7_199, "6000 6000");
    check(&policy, "R N M adult card", 7_200, "6000 6000");
    check(&policy, "R N M adult card", 7_201, "17000 17000");
    // 4,500 rounds up to 5,000; the reductions are those of each part.
    check(&policy, "R N M student card", 7_201, "17000 9000 9:8000");
    check(&policy, "B1 - - adult card", 90_000, "5000 5000");
    let long = priced(&policy, lasting("R N M adult card", 7_201));
    assert_eq!(rules(&long), "incomplete_journeys:4 incomplete_journeys:2 incomplete_journeys:3");
}

#[test]
fn two_parts_of_which_one_has_no_price_are_unknown() {
    let policy =
        town_of("network_id,kind,charge,max_journey_seconds\nrail,missing_exit,zero,\nrail,over_time,,60\n");
    let long = priced(&policy, lasting("R N M adult card", 61));
    assert_eq!(long.fare, Fare::Unknown(UnknownFare::NoIncompleteRule));
}

#[test]
fn the_smallest_areas_that_hold_both_ends_give_the_longest_time() {
    let policy = town_of(
        "network_id,kind,charge,within_area_set_id,timeframe_group_id,max_journey_seconds,limit_bound\n\
         rail,over_time,,all,,5000,\nrail,over_time,,north,,3000,1\nrail,over_time,,n,,1000,\n\
         rail,over_time,,north,peak,4000,\n",
    );
    let most = |from: &str, to: &str, hour: i64| {
        policy.journey_seconds_max("R", Some(from), Some(to), at("2026-03-02", hour, 0, 0))
    };
    assert_eq!(most("N", "N", 12), 1_000);
    assert_eq!(most("N", "M", 12), 2_999);
    assert_eq!(most("N", "M", 7), 4_000);
    assert_eq!(most("S", "M", 7), 5_000);
    assert_eq!(most("kerb", "N", 12), i64::MAX);
    assert_eq!(policy.journey_seconds_max("R", None, None, at("2026-03-02", 12, 0, 0)), i64::MAX);
    assert_eq!(policy.journey_seconds_longest("R"), i64::MAX);
    let policy =
        town_of("kind,charge,within_area_set_id,max_journey_seconds\nover_time,,,60\nover_time,,n,90\n");
    assert_eq!(policy.journey_seconds_longest("R"), 90);
}

#[test]
fn leaving_where_one_came_in_may_cost_by_the_time_it_took() {
    let policy = town_of(
        "network_id,kind,charge,amount,same_station_seconds,limit_bound\n\
         rail,same_station,amount,4000,,\nrail,same_station,zero,,120,\nrail,same_station,amount,1000,600,1\n",
    );
    check(&policy, "R N N adult card", 119, "0 0");
    check(&policy, "R N N adult card", 120, "0 0");
    check(&policy, "R N N adult card", 121, "1000 1000");
    check(&policy, "R N N adult card", 599, "1000 1000");
    check(&policy, "R N N adult card", 600, "4000 4000");
}

#[test]
fn what_an_incomplete_ride_costs_may_depend_on_the_areas_of_the_known_end() {
    let policy = town_of(
        "network_id,kind,charge,amount,within_area_set_id,rider_category_id\n\
         rail,missing_exit,amount,9000,,\nrail,missing_exit,amount,7000,north,\nrail,missing_exit,amount,6000,n,\n\
         rail,missing_exit,amount,5000,n,student\n",
    );
    let check = |words: &str, expect: &str| {
        assert_eq!(shown(&priced(&policy, Leg { shape: Shape::MissingExit, ..ride(words) }).fare), expect);
    };
    check("R N - adult card", "6000 6000");
    check("R M - adult card", "7000 7000");
    check("R S - adult card", "9000 9000");
    check("R - - adult card", "9000 9000");
    check("R N - student card", "5000 3000 9:2000");
}
