//! What a change costs: the rows of `fare_transfer_rules.txt`.

use super::*;
use crate::explain::{Because, Fact};
use crate::limits::{READINGS_MAX, TRANSFER_TAILS_MAX};
use crate::{Carried, explain};

/// Buses 5,000, trams 4,000 and trains 9,000, each a leg group of its own, and products for changes.
const GROUPS: &str = "leg_group_id,network_id,fare_product_id,rule_priority\n\
                      bus,bus,flat,1\ntram,tram,tramway,1\nrail,rail,long,1\n";
const PRODUCTS: &str = "fare_product_id,rider_category_id,fare_media_id,amount,currency\n\
                        flat,,,5000,VND\ntramway,,,4000,VND\nlong,,,9000,VND\nshort,,,1,VND\n\
                        up1,,,1000,VND\nup2,,,2000,VND\noff,,,-1000,VND\nthrough,,,6000,VND\ndear,,,20000,VND\n\
                        nine,,,9000,VND\nother1,,,1000,VND\n";
pub(super) const HEADER: &str = "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,\
                                 duration_limit_type,fare_transfer_type,fare_product_id";

/// The town with three leg groups and these transfer rules.
pub(super) fn changing(header: &str, rows: &[&str]) -> Files {
    let mut files = town_with("fare_leg_rules.txt", GROUPS);
    let mut put = |name: &str, text: &str| files.insert(name.to_owned(), text.as_bytes().to_vec());
    put("networks.txt", "network_id\nbus\ntram\nrail\n");
    put("route_networks.txt", "network_id,route_id\nbus,B1\ntram,B2\nrail,R\n");
    put("fare_products.txt", PRODUCTS);
    put(
        "rider_discounts.txt",
        "rider_category_id,multiply_percent,rounding_step,rounding_mode,funded_by\n\
                                student,5000,1,half_up,city\nfree,0,1,down,city\n",
    );
    put("incomplete_journeys.txt", "kind,charge\n");
    put("fare_transfer_rules.txt", &format!("{header}\n{}\n", rows.join("\n")));
    files
}

/// Legs from minutes after eight, `B1 0 20; R 30 -`: route, start, end. All by one adult with a card unless said.
pub(super) fn legs(words: &str) -> Vec<Leg> {
    let minute = |word: &str| at("2026-03-02", 8, 0, 0).unix_ms() + word.parse::<i64>().unwrap() * 60_000;
    let moment = |word: &str| EventTime::from_unix_ms(minute(word));
    let leg = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        let rider = words.get(3).copied().unwrap_or("adult");
        let medium = words.get(4).copied().unwrap_or("card");
        let end = if words[2] == "-" { None } else { moment(words[2]) };
        let start = moment(words[1]).unwrap();
        Leg { start, end, ..ride(&format!("{} N S {rider} {medium}", words[0])) }
    };
    words.split(';').map(leg).collect()
}

/// What the rider pays leg by leg; `?` when it is not known.
pub(super) fn pays(policy: &Policy, words: &str) -> String {
    let one = |priced: Priced| match priced.fare {
        Fare::Known { rider, .. } => rider.to_string(),
        Fare::Unknown(_) => "?".to_owned(),
    };
    price(policy, &legs(words)).into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Under these rows, each of the rides costs what stands beside it.
pub(super) fn check(header: &str, rows: &[&str], rides: &[(&str, &str)]) {
    let policy = loaded(&changing(header, rows));
    for (words, expect) in rides {
        assert_eq!(pays(&policy, words), *expect, "{rows:?}: {words}");
    }
}

#[test]
fn three_ways_to_count_a_change_and_the_next_one() {
    let rides = "B1 0 10; B2 20 30; R 40 50";
    // A + AB, then S + BC.
    check(HEADER, &["bus,tram,,,,0,up1", "tram,rail,,,,0,up2"], &[(rides, "5000 1000 2000")]);
    check(HEADER, &["bus,tram,,,,0,"], &[(rides, "5000 0 9000")]);
    // A + AB + B, then S + BC + C.
    check(HEADER, &["bus,tram,,,,1,off", "tram,rail,,,,1,off"], &[(rides, "5000 3000 8000")]);
    // AB, then S + BC.
    check(HEADER, &["bus,tram,,,,2,through", "tram,rail,,,,0,up2"], &[(rides, "5000 1000 2000")]);
    // After another transfer, nothing of what was paid is taken back.
    check(HEADER, &["bus,tram,,,,0,off", "tram,rail,,,,2,through"], &[(rides, "5000 -1000 6000")]);
}

#[test]
fn an_exact_pair_goes_first_and_an_empty_field_means_groups_that_are_not_listed() {
    let rides = [("B1 0 10; R 20 30", "5000 1000"), ("B2 0 10; R 20 30", "4000 9000")];
    check(HEADER, &["bus,rail,,,,0,up1"], &rides);
    // From any group but `bus`: there is an exact row for one pair of it, and then none else for it.
    let rows = ["bus,rail,,,,0,up1", ",rail,,,,0,up2"];
    let rides = [
        ("B1 0 10; R 20 30", "5000 1000"),
        ("B2 0 10; R 20 30", "4000 2000"),
        ("R 0 10; R 20 30", "9000 2000"),
        ("R 0 10; B1 20 30", "9000 5000"),
    ];
    check(HEADER, &rows, &rides);
    // Both empty: every change between groups that stand in neither column.
    let rows = ["bus,rail,,,,0,up2", ",,,,,0,up1"];
    let rides = [
        ("B2 0 10; B1 20 30", "4000 1000"),
        ("B1 0 10; B2 20 30", "5000 4000"),
        ("B2 0 10; R 20 30", "4000 9000"),
        ("B2 0 10; B2 20 30; B1 40 50", "4000 1000 1000"),
    ];
    check(HEADER, &rows, &rides);
}

#[test]
fn a_rule_holds_one_way() {
    let rides = [("B1 0 10; R 20 30", "5000 1000"), ("R 0 10; B1 20 30", "9000 5000")];
    check(HEADER, &["bus,rail,,,,0,up1"], &rides);
}

#[test]
fn of_several_counts_the_smallest_that_is_enough_is_taken() {
    let rows = ["bus,bus,1,,,0,", "bus,bus,3,,,0,up1", "bus,bus,-1,,,0,up2"];
    let rides = "B1 0 1; B1 2 3; B1 4 5; B1 6 7; B1 8 9; B1 10 11";
    check(HEADER, &rows, &[(rides, "5000 0 1000 1000 2000 2000")]);
    // Two chains of three cost less than one of four and one of two.
    check(HEADER, &rows[..2], &[(rides, "5000 0 1000 1000 4000 1000")]);
}

#[test]
fn four_ways_to_measure_a_limit() {
    // Departures at 0 and 60, arrivals at 10 and 75.
    for (kind, edge) in [(0, 75), (1, 60), (2, 50), (3, 65)] {
        for (limit, expect) in [(edge * 60, "5000 0"), (edge * 60 - 1, "5000 9000")] {
            let row = format!("bus,rail,,{limit},{kind},0,");
            check(HEADER, &[&row], &[("B1 0 10; R 60 75", expect)]);
        }
    }
    // An arrival that nobody saw cannot be measured.
    for (kind, first, last) in [(0, "0", "9000"), (1, "0", "0"), (2, "9000", "0"), (3, "9000", "9000")] {
        let row = format!("bus,rail,,36000,{kind},0,");
        let (first, last) = (format!("5000 {first}"), format!("5000 {last}"));
        check(HEADER, &[&row], &[("B1 0 -; R 60 75", &first), ("B1 0 10; R 60 -", &last)]);
    }
}

#[test]
fn in_a_chain_of_one_group_time_runs_from_the_first_leg_between_two_groups_from_the_leg_before() {
    let rides = "B1 0 1; B1 40 41; B1 60 61; B1 80 81; B1 100 101";
    check(HEADER, &["bus,bus,-1,3600,1,0,"], &[(rides, "5000 0 0 5000 0")]);
    // Between two groups every change starts its own hour.
    let rows = ["bus,tram,,3600,1,0,", "tram,bus,,3600,1,0,"];
    check(HEADER, &rows, &[("B1 0 1; B2 40 41; B1 80 81; B2 120 121", "5000 0 0 0")]);
}

#[test]
fn without_a_limit_a_change_holds_within_the_service_day() {
    // The day of the town begins at four.
    let rides = [("B1 0 10; R 1199 1201", "5000 0"), ("B1 0 10; R 1200 1201", "5000 9000")];
    check(HEADER, &["bus,rail,,,,0,"], &rides);
    let reach = |row: &str| loaded(&changing(HEADER, &[row])).reach_seconds();
    assert_eq!(reach("bus,rail,,,,0,"), 25 * 3600);
    assert_eq!(reach("bus,rail,,5400,1,0,"), 5_400);
    assert_eq!(reach("bus,rail,,5400,2,0,"), 5_400 + 25 * 3600);
}

#[test]
fn the_cheapest_way_to_pair_legs_is_found_and_earlier_legs_are_read_anew_for_it() {
    // Bus and tram through 6,000, tram and train through 6,000: the tram goes with the train once that came.
    let rows = ["bus,tram,,,,2,through", "tram,rail,,,,2,through"];
    let policy = loaded(&changing(HEADER, &rows));
    let rides = "B1 0 10; B2 20 30; R 40 50";
    assert_eq!(pays(&policy, rides), "5000 1000 5000");
    let told = explain(&policy, &Carried::default(), &legs(rides));
    let reread = |fact: &&Fact| matches!(fact, Fact::Reread { .. });
    assert_eq!(told[1].facts.iter().find(reread), None);
    assert_eq!(told[2].facts.iter().find(reread), Some(&Fact::Reread { change: minor(3_000) }));
    // A later leg may even cost less than nothing.
    let rows = ["bus,rail,,,,2,up1"];
    check(HEADER, &rows, &[("B1 0 10; R 20 30", "5000 -4000")]);
}

#[test]
fn media_must_match_unless_the_rule_says_otherwise() {
    let header = format!("{HEADER},fare_media_behavior");
    let rides = "B1 0 10; R 20 30 adult cash";
    check(&header, &["bus,rail,,,,0,,0"], &[(rides, "5000 9000")]);
    check(&header, &["bus,rail,,,,0,,"], &[(rides, "5000 9000")]);
    check(&header, &["bus,rail,,,,0,,1"], &[(rides, "5000 0"), ("B1 0 10; R 20 30 student", "5000 4500")]);
    // Where media may differ, a rule that asks for one medium still looks at the leg before on that medium.
    let rows = ["bus,rail,,,,0,,1", "tram,tram,1,,,0,,0"];
    let rides = [
        ("B2 0 10; B1 20 30 adult cash; B2 40 50", "4000 5000 0"),
        ("B2 0 10; B1 20 30; B2 40 50", "4000 5000 4000"),
        ("B1 0 10; B2 20 30 adult cash; R 40 50", "5000 4000 9000"),
        ("B1 0 10; R 20 30 adult cash; R 40 50", "5000 0 9000"),
    ];
    check(&header, &rows, &rides);
}

#[test]
fn a_rule_may_ask_for_the_same_product_or_for_one_that_was_bought_on_the_way() {
    let header = format!("{HEADER},fare_product_behavior,filter_fare_product_id");
    check(&header, &["bus,bus,-1,,,0,,1,"], &[("B1 0 1; B1 2 3", "5000 0")]);
    check(&header, &["bus,rail,,,,0,,1,"], &[("B1 0 1; R 2 3", "5000 9000")]);
    let rows = ["bus,tram,,,,0,up1,,", "tram,rail,,,,0,,,up1"];
    let rides = [("B1 0 1; B2 2 3; R 4 5", "5000 1000 0"), ("B2 2 3; R 4 5", "4000 9000")];
    check(&header, &rows, &rides);
    // The product of a leg that was covered by a transfer was not bought.
    check(
        &header,
        &["bus,tram,,,,0,,,", "tram,rail,,,,0,,,tramway"],
        &[("B1 0 1; B2 2 3; R 4 5", "5000 0 4000")],
    );
    check(&header, &["bus,tram,,,,0,,,", "tram,rail,,,,0,,,flat"], &[("B1 0 1; B2 2 3; R 4 5", "5000 0 0")]);
}

#[test]
fn a_change_across_other_legs_needs_a_rule_that_looks_back() {
    let header = format!("{HEADER},nonconsecutive_transfer_allowed");
    let rides = "B1 0 1; R 2 3; B1 4 5";
    check(&header, &["bus,bus,-1,,,0,,"], &[(rides, "5000 9000 5000")]);
    check(
        &header,
        &["bus,bus,-1,,,0,,1"],
        &[(rides, "5000 9000 0"), ("B1 0 1; B1 2 3; R 4 5; B1 6 7", "5000 0 9000 0")],
    );
    // A leg starts the transfers of one pair once; what comes next counts from where the run has got to.
    let rides = "B1 0 1; R 2 3; B1 4 5; R 6 7; B1 8 9";
    check(&header, &["bus,bus,1,,,0,,1"], &[(rides, "5000 9000 0 9000 5000")]);
    check(&header, &["bus,bus,2,,,0,,1"], &[(rides, "5000 9000 0 9000 0")]);
    // One leg may start transfers to two groups.
    let rows = ["bus,tram,,,,0,,1", "bus,rail,,,,0,,1"];
    check(&header, &rows, &[("B1 0 1; B2 2 3; R 4 5; R 6 7", "5000 0 0 9000")]);
    check(
        &header,
        &["bus,rail,,3600,1,0,,1"],
        &[("B1 0 1; B2 2 3; R 60 61", "5000 4000 0"), ("B1 0 1; B2 2 3; R 61 62", "5000 4000 9000")],
    );
}

#[test]
fn a_compulsory_rule_is_taken_even_when_it_is_dearer() {
    let header = format!("{HEADER},compulsory");
    let rides = "B1 0 1; B2 2 3; B2 61 62";
    check(&header, &["bus,tram,,3600,1,1,up1,1"], &[(rides, "5000 5000 4000")]);
    check(&header, &["bus,tram,,3600,1,1,up1,0"], &[(rides, "5000 4000 4000")]);
    check(&header, &["bus,tram,,,,2,dear,1"], &[(rides, "5000 15000 4000")]);
    // Time is up, so nothing forces the rider any more.
    check(&header, &["bus,tram,,60,1,1,up1,1"], &[(rides, "5000 4000 4000")]);
    // Another rule for the same change may be taken in its place.
    check(&header, &["bus,tram,,3600,1,1,up2,1", "bus,tram,,3600,1,1,up1,0"], &[(rides, "5000 5000 4000")]);
}

#[test]
fn a_product_is_bought_for_each_change_or_once_for_the_chain() {
    let header = format!("{HEADER},product_scope");
    let rides = "B1 0 1; B1 2 3; B1 4 5; B1 61 62; B1 63 64";
    check(&header, &["bus,bus,-1,3600,1,0,up1,"], &[(rides, "5000 1000 1000 5000 1000")]);
    check(&header, &["bus,bus,-1,3600,1,0,up1,per_transfer"], &[(rides, "5000 1000 1000 5000 1000")]);
    check(&header, &["bus,bus,-1,3600,1,0,up1,per_chain"], &[(rides, "5000 1000 0 5000 1000")]);
}

#[test]
fn a_leg_rule_may_be_usable_only_after_a_transfer() {
    let mut files = changing(HEADER, &["bus,onward,,,,1,", "rail,onward,,,,1,"]);
    let rules = "leg_group_id,network_id,fare_product_id,rule_priority,transfer_only\n\
                 bus,bus,flat,1,0\ntram,tram,tramway,1,0\nonward,tram,up1,2,1\nrail,rail,long,1,\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    // Although it has the higher priority, it does not hide the other rule where it cannot be used.
    assert_eq!(pays(&policy, "B2 0 1; B2 2 3"), "4000 4000");
    assert_eq!(pays(&policy, "B1 0 1; B2 2 3; B2 4 5"), "5000 1000 4000");
    // Where nothing else sells the ride, its fare is not known without a transfer.
    files.insert("fare_leg_rules.txt".into(), rules.replace("tram,tram,tramway,1,0\n", "").into());
    let policy = loaded(&files);
    assert_eq!(pays(&policy, "B2 0 1; B1 2 3; B2 4 5; B2 6 7"), "? 5000 1000 ?");
}

#[test]
fn a_leg_in_several_groups_is_read_as_the_one_that_pays() {
    let mut files = changing(HEADER, &["bus,rail,,,,0,"]);
    let rules = "leg_group_id,network_id,fare_product_id,rule_priority\n\
                 tram,tram,tramway,1\nbus,tram,flat,1\nrail,rail,long,1\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    // The dearer ticket grants the free change; that is known only when the change comes.
    assert_eq!(pays(&policy, "B2 0 1"), "4000");
    assert_eq!(pays(&policy, "B2 0 1; R 2 3"), "4000 1000");
    assert_eq!(pays(&policy, "B2 0 1; R 2 3; R 4 5"), "4000 1000 9000");
}

#[test]
fn unknown_legs_and_legs_that_stand_apart_are_looked_past() {
    let mut files = changing(HEADER, &["bus,bus,1,,,0,", "tram,tram,1,,,0,"]);
    let rules = "leg_group_id,network_id,fare_product_id,stands_apart\nbus,bus,flat,0\ntram,tram,tramway,1\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    assert_eq!(pays(&policy, "B1 0 1; R 2 3; B1 4 5"), "5000 ? 0");
    assert_eq!(pays(&policy, "B1 0 1; B2 2 3; B2 4 5; B1 6 7"), "5000 4000 4000 0");
}

#[test]
fn a_riders_formula_holds_for_transfer_products_and_a_discount_shrinks_with_it() {
    let policy = loaded(&changing(HEADER, &["bus,tram,,,,0,up1", "tram,rail,,,,1,off"]));
    let rides = |rider: &str| format!("B1 0 1 {rider}; B2 2 3 {rider}; R 4 5 {rider}");
    assert_eq!(pays(&policy, &rides("adult")), "5000 1000 8000");
    assert_eq!(pays(&policy, &rides("student")), "2500 500 4000");
    assert_eq!(pays(&policy, &rides("free")), "0 0 0");
    let fares = |rider: &str| all_shown(&price(&policy, &legs(&rides(rider))));
    assert_eq!(fares("student"), ["5000 2500 9:2500", "1000 500 9:500", "8000 4000 9:4000"]);
    assert_eq!(fares("free"), ["5000 0 9:5000", "1000 0 9:1000", "8000 0 9:8000"]);
}

#[test]
fn the_rows_that_fired_are_named_and_facts_tell_what_came_of_the_others() {
    let policy = loaded(&changing(HEADER, &["bus,tram,,3600,1,0,up1", "tram,rail,,,,1,off"]));
    let words = "B1 0 1; B2 2 3; R 4 5";
    let priced = price(&policy, &legs(words));
    let fired: Vec<String> = priced.iter().map(rules).collect();
    assert_eq!(
        fired,
        [
            "fare_leg_rules:2 fare_products:2",
            "fare_leg_rules:3 fare_transfer_rules:2 fare_products:6",
            "fare_leg_rules:4 fare_products:4 fare_transfer_rules:3 fare_products:8",
        ]
    );
    let sold: Vec<Option<Text>> = priced.into_iter().map(|priced| priced.product).collect();
    assert_eq!(sold, [Some(text("flat")), Some(text("up1")), Some(text("long"))]);
    let told = |words: &str| explain(&policy, &Carried::default(), &legs(words)).pop().unwrap().facts;
    let row = || text("fare_transfer_rules:2");
    let facts = told("B1 0 1; B2 2 3");
    let transfer =
        Fact::Transfer { row: row(), product: Some(text("up1")), full: minor(4_000), paid: minor(1_000) };
    assert!(facts.contains(&transfer), "{facts:#?}");
    let alone = Fact::Lost {
        row: text("fare_leg_rules:3"),
        product: Some(text("tramway")),
        rider: Some(minor(4_000)),
        because: Because::Dearer,
    };
    assert!(facts.contains(&alone), "{facts:#?}");
    let late = Fact::NotTransfer { row: row(), because: Because::TimeUp };
    assert!(told("B1 0 1; B2 61 62").contains(&late));
}

#[test]
fn a_long_row_of_legs_is_followed_in_bounded_memory() {
    let header = format!("{HEADER},nonconsecutive_transfer_allowed");
    let rows = [
        "bus,bus,2,7200,1,0,up1,1",
        "bus,tram,,7200,1,0,up1,1",
        "tram,bus,,7200,1,0,up2,1",
        "rail,rail,-1,,,0,up1,1",
    ];
    let policy = loaded(&changing(&header, &rows));
    let rides: Vec<String> =
        (0..300).map(|leg| format!("{} {leg} {leg}", ["B1", "B2", "R"][leg % 7 % 3])).collect();
    let mut rater = crate::Rater::new(&policy, Carried::default());
    for leg in legs(&rides.join(";")) {
        rater.next(&leg);
        assert!(rater.readings() <= READINGS_MAX);
    }
    assert_eq!(rater.readings(), READINGS_MAX);
}

#[test]
fn a_change_may_start_from_so_many_earlier_legs_and_no_more() {
    let header = format!("{HEADER},nonconsecutive_transfer_allowed");
    let policy = loaded(&changing(&header, &["bus,rail,,,,0,,1"]));
    // Every bus lets one train ride free; of one bus too many, the first is forgotten.
    for (count, last) in [(TRANSFER_TAILS_MAX, "0"), (TRANSFER_TAILS_MAX + 1, "9000")] {
        let buses = (0..count).map(|leg| format!("B1 {leg} {leg}"));
        let trains = (0..count).map(|leg| format!("R {} {}", leg + 60, leg + 60));
        let rides: Vec<String> = buses.chain(trains).collect();
        let found = pays(&policy, &rides.join(";"));
        assert_eq!(found.rsplit(' ').next(), Some(last), "{found}");
        assert_eq!(found.split(' ').filter(|paid| *paid == "0").count(), TRANSFER_TAILS_MAX, "{found}");
    }
}

#[test]
fn the_file_is_checked() {
    let check = |header: &str, rows: &[&str], expect: &[&str]| {
        let errors = load(&changing(header, rows)).expect_err("the policy loads");
        let found = lines(&errors);
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            let found = found.strip_prefix("fare_transfer_rules.txt:").unwrap();
            assert!(found.starts_with(expect), "found {found:?}, expected {expect:?}");
        }
    };
    check(
        HEADER,
        &["boat,rail,,,,0,"],
        &["2 from_leg_group_id: there is no leg group in fare_leg_rules.txt `boat`"],
    );
    check(HEADER, &["bus,boat,,,,0,"], &["2 to_leg_group_id: there is no leg group"]);
    check(HEADER, &["bus,rail,,,,0,wish"], &["2 fare_product_id: there is no product"]);
    check(HEADER, &["bus,rail,,,,3,"], &["2 fare_transfer_type: `3` is none of: 0, 1, 2"]);
    check(HEADER, &["bus,rail,,,,,"], &["2 fare_transfer_type: the field is empty"]);
    check(HEADER, &["bus,bus,,,,0,"], &["2 transfer_count: a rule from a group to itself needs a count"]);
    check(
        HEADER,
        &["bus,rail,1,,,0,"],
        &["2 transfer_count: only a rule from a group to itself has a count"],
    );
    check(HEADER, &["bus,,1,,,0,"], &["2 transfer_count: only a rule from a group to itself has a count"]);
    check(HEADER, &["bus,bus,0,,,0,"], &["2 transfer_count: 0 changes are none"]);
    check(HEADER, &["bus,bus,-2,,,0,"], &["2 transfer_count: not a whole number from -1"]);
    check(HEADER, &["bus,rail,,0,1,0,"], &["2 duration_limit: not a whole number from 1"]);
    check(HEADER, &["bus,rail,,60,,0,"], &["2 duration_limit_type: a duration_limit needs a type"]);
    check(HEADER, &["bus,rail,,,1,0,"], &["2 duration_limit_type: there is no duration_limit"]);
    check(HEADER, &["bus,rail,,60,4,0,"], &["2 duration_limit_type: `4` is none of: 0, 1, 2, 3"]);
    check(
        HEADER,
        &["bus,rail,,,,0,", "bus,rail,,,,0,"],
        &["3 to_leg_group_id: the same key stands on line 2"],
    );
    let wide = format!("{HEADER},duration_limit_bound,product_scope,filter_fare_product_id");
    check(&wide, &["bus,rail,,,,0,,1,,"], &["2 duration_limit_bound: there is no duration_limit"]);
    check(
        &wide,
        &["bus,rail,,,,0,,,per_chain,"],
        &["2 product_scope: there is no product that could be bought once"],
    );
    check(&wide, &["bus,rail,,,,0,,,per_day,"], &["2 product_scope: `per_day` is none of"]);
    check(&wide, &["bus,rail,,,,0,,,,wish"], &["2 filter_fare_product_id: there is no product"]);
    // All at once.
    check(
        HEADER,
        &["boat,rail,,,,9,", "bus,bus,,60,,0,"],
        &["2 fare_transfer_type: ", "2 from_leg_group_id: ", "3 duration_limit_type: ", "3 transfer_count: "],
    );
}

#[test]
fn rules_that_no_ride_can_use_or_that_could_be_used_too_well_are_warnings() {
    let check = |header: &str, rows: &[&str], expect: &[&str]| {
        let policy = loaded(&changing(header, rows));
        let found = lines(policy.warnings());
        let found: Vec<&str> = found
            .iter()
            .filter(|line| line.starts_with("fare_transfer_rules.txt"))
            .map(String::as_str)
            .collect();
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.contains(expect), "found {found:?}, expected {expect:?}");
        }
    };
    let wide = format!("{HEADER},compulsory,fare_product_behavior,filter_fare_product_id");
    check(HEADER, &["bus,rail,,,,0,", "bus,bus,1,,,0,up1"], &[]);
    check(
        HEADER,
        &["bus,rail,,,,1,up1"],
        &[":2 fare_product_id: the rule is never used: the legs cost less one by one"],
    );
    check(&wide, &["bus,rail,,,,1,up1,1,,"], &[]);
    check(
        HEADER,
        &["bus,rail,,,,2,off"],
        &[":2 fare_product_id: the legs may cost less than nothing together"],
    );
    check(HEADER, &["bus,rail,,,,0,off"], &[]);
    check(HEADER, &["bus,bus,1,,,0,off"], &[]);
    check(
        HEADER,
        &["bus,bus,-1,,,0,off"],
        &[":2 fare_product_id: the legs may cost less than nothing together"],
    );
    check(
        HEADER,
        &["bus,tram,,,,0,", "tram,rail,,,,0,", "rail,bus,,,,0,", ",rail,,,,0,up1"],
        &[":5 from_leg_group_id: the rule is never reached: every leg group is listed in this column"],
    );
    check(&wide, &["bus,rail,,,,0,,,1,"], &[":2 fare_product_behavior: the rule is never reached"]);
    check(&wide, &["bus,rail,,,,0,,,,dear"], &[":2 filter_fare_product_id: the rule is never reached"]);
}

#[test]
fn legs_that_are_joined_change_as_one() {
    let check = |rows: &[&str], rides: &[(&str, &str)]| {
        let mut files = changing(HEADER, rows);
        let joins = "from_network_id,to_network_id,same_station,max_gap\nbus,bus,0,600\n";
        files.insert("fare_leg_join_rules.txt".into(), joins.into());
        let policy = loaded(&files);
        for (words, expect) in rides {
            assert_eq!(pays(&policy, words), *expect, "{rows:?}: {words}");
        }
    };
    let joined = "B1 0 10; B1 15 25";
    check(&[], &[(joined, "5000 0"), ("B1 0 10; B1 21 25", "5000 5000")]);
    // Time runs from the first leg's departure or the last one's arrival.
    for (row, last, expect) in [
        ("bus,rail,,2400,1,0,", 40, "5000 0 0"),
        ("bus,rail,,2400,1,0,", 41, "5000 0 9000"),
        ("bus,rail,,900,2,0,", 40, "5000 0 0"),
        ("bus,rail,,900,2,0,", 41, "5000 0 9000"),
    ] {
        check(&[row], &[(&format!("{joined}; R {last} 50"), expect)]);
    }
    // A change inside the effective leg is none.
    let rides = [(format!("{joined}; B1 60 61; B1 90 91"), "5000 0 0 5000")];
    check(&["bus,bus,1,,,0,"], &[(&rides[0].0, rides[0].1)]);
    // The leg that joins may undo the change that led to the effective leg.
    let rides = "B2 0 1; B1 5 10; B1 15 25";
    check(&["tram,bus,,1500,0,0,"], &[(rides, "4000 0 0")]);
    check(&["tram,bus,,1499,0,0,"], &[(rides, "4000 0 5000")]);
    // A leg by another medium between the two closes the effective leg, where changes may lead to it.
    let mut files = changing(&format!("{HEADER},fare_media_behavior"), &["bus,tram,,,,0,,1"]);
    let joins = "from_network_id,to_network_id,same_station,max_gap\nbus,bus,0,600\n";
    files.insert("fare_leg_join_rules.txt".into(), joins.into());
    assert_eq!(pays(&loaded(&files), "B1 0 10; B2 11 12 adult cash; B1 15 25"), "5000 0 5000");
    assert_eq!(pays(&loaded(&files), "B1 0 10; B1 15 25; B2 30 31 adult cash"), "5000 0 0");
}
