//! Campaigns of Ho Chi Minh City: cashless Fridays, free days by citizen's card, National Day on buses, election day.

use crate::shown;
use crate::support::{check, city, legs, moment};
use crate::words::all_shown;
use fares::{Because, Carried, Fact, Fare, Language, explain, price, rate};
use primitives::{Minor, ServiceDate};

/// Golden scenario 5: five rides on route 33 by a named wallet; the funder owes four of them.
#[test]
fn g05_four_rides_of_a_friday_by_wallet_are_free() {
    let policy = city("hcmc");
    for wallet in ["vnpt_money", "viettel_money", "shopeepay", "zalopay"] {
        let lines: String =
            (0..5).map(|ride| format!("adult {wallet} 33 - - 2026-03-06T{:02}:00\n", 8 + ride)).collect();
        let words = all_shown(&price(&policy, &legs(&policy, &lines)));
        let free = "7000 0 20:7000";
        assert_eq!(words, [free, free, free, free, "7000 7000"], "{wallet}");
    }
    // A bank card, the operator's own QR code, and the metro pay on Fridays.
    let lines = "adult bank_card 33 - - 2026-03-06T08:00
                 adult qr 33 - - 2026-03-06T09:00
                 adult zalopay M1 M1-01 M1-14 2026-03-06T10:00 10:40
                 adult zalopay 171 R171-1 R171-6 2026-03-06T11:00 12:00";
    check(&policy, lines, "7000 7000 19000 70000");
}

/// Golden scenario 6: the quota is a person's over all wallets; wallets that nobody linked are persons of their own.
#[test]
fn g06_a_person_has_four_rides_over_all_wallets() {
    let policy = city("hcmc");
    let first = "adult zalopay 38 - - 2026-03-06T07:00
                 adult zalopay 38 - - 2026-03-06T08:00
                 adult zalopay 38 - - 2026-03-06T09:00";
    let second = "adult shopeepay 38 - - 2026-03-06T10:00
                  adult shopeepay 38 - - 2026-03-06T11:00";
    check(&policy, &format!("{first}\n{second}"), "0 0 0 0 6000");
    check(&policy, first, "0 0 0");
    check(&policy, second, "0 0");
    // Order of time, not of arrival: the early ride that comes last moves the quota.
    check(&policy, &format!("{second}\n{first}"), "0 6000 0 0 0");
    // Rides that cost nothing anyway leave the quota alone.
    let elderly: String =
        (0..5).map(|at| format!("elderly zalopay 38 - - 2026-03-06T{:02}:00\n", 5 + at)).collect();
    check(&policy, &format!("{elderly}{first}"), "0 0 0 0 0 0 0 0");
}

#[test]
fn fridays_are_service_days_from_february_to_december() {
    let policy = city("hcmc");
    for (at, expect) in [
        ("2026-01-30T12:00", "5000"), // the last Friday before
        ("2026-02-06T03:59:59", "5000"),
        ("2026-02-06T04:00", "0"),
        ("2026-02-07T03:59:59", "0"),
        ("2026-02-07T04:00", "5000"),
        ("2026-12-25T12:00", "0"),
        ("2027-01-01T12:00", "5000"), // a Friday too
    ] {
        check(&policy, &format!("adult zalopay 01 - - {at}"), expect);
    }
    // The quota of a Friday is counted over its service day, and the next Friday has its own.
    let rides = ["06T08:00", "06T09:00", "06T10:00", "07T01:30", "07T02:00", "13T08:00"];
    let lines: String = rides.iter().map(|at| format!("adult zalopay 01 - - 2026-03-{at}\n")).collect();
    check(&policy, &lines, "0 0 0 0 5000 0");
}

/// Golden scenario 8: a free day by citizen's card. Whoever taps a bank card pays, and is told what was lost.
#[test]
fn g08_a_free_day_is_for_the_citizens_card_and_the_free_code() {
    let policy = city("hcmc");
    for day in ["2026-04-30", "2026-09-02"] {
        let metro = |medium: &str| format!("adult {medium} M1 M1-01 M1-14 {day}T08:00 08:40");
        for (medium, expect) in [
            ("citizen_id", "0"),
            ("free_qr", "0"),
            ("bank_card", "19000"),
            ("cash", "20000"),
            ("qr", "19000"),
        ] {
            check(&policy, &metro(medium), expect);
        }
        check(&policy, &format!("adult citizen_id 06 - - {day}T08:00"), "0");
        let told = explain(&policy, &Carried::default(), &legs(&policy, &metro("bank_card")));
        let lost = told[0].facts.iter().any(|fact| {
            matches!(fact, Fact::NotCampaign { id, because: Because::Medium } if id.as_str() == "free_day_by_id")
        });
        assert!(lost, "{:?}", told[0].facts);
        let sentences = told[0].sentences(&policy, Language::English);
        assert!(sentences.iter().any(|text| text.contains("free day by citizen's card")), "{sentences:?}");
    }
    for day in ["2026-04-29", "2026-05-01", "2026-09-03"] {
        check(&policy, &format!("adult citizen_id M1 M1-01 M1-14 {day}T08:00 08:40"), "19000");
    }
    // Outside such days the free code is a medium like any other, never a free ride.
    check(&policy, "adult free_qr 06 - - 2026-03-03T08:00", "7000");
}

/// Golden scenario 7: three operators, three rules, one date.
#[test]
fn g07_national_day_on_buses_differs_by_operator() {
    let policy = city("hcmc");
    let rides = |medium: &str, route: &str, day: &str| -> String {
        (0..3).map(|at| format!("adult {medium} {route} - - {day}T{:02}:00\n", 8 + at)).collect()
    };
    check(&policy, &rides("mastercard", "38", "2026-09-02"), "0 0 6000");
    check(&policy, &rides("multipass", "38", "2026-09-02"), "0 0 6000");
    check(&policy, &rides("mastercard", "38", "2026-09-01"), "6000 6000 6000");
    check(&policy, &rides("card", "38", "2026-09-02"), "6000 6000 6000");
    for day in ["2026-09-01", "2026-09-02"] {
        check(&policy, &rides("cash", "29", day), "0 0 0");
        check(&policy, &format!("adult cash 171 R171-1 R171-2 {day}T08:00 08:30"), "0");
    }
    check(&policy, &rides("cash", "29", "2026-09-03"), "6000 6000 6000");
    check(&policy, &rides("card", "33", "2026-09-02"), "0 0 0");
    check(&policy, &rides("card", "33", "2026-09-03"), "7000 7000 7000");
    // An operator's own gift comes first, so that the two rides by card are left for other operators.
    let later = rides("mastercard", "38", "2026-09-02").replace(":00\n", ":30\n");
    let both = format!("{}{later}", rides("mastercard", "33", "2026-09-02"));
    let priced = rate(&policy, &Carried::default(), &legs(&policy, &both)).legs;
    let words = all_shown(&priced);
    let (own, by_card) = ("7000 0 4:7000", "6000 0 40:6000");
    assert_eq!(words, [own, own, own, by_card, by_card, "6000 6000"]);
}

#[test]
fn election_day_is_free_on_subsidised_routes_and_the_metro() {
    let policy = city("hcmc");
    for medium in ["cash", "card", "bank_card", "qr", "zalopay"] {
        let lines = format!(
            "adult {medium} M1 M1-01 M1-14 2026-03-15T08:00 08:40
             adult {medium} 10 - - 2026-03-16T03:59
             adult {medium} 10 - - 2026-03-15T03:59
             adult {medium} 10 - - 2026-03-16T04:00"
        );
        check(&policy, &lines, "0 0 7000 7000");
    }
    check(&policy, "adult card 171 R171-1 R171-6 2026-03-15T08:00 09:30", "70000");
    // A ride without an exit is free too.
    let mut ride = legs(&policy, "adult card M1 M1-01 - 2026-03-15T08:00").remove(0);
    ride.shape = fares::Shape::MissingExit;
    assert_eq!(shown(&price(&policy, &[ride])[0]), "19000 0 20:19000");
}

/// Golden scenario 31: a claim on a 6,000 route. The gross fare of a free ride is the class price, and the sums are the
/// claim: adults nothing, students 3,000, free rides 6,000 each.
#[test]
fn g31_what_the_city_owes_is_the_sum_of_its_parts() {
    let policy = city("hcmc");
    let day = ServiceDate::parse("2026-03-03").unwrap();
    assert_eq!(policy.day_rule().service_date(moment(&policy, "2026-03-04T03:59")), day);
    let claim = |rider: &str, count: i64| {
        let priced = price(&policy, &legs(&policy, &format!("{rider} card 38 - - 2026-03-03T08:00")));
        let Fare::Known { gross, rider, funded } = &priced[0].fare else { panic!("{priced:?}") };
        let owed = Minor::sum(funded.iter().map(|part| part.amount)).unwrap();
        [*gross, *rider, owed].map(|amount| amount.times(count).unwrap())
    };
    assert_eq!(claim("adult", 1_000), [6_000_000, 6_000_000, 0].map(Minor::new));
    assert_eq!(claim("student", 200), [1_200_000, 600_000, 600_000].map(Minor::new));
    assert_eq!(claim("elderly", 50), [300_000, 0, 300_000].map(Minor::new));
}
