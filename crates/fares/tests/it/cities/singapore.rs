//! Singapore: one price for the distance of the whole journey, over buses and trains.

use crate::support::{check, city, city_files};
use fares::{Policy, load};

/// Fares of one ride by bus, by kilometres in tenths.
fn check_table(policy: &Policy, rider: &str, medium: &str, expect: &[(u32, &str)]) {
    for (units, fare) in expect {
        check(policy, &format!("{rider} {medium} 5 k0 k{units} 2026-03-02T08:00 09:00"), fare);
        // The way back is as long.
        if [32, 115].contains(units) {
            check(policy, &format!("{rider} {medium} 5 k{units} k0 2026-03-02T08:00 09:00"), fare);
        }
    }
}

#[test]
fn bands_of_2023_hold_their_upper_edge() {
    let policy = city("singapore");
    let adult = [
        (9, "109"),
        (32, "109"),
        (33, "119"),
        (42, "119"),
        (72, "149"),
        (73, "156"),
        (82, "156"),
        (115, "175"),
        (142, "183"),
        (182, "200"),
        // The source ends here.
        (183, "?no_product"),
    ];
    check_table(&policy, "adult", "card", &adult);
    let student = [(32, "48"), (33, "53"), (72, "67"), (73, "70"), (300, "70")];
    check_table(&policy, "student", "card", &student);
    check_table(
        &policy,
        "adult",
        "cash",
        &[(32, "190"), (33, "210"), (102, "250"), (115, "270"), (182, "280")],
    );
    check_table(&policy, "student", "cash", &[(32, "?no_product")]);
    for (from, to, fare) in [
        ("boon_lay", "clementi", "156"),
        ("harbourfront", "paya_lebar", "175"),
        ("raffles_place", "sengkang", "183"),
    ] {
        check(&policy, &format!("adult card MRT {from} {to} 2024-03-04T08:00 08:40"), fare);
    }
    check(&policy, "adult card MRT sengkang clementi 2024-03-04T08:00 08:40", "?no_distance");
}

#[test]
fn bands_of_2026_end_in_an_open_one() {
    let policy = city("singapore_2026");
    let adult = [(32, "128"), (102, "186"), (182, "220"), (402, "256"), (403, "257")];
    check_table(&policy, "adult", "card", &adult);
}

/// Of the tables before 2023 the sources give single bands: they alone are known, and everything else is not.
fn with_bands(known: &[(&str, &str, &str)]) -> Policy {
    let mut files = city_files("singapore");
    files.remove("fare_distance_steps.txt");
    let mut products = "fare_product_id,amount,currency\n".to_owned();
    let mut rules =
        "network_id,min_distance_units,max_distance_units,distance_bounds,fare_product_id\n".to_owned();
    for (from, to, amount) in known {
        products.push_str(&format!("to_{to},{amount},SGD\n"));
        rules.push_str(&format!(",{from},{to},1,to_{to}\n"));
    }
    files.insert("fare_products.txt".into(), products.into());
    files.insert("fare_leg_rules.txt".into(), rules.into());
    load(&files).unwrap()
}

#[test]
fn published_fares_before_and_after_two_rises() {
    let sengkang = "adult card MRT sengkang raffles_place 2022-01-10T08:00 08:40";
    let pasir_ris = "adult card MRT boon_lay pasir_ris 2022-01-10T08:00 09:10";
    let before = with_bands(&[("132", "142", "1.64"), ("402", "", "2.13")]);
    let after = with_bands(&[("132", "142", "1.67"), ("402", "", "2.17")]);
    check(&before, sengkang, "164");
    check(&after, sengkang, "167");
    check(&before, pasir_ris, "213");
    check(&after, pasir_ris, "217");
    let clementi = "adult card MRT boon_lay clementi 2023-01-10T08:00 08:30";
    let paya_lebar = "adult card MRT harbourfront paya_lebar 2023-01-10T08:00 08:30";
    let before = with_bands(&[("72", "82", "1.41"), ("112", "122", "1.59")]);
    let after = with_bands(&[("72", "82", "1.45"), ("112", "122", "1.64")]);
    check(&before, clementi, "141");
    check(&after, clementi, "145");
    check(&before, paya_lebar, "159");
    check(&after, paya_lebar, "164");
    check(&after, sengkang, "?no_rule");
}

#[test]
fn published_more_than_45_minutes_between_two_buses_are_two_journeys() {
    let legs = "adult card 197 k0 k30 2024-03-04T07:30 07:51\nadult card 63 k0 k10 2024-03-04T09:00 09:10";
    check(&city("singapore"), legs, "109 109");
}

/// Bus 131 at 10:03, a train at 11:05, bus 302 at 12:15: 132 minutes after the first boarding.
#[test]
fn published_more_than_two_hours_from_first_to_last_boarding_are_two_journeys() {
    let legs = |rider: &str, third: &str| {
        format!(
            "{rider} card 131 k0 k30 2026-03-02T10:03 10:30\n\
             {rider} card MRT harbourfront yew_tee 2026-03-02T11:05 12:00\n\
             {rider} card 302 k0 k16 2026-03-02T{third} 12:40\n"
        )
    };
    let policy = city("singapore_2026");
    check(&policy, &legs("adult", "12:15"), "128 116 128");
    check(&policy, &legs("adult", "12:02:59"), "128 116 2");
    check(&policy, &legs("adult", "12:03"), "128 116 2");
    check(&policy, &legs("adult", "12:03:01"), "128 116 128");
    check(&city("singapore"), &legs("student", "12:15"), "48 22 48");
    check(&city("singapore"), &legs("student", "12:03"), "48 22 0");
}

#[test]
fn a_gap_of_45_minutes_still_continues_a_journey() {
    let policy = city("singapore");
    let legs = |board: &str| {
        format!("adult card 5 k0 k30 2024-03-04T08:00 08:10\nadult card 6 k0 k10 2024-03-04T{board} 09:05\n")
    };
    check(&policy, &legs("08:54:59"), "109 10");
    check(&policy, &legs("08:55:00"), "109 10");
    check(&policy, &legs("08:55:01"), "109 109");
}

#[test]
fn a_gap_of_15_minutes_between_trains_still_continues_a_journey() {
    let policy = city("singapore");
    let legs = |board: &str| {
        format!(
            "adult card MRT harbourfront paya_lebar 2024-03-04T08:00 08:30\n\
             adult card MRT paya_lebar raffles_place 2024-03-04T{board} 09:05\n"
        )
    };
    check(&policy, &legs("08:44:59"), "175 25");
    check(&policy, &legs("08:45:00"), "175 25");
    check(&policy, &legs("08:45:01"), "175 140");
}

#[test]
fn five_changes_make_one_journey_and_a_sixth_another() {
    let leg = |number: u32| {
        let route = 5 + number % 2;
        format!("adult card {route} k0 k10 2024-03-04T08:{:02} 08:{:02}\n", 8 * number, 8 * number + 4)
    };
    let seven: String = (0..7).map(leg).collect();
    check(&city("singapore"), &seven, "109 0 0 10 11 10 109");
}

#[test]
fn the_next_bus_is_not_the_same_service() {
    let policy = city("singapore");
    let then = |route: &str, from: &str, to: &str| {
        format!(
            "adult card 5 k0 k30 2024-03-04T08:00 08:10\nadult card {route} {from} {to} 2024-03-04T08:20 08:30\n"
        )
    };
    check(&policy, &then("5", "k0", "k10"), "109 109");
    check(&policy, &then("7", "k0", "k10"), "109 10");
    let between = "adult card MRT boon_lay clementi 2024-03-04T08:12 08:15\n";
    check(&policy, &format!("{between}{}", then("5", "k0", "k10")), "62 109 4");
}

#[test]
fn a_feeder_costs_the_first_band_and_its_way_counts_in_a_journey() {
    let policy = city("singapore");
    let feeder = "adult card F1 f0 f40 2024-03-04T08:00 08:10\n";
    check(&policy, feeder, "109");
    check(&policy, &format!("{feeder}adult card MRT boon_lay clementi 2024-03-04T08:20 08:40"), "109 66");
    check(&policy, &format!("{feeder}adult card F2 f0 f40 2024-03-04T08:20 08:40"), "109 0");
}

#[test]
fn cash_pays_each_ride() {
    let policy = city("singapore");
    let legs = "adult cash 5 k0 k30 2024-03-04T08:00 08:10\nadult cash 6 k0 k10 2024-03-04T08:20 08:30\n\
                adult cash F1 f0 f12 2024-03-04T08:40 08:45\nadult cash MRT boon_lay clementi 2024-03-04T08:50 09:00\n";
    check(&policy, legs, "190 190 190 ?no_product");
}
