//! The JSON twin for small senders: `schemas/tap.schema.json`. Nothing here but form; values are judged in `tap`.

use crate::envelope::{BodyFormat, Envelope};
use crate::limits::JSON_NUMBER_MAX;
use crate::reader::decode;
use crate::tap::{DeviceClock, RawEvent, RawTap};
use primitives::canonical::{hex, unhex};
use primitives::{DeviceId, Direction, MediumToken, Money, Refusal, Tap, TapKind};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;

/// The JSON body of a tap, without evidence about the clock.
pub fn encode_tap_json(tap: &Tap) -> String {
    encode_tap_json_clocked(tap, DeviceClock::default())
}

/// The JSON body of a tap. The order of its fields is fixed.
pub fn encode_tap_json_clocked(tap: &Tap, clock: DeviceClock) -> String {
    let mut event = Object::default();
    match &tap.kind {
        TapKind::Boarding { route, stop, trip, qr: _ } => {
            event.text("route", route.as_str());
            stop.iter().for_each(|stop| event.text("stop", stop.as_str()));
            trip.iter().for_each(|trip| event.text("trip", trip.as_str()));
        }
        TapKind::Gate { direction: _, route, stop } => {
            event.text("route", route.as_str());
            event.text("station", stop.as_str());
        }
        TapKind::SchoolPayment { school, bill, price } => {
            event.text("school", school.as_str());
            event.text("bill", bill.as_str());
            event.money(*price);
        }
        TapKind::TopUp { channel, reference, value } => {
            event.text("channel", channel.as_str());
            event.text("reference", reference.as_str());
            event.money(*value);
        }
    }
    let mut body = Object::default();
    body.number("device_id", tap.id.device.number());
    body.number("journal_id", tap.id.journal.number());
    body.number("sequence", tap.id.sequence.number());
    body.signed("device_time_ms", tap.at.unix_ms());
    body.number("monotonic_ms", clock.monotonic_ms);
    body.number("boot_count", clock.boot_count.into());
    body.text("medium", &tap.medium.to_string());
    body.raw(tap.kind.word(), &event.close());
    body.close()
}

pub(crate) fn parse_body(body: &[u8]) -> Result<Tap, Refusal> {
    let body: BodyJson = serde_json::from_slice(body).map_err(refusal)?;
    body.raw()?.tap()
}

pub(crate) fn peek_numbers(body: &[u8]) -> Option<[u64; 3]> {
    let label: LabelJson = serde_json::from_slice(body).ok()?;
    Some([label.device_id, label.journal_id, label.sequence])
}

pub(crate) fn read_envelope(bytes: &[u8]) -> Result<Envelope, Refusal> {
    let envelope: EnvelopeJson = serde_json::from_slice(bytes).map_err(refusal)?;
    if envelope.body.is_empty() {
        return Err(decode("the envelope has no body"));
    }
    Ok(Envelope {
        device: DeviceId::new(envelope.device_id)
            .ok_or_else(|| decode("a device id of more than 63 bits"))?,
        key_version: envelope.key_version,
        format: BodyFormat::Json,
        body: envelope.body.into_bytes(),
        mac: unhex(&envelope.mac).ok_or_else(|| decode("mac: hexadecimal text"))?,
    })
}

pub(crate) fn write_envelope(envelope: &Envelope) -> Result<String, Refusal> {
    let body = match (envelope.format, std::str::from_utf8(&envelope.body)) {
        (BodyFormat::Json, Ok(body)) => body,
        _ => return Err(decode("only a JSON body fits a JSON envelope")),
    };
    let mut object = Object::default();
    object.number("device_id", envelope.device.number());
    object.number("key_version", envelope.key_version.into());
    object.text("body", body);
    object.text("mac", &hex(&envelope.mac));
    Ok(object.close())
}

/// What was wrong and where, without the sender's values: a detail is shown and logged.
pub(crate) fn refusal(error: serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    let told = error.to_string();
    let what = match error.classify() {
        serde_json::error::Category::Eof => "JSON that ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
        serde_json::error::Category::Data if told.starts_with("unknown field") => {
            "a field that is not in the schema"
        }
        serde_json::error::Category::Data if told.starts_with("duplicate field") => "a field stands twice",
        serde_json::error::Category::Data if told.starts_with("missing field") => "a field is missing",
        serde_json::error::Category::Data => "a value of another type or out of range",
    };
    decode(&format!("{what}, at line {line} column {column}"))
}

/// An object as it is written. Hand-made, because serde's way can fail and these values cannot.
#[derive(Default)]
struct Object(String);

impl Object {
    fn raw(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(value);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &Value::from(value).to_string());
    }

    fn number(&mut self, name: &str, value: u64) {
        if value > JSON_NUMBER_MAX {
            self.text(name, &value.to_string());
        } else {
            self.raw(name, &value.to_string());
        }
    }

    fn signed(&mut self, name: &str, value: i64) {
        if value.unsigned_abs() > JSON_NUMBER_MAX {
            self.text(name, &value.to_string());
        } else {
            self.raw(name, &value.to_string());
        }
    }

    fn money(&mut self, money: Money) {
        self.signed("amount", money.amount.units());
        self.text("currency", money.currency.letters());
    }

    fn close(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeJson {
    #[serde(deserialize_with = "whole")]
    device_id: u64,
    key_version: u32,
    body: String,
    // A missing MAC is an empty one: it is MAC_BAD, not DECODE.
    #[serde(default)]
    mac: String,
}

/// Only the label of a body; everything else is passed over.
#[derive(Deserialize)]
struct LabelJson {
    #[serde(deserialize_with = "whole")]
    device_id: u64,
    #[serde(deserialize_with = "whole")]
    journal_id: u64,
    #[serde(deserialize_with = "whole")]
    sequence: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyJson {
    #[serde(deserialize_with = "whole")]
    device_id: u64,
    #[serde(deserialize_with = "whole")]
    journal_id: u64,
    #[serde(deserialize_with = "whole")]
    sequence: u64,
    #[serde(deserialize_with = "whole")]
    device_time_ms: i64,
    // Evidence, read for its form only.
    #[serde(default, deserialize_with = "whole", rename = "monotonic_ms")]
    _monotonic_ms: u64,
    #[serde(default, rename = "boot_count")]
    _boot_count: u32,
    medium: String,
    #[serde(default, deserialize_with = "present")]
    bus_boarding: Option<BoardingJson>,
    #[serde(default, deserialize_with = "present")]
    qr_boarding: Option<BoardingJson>,
    #[serde(default, deserialize_with = "present")]
    metro_entry: Option<GateJson>,
    #[serde(default, deserialize_with = "present")]
    metro_exit: Option<GateJson>,
    #[serde(default, deserialize_with = "present")]
    school_payment: Option<SchoolPaymentJson>,
    #[serde(default, deserialize_with = "present")]
    top_up: Option<TopUpJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoardingJson {
    route: String,
    #[serde(default, deserialize_with = "present")]
    stop: Option<String>,
    #[serde(default, deserialize_with = "present")]
    trip: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateJson {
    route: String,
    station: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchoolPaymentJson {
    school: String,
    bill: String,
    #[serde(deserialize_with = "whole")]
    amount: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopUpJson {
    channel: String,
    reference: String,
    #[serde(deserialize_with = "whole")]
    amount: i64,
    currency: String,
}

impl BodyJson {
    fn raw(&self) -> Result<RawTap<'_>, Refusal> {
        let events = [
            self.bus_boarding.as_ref().map(|event| event.raw(false)),
            self.qr_boarding.as_ref().map(|event| event.raw(true)),
            self.metro_entry.as_ref().map(|event| event.raw(Direction::Entry)),
            self.metro_exit.as_ref().map(|event| event.raw(Direction::Exit)),
            self.school_payment.as_ref().map(SchoolPaymentJson::raw),
            self.top_up.as_ref().map(TopUpJson::raw),
        ];
        let mut told = events.into_iter().flatten();
        let event = match (told.next(), told.next()) {
            (Some(event), None) => event,
            (None, _) => return Err(decode("the body tells no event")),
            (Some(_), Some(_)) => return Err(decode("the body tells two events")),
        };
        let medium =
            MediumToken::parse(&self.medium).ok_or_else(|| decode("medium: 32 hexadecimal letters"))?;
        Ok(RawTap {
            device_id: self.device_id,
            journal_id: self.journal_id,
            sequence: self.sequence,
            device_time_ms: self.device_time_ms,
            medium: *medium.bytes(),
            event,
        })
    }
}

impl BoardingJson {
    fn raw(&self, qr: bool) -> RawEvent<'_> {
        RawEvent::Boarding { route: &self.route, stop: self.stop.as_deref(), trip: self.trip.as_deref(), qr }
    }
}

impl GateJson {
    fn raw(&self, direction: Direction) -> RawEvent<'_> {
        RawEvent::Gate { direction, route: &self.route, station: &self.station }
    }
}

impl SchoolPaymentJson {
    fn raw(&self) -> RawEvent<'_> {
        let SchoolPaymentJson { school, bill, amount, currency } = self;
        RawEvent::SchoolPayment { school, bill, amount: *amount, currency }
    }
}

impl TopUpJson {
    fn raw(&self) -> RawEvent<'_> {
        let TopUpJson { channel, reference, amount, currency } = self;
        RawEvent::TopUp { channel, reference, amount: *amount, currency }
    }
}

/// An optional field that is either absent or there: `null` is a value of another type.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A whole number: a JSON number up to [`JSON_NUMBER_MAX`] either side of zero, or a string of its digits. A larger
/// JSON number is refused, because the sender's library may have rounded it before it was signed.
fn whole<'de, D: Deserializer<'de>, T: TryFrom<i128>>(from: D) -> Result<T, D::Error> {
    let number = from.deserialize_any(Whole)?;
    T::try_from(number).map_err(|_| D::Error::custom("a number out of range"))
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, above 2^53 - 1 as a string")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i128, E> {
        if number > JSON_NUMBER_MAX {
            return Err(E::invalid_value(Unexpected::Unsigned(number), &self));
        }
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i128, E> {
        if number.unsigned_abs() > JSON_NUMBER_MAX {
            return Err(E::invalid_value(Unexpected::Signed(number), &self));
        }
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<i128, E> {
        // One text for one number: no plus sign, no leading zero, no minus zero.
        let number: i128 = digits.parse().map_err(|_| E::invalid_type(Unexpected::Str("…"), &self))?;
        if number.to_string() != digits {
            return Err(E::invalid_type(Unexpected::Str("…"), &self));
        }
        Ok(number)
    }
}
