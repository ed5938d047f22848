//! What-if: rides under two policies, from cases and from recorded taps.

use super::{case_text, city, edited};
use crate::compare::{Comparison, Options, Recorded, compare, read_recorded};
use crate::pricing::LabError;
use crate::taps;
use fares::Files;
use primitives::{
    AcceptedTap, AccountId, DeviceId, Digest, Direction, EventTime, JournalId, MediumToken, Minor, PartyNo,
    Sequence, Tap, TapId, TapKind, Tender, Text,
};
use std::io::Cursor;

fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

/// A tap of an account at a minute of 2 March 2026, 8:00 local time.
fn tap(account: u64, sequence: u64, rider: &str, minute: i64, kind: TapKind) -> AcceptedTap {
    let id = TapId {
        device: DeviceId::new(7).expect("a number"),
        journal: JournalId::new(1).expect("a number"),
        sequence: Sequence::new(sequence).expect("a number"),
    };
    let at = EventTime::from_unix_ms(1_772_413_200_000 + minute * 60_000).expect("a time");
    AcceptedTap {
        tap: Tap { id, at, medium: MediumToken::new([9; 16]), kind },
        body_digest: Digest::of(b"body"),
        account: AccountId::new(account).expect("a number"),
        rider: text(rider),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
        operator: PartyNo(1),
        received_at: at,
    }
}

fn boarding() -> TapKind {
    TapKind::Boarding { route: text("B1"), stop: None, trip: None, qr: false }
}

fn gate(direction: Direction, stop: &str) -> TapKind {
    TapKind::Gate { direction, route: text("L1"), stop: text(stop) }
}

fn recorded(taps: &[AcceptedTap]) -> Recorded {
    let lines: Vec<String> =
        std::iter::once(taps::header()).chain(taps.iter().filter_map(taps::line)).collect();
    read_recorded(Cursor::new(lines.join("\n"))).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// A day: two adults and a student on the bus, an adult in the metro, a tap that was sent twice, a school's bill.
fn a_day() -> Recorded {
    let entry = tap(2, 3, "adult", 10, gate(Direction::Entry, "S1"));
    recorded(&[
        tap(1, 1, "adult", 0, boarding()),
        tap(1, 1, "adult", 0, boarding()),
        tap(2, 2, "student", 5, boarding()),
        tap(2, 4, "adult", 30, gate(Direction::Exit, "S3")),
        entry,
        tap(3, 5, "adult", 40, boarding()),
        tap(
            3,
            6,
            "adult",
            50,
            TapKind::SchoolPayment {
                school: text("hill_school"),
                bill: text("1"),
                price: primitives::Money::new(
                    Minor::new(1),
                    primitives::Currency::parse("VND").expect("a currency"),
                ),
            },
        ),
    ])
}

fn compared(new: &Files, recorded: &Recorded) -> Comparison {
    compare(&city("minitown"), new, recorded, Options::default()).expect("compared")
}

fn dearer_bus() -> Files {
    edited(
        city("minitown"),
        "fare_products.txt",
        "bus_single,Bus single,adult,,6000",
        "bus_single,Bus single,adult,,7000",
    )
}

#[test]
fn a_tap_goes_out_without_its_card_and_comes_back() {
    let accepted = tap(1, 1, "adult", 0, boarding());
    let line = taps::line(&accepted).expect("a ride");
    assert!(!line.contains("0909"), "the card's token is left out: {line}");
    let read = taps::read(Cursor::new(&line), 2).expect("read");
    assert_eq!(
        (read[0].account, read[0].tap.at, read[0].tap.id),
        (accepted.account, accepted.tap.at, accepted.tap.id)
    );
    assert_eq!((read[0].tap.route.as_str(), read[0].tap.rider.as_str()), ("B1", "adult"));
}

#[test]
fn lines_that_are_no_taps_are_named() {
    let check = |line: &str, expect: &str| {
        let errors = taps::read(Cursor::new(line), 2).expect_err(line);
        assert_eq!(errors[0].to_string(), format!("line 2: {expect}"));
    };
    let good = taps::line(&tap(1, 1, "adult", 0, boarding())).expect("a ride");
    check("{", "JSON that ends too early");
    check(&good.replace("\"1\"", "\"x\""), "account: not a number of 63 bits, as a string");
    check(&good.replace("prepaid", "gift"), "tender: neither `prepaid` nor `open_loop`");
    check(&good.replace("adult", ""), "rider: not an id of 1 to 64 bytes");
    check(&good.replace("\"tender\"", "\"tendre\""), "`tendre` is not a field of the format");
}

#[test]
fn the_same_policy_makes_no_difference() {
    let same = compared(&city("minitown"), &a_day());
    assert!(same.is_same());
    assert_eq!((same.rides, same.accounts, same.rises.len()), ([4, 4], [0, 0, 3], 0));
    assert_eq!(same.total.old.gross, Minor::new(6000 + 6000 + 9000 + 6000));
    assert_eq!(same.total.old, same.total.new);
}

#[test]
fn a_dearer_bus_shows_by_route_rider_funder_and_account() {
    let report = compared(&dearer_bus(), &a_day());
    assert_eq!(report.total.changed, 3);
    let bus = report.by_route["B1"];
    assert_eq!((bus.old.gross, bus.new.gross), (Minor::new(18_000), Minor::new(21_000)));
    assert_eq!(report.by_route["L1"].changed, 0);
    // The student pays 3000 whatever the bus costs; the town pays the rest.
    let student = report.by_rider["student"];
    assert_eq!((student.old.rider, student.new.rider), (Minor::new(3000), Minor::new(3000)));
    assert_eq!(report.by_funder["town"].funded, [Minor::new(3000), Minor::new(4000)]);
    let rises: Vec<(&str, i64)> =
        report.rises.iter().map(|rise| (rise.account.as_str(), rise.rise.units())).collect();
    assert_eq!(rises, [("1", 1000), ("3", 1000)]);
    assert_eq!(report.accounts, [2, 0, 1]);
    let json = report.json().expect("JSON");
    assert_eq!(json["by_route"]["B1"]["gross"]["difference"], 3000);
    assert_eq!(json["by_funder"]["town"]["funded"]["new"], 4000);
    let table = report.to_string();
    assert!(table.contains("rides 4 old, 4 new; 3 changed"), "{table}");
    let one = compare(&city("minitown"), &dearer_bus(), &a_day(), Options { accounts: 1, shift_days: 0 });
    assert_eq!(one.expect("compared").rises.len(), 1);
}

#[test]
fn fares_that_nobody_would_know_any_more_are_counted_apart() {
    let new = edited(city("minitown"), "fare_leg_rules.txt", "bus,bus,,,bus_single\n", "");
    let new = edited(new, "fare_products.txt", "bus_single,Bus single,adult,,6000,VND\n", "");
    let report = compared(&new, &a_day());
    assert_eq!((report.became_unknown, report.became_known, report.unknown), (3, 0, 0));
    assert_eq!(report.total.new.rides, 1);
    let back = compare(&new, &city("minitown"), &a_day(), Options::default()).expect("compared");
    assert_eq!((back.became_unknown, back.became_known), (0, 3));
}

#[test]
fn a_shorter_longest_journey_pairs_otherwise() {
    let new = edited(city("minitown"), "incomplete_journeys.txt", "10800", "600");
    let report = compared(&new, &a_day());
    assert_eq!((report.rides, report.paired_otherwise), ([4, 5], 1));
}

#[test]
fn rides_of_cases_can_be_compared_too() {
    let line = r#"{"id":"c1","rider":"adult","medium":"card","legs":[{"route":"B1","start":"2020-01-01T08:00:00Z"},{"network":"metro","start":"2020-01-01T09:00:00Z","end":"2020-01-01T09:10:00Z"}],"expect":{"total":1}}"#;
    let cases = read_recorded(Cursor::new(case_text(&[line]))).expect("cases");
    let report = compared(&dearer_bus(), &cases);
    assert_eq!((report.rides, report.total.changed, report.unknown), ([2, 2], 1, 1));
    assert_eq!(report.rises[0].account, "c1");
    assert!(report.by_route.contains_key("metro"));
}

#[test]
fn rides_may_be_moved_to_days_that_the_new_calendars_have() {
    // The bus costs more on the Monday after the rides.
    let mut new = city("minitown");
    new.insert("calendar_dates.txt".into(), b"service_id,date,exception_type\nlate,20260309,1\n".to_vec());
    new.insert("timeframes.txt".into(), b"timeframe_group_id,service_id\nlate,late\n".to_vec());
    let rules = "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority\n\
                 bus,,,,bus_single,0\nbus,,,late,metro_far,1\nmetro,,,,metro_near,0\n";
    new.insert("fare_leg_rules.txt".into(), rules.into());
    let moved = |shift_days| {
        let options = Options { accounts: 0, shift_days };
        compare(&city("minitown"), &new, &a_day(), options).expect("compared").by_route["B1"].new.gross
    };
    assert_eq!((moved(0), moved(7), moved(8)), (Minor::new(18_000), Minor::new(27_000), Minor::new(18_000)));
}

#[test]
fn policies_of_two_currencies_are_not_compared() {
    let new = city("minitown").into_iter().map(|(name, bytes)| {
        let text = String::from_utf8(bytes).expect("UTF-8").replace("VND", "KRW");
        (name, text.into_bytes())
    });
    let result = compare(&city("minitown"), &new.collect(), &a_day(), Options::default());
    assert!(matches!(result, Err(LabError::Pair(_))), "{result:?}");
}
