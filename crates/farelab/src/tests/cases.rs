//! The reader of case files: strict in form, plain in its complaints.

use super::{case_file, case_text};
use crate::cases::{Place, parse, parse_one};
use crate::limits::{CASE_LEGS_MAX, LINE_BYTES_MAX};
use primitives::Minor;

const LEG: &str = r#"{"route":"B1","start":"2026-03-02T08:00:00+07:00","end":"2026-03-02T08:20:00+07:00"}"#;

fn case(fields: &str) -> String {
    format!(r#"{{"id":"a","rider":"adult","medium":"card",{fields}}}"#)
}

#[test]
fn a_case_is_read_as_it_is_written() {
    let file = case_file(&[r#"{"id":"a","rider":"adult","medium":"card","legs":[
           {"agency":"x","network":"RAIL","route":"T1","start":"2023-10-11T18:13:30Z","end":null,
            "from":{"stop":"S1","lat":-33.860,"lon":151.21030,"areas":["b","a","b"]},"to":null}],
           "distances_m":{"S1:S2":3210},"expect":{"total":265,"legs":[265],"surcharge":0},"note":"odd"}"#
        .replace('\n', " ")
        .as_str()]);
    assert_eq!(file.policy.as_deref(), Some("minitown"));
    let case = &file.cases[0];
    assert_eq!((case.line, case.note.as_deref()), (2, Some("odd")));
    let leg = &case.legs[0];
    // Digit for digit: a float would drop the zeros.
    let from = Place {
        stop: Some("S1".into()),
        position: Some(("-33.860".into(), "151.21030".into())),
        areas: vec!["a".into(), "b".into()],
    };
    assert_eq!((&leg.from, leg.to.is_nowhere(), leg.end), (&from, true, None));
    assert_eq!(leg.start.unix_ms(), 1_697_048_010_000);
    assert_eq!(case.distances.get(&("S1".into(), "S2".into())), Some(&3210));
}

#[test]
fn distances_are_parted_at_the_colon_that_gives_stops() {
    let read = |from: &str, to: &str, pair: &str| {
        let legs = format!(
            r#""legs":[{{"route":"B1","start":"2026-03-02T08:00:00Z","from":{{"stop":"{from}"}},"to":{{"stop":"{to}"}}}}]"#
        );
        let case = case(&format!(r#"{legs},"distances_m":{{"{pair}":5}}"#));
        parse_one(&case).map(|case| case.distances.into_keys().next().expect("a pair"))
    };
    let pair = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
    assert_eq!(read("S1", "S2", "S1:S2"), pair("S1", "S2"));
    assert_eq!(read("S1", "S2", "S7:S9"), pair("S7", "S9"));
    assert_eq!(read("vn:1", "vn:2", "vn:1:vn:2"), pair("vn:1", "vn:2"));
    for bad in ["S1", "S1:", ":S2", "a:b:c"] {
        let errors = read("S1", "S2", bad).expect_err("refused");
        assert_eq!(
            errors[0].message,
            format!("distances_m: `{bad}` is not FROM:TO of two stops of the legs")
        );
    }
}

#[test]
fn complaints_name_the_line_and_keep_their_wording() {
    let check = |line: &str, expect: &str| {
        let errors = parse(&case_text(&[line])).expect_err(line);
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [format!("line 2: {expect}")]);
    };
    let legs = |leg: &str| case(&format!(r#""legs":[{leg}],"expect":{{"total":1}}"#));
    check("{", "JSON that ends too early");
    check("{]", "not JSON, at column 2");
    check(r#"{"id":"a","rider":"adult","legs":[],"expect":{"total":1}}"#, "the field `medium` is missing");
    check(&case(r#""legs":[],"legs":[],"expect":{"total":1}"#), "the field `legs` stands twice");
    check(&case(r#""legs":[],"expect":{"total":1}"#), "legs: 1 to 1000, not 0");
    check(&case(&format!(r#""legs":[{LEG}]"#)), "the field `expect` is missing");
    check(
        &case(&format!(r#""legs":[{LEG}],"expect":{{}}"#)),
        "expect: nothing is expected; it needs `total` or `legs`",
    );
    check(
        &case(&format!(r#""legs":[{LEG}],"expect":{{"legs":[1,2]}}"#)),
        "expect.legs: 2 amounts for 1 legs",
    );
    check(
        &legs(r#"{"start":"2026-03-02 08:00"}"#),
        "legs[0].start: not a time of RFC 3339 in the years 2000 to 2099",
    );
    check(
        &legs(r#"{"start":"1999-12-31T23:59:59Z"}"#),
        "legs[0].start: not a time of RFC 3339 in the years 2000 to 2099",
    );
    check(
        &legs(r#"{"start":"2026-03-02T08:00:00Z","end":"2026-03-02T07:59:59Z"}"#),
        "legs[0].end: earlier than its start",
    );
    let place = |place: &str| legs(&format!(r#"{{"start":"2026-03-02T08:00:00Z","to":{place}}}"#));
    check(&place(r#"{"lat":1.5}"#), "legs[0].to: `lat` and `lon` stand together or not at all");
    for bad in ["90.1", "91", "1e1", "-90.0000001"] {
        let place = place(&format!(r#"{{"lat":{bad},"lon":0}}"#));
        check(&place, "legs[0].to: `lat` and `lon` are not decimal degrees");
    }
    check(&place(r#"{"areas":[""]}"#), "legs[0].to.areas: not ids of 1 to 64 bytes");
    check(&legs(LEG).replace("adult", ""), "rider: not an id of 1 to 64 bytes");
}

#[test]
fn every_line_is_complained_of_at_once_and_ids_are_unique() {
    let good = case(&format!(r#""legs":[{LEG}],"expect":{{"total":6000}}"#));
    let errors = parse(&case_text(&["{", &good, "", &good, "[]"])).expect_err("refused");
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2: JSON that ends too early",
            "line 5: the id `a` stands on line 3 already",
            "line 6: a value of another type or out of range",
        ]
    );
}

#[test]
fn the_first_line_is_a_header() {
    for text in ["", "\n", "{}", r#"{"header":false}"#, "header"] {
        let errors = parse(text).expect_err("refused");
        assert_eq!(errors[0].message, "the first line is not a header: {\"header\": true, …}");
    }
    let file = parse("\u{feff}{\"header\":true}\n").expect("a byte order mark is no letter");
    assert_eq!((file.policy, file.cases.len()), (None, 0));
}

#[test]
fn strange_fields_are_named_once_and_left_alone() {
    let line = |id: &str| {
        case(
            r#""kind":1.5,"legs":[{"start":"2026-03-02T08:00:00Z","to":{"platform":[1]}}],"expect":{"total":1,"why":{}}"#,
        )
        .replace(r#""id":"a""#, &format!(r#""id":"{id}""#))
    };
    let file = parse(&case_text(&[&line("a"), &line("b")])).expect("read");
    let told: Vec<String> = file.strangers.iter().map(ToString::to_string).collect();
    let stranger = |name: &str| format!("line 2: `{name}` is not a field of the format; it is left alone");
    assert_eq!(told, [stranger("expect.why"), stranger("kind"), stranger("legs[].to.platform")]);
}

#[test]
fn null_in_expected_legs_is_no_fare_known() {
    let file = case_file(&[&case(&format!(r#""legs":[{LEG},{LEG}],"expect":{{"legs":[null,-5]}}"#))]);
    let expect = file.cases[0].expect.clone().expect("expected");
    assert_eq!((expect.total, expect.legs), (None, Some(vec![None, Some(Minor::new(-5))])));
}

#[test]
fn a_case_and_a_line_have_limits() {
    let legs = |count: usize| {
        let legs = vec![LEG; count].join(",");
        parse(&case_text(&[&case(&format!(r#""legs":[{legs}],"expect":{{"total":1}}"#))]))
    };
    assert_eq!(legs(CASE_LEGS_MAX).expect("at the limit").cases[0].legs.len(), CASE_LEGS_MAX);
    assert_eq!(legs(CASE_LEGS_MAX + 1).expect_err("beyond").len(), 1);
    let line = |bytes: usize| {
        let line = case(&format!(r#""legs":[{LEG}],"expect":{{"total":1}},"note":"""#));
        let note = "x".repeat(bytes - line.len());
        parse(&case_text(&[&line.replace(r#""note":"""#, &format!(r#""note":"{note}""#))]))
    };
    assert_eq!(line(LINE_BYTES_MAX).expect("at the limit").cases.len(), 1);
    let beyond = line(LINE_BYTES_MAX + 1).expect_err("beyond");
    assert_eq!(beyond[0].message, format!("the line is longer than {LINE_BYTES_MAX} bytes"));
}
