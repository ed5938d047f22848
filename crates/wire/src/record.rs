//! Records of the event log: what the gateway writes and the clearing worker reads.

use crate::command;
use crate::envelope::View;
use crate::limits::RECORD_BYTES_MAX;
use crate::proto;
use crate::reader::{Reader, decode, unknown};
use crate::tap::text;
use primitives::{
    AcceptedTap, AccountId, Code, DayMarker, Digest, EventTime, PartyNo, PolicyActivation, PostingDate,
    Record, Refusal, Tender, Text,
};
use prost::Message;

/// The bytes of a record. `envelope` is what [`crate::Envelope::encode`] gave for the tap; nothing else has one.
pub fn encode_record(record: &Record, envelope: &[u8]) -> Vec<u8> {
    use proto::log_record::Record as Kind;
    let kind = match record {
        Record::Tap(tap) => Kind::Tap(proto::AcceptedTap {
            envelope: envelope.to_vec(),
            account_id: tap.account.number(),
            rider: tap.rider.as_str().to_owned(),
            fare_medium: tap.fare_medium.as_str().to_owned(),
            tender: tender_number(tap.tender).into(),
            operator: tap.operator.0,
            received_at_ms: tap.received_at.unix_ms(),
        }),
        Record::Day(day) => {
            Kind::Day(proto::DayMarker { closing: day.closing.to_string(), opening: day.opening.to_string() })
        }
        Record::Command(command) => Kind::Command(command::write(command)),
        Record::Policy(activation) => Kind::Policy(proto::PolicyActivation {
            policy: activation.policy.as_str().to_owned(),
            digest: activation.digest.0.to_vec(),
            from_ms: activation.from.unix_ms(),
            before: activation.before.0.to_vec(),
            at_ms: activation.at.unix_ms(),
            asked_by: activation.asked_by.as_str().to_owned(),
            approved_by: activation.approved_by.as_ref().map(|by| by.as_str().to_owned()),
        }),
    };
    proto::LogRecord { record: Some(kind) }.encode_to_vec()
}

/// Reads a record; the tap comes from the body inside the envelope and its digest from the exact bytes there. The
/// MAC is not asked again: only the gateway writes here, and it asked.
pub fn decode_record(bytes: &[u8]) -> Result<Record, Refusal> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("a record of {} bytes", bytes.len())));
    }
    let mut reader = Reader::new(bytes);
    let Some(field) = reader.once()? else { return Err(decode("an empty record")) };
    if reader.once()?.is_some() {
        return Err(decode("a record tells two things"));
    }
    match field.number {
        1 => read_tap(field.bytes()?).map(|tap| Record::Tap(Box::new(tap))),
        2 => read_day(field.bytes()?).map(Record::Day),
        3 => command::read(field.bytes()?).map(|command| Record::Command(Box::new(command))),
        4 => read_policy(field.bytes()?).map(|activation| Record::Policy(Box::new(activation))),
        _ => Err(unknown()),
    }
}

fn read_tap(bytes: &[u8]) -> Result<AcceptedTap, Refusal> {
    let (mut envelope, mut account, mut rider, mut fare_medium): (&[u8], _, _, _) = (&[], 0, "", "");
    let (mut carrier, mut operator, mut received_at_ms) = (0, 0, 0);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => envelope = field.bytes()?,
            2 => account = field.u64()?,
            3 => rider = field.text()?,
            4 => fare_medium = field.text()?,
            5 => carrier = field.u32()?,
            6 => operator = field.u32()?,
            7 => received_at_ms = field.i64()?,
            _ => return Err(unknown()),
        }
    }
    let envelope = View::read(envelope)?;
    Ok(AcceptedTap {
        tap: envelope.tap()?,
        body_digest: Digest::of(envelope.body),
        account: AccountId::new(account).ok_or_else(|| decode("an account id of more than 63 bits"))?,
        rider: Text::new(rider).ok_or_else(|| decode("rider is not a text"))?,
        fare_medium: Text::new(fare_medium).ok_or_else(|| decode("fare_medium is not a text"))?,
        tender: tender(carrier)?,
        operator: PartyNo(operator),
        received_at: EventTime::from_unix_ms(received_at_ms)
            .ok_or_else(|| decode("received_at_ms is not in the years 2000 to 2099"))?,
    })
}

pub(crate) const fn tender_number(tender: Tender) -> proto::Tender {
    match tender {
        Tender::Prepaid => proto::Tender::Prepaid,
        Tender::OpenLoop => proto::Tender::OpenLoop,
    }
}

pub(crate) fn tender(number: u32) -> Result<Tender, Refusal> {
    match number {
        1 => Ok(Tender::Prepaid),
        2 => Ok(Tender::OpenLoop),
        _ => Err(decode("the record names no known tender")),
    }
}

fn read_day(bytes: &[u8]) -> Result<DayMarker, Refusal> {
    let (mut closing, mut opening) = ("", "");
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => closing = field.text()?,
            2 => opening = field.text()?,
            _ => return Err(unknown()),
        }
    }
    let (closing, opening) = (date(closing)?, date(opening)?);
    if opening <= closing {
        return Err(decode("the day that opens is not later than the day that closes"));
    }
    Ok(DayMarker { closing, opening })
}

fn read_policy(bytes: &[u8]) -> Result<PolicyActivation, Refusal> {
    let (mut policy, mut digest, mut from_ms, mut before): (_, &[u8], _, &[u8]) = ("", &[], 0, &[]);
    let (mut at_ms, mut asked_by, mut approved_by) = (0, "", None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => policy = field.text()?,
            2 => digest = field.bytes()?,
            3 => from_ms = field.i64()?,
            4 => before = field.bytes()?,
            5 => at_ms = field.i64()?,
            6 => asked_by = field.text()?,
            7 => approved_by = Some(field.text()?),
            _ => return Err(unknown()),
        }
    }
    let whole = |bytes: &[u8]| bytes.try_into().map(Digest).map_err(|_| decode("a digest is 32 bytes"));
    Ok(PolicyActivation {
        policy: text("policy", policy)?,
        digest: whole(digest)?,
        from: moment(from_ms)?,
        before: whole(before)?,
        at: moment(at_ms)?,
        asked_by: text("asked_by", asked_by)?,
        approved_by: approved_by.map(|by| text("approved_by", by)).transpose()?,
    })
}

/// A time of one of our clocks.
pub(crate) fn moment(unix_ms: i64) -> Result<EventTime, Refusal> {
    EventTime::from_unix_ms(unix_ms).ok_or_else(|| decode("a time is not in the years 2000 to 2099"))
}

/// A date in its one text form.
pub(crate) fn date(text: &str) -> Result<PostingDate, Refusal> {
    PostingDate::parse(text)
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| decode("a date is not YYYY-MM-DD"))
}
