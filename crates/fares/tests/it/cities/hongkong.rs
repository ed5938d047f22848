//! Hong Kong: discounts by station and minibus route.

use crate::support::{check, city};

#[test]
fn published_pairs_of_station_and_route_are_reduced() {
    let policy = city("hongkong");
    for (station, route, adult, other) in [
        ("Admiralty", "24A", 50, 30),
        ("Causeway_Bay", "14M", 50, 30),
        ("Causeway_Bay", "21A", 40, 30),
        ("Kennedy_Town", "23", 50, 30),
        ("Wong_Chuk_Hang", "4M", 70, 30),
        ("Wong_Chuk_Hang", "59A", 30, 30),
        ("Choi_Hung", "49", 100, 50),
        ("Diamond_Hill", "79S", 30, 30),
        ("Ho_Man_Tin", "8M", 150, 30),
        ("Ho_Man_Tin", "27M", 100, 50),
    ] {
        for (rider, single, off) in [("adult", 1000, adult), ("child", 500, other), ("elderly", 200, other)] {
            let change = |from: &str, route: &str, medium: &str| {
                format!(
                    "{rider} {medium} MTR Central {from} 2026-03-03T08:00 08:20
                     {rider} {medium} {route} - - 2026-03-03T08:30"
                )
            };
            check(&policy, &change(station, route, "octopus"), &format!("{single} {}", 600 - off));
            check(&policy, &change(station, route, "cash"), &format!("{single} 600"));
            check(&policy, &change("Central", route, "octopus"), &format!("{single} 600"));
        }
    }
}

#[test]
fn only_the_railway_first_and_only_within_the_hour_after_the_gate() {
    let policy = city("hongkong");
    check(
        &policy,
        "adult octopus 24A - - 2026-03-03T08:00
         adult octopus MTR Admiralty Central 2026-03-03T08:20 08:30
         adult octopus 24A - - 2026-03-03T08:40",
        "600 1000 600",
    );
    for (later, expect) in [("09:19:59", "1000 550"), ("09:20:00", "1000 550"), ("09:20:01", "1000 600")] {
        let lines = format!(
            "adult octopus MTR Central Admiralty 2026-03-03T08:00 08:20\nadult octopus 24A - - 2026-03-03T{later}"
        );
        check(&policy, &lines, expect);
    }
    // The minibus is no station: a second minibus pays in full.
    check(
        &policy,
        "adult octopus MTR Central Ho_Man_Tin 2026-03-03T08:00 08:20
         adult octopus 8M - - 2026-03-03T08:30
         adult octopus 27M - - 2026-03-03T08:45",
        "1000 450 600",
    );
}
