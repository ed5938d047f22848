//! An invented change between bus and metro laid over the policy of Ho Chi Minh City: nobody has published its price.

use crate::support::{check, city_files};
use fares::{Policy, load};

/// The second of bus and metro costs 3,000 less by card within an hour of the first one's tap-off.
fn with_change() -> Policy {
    let mut files = city_files("hcmc");
    let window = "window_id,fare_media_id,pricing,starts_at,duration\n\
                  change,card,table,arrival,3600\n";
    let changes = ["bus_short", "bus_middle", "bus_long"]
        .map(|bus| format!("change,{bus},metro_1,discount,3000\nchange,metro_1,{bus},discount,3000\n"));
    let header = "window_id,from_leg_group_id,to_leg_group_id,action,amount\n";
    files.insert("fare_windows.txt".into(), window.into());
    files.insert("fare_window_rules.txt".into(), format!("{header}{}", changes.concat()).into());
    load(&files).unwrap()
}

#[test]
fn the_second_of_bus_and_metro_costs_less_within_the_hour() {
    let policy = with_change();
    for (later, expect) in
        [("09:19:59", "19000 2000"), ("09:20:00", "19000 2000"), ("09:20:01", "19000 5000")]
    {
        let lines =
            format!("adult card M1 M1-01 M1-14 2026-03-03T08:00 08:20\nadult card 01 - - 2026-03-03T{later}");
        check(&policy, &lines, expect);
    }
    check(
        &policy,
        "adult card 01 - - 2026-03-03T08:00
         adult card M1 M1-01 M1-02 2026-03-03T08:30 08:40
         adult card 06 - - 2026-03-03T09:00",
        "5000 3000 4000",
    );
    // A student's bus costs 3,000, and nothing after the metro; two buses are no change, and cash has none.
    check(
        &policy,
        "student card M1 M1-01 M1-14 2026-03-03T08:00 08:20
         student card 01 - - 2026-03-03T08:30
         adult card 01 - - 2026-03-03T08:00
         adult card 06 - - 2026-03-03T08:30
         adult cash 01 - - 2026-03-03T08:00
         adult cash M1 M1-01 M1-02 2026-03-03T08:30 08:40",
        "9500 0 5000 7000 5000 7000",
    );
}
