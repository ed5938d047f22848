//! New York: weekly caps on one medium, by calendar and from the first tap, and one nested in another.

use crate::support::{check, city};

/// `count` rides, an hour or so apart from Monday 4 July 2022 (or the year's own date), on one medium.
fn rides(rider: &str, route: &str, date: &str, count: usize) -> String {
    let line = |ride: usize| {
        let (day, hour) = (ride / 4, 8 + 3 * (ride % 4));
        let first: usize = date[8..].parse().unwrap();
        format!("{rider} omny {route} 127 - {}{:02}T{hour:02}:00\n", &date[..8], first + day)
    };
    (0..count).map(line).collect()
}

fn each(count: usize, fare: &str, rest: &str) -> String {
    format!("{} {rest}", vec![fare; count].join(" "))
}

/// Published: the thirteenth ride of a calendar week is free.
#[test]
fn the_week_of_2022_has_twelve_paid_rides() {
    let policy = city("newyork_2022");
    check(&policy, &rides("full", "subway", "2022-07-04", 13), &each(12, "275", "0"));
    check(&policy, &rides("reduced", "subway", "2022-07-04", 13), &each(12, "135", "0"));
}

#[test]
fn the_week_of_2022_ends_on_sunday_night() {
    let policy = city("newyork_2022");
    let week = rides("full", "M15", "2022-07-04", 12);
    let late = "full omny subway 127 - 2022-07-10T23:59:59\nfull omny subway 127 - 2022-07-11T00:00:00\n\
                full omny subway 127 - 2022-07-11T00:00:01\n";
    check(&policy, &format!("{week}{late}"), &each(12, "275", "0 275 275"));
    // Sunday belongs to the week that began six days before.
    let early = "full omny subway 127 - 2022-07-03T23:59:59\n";
    check(&policy, &format!("{early}{week}"), &each(13, "275", ""));
}

#[test]
fn another_card_or_device_counts_for_itself() {
    let policy = city("newyork_2022");
    let other = "full phone subway 127 - 2022-07-09T12:00\nfull omny Q60 - - 2022-07-09T12:00\n";
    check(
        &policy,
        &format!("{}{other}", rides("full", "subway", "2022-07-04", 12)),
        &each(12, "275", "275 0"),
    );
}

/// Published: 34 dollars in seven days, so that the twelfth ride costs 2.10.
#[test]
fn the_cap_of_2023_cuts_the_twelfth_ride() {
    let policy = city("newyork_2023");
    check(&policy, &rides("full", "subway", "2023-09-06", 13), &each(11, "290", "210 0"));
}

/// One second before, on, and after the end of seven days that began on Wednesday at ten.
#[test]
fn the_seven_days_of_2023_end_to_the_second() {
    let policy = city("newyork_2023");
    let first = "full omny subway 127 - 2023-09-06T10:00\n";
    let ten = rides("full", "M15", "2023-09-07", 10);
    let week = format!("{first}{ten}");
    let last = |at: &str| format!("{week}full omny subway 127 - 2023-09-13T{at}\n");
    check(&policy, &last("09:59:59"), &each(11, "290", "210"));
    check(&policy, &last("10:00:00"), &each(11, "290", "290"));
    check(&policy, &last("10:00:01"), &each(11, "290", "290"));
    // The new seven days begin with that tap and not a week after the old ones.
    let next = format!("{}full omny subway 127 - 2023-09-20T09:00\n", last("12:00:00"));
    check(&policy, &next, &each(13, "290", ""));
}

/// The hour that clocks skip in spring does not shorten seven times 24 hours.
#[test]
fn seven_days_are_elapsed_time_also_when_clocks_change() {
    let policy = city("newyork_2023");
    let week = format!("full omny subway 127 - 2024-03-06T10:00\n{}", rides("full", "M15", "2024-03-07", 10));
    let last = |at: &str| format!("{week}full omny subway 127 - 2024-03-13T{at}\n");
    check(&policy, &last("10:59:59"), &each(11, "290", "210"));
    check(&policy, &last("11:00:00"), &each(11, "290", "290"));
}

#[test]
fn the_caps_of_2026() {
    let policy = city("newyork");
    check(&policy, &rides("full", "subway", "2026-01-05", 13), &each(11, "300", "200 0"));
    check(&policy, &rides("reduced", "subway", "2026-01-05", 13), &each(11, "150", "100 0"));
    check(&policy, &rides("full", "SIM1", "2026-01-05", 11), &each(9, "725", "175 0"));
    check(&policy, &rides("reduced", "BxM1", "2026-01-05", 2), "360 360");
}

/// Twelve local rides cost 35 dollars whatever else; express buses fill the rest of 67.
#[test]
fn the_local_cap_is_nested_in_the_one_with_express_buses() {
    let policy = city("newyork");
    let local = rides("full", "M15", "2026-01-05", 13);
    let express = rides("full", "SIM1", "2026-01-09", 5);
    let expect = each(11, "300", "200 0 725 725 725 725 300");
    check(&policy, &format!("{local}{express}"), &expect);
    let free = format!("{local}{express}full omny Q60 - - 2026-01-11T23:00\n");
    check(&policy, &free, &format!("{expect} 0"));
    // The other way about the larger cap is reached first.
    let express = rides("full", "SIM1", "2026-01-05", 9);
    let local = rides("full", "M15", "2026-01-09", 2);
    check(&policy, &format!("{express}{local}"), &each(9, "725", "175 0"));
}
