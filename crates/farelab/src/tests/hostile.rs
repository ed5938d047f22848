//! Whatever bytes a file holds, it is read or refused, and never ends the program.

use super::{case_text, city};
use crate::compare::read_recorded;
use crate::feed::{Bounds, read_zip};
use crate::overlay::overlays;
use crate::score::{Options, score};
use proptest::prelude::*;
use std::io::Cursor;

const CASE: &str = r#"{"id":"a","rider":"adult","medium":"card","legs":[{"agency":"rail","network":"metro","route":"T1","start":"2026-03-02T08:00:00+07:00","end":"2026-03-02T08:20:00+07:00","from":{"stop":"S1","lat":-33.8,"lon":151.2,"areas":["west"]},"to":{"stop":"S2"},"via":[{"stop":"S3"}]}],"distances_m":{"S1:S2":3210},"expect":{"total":265,"legs":[265],"surcharge":0}}"#;

/// The text with one place overwritten.
fn spoiled(text: &str, at: usize, with: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = at % letters.len();
    let end = (at + with.chars().count()).min(letters.len());
    letters.splice(at..end, with.chars());
    letters.into_iter().collect()
}

/// Names that a case may give to anything, the policy's own among them.
fn name() -> impl Strategy<Value = Option<String>> {
    let own =
        prop_oneof![Just("B1"), Just("L1"), Just("bus"), Just("metro"), Just("rail"), Just("S1"), Just("S2")];
    prop_oneof![Just(None), own.prop_map(|name| Some(name.to_owned())), "[ -~ạđ]{0,70}".prop_map(Some)]
}

proptest! {
    #[test]
    fn any_text_is_cases_taps_or_complaints(text in "\\PC{0,200}", line in "\\PC{0,200}") {
        let _ = read_recorded(Cursor::new(&text));
        let _ = read_recorded(Cursor::new(case_text(&[&line])));
        let _ = crate::taps::read(Cursor::new(&text), 2);
    }

    #[test]
    fn a_spoiled_case_is_read_or_refused_with_its_line(at in 0_usize..1_000, with in "[-0-9a-z\"{}:,.]{1,4}") {
        match crate::cases::parse(&case_text(&[&spoiled(CASE, at, &with)])) {
            Ok(file) => {
                let scored = score(&[city("minitown")], &file, Options::default()).expect("the overlay loads");
                prop_assert_eq!(scored.cases.len(), 1);
            }
            Err(errors) => prop_assert!(errors.iter().all(|error| error.line == 2 && !error.message.is_empty())),
        }
    }

    #[test]
    fn any_bytes_are_a_zip_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bounds = Bounds { entries: 4, entry_bytes: 1_000, policy_bytes: 2_000 };
        let _ = read_zip(Cursor::new(bytes), "x.zip", bounds);
    }

    #[test]
    fn whatever_a_case_names_its_overlay_loads(names in prop::collection::vec((name(), name(), name(), name(), name()), 1..6)) {
        let text = |name: &Option<String>| name.as_deref().map(serde_json::Value::from).unwrap_or_default();
        let legs: Vec<serde_json::Value> = names
            .iter()
            .map(|(route, network, agency, from, to)| serde_json::json!({
                "start": "2026-03-02T08:00:00+07:00", "route": text(route), "network": text(network),
                "agency": text(agency), "from": { "stop": text(from) }, "to": { "stop": text(to), "lat": 1, "lon": 2 },
            }))
            .collect();
        let case = serde_json::json!({ "rider": "adult", "medium": "card", "legs": legs });
        let case = crate::cases::parse_one(&case.to_string()).expect("a case");
        for overlay in overlays(&city("minitown"), std::slice::from_ref(&case)) {
            let policy = fares::load(&overlay.files).expect("the overlay loads");
            for drafted in overlay.cases.iter().flat_map(|(_, drafted)| drafted).flatten() {
                let leg = drafted.leg(&policy);
                prop_assert!(policy.route(leg.route.as_str()).is_some());
                prop_assert!([&leg.from, &leg.to].into_iter().flatten().all(|stop| policy.has_stop(stop.as_str())));
            }
        }
    }
}
