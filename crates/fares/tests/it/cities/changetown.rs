//! Changetown: a row of transfer rules for each thing such a row can say.

use crate::support::{check, city};

#[test]
fn buses() {
    let town = city("changetown");
    // Free once within the hour, then 500 each up to three changes in less than two hours, whatever lies between.
    check(
        &town,
        "adult card B1 - - 2026-03-02T08:00 08:10
         adult card B2 - - 2026-03-02T09:00 09:10
         adult card F - - 2026-03-02T09:20 09:40
         adult card B1 - - 2026-03-02T09:50 09:55
         adult card B2 - - 2026-03-02T09:59:59 10:10",
        "5000 0 12000 500 500",
    );
    let late = "student card B1 - - 2026-03-02T08:00 08:10\nstudent card B1 - - 2026-03-02T10:00 10:10";
    check(&town, late, "2500 2500");
}

#[test]
fn a_bus_and_a_tram_and_what_a_tram_opens() {
    let town = city("changetown");
    let bus = "adult card B1 - - 2026-03-02T08:00 08:10";
    for (start, expect) in [("08:49", "5000 1000"), ("08:50", "5000 1000"), ("08:51", "5000 4000")] {
        check(&town, &format!("{bus}\nadult card T - - 2026-03-02T{start} 08:59"), expect);
    }
    let tram = "adult card T - - 2026-03-02T08:00 08:10";
    for (end, expect) in [("09:29", "4000 7500"), ("09:30", "4000 7500"), ("09:31", "4000 9000")] {
        check(&town, &format!("{tram}\nadult card R - - 2026-03-02T09:00 {end}"), expect);
    }
    // One ticket covers every further tram of the day, on the phone too; the day begins at four.
    check(
        &town,
        "adult card T - - 2026-03-02T08:00 08:10
         adult phone T - - 2026-03-02T12:00 12:10
         adult card T - - 2026-03-03T03:59 04:10
         adult card T - - 2026-03-03T04:00 04:10",
        "4000 1000 0 4000",
    );
}

#[test]
fn trains_and_what_they_open() {
    let town = city("changetown");
    let train = "adult card R - - 2026-03-02T08:00 08:10";
    // 8,000 within two hours; later, the day fare that makes the ferry free costs less than both.
    for (start, expect) in [("09:59", "9000 8000"), ("10:00", "9000 8000"), ("10:01", "9000 9000")] {
        check(&town, &format!("{train}\nadult card F - - 2026-03-02T{start} 10:30"), expect);
    }
    check(&town, "adult card F - - 2026-03-02T08:30 09:00", "12000");
    check(&town, "senior card R - - 2026-03-02T08:00 08:10\nsenior card F - - 2026-03-02T08:30 09:00", "0 0");
    // A bus after a train is free in a chain that a bus began.
    let bus = |start: &str| format!("adult card B1 - - 2026-03-02T{start}");
    check(&town, &format!("{train}\n{}", bus("08:30")), "9000 5000");
    check(&town, &format!("{}\n{train}\n{}", bus("07:30"), bus("09:20")), "5000 9000 0");
}
