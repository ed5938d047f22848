//! Each error names its file, line and field.

use super::*;
use crate::limits::{ERRORS_MAX, NAME_CHARS_MAX, STEPS_MAX};

/// The town with `line` put in place of line `number` of a file must give exactly this error.
fn check(file: &str, number: usize, line: &str, expect: &str) {
    let files = town();
    let old = String::from_utf8(files[file].clone()).unwrap();
    let mut lines_of_file: Vec<&str> = old.lines().collect();
    if number > lines_of_file.len() {
        lines_of_file.push(line);
    } else {
        lines_of_file[number - 1] = line;
    }
    assert_errors(&town_with(file, &(lines_of_file.join("\n") + "\n")), &[expect]);
}

pub(super) fn assert_errors(files: &Files, expect: &[&str]) {
    let errors = load(files).expect_err("the policy loads");
    let found = lines(&errors);
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "found {found:?}, expected {expect:?}");
    }
}

#[test]
fn references_must_exist() {
    check("agency.txt", 4, "trams,Trams,", "agency.txt:4 agency_id: there is no party `trams`");
    check(
        "agency.txt",
        4,
        "school,School,",
        "agency.txt:4 agency_id: party `school` is a school, not one of: operator",
    );
    check("routes.txt", 3, "B2,trams,2,", "routes.txt:3 agency_id: there is no agency `trams`");
    check(
        "route_networks.txt",
        3,
        "tram,B2",
        "route_networks.txt:3 network_id: there is no network in networks.txt `tram`",
    );
    check(
        "route_networks.txt",
        5,
        "bus,B9",
        "route_networks.txt:5 route_id: there is no route in routes.txt `B9`",
    );
    check(
        "stops.txt",
        5,
        "S-2,South platform 2,X",
        "stops.txt:5 parent_station: there is no stop in stops.txt `X`",
    );
    check("stop_areas.txt", 2, "x,N", "stop_areas.txt:2 area_id: there is no area in areas.txt `x`");
    check("stop_areas.txt", 2, "n,X", "stop_areas.txt:2 stop_id: there is no stop in stops.txt `X`");
    check(
        "timeframes.txt",
        2,
        "peak,,,sunday",
        "timeframes.txt:2 service_id: there is no service in calendar.txt or",
    );
    check(
        "fare_products.txt",
        2,
        "flat,king,,5000,VND",
        "fare_products.txt:2 rider_category_id: there is no category",
    );
    check(
        "fare_products.txt",
        2,
        "flat,,shell,5000,VND",
        "fare_products.txt:2 fare_media_id: there is no medium",
    );
    check(
        "fare_leg_rules.txt",
        2,
        "tram,,,flat",
        "fare_leg_rules.txt:2 network_id: there is no network `tram`",
    );
    check(
        "fare_leg_rules.txt",
        3,
        "rail,x,m,short",
        "fare_leg_rules.txt:3 from_area_id: there is no area in areas.txt `x`",
    );
    check(
        "fare_leg_rules.txt",
        3,
        "rail,n,x,short",
        "fare_leg_rules.txt:3 to_area_id: there is no area in areas.txt `x`",
    );
    check(
        "fare_leg_rules.txt",
        3,
        "rail,n,m,huge",
        "fare_leg_rules.txt:3 fare_product_id: there is no product",
    );
    check(
        "rider_discounts.txt",
        2,
        "king,bus,3000,,,,city",
        "rider_discounts.txt:2 rider_category_id: there is no category",
    );
    check(
        "rider_discounts.txt",
        2,
        "student,bus,3000,,,,king",
        "rider_discounts.txt:2 funded_by: there is no party `king`",
    );
    check(
        "rider_discounts.txt",
        2,
        "student,bus,3000,,,,school",
        "rider_discounts.txt:2 funded_by: party `school` is a school",
    );
    check(
        "incomplete_journeys.txt",
        2,
        "tram,missing_exit,farthest,,",
        "incomplete_journeys.txt:2 network_id: there is no",
    );
}

#[test]
fn keys_stand_once() {
    check("parties.txt", 7, "city,Other,city,11", "parties.txt:7 party_id: the same key stands on line 4");
    check(
        "parties.txt",
        7,
        "other,Other,city,9",
        "parties.txt:7 party_number: the same key stands on line 4",
    );
    check("agency.txt", 4, "buses,Again,", "agency.txt:4 agency_id: the same key");
    check("routes.txt", 5, "R,rails,R,Line R", "routes.txt:5 route_id: the same key stands on line 4");
    check("route_networks.txt", 5, "rail,B1", "route_networks.txt:5 route_id: the same key stands on line 2");
    check("stops.txt", 7, "N,North again,", "stops.txt:7 stop_id: the same key");
    check("stop_areas.txt", 5, "n,N", "stop_areas.txt:5 stop_id: the same key");
    check("rider_categories.txt", 5, "free,Free,0", "rider_categories.txt:5 rider_category_id: the same key");
    check(
        "fare_products.txt",
        6,
        "short,,cash,1,VND",
        "fare_products.txt:6 fare_product_id: the same key stands on line 3",
    );
    check(
        "fare_leg_rules.txt",
        9,
        "rail,n,m,short",
        "fare_leg_rules.txt:9 fare_product_id: the same key stands on line 3",
    );
    check(
        "rider_discounts.txt",
        5,
        "free,,0,,,,city",
        "rider_discounts.txt:5 step: the same key stands on line 4",
    );
    check(
        "incomplete_journeys.txt",
        6,
        "rail,missing_exit,zero,,",
        "incomplete_journeys.txt:6 kind: the same key",
    );
    check(
        "calendar.txt",
        3,
        "weekday,1,1,1,1,1,0,0,20260101,20261231",
        "calendar.txt:3 service_id: the same key stands on line 2",
    );
}

#[test]
fn fields_have_their_form() {
    check(
        "parties.txt",
        2,
        "buses,Town Buses,baker,1",
        "parties.txt:2 party_kind: `baker` is none of: operator, city",
    );
    check(
        "parties.txt",
        6,
        "school,First School,school,0",
        "parties.txt:6 party_number: not a whole number from 1",
    );
    check(
        "parties.txt",
        6,
        "school,First School,school,+7",
        "parties.txt:6 party_number: not a whole number from 1",
    );
    check("parties.txt", 6, "school,First School,school,", "parties.txt:6 party_number: the field is empty");
    check("areas.txt", 5, "two\twords", "areas.txt:5 area_id: not an id");
    check("areas.txt", 5, &"x".repeat(65), "areas.txt:5 area_id: not an id");
    check(
        "stops.txt",
        7,
        &format!("far,{},", "x".repeat(NAME_CHARS_MAX + 1)),
        "stops.txt:7 stop_name: not a name",
    );
    check(
        "fare_media.txt",
        3,
        "cash,Cash,5",
        "fare_media.txt:3 fare_media_type: not a whole number from 0 to 4",
    );
    check(
        "timeframes.txt",
        2,
        "peak,6:3:00,09:00:00,weekday",
        "timeframes.txt:2 start_time: not a time HH:MM:SS",
    );
    check(
        "timeframes.txt",
        2,
        "peak,06:30:00,24:00:01,weekday",
        "timeframes.txt:2 end_time: not a time HH:MM:SS",
    );
    check(
        "timeframes.txt",
        2,
        "peak,06:30:00,,weekday",
        "timeframes.txt:2 end_time: start_time and end_time are given",
    );
    check(
        "timeframes.txt",
        2,
        "peak,09:00:00,06:30:00,weekday",
        "timeframes.txt:2 end_time: the band is empty",
    );
    check(
        "timeframes.txt",
        3,
        "peak,08:59:59,10:00:00,weekday",
        "timeframes.txt:3 start_time: overlaps the band on line 2",
    );
    check(
        "fare_products.txt",
        2,
        "flat,,,5000.50,VND",
        "fare_products.txt:2 amount: not a VND amount with 0 decimals",
    );
    check("fare_products.txt", 2, "flat,,,,VND", "fare_products.txt:2 amount: the field is empty");
    check(
        "fare_products.txt",
        2,
        "flat,,,-1,VND",
        "fare_leg_rules.txt:2 fare_product_id: the product costs less than nothing",
    );
    check("fare_products.txt", 2, "flat,,,5000,GBP", "fare_products.txt:2 currency: GBP in a policy in VND");
    check(
        "fare_products.txt",
        2,
        "flat,,,5000,vnd",
        "fare_products.txt:2 currency: not three capital letters",
    );
    let calendar = "weekday,1,1,1,1,1,0,2,20260101,20261231";
    check("calendar.txt", 2, calendar, "calendar.txt:2 sunday: `2` is none of: 0, 1");
    let calendar = "weekday,1,1,1,1,1,0,0,2026-01-01,20261231";
    check("calendar.txt", 2, calendar, "calendar.txt:2 start_date: not a date YYYYMMDD");
    let calendar = "weekday,1,1,1,1,1,0,0,20260102,20260101";
    check("calendar.txt", 2, calendar, "calendar.txt:2 end_date: earlier than start_date");
}

#[test]
fn the_head_of_a_policy_is_checked() {
    let file = "fare_policies.txt";
    let line = |line: &'static str, expect: &'static str| check(file, 2, line, expect);
    line(",2026-01-01,,Asia/Ho_Chi_Minh,VND,", "fare_policies.txt:2 policy_id: the field is empty");
    line("p,01/01/2026,,Asia/Ho_Chi_Minh,VND,", "fare_policies.txt:2 valid_from: not a local date");
    line("p,1999-01-01,,Asia/Ho_Chi_Minh,VND,", "fare_policies.txt:2 valid_from: not a local date");
    line(
        "p,2026-01-01,2026-01-01,Asia/Ho_Chi_Minh,VND,",
        "fare_policies.txt:2 valid_until: not later than valid_from",
    );
    line("p,2026-01-01,,Asia/Ho_Chi_Minh,dong,", "fare_policies.txt:2 currency: not three capital letters");
    line("p,2026-01-01,,Asia/Ho_Chi_Minh,VND,25:00:00", "fare_policies.txt:2 day_start_time: not a time");
    line("p,2026-01-01,,Saigon,VND,", "fare_policies.txt:2 timezone: not a time zone");
    check(
        file,
        3,
        "q,2027-01-01,,Asia/Ho_Chi_Minh,VND,",
        "fare_policies.txt:3 policy_id: one set of files is one version",
    );
    let second_taps = |values: &str, field: &str| {
        let header = "policy_id,valid_from,timezone,currency,passback_seconds,passback_trip_seconds";
        let lines = format!("{header}\np,2026-01-01,Asia/Ho_Chi_Minh,VND,{values}\n");
        let expect = format!("fare_policies.txt:2 {field}: not a whole number from 0 to 86400");
        assert_errors(&town_with(file, &lines), &[&expect]);
    };
    second_taps("86401,0", "passback_seconds");
    second_taps("86400,-1", "passback_trip_seconds");
    let debt =
        "policy_id,valid_from,timezone,currency,debt_allowed_amount\np,2026-01-01,Asia/Ho_Chi_Minh,VND,-1\n";
    assert_errors(&town_with(file, debt), &["fare_policies.txt:2 debt_allowed_amount: below zero"]);
    let header = "policy_id,valid_from,valid_until,timezone,currency,day_start_time\n";
    assert_errors(&town_with(file, header), &["fare_policies.txt:0 : the file has no row"]);
    check(
        "agency.txt",
        3,
        "rails,Town Rail,Asia/Bangkok",
        "agency.txt:3 agency_timezone: `Asia/Bangkok` differs from",
    );
}

#[test]
fn riders_and_formulas_are_checked() {
    check(
        "rider_categories.txt",
        3,
        "student,Student,1",
        "rider_categories.txt:3 is_default_fare_category: a second default",
    );
    check(
        "fare_products.txt",
        2,
        "flat,student,,5000,VND",
        "fare_products.txt:2 rider_category_id: product `flat` has no price",
    );
    let file = "rider_discounts.txt";
    check(file, 2, "student,bus,3000,,,,", "rider_discounts.txt:2 funded_by: the field is empty");
    check(
        file,
        2,
        "adult,bus,3000,,,,city",
        "rider_discounts.txt:2 rider_category_id: the default rider pays",
    );
    check(
        file,
        2,
        "student,bus,3000,5000,,,city",
        "rider_discounts.txt:2 fixed_amount: one row does one thing",
    );
    check(file, 2, "student,bus,-3000,,,,city", "rider_discounts.txt:2 fixed_amount: below zero");
    check(
        file,
        2,
        "student,bus,,10001,,,city",
        "rider_discounts.txt:2 multiply_percent: not a whole number from 0 to 10000",
    );
    check(
        file,
        2,
        "student,bus,,5000,,,city",
        "rider_discounts.txt:2 rounding_mode: a percentage leaves fractions",
    );
    check(file, 2, "student,bus,,5000,1,,city", "rider_discounts.txt:2 rounding_mode: the field is empty");
    check(
        file,
        2,
        "student,bus,,5000,1,nearest,city",
        "rider_discounts.txt:2 rounding_mode: `nearest` is none of",
    );
    check(
        file,
        2,
        "student,bus,,5000,0,up,city",
        "rider_discounts.txt:2 rounding_step: not a whole number from 1",
    );
    let head = "rider_category_id,step,base_rider_category_id,minus_amount,min_amount,max_amount,funded_by\n";
    let whole =
        |rows: &str, expect: &[&str]| assert_errors(&town_with(file, &format!("{head}{rows}")), expect);
    whole("student,1,,9,5,4,city\n", &["rider_discounts.txt:2 max_amount: below min_amount"]);
    whole(
        "student,1,,9,,,city\nstudent,2,free,9,,,friend\n",
        &[
            "rider_discounts.txt:3 base_rider_category_id: differs from the same formula's line 2",
            "rider_discounts.txt:3 funded_by: differs from the same formula's line 2",
        ],
    );
    whole(
        "student,1,free,9,,,city\nfree,1,student,9,,,city\n",
        &[
            "rider_discounts.txt:0 base_rider_category_id: the price of `free` is derived from its own price",
            "rider_discounts.txt:0 base_rider_category_id: the price of `student` is derived from its own price",
        ],
    );
    let steps: Vec<String> = (0..=STEPS_MAX).map(|step| format!("student,{step},,1,,,city\n")).collect();
    whole(&steps.concat(), &["rider_discounts.txt:6 step: a formula has at most 4 steps"]);
    loaded(&town_with(file, &format!("{head}{}", steps[..STEPS_MAX].concat())));
    let fallbacks = "rider_category_id,evidence_kind,fallback_rider_category_id\nstudent,,adult\nstudent,school_card,free\nadult,,free\n";
    assert_errors(
        &town_with("rider_eligibility.txt", fallbacks),
        &[
            "rider_eligibility.txt:3 fallback_rider_category_id: another row of this category",
            "rider_eligibility.txt:4 rider_category_id: the default rider needs no proof and falls back to nobody",
        ],
    );
    let open = "fare_product_id,amount,currency,funded_by\nflat,1,VND,city\nshort,1,VND,\nlong,1,VND,\n";
    assert_errors(
        &town_with("fare_products.txt", open),
        &["fare_products.txt:2 funded_by: only a row of a rider"],
    );
}

#[test]
fn incomplete_rides_are_checked() {
    let file = "incomplete_journeys.txt";
    let line = |line: &'static str, expect: &'static str| check(file, 2, line, expect);
    line("rail,lost,zero,,", "incomplete_journeys.txt:2 kind: `lost` is none of: missing_exit");
    line("rail,missing_exit,,,", "incomplete_journeys.txt:2 charge: the field is empty");
    line(
        "rail,missing_exit,amount,,",
        "incomplete_journeys.txt:2 amount: given with the charge `amount`, and only then",
    );
    line(
        "rail,missing_exit,zero,5,",
        "incomplete_journeys.txt:2 amount: given with the charge `amount`, and only then",
    );
    line("rail,missing_exit,amount,-5,", "incomplete_journeys.txt:2 amount: below zero");
    line("rail,missing_exit,ride,,", "incomplete_journeys.txt:2 charge: over_time charges two_maximum");
    line(
        "rail,missing_exit,zero,,60",
        "incomplete_journeys.txt:2 max_journey_seconds: given for the kind `over_time`",
    );
    check(
        file,
        5,
        "rail,over_time,zero,,60",
        "incomplete_journeys.txt:5 charge: over_time charges two_maximum",
    );
    check(file, 5, "rail,over_time,,,", "incomplete_journeys.txt:5 max_journey_seconds: given for the kind");
    let timed = "network_id,kind,charge,max_journey_seconds,rider_category_id\nrail,over_time,,60,student\n";
    assert_errors(
        &town_with(file, timed),
        &["incomplete_journeys.txt:2 kind: an over_time row may name a network"],
    );
    let product =
        "network_id,kind,charge,fare_product_id\nrail,missing_exit,product,\nrail,missing_entry,zero,long\n";
    assert_errors(
        &town_with(file, product),
        &[
            "incomplete_journeys.txt:2 fare_product_id: given with the charge `product`",
            "incomplete_journeys.txt:3 fare_product_id: given with the charge `product`",
        ],
    );
}

#[test]
fn a_file_or_column_that_is_not_read_is_an_error_because_skipping_it_would_misprice() {
    let unread = town_with("fare_wishes.txt", "wish_id\n");
    assert_errors(&unread, &["fare_wishes.txt:0 : the file is not part of the format that is read"]);
    loaded(&town_with("trips.txt", "anything"));
    loaded(&town_with("README.md", "anything"));
    let coloured = town_with(
        "areas.txt",
        "area_id,colour
n,
m,
s,
",
    );
    assert_errors(&coloured, &["areas.txt:1 colour: the column is not part of the format"]);
}

#[test]
fn tables_have_their_form() {
    let check = |text: &str, expect: &[&str]| assert_errors(&town_with("areas.txt", text), expect);
    check("area_id\nn\nm\ns\nx,y\n", &["areas.txt:5 : the line has 2 fields, the header 1"]);
    check(
        "area_id,area_id\nn,n\nm,m\ns,s\n",
        &["areas.txt:1 area_id: the column stands in the header twice"],
    );
    let mut files = town();
    files.remove("stops.txt");
    files.remove("stop_areas.txt");
    assert_errors(&files, &["stops.txt:0 : the file is missing"]);
    files.insert("stops.txt".into(), Vec::new());
    assert_errors(&files, &["stops.txt:0 : the file has no header"]);
    let mut files = town();
    files.insert("stops.txt".into(), b"stop_id,stop_name\nN,\xff\nN,N\nM,\nS,\nS-2,\nkerb,\n".to_vec());
    assert_errors(&files, &["stops.txt:2 : the line is not UTF-8"]);
    let mut files = town();
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend_from_slice(&files["stops.txt"]);
    files.insert("stops.txt".into(), marked);
    loaded(&files);
}

#[test]
fn networks_have_one_form() {
    let mut files =
        town_with("routes.txt", "route_id,agency_id,network_id\nB1,buses,bus\nB2,buses,bus\nR,rails,rail\n");
    assert_errors(
        &files,
        &[
            "networks.txt:0 : networks are given here and in routes.txt",
            "route_networks.txt:0 : networks are given here and in routes.txt",
        ],
    );
    files.remove("networks.txt");
    files.remove("route_networks.txt");
    assert_eq!(fare(&loaded(&files), "R N M adult card"), "6000 6000");
}

#[test]
fn a_stop_may_lie_in_a_station_but_not_in_itself() {
    let stops = "stop_id,stop_name,parent_station\nN,,M\nM,,N\nS,,\nS-2,,S\nkerb,,kerb\n";
    let message = "parent_station: the stop lies in itself, or too deep in other stops";
    let expect: Vec<String> = [2, 3, 6].iter().map(|line| format!("stops.txt:{line} {message}")).collect();
    assert_errors(&town_with("stops.txt", stops), &expect.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn all_errors_are_reported_at_once_up_to_a_limit() {
    let mut files = town_with("fare_media.txt", "fare_media_id,fare_media_type\ncard,9\ncash,x\n");
    files.insert("parties.txt".into(), b"party_id,party_name\n".to_vec());
    let errors = load(&files).unwrap_err();
    let found: Vec<(&str, u64, &str)> =
        errors.iter().map(|error| (error.file.as_str(), error.line, error.field.as_str())).collect();
    for expect in [
        ("fare_media.txt", 2, "fare_media_type"),
        ("fare_media.txt", 3, "fare_media_type"),
        ("parties.txt", 1, "party_kind"),
        ("parties.txt", 1, "party_number"),
        ("agency.txt", 2, "agency_id"),
        ("rider_discounts.txt", 2, "funded_by"),
    ] {
        assert!(found.contains(&expect), "{expect:?} in {found:?}");
    }
    let rows: String = (0..ERRORS_MAX + 5).map(|row| format!("rail,n,m,none-{row}\n")).collect();
    let errors = load(&town_with(
        "fare_leg_rules.txt",
        &format!("network_id,from_area_id,to_area_id,fare_product_id\n{rows}"),
    ));
    let errors = errors.unwrap_err();
    assert_eq!(errors.len(), ERRORS_MAX + 1);
    assert_eq!(errors[ERRORS_MAX].message, "5 more errors are not listed");
}

#[test]
fn parts_that_reach_nothing_are_warnings() {
    let mut files = town_with("networks.txt", "network_id,network_name\nbus,\nrail,\ntram,\n");
    files.insert("areas.txt".into(), b"area_id\nn\nm\ns\nmoon\n".to_vec());
    let rules = "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\nbus,,,flat,\ntram,,,short,\nrail,n,moon,short,\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    assert_eq!(
        lines(loaded(&files).warnings()),
        [
            "fare_leg_rules.txt:1 rule_priority: the column is there but empty: empty fields of rules are ignored, not read as `all others`",
            "fare_leg_rules.txt:3 network_id: the rule is never reached: no route lies there",
            "fare_leg_rules.txt:4 to_area_id: the rule is never reached: no stop lies in the area",
            "fare_products.txt:0 fare_product_id: no rule sells product `long`",
            "networks.txt:0 network_id: no route lies in network `tram`",
        ]
    );
    let zeros = "fare_product_id,amount,currency\nflat,5000.00,VND\nshort,1,VND\nlong,1,VND\n";
    let policy = loaded(&town_with("fare_products.txt", zeros));
    let warning = "fare_products.txt:2 amount: VND amounts have 0 decimals; superfluous zeros were dropped";
    assert_eq!(lines(policy.warnings()), [warning]);
}
