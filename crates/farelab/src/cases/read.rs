//! Case files: text to cases. Everything that is wrong with a file is said at once, each with its line.

use super::raw;
use super::{Case, CaseFile, CaseLeg, Expect, Place};
use crate::limits::{CASE_LEGS_MAX, CASES_MAX, COMPLAINTS_MAX, LINE_BYTES_MAX};
use chrono::DateTime;
use primitives::{EventTime, Minor, Text};
use serde::Deserialize;
use serde_json::error::Category;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is wrong with a case file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CaseError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, in words that stay the same.
    pub message: String,
}

/// The complaints about one line.
struct Complaints<'a> {
    line: u64,
    all: &'a mut Vec<CaseError>,
    strangers: &'a mut BTreeMap<String, u64>,
}

impl Complaints<'_> {
    fn add(&mut self, message: impl Into<String>) {
        self.all.push(CaseError { line: self.line, message: message.into() });
    }

    fn strangers(&mut self, place: &str, strangers: &raw::Strangers) {
        for name in strangers.keys() {
            self.strangers.entry(format!("{place}{name}")).or_insert(self.line);
        }
    }
}

/// Reads a case file, or says everything that is wrong with it.
pub fn parse(text: &str) -> Result<CaseFile, Vec<CaseError>> {
    let mut errors = Vec::new();
    let mut strangers = BTreeMap::new();
    let mut file = CaseFile { policy: None, cases: Vec::new(), strangers: Vec::new() };
    let mut ids: BTreeMap<String, u64> = BTreeMap::new();
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
    let mut lines = lines.filter(|(line, _)| !line.trim().is_empty());
    match lines.next() {
        Some((first, line)) if is_header(first) => match serde_json::from_str::<raw::Header>(first) {
            Ok(header) => file.policy = header.policy,
            Err(error) => errors.push(CaseError { line, message: told(&error) }),
        },
        first => {
            let line = first.map_or(1, |(_, line)| line);
            let message = "the first line is not a header: {\"header\": true, …}".to_owned();
            return Err(vec![CaseError { line, message }]);
        }
    }
    for (content, line) in lines {
        let mut complaints = Complaints { line, all: &mut errors, strangers: &mut strangers };
        let Some(case) = read_case(content, &mut complaints) else { continue };
        if let Some(first) = ids.insert(case.id.clone(), line) {
            complaints.add(format!("the id `{}` stands on line {first} already", case.id));
        }
        file.cases.push(case);
        if file.cases.len() > CASES_MAX {
            complaints.add(format!("more than {CASES_MAX} cases"));
            break;
        }
    }
    if !errors.is_empty() {
        return Err(shortened(errors));
    }
    file.strangers = strangers.into_iter().map(stranger).collect();
    Ok(file)
}

/// Reads one case by itself, which needs no id and may expect nothing.
pub fn parse_one(text: &str) -> Result<Case, Vec<CaseError>> {
    let (mut errors, mut strangers) = (Vec::new(), BTreeMap::new());
    let mut complaints = Complaints { line: 1, all: &mut errors, strangers: &mut strangers };
    match read_body(text, &mut complaints) {
        Some(case) if errors.is_empty() => Ok(case),
        _ => Err(shortened(errors)),
    }
}

fn stranger((name, line): (String, u64)) -> CaseError {
    CaseError { line, message: format!("`{name}` is not a field of the format; it is left alone") }
}

/// A long list helps nobody; its last line says how much is left out.
fn shortened(mut errors: Vec<CaseError>) -> Vec<CaseError> {
    if errors.len() > COMPLAINTS_MAX {
        let more = errors.len() - COMPLAINTS_MAX;
        errors.truncate(COMPLAINTS_MAX);
        let line = errors.last().map_or(0, |error| error.line);
        errors.push(CaseError { line, message: format!("{more} more errors are not listed") });
    }
    errors
}

/// True for a line that says it is a header.
fn is_header(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        header: bool,
    }
    serde_json::from_str::<Mark>(line).is_ok_and(|mark| mark.header)
}

/// What a JSON reader complains of, in words of ours, which stay the same.
pub(crate) fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let field = text.split('`').nth(1).unwrap_or_default();
    let column = error.column();
    match error.classify() {
        Category::Eof => "JSON that ends too early".to_owned(),
        Category::Syntax | Category::Io => format!("not JSON, at column {column}"),
        Category::Data if text.starts_with("missing field") => format!("the field `{field}` is missing"),
        Category::Data if text.starts_with("duplicate field") => format!("the field `{field}` stands twice"),
        Category::Data if text.starts_with("unknown field") => {
            format!("`{field}` is not a field of the format")
        }
        Category::Data if column == 0 => "a value of another type or out of range".to_owned(),
        Category::Data => format!("a value of another type or out of range, before column {column}"),
    }
}

fn read_case(text: &str, complaints: &mut Complaints<'_>) -> Option<Case> {
    if text.len() > LINE_BYTES_MAX {
        complaints.add(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
        return None;
    }
    let case = read_body(text, complaints)?;
    if case.id.is_empty() {
        complaints.add("the field `id` is missing");
    }
    match &case.expect {
        None => complaints.add("the field `expect` is missing"),
        Some(expect) if *expect == Expect::default() => {
            complaints.add("expect: nothing is expected; it needs `total` or `legs`");
        }
        Some(_) => {}
    }
    Some(case)
}

fn read_body(text: &str, complaints: &mut Complaints<'_>) -> Option<Case> {
    let raw: raw::Case = match serde_json::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            complaints.add(told(&error));
            return None;
        }
    };
    complaints.strangers("", &raw.strangers);
    if raw.legs.is_empty() || raw.legs.len() > CASE_LEGS_MAX {
        complaints.add(format!("legs: 1 to {CASE_LEGS_MAX}, not {}", raw.legs.len()));
    }
    let rider = read_id("rider", &raw.rider, complaints);
    let medium = read_id("medium", &raw.medium, complaints);
    let count = raw.legs.len();
    let legs = raw.legs.into_iter().enumerate().filter_map(|(index, leg)| read_leg(index, leg, complaints));
    let legs: Vec<CaseLeg> = legs.collect();
    let distances = read_distances(raw.distances_m.unwrap_or_default(), &legs, complaints);
    let expect = raw.expect.map(|expect| read_expect(expect, count, complaints));
    Some(Case {
        line: complaints.line,
        id: raw.id.unwrap_or_default(),
        rider: rider?,
        medium: medium?,
        legs,
        distances,
        expect,
        note: raw.note,
    })
}

fn read_id(field: &str, text: &str, complaints: &mut Complaints<'_>) -> Option<Text> {
    let id = Text::new(text);
    if id.is_none() {
        complaints.add(format!("{field}: not an id of 1 to 64 bytes"));
    }
    id
}

fn read_leg(index: usize, raw: raw::Leg, complaints: &mut Complaints<'_>) -> Option<CaseLeg> {
    complaints.strangers("legs[].", &raw.strangers);
    let start = read_time(index, "start", &raw.start, complaints);
    let end = raw.end.map(|end| read_time(index, "end", &end, complaints));
    let from = read_place(index, "from", raw.from.unwrap_or_default(), complaints);
    let to = read_place(index, "to", raw.to.unwrap_or_default(), complaints);
    let via = raw.via.unwrap_or_default().into_iter();
    let via = via.map(|place| read_place(index, "via", place, complaints)).collect();
    if let (Some(start), Some(Some(end))) = (start, end)
        && end < start
    {
        complaints.add(format!("legs[{index}].end: earlier than its start"));
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Some(CaseLeg {
        agency: filled(raw.agency),
        network: filled(raw.network),
        route: filled(raw.route),
        from,
        to,
        via,
        start: start?,
        end: end.flatten(),
    })
}

fn read_time(index: usize, field: &str, text: &str, complaints: &mut Complaints<'_>) -> Option<EventTime> {
    let time = DateTime::parse_from_rfc3339(text).ok();
    let time = time.and_then(|time| EventTime::from_unix_ms(time.timestamp_millis()));
    if time.is_none() {
        complaints.add(format!("legs[{index}].{field}: not a time of RFC 3339 in the years 2000 to 2099"));
    }
    time
}

fn read_place(index: usize, field: &str, raw: raw::Place, complaints: &mut Complaints<'_>) -> Place {
    complaints.strangers(&format!("legs[].{field}."), &raw.strangers);
    let position = match (raw.lat, raw.lon) {
        (Some(lat), Some(lon)) if !is_degrees(&lat.0, 90) || !is_degrees(&lon.0, 180) => {
            complaints.add(format!("legs[{index}].{field}: `lat` and `lon` are not decimal degrees"));
            None
        }
        (Some(lat), Some(lon)) => Some((lat.0, lon.0)),
        (None, None) => None,
        _ => {
            complaints.add(format!("legs[{index}].{field}: `lat` and `lon` stand together or not at all"));
            None
        }
    };
    let areas: BTreeSet<String> = raw.areas.unwrap_or_default().into_iter().collect();
    if areas.iter().any(|area| Text::new(area).is_none()) {
        complaints.add(format!("legs[{index}].{field}.areas: not ids of 1 to 64 bytes"));
    }
    let stop = raw.stop.filter(|stop| !stop.is_empty());
    Place { stop, position, areas: areas.into_iter().collect() }
}

/// True for plain decimal digits up to `max` either side of zero; no exponent.
fn is_degrees(text: &str, max: u32) -> bool {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let nothing_more = fraction.bytes().all(|byte| byte == b'0');
    let inside = whole.parse::<u32>().is_ok_and(|whole| whole < max || whole == max && nothing_more);
    digits(whole) && digits(fraction) && inside
}

/// A colon parts the two stops. A stop's id may hold one itself: then the parting counts that gives stops of the legs.
fn read_distances(
    raw: raw::Distances,
    legs: &[CaseLeg],
    complaints: &mut Complaints<'_>,
) -> BTreeMap<(String, String), u32> {
    let stops: BTreeSet<&str> =
        legs.iter().flat_map(|leg| [&leg.from, &leg.to]).filter_map(|place| place.stop.as_deref()).collect();
    let mut distances = BTreeMap::new();
    for (pair, metres) in raw.0 {
        let partings: Vec<(&str, &str)> =
            pair.match_indices(':').map(|(at, colon)| (&pair[..at], &pair[at + colon.len()..])).collect();
        let named = partings.iter().find(|(from, to)| stops.contains(from) && stops.contains(to));
        match (named, partings.as_slice()) {
            (Some((from, to)), _) | (None, [(from, to)]) if !from.is_empty() && !to.is_empty() => {
                distances.insert(((*from).to_owned(), (*to).to_owned()), metres);
            }
            _ => complaints.add(format!("distances_m: `{pair}` is not FROM:TO of two stops of the legs")),
        }
    }
    distances
}

fn read_expect(raw: raw::Expect, legs: usize, complaints: &mut Complaints<'_>) -> Expect {
    complaints.strangers("expect.", &raw.strangers);
    if let Some(expected) = &raw.legs
        && expected.len() != legs
    {
        complaints.add(format!("expect.legs: {} amounts for {legs} legs", expected.len()));
    }
    let amounts = |legs: Vec<Option<i64>>| legs.into_iter().map(|amount| amount.map(Minor::new)).collect();
    Expect {
        total: raw.total.map(Minor::new),
        legs: raw.legs.map(amounts),
        surcharge: raw.surcharge.map(Minor::new),
    }
}
