//! What the standard leaves open, one test for each line of the table in docs/fares/transfers.md. Lines 6 and 15 are
//! about joins and are tested with them.

use super::transfers::{HEADER, changing, check, legs, pays};
use super::*;
use crate::UnknownFare;

/// The warnings of a file.
fn warnings(policy: &Policy, file: &str) -> Vec<String> {
    lines(policy.warnings()).into_iter().filter(|line| line.starts_with(file)).collect()
}

/// The first error of files that do not load.
fn first_error(files: &Files) -> String {
    lines(&load(files).expect_err("the policy loads")).swap_remove(0)
}

#[test]
fn decision_01_the_cheapest_lawful_combination_is_charged() {
    let rides = "B1 0 1; B2 2 3; R 4 5";
    check(HEADER, &["bus,tram,,,,2,dear"], &[(rides, "5000 4000 9000")]);
    check(HEADER, &["bus,tram,,,,2,dear", "bus,tram,,60,1,2,through"], &[(rides, "5000 4000 9000")]);
    check(HEADER, &["bus,tram,,,,2,dear", "bus,tram,,600,1,2,through"], &[(rides, "5000 1000 9000")]);
    // The first row that matches is not taken where another is cheaper, nor a change where another saves more.
    let rows = ["bus,tram,,,,0,up2", "bus,tram,,600,1,0,up1", "tram,rail,,,,2,up2"];
    check(HEADER, &rows, &[(rides, "5000 1000 1000")]);
}

#[test]
fn decision_02_equal_totals_go_by_fixed_rules_and_never_by_the_order_of_rows() {
    let check = |rows: &[&str], words: &str, expect: &str| {
        for turn in 0..rows.len() {
            let mut turned = rows.to_vec();
            turned.rotate_left(turn);
            let policy = loaded(&changing(HEADER, &turned));
            let last = price(&policy, &legs(words)).pop().unwrap();
            let number = |row: &str| turned.iter().position(|other| *other == row).map(|at| at + 2);
            let expect = expect.replace("ROW", &format!("{:?}", number(rows[0]).unwrap()));
            assert_eq!(rules(&last), expect, "{turned:?}");
        }
    };
    // The lower gross fare, where the rider pays nothing either way.
    let free = "B1 0 1 free; B2 2 3 free";
    let taken = "fare_leg_rules:3 fare_transfer_rules:ROW fare_products:6 rider_discounts:3";
    check(&["bus,tram,,,,0,up1", "bus,tram,,,,0,up2"], free, taken);
    // Fewer purchases: one product through, where two would cost the same.
    let words = "B1 0 1; B2 2 3";
    let row = "fare_leg_rules:3 fare_transfer_rules:ROW";
    check(&["bus,tram,,,,2,nine", "bus,tram,,,,0,tramway"], words, &format!("{row} fare_products:11"));
    // The earlier purchase: a ticket for the leg rather than for the change.
    check(&["bus,tram,,,,0,tramway"], words, "fare_leg_rules:3 fare_products:3");
    // The row that says more, then the product by its id.
    check(&["bus,tram,,3600,1,0,up1", "bus,tram,,,,0,up1"], words, &format!("{row} fare_products:6"));
    check(&["bus,tram,,,,0,other1", "bus,tram,,,,0,up1"], words, &format!("{row} fare_products:12"));
}

#[test]
fn decision_03_rider_and_medium_match_across_a_change_and_products_need_not() {
    let rides = [
        ("B1 0 1; R 2 3", "5000 0"),
        ("B1 0 1; R 2 3 student", "5000 4500"),
        ("B1 0 1; R 2 3 adult cash", "5000 9000"),
    ];
    check(HEADER, &["bus,rail,,,,0,"], &rides);
    // Cash and card rows under one group: without this rule, cash would ride free on what a card paid.
    let mut files = changing(HEADER, &["bus,bus,-1,,,0,"]);
    let products = "fare_product_id,fare_media_id,amount,currency\nflat,card,5000,VND\nflat,cash,6000,VND\n\
                    tramway,,1,VND\nlong,,1,VND\n";
    files.insert("fare_products.txt".into(), products.into());
    assert_eq!(
        pays(&loaded(&files), "B1 0 1; B1 2 3 adult cash; B1 4 5; B1 6 7 adult cash"),
        "5000 6000 0 0"
    );
}

#[test]
fn decision_04_an_empty_medium_is_every_medium_and_mixing_both_is_warned_of() {
    let products = "fare_product_id,fare_media_id,amount,currency\nflat,,5000,VND\nflat,card,4000,VND\nshort,,1,VND\nlong,,1,VND\n";
    let policy = loaded(&town_with("fare_products.txt", products));
    assert_eq!(fare(&policy, "B1 - - adult card"), "4000 4000");
    assert_eq!(fare(&policy, "B1 - - adult cash"), "5000 5000");
    assert_eq!(warnings(&policy, "fare_products.txt:2 fare_media_id").len(), 1);
}

#[test]
fn decision_05_a_rider_without_a_price_is_never_silently_an_adult() {
    let mut files = changing(HEADER, &["bus,rail,,,,0,up1"]);
    files.insert("rider_discounts.txt".into(), "rider_category_id,fixed_amount,funded_by\n".into());
    let products = "fare_product_id,rider_category_id,amount,currency\nflat,,5000,VND\ntramway,,1,VND\n\
                    long,adult,9000,VND\nlong,student,7000,VND\nup1,adult,1000,VND\n";
    files.insert("fare_products.txt".into(), products.into());
    let policy = loaded(&files);
    assert_eq!(pays(&policy, "B1 0 1 free; R 2 3 free"), "5000 ?");
    // The product of the change has no price for students, so the change has no rule for them.
    assert_eq!(pays(&policy, "B1 0 1 student; R 2 3 student"), "5000 7000");
    assert_eq!(pays(&policy, "B1 0 1; R 2 3"), "5000 1000");
    let fallback = "rider_category_id,fallback_rider_category_id\nstudent,adult\n";
    files.insert("rider_eligibility.txt".into(), fallback.into());
    assert_eq!(pays(&loaded(&files), "B1 0 1 student; R 2 3 student"), "5000 1000");
}

#[test]
fn decision_07_a_transfer_is_compulsory_only_where_the_row_says_so() {
    let header = format!("{HEADER},compulsory");
    let rides = "B1 0 1; R 2 3";
    check(&header, &["bus,rail,,,,1,up1,"], &[(rides, "5000 9000")]);
    check(&header, &["bus,rail,,,,1,up1,1"], &[(rides, "5000 10000")]);
    let warned = |rows: &[&str]| warnings(&loaded(&changing(&header, rows)), "fare_transfer_rules.txt").len();
    assert_eq!((warned(&["bus,rail,,,,1,up1,"]), warned(&["bus,rail,,,,1,up1,1"])), (1, 0));
}

#[test]
fn decision_08_a_leg_looks_back_across_others_only_where_the_row_allows_it() {
    let header = format!("{HEADER},nonconsecutive_transfer_allowed");
    let rides = "B1 0 1; R 2 3; B1 4 5";
    check(&header, &["bus,bus,-1,,,0,,0"], &[(rides, "5000 9000 5000")]);
    check(&header, &["bus,bus,-1,,,0,,1"], &[(rides, "5000 9000 0")]);
    // Then every rule that can be used competes.
    check(&header, &["bus,bus,-1,,,0,up2,1", "rail,bus,,,,0,up1,0"], &[(rides, "5000 9000 1000")]);
    check(&header, &["bus,bus,-1,,,0,up1,1", "rail,bus,,,,0,up2,0"], &[(rides, "5000 9000 1000")]);
}

#[test]
fn decision_09_each_change_buys_its_product_unless_one_purchase_covers_the_chain() {
    let header = format!("{HEADER},product_scope");
    let rides = "B1 0 1; R 2 3; R 4 5";
    let rows = ["bus,rail,,,,0,up1,per_chain", "rail,rail,-1,,,0,up1,per_chain"];
    check(&header, &rows, &[(rides, "5000 1000 0")]);
    check(&header, &["bus,rail,,,,0,up1,", "rail,rail,-1,,,0,up1,"], &[(rides, "5000 1000 1000")]);
}

#[test]
fn decision_10_when_count_or_time_is_used_up_a_new_chain_begins_that_grants_changes_itself() {
    let rides = "B1 0 1; B1 10 11; B1 20 21; B1 30 31";
    check(HEADER, &["bus,bus,1,,,0,"], &[(rides, "5000 0 5000 0")]);
    check(HEADER, &["bus,bus,-1,900,1,0,"], &[(rides, "5000 0 5000 0")]);
}

#[test]
fn decision_11_time_runs_from_the_first_leg_of_a_run_and_between_groups_from_the_leg_before() {
    let rides = "B1 0 1; B1 50 51; B1 70 71";
    check(HEADER, &["bus,bus,-1,3600,1,0,"], &[(rides, "5000 0 5000")]);
    let rides = "B1 0 1; R 50 51; B1 100 101";
    check(HEADER, &["bus,rail,,3600,1,0,", "rail,bus,,3600,1,0,"], &[(rides, "5000 0 0")]);
    // All rows of one pair are one run.
    let rows = ["bus,bus,1,3600,1,0,", "bus,bus,2,3600,1,0,up1"];
    check(HEADER, &rows, &[("B1 0 1; B1 50 51; B1 60 61", "5000 0 1000")]);
    check(HEADER, &rows, &[("B1 0 1; B1 50 51; B1 61 62", "5000 0 5000")]);
}

#[test]
fn decision_12_a_limit_includes_itself_unless_its_bound_says_otherwise() {
    let header = format!("{HEADER},duration_limit_bound");
    for (bound, expect) in [("", ["0", "0", "9000"]), ("0", ["0", "0", "9000"]), ("1", ["0", "9000", "9000"])]
    {
        let policy = loaded(&changing(&header, &[&format!("bus,rail,,3600,1,0,,{bound}")]));
        for (second, expect) in [3_599, 3_600, 3_601].into_iter().zip(expect) {
            let mut legs = legs("B1 0 1; R 0 1");
            legs[1].start = at("2026-03-02", 8, 0, second);
            legs[1].end = None;
            let paid = price(&policy, &legs).pop().unwrap().fare;
            assert_eq!(shown(&paid), format!("{expect} {expect}"), "{bound:?} {second}");
        }
    }
}

#[test]
fn decision_13_a_count_over_mixed_groups_does_not_load() {
    let error = first_error(&changing(HEADER, &["bus,rail,2,,,0,"]));
    assert!(
        error.starts_with("fare_transfer_rules.txt:2 transfer_count: only a rule from a group to itself")
    );
}

#[test]
fn decision_14_no_area_and_no_network_are_unlisted_and_several_areas_only_when_none_is_listed() {
    let mut files = town_with("route_networks.txt", "network_id,route_id\nbus,B1\nrail,R\n");
    let rules = "network_id,from_area_id,fare_product_id\nbus,,flat\n,,long\nbus,n,short\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    files.insert("stop_areas.txt".into(), "area_id,stop_id\nn,N\nm,N\nm,M\ns,S\nm,S\n".into());
    let policy = loaded(&files);
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B2 kerb - adult card", "9000 9000");
    check("B1 kerb - adult card", "5000 5000");
    // N lies in `n` too, which a row lists; S lies in two areas that none does.
    check("B1 N - adult card", "6000 6000");
    check("B1 S - adult card", "5000 5000");
    check("B2 N - adult card", "no_rule");
}

#[test]
fn decision_16_rule_priority_exists_when_the_header_has_it() {
    let products = "fare_product_id,amount,currency\nflat,1,VND\nshort,7000,VND\nlong,100,VND\n";
    let mut files = town_with("fare_products.txt", products);
    files.insert("rider_discounts.txt".into(), "rider_category_id,fixed_amount,funded_by\n".into());
    let rules = "network_id,from_area_id,fare_product_id\nrail,n,short\nrail,,long\nbus,,flat\n";
    // Without the column an empty area is every area but `n`.
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "R N S adult cash"), "7000 7000");
    assert!(warnings(&policy, "fare_leg_rules.txt").is_empty());
    // With it an empty area is any area, also where no row is given a priority.
    let rules = rules.replace("fare_product_id\n", "fare_product_id,rule_priority\n");
    let rules =
        rules.replace("short\n", "short,\n").replace("long\n", "long,\n").replace("flat\n", "flat,\n");
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "R N S adult cash"), "100 100");
    assert_eq!(warnings(&policy, "fare_leg_rules.txt:1 rule_priority").len(), 1);
}

#[test]
fn decision_17_the_end_of_a_timeframe_is_outside_unless_its_bound_says_otherwise() {
    let rules =
        "network_id,from_timeframe_group_id,fare_product_id,rule_priority\nbus,,flat,0\nbus,peak,long,1\n";
    for (bound, expect) in [("", "5000 5000"), ("1", "5000 5000"), ("0", "9000 9000")] {
        let mut files = town_with("fare_leg_rules.txt", rules);
        let frames = format!(
            "timeframe_group_id,start_time,end_time,service_id,end_bound\npeak,06:30:00,09:00:00,weekday,{bound}\n"
        );
        files.insert("timeframes.txt".into(), frames.into());
        let leg = |second| Leg { start: at("2026-03-02", 8, 59, second), ..ride("B1 - - adult card") };
        let policy = loaded(&files);
        assert_eq!(shown(&priced(&policy, leg(59)).fare), "9000 9000");
        assert_eq!(shown(&priced(&policy, leg(60)).fare), expect, "{bound:?}");
        assert_eq!(shown(&priced(&policy, leg(61)).fare), "5000 5000");
    }
}

#[test]
fn decision_18_the_time_of_the_tap_counts_for_bands_and_changes() {
    let mut files = changing(HEADER, &["bus,rail,,3600,1,0,"]);
    let rules = "leg_group_id,network_id,from_timeframe_group_id,fare_product_id,rule_priority\n\
                 bus,bus,,flat,1\nbus,bus,peak,long,2\nrail,rail,,long,1\ntram,tram,,tramway,1\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    // The very moment of the tap decides, whatever a timetable says of the vehicle.
    assert_eq!(pays(&policy, "B1 59 70"), "9000");
    assert_eq!(pays(&policy, "B1 60 70"), "5000");
    assert_eq!(pays(&policy, "B1 60 70; R 120 130"), "5000 0");
    assert_eq!(pays(&policy, "B1 60 70; R 121 130"), "5000 9000");
}

#[test]
fn decision_19_an_unknown_leg_is_unknown_by_itself_and_changes_nothing() {
    let policy = loaded(&changing(HEADER, &["bus,bus,-1,3600,1,0,"]));
    let mut rides = legs("B1 0 1; B1 2 3; B1 4 5");
    rides[1].route = text("B9");
    assert_eq!(all_shown(&price(&policy, &rides)), ["5000 5000", "no_route", "0 0"]);
    assert_eq!(price(&policy, &rides[1..2])[0].fare, Fare::Unknown(UnknownFare::NoRoute));
}

#[test]
fn decision_20_amounts_have_the_decimals_of_the_currency() {
    let amount = |amount: &str| {
        town_with(
            "fare_products.txt",
            &format!("fare_product_id,amount,currency\nflat,{amount},VND\nshort,1,VND\nlong,1,VND\n"),
        )
    };
    assert!(
        first_error(&amount("5000.5"))
            .starts_with("fare_products.txt:2 amount: not a VND amount with 0 decimals")
    );
    assert_eq!(warnings(&loaded(&amount("5000.00")), "fare_products.txt:2 amount").len(), 1);
    assert_eq!(fare(&loaded(&amount("5000.00")), "B1 - - adult card"), "5000 5000");
    assert!(warnings(&loaded(&amount("5000")), "fare_products.txt:2 amount").is_empty());
}

#[test]
fn decision_21_networks_are_written_one_way_or_the_other() {
    let routes = "route_id,agency_id,network_id\nB1,buses,bus\nB2,buses,bus\nR,rails,rail\n";
    let mut files = town_with("routes.txt", routes);
    assert!(first_error(&files).starts_with("networks.txt:0 : networks are given here and in routes.txt"));
    files.remove("networks.txt");
    files.remove("route_networks.txt");
    assert_eq!(fare(&loaded(&files), "B1 - - adult card"), "5000 5000");
    assert_eq!(fare(&loaded(&town()), "B1 - - adult card"), "5000 5000");
}

#[test]
fn decision_22_ids_may_carry_their_feed_and_rules_may_span_feeds() {
    let mut files = changing(HEADER, &["bus,rail,,,,0,up1"]);
    for bytes in files.values_mut() {
        let mut text = String::from_utf8(bytes.clone()).unwrap();
        for (id, feed) in [
            ("bus,", "north:bus,"),
            ("rail,", "south:rail,"),
            (",bus", ",north:bus"),
            (",rail", ",south:rail"),
        ] {
            text = text.replace(id, feed);
        }
        *bytes = text.replace("north:north:", "north:").replace("south:south:", "south:").into_bytes();
    }
    files.insert("networks.txt".into(), "network_id\nnorth:bus\ntram\nsouth:rail\n".into());
    files.insert("agency.txt".into(), town()["agency.txt"].clone());
    files.insert("parties.txt".into(), town()["parties.txt"].clone());
    files.insert("routes.txt".into(), town()["routes.txt"].clone());
    let policy = loaded(&files);
    assert_eq!(policy.route("B1").unwrap().network, "north:bus");
    assert_eq!(pays(&policy, "B1 0 1; R 2 3"), "5000 1000");
}

#[test]
fn decision_23_taps_of_one_second_cost_the_same_in_whatever_order_they_come() {
    let policy = loaded(&changing(HEADER, &["bus,rail,,,,0,up1", "rail,tram,,,,0,"]));
    let rides = legs("B1 0 1; R 0 1; B2 0 1");
    let straight = price(&policy, &rides);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let turned: Vec<Leg> = order.iter().map(|place| rides[*place].clone()).collect();
        let expect: Vec<Priced> = order.iter().map(|place| straight[*place].clone()).collect();
        assert_eq!(price(&policy, &turned), expect, "{order:?}");
    }
}

#[test]
fn decision_24_limits_are_elapsed_time_and_bands_are_clock_time() {
    let london = |files: &mut Files| {
        for name in ["fare_policies.txt", "agency.txt"] {
            let text =
                String::from_utf8(files[name].clone()).unwrap().replace("Asia/Ho_Chi_Minh", "Europe/London");
            files.insert(name.into(), text.into_bytes());
        }
    };
    let mut files = changing(HEADER, &["bus,rail,,3600,1,0,"]);
    london(&mut files);
    let policy = loaded(&files);
    // Clocks go forward at one: 00:50 and 02:10 are 20 minutes apart. They go back at two: 01:50 and 01:40 are 50.
    let check = |policy: &Policy, first: i64, minutes: i64, expect: &str| {
        let start = |after: i64| EventTime::from_unix_ms((first + after * 60) * 1000).unwrap();
        let mut rides = legs("B1 0 1; R 2 3");
        (rides[0].start, rides[0].end) = (start(0), None);
        (rides[1].start, rides[1].end) = (start(minutes), None);
        assert_eq!(all_shown(&price(policy, &rides)).join(" "), expect);
    };
    let (spring, autumn) = (1_774_745_400, 1_792_889_400);
    for night in [spring, autumn] {
        check(&policy, night, 20, "5000 5000 0 0");
        check(&policy, night, 60, "5000 5000 0 0");
        check(&policy, night, 61, "5000 5000 9000 9000");
    }
    // A band from two to three holds from the 10th minute after 00:50 in spring, and from the 70th after 01:50 in autumn.
    let frames = "timeframe_group_id,start_time,end_time,service_id\nnight,02:00:00,03:00:00,sunday\n";
    files.insert("timeframes.txt".into(), frames.into());
    files.insert("calendar.txt".into(), b"service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nsunday,0,0,0,0,0,0,1,20260101,20261231\n".to_vec());
    let rules = "leg_group_id,network_id,from_timeframe_group_id,fare_product_id,rule_priority\n\
                 bus,bus,,flat,1\nbus,rail,,long,1\nbus,rail,night,tramway,2\nbus,tram,,tramway,1\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    files.insert("fare_transfer_rules.txt".into(), format!("{HEADER}\n").into());
    let policy = loaded(&files);
    check(&policy, spring, 9, "5000 5000 9000 9000");
    check(&policy, spring, 10, "5000 5000 4000 4000");
    check(&policy, autumn, 60, "5000 5000 9000 9000");
    check(&policy, autumn, 70, "5000 5000 4000 4000");
}

#[test]
fn decision_25_without_a_limit_a_change_holds_within_the_service_day() {
    // The service day of the town begins at four; these are minutes after eight.
    let rides = [("B1 0 1; R 1199 1200", "5000 0"), ("B1 0 1; R 1200 1201", "5000 9000")];
    check(HEADER, &["bus,rail,,,,0,"], &rides);
    check(HEADER, &["bus,rail,,86400,1,0,"], &[("B1 0 1; R 1200 1201", "5000 0")]);
}

#[test]
fn bands_are_read_on_the_clock_of_the_stop() {
    let rules = "network_id,from_timeframe_group_id,to_timeframe_group_id,fare_product_id,rule_priority\n\
                 rail,,,flat,0\nrail,peak,,short,1\nrail,,peak,long,2\n";
    let mut files = town_with("fare_leg_rules.txt", rules);
    let stops = "stop_id,stop_name,parent_station,stop_timezone\nN,,,Asia/Tokyo\nM,,,\nS,,,Asia/Tokyo\nS-2,,S,Asia/Dubai\nkerb,,,\n";
    files.insert("stops.txt".into(), stops.into());
    let policy = loaded(&files);
    let check = |words: &str, hour, expect: &str| {
        let (start, end) = (at("2026-03-02", hour, 0, 0), Some(at("2026-03-02", hour, 59, 0)));
        assert_eq!(shown(&priced(&policy, Leg { start, end, ..ride(words) }).fare), expect, "{words} {hour}");
    };
    // The peak is from 6:30 to 9:00; Tokyo is two hours ahead of the town, and a platform has its station's clock.
    check("R M kerb adult card", 6, "9000 9000");
    check("R M kerb adult card", 5, "5000 5000");
    check("R N kerb adult card", 5, "6000 6000");
    check("R N kerb adult card", 7, "9000 9000");
    check("R kerb S-2 adult card", 4, "9000 9000");
    check("R kerb S-2 adult card", 7, "6000 6000");
    files.insert("stops.txt".into(), stops.replace("Asia/Dubai", "Dubai").into());
    assert!(first_error(&files).starts_with("stops.txt:5 stop_timezone: not a time zone"));
}
