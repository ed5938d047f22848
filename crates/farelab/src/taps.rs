//! Recorded taps as JSON Lines: a header, then one riding tap a line with what the gateway knew of it. Only what pricing
//! reads is written: the card's token is left out, and so is everything that is no ride.

use crate::cases::{CaseError, told};
use crate::limits::{COMPLAINTS_MAX, LINE_BYTES_MAX, TAPS_MAX};
use clearing::WindowTap;
use primitives::{AcceptedTap, AccountId, MediumToken, Tap, Tender, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::io::BufRead;
use wire::BodyFormat;

/// The header's mark of such a file.
const MARK: &str = "farehouse-taps";
const VERSION: u64 = 1;

/// One riding tap and whose it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTap {
    /// The account: a random number, no person.
    pub account: AccountId,
    /// The tap.
    pub tap: WindowTap,
}

/// The first line of a file of recorded taps.
pub fn header() -> String {
    json!({ "header": true, "format": MARK, "version": VERSION }).to_string()
}

/// True for the first line of such a file, of any version.
pub fn is_header(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|header| header["format"] == MARK)
}

/// The line of a tap; `None` when it is no ride.
pub fn line(accepted: &AcceptedTap) -> Option<String> {
    WindowTap::of(&accepted.tap, &accepted.rider, &accepted.fare_medium, accepted.tender)?;
    let tap = Tap { medium: MediumToken::new([0; 16]), ..accepted.tap.clone() };
    let tender = match accepted.tender {
        Tender::Prepaid => "prepaid",
        Tender::OpenLoop => "open_loop",
    };
    // The tap is written by `wire`; what stands around it has no names of people's making but ids.
    Some(format!(
        "{{\"account\":\"{}\",\"rider\":{},\"medium\":{},\"tender\":\"{tender}\",\"tap\":{}}}",
        accepted.account.number(),
        Value::from(accepted.rider.as_str()),
        Value::from(accepted.fare_medium.as_str()),
        wire::encode_tap_json(&tap)
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    account: String,
    rider: String,
    medium: String,
    tender: String,
    #[serde(borrow)]
    tap: &'a RawValue,
}

/// Reads the lines after the header, or says everything that is wrong with them. `first` is the number of the first.
pub fn read(lines: impl BufRead, first: u64) -> Result<Vec<RecordedTap>, Vec<CaseError>> {
    let mut taps = Vec::new();
    let mut errors: Vec<CaseError> = Vec::new();
    for (content, line) in lines.split(b'\n').zip(first..) {
        let read = content.map_err(|error| error.to_string()).and_then(|content| read_line(&content));
        match read {
            Ok(tap) => taps.extend(tap),
            Err(message) => errors.push(CaseError { line, message }),
        }
        if taps.len() > TAPS_MAX {
            errors.push(CaseError { line, message: format!("more than {TAPS_MAX} taps") });
        }
        if taps.len() > TAPS_MAX || errors.len() >= COMPLAINTS_MAX {
            break;
        }
    }
    if errors.is_empty() { Ok(taps) } else { Err(errors) }
}

/// One line; nothing when it is empty, or a tap that is no ride.
fn read_line(content: &[u8]) -> Result<Option<RecordedTap>, String> {
    if content.len() > LINE_BYTES_MAX {
        return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(content).map_err(|_| "the line is not UTF-8".to_owned())?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| told(&error))?;
    let account = line.account.parse().ok().and_then(AccountId::new);
    let account = account.ok_or("account: not a number of 63 bits, as a string")?;
    let id = |field: &str, text: &str| Text::new(text).ok_or(format!("{field}: not an id of 1 to 64 bytes"));
    let tender = match line.tender.as_str() {
        "prepaid" => Tender::Prepaid,
        "open_loop" => Tender::OpenLoop,
        _ => return Err("tender: neither `prepaid` nor `open_loop`".to_owned()),
    };
    let tap = wire::parse_tap(BodyFormat::Json, line.tap.get().as_bytes());
    let tap = tap.map_err(|refusal| format!("tap: {refusal}"))?;
    let tap = WindowTap::of(&tap, &id("rider", &line.rider)?, &id("medium", &line.medium)?, tender);
    Ok(tap.map(|tap| RecordedTap { account, tap }))
}
