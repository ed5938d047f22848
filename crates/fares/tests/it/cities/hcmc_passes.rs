//! Passes and books of Ho Chi Minh City: published prices, and rides on what was bought.

use crate::support::{city, legs, moment, paid};
use crate::{text, words};
use fares::{Bought, Carried, NoSale, Policy, rate};
use primitives::Minor;

fn buy(policy: &Policy, product: &str, rider: &str, medium: &str, at: &str) -> Result<Bought, NoSale> {
    words::buy(policy, product, rider, medium, moment(policy, at))
}

fn holding(bought: Bought) -> Carried {
    Carried { passes: vec![bought.pass], ..Carried::default() }
}

/// What the rider pays for legs, one a line, with a pass bought by this rider at noon on 2 March.
fn check(product: &str, rider: &str, medium: &str, lines: &str, expect: &str) {
    let policy = city("hcmc");
    let bought = buy(&policy, product, rider, medium, "2026-03-02T12:00").unwrap();
    let found = paid(&rate(&policy, &holding(bought), &legs(&policy, lines)).legs);
    assert_eq!(found, expect.split_whitespace().collect::<Vec<_>>(), "{product}: {lines}");
}

#[test]
fn passes_and_books_cost_what_is_published() {
    let policy = city("hcmc");
    for (product, rider, medium, price) in [
        ("metro_day", "adult", "card", 40_000),
        ("metro_3day", "adult", "zalopay", 90_000),
        ("metro_month", "adult", "bank_card", 300_000),
        ("metro_month", "student", "card", 300_000),
        ("metro_month_student", "student", "citizen_id", 150_000),
        ("book_short", "adult", "card", 112_500),
        ("book_middle", "adult", "cash", 135_000),
        ("book_long", "adult", "qr", 157_500),
    ] {
        let bought = buy(&policy, product, rider, medium, "2026-03-02T12:00").unwrap();
        assert_eq!((bought.price.gross, bought.price.rider), (Minor::new(price), Minor::new(price)));
        assert!(bought.price.funded.is_empty(), "{product}");
    }
    let refused = |product, rider, medium| buy(&policy, product, rider, medium, "2026-03-02T12:00").err();
    assert_eq!(refused("metro_month_student", "adult", "citizen_id"), Some(NoSale::Rider));
    assert_eq!(refused("metro_month_student", "student", "card"), Some(NoSale::Medium));
    assert_eq!(refused("bus_month", "adult", "card"), Some(NoSale::NoPass));
}

/// Nobody has published the price of the pass for buses and metro, so at no moment of the version is it sold.
#[test]
fn the_shared_pass_is_there_and_not_on_sale() {
    let policy = city("hcmc");
    for at in ["2026-01-01T00:00", "2026-03-01T04:00", "2026-12-31T23:59", "2098-01-01T00:00"] {
        assert_eq!(
            buy(&policy, "bus_metro_pass", "adult", "card", at).err(),
            Some(NoSale::NotOnSale),
            "{at}"
        );
    }
    assert!(policy.passes().filter(|pass| pass.product != text("bus_metro_pass")).all(|pass| {
        pass.on_sale(moment(&policy, "2026-01-01T00:00")) && pass.on_sale(moment(&policy, "2098-01-01T00:00"))
    }));
}

/// Golden scenario 4: a book of 30 on route 38; each ride releases 4,500 of its price, and ride 31 is paid.
#[test]
fn g04_a_book_pays_thirty_rides_and_not_the_next() {
    let policy = city("hcmc");
    let bought = buy(&policy, "book_middle", "adult", "card", "2026-03-02T06:00").unwrap();
    let released = bought.price.rider.split(&[1; 30]).unwrap();
    assert!(released.iter().all(|part| *part == Minor::new(4_500)), "{released:?}");
    let lines: String = (0..31)
        .map(|ride| format!("adult card 38 - - 2026-04-{:02}T{:02}:00\n", 1 + ride / 2, 7 + 10 * (ride % 2)))
        .collect();
    let rated = rate(&policy, &holding(bought), &legs(&policy, &lines));
    let words = words::all_shown(&rated.legs);
    assert!(words[..30].iter().all(|words| words == "6000 0 20:6000"), "{words:?}");
    assert_eq!(words[30], "6000 6000");
}

#[test]
fn a_book_pays_in_its_length_class_only_and_no_ride_that_is_free_anyway() {
    check(
        "book_middle",
        "adult",
        "zalopay",
        "adult zalopay 38 - - 2026-03-03T08:00
         adult zalopay 01 - - 2026-03-03T09:00
         adult zalopay 10 - - 2026-03-03T10:00
         adult zalopay M1 M1-01 M1-02 2026-03-03T11:00 11:10
         adult cash 38 - - 2026-03-03T12:00",
        "0 5000 7000 6000 6000",
    );
    // Four free Fridays leave the book whole; the fifth ride of the day takes a ticket.
    let policy = city("hcmc");
    let bought = buy(&policy, "book_middle", "adult", "zalopay", "2026-03-05T12:00").unwrap();
    let lines: String =
        (0..5).map(|ride| format!("adult zalopay 38 - - 2026-03-06T{:02}:00\n", 8 + ride)).collect();
    let rated = rate(&policy, &holding(bought), &legs(&policy, &lines));
    assert_eq!(paid(&rated.legs), ["0"; 5]);
    assert_eq!(rated.carried.passes[0].rides, 1);
}

/// Days of a pass begin at 04:00, as the service day does: night trains belong to the evening before.
#[test]
fn metro_passes_run_by_service_days_from_the_first_ride() {
    check(
        "metro_day",
        "adult",
        "card",
        "adult card M1 M1-01 M1-14 2026-03-10T12:00 12:40
         adult card M1 M1-14 M1-01 2026-03-11T01:59 2026-03-11T02:30
         adult card M1 M1-14 M1-01 2026-03-11T03:59:59 2026-03-11T04:30
         adult card M1 M1-14 M1-01 2026-03-11T04:00 04:30
         adult card 01 - - 2026-03-10T13:00",
        "0 0 0 19000 5000",
    );
    check(
        "metro_3day",
        "adult",
        "card",
        "adult card M1 M1-01 M1-02 2026-03-10T22:00 22:10
         adult card M1 M1-01 M1-02 2026-03-13T03:59 04:10
         adult card M1 M1-01 M1-02 2026-03-13T04:00 04:10",
        "0 0 6000",
    );
    // A month from noon on 2 March ends where 2 April begins.
    check(
        "metro_month",
        "adult",
        "card",
        "adult card M1 M1-01 M1-02 2026-03-02T11:59 12:10
         adult card M1 M1-01 M1-02 2026-03-02T12:00 12:10
         adult card M1 M1-01 M1-02 2026-04-02T03:59 04:10
         adult card M1 M1-01 M1-02 2026-04-02T04:00 04:10",
        "6000 0 0 6000",
    );
}

/// A student's month is used by tapping the citizen's card, and the ride's reduction stays the city's.
#[test]
fn the_students_month_pays_on_the_citizens_card() {
    let policy = city("hcmc");
    let bought = buy(&policy, "metro_month_student", "student", "citizen_id", "2026-03-02T12:00").unwrap();
    let lines = "student citizen_id M1 M1-01 M1-14 2026-03-03T08:00 08:40
                 student card M1 M1-01 M1-14 2026-03-03T10:00 10:40
                 adult citizen_id M1 M1-01 M1-14 2026-03-03T12:00 12:40";
    let rated = rate(&policy, &holding(bought), &legs(&policy, lines));
    let words = words::all_shown(&rated.legs);
    assert_eq!(words, ["19000 0 1:9500 20:9500", "19000 9500 20:9500", "19000 19000"]);
}
