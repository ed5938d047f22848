use super::*;
use crate::{Carried, Fact, explain, rate};

/// `2026-03-02T08:00[:00] B1 - - adult card`: a leg of twenty minutes.
fn leg(words: &str) -> Leg {
    let (when, words) = words.split_once(' ').unwrap();
    let (date, time) = when.split_once('T').unwrap();
    let clock: Vec<i64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let start = at(date, clock[0], clock[1], clock.get(2).copied().unwrap_or(0));
    let end = EventTime::from_unix_ms(start.unix_ms() + 20 * 60 * 1000).unwrap();
    let leg = ride(words);
    Leg { start, end: leg.end.map(|_| end), ..leg }
}

pub(super) fn legs(lines: &[&str]) -> Vec<Leg> {
    lines.iter().map(|line| leg(line)).collect()
}

/// What the rider pays for each leg.
fn paid(priced: &[Priced]) -> String {
    let one = |priced: &Priced| match &priced.fare {
        Fare::Known { rider, .. } => rider.to_string(),
        Fare::Unknown(reason) => reason.word().to_owned(),
    };
    priced.iter().map(one).collect::<Vec<_>>().join(" ")
}

const SETS: &str =
    "set_id,set_kind,element_id\nnorth,area,n\nnorth,area,m\nall,area,n\nall,area,m\nall,area,s\n";

/// Buses cost the same wherever they stop.
const RULES: &str = "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\n\
     bus,,,flat,1\nrail,n,m,short,1\nrail,m,n,short,1\nrail,m,s,short,1\nrail,n,s,long,1\n";

fn capped(caps: &str) -> Policy {
    let mut files = town_with("fare_caps.txt", caps);
    files.insert("fare_leg_rules.txt".into(), RULES.into());
    files.insert("selector_sets.txt".into(), SETS.into());
    loaded(&files)
}

/// Prices the legs, also in the opposite order and one by one with what is carried: the answers must be the same.
fn check(policy: &Policy, lines: &[&str], expect: &str) {
    let legs = legs(lines);
    let whole = rate(policy, &Carried::default(), &legs);
    assert_eq!(paid(&whole.legs), expect, "{lines:?}");
    let backwards: Vec<Leg> = legs.iter().rev().cloned().collect();
    let mut again = rate(policy, &Carried::default(), &backwards);
    again.legs.reverse();
    assert_eq!(again, whole, "{lines:?} in another order");
    let mut sorted = legs.clone();
    sorted.sort_by_key(|leg| leg.start);
    let mut carried = Carried::default();
    for leg in sorted {
        let place = legs.iter().position(|other| *other == leg).unwrap();
        let next = rate(policy, &carried, &[leg]);
        assert_eq!(next.legs[0], whole.legs[place], "{lines:?} one by one");
        carried = next.carried;
    }
    assert_eq!(carried, whole.carried, "{lines:?} one by one");
}

#[test]
fn a_day_costs_no_more_than_its_cap() {
    let policy = capped("cap_id,period,limit_amount\nday,day,12000\n");
    let bus = |time: &str| format!("2026-03-02T{time} B1 - - adult card");
    let day = [bus("08:00"), bus("09:00"), bus("10:00"), bus("11:00")];
    check(&policy, &day.each_ref().map(String::as_str), "5000 5000 2000 0");
    // The operators bear what the cap takes off.
    let priced = rate(&policy, &Carried::default(), &legs(&day.each_ref().map(String::as_str))).legs;
    assert_eq!(shown(&priced[2].fare), "2000 2000");
    assert_eq!(rules(&priced[2]), "fare_leg_rules:2 fare_products:2 fare_caps:2");
    assert_eq!(rules(&priced[1]), "fare_leg_rules:2 fare_products:2");
}

#[test]
fn somebody_else_may_pay_what_a_cap_takes_off() {
    let policy = capped("cap_id,period,limit_amount,funded_by\nday,day,8000,friend\n");
    let student = "2026-03-02T08:00 B1 - - student card";
    let lines = [student, "2026-03-02T09:00 B1 - - student card", "2026-03-02T10:00 B1 - - student card"];
    check(&policy, &lines, "3000 3000 2000");
    let priced = rate(&policy, &Carried::default(), &legs(&lines)).legs;
    assert_eq!(shown(&priced[2].fare), "5000 2000 9:2000 10:1000");
}

#[test]
fn a_cap_day_begins_when_its_row_says_or_with_the_service_day() {
    let lines = [
        "2026-03-02T03:59:59 B1 - - adult card",
        "2026-03-02T04:00:00 B1 - - adult card",
        "2026-03-02T04:30:00 B1 - - adult card",
        "2026-03-03T03:59:59 B1 - - adult card",
        "2026-03-03T04:00:00 B1 - - adult card",
    ];
    check(&capped("cap_id,period,limit_amount\nday,day,5000\n"), &lines, "5000 5000 0 0 5000");
    let later = "cap_id,period,limit_amount,day_start_time\nday,day,5000,04:30:00\n";
    check(&capped(later), &lines, "5000 0 5000 0 0");
    // With the end included the moment itself still belongs to the day before.
    let included = "cap_id,period,limit_amount,period_end_bound\nday,day,5000,0\n";
    check(&capped(included), &lines, "5000 0 5000 0 0");
}

#[test]
fn weeks_and_months_are_those_of_the_calendar() {
    let lines = [
        "2026-02-28T08:00 B1 - - adult card",
        "2026-03-01T08:00 B1 - - adult card",
        "2026-03-02T03:59:59 B1 - - adult card",
        "2026-03-02T04:00 B1 - - adult card",
        "2026-03-08T08:00 B1 - - adult card",
        "2026-03-09T08:00 B1 - - adult card",
        "2026-04-01T03:00 B1 - - adult card",
        "2026-04-01T05:00 B1 - - adult card",
    ];
    let week = "cap_id,period,limit_amount,week_start\nweek,week,5000,";
    // 2 March 2026 is a Monday.
    check(&capped(&format!("{week}\n")), &lines, "5000 0 0 5000 0 5000 5000 0");
    check(&capped(&format!("{week}7\n")), &lines, "5000 5000 0 0 5000 0 5000 0");
    let month = "cap_id,period,limit_amount\nmonth,month,5000\n";
    check(&capped(month), &lines, "5000 5000 0 0 0 0 0 5000");
}

#[test]
fn days_roll_from_the_first_leg() {
    let lines = [
        "2026-03-04T10:00:00 B1 - - adult card",
        "2026-03-05T09:00:00 B1 - - adult card",
        "2026-03-06T03:59:59 B1 - - adult card",
        "2026-03-06T09:59:59 B1 - - adult card",
        "2026-03-06T10:00:00 B1 - - adult card",
        "2026-03-06T10:00:01 B1 - - adult card",
        "2026-03-08T10:00:00 B1 - - adult card",
    ];
    let caps = |anchor: &str, bound: &str| {
        let header = "cap_id,period,period_count,period_anchor,period_end_bound,limit_amount";
        capped(&format!("{header}\ntwo,rolling,2,{anchor},{bound},5000\n"))
    };
    check(&caps("first_leg", ""), &lines, "5000 0 0 0 5000 0 5000");
    check(&caps("first_leg", "0"), &lines, "5000 0 0 0 0 5000 0");
    check(&caps("calendar", ""), &lines, "5000 0 0 5000 0 0 5000");
}

#[test]
fn a_leg_that_costs_nothing_opens_no_rolling_period() {
    let header = "cap_id,period,period_count,period_anchor,limit_amount,zero_legs_count";
    let free = "2026-03-02T08:00 B1 - - free card";
    let lines = [free, "2026-03-03T07:00 B1 - - adult card", "2026-03-03T08:00 B1 - - adult card"];
    check(&capped(&format!("{header}\none,rolling,1,first_leg,5000,0\n")), &lines, "0 5000 0");
    check(&capped(&format!("{header}\none,rolling,1,first_leg,5000,1\n")), &lines, "0 5000 5000");
}

#[test]
fn rides_may_be_counted_in_place_of_money() {
    let rides = |zero: &str| {
        let header = "cap_id,period,limit_type,limit_rides,zero_legs_count";
        capped(&format!("{header}\nthree,day,rides,3,{zero}\n"))
    };
    let lines = [
        "2026-03-02T08:00 B1 - - adult card",
        "2026-03-02T09:00 B1 - - free card",
        "2026-03-02T10:00 R N S adult card",
        "2026-03-02T11:00 B1 - - adult card",
        "2026-03-02T12:00 R N S adult card",
    ];
    check(&rides(""), &lines, "5000 0 9000 5000 0");
    check(&rides("1"), &lines, "5000 0 9000 0 0");
}

#[test]
fn a_cap_counts_the_legs_its_row_selects_on_the_days_of_its_service() {
    let lines = [
        "2026-03-06T08:00 B1 - - adult card",
        "2026-03-06T09:00 R N S adult card",
        "2026-03-06T10:00 B1 - - adult card",
        "2026-03-06T10:30 B1 - - student card",
        "2026-03-07T03:00 B1 - - adult card",
        "2026-03-07T08:00 B1 - - adult card",
        "2026-03-07T09:00 B1 - - adult card",
    ];
    let header = "cap_id,period,limit_amount,network_id,rider_category_id,service_id";
    let policy = capped(&format!("{header}\nbus,day,6000,bus,adult,\n"));
    check(&policy, &lines, "5000 9000 1000 3000 0 5000 1000");
    // 7 March is a Saturday; three in the morning still belongs to Friday.
    let policy = capped(&format!("{header}\nbus,day,6000,bus,adult,weekday\n"));
    check(&policy, &lines, "5000 9000 1000 3000 0 5000 5000");
}

#[test]
fn a_medium_has_its_own_counter_unless_the_account_has_one() {
    let lines = [
        "2026-03-02T08:00 B1 - - adult card",
        "2026-03-02T09:00 B1 - - adult cash",
        "2026-03-02T10:00 B1 - - student card",
    ];
    check(&capped("cap_id,period,limit_amount\nday,day,6000\n"), &lines, "5000 5000 1000");
    check(&capped("cap_id,period,limit_amount,per\nday,day,6000,account\n"), &lines, "5000 1000 0");
}

#[test]
fn what_one_cap_leaves_counts_for_the_next() {
    let lines = [
        "2026-03-02T08:00 B1 - - adult card",
        "2026-03-02T09:00 B1 - - adult card",
        "2026-03-02T10:00 B1 - - adult card",
        "2026-03-03T08:00 B1 - - adult card",
        "2026-03-03T09:00 B1 - - adult card",
    ];
    let chain = "cap_id,period,limit_amount\na_week,week,15000\nb_day,day,9000\n";
    check(&capped(chain), &lines, "5000 4000 0 5000 1000");
    // A nested cap goes first although the other's id comes first.
    let lines = [
        "2026-03-02T08:00 B1 - - adult card",
        "2026-03-02T09:00 B1 - - adult card",
        "2026-03-02T10:00 R N S adult card",
        "2026-03-02T11:00 R N S adult card",
    ];
    let nested =
        "cap_id,period,limit_amount,network_id,parent_cap_id\nall,day,20000,,\nbus,day,6000,bus,all\n";
    let policy = capped(nested);
    check(&policy, &lines, "5000 1000 9000 5000");
    let carried = rate(&policy, &Carried::default(), &legs(&lines)).carried;
    let counters = carried.caps.iter().map(|cap| format!("{} {}/{}", cap.cap, cap.charged, cap.uncapped));
    assert_eq!(counters.collect::<Vec<_>>(), ["all 20000/24000", "bus 6000/10000"]);
}

#[test]
fn gross_fares_may_be_held_against_the_limit() {
    let lines = [
        "2026-03-02T08:00 B1 - - student card",
        "2026-03-02T09:00 B1 - - student card",
        "2026-03-02T10:00 B1 - - student card",
    ];
    let header = "cap_id,period,limit_amount,accumulate";
    check(&capped(&format!("{header}\nday,day,9000,charged\n")), &lines, "3000 3000 3000");
    check(&capped(&format!("{header}\nday,day,9000,gross\n")), &lines, "3000 2000 0");
}

#[test]
fn beyond_the_limit_a_part_may_still_be_paid() {
    let header = "cap_id,period,limit_type,limit_amount,limit_rides,beyond_percent";
    let lines = [
        "2026-03-02T08:00 B1 - - adult card",
        "2026-03-02T09:00 B1 - - adult card",
        "2026-03-02T10:00 B1 - - adult card",
    ];
    check(&capped(&format!("{header}\nhalf,day,amount,7001,,5000\n")), &lines, "5000 3501 2500");
    check(&capped(&format!("{header}\nhalf,day,rides,,1,2500\n")), &lines, "5000 3750 3750");
}

#[test]
fn the_smallest_areas_that_hold_the_travel_of_a_period_give_the_limit() {
    let caps = "cap_id,period,within_area_set_id,limit_amount\n\
                zones,day,all,20000\nzones,day,north,9000\nzones,day,n,2000\n";
    let policy = capped(caps);
    let first = "2026-03-02T08:00 R N M adult card";
    let second = "2026-03-02T09:00 R M N adult card";
    let bus = "2026-03-02T09:30 B1 - - adult card";
    let kerb = "2026-03-02T09:40 B1 kerb - adult card";
    check(&policy, &[first, second], "6000 3000");
    // A stop in no area says nothing of where somebody travelled; unknown stops say nothing either.
    check(&policy, &[first, second, bus, kerb], "6000 3000 0 0");
    // A leg that leaves the areas re-rates the period: it pays the growth, here less than its own price …
    check(&policy, &[first, second, "2026-03-02T10:00 R N S adult card"], "6000 3000 11000");
    // … or more: what earlier legs were spared comes due.
    check(&policy, &[first, second, bus, "2026-03-02T10:00 R M S adult card"], "6000 3000 0 11000");
    let mid = [first, second, "2026-03-02T10:00 B1 S - adult card", "2026-03-02T11:00 R N M adult card"];
    check(&policy, &mid, "6000 3000 8000 3000");
    // The next day starts small again.
    let next = "2026-03-03T08:00 B1 N - adult card";
    check(&policy, &[first, "2026-03-02T10:00 R N S adult card", next], "6000 9000 2000");
    // Without a row for any areas travel beyond all of them is not capped.
    let caps = "cap_id,period,within_area_set_id,limit_amount\nzones,day,n,2000\n";
    let lines = ["2026-03-02T08:00 B1 N - adult card", "2026-03-02T09:00 R N M adult card"];
    check(&capped(caps), &lines, "2000 9000");
    let caps = format!("{caps}zones,day,,4000\n");
    check(&capped(&caps), &lines, "2000 2000");
}

#[test]
fn a_proven_way_counts_as_travel() {
    let policy =
        capped("cap_id,period,within_area_set_id,limit_amount\nzones,day,north,4000\nzones,day,,5000\n");
    let direct = leg("2026-03-02T08:00 R N M adult card");
    let around = Leg { via: vec![text("S")], ..direct.clone() };
    assert_eq!(paid(&price(&policy, &[direct])), "4000");
    assert_eq!(paid(&price(&policy, &[around])), "5000");
}

#[test]
fn an_incomplete_ride_counts_when_its_row_says_so() {
    let with = |counts: &str| {
        let mut files = town_with("fare_caps.txt", "cap_id,period,limit_amount\nday,day,6000\n");
        let rows =
            format!("network_id,kind,charge,amount,counts_to_cap\nrail,missing_exit,amount,4000,{counts}\n");
        files.insert("incomplete_journeys.txt".into(), rows.into());
        loaded(&files)
    };
    let lost = Leg { shape: Shape::MissingExit, ..leg("2026-03-02T08:00 R N - adult card") };
    let lines = [lost, leg("2026-03-02T09:00 B1 - - adult card")];
    assert_eq!(paid(&price(&with(""), &lines)), "4000 5000");
    assert_eq!(paid(&price(&with("1"), &lines)), "4000 2000");
}

#[test]
fn counters_of_periods_that_are_over_are_forgotten() {
    let policy = capped("cap_id,period,limit_amount\nday,day,6000\nweek,week,50000\n");
    let lines = ["2026-03-02T08:00 B1 - - adult card", "2026-03-03T08:00 B1 - - adult card"];
    let carried = rate(&policy, &Carried::default(), &legs(&lines)).carried;
    let counters: Vec<String> =
        carried.caps.iter().map(|cap| format!("{} {}", cap.cap, cap.charged)).collect();
    assert_eq!(counters, ["day 5000", "week 10000"]);
    assert_eq!(carried.caps[0].from, at("2026-03-03", 4, 0, 0));
    assert_eq!(carried.caps[0].until, at("2026-03-04", 4, 0, 0));
}

#[test]
fn a_new_version_of_a_policy_goes_on_counting() {
    let old = capped("cap_id,period,limit_amount\nweek,week,12000\n");
    let new = capped("cap_id,period,limit_amount\nother,day,90000\nweek,week,13000\n");
    let before = rate(
        &old,
        &Carried::default(),
        &legs(&["2026-03-02T08:00 B1 - - adult card", "2026-03-02T09:00 B1 - - adult card"]),
    );
    let after = rate(&new, &before.carried, &legs(&["2026-03-03T08:00 B1 - - adult card"]));
    assert_eq!(paid(&after.legs), "3000");
}

#[test]
fn the_cap_tells_what_it_did() {
    let policy = capped("cap_id,period,limit_amount\nday,day,6000\n");
    let lines = ["2026-03-02T08:00 B1 - - adult card", "2026-03-02T09:00 B1 - - adult card"];
    let explained = explain(&policy, &Carried::default(), &legs(&lines));
    let told =
        |leg: usize| explained[leg].facts.iter().find(|fact| matches!(fact, Fact::Cap { .. })).unwrap();
    let minor = primitives::Minor::new;
    let expect = |before, after, reduction| Fact::Cap {
        id: text("day"),
        from: at("2026-03-02", 4, 0, 0),
        until: at("2026-03-03", 4, 0, 0),
        limit: Some(minor(6000)),
        rides_limit: None,
        before: minor(before),
        after: minor(after),
        reduction: minor(reduction),
    };
    assert_eq!(*told(0), expect(0, 5000, 0));
    assert_eq!(*told(1), expect(5000, 6000, 4000));
}

#[test]
fn rows_of_caps_are_checked() {
    let check = |text: &str, expect: &[&str]| {
        let mut files = town_with("fare_caps.txt", text);
        files.insert("selector_sets.txt".into(), SETS.into());
        loading::assert_errors(&files, expect);
    };
    let header = "cap_id,period,limit_type,limit_amount,limit_rides";
    let amounts = "given with the limit_type `amount`, and only then";
    let rides = "given with the limit_type `rides`, and only then";
    check(
        &format!("{header}\n,day,,1,\nb,,,1,\nc,year,,1,\nd,day,,,\ne,day,rides,,\nf,day,,-1,\ng,day,,1,2\n"),
        &[
            "fare_caps.txt:2 cap_id: the field is empty",
            "fare_caps.txt:3 period: the field is empty",
            "fare_caps.txt:4 period: `year` is none of: day, week, month, rolling",
            &format!("fare_caps.txt:5 limit_amount: {amounts}"),
            &format!("fare_caps.txt:6 limit_rides: {rides}"),
            "fare_caps.txt:7 limit_amount: below zero",
            &format!("fare_caps.txt:8 limit_rides: {rides}"),
        ],
    );
    let periods = "cap_id,limit_amount,period,period_count,period_anchor,week_start,day_start_time";
    check(
        &format!(
            "{periods}\na,1,rolling,,,,\nb,1,day,2,,,\nc,1,week,,first_leg,,\nd,1,day,,,1,\ne,1,week,,,8,\nf,1,day,,,,24:00:00\n"
        ),
        &[
            "fare_caps.txt:2 period_count: given for the period `rolling`",
            "fare_caps.txt:3 period_count: given for the period `rolling`",
            "fare_caps.txt:4 period_anchor: only days that roll begin with a leg",
            "fare_caps.txt:5 week_start: given for the period `week` only",
            "fare_caps.txt:6 week_start: not a whole number from 1 to 7",
            "fare_caps.txt:7 day_start_time: a day begins before 24:00:00",
        ],
    );
    let rows = "cap_id,period,limit_amount,within_area_set_id,network_id,parent_cap_id";
    check(
        &format!(
            "{rows}\na,day,1,n,bus,\na,day,2,n,rail,\nb,day,1,x,,z\nc,day,1,,,d\nd,day,1,,,c\ne,week,1,,,f\nf,day,1,,,\n"
        ),
        &[
            "fare_caps.txt:3 cap_id: the same key stands on line 2",
            "fare_caps.txt:3 network_id: differs from the same cap's line 2",
            "fare_caps.txt:4 parent_cap_id: there is no cap `z`",
            "fare_caps.txt:4 within_area_set_id: there is no such id",
            "fare_caps.txt:5 parent_cap_id: the cap is nested in itself",
            "fare_caps.txt:6 parent_cap_id: the cap is nested in itself",
            "fare_caps.txt:7 parent_cap_id: the period of the parent is shorter",
        ],
    );
}
