//! Legs that are priced as one.

use super::*;
use crate::limits::GROUP_PARTS_MAX;
use crate::{Carried, Fact, explain};

const HEADER: &str = "from_network_id,to_network_id";

/// The leg rules of the town, with buses that may be boarded anywhere.
const RULES: &str = "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\n\
                     bus,,,flat,\nrail,n,m,short,\nrail,m,n,short,\nrail,m,s,short,\nrail,s,m,short,\n\
                     rail,n,s,long,\nrail,s,n,long,\n";

/// The town with join rules: `columns` beside the networks, then rows.
fn joined(columns: &str, rows: &str) -> Files {
    let mut files = town_with("fare_leg_join_rules.txt", &format!("{HEADER},{columns}\n{rows}\n"));
    files.insert("fare_leg_rules.txt".into(), RULES.into());
    files
}

/// The same with other leg rules, read by priority.
fn ruled(mut files: Files, rules: &str) -> Files {
    let header =
        "network_id,from_area_id,from_timeframe_group_id,fare_product_id,rule_priority,stands_apart\n";
    files.insert("fare_leg_rules.txt".into(), format!("{header}{rules}\n").into_bytes());
    files
}

/// Rides of Monday 2 March 2026, `R N M 12:00 12:20 [rider]` each, between semicolons.
fn rides(text_of: &str) -> Vec<Leg> {
    let moment = |word: &str| {
        let mut parts = word.split(':').map(|part| part.parse::<i64>().unwrap()).chain([0, 0]);
        let mut next = || parts.next().unwrap();
        at("2026-03-02", next(), next(), next())
    };
    let one = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [route, from, to, start, end, rest @ ..] = &words[..] else { panic!("{line}") };
        let rider = rest.first().unwrap_or(&"adult");
        let leg = ride(&format!("{route} {from} {to} {rider} card"));
        Leg { start: moment(start), end: (*end != "-").then(|| moment(end)), ..leg }
    };
    text_of.split(';').map(one).collect()
}

fn paid(fare: &Fare) -> String {
    match fare {
        Fare::Known { rider, .. } => rider.units().to_string(),
        Fare::Unknown(reason) => reason.word().to_owned(),
    }
}

/// What each leg pays must be `expect`, in whatever order the legs come.
fn check_files(files: &Files, legs: &str, expect: &str) {
    let policy = loaded(files);
    let legs_of = rides(legs);
    let found = price(&policy, &legs_of);
    let shown: Vec<String> = found.iter().map(|priced| paid(&priced.fare)).collect();
    assert_eq!(shown.join(" "), expect, "{legs}");
    let backwards: Vec<Leg> = legs_of.iter().rev().cloned().collect();
    let mut again = price(&policy, &backwards);
    again.reverse();
    assert_eq!(again, found, "{legs}");
}

fn check(columns: &str, rows: &str, legs: &str, expect: &str) {
    check_files(&joined(columns, rows), legs, expect);
}

/// The facts of the last leg about joining: `joined 2`, or why not.
fn told(files: &Files, legs: &str) -> String {
    let explained = explain(&loaded(files), &Carried::default(), &rides(legs));
    let facts = explained.last().unwrap().facts.iter();
    let words = facts.filter_map(|fact| match fact {
        Fact::Joined { legs, gap_seconds, .. } => Some(format!("joined {legs} {gap_seconds:?}")),
        Fact::NotJoined { because, .. } => Some(format!("{because:?}")),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_change_in_one_station_makes_one_leg_from_the_first_stop_to_the_last() {
    check("max_gap", "rail,rail,3600", "R N M 12:00 12:20; R M S 12:30 12:50", "6000 3000");
    // A platform is its station.
    check("max_gap", "rail,rail,3600", "R N S 12:00 12:20; R S-2 M 12:30 12:50", "9000 -3000");
    // Elsewhere it is another ride, unless the row says that any place will do.
    let walk = "B1 kerb N 12:00 12:10; B2 M kerb 12:20 12:30; B1 kerb - 12:40 -";
    check("max_gap", "bus,bus,3600", walk, "5000 5000 0");
    check("max_gap,same_station", "bus,bus,3600,0", walk, "5000 0 0");
    // A place that is not known is not the same place.
    check("max_gap", "bus,bus,3600", "B1 - - 12:00 12:10; B2 - - 12:20 12:30", "5000 5000");
    // A row is for one direction, and for riders and media apart.
    let files = joined("max_gap,same_station", "bus,rail,3600,0");
    check_files(&files, "R N M 12:00 12:10; B1 - - 12:20 12:30", "6000 5000");
    let two = "B1 kerb - 12:00 12:10 adult; B1 kerb - 12:01 12:10 student; B2 kerb - 12:20 12:30 adult";
    check("max_gap,same_station", "bus,bus,3600,0", two, "5000 3000 0");
}

#[test]
fn a_gap_is_measured_from_tap_off_to_tap_on() {
    let legs = |start: &str| format!("B1 - - 12:00 12:20; B2 - - {start} 14:00");
    for (bound, start, expect) in [
        ("", "13:19:59", "5000 0"),
        ("", "13:20:00", "5000 0"),
        ("", "13:20:01", "5000 5000"),
        ("1", "13:19:59", "5000 0"),
        ("1", "13:20:00", "5000 5000"),
        ("1", "12:10:00", "5000 0"),
    ] {
        let rows = format!("bus,bus,3600,{bound},0");
        check("max_gap,gap_bound,same_station", &rows, &legs(start), expect);
    }
    // Each gap by itself, however long the whole lasts.
    let chain = "B1 - - 12:00 12:20; B2 - - 13:00 13:30; B1 - - 14:20 14:40; B1 - - 15:50 16:00";
    check("max_gap,same_station", "bus,bus,3600,0", chain, "5000 0 0 5000");
    // Without a tap-off nobody knows how long the gap was.
    check("max_gap,same_station", "bus,bus,3600,0", "B1 - - 12:00 -; B2 - - 12:01 12:10", "5000 5000");
}

#[test]
fn a_time_limit_lies_between_two_events_of_the_whole_leg() {
    // 12:00-12:20 and 12:30-12:50, then a third ride from 13:00 to 13:10.
    let first = "B1 - - 12:00 12:20; B2 - - 12:30 12:50; B1 - - 13:00 13:10";
    for (kind, limit, expect) in [
        (0, 70 * 60, "5000 0 0"),
        (0, 70 * 60 - 1, "5000 0 5000"),
        (0, 50 * 60 - 1, "5000 5000 0"),
        (1, 60 * 60, "5000 0 0"),
        (1, 60 * 60 - 1, "5000 0 5000"),
        (2, 40 * 60, "5000 0 0"),
        (2, 40 * 60 - 1, "5000 0 5000"),
        (3, 50 * 60, "5000 0 0"),
        (3, 50 * 60 - 1, "5000 0 5000"),
    ] {
        let columns = "duration_limit,duration_limit_type,same_station,duration_limit_bound";
        check(columns, &format!("bus,bus,{limit},{kind},0,0"), first, expect);
        // An excluded limit is a second later the same.
        check(columns, &format!("bus,bus,{},{kind},0,1", limit + 1), first, expect);
    }
    let open = "B1 - - 12:00 12:20; B2 - - 12:30 -";
    let columns = "duration_limit,duration_limit_type,same_station";
    check(columns, "bus,bus,7200,0,0", open, "5000 5000");
    check(columns, "bus,bus,7200,1,0", open, "5000 0");
}

#[test]
fn changes_are_counted_and_routes_compared() {
    let four = "B1 - - 12:00 12:05; B2 - - 12:10 12:15; B2 - - 12:20 12:25; B1 - - 12:30 12:35";
    let columns = "max_gap,same_station,max_joins,same_route";
    check(columns, "bus,bus,3600,0,,", four, "5000 0 0 0");
    check(columns, "bus,bus,3600,0,1,", four, "5000 0 5000 0");
    check(columns, "bus,bus,3600,0,2,", four, "5000 0 0 5000");
    check(columns, "bus,bus,3600,0,,2", four, "5000 0 5000 0");
    check(columns, "bus,bus,3600,0,,1", four, "5000 5000 0 5000");
}

#[test]
fn no_effective_leg_lies_across_the_start_of_a_day() {
    let columns = "max_gap,same_station,day_start_time";
    let night = "B1 - - 3:00 3:30; B2 - - 3:59:59 4:10; B1 - - 4:20 4:30; B1 - - 4:40 4:50";
    check(columns, "bus,bus,3600,0,04:00:00", night, "5000 0 5000 0");
    check(columns, "bus,bus,3600,0,00:00:00", night, "5000 0 0 0");
    check(columns, "bus,bus,3600,0,", night, "5000 0 0 0");
}

#[test]
fn the_more_special_row_decides_alone() {
    // Rows that name stops come first, then rows for one station, then rows for a time of the tap-off.
    let columns = "from_stop_id,to_stop_id,same_station,max_gap,gap_timeframe_group_id";
    let stops = "bus,bus,kerb,M,,600,\nbus,bus,,,0,3600,";
    check(columns, stops, "B1 N kerb 12:00 12:10; B2 M S 12:20 12:30", "5000 0");
    check(columns, stops, "B1 N kerb 12:00 12:10; B2 M S 12:21 12:30", "5000 5000");
    check(columns, stops, "B1 N kerb 12:00 12:10; B2 N S 12:21 12:30", "5000 0");
    check(columns, "bus,bus,S,M,,600,", "B1 N S-2 12:00 12:10; B2 M S 12:20 12:30", "5000 0");
    let station = "bus,bus,,,1,600,\nbus,bus,,,0,3600,";
    check(columns, station, "B1 N M 12:00 12:10; B2 M S 12:21 12:30", "5000 5000");
    check(columns, station, "B1 N M 12:00 12:10; B2 S N 12:21 12:30", "5000 0");
    // `peak` ends at 09:00.
    for rows in ["bus,bus,,,0,600,\nbus,bus,,,0,3600,peak", "bus,bus,,,0,3600,peak\nbus,bus,,,0,600,"] {
        check(columns, rows, "B1 - - 8:00 8:59:59; B2 - - 9:50 10:00", "5000 0");
        check(columns, rows, "B1 - - 8:00 9:00; B2 - - 9:50 10:00", "5000 5000");
        check(columns, rows, "B1 - - 8:00 9:00; B2 - - 9:10 10:00", "5000 0");
    }
    let shorter = "bus,bus,,,0,600,peak\nbus,bus,,,0,3600,";
    check(columns, shorter, "B1 - - 8:00 8:30; B2 - - 8:50 9:00", "5000 5000");
}

#[test]
fn a_row_may_name_a_set_of_networks() {
    let mut files = joined("max_gap,same_station,price_network", "all,all,3600,0,first\nbus,bus,60,0,");
    files.insert(
        "selector_sets.txt".into(),
        b"set_id,set_kind,element_id\nall,network,bus\nall,network,rail\n".to_vec(),
    );
    let rules = "bus,,,flat,,\nrail,,,long,,";
    let files = ruled(files, rules);
    check_files(&files, "B1 N M 12:00 12:10; R M S 12:20 12:30", "5000 0");
    check_files(&files, "R N M 12:00 12:10; B1 M S 12:20 12:30", "9000 0");
    // The row that names the networks themselves comes first.
    check_files(&files, "B1 N M 12:00 12:10; B2 M S 12:20 12:30", "5000 5000");
}

#[test]
fn decision_6_joining_is_compulsory_unless_the_row_leaves_it_to_the_rider() {
    let columns = "max_gap,join_optional,price_network";
    let rules = "bus,,,flat,,\nrail,,,long,,";
    let legs = "B1 N M 12:00 12:10; R M S 12:20 12:30";
    let back = "R N M 12:00 12:10; B1 M S 12:20 12:30";
    for (row, expect, expect_back) in [
        ("bus,rail,3600,0,last\nrail,bus,3600,0,last", "5000 4000", "9000 -4000"),
        ("bus,rail,3600,1,last\nrail,bus,3600,1,last", "5000 4000", "9000 -4000"),
    ] {
        let files = ruled(joined(columns, row), rules);
        check_files(&files, legs, expect);
        check_files(&files, back, expect_back);
    }
    // Two short rides in the other direction cost less apart than as one long one.
    let dear = "network_id,from_area_id,to_area_id,fare_product_id\n\
                bus,,,flat\nrail,n,m,flat\nrail,m,s,flat\nrail,n,s,dear\n";
    let products = "fare_product_id,amount,currency\nflat,5000,VND\ndear,12000,VND\n";
    for (optional, expect) in [("0", "5000 7000"), ("1", "5000 5000")] {
        let mut files = joined("max_gap,join_optional", &format!("rail,rail,3600,{optional}"));
        files.insert("fare_leg_rules.txt".into(), dear.into());
        files.insert("fare_products.txt".into(), products.into());
        check_files(&files, "R N M 12:00 12:10; R M S 12:20 12:30", expect);
    }
}

#[test]
fn decision_15_legs_of_several_networks() {
    let legs = "B1 N M 12:00 12:10; R M S 12:20 12:30";
    let named = "bus,,,flat,,\nrail,,,long,,";
    let check = |rules: &str, price_network: &str, expect: &str| {
        let row = format!("bus,rail,3600,{price_network}");
        check_files(&ruled(joined("max_gap,price_network", &row), rules), legs, expect);
    };
    // A rule that names a network is for legs that are all in it; one that leaves it open is for all.
    check(named, "", "5000 no_rule");
    check(named, "all_same", "5000 no_rule");
    check(&format!("{named}\n,,,short,,"), "", "5000 1000");
    check(named, "first", "5000 0");
    check(named, "last", "5000 4000");
    check(named, "dearest", "5000 4000");
    check("bus,,,long,,\nrail,,,flat,,", "dearest", "9000 0");
    // While one price is not known, neither is the dearest.
    check("bus,,,long,,", "dearest", "9000 no_rule");
    // Without priorities an empty network means those that no rule names, and both are named somewhere.
    let plain = |rules: &str| {
        let mut files = joined("max_gap", "bus,rail,3600");
        files.insert("fare_leg_rules.txt".into(), format!("network_id,fare_product_id\n{rules}\n").into());
        files
    };
    check_files(&plain("bus,flat\n,long"), legs, "5000 no_rule");
    check_files(&plain(",flat"), legs, "5000 0");
}

#[test]
fn the_first_tap_chooses_the_timeframe_of_the_whole() {
    let rules = "bus,,peak,long,1,\nbus,,,flat,0,";
    let files = ruled(joined("max_gap,same_station", "bus,bus,3600,0"), rules);
    check_files(&files, "B1 - - 8:50 8:59; B2 - - 9:10 9:20", "9000 0");
    check_files(&files, "B1 - - 6:20 6:29; B2 - - 6:40 6:50", "5000 0");
}

#[test]
fn a_ratchet_keeps_the_price_of_the_shorter_leg() {
    let legs = "R N S 12:00 12:20; R S M 12:30 12:50; R M S 13:00 13:10";
    check("max_gap,price_ratchet", "rail,rail,3600,0", legs, "9000 -3000 3000");
    check("max_gap,price_ratchet", "rail,rail,3600,1", legs, "9000 0 0");
    // Who pays nothing may still earn the operator more.
    let mut files = joined("max_gap,price_ratchet", "rail,rail,3600,1");
    files.insert("incomplete_journeys.txt".into(), b"network_id,kind,charge\n".to_vec());
    let free = "R N M 12:00 12:20 free; R M S 12:30 12:50 free; R S M 13:00 13:10 free";
    let found = price(&loaded(&files), &rides(free));
    assert_eq!(all_shown(&found), ["6000 0 9:6000", "3000 0 9:3000", "0 0"]);
}

#[test]
fn a_ceiling_is_what_the_legs_cost_one_by_one() {
    let legs = "B1 N M 12:00 12:10; R M S 12:20 12:30";
    for (ceiling, adult, student) in
        [("none", "5000 15000", "3000 17000"), ("sum_of_legs", "5000 9000", "3000 5000")]
    {
        let row = format!("bus,rail,3600,{ceiling}");
        let mut files = ruled(joined("max_gap,ceiling", &row), "bus,,,flat,1,\nrail,,,long,1,\n,,,dear,0,");
        files.insert(
            "fare_products.txt".into(),
            b"fare_product_id,amount,currency\nflat,5000,VND\nlong,9000,VND\ndear,20000,VND\n".into(),
        );
        check_files(&files, legs, adult);
        check_files(&files, &legs.replace(';', " student;").replace("12:30", "12:30 student"), student);
    }
}

#[test]
fn rides_without_a_tap_between_stand_on_the_first_ticket() {
    let columns = "max_gap,tap_between";
    let legs = "R N M 12:00 12:20; R M S 12:30 12:50; B1 S - 13:00 13:10";
    check(columns, "rail,rail,3600,0", legs, "9000 0 5000");
    check(columns, "rail,rail,3600,1", legs, "6000 3000 5000");
    let policy = loaded(&joined(columns, "rail,rail,3600,0"));
    let found = price(&policy, &rides(legs));
    assert_eq!(found[0].product, Some(text("long")));
    assert_eq!(found[1].product, None);
    assert_eq!(
        rules(&found[0]),
        "fare_leg_rules:3 fare_products:4 fare_leg_join_rules:2 fare_leg_rules:7 fare_products:5"
    );
    // A tap in the middle begins a ticket of its own: only the change to the bus is without one.
    let mixed = "max_gap,tap_between,same_station,price_network";
    let files = joined(mixed, "rail,rail,3600,1,,\nrail,bus,3600,0,0,first");
    let files = ruled(files, "bus,,,flat,,\nrail,m,,short,1,\nrail,,,long,,");
    check_files(&files, "R N M 12:00 12:20; R M S 12:30 12:50; B1 S - 13:00 13:10", "9000 0 0");
    // Each operator keeps what its own ride added.
    let files = joined(mixed, "rail,bus,3600,0,0,dearest\nbus,rail,3600,0,0,dearest");
    let files = ruled(files, "bus,,,flat,,\nrail,,,long,,");
    let found = price(&loaded(&files), &rides("B1 S M 12:00 12:10; R M S 12:20 12:40"));
    let shares: Vec<String> =
        found[0].shares.iter().map(|one| format!("{}:{}", one.party, one.amount)).collect();
    assert_eq!((shown(&found[0].fare).as_str(), shares.join(" ").as_str()), ("9000 9000", "1:5000 2:4000"));
    assert_eq!((shown(&found[1].fare).as_str(), found[1].shares.len()), ("0 0", 0));
}

#[test]
fn legs_that_stand_apart_or_are_unknown_or_incomplete_neither_join_nor_break_a_join() {
    let rules = "bus,,,flat,,\nbus,s,,long,1,1\nrail,,,short,,";
    let files = ruled(joined("max_gap,same_station", "bus,bus,3600,0"), rules);
    check_files(&files, "B1 - - 12:00 12:20; B2 S - 12:25 12:30; B2 - - 12:40 12:50", "5000 9000 0");
    check_files(&files, "B2 S - 11:00 11:10; B1 - - 12:00 12:20; B2 - - 12:40 12:50", "9000 5000 0");
    check_files(&files, "B1 - - 12:00 12:20; B9 - - 12:25 12:30; B2 - - 12:40 12:50", "5000 no_route 0");
    check_files(&files, "B1 - - 12:00 12:20; R N N 12:25 12:30; B2 - - 12:40 12:50", "5000 2000 0");
    // Another ride in between is not looked past.
    check_files(&files, "B1 - - 12:00 12:20; R N M 12:25 12:30; B2 - - 12:40 12:50", "5000 6000 5000");
}

#[test]
fn an_effective_leg_has_a_most_number_of_legs() {
    let files = joined("day_start_time,same_station", "bus,bus,04:00:00,0");
    let one = |minute: usize| format!("B1 - - {}:{} -", 6 + minute / 60, minute % 60);
    let legs: Vec<String> = (0..=GROUP_PARTS_MAX).map(one).collect();
    let mut expect = vec!["0"; GROUP_PARTS_MAX + 1];
    (expect[0], expect[GROUP_PARTS_MAX]) = ("5000", "5000");
    check_files(&files, &legs.join(";"), &expect.join(" "));
}

#[test]
fn a_leg_says_why_it_did_or_did_not_join() {
    let two = "B1 - - 12:00 12:20; B2 - - 12:40 12:50";
    let check = |columns: &str, row: &str, legs: &str, expect: &str| {
        assert_eq!(told(&joined(columns, row), legs), expect, "{columns} {row}");
    };
    check("same_station,max_gap", "bus,bus,0,1200", two, "joined 2 Some(1200)");
    check("same_station,max_gap", "bus,bus,0,1199", two, "TimeUp");
    check("same_station,max_gap,same_route", "bus,bus,0,3600,1", two, "Interrupted");
    check("same_station,max_gap", "bus,bus,0,3600", "B1 - - 12:00 -; B2 - - 12:40 12:50", "NoTapOff");
    check("same_station,day_start_time", "bus,bus,0,12:30:00", two, "NewDay");
    let three = format!("{two}; B2 - - 13:00 13:10");
    check("same_station,max_gap,max_joins", "bus,bus,0,3600,1", &three, "UsedUp");
    check("same_station,max_gap,same_route", "bus,bus,0,3600,2", &three, "SameRoute");
    check("max_gap", "bus,rail,3600", two, "");
    let found =
        explain(&loaded(&joined("same_station,max_gap", "bus,bus,0,1200")), &Carried::default(), &rides(two));
    assert!(rules(&found[1].priced).starts_with("fare_leg_join_rules:2 "));
}

#[test]
fn how_far_joins_reach() {
    let reach = |columns: &str, row: &str| loaded(&joined(columns, row)).reach_seconds();
    let day = 24 * 3600;
    assert_eq!(loaded(&town()).reach_seconds(), 0);
    assert_eq!(reach("max_gap", "bus,bus,3600"), 3600 + day);
    assert_eq!(reach("max_gap,day_start_time", "bus,bus,7200,04:00:00"), 25 * 3600);
    assert_eq!(reach("max_gap,duration_limit,duration_limit_type", "bus,bus,3600,7200,1"), 7200);
    assert_eq!(reach("duration_limit,duration_limit_type", "bus,bus,7200,2"), 7200 + day);
    assert_eq!(reach("max_joins", "bus,bus,2"), i64::MAX);
}

#[test]
fn what_is_wrong_with_join_rules_is_said_at_once() {
    let file = "fare_leg_join_rules.txt";
    let check = |columns: &str, rows: &str, expect: &[&str]| {
        let errors = load(&joined(columns, rows)).expect_err(rows);
        let found = lines(&errors);
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.starts_with(&format!("{file}:{expect}")), "found {found:?}, expected {expect:?}");
        }
    };
    check(
        "max_gap",
        ",tram,60\nbus,bus,60\nbus,bus,70",
        &[
            "2 from_network_id: the field is empty",
            "2 to_network_id: there is no such id",
            "4 from_network_id: the same key stands on line 3",
        ],
    );
    check("max_gap", "bus,rail,x\nrail,bus,-1", &["2 max_gap: not a whole number", "3 max_gap: not a whole"]);
    check(
        "max_gap,from_stop_id,to_stop_id,same_station",
        "bus,bus,60,N,,\nbus,bus,60,N,X,\nbus,bus,60,N,M,1",
        &[
            "2 to_stop_id: from_stop_id and to_stop_id are given both or neither",
            "3 to_stop_id: there is no stop `X`",
            "4 same_station: left empty when stops are given",
        ],
    );
    check(
        "duration_limit,duration_limit_type,duration_limit_bound,gap_bound",
        "bus,bus,60,,,\nbus,rail,,1,1,1\nrail,bus,0,4,,",
        &[
            "2 duration_limit_type: duration_limit and duration_limit_type are given both or neither",
            "3 duration_limit: duration_limit and duration_limit_type are given both or neither",
            "3 duration_limit_bound: given without duration_limit",
            "3 gap_bound: given without max_gap",
            "4 duration_limit: not a whole number from 1",
            "4 duration_limit_type: `4` is none of: 0, 1, 2, 3",
        ],
    );
    check(
        "max_joins,same_route,tap_between,join_optional",
        "bus,bus,0,3,2,x",
        &[
            "2 join_optional: `x` is none of: 0, 1",
            "2 max_joins: not a whole number from 1",
            "2 same_route: `3` is none of: 0, 1, 2",
            "2 tap_between: `2` is none of: 1, 0",
        ],
    );
    check(
        "day_start_time,price_network,timeframe_leg,ceiling,gap_timeframe_group_id",
        "bus,bus,4,any,last,all,noon",
        &[
            "2 ceiling: `all` is none of: none, sum_of_legs",
            "2 day_start_time: not a time",
            "2 gap_timeframe_group_id: there is no group in timeframes.txt `noon`",
            "2 price_network: `any` is none of: all_same, first, last, dearest",
            "2 timeframe_leg: `last` is none of: first, distance_pair",
        ],
    );
    let warnings = lines(loaded(&joined("max_joins", "bus,bus,2")).warnings());
    assert!(warnings[0].starts_with("fare_leg_join_rules.txt:2 max_gap: no limit of time"), "{warnings:?}");
}

#[test]
fn a_rule_may_be_for_joined_legs_only() {
    let mut files = joined("max_gap,same_station", "bus,bus,3600,0");
    let rules =
        "network_id,fare_product_id,rule_priority,joined_only\nbus,flat,0,0\nbus,long,1,1\nrail,short,0,\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    check_files(&files, "B1 - - 8:00 8:20", "5000");
    check_files(&files, "B1 - - 8:00 8:20;B2 - - 8:30 8:40", "5000 4000");
    check_files(&files, "B1 - - 8:00 8:20;B2 - - 9:30 9:40", "5000 5000");
}
