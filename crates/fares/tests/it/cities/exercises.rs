//! Programming exercises about London-like cards, as small policies: other people's tests of the same rules.

use crate::support::{check, leg, paid};
use fares::{Files, Leg, Policy, Shape, load, price};

/// A policy of one operator, `rail` and `bus`, one rider and one medium, with these files beside.
fn policy(zone: &str, more: &[(&str, &str)]) -> Policy {
    let head = format!("policy_id,valid_from,timezone,currency\nexercise,2025-01-01,{zone},GBP\n");
    let mut files: Files = [
        ("fare_policies.txt", head.as_str()),
        ("parties.txt", "party_id,party_name,party_kind,party_number\nops,Operator,operator,1\n"),
        ("agency.txt", "agency_id,agency_name\nops,Operator\n"),
        ("routes.txt", "route_id,agency_id,network_id\nrail,ops,rail\nbus,ops,bus\n"),
        (
            "rider_categories.txt",
            "rider_category_id,rider_category_name,is_default_fare_category\nany,Anybody,1\n",
        ),
        ("fare_media.txt", "fare_media_id,fare_media_name,fare_media_type\ncard,Card,2\n"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .collect();
    files.extend(more.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    load(&files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[test]
fn the_oyster_exercise() {
    let policy = policy(
        "Europe/London",
        &[
            (
                "stops.txt",
                "stop_id,stop_name\nHolborn,\nAldgate,\nEarls_Court,\nHammersmith,\nArsenal,\nWimbledon,\n",
            ),
            ("areas.txt", "area_id\n1\n2\n3\n"),
            (
                "stop_areas.txt",
                "area_id,stop_id\n1,Holborn\n1,Aldgate\n1,Earls_Court\n2,Earls_Court\n2,Hammersmith\n2,Arsenal\n3,Wimbledon\n",
            ),
            (
                "fare_products.txt",
                "fare_product_id,amount,currency\nzone_1,2.50,GBP\none_outside,2.00,GBP\ntwo_with_1,3.00,GBP\n\
             two_without_1,2.25,GBP\nthree,3.20,GBP\nbus,1.80,GBP\n",
            ),
            (
                "fare_leg_rules.txt",
                "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\nbus,,,bus,1\nrail,1,1,zone_1,1\n\
             rail,2,2,one_outside,1\nrail,3,3,one_outside,1\nrail,1,2,two_with_1,1\nrail,2,1,two_with_1,1\n\
             rail,2,3,two_without_1,1\nrail,3,2,two_without_1,1\nrail,1,3,three,1\nrail,3,1,three,1\n",
            ),
            (
                "incomplete_journeys.txt",
                "network_id,kind,charge,fare_product_id\nrail,missing_exit,product,three\n",
            ),
        ],
    );
    for (from, to, expect) in [
        ("Holborn", "Aldgate", "250"),
        ("Holborn", "Earls_Court", "250"),
        ("Arsenal", "Hammersmith", "200"),
        ("Hammersmith", "Holborn", "300"),
        ("Arsenal", "Wimbledon", "225"),
        ("Wimbledon", "Aldgate", "320"),
        ("Earls_Court", "Hammersmith", "200"),
    ] {
        check(&policy, &format!("any card rail {from} {to} 2025-06-03T08:00 08:30"), expect);
    }
    check(&policy, "any card bus Earls_Court - 2025-06-03T08:00", "180");
    let lost = leg(&policy, "any card rail Holborn - 2025-06-03T08:00");
    assert_eq!(paid(&price(&policy, &[Leg { shape: Shape::MissingExit, ..lost }])), ["320"]);
    // 30.00 loaded leave 23.70.
    let day = "any card rail Holborn Earls_Court 2025-06-03T08:00 08:30\nany card bus Earls_Court - 2025-06-03T09:00\n\
               any card rail Earls_Court Hammersmith 2025-06-03T10:00 10:20";
    check(&policy, day, "250 180 200");
}

#[test]
fn the_clam_card_exercise() {
    let stations = [
        ("A", ["Asterisk", "Antelope", "Aldgate", "Angel"]),
        ("B", ["Bison", "Bugel", "Balham", "Barbican"]),
    ];
    let each = |line: &dyn Fn(&str, &str) -> String| -> String {
        stations.iter().flat_map(|(zone, names)| names.iter().map(|name| line(zone, name))).collect()
    };
    let stops = format!("stop_id,stop_name\n{}", each(&|_, name| format!("{name},\n")));
    let areas = format!("area_id,stop_id\n{}", each(&|zone, name| format!("{zone},{name}\n")));
    let policy = policy(
        "Europe/London",
        &[
            ("stops.txt", &stops),
            ("areas.txt", "area_id\nA\nB\n"),
            ("stop_areas.txt", &areas),
            ("fare_products.txt", "fare_product_id,amount,currency\nA,2.50,GBP\nB,3.00,GBP\n"),
            (
                "fare_leg_rules.txt",
                "network_id,from_area_id,to_area_id,fare_product_id,rule_priority\nrail,A,A,A,1\nrail,,,B,0\n",
            ),
            (
                "fare_caps.txt",
                "cap_id,period,within_area_set_id,limit_amount\nday,day,A,7.00\nday,day,,8.00\nweek,week,A,40.00\n\
             week,week,,47.00\nmonth,month,A,145.00\nmonth,month,,165.50\n",
            ),
        ],
    );
    for (journeys, expect) in [
        (&[("Asterisk", "Aldgate")][..], "250"),
        (&[("Asterisk", "Barbican")], "300"),
        (&[("Asterisk", "Aldgate"), ("Asterisk", "Balham")], "250 300"),
        (
            &[("Asterisk", "Barbican"), ("Barbican", "Balham"), ("Balham", "Bison"), ("Bison", "Asterisk")],
            "300 300 200 0",
        ),
        (
            &[("Asterisk", "Aldgate"), ("Aldgate", "Angel"), ("Angel", "Antelope"), ("Antelope", "Asterisk")],
            "250 250 200 0",
        ),
    ] {
        let lines = journeys.iter().zip(8..).map(|((from, to), hour)| {
            format!("any card rail {from} {to} 2025-06-03T{hour:02}:00 {hour:02}:30\n")
        });
        check(&policy, &lines.collect::<String>(), expect);
    }
}

fn moyster() -> Policy {
    policy(
        "Etc/UTC",
        &[
            ("stops.txt", "stop_id,stop_name\n1,\n2,\n"),
            ("areas.txt", "area_id\none\ntwo\n"),
            ("stop_areas.txt", "area_id,stop_id\none,1\ntwo,2\n"),
            (
                "calendar.txt",
                "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
             weekday,1,1,1,1,1,0,0,20250101,20251231\nweekend,0,0,0,0,0,1,1,20250101,20251231\n",
            ),
            (
                "timeframes.txt",
                "timeframe_group_id,start_time,end_time,service_id,end_bound\npeak,07:00:00,10:30:00,weekday,0\n\
             peak,17:00:00,20:00:00,weekday,0\npeak,09:00:00,11:00:00,weekend,0\npeak,18:00:00,22:00:00,weekend,0\n",
            ),
            (
                "fare_products.txt",
                "fare_product_id,amount,currency\np11,0.30,GBP\no11,0.25,GBP\np12,0.35,GBP\no12,0.30,GBP\np22,0.25,GBP\no22,0.20,GBP\n",
            ),
            (
                "fare_leg_rules.txt",
                "from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority\none,one,,o11,0\none,one,peak,p11,1\n\
             one,two,,o12,0\none,two,peak,p12,1\ntwo,one,,o12,0\ntwo,one,peak,p12,1\ntwo,two,,o22,0\ntwo,two,peak,p22,1\n",
            ),
            ("selector_sets.txt", "set_id,set_kind,element_id\nboth,area,one\nboth,area,two\n"),
            (
                "fare_caps.txt",
                "cap_id,period,within_area_set_id,limit_amount\nday,day,one,1.00\nday,day,two,0.80\nday,day,both,1.20\n\
             week,week,one,5.00\nweek,week,two,4.00\nweek,week,both,6.00\n",
            ),
        ],
    )
}

/// The published singles add up to 150; the cap of the farthest pair cuts the last.
#[test]
fn the_moyster_card_exercise_in_a_day() {
    let journeys = "any card rail 2 1 2025-10-13T10:20\nany card rail 1 1 2025-10-13T10:45\nany card rail 1 1 2025-10-13T16:15\n\
                    any card rail 1 1 2025-10-13T18:15\nany card rail 1 2 2025-10-13T19:00";
    check(&moyster(), journeys, "35 25 25 30 5");
    // Both ends of its peaks belong to them.
    let edges = "any card rail 2 2 2025-10-14T06:59:59\nany card rail 2 2 2025-10-14T07:00:00\n\
                 any card rail 2 2 2025-10-15T10:30:00\nany card rail 2 2 2025-10-15T10:30:01";
    check(&moyster(), edges, "20 25 25 20");
}

/// By day, 120 four times, 80, 40, nothing on Sunday, and 100 in the next week.
#[test]
fn the_moyster_card_exercise_in_a_week() {
    let mut journeys = String::new();
    for day in 13..17 {
        for hour in ["08", "09", "18", "19"] {
            journeys += &format!("any card rail 1 2 2025-10-{day}T{hour}:00\n");
        }
    }
    for (from, to, at) in [
        (1, 1, "17T06"),
        (1, 1, "17T04"),
        (1, 1, "17T18"),
        (1, 2, "18T08"),
        (1, 2, "18T09"),
        (2, 1, "19T08"),
        (1, 2, "19T09"),
        (1, 2, "20T08"),
        (2, 1, "20T09"),
        (2, 1, "20T21"),
    ] {
        journeys += &format!("any card rail {from} {to} 2025-10-{at}:00\n");
    }
    let full_day = "35 35 35 15";
    check(&moyster(), &journeys, &format!("{} 25 25 30 30 10 0 0 35 35 30", [full_day; 4].join(" ")));
}
