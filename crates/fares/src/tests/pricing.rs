use super::*;
use crate::UnknownFare;

#[test]
fn flat_fares_matrix_fares_and_their_reductions() {
    let policy = loaded(&town());
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B1 - - adult card", "5000 5000");
    check("B1 kerb - adult cash", "5000 5000");
    check("B1 - - student card", "5000 3000 9:2000");
    check("B2 - - free cash", "5000 0 9:5000");
    check("R N M adult card", "6000 6000");
    check("R N M adult cash", "7000 7000");
    check("R M N student cash", "7000 4000 9:3000");
    check("R N S adult card", "9000 9000");
    check("R N S student card", "9000 5000 9:4000");
    check("R S N free card", "9000 0 9:9000");
    check("R S-2 N adult card", "9000 9000");
}

#[test]
fn what_the_policy_does_not_know_is_unknown_and_never_zero() {
    let policy = loaded(&town());
    let check = |words: &str, expect: UnknownFare| {
        let priced = priced(&policy, ride(words));
        assert_eq!(priced.fare, Fare::Unknown(expect), "{words}");
        assert!(priced.rules.is_empty() && priced.product.is_none());
    };
    check("B9 - - adult card", UnknownFare::NoRoute);
    check("B1 nowhere - adult card", UnknownFare::NoStop);
    check("R N nowhere adult card", UnknownFare::NoStop);
    check("B1 - - king card", UnknownFare::NoRider);
    check("B1 - - adult shells", UnknownFare::NoMedium);
    check("R N - adult card", UnknownFare::NoRule);
    check("R N kerb adult card", UnknownFare::NoRule);
    for reason in UnknownFare::ALL {
        assert_eq!(UnknownFare::parse(reason.word()), Some(*reason));
    }
}

#[test]
fn a_fare_names_its_product_and_the_rows_that_fired() {
    let policy = loaded(&town());
    let check = |words: &str, product: &str, expect: &str| {
        let priced = priced(&policy, ride(words));
        assert_eq!(priced.product, Some(text(product)));
        assert_eq!(rules(&priced), expect, "{words}");
    };
    check("B1 - - adult card", "flat", "fare_leg_rules:2 fare_products:2");
    check("R N M student card", "short", "fare_leg_rules:3 fare_products:4 rider_discounts:3");
}

#[test]
fn without_rule_priority_an_empty_field_means_every_value_that_is_not_listed() {
    let policy = loaded(&town_with(
        "fare_leg_rules.txt",
        "network_id,from_area_id,to_area_id,fare_product_id\n,,,flat\nrail,n,,short\nrail,n,m,long\n",
    ));
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B1 - - adult card", "5000 5000");
    // `rail` and `n` and `m` are listed, so the empty fields of other rows no longer mean them.
    check("R N S adult card", "6000 6000");
    check("R N M adult card", "9000 9000");
    check("R S N adult card", "no_rule");
    check("R S M adult card", "no_rule");
}

#[test]
fn with_rule_priority_an_empty_field_is_ignored_and_the_highest_priority_wins() {
    let policy = loaded(&town_with(
        "fare_leg_rules.txt",
        "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\n\
         ,,,flat,\nrail,,,long,1\nrail,n,,short,2\nrail,,m,long,2\n",
    ));
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B1 - - adult card", "5000 5000");
    check("R S N adult card", "9000 9000");
    check("R N S adult card", "6000 6000");
    check("R S M adult card", "9000 9000");
    // Two rules of one priority: the cheaper one, although neither is the cheapest of all that match.
    check("R N M adult card", "6000 6000");
    check("R N M adult cash", "7000 7000");
}

#[test]
fn equal_prices_go_to_the_rule_that_says_more_then_to_the_id_never_to_the_file_order() {
    let products = "fare_product_id,amount,currency\na,100,VND\nb,100,VND\nc,100,VND\n";
    let check = |rules: [&str; 3], expect: &str| {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let rows: Vec<&str> = order.iter().map(|index| rules[*index]).collect();
            let header =
                "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority";
            let mut files = town_with("fare_leg_rules.txt", &format!("{header}\n{}\n", rows.join("\n")));
            files.insert("fare_products.txt".into(), products.into());
            let priced = priced(&loaded(&files), ride("R N S adult card"));
            assert_eq!(priced.product, Some(text(expect)), "{rows:?}");
        }
    };
    check([",,,,a,1", ",n,,,b,1", ",n,s,,c,1"], "c");
    check([",,,,a,1", "rail,,,,b,1", ",,s,,c,1"], "c");
    check(["rail,n,s,,c,1", "rail,n,s,,b,1", ",,,,a,0"], "b");
}

#[test]
fn timeframes_hold_on_the_local_date_from_the_start_to_before_the_end() {
    let policy = loaded(&town_with(
        "fare_leg_rules.txt",
        "network_id,from_timeframe_group_id,fare_product_id,rule_priority\nbus,,flat,0\nbus,peak,long,1\n",
    ));
    let check = |date: &str, (hour, minute, second), expect: &str| {
        let leg = Leg { start: at(date, hour, minute, second), ..ride("B1 - - adult card") };
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{date} {hour}:{minute}:{second}");
    };
    check("2026-03-02", (6, 29, 59), "5000 5000");
    check("2026-03-02", (6, 30, 0), "9000 9000");
    check("2026-03-02", (8, 59, 59), "9000 9000");
    check("2026-03-02", (9, 0, 0), "5000 5000");
    check("2026-03-01", (7, 0, 0), "5000 5000");
    check("2026-03-07", (7, 0, 0), "5000 5000");
}

#[test]
fn edges_of_timeframes_are_data_and_dates_may_be_added_and_removed() {
    let mut files = town_with(
        "fare_leg_rules.txt",
        "network_id,from_timeframe_group_id,to_timeframe_group_id,fare_product_id,rule_priority\n\
         rail,,,flat,0\nrail,,peak,long,1\n",
    );
    let frames = "timeframe_group_id,start_time,end_time,service_id,start_bound,end_bound\n\
                  peak,06:30:00,09:00:00,weekday,1,0\npeak,22:00:00,24:00:00,weekday,,\n";
    files.insert("timeframes.txt".into(), frames.into());
    let dates = "service_id,date,exception_type\nweekday,20260302,2\nweekday,20260301,1\n";
    files.insert("calendar_dates.txt".into(), dates.into());
    let policy = loaded(&files);
    let check = |date: &str, (hour, minute, second), expect: &str| {
        let end = at(date, hour, minute, second);
        let leg = Leg { start: end, end: Some(end), ..ride("R N S adult card") };
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{date} {hour}:{minute}:{second}");
    };
    check("2026-03-03", (6, 30, 0), "5000 5000");
    check("2026-03-03", (6, 30, 1), "9000 9000");
    check("2026-03-03", (9, 0, 0), "9000 9000");
    check("2026-03-03", (9, 0, 1), "5000 5000");
    check("2026-03-03", (23, 59, 59), "9000 9000");
    check("2026-03-04", (0, 0, 0), "5000 5000");
    check("2026-03-02", (8, 0, 0), "5000 5000");
    check("2026-03-01", (8, 0, 0), "9000 9000");
    // A ride whose end nobody saw lies in no timeframe of ends.
    let open = Leg { end: None, ..ride("R N S adult card") };
    assert_eq!(shown(&priced(&policy, open).fare), "5000 5000");
}

#[test]
fn a_stop_in_no_area_and_a_route_in_no_network_are_unlisted_values() {
    let mut files = town_with("route_networks.txt", "network_id,route_id\nbus,B1\nrail,R\n");
    let rules = "network_id,from_area_id,fare_product_id\nbus,,flat\n,,long\nbus,n,short\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B2 kerb - adult card", "9000 9000");
    check("B1 kerb - adult card", "5000 5000");
    check("B1 N - adult card", "6000 6000");
    assert_eq!(policy.route("B2").unwrap().network, "");
}

#[test]
fn incomplete_rides_cost_what_their_rows_say() {
    let policy = loaded(&town());
    let check = |shape: Shape, words: &str, expect: &str, fired: &str| {
        let priced = priced(&policy, Leg { shape, ..ride(words) });
        assert_eq!(shown(&priced.fare), expect, "{shape:?} {words}");
        assert_eq!(rules(&priced), fired, "{shape:?} {words}");
    };
    let long = "fare_leg_rules:7 fare_products:5";
    check(Shape::MissingExit, "R N - adult card", "9000 9000", &format!("incomplete_journeys:2 {long}"));
    let short = "incomplete_journeys:2 fare_leg_rules:5 fare_products:4";
    // Two stations are equally far from the middle; the rule that ranks first is named.
    check(Shape::MissingExit, "R M - adult card", "6000 6000", &short.replace("rules:5", "rules:4"));
    let back = "incomplete_journeys:3 fare_leg_rules:7 fare_products:5 rider_discounts:3";
    check(Shape::MissingEntry, "R - S student card", "9000 5000 9:4000", back);
    check(Shape::Ride, "R S S adult card", "2000 2000", "incomplete_journeys:4");
    check(Shape::Ride, "R S S-2 student cash", "2000 1000 9:1000", "incomplete_journeys:4 rider_discounts:3");
    check(Shape::MissingExit, "B1 - - adult card", "no_incomplete_rule", "");
}

#[test]
fn a_missing_row_for_an_incomplete_ride_is_unknown_and_never_zero() {
    let file = "incomplete_journeys.txt";
    let policy = loaded(&town_with(file, "network_id,kind,charge\nrail,missing_exit,zero\n"));
    let check = |policy: &Policy, shape, words: &str, expect: &str| {
        assert_eq!(shown(&priced(policy, Leg { shape, ..ride(words) }).fare), expect, "{words}");
    };
    check(&policy, Shape::MissingExit, "R N - adult card", "0 0");
    check(&policy, Shape::MissingEntry, "R - N adult card", "no_incomplete_rule");
    check(&policy, Shape::Ride, "R N N adult card", "no_same_station_rule");
    assert_eq!(policy.journey_seconds_max("R", None, None, at("2026-03-02", 12, 0, 0)), i64::MAX);
    // Without any row the network has no gates, and a rule for the pair may price it.
    let mut files = town();
    files.remove(file);
    check(&loaded(&files), Shape::Ride, "R N N adult card", "no_rule");
    // `ride` prices a same-station exit by the leg rules.
    let policy = loaded(&town_with(file, "network_id,kind,charge\n,same_station,ride\n"));
    check(&policy, Shape::Ride, "R N N adult card", "no_rule");
    check(&policy, Shape::Ride, "B1 kerb kerb adult card", "5000 5000");
}

#[test]
fn rows_for_incomplete_rides_may_be_bound_to_rider_medium_and_time() {
    let policy = loaded(&town_with(
        "incomplete_journeys.txt",
        "network_id,kind,timeframe_group_id,rider_category_id,fare_media_id,charge,amount,fare_product_id,discountable\n\
         ,missing_exit,,,,amount,100,,\n\
         rail,missing_exit,,,,amount,4000,,\n\
         rail,missing_exit,peak,,,product,,long,\n\
         rail,missing_exit,,,cash,amount,6000,,0\n\
         rail,missing_exit,,free,,zero,,,\n",
    ));
    let check = |hour, words: &str, expect: &str| {
        let start = at("2026-03-02", hour, 0, 0);
        let leg = Leg { shape: Shape::MissingExit, start, ..ride(words) };
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{words}");
    };
    check(12, "B1 - - adult card", "100 100");
    check(12, "R N - adult card", "4000 4000");
    check(12, "R N - student card", "4000 2000 9:2000");
    check(7, "R N - student card", "9000 5000 9:4000");
    check(12, "R N - student cash", "6000 6000");
    check(7, "R N - free cash", "0 0");
}

#[test]
fn the_longest_ride_is_data_by_network() {
    let policy = loaded(&town());
    assert_eq!(policy.journey_seconds_max("R", None, None, at("2026-03-02", 12, 0, 0)), 7_200);
    assert_eq!(policy.journey_seconds_max("B1", None, None, at("2026-03-02", 12, 0, 0)), i64::MAX);
    assert_eq!(policy.journey_seconds_max("nowhere", None, None, at("2026-03-02", 12, 0, 0)), i64::MAX);
    let policy = loaded(&town_with(
        "incomplete_journeys.txt",
        "network_id,kind,charge,max_journey_seconds,limit_bound\nrail,over_time,two_maximum,3600,1\n,over_time,,60,0\n",
    ));
    assert_eq!(policy.journey_seconds_max("R", None, None, at("2026-03-02", 12, 0, 0)), 3_599);
    assert_eq!(policy.journey_seconds_max("B1", None, None, at("2026-03-02", 12, 0, 0)), 60);
}

#[test]
fn formulas_run_step_by_step_and_never_raise_a_price() {
    let check = |header: &str, rows: &[&str], base: &str, expect: &str| {
        let header = format!("rider_category_id,{header},funded_by");
        let rows: Vec<String> = rows.iter().map(|row| format!("student,{row},city\n")).collect();
        let mut files = town_with("rider_discounts.txt", &format!("{header}\n{}", rows.concat()));
        let products = format!("fare_product_id,amount,currency\nflat,{base},VND\n");
        files.insert("fare_products.txt".into(), products.into());
        files.insert("fare_leg_rules.txt".into(), "fare_product_id\nflat\n".into());
        assert_eq!(fare(&loaded(&files), "B1 - - student card"), expect, "{rows:?} on {base}");
    };
    // Seoul's youth: (x - 350) * 0.8.
    let seoul = ["0,350,,,", "1,,8000,1,half_up"];
    let header = "step,minus_amount,multiply_percent,rounding_step,rounding_mode";
    check(header, &seoul, "1250", "1250 720 9:530");
    check(header, &seoul, "1850", "1850 1200 9:650");
    check(header, &seoul, "200", "200 0 9:200");
    let half = |step: &'static str, mode: &'static str| format!("5000,{step},{mode}");
    let header = "multiply_percent,rounding_step,rounding_mode";
    for (step, mode, base, expect) in [
        ("1", "half_up", "349", "349 175 9:174"),
        ("1", "down", "349", "349 174 9:175"),
        ("1", "up", "349", "349 175 9:174"),
        ("1", "half_even", "349", "349 174 9:175"),
        ("1", "half_even", "351", "351 176 9:175"),
        ("5", "down", "349", "349 170 9:179"),
        ("3", "half_up", "9", "9 6 9:3"),
        ("1000", "up", "7000", "7000 4000 9:3000"),
        ("", "half_up", "7", "7 4 9:3"),
    ] {
        check(header, &[half(step, mode).as_str()], base, expect);
    }
    let header = "fixed_amount,min_amount,max_amount";
    check(header, &["3000,,"], "2500", "2500 2500");
    check(header, &["0,400,"], "2500", "2500 400 9:2100");
    check(header, &["2000,,1500"], "2500", "2500 1500 9:1000");
    check(header, &["0,400,"], "300", "300 300");
}

#[test]
fn a_formula_may_stand_on_another_reduced_rider_and_each_funder_pays_a_part() {
    let policy = loaded(&town_with(
        "rider_discounts.txt",
        "rider_category_id,base_rider_category_id,network_id,timeframe_group_id,minus_amount,funded_by\n\
         student,,,,2000,city\nfree,student,bus,,1000,friend\nfree,student,,,500,city\nstudent,,,peak,100,friend\n",
    ));
    let check = |hour, words: &str, expect: &str| {
        let leg = Leg { start: at("2026-03-02", hour, 0, 0), ..ride(words) };
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{words}");
    };
    check(12, "B1 - - student card", "5000 3000 9:2000");
    check(7, "B1 - - student card", "5000 4900 10:100");
    check(12, "B1 - - free card", "5000 2000 9:2000 10:1000");
    check(12, "R N M free card", "6000 3500 9:2500");
}

#[test]
fn a_price_made_for_a_rider_comes_before_every_formula() {
    let policy = loaded(&town_with(
        "fare_products.txt",
        "fare_product_id,rider_category_id,fare_media_id,amount,currency,funded_by\n\
         flat,,,5000,VND,\nflat,student,card,1000,VND,friend\nflat,student,cash,1500,VND,\n\
         short,,,6000,VND,\nlong,,,9000,VND,\n",
    ));
    let check = |words: &str, expect: &str| assert_eq!(fare(&policy, words), expect, "{words}");
    check("B1 - - student card", "5000 1000 10:4000");
    // Nobody funds it: the operator earns what the rider pays, and the load warns of it.
    check("B1 - - student cash", "1500 1500");
    let warning =
        "fare_products.txt:4 funded_by: nobody funds this reduction: the operator earns what the rider pays";
    assert!(lines(policy.warnings()).contains(&warning.to_owned()));
}

#[test]
fn a_rider_without_a_price_falls_back_as_declared_or_is_unknown_but_never_silently_adult() {
    let products = "fare_product_id,rider_category_id,amount,currency\n\
                    flat,adult,5000,VND\nflat,student,3000,VND\nshort,adult,6000,VND\nlong,,9000,VND\n";
    let mut files = town_with("fare_products.txt", products);
    files.insert("rider_discounts.txt".into(), "rider_category_id,fixed_amount,funded_by\n".into());
    let check =
        |files: &Files, words: &str, expect: &str| assert_eq!(fare(&loaded(files), words), expect, "{words}");
    check(&files, "B1 - - free card", "no_product");
    check(&files, "R N S free card", "9000 9000");
    let fallback = "rider_category_id,network_id,evidence_kind,fallback_rider_category_id\n\
                    free,rail,citizen_id,adult\nfree,,none,student\n";
    files.insert("rider_eligibility.txt".into(), fallback.into());
    check(&files, "B1 - - free card", "3000 3000");
    check(&files, "R N M free card", "6000 6000");
    check(&files, "R N M student card", "no_product");
}

#[test]
fn a_row_without_a_medium_serves_every_medium_and_the_cheaper_row_wins() {
    let policy = loaded(&town_with(
        "fare_products.txt",
        "fare_product_id,fare_media_id,amount,currency\nflat,,5000,VND\nflat,card,4000,VND\nflat,cash,6000,VND\n\
         short,,1,VND\nlong,,1,VND\n",
    ));
    assert_eq!(fare(&policy, "B1 - - adult card"), "4000 4000");
    assert_eq!(fare(&policy, "B1 - - adult cash"), "5000 5000");
    assert!(
        lines(policy.warnings())[0].starts_with("fare_products.txt:2 fare_media_id: a row without a medium")
    );
}

#[test]
fn amounts_at_the_end_of_the_range_are_unknown_rather_than_wrong() {
    let mut files =
        town_with("fare_products.txt", &format!("fare_product_id,amount,currency\nflat,{},VND\n", i64::MAX));
    files.insert("fare_leg_rules.txt".into(), "fare_product_id\nflat\n".into());
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "B1 - - adult card"), format!("{0} {0}", i64::MAX));
    assert_eq!(fare(&policy, "B1 - - free card"), format!("{0} 0 9:{0}", i64::MAX));
}
