//! The body of a tap: bytes to value and back, and the one door through which a value gets in.

use crate::envelope::BodyFormat;
use crate::limits::{AMOUNT_MAX, ENVELOPE_BYTES_MAX};
use crate::reader::{Field, Reader, decode, unknown};
use crate::{json, proto};
use primitives::{
    Code, Currency, DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, Money, Refusal, Sequence,
    Tap, TapId, TapKind, Text,
};
use prost::Message;

/// What a device may add to a tap as evidence about its clock. No rule reads it; it stays in the signed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceClock {
    /// Milliseconds since the device started; 0 when not known.
    pub monotonic_ms: u64,
    /// How often the device has started; 0 when not known.
    pub boot_count: u32,
}

/// The protobuf body of a tap, without evidence about the clock.
pub fn encode_tap(tap: &Tap) -> Vec<u8> {
    encode_tap_clocked(tap, DeviceClock::default())
}

/// The protobuf body of a tap.
pub fn encode_tap_clocked(tap: &Tap, clock: DeviceClock) -> Vec<u8> {
    use proto::tap_body::Event;
    let owned = |text: &Text| text.as_str().to_owned();
    let event = match &tap.kind {
        TapKind::Boarding { route, stop, trip, qr } => {
            let (stop, trip) = (stop.as_ref().map(owned), trip.as_ref().map(owned));
            let boarding = proto::Boarding { route: owned(route), stop, trip };
            if *qr { Event::QrBoarding(boarding) } else { Event::BusBoarding(boarding) }
        }
        TapKind::Gate { direction, route, stop } => {
            let gate = proto::Gate { route: owned(route), station: owned(stop) };
            match direction {
                Direction::Entry => Event::MetroEntry(gate),
                Direction::Exit => Event::MetroExit(gate),
            }
        }
        TapKind::SchoolPayment { school, bill, price } => Event::SchoolPayment(proto::SchoolPayment {
            school: owned(school),
            bill: owned(bill),
            amount: price.amount.units(),
            currency: price.currency.letters().to_owned(),
        }),
        TapKind::TopUp { channel, reference, value } => Event::TopUp(proto::TopUp {
            channel: owned(channel),
            reference: owned(reference),
            amount: value.amount.units(),
            currency: value.currency.letters().to_owned(),
        }),
    };
    let body = proto::TapBody {
        device_id: tap.id.device.number(),
        journal_id: tap.id.journal.number(),
        sequence: tap.id.sequence.number(),
        device_time_ms: tap.at.unix_ms(),
        monotonic_ms: clock.monotonic_ms,
        boot_count: clock.boot_count,
        medium: tap.medium.bytes().to_vec(),
        event: Some(event),
    };
    body.encode_to_vec()
}

/// Reads a body. Refused as `DECODE` when it is not of the published form, then by what it says: `CLOCK_INVALID`,
/// `TEXT_INVALID`, `AMOUNT_CURRENCY` (three capital letters; whether they are the city's is not asked here),
/// `AMOUNT_RANGE`. Verify the MAC first.
pub fn parse_tap(format: BodyFormat, body: &[u8]) -> Result<Tap, Refusal> {
    if body.len() > ENVELOPE_BYTES_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("a body of {} bytes", body.len())));
    }
    match format {
        BodyFormat::Proto => read_body(body)?.tap(),
        BodyFormat::Json => json::parse_body(body),
    }
}

/// The identity a body claims, read as far as it can be: a label for what was refused, proven by nothing.
pub fn peek_tap_id(format: BodyFormat, body: &[u8]) -> Option<TapId> {
    if body.len() > ENVELOPE_BYTES_MAX {
        return None;
    }
    let [device, journal, sequence] = match format {
        BodyFormat::Proto => peek_numbers(body),
        BodyFormat::Json => json::peek_numbers(body),
    }?;
    identity(device, journal, sequence)
}

pub(crate) fn identity(device: u64, journal: u64, sequence: u64) -> Option<TapId> {
    Some(TapId {
        device: DeviceId::new(device)?,
        journal: JournalId::new(journal)?,
        sequence: Sequence::new(sequence)?,
    })
}

/// A number that is zero is not written in protobuf; it counts as read once the body is read to its end, but for the
/// device: bytes that name none are labelled with none.
fn peek_numbers(body: &[u8]) -> Option<[u64; 3]> {
    let mut found: [Option<u64>; 3] = [None; 3];
    let mut reader = Reader::new(body);
    let whole = loop {
        match reader.any() {
            Ok(None) => break true,
            Err(_) => break false,
            Ok(Some(field)) => {
                let place = match field.number {
                    1 => &mut found[0],
                    2 => &mut found[1],
                    3 => &mut found[2],
                    _ => continue,
                };
                *place = place.or(field.u64().ok());
            }
        }
    };
    let missing = whole.then_some(0);
    Some([found[0]?, found[1].or(missing)?, found[2].or(missing)?])
}

/// A body whose form is right and whose values are not judged yet. Both formats end here.
pub(crate) struct RawTap<'a> {
    pub(crate) device_id: u64,
    pub(crate) journal_id: u64,
    pub(crate) sequence: u64,
    pub(crate) device_time_ms: i64,
    pub(crate) medium: [u8; 16],
    pub(crate) event: RawEvent<'a>,
}

/// What happened, not judged yet.
#[derive(Clone, Copy)]
pub(crate) enum RawEvent<'a> {
    Boarding { route: &'a str, stop: Option<&'a str>, trip: Option<&'a str>, qr: bool },
    Gate { direction: Direction, route: &'a str, station: &'a str },
    SchoolPayment { school: &'a str, bill: &'a str, amount: i64, currency: &'a str },
    TopUp { channel: &'a str, reference: &'a str, amount: i64, currency: &'a str },
}

impl RawTap<'_> {
    /// The only place where a tap from outside becomes a [`Tap`].
    pub(crate) fn tap(self) -> Result<Tap, Refusal> {
        let id = identity(self.device_id, self.journal_id, self.sequence)
            .ok_or_else(|| decode("an identity of more than 63 bits"))?;
        let at = EventTime::from_unix_ms(self.device_time_ms).ok_or_else(|| {
            Refusal::new(Code::ClockInvalid, "device_time_ms is not in the years 2000 to 2099")
        })?;
        Ok(Tap { id, at, medium: MediumToken::new(self.medium), kind: self.event.kind()? })
    }
}

impl RawEvent<'_> {
    fn kind(self) -> Result<TapKind, Refusal> {
        Ok(match self {
            RawEvent::Boarding { route, stop, trip, qr } => TapKind::Boarding {
                route: text("route", route)?,
                stop: stop.map(|stop| text("stop", stop)).transpose()?,
                trip: trip.map(|trip| text("trip", trip)).transpose()?,
                qr,
            },
            RawEvent::Gate { direction, route, station } => {
                TapKind::Gate { direction, route: text("route", route)?, stop: text("station", station)? }
            }
            RawEvent::SchoolPayment { school, bill, amount, currency } => TapKind::SchoolPayment {
                school: text("school", school)?,
                bill: text("bill", bill)?,
                price: money(amount, currency)?,
            },
            RawEvent::TopUp { channel, reference, amount, currency } => TapKind::TopUp {
                channel: text("channel", channel)?,
                reference: text("reference", reference)?,
                value: money(amount, currency)?,
            },
        })
    }
}

/// A text of an event. Beyond the rule of [`Text`], characters that show nothing or turn the reading direction are
/// refused: two references that look alike on a page must be alike.
pub(crate) fn text(field: &str, value: &str) -> Result<Text, Refusal> {
    let visible = value.is_ascii() || !value.chars().any(invisible);
    let text = if visible { Text::new(value) } else { None };
    text.ok_or_else(|| {
        let detail = format!("{field}: 1 to 64 bytes, nothing invisible, no outer white space");
        Refusal::new(Code::TextInvalid, detail)
    })
}

const fn invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

pub(crate) fn money(amount: i64, currency: &str) -> Result<Money, Refusal> {
    let currency = Currency::parse(currency)
        .map_err(|_| Refusal::new(Code::AmountCurrency, "currency: three capital letters"))?;
    if !(1..=AMOUNT_MAX).contains(&amount) {
        return Err(Refusal::new(Code::AmountRange, format!("amount: {amount} is not in 1 to {AMOUNT_MAX}")));
    }
    Ok(Money::new(Minor::new(amount), currency))
}

fn read_body(bytes: &[u8]) -> Result<RawTap<'_>, Refusal> {
    let (mut device_id, mut journal_id, mut sequence, mut device_time_ms) = (0, 0, 0, 0);
    let (mut medium, mut event): (&[u8], _) = (&[], None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => device_id = field.u64()?,
            2 => journal_id = field.u64()?,
            3 => sequence = field.u64()?,
            4 => device_time_ms = field.i64()?,
            5 => drop(field.u64()?),
            6 => drop(field.u32()?),
            7 => medium = field.bytes()?,
            16..=21 => {
                if event.replace(read_event(&field)?).is_some() {
                    return Err(decode("the body tells two events"));
                }
            }
            _ => return Err(unknown()),
        }
    }
    let medium = medium.try_into().map_err(|_| decode("medium: 16 bytes"))?;
    let event = event.ok_or_else(|| decode("the body tells no event"))?;
    Ok(RawTap { device_id, journal_id, sequence, device_time_ms, medium, event })
}

fn read_event<'a>(field: &Field<'a>) -> Result<RawEvent<'a>, Refusal> {
    let bytes = field.bytes()?;
    match field.number {
        16 => read_boarding(bytes, false),
        17 => read_boarding(bytes, true),
        18 => read_gate(bytes, Direction::Entry),
        19 => read_gate(bytes, Direction::Exit),
        20 => {
            let (school, bill, amount, currency) = read_payment(bytes)?;
            Ok(RawEvent::SchoolPayment { school, bill, amount, currency })
        }
        21 => {
            let (channel, reference, amount, currency) = read_payment(bytes)?;
            Ok(RawEvent::TopUp { channel, reference, amount, currency })
        }
        _ => Err(unknown()),
    }
}

fn read_boarding(bytes: &[u8], qr: bool) -> Result<RawEvent<'_>, Refusal> {
    let (mut route, mut stop, mut trip) = ("", None, None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => route = field.text()?,
            2 => stop = Some(field.text()?),
            3 => trip = Some(field.text()?),
            _ => return Err(unknown()),
        }
    }
    Ok(RawEvent::Boarding { route, stop, trip, qr })
}

fn read_gate(bytes: &[u8], direction: Direction) -> Result<RawEvent<'_>, Refusal> {
    let (mut route, mut station) = ("", "");
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => route = field.text()?,
            2 => station = field.text()?,
            _ => return Err(unknown()),
        }
    }
    Ok(RawEvent::Gate { direction, route, station })
}

/// Both messages that carry money have the same four fields: party, its reference, amount, currency.
pub(crate) fn read_payment(bytes: &[u8]) -> Result<(&str, &str, i64, &str), Refusal> {
    let (mut party, mut reference, mut amount, mut currency) = ("", "", 0, "");
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => party = field.text()?,
            2 => reference = field.text()?,
            3 => amount = field.i64()?,
            4 => currency = field.text()?,
            _ => return Err(unknown()),
        }
    }
    Ok((party, reference, amount, currency))
}
