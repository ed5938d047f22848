//! Rows in these tests are invented; only their columns are the sample's.

use super::learn::Ends;
use super::*;
use fares::{Fare, Leg, Shape};
use primitives::{Currency, EventTime, Minor, Text};
use std::io::Write as _;
use wire::{BodyFormat, DeviceKey, Envelope, MasterKey};

const HEADER: &str = "downo,daytype,SubSystem,StartStn,EndStation,EntTime,EntTimeHHMM,ExTime,EXTimeHHMM,ZVPPT,\
                      JNYTYP,DailyCapping,FFare,DFare,RouteID,FinalProduct\n";

/// A row; only what is read matters.
fn row(
    day: u32,
    net: &str,
    (from, to): (&str, &str),
    (entry, exit): (u32, u32),
    kind: &str,
    fare: i64,
) -> String {
    let name = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][day as usize - 1];
    format!(
        "{day},\"{name}\",\"{net}\",\"{from}\",\"{to}\",\"{entry}\",\"\",\"{exit}\",\"\",\"-------\",\"{kind}\",\"N\",\
         {fare},{fare},\"XX\",\"PAYG\"\n"
    )
}

fn file(rows: &[String]) -> Vec<u8> {
    [HEADER.to_owned(), rows.concat()].concat().into_bytes()
}

/// A Monday that teaches: Ash–Birch off-peak 160 (twice the higher wins a tie with 110), in the peak 220, a bus, a
/// tram, and unfinished rides.
fn lesson() -> Vec<u8> {
    let mut rows = Vec::new();
    for (from, to, fare) in
        [("Ash", "Birch", 160), ("Birch ", "Ash", 160), ("Ash", "Birch", 110), ("Birch", "Ash", 110)]
    {
        rows.push(row(2, "LUL", (from, to), (700, 720), "PPY", fare));
    }
    for minute in [395, 566, 965, 1136] {
        rows.push(row(2, "LUL", ("Ash", "Birch"), (minute, minute + 20), "PPY", 220));
    }
    // Two rides are not enough to believe, and season tickets teach nothing.
    for _ in 0..2 {
        rows.push(row(2, "LUL", ("Ash", "Cedar"), (700, 730), "PPY", 180));
        rows.push(row(2, "LUL", ("Ash", "Cedar"), (700, 730), "TKT", 0));
    }
    for _ in 0..3 {
        rows.push(row(2, "LTB", ("Bus", "Bus"), (700, 0), "PPY", 100));
        rows.push(row(2, "TRAM", ("Dale", "Not Applicable"), (700, 0), "PPY", 90));
        rows.push(row(2, "LUL", ("Ash", "Unfinished"), (700, 0), "PPY", 400));
    }
    file(&rows)
}

fn options() -> EventOptions {
    EventOptions { environment: "test".to_owned(), master_key: [9; 32], key_version: 3 }
}

#[test]
fn a_cell_has_its_most_frequent_fare_and_a_tie_goes_to_the_higher() {
    let lesson = lesson();
    let learned = learn(&[&lesson]).expect("rows");
    let text = |text: &str| Text::new(text).expect("a text");
    let pair = |peak| Cell { subsystem: text("LUL"), ends: Ends::Pair(text("Ash"), text("Birch")), peak };
    let fares: Vec<_> = learned.cells.iter().map(|(cell, fare)| (cell.clone(), fare.units())).collect();
    let boarding = |net, stop: Option<&str>| Cell {
        subsystem: text(net),
        ends: Ends::Boarding(stop.map(text)),
        peak: false,
    };
    let expected = [
        (boarding("LTB", None), 100),
        (pair(false), 160),
        (pair(true), 220),
        (boarding("TRAM", Some("Dale")), 90),
    ];
    assert_eq!(fares, expected);
    assert_eq!(learned.incomplete.into_iter().collect::<Vec<_>>(), [(text("LUL"), Minor::new(400))]);
}

#[test]
fn peaks_have_the_observed_grace_and_only_on_working_days() {
    let check = |day, minute, peak: bool| {
        let mut found = None;
        let file = file(&[row(day, "LUL", ("Ash", "Birch"), (minute, minute + 9), "PPY", 1)]);
        each_row(&file, |reading| {
            let Reading::Row(row) = reading else { panic!("odd") };
            found = Some(row.is_peak());
        })
        .expect("a row");
        assert_eq!(found, Some(peak), "day {day}, minute {minute}");
    };
    for (minute, peak) in [
        (394, false),
        (395, true),
        (566, true),
        (567, false),
        (964, false),
        (965, true),
        (1136, true),
        (1137, false),
    ] {
        check(2, minute, peak);
        check(6, minute, peak);
        check(1, minute, false);
        check(7, minute, false);
    }
}

#[test]
fn gzip_and_plain_files_are_told_apart_by_content() {
    let plain = lesson();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&plain).expect("memory");
    let packed = packed.finish().expect("memory");
    assert_eq!(learn(&[&plain]).expect("rows"), learn(&[&packed]).expect("rows"));
    assert!(matches!(learn(&[b"a,b,c\n1,2,3\n"]), Err(OysterError::Column("downo"))));
}

/// What the policy made of the lesson charges the rider of a one-row file.
fn charged(day: &[u8]) -> (RowTruth, Option<i64>) {
    let lesson = lesson();
    let learned = learn(&[&lesson]).expect("rows");
    let places = survey(&[&lesson, day]).expect("rows");
    let policy = fares::load(&policy_files(&learned, &places)).expect("a policy");
    let events = events(day, &places, &learned, &options()).expect("events");
    let account = events.accounts().next().expect("an account");
    let mut legs = Vec::new();
    for (_, bytes) in events.envelopes(&places) {
        let tap = Envelope::decode(&bytes).expect("an envelope").tap().expect("a tap");
        legs.push(tap);
    }
    let rider = account.rider.unwrap_or_else(|| policy.default_rider().clone());
    let medium = account.media[0].fare_medium.clone();
    let leg = leg(&legs, rider, medium);
    let priced = fares::price(&policy, &[leg]);
    let charge = match &priced[0].fare {
        Fare::Known { gross, rider, funded } => {
            assert_eq!((gross, funded.len()), (rider, 0));
            Some(rider.units())
        }
        Fare::Unknown(_) => None,
    };
    (events.rows[0].clone(), charge)
}

fn leg(taps: &[primitives::Tap], rider: Text, medium: Text) -> Leg {
    use primitives::{Direction, TapKind};
    let (first, last) = (&taps[0], taps.last().expect("a tap"));
    let (route, from, to, shape) = match (&first.kind, &last.kind) {
        (TapKind::Boarding { route, stop, .. }, _) => (route, stop.clone(), None, Shape::Ride),
        (TapKind::Gate { route, stop, direction: Direction::Entry }, _) if taps.len() == 1 => {
            (route, Some(stop.clone()), None, Shape::MissingExit)
        }
        (TapKind::Gate { route, stop, .. }, _) if taps.len() == 1 => {
            (route, None, Some(stop.clone()), Shape::MissingEntry)
        }
        (TapKind::Gate { route, stop, .. }, TapKind::Gate { stop: to, .. }) => {
            (route, Some(stop.clone()), Some(to.clone()), Shape::Ride)
        }
        other => panic!("{other:?}"),
    };
    let end = (shape != Shape::MissingExit && to.is_some()).then_some(last.at);
    Leg { route: route.clone(), from, to, via: Vec::new(), start: first.at, end, shape, rider, medium }
}

#[test]
fn the_policy_charges_what_was_learned() {
    let check = |row: String, charge: Option<i64>, class: Class| {
        let (truth, charged) = charged(&file(std::slice::from_ref(&row)));
        assert_eq!(charged, charge, "{row}");
        assert_eq!(classify(&truth, charged.map(Minor::new)), class, "{row}");
    };
    let ash_birch =
        |day, minute, kind, fare| row(day, "LUL", ("Birch", "Ash"), (minute, minute + 15), kind, fare);
    check(ash_birch(3, 700, "PPY", 160), Some(160), Class::Equal);
    check(ash_birch(3, 394, "PPY", 160), Some(160), Class::Equal);
    check(ash_birch(3, 395, "PPY", 220), Some(220), Class::Equal);
    check(ash_birch(3, 566, "PPY", 110), Some(220), Class::HalfFare);
    check(ash_birch(3, 567, "PPY", 80), Some(160), Class::HalfFare);
    check(ash_birch(3, 1136, "PPY", 0), Some(220), Class::FreeRider);
    check(ash_birch(3, 1137, "PPY", 999), Some(160), Class::Other);
    check(ash_birch(1, 500, "PPY", 160), Some(160), Class::Equal);
    // Past midnight it is another calendar day of the same service day.
    check(ash_birch(6, 1_470, "PPY", 160), Some(160), Class::Equal);
    check(ash_birch(3, 700, "TKT", 0), Some(0), Class::Equal);
    check(ash_birch(3, 700, "MIX", 40), None, Class::Other);
    check(row(3, "LUL", ("Ash", "Cedar"), (700, 730), "PPY", 180), None, Class::NotLearned);
    check(row(3, "LUL", ("Ash", "Cedar"), (700, 730), "TKT", 0), Some(0), Class::NotLearned);
    check(row(3, "LUL", ("New", "Newer"), (700, 700), "PPY", 180), None, Class::NotLearned);
    check(row(3, "LTB", ("Bus", "Bus"), (700, 0), "PPY", 100), Some(100), Class::Equal);
    check(row(3, "LTB", ("Bus", "Bus"), (400, 0), "PPY", 100), None, Class::NotLearned);
    check(row(3, "TRAM", ("Dale", "Not Applicable"), (700, 0), "PPY", 45), Some(90), Class::HalfFare);
    check(row(3, "TRAM", ("Dale", "Elm"), (700, 720), "PPY", 90), None, Class::NotLearned);
    check(row(3, "LUL", ("Birch", "Unfinished"), (700, 0), "PPY", 400), Some(400), Class::NotLearned);
    check(row(3, "LUL", ("Unstarted", "Birch"), (700, 720), "PPY", 400), Some(400), Class::NotLearned);
    check(row(3, "LUL", ("Birch", "Unfinished"), (700, 0), "TKT", 0), Some(0), Class::NotLearned);
    check(row(3, "DLR", ("Fern", "Unfinished"), (700, 0), "PPY", 400), None, Class::NotLearned);
    check(row(3, "LUL", ("Ash", "Ash"), (700, 701), "PPY", 400), None, Class::NotLearned);
}

#[test]
fn every_row_becomes_taps_or_is_sent_as_it_stands() {
    let long = "x".repeat(200);
    let rows = [
        row(2, "LUL", ("Ash", "Birch"), (700, 700), "PPY", 160),
        row(2, "LUL", ("Ash", "Unfinished"), (701, 0), "PPY", 400),
        row(2, "LUL", ("Unstarted", "Birch"), (600, 720), "TKT", 0),
        row(2, "LTB", ("Bus", "Bus"), (1_710, 0), "PPY", 100),
        row(2, "LUL", (&long, "Birch"), (702, 730), "PPY", 160),
        row(2, "LUL", ("\u{7}bell", "Bi\u{301}rch"), (702, 730), "NEW", 160),
        row(2, &long, ("Ash", "Birch"), (702, 730), "PPY", 160),
        row(2, "LUL", ("Unstarted", "Unfinished"), (700, 0), "PPY", 400),
        row(2, "LUL", ("Ash", "Birch"), (99_999, 730), "PPY", 160),
        "2,Mon,LUL\n".to_owned(),
        "garbage \u{0}\n".to_owned(),
        row(2, "LUL", ("Ash", "Birch"), (700, 710), "PPY", 0).replace("N\",0", "N\",none"),
    ];
    let day = file(&rows);
    let learned = learn(&[&day]).expect("rows");
    let places = survey(&[&day]).expect("rows");
    let policy = fares::load(&policy_files(&learned, &places)).expect("a policy");
    let events = events(&day, &places, &learned, &options()).expect("events");
    assert_eq!((events.rows.len(), events.odd.len()), (8, 4));
    let envelopes: Vec<_> = events.envelopes(&places).collect();
    assert_eq!(envelopes.len(), events.envelope_count());
    assert_eq!(envelopes.len(), 2 + 1 + 1 + 1 + 2 + 2 + 2 + 2 + 4);
    let master = MasterKey::new(options().master_key);
    let mut taps = 0;
    for (format, bytes) in &envelopes {
        assert_eq!(*format, BodyFormat::Proto);
        let Ok(envelope) = Envelope::decode(bytes) else { continue };
        let key = DeviceKey::derive(&master, &options().environment, envelope.device, 3);
        key.verify(&envelope).expect("a good signature");
        let tap = envelope.tap().expect("a tap");
        let spec = events.devices.iter().find(|spec| spec.id == tap.id.device).expect("a known device");
        let route = match &tap.kind {
            primitives::TapKind::Boarding { route, .. } | primitives::TapKind::Gate { route, .. } => route,
            other => panic!("{other:?}"),
        };
        assert_eq!(policy.route(route.as_str()).expect("a known route").agency, spec.operator);
        taps += 1;
    }
    assert_eq!(taps, envelopes.len() - events.odd.len());
    // A ride within one minute still ends after it began, and numbers follow each device's clock.
    let first = &events.rows[0];
    assert!(first.entry < first.exit || first.entry.expect("in").device != first.exit.expect("out").device);
    assert_eq!(events.accounts().count(), events.rows.len());
    assert_eq!(
        events.accounts().map(|account| account.id).collect::<std::collections::BTreeSet<_>>().len(),
        8
    );
}

#[test]
fn a_row_past_midnight_stays_in_its_service_day() {
    let day = file(&[row(1, "LTB", ("Bus", "Bus"), (1_709, 0), "PPY", 100)]);
    let learned = learn(&[&day]).expect("rows");
    let places = survey(&[&day]).expect("rows");
    let policy = fares::load(&policy_files(&learned, &places)).expect("a policy");
    let events = events(&day, &places, &learned, &options()).expect("events");
    let (_, bytes) = events.envelopes(&places).next().expect("a tap");
    let at: EventTime = Envelope::decode(&bytes).expect("an envelope").tap().expect("a tap").at;
    assert_eq!(policy.day_rule().service_date(at).to_string(), "2009-11-01");
    assert_eq!(policy.currency(), Currency::GBP);
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    let day = lesson();
    let learned = learn(&[&day]).expect("rows");
    let places = survey(&[&day]).expect("rows");
    let bytes = || {
        let events = events(&day, &places, &learned, &options()).expect("events");
        events.envelopes(&places).collect::<Vec<_>>()
    };
    assert_eq!(bytes(), bytes());
    assert_eq!(policy_files(&learned, &places), policy_files(&learned, &places));
}
