//! Sydney: distance bands by mode, rides joined to one ticket, a discount for changing mode, caps, and a fee of stations.

use crate::support::{check, city, city_files};
use fares::{Policy, load};

const RIDERS: [&str; 4] = ["ADULT", "CHILD", "SENIOR", "SCHOLAR"];

/// Rides of one rider, `route from to start end` each, on the day unless the start names its own.
fn ridden(policy: &Policy, rider: &str, date: &str, lines: &str, expect: &str) {
    let full = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [route, from, to, start, end] = words[..] else { panic!("{line}") };
        let start = if start.contains('T') { start.to_owned() } else { format!("{date}T{start}") };
        format!("{rider} opal {route} {from} {to} {start} {end}")
    };
    let lines: Vec<String> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(full).collect();
    check(policy, &lines.join("\n"), expect);
}

/// What an adult and what every other rider pays.
fn everybody(policy: &Policy, date: &str, lines: &str, adult: &str, others: &str) {
    for rider in RIDERS {
        ridden(policy, rider, date, lines, if rider == "ADULT" { adult } else { others });
    }
}

fn adult(policy: &Policy, date: &str, lines: &str, expect: &str) {
    ridden(policy, "ADULT", date, lines, expect);
}

/// The policy of the city with more rows in one of its files.
fn with_rows(name: &str, file: &str, rows: &str) -> Policy {
    let mut files = city_files(name);
    files.get_mut(file).unwrap().extend_from_slice(rows.as_bytes());
    load(&files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The policy with this distance between two stations that it does not measure.
fn with_metres(metres: u32) -> Policy {
    with_rows("sydney", "fare_distances.txt", &format!("RAIL,200070,202010,{metres}\n"))
}

#[test]
fn official_a_bus_two_trains_and_a_bus_off_peak() {
    let lines = "304 200020-bus G2000421 05:15 05:18\nT4 200030 200070 05:23:30 05:25\n\
                 T9 200070 213820 05:27 05:53\n526 213820-bus 21271 06:04 06:08";
    everybody(&city("sydney"), "2023-10-12", lines, "224 129 0 24", "112 64 0 12");
}

#[test]
fn official_trains_to_a_station_with_a_fee() {
    let policy = city("sydney");
    everybody(&policy, "2023-10-12", "T8 200020 202020 05:56:30 06:13:30", "1839", "1540");
    everybody(&policy, "2023-10-12", "T8 200020 202020 06:41:30 06:58:30", "1953", "1597");
}

#[test]
fn official_two_buses_are_as_far_as_their_longest_pair_of_stops() {
    let policy = city("sydney");
    let one = "423 G2000421-2 G204224 05:30 05:46\n422 G204224 G220561 05:51 06:06";
    everybody(&policy, "2023-10-12", one, "275 78", "137 39");
    let other = "144 G209513 2088233 05:20 05:32\n100 G208818 G2000133 05:42 05:55";
    everybody(&policy, "2023-10-13", other, "275 78", "137 39");
}

#[test]
fn official_two_trains_a_tram_and_a_bus_and_the_day_cap_of_seniors() {
    let policy = city("sydney");
    let lines = "T8 200020 200060 07:02:30 07:10\nCCN 200060 229310 07:15 09:59:30\n\
                 NLR 229310-tram 2300135 10:05 10:14\nStkn 2300146 229574 10:20 10:25";
    ridden(&policy, "ADULT", "2023-10-12", lines, "931 0 24 24");
    ridden(&policy, "CHILD", "2023-10-12", lines, "465 0 12 12");
    ridden(&policy, "SCHOLAR", "2023-10-12", lines, "465 0 12 12");
    ridden(&policy, "SENIOR", "2023-10-12", lines, "250 0 0 0");
}

#[test]
fn the_lower_end_of_a_band_belongs_to_it_and_the_upper_does_not() {
    for (metres, expect) in [
        (0, "265"),
        (9_999, "265"),
        (10_000, "329"),
        (10_001, "329"),
        (19_999, "329"),
        (20_000, "379"),
        (34_999, "379"),
        (35_000, "506"),
        (64_999, "506"),
        (65_000, "651"),
        (400_000, "651"),
    ] {
        adult(&with_metres(metres), "2023-10-12", "T4 200070 202010 12:00 12:30", expect);
    }
    // Metres along a meridian from `edge`.
    let stops = "edge,,-33.900000000,151.2,\nm2999,,-33.873029382,151.2,\nm3000,,-33.873020389,151.2,\n\
                 m7999,,-33.828063364,151.2,\nm8000,,-33.828054371,151.2,\n\
                 m8999,,-33.819070160,151.2,\nm9000,,-33.819061167,151.2,\n";
    let policy = with_rows("sydney", "stops.txt", stops);
    for (ride, expect) in [
        ("304 edge m2999", "224"),
        ("304 edge m3000", "275"),
        ("L3 m7999 edge", "275"),
        ("L3 m8000 edge", "353"),
        ("F1 edge m8999", "643"),
        ("F1 edge m9000", "804"),
        ("304 edge edge", "224"),
    ] {
        adult(&policy, "2023-10-12", &format!("{ride} 12:00 12:30"), expect);
    }
}

#[test]
fn peak_begins_after_its_first_second_and_ends_before_its_last() {
    let policy = city("sydney");
    for (start, expect) in [
        ("06:29:59", "265"),
        ("06:30:00", "265"),
        ("06:30:01", "379"),
        ("09:59:59", "379"),
        ("10:00:00", "265"),
        ("10:00:01", "265"),
        ("14:59:59", "265"),
        ("15:00:00", "265"),
        ("15:00:01", "379"),
        ("18:59:59", "379"),
        ("19:00:00", "265"),
    ] {
        adult(&policy, "2023-10-12", &format!("T4 200030 200070 {start} 23:00"), expect);
    }
    // Trains from outer stations begin at six; trams there do not.
    for (start, train, tram) in
        [("06:00:00", "651", "224"), ("06:00:01", "931", "224"), ("06:30:01", "931", "320")]
    {
        adult(&policy, "2023-10-12", &format!("CCN 229310 200060 {start} 09:00"), train);
        adult(&policy, "2023-10-12", &format!("NLR 229310-tram 2300135 {start} 09:00"), tram);
    }
    adult(&policy, "2023-10-12", "CCN 200060 229310 06:15:00 09:00", "651");
    // Saturday, and Labour Day.
    adult(&policy, "2023-10-14", "T4 200030 200070 08:00 08:10", "265");
    adult(&policy, "2023-10-02", "T4 200030 200070 08:00 08:10", "265");
    adult(&policy, "2023-10-03", "T4 200030 200070 08:00 08:10", "379");
}

#[test]
fn an_hour_after_tap_off_still_continues_the_journey() {
    let policy = city("sydney");
    for (start, bus, tram) in [
        ("12:59:59", "224 51", "224 24"),
        ("13:00:00", "224 51", "224 24"),
        ("13:00:01", "224 224", "224 224"),
    ] {
        let buses = format!("304 G204224 G204224 11:50 12:00\n423 G204224 G220561 {start} 13:30");
        adult(&policy, "2023-10-12", &buses, &bus.replace("224 224", "224 275"));
        let change = format!("304 G204224 G204224 11:50 12:00\nNLR 229310-tram 2300135 {start} 13:30");
        adult(&policy, "2023-10-12", &change, tram);
    }
    // Between trains of one station nobody taps: one ticket, whatever the wait. Elsewhere an hour counts too.
    let wait = |start: &str| format!("T4 200030 200070 11:00 11:30\nT9 200070 213820 {start} 20:30");
    adult(&policy, "2023-10-12", &wait("14:00"), "329 0");
    let other = with_rows("sydney", "fare_distances.txt", "RAIL,200060,213820,15000\n");
    let walk = |start: &str| format!("T4 200030 200070 11:00 11:30\nT9 200060 213820 {start} 20:30");
    adult(&other, "2023-10-12", &walk("12:30:00"), "265 64");
    adult(&other, "2023-10-12", &walk("12:30:01"), "265 329");
}

#[test]
fn the_day_begins_at_four() {
    let policy = city("sydney");
    let bus = |start: &str| format!("304 G204224 G204224 03:30 03:50\n423 G204224 G204224 {start} 04:40");
    adult(&policy, "2023-10-12", &bus("03:59:59"), "224 0");
    adult(&policy, "2023-10-12", &bus("04:00:00"), "224 224");
    let change = |start: &str| format!("304 G204224 G204224 03:30 03:50\nT4 200030 200070 {start} 04:40");
    adult(&policy, "2023-10-12", &change("03:59:59"), "224 65");
    adult(&policy, "2023-10-12", &change("04:00:00"), "224 265");
    // A Saturday before four still has the cap of Friday.
    let rides = |last: &str| {
        format!(
            "CCN 200060 229310 2023-10-13T08:00 10:00\nF1 edge far 2023-10-13T12:00 12:30\n304 G204224 G204224 {last} 23:59"
        )
    };
    let far = with_rows("sydney", "stops.txt", "edge,,-33.9,151.2,\nfar,,-33.7,151.2,\n");
    adult(&far, "", &rides("2023-10-14T03:59:59"), "931 749 0");
    adult(&far, "", &rides("2023-10-14T04:00:00"), "931 749 224");
}

#[test]
fn what_is_outside_the_scheme_costs_nothing_here_and_breaks_nothing() {
    let lines =
        "304 G204224 G204224 12:00 12:10\n737 G204224 G220561 12:20 12:40\n423 G204224 G204224 13:00 13:10";
    everybody(&city("sydney"), "2023-10-12", lines, "224 0 0", "112 0 0");
    let late = "304 G204224 G204224 12:00 12:10\n737 G204224 G220561 12:20 13:00\n423 G204224 G204224 13:10:01 13:20";
    adult(&city("sydney"), "2023-10-12", late, "224 0 224");
}

#[test]
fn a_change_of_mode_takes_its_discount_once_from_the_joined_rides_after_it() {
    let policy = city("sydney");
    let lines = "T4 200030 200070 12:00 12:10\n304 G204224 G204224 12:20 12:30\n\
                 423 G204224 G220561 12:40 12:50\nNLR 229310-tram 2300135 13:00 13:10\n526 G204224 G204224 13:20 13:30";
    everybody(&policy, "2023-10-12", lines, "265 24 51 24 24", "132 12 25 12 12");
}

#[test]
fn caps_of_days_and_weeks() {
    let policy = with_rows("sydney", "stops.txt", "edge,,-33.9,151.2,\nfar,,-33.7,151.2,\n");
    // From Monday 9 October 2023: train in the peak, ferry at noon, and a bus in the evening.
    let day = |date: u32| {
        let lines = [
            "CCN 200060 229310 DT07:00 10:00",
            "F1 edge far DT12:00 12:30",
            "304 G204224 G204224 DT22:00 22:10",
        ];
        lines.join("\n").replace("DT", &format!("2023-10-{date:02}T"))
    };
    let week: Vec<String> = (9..=14).map(day).collect();
    adult(&policy, "", &week[0], "931 749 0");
    adult(&policy, "", &week.join("\n"), "931 749 0 931 749 0 931 709 0 0 0 0 0 0 0 0 0 0");
    let monday = format!("{}\n304 G204224 G204224 2023-10-15T22:00 22:10", week.join("\n"));
    adult(&policy, "", &monday, "931 749 0 931 749 0 931 709 0 0 0 0 0 0 0 0 0 0 0");
    adult(&policy, "", &day(14), "651 189 0");
    adult(&policy, "", &day(2), "651 189 0");
    for (rider, on_monday, on_saturday) in [
        ("CHILD", "465 375 0", "325 95 0"),
        ("SCHOLAR", "465 375 0", "325 95 0"),
        ("SENIOR", "250 0 0", "250 0 0"),
    ] {
        ridden(&policy, rider, "", &day(9), on_monday);
        ridden(&policy, rider, "", &day(14), on_saturday);
    }
    // One above and one below the cap of a week: 1,680 on two days, then 1,640 are left.
    let twice = format!(
        "{}\n{}\nF1 edge far 2023-10-11T12:00 12:30\nF1 edge far 2023-10-11T17:00 17:30",
        week[0], week[1]
    );
    adult(&policy, "", &twice, "931 749 0 931 749 0 804 804");
}

#[test]
fn the_fee_of_a_station_is_by_pair_outside_the_caps_and_once_a_joined_ride() {
    let distances: String = [
        "201710,202020",
        "202010,202030",
        "202020,202030",
        "201710,202010",
        "202020,200070",
        "200030,202020",
    ]
    .map(|pair| format!("RAIL,{pair},3000\n"))
    .concat();
    let policy = with_rows("sydney", "fare_distances.txt", &distances);
    for (pair, expect, others) in [
        ("201710 202020", "1249", "1116"),
        ("202020 201710", "1249", "1116"),
        ("202010 202030", "1009", "876"),
        ("202030 202020", "665", "532"),
        ("201710 202010", "265", "132"),
        ("202020 200070", "1839", "1540"),
    ] {
        everybody(&policy, "2023-10-12", &format!("T8 {pair} 12:00 12:30"), expect, others);
    }
    // To the station and on from it without a tap: nobody left it. From it by two trains: once.
    adult(&policy, "2023-10-12", "T8 201710 202020 12:00 12:20\nT8 202020 202010 12:30 12:40", "265 0");
    adult(&policy, "2023-10-12", "T8 202020 200070 12:00 12:20\nT4 200070 200030 12:30 12:40", "1839 0");
    // The cap of a senior's day does not cover it.
    let day = "CCN 200060 229310 07:00 10:00\nT8 202020 200070 14:00 14:20";
    ridden(&policy, "SENIOR", "2023-10-12", day, "250 1408");
}

#[test]
fn from_october_2023_fridays_are_cheap_days() {
    let policy = with_rows("sydney_2023_10", "stops.txt", "edge,,-33.9,151.2,\nfar,,-33.7,151.2,\n");
    let day = "CCN 200060 229310 07:00 10:00\nF1 edge far 12:00 12:30\n304 G204224 G204224 22:00 22:10";
    adult(&policy, "2023-10-19", day, "984 796 0");
    adult(&policy, "2023-10-20", day, "688 202 0");
    ridden(&policy, "CHILD", "2023-10-19", day, "492 398 0");
    ridden(&policy, "CHILD", "2023-10-20", day, "344 101 0");
    let bus = "423 G204224 G220561 12:00 12:10";
    everybody(&policy, "2023-10-19", bus, "290", "144");
}
