use super::*;
use crate::{Because, Carried, Explained, Fact, explain};
use primitives::Minor;

const GROUPS: &str = "leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n\
    bus,bus,,,flat\nrail,rail,n,m,short\nrail,rail,m,n,short\nrail,rail,n,s,long\nrail,rail,s,n,long\n";

/// The town with windows, and with rules in them.
fn windowed(windows: &str, rules: &str) -> Policy {
    let mut files = town_with("fare_leg_rules.txt", GROUPS);
    files.insert("fare_windows.txt".into(), windows.into());
    if !rules.is_empty() {
        files.insert("fare_window_rules.txt".into(), rules.into());
    }
    loaded(&files)
}

/// `minute[-minute] route from to [rider medium]`: a leg of 2 March 2026, minutes after 08:00.
fn leg(line: &str) -> Leg {
    let words: Vec<&str> = line.split_whitespace().collect();
    let rest =
        if words.len() > 4 { words[1..].join(" ") } else { format!("{} adult card", words[1..].join(" ")) };
    let second = |word: &str| match word.split_once(':') {
        Some((minutes, seconds)) => minutes.parse::<i64>().unwrap() * 60 + seconds.parse::<i64>().unwrap(),
        None => word.parse::<i64>().unwrap() * 60,
    };
    let (start, end) = words[0].split_once('-').map_or((words[0], None), |(start, end)| (start, Some(end)));
    let at = |word: &str| at("2026-03-02", 8, 0, second(word));
    Leg { start: at(start), end: end.map(at), ..ride(&rest) }
}

fn legs(lines: &str) -> Vec<Leg> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(leg).collect()
}

fn paid(policy: &Policy, lines: &str) -> String {
    let one = |priced: &Priced| match &priced.fare {
        Fare::Known { rider, .. } => rider.to_string(),
        Fare::Unknown(reason) => reason.word().to_owned(),
    };
    price(policy, &legs(lines)).iter().map(one).collect::<Vec<_>>().join(" ")
}

fn check(policy: &Policy, lines: &str, expect: &str) {
    assert_eq!(paid(policy, lines), expect, "{lines}");
}

/// A window over everything with these columns and values.
fn one(columns: &str, values: &str) -> Policy {
    windowed(&format!("window_id,{columns}\nw,{values}\n"), "")
}

#[test]
fn later_legs_are_free_until_the_time_is_up() {
    let free = one("pricing,duration", "free,3600");
    check(&free, "0 B1 - -\n59:59 B2 - -\n60 B1 - -\n60:01 B2 - -\n70 B1 - -", "5000 0 0 5000 0");
    let excluded = one("pricing,duration,end_bound", "free,3600,1");
    check(&excluded, "0 B1 - -\n59:59 B2 - -\n60 B1 - -\n70 B1 - -", "5000 0 5000 0");
    // A dearer leg is free as well: that is what the row says.
    check(&free, "0 B1 - -\n10-30 R N S", "5000 0");
}

#[test]
fn the_time_runs_from_the_event_and_to_the_event_that_the_row_names() {
    let lines = "0-20 R N M\n70-90 R M N";
    check(&one("pricing,duration", "free,4200"), lines, "6000 0");
    check(&one("pricing,duration,measured_at", "free,4200,arrival"), lines, "6000 6000");
    check(&one("pricing,duration,starts_at,measured_at", "free,4200,arrival,arrival"), lines, "6000 0");
    check(&one("pricing,duration,starts_at", "free,2999,arrival"), lines, "6000 6000");
    check(&one("pricing,duration,starts_at", "free,3000,arrival"), lines, "6000 0");
    // An end that nobody saw counts as the beginning.
    check(
        &one("pricing,duration,starts_at", "free,3000,arrival"),
        "0 B1 - -\n50 B2 - -\n51 B1 - -",
        "5000 0 5000",
    );
}

#[test]
fn a_window_may_start_again() {
    let lines = "0 B1 - -\n40-60 R N M\n90 B1 - -\n140 B2 - -";
    check(&one("pricing,duration", "best_fare,3600"), lines, "5000 1000 5000 0");
    check(&one("pricing,duration,extend", "best_fare,3600,each_leg"), lines, "5000 1000 0 0");
    check(&one("pricing,duration,extend", "best_fare,3600,on_upgrade"), lines, "5000 1000 0 5000");
}

#[test]
fn all_legs_together_cost_the_dearest() {
    let policy = one("pricing,duration", "best_fare,7200");
    check(&policy, "0-5 R N M\n10 B1 - -\n20-40 R N S\n50-60 R N M\n70-90 R S N", "6000 0 3000 0 0");
}

#[test]
fn a_leg_pays_what_is_missing_in_the_payments_that_are_still_valid() {
    let never = one("pricing,duration,end_bound", "best_paid,3600,1");
    // 5,000 lapses at 60, the 1,000 of minute 30 at 90.
    check(&never, "0 B1 - -\n30-40 R N M\n59:59-65 R N M\n60-70 R N M", "5000 1000 0 5000");
    check(&never, "0 B1 - -\n30-40 R N M\n75 B1 - -\n95-99 R N M", "5000 1000 4000 2000");
    let upgrade = one("pricing,duration,end_bound,extend", "best_paid,3600,1,on_upgrade");
    check(&upgrade, "0 B1 - -\n30-40 R N M\n75 B1 - -\n89:59-95 R N M\n90 B1 - -", "5000 1000 0 0 5000");
    let each = one("pricing,duration,end_bound,extend", "best_paid,3600,1,each_leg");
    check(&each, "0 B1 - -\n30-40 R N M\n75 B1 - -\n134-140 R N M\n194 B1 - -", "5000 1000 0 0 5000");
}

#[test]
fn a_leg_pays_the_difference_to_the_full_price_of_the_last() {
    let lines = "0-5 R N M\n10-30 R N S\n40 B1 - -\n50-60 R N M";
    check(&one("pricing,duration", "difference_to_last,7200"), lines, "6000 3000 0 1000");
    let fall = one("pricing,duration,may_fall", "difference_to_last,7200,1");
    check(&fall, lines, "6000 3000 -4000 1000");
    let floor = one("pricing,duration,floor_amount", "difference_to_last,7200,2000");
    check(&floor, lines, "6000 3000 2000 2000");
}

#[test]
fn a_discount_is_given_on_the_legs_the_row_names_and_never_below_the_floor() {
    let lines = "0 B1 - -\n10 B2 - -\n20-30 R N M\n40-50 R M N\n60 B1 - -";
    let with = |columns: &str, values: &str| {
        one(&format!("pricing,duration,{columns}"), &format!("discount,7200,{values}"))
    };
    check(&with("discount_amount", "1500"), lines, "5000 3500 4500 4500 3500");
    check(&with("discount_amount,discount_on", "1500,once"), lines, "5000 3500 6000 6000 5000");
    check(&with("discount_amount,discount_on", "1500,network_change"), lines, "5000 5000 4500 6000 3500");
    check(&with("discount_amount,discount_on", "1500,agency_change"), lines, "5000 5000 4500 6000 3500");
    check(&with("discount_amount", "5500"), lines, "5000 0 500 500 0");
    check(&with("discount_amount,floor_amount", "5500,700"), lines, "5000 700 700 700 700");
    check(&with("discount_amount,may_fall", "5500,1"), lines, "5000 -500 500 500 -500");
    check(&with("discount_percent", "2500"), lines, "5000 3750 4500 4500 3750");
    // A floor above a fare raises nothing.
    check(&with("discount_amount,floor_amount", "1500,9000"), lines, "5000 5000 6000 6000 5000");
}

#[test]
fn a_discount_may_shrink_with_the_riders_own_percentage() {
    let scaled = "pricing,duration,discount_amount,discount_scaled_by_rider";
    let lines = "0-10 R N M student card\n20-30 R N M student card\n40 B1 - - student card";
    // A student pays half on rails (rounded to 1,000) and a fixed price on buses, which is no percentage.
    check(&one(scaled, "discount,7200,1001,0"), lines, "3000 1999 1999");
    check(&one(scaled, "discount,7200,1001,1"), lines, "3000 2499 1999");
    check(&one(scaled, "discount,7200,1001,1"), "0-10 R N M\n20-30 R N M", "6000 4999");
}

#[test]
fn the_funder_pays_what_the_window_takes_off_or_the_operators_go_without() {
    let shown_of = |policy: &Policy, lines: &str| all_shown(&price(policy, &legs(lines))).join(" | ");
    let lines = "0 B1 - -\n10 B2 - -";
    assert_eq!(shown_of(&one("pricing,duration", "free,7200"), lines), "5000 5000 | 0 0");
    assert_eq!(
        shown_of(&one("pricing,duration,funded_by", "free,7200,friend"), lines),
        "5000 5000 | 5000 0 10:5000"
    );
    let lines = "0 B1 - - student card\n10 B2 - - student card";
    assert_eq!(shown_of(&one("pricing,duration", "free,7200"), lines), "5000 3000 9:2000 | 2000 0 9:2000");
    assert_eq!(
        shown_of(&one("pricing,duration,funded_by", "free,7200,city"), lines),
        "5000 3000 9:2000 | 5000 0 9:5000"
    );
}

#[test]
fn a_leg_that_costs_nothing_opens_a_window_only_where_the_row_says_so() {
    let lines = "0 B1 - - free card\n10-20 R N M free card\n30 B1 - -\n40 B2 - -";
    let told = |policy: &Policy| {
        let facts = explain(policy, &Carried::default(), &legs(lines));
        facts.iter().map(|leg| window_facts(leg).len()).collect::<Vec<_>>()
    };
    assert_eq!(told(&one("pricing,duration", "free,7200")), [0, 0, 1, 1]);
    assert_eq!(told(&one("pricing,duration,opens_on", "free,7200,any_leg")), [1, 1, 1, 1]);
}

#[test]
fn a_gap_between_legs_ends_a_window() {
    let policy = one("pricing,max_gap", "free,1800");
    check(&policy, "0-20 R N M\n50-60 R M N\n90 B1 - -\n120 B1 - -\n151 B1 - -", "6000 0 0 0 5000");
    let excluded = one("pricing,max_gap,gap_bound", "free,1800,1");
    check(&excluded, "0-20 R N M\n50-60 R M N\n80 B1 - -", "6000 6000 0");
    let both = one("pricing,max_gap,duration", "free,1800,3600");
    check(&both, "0-20 R N M\n50-60 R M N\n61 B1 - -", "6000 0 5000");
}

#[test]
fn a_window_takes_only_so_many_legs_after_the_first() {
    let policy = one("pricing,duration,max_transfers", "free,7200,2");
    check(&policy, "0 B1 - -\n1 B1 - -\n2 B1 - -\n3 B1 - -\n4 B1 - -", "5000 0 0 5000 0");
}

#[test]
fn the_route_of_the_last_leg_may_be_the_only_one_or_the_one_that_is_not_taken() {
    let lines = "0 B1 - -\n10 B2 - -\n20 B2 - -\n30 B1 - -";
    check(&one("pricing,duration,same_route", "free,7200,2"), lines, "5000 0 5000 0");
    check(&one("pricing,duration,same_route", "free,7200,1"), lines, "5000 5000 0 5000");
}

#[test]
fn a_leg_without_a_tap_off_ends_a_window_that_needs_one() {
    let policy = one("pricing,duration,needs_tap_off", "free,7200,1");
    check(&policy, "0-10 R N M\n20 B1 - -\n30 B1 - -\n40-50 R N M\n60-70 R N M", "6000 0 5000 6000 0");
}

#[test]
fn no_window_reaches_over_the_beginning_of_its_day() {
    let policy = one("pricing,day_start_time", "free,10:00:00");
    check(&policy, "0 B1 - -\n119:59 B1 - -\n120 B1 - -\n1000 B1 - -", "5000 0 5000 0");
}

#[test]
fn a_leg_of_another_kind_ends_a_window_or_passes_by() {
    let lines = "0 B1 - -\n10-20 R N M\n30 B2 - -";
    check(&one("pricing,duration,network_id", "free,7200,bus"), lines, "5000 6000 0");
    check(&one("pricing,duration,network_id,break_on_other", "free,7200,bus,1"), lines, "5000 6000 5000");
    // A leg whose fare is unknown is no leg of another kind.
    let unknown = "0 B1 - -\n10-20 R N nowhere\n30 B2 - -";
    check(&one("pricing,duration,network_id,break_on_other", "free,7200,bus,1"), unknown, "5000 no_stop 0");
}

#[test]
fn a_leg_whose_rule_stands_apart_is_looked_past() {
    let rules = GROUPS.replace("fare_product_id\n", "fare_product_id,stands_apart\n");
    let rules =
        rules.replace("flat\n", "flat,0\n").replace("short\n", "short,1\n").replace("long\n", "long,0\n");
    let mut files = town_with("fare_leg_rules.txt", &rules);
    let window = "window_id,pricing,duration,break_on_other\nw,free,7200,1\n";
    files.insert("fare_windows.txt".into(), window.into());
    check(&loaded(&files), "0 B1 - -\n10-20 R N M\n30-40 R N S\n50 B1 - -", "5000 6000 0 0");
}

#[test]
fn riders_and_media_have_windows_of_their_own() {
    let policy = one("pricing,duration", "free,7200");
    let lines = "0 B1 - -\n1 B1 - - adult cash\n2 B1 - - student card\n3 B1 - - adult cash\n4 B1 - -";
    check(&policy, lines, "5000 5000 3000 0 0");
    let card = one("pricing,duration,fare_media_id", "free,7200,card");
    check(&card, lines, "5000 5000 3000 5000 0");
}

#[test]
fn the_highest_priority_takes_a_leg_then_the_first_id() {
    let header = "window_id,priority,network_id,pricing,duration";
    let lines = "0 B1 - -\n10 B2 - -\n20-30 R N M\n40-50 R N M";
    let two = windowed(&format!("{header}\na,1,,free,7200\nb,2,rail,best_fare,7200\n"), "");
    check(&two, lines, "5000 0 6000 0");
    for rows in ["a,,rail,best_fare,7200\nb,,,free,7200", "b,,,free,7200\na,,rail,best_fare,7200"] {
        check(&windowed(&format!("{header}\n{rows}\n"), ""), lines, "5000 0 6000 0");
    }
    let one = windowed(&format!("{header}\na,,,free,7200\nb,,rail,best_fare,7200\n"), "");
    check(&one, lines, "5000 0 0 0");
}

#[test]
fn the_highest_priority_takes_a_leg_even_when_another_window_would_cost_less() {
    let header = "window_id,priority,network_id,pricing,duration,discount_amount";
    let with = |rail: &str| {
        windowed(&format!("{header}\nall,5,,free,7200,\nrail,{rail},rail,discount,7200,1000\n"), "")
    };
    // The bus has opened `all`, where the train would be free; `rail` is asked first, and opened by it.
    check(&with("9"), "0 B1 - -\n10-20 R N M\n30-40 R N M", "5000 6000 5000");
    check(&with("1"), "0 B1 - -\n10-20 R N M\n30-40 R N M", "5000 0 0");
}

#[test]
fn rules_make_exceptions_the_most_special_first() {
    let windows = "window_id,pricing,duration\nw,free,7200\n";
    let header = "window_id,from_leg_group_id,to_leg_group_id,from_stop_id,to_route_id,rider_category_id,action,amount,percent";
    let with = |rows: &str| windowed(windows, &format!("{header}\n{rows}\n"));
    let lines = "0 B1 - -\n10-20 R N M\n30-40 R M N\n50 B2 - -";
    check(&with("w,,,,,,full,,"), lines, "5000 6000 6000 5000");
    check(&with("w,,,,,,full,,\nw,,rail,,,,amount,1000,"), lines, "5000 1000 1000 5000");
    check(
        &with("w,,,,,,full,,\nw,,rail,,,,amount,1000,\nw,rail,rail,,,,discount,,5000"),
        lines,
        "5000 1000 3000 5000",
    );
    check(&with("w,rail,,,,,amount,200,\nw,,rail,,,,amount,100,"), lines, "5000 100 200 200");
    check(&with("w,,,,,,full,,\nw,,,N,,,discount,2000,\nw,,,N,B1,,free,,"), lines, "5000 6000 6000 3000");
    check(&with("w,,,,,student,full,,"), lines, "5000 0 0 0");
    check(
        &with("w,bus,rail,,,,difference_to_last,,\nw,rail,bus,,,,difference_to_best,,"),
        lines,
        "5000 1000 0 0",
    );
    // An amount above the fare raises nothing.
    check(&with("w,,,,,,amount,9000,"), lines, "5000 6000 6000 5000");
}

#[test]
fn a_rule_ends_the_window_or_lets_a_leg_pass() {
    let windows = "window_id,pricing,duration,max_transfers\nw,free,7200,2\n";
    let with =
        |action: &str| windowed(windows, &format!("window_id,to_leg_group_id,action\nw,rail,{action}\n"));
    let lines = "0 B1 - -\n10-20 R N M\n119 B2 - -\n121 B2 - -\n122 B2 - -";
    check(&with("end"), lines, "5000 6000 0 0 5000");
    check(&with("skip"), lines, "5000 6000 0 5000 0");
    check(&with("full"), lines, "5000 6000 0 5000 0");
    let short = "0 B1 - -\n10-20 R N M\n30 B2 - -\n40 B2 - -\n50 B2 - -";
    check(&with("skip"), short, "5000 6000 0 0 5000");
    check(&with("full"), short, "5000 6000 0 5000 0");
}

#[test]
fn in_a_table_what_no_row_says_is_two_journeys() {
    let rules = "window_id,from_stop_id,to_route_id,rider_category_id,action,amount\n\
         w,S,B1,,discount,300\nw,S,B1,adult,discount,500\n";
    let policy = windowed("window_id,pricing,duration\nw,table,3600\n", rules);
    check(&policy, "0-20 R N S\n30 B1 - -", "9000 4500");
    check(&policy, "0-20 R N S-2\n30 B1 - -", "9000 4500");
    check(&policy, "0-20 R N S student card\n30 B1 - - student card", "5000 2700");
    check(&policy, "0-20 R N S\n30 B2 - -\n40 B1 - -", "9000 5000 5000");
    check(&policy, "0-20 R N M\n30 B1 - -", "6000 5000");
    check(&policy, "0 B1 - -\n10-20 R N S\n61 B1 - -", "5000 9000 4500");
}

#[test]
fn sets_stand_where_ids_stand() {
    let mut files = town_with("fare_leg_rules.txt", GROUPS);
    let windows = "window_id,pricing,duration,route_id\nw,free,7200,most\n";
    let rules = "window_id,from_stop_id,action\nw,elsewhere,full\n";
    let sets =
        "set_id,set_kind,element_id,exclude\nmost,route,B2,1\nelsewhere,stop,S,1\nelsewhere,stop,N,1\n";
    for (name, text) in
        [("fare_windows.txt", windows), ("fare_window_rules.txt", rules), ("selector_sets.txt", sets)]
    {
        files.insert(name.into(), text.into());
    }
    let policy = loaded(&files);
    check(&policy, "0-10 R N S-2\n20 B2 - -\n30 B1 - -\n40 B1 - -", "9000 5000 0 5000");
}

#[test]
fn a_rule_for_a_change_holds_while_a_window_is_open() {
    let rules = "leg_group_id,network_id,fare_product_id,transfer_only\nbus,bus,flat,0\nbus,bus,cheap,1\n";
    let mut files = town_with("fare_leg_rules.txt", rules);
    let products = "fare_product_id,amount,currency\nflat,5000,VND\ncheap,2000,VND\n";
    files.insert("fare_products.txt".into(), products.into());
    let windows = "window_id,pricing,duration,discount_amount\nw,discount,3600,500\n";
    files.insert("fare_windows.txt".into(), windows.into());
    check(
        &loaded(&files),
        "0 B1 - -\n60 B1 - -\n61 B1 - -\n121 B1 - -\n122 B1 - -",
        "5000 1500 5000 1500 5000",
    );
}

fn window_facts(leg: &Explained) -> Vec<&Fact> {
    leg.facts.iter().filter(|fact| matches!(fact, Fact::Window { .. } | Fact::NotWindow { .. })).collect()
}

#[test]
fn facts_say_what_a_window_did_and_why_it_did_nothing() {
    let policy = one("pricing,duration,max_transfers,funded_by", "best_fare,3600,1,city");
    let told = explain(&policy, &Carried::default(), &legs("0 B1 - -\n10-20 R N M\n30 B1 - -\n91 B1 - -"));
    let id = text("w");
    let opened = |minute: i64| Fact::Window {
        id: id.clone(),
        opened: true,
        since: at("2026-03-02", 8, minute, 0),
        elapsed_seconds: 0,
        limit_seconds: Some(3600),
        full: Minor::new(5000),
        paid: Minor::new(5000),
    };
    let not = |because| Fact::NotWindow { id: id.clone(), because };
    let used = Fact::Window {
        id: id.clone(),
        opened: false,
        since: at("2026-03-02", 8, 0, 0),
        elapsed_seconds: 600,
        limit_seconds: Some(3600),
        full: Minor::new(6000),
        paid: Minor::new(1000),
    };
    let facts: Vec<Vec<&Fact>> = told.iter().map(window_facts).collect();
    assert_eq!(facts[0], [&opened(0)]);
    assert_eq!(facts[1], [&used]);
    assert_eq!(facts[2], [&not(Because::UsedUp), &opened(30)]);
    assert_eq!(facts[3], [&not(Because::TimeUp), &opened(91)]);
    assert_eq!(rules(&told[1].priced), "fare_leg_rules:3 fare_products:4 fare_windows:2");
    assert_eq!(rules(&told[2].priced), "fare_leg_rules:2 fare_products:2");
}

#[test]
fn a_policy_says_how_far_its_windows_reach() {
    let reach = |columns: &str, values: &str| one(columns, values).reach_seconds();
    let day = 86_400;
    assert_eq!(loaded(&town()).reach_seconds(), 0);
    assert_eq!(reach("pricing,duration", "free,3600"), 3600);
    assert_eq!(reach("pricing,duration,starts_at", "free,3600,arrival"), 3600 + day);
    assert_eq!(reach("pricing,max_gap", "free,600"), 600 + day);
    assert_eq!(reach("pricing,max_gap,duration", "free,600,7200"), 7200);
    assert_eq!(reach("pricing,day_start_time", "free,04:00:00"), 25 * 3600);
}

#[test]
fn an_open_window_is_small() {
    assert!(size_of::<crate::windows::State>() <= 64);
    assert!(crate::windows::bytes_of_an_open_window() <= 160);
}

fn errors(windows: &str, rules: &str) -> Vec<String> {
    let mut files = town_with("fare_leg_rules.txt", GROUPS);
    files.insert("fare_windows.txt".into(), windows.into());
    if !rules.is_empty() {
        files.insert("fare_window_rules.txt".into(), rules.into());
    }
    lines(&load(&files).unwrap_err())
}

#[test]
fn everything_wrong_with_windows_is_found_at_once() {
    let found = errors(
        "window_id,pricing,duration,end_bound,max_gap,gap_bound,discount_amount,discount_percent,discount_on,\
         discount_scaled_by_rider,floor_amount,may_fall,network_id,max_transfers\n\
         a,free,,,,,,,,,,,,\n\
         b,gratis,60,,,,,,,,,,,\n\
         c,,60,,,,,,,,,,,\n\
         d,discount,60,,,,,,,,,,,\n\
         e,discount,60,,,,10,2500,,,,,,\n\
         f,free,60,,,1,10,,once,,,,,\n\
         g,table,60,,,,,,,,,,,\n\
         h,discount,60,,,,,2500,,1,,,,\n\
         i,discount,60,,,,-5,,,,5,1,,\n\
         j,free,60,,,,,,,,,,moon,0\n\
         j,free,60,,,,,,,,,,,\n\
         ,free,60,,,,,,,,,,,\n",
        "",
    );
    let expect = [
        "fare_windows.txt:2 duration: no time ends the window: give a duration, a max_gap or a day_start_time",
        "fare_windows.txt:3 pricing: `gratis` is none of: free, best_fare, best_paid, difference_to_last, discount, table",
        "fare_windows.txt:4 pricing: the field is empty",
        "fare_windows.txt:5 discount_amount: a discount is discount_amount or discount_percent, one of them",
        "fare_windows.txt:6 discount_amount: a discount is discount_amount or discount_percent, one of them",
        "fare_windows.txt:7 discount_amount: given with the pricing `discount`, and only then",
        "fare_windows.txt:7 discount_on: given with the pricing `discount`, and only then",
        "fare_windows.txt:7 gap_bound: given without max_gap",
        "fare_windows.txt:8 pricing: the window has no row in fare_window_rules.txt, and without one it does nothing",
        "fare_windows.txt:9 discount_scaled_by_rider: only an amount can be scaled: a percentage is one of the rider's own price",
        "fare_windows.txt:10 discount_amount: below zero",
        "fare_windows.txt:10 floor_amount: a window whose legs may give something back has no floor",
        "fare_windows.txt:11 max_transfers: not a whole number from 1 to 4294967295: `0`",
        "fare_windows.txt:11 network_id: there is no such id, and no set of them in selector_sets.txt: `moon`",
        "fare_windows.txt:12 window_id: the same key stands on line 11",
        "fare_windows.txt:13 window_id: the field is empty",
    ];
    assert_eq!(found, expect);
}

#[test]
fn everything_wrong_with_window_rules_is_found_at_once() {
    let found = errors(
        "window_id,pricing,duration\nw,free,60\n",
        "window_id,to_leg_group_id,to_route_id,action,amount,percent\n\
         x,,,free,,\n\
         w,tram,B9,free,,\n\
         w,bus,,,,\n\
         w,rail,,give,,\n\
         w,,B1,discount,,\n\
         w,,B2,amount,,\n\
         w,,R,free,5,1\n\
         w,bus,B1,full,,\n\
         w,bus,B1,free,,\n",
    );
    let expect = [
        "fare_window_rules.txt:2 window_id: there is no window `x` in fare_windows.txt",
        "fare_window_rules.txt:3 to_leg_group_id: there is no such id, and no set of them in selector_sets.txt: `tram`",
        "fare_window_rules.txt:3 to_route_id: there is no such id, and no set of them in selector_sets.txt: `B9`",
        "fare_window_rules.txt:4 action: the field is empty",
        "fare_window_rules.txt:5 action: `give` is none of: free, full, difference_to_best, difference_to_last, discount, amount, end, skip",
        "fare_window_rules.txt:6 amount: a discount is amount or percent, one of them",
        "fare_window_rules.txt:7 amount: the field is empty; the leg costs this in the window",
        "fare_window_rules.txt:8 amount: given with the actions `discount` and `amount`, and only then",
        "fare_window_rules.txt:8 percent: given with the action `discount`, and only then",
        "fare_window_rules.txt:10 window_id: the same key stands on line 9",
    ];
    assert_eq!(found, expect);
}
