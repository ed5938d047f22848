//! Every named limit, at the limit and one past it.

use crate::samples;
use primitives::{Code, EventTime, Refusal, ids::TEXT_LEN_MAX};
use wire::{
    BodyFormat, Envelope, decode_record, encode_record, join_batch, limits, parse_tap, peek_tap_id,
    split_batch, split_batch_json,
};

fn code<T>(result: Result<T, Refusal>) -> Option<Code> {
    result.err().map(|refusal| refusal.code)
}

fn sample() -> primitives::Tap {
    samples::tap(samples::kinds().remove(0).1, 1)
}

/// A protobuf envelope of exactly `size` bytes, properly signed over a body of zeros.
fn envelope_of(size: usize) -> Vec<u8> {
    let device = sample().id.device;
    let around = samples::seal(device, BodyFormat::Proto, vec![0; size]).encode().len() - size;
    let bytes = samples::seal(device, BodyFormat::Proto, vec![0; size - around]).encode();
    assert_eq!(bytes.len(), size, "the length prefixes have the same width");
    bytes
}

#[test]
fn envelope_bytes() {
    let max = limits::ENVELOPE_BYTES_MAX;
    assert_eq!(code(Envelope::decode(&envelope_of(max))), None);
    assert_eq!(code(Envelope::decode(&envelope_of(max + 1))), Some(Code::TooLarge));
    // Size comes before form.
    assert_eq!(code(Envelope::decode(&vec![0xff; max])), Some(Code::Decode));
    assert_eq!(code(Envelope::decode(&vec![0xff; max + 1])), Some(Code::TooLarge));

    let mut text = samples::envelope(&sample(), BodyFormat::Json).encode_json().unwrap();
    text.push_str(&" ".repeat(max - text.len()));
    assert_eq!(code(Envelope::decode_json(text.as_bytes())), None);
    text.push(' ');
    assert_eq!(code(Envelope::decode_json(text.as_bytes())), Some(Code::TooLarge));
}

#[test]
fn body_bytes() {
    let max = limits::ENVELOPE_BYTES_MAX;
    let mut body = wire::encode_tap_json(&sample());
    body.push_str(&" ".repeat(max - body.len()));
    assert_eq!(code(parse_tap(BodyFormat::Json, body.as_bytes())), None);
    assert_eq!(peek_tap_id(BodyFormat::Json, body.as_bytes()), Some(sample().id));
    body.push(' ');
    assert_eq!(code(parse_tap(BodyFormat::Json, body.as_bytes())), Some(Code::TooLarge));
    assert_eq!(peek_tap_id(BodyFormat::Json, body.as_bytes()), None);
    assert_eq!(code(parse_tap(BodyFormat::Proto, &vec![0; max])), Some(Code::Decode));
    assert_eq!(code(parse_tap(BodyFormat::Proto, &vec![0; max + 1])), Some(Code::TooLarge));
}

#[test]
fn batch_bytes() {
    let max = limits::BATCH_BYTES_MAX;
    // 64 envelopes of 65,532 bytes and 4 bytes around each are exactly 4 MiB.
    let mut envelopes = vec![vec![0; max / 64 - 4]; 64];
    assert_eq!(join_batch(&envelopes).len(), max);
    assert_eq!(split_batch(&join_batch(&envelopes)).as_ref(), Ok(&envelopes));
    envelopes[0].push(0);
    assert_eq!(code(split_batch(&join_batch(&envelopes))), Some(Code::TooLarge));

    let mut text = r#"{"taps":[{}]}"#.to_owned();
    text.push_str(&" ".repeat(max - text.len()));
    assert_eq!(split_batch_json(text.as_bytes()), Ok(vec![b"{}".to_vec()]));
    text.push(' ');
    assert_eq!(code(split_batch_json(text.as_bytes())), Some(Code::TooLarge));
}

#[test]
fn batch_taps() {
    let max = limits::BATCH_TAPS_MAX;
    let json = |count: usize| format!(r#"{{"taps":[{}]}}"#, vec!["{}"; count].join(","));
    assert_eq!(split_batch(&join_batch(&vec![vec![1]; max])).map(|taps| taps.len()), Ok(max));
    assert_eq!(code(split_batch(&join_batch(&vec![vec![1]; max + 1]))), Some(Code::TooLarge));
    assert_eq!(split_batch_json(json(max).as_bytes()).map(|taps| taps.len()), Ok(max));
    assert_eq!(code(split_batch_json(json(max + 1).as_bytes())), Some(Code::TooLarge));
    assert_eq!(code(split_batch_json(json(100_000).as_bytes())), Some(Code::TooLarge));
    // The least number of taps is one.
    assert_eq!(code(split_batch(&join_batch(&[]))), Some(Code::Decode));
    assert_eq!(code(split_batch_json(json(0).as_bytes())), Some(Code::Decode));
}

#[test]
fn an_oversize_envelope_does_not_stop_its_batch() {
    let good = samples::envelope(&sample(), BodyFormat::Proto).encode();
    let oversize = vec![0; limits::ENVELOPE_BYTES_MAX + 1];
    let taps = split_batch(&join_batch(&[oversize, good])).unwrap();
    assert_eq!(
        taps.iter().map(|tap| code(Envelope::decode(tap))).collect::<Vec<_>>(),
        [Some(Code::TooLarge), None]
    );
}

#[test]
fn record_bytes() {
    let max = limits::RECORD_BYTES_MAX;
    assert_eq!(code(decode_record(&vec![0; max])), Some(Code::Decode));
    assert_eq!(code(decode_record(&vec![0; max + 1])), Some(Code::TooLarge));
    // The longest envelope with the longest texts around it fits.
    let mut body = wire::encode_tap_json(&sample());
    let around = samples::seal(sample().id.device, BodyFormat::Json, vec![0; 65_000]).encode().len() - 65_000;
    body.push_str(&" ".repeat(limits::ENVELOPE_BYTES_MAX - around - body.len()));
    let envelope = samples::seal(sample().id.device, BodyFormat::Json, body.into_bytes());
    assert_eq!(envelope.encode().len(), limits::ENVELOPE_BYTES_MAX);
    let primitives::Record::Tap(mut tap) = samples::accepted(&sample(), &envelope) else { panic!("a tap") };
    tap.account = primitives::AccountId::new(i64::MAX as u64).unwrap();
    tap.rider = samples::text(&"r".repeat(TEXT_LEN_MAX));
    tap.fare_medium = samples::text(&"m".repeat(TEXT_LEN_MAX));
    tap.operator = primitives::PartyNo(u32::MAX);
    let record = primitives::Record::Tap(tap);
    assert_eq!(decode_record(&encode_record(&record, &envelope.encode())), Ok(record));
}

#[test]
fn mac_bytes() {
    let envelope = samples::envelope(&sample(), BodyFormat::Proto);
    let key = samples::device_key(envelope.device, envelope.key_version);
    let check = |mac: &[u8], expect| {
        let bytes = Envelope { mac: mac.to_vec(), ..envelope.clone() }.encode();
        // A MAC of any length is of the form; the key judges it.
        assert_eq!(code(key.verify(&Envelope::decode(&bytes).unwrap())), expect, "{} bytes", mac.len());
    };
    assert_eq!(envelope.mac.len(), limits::MAC_BYTES);
    check(&envelope.mac, None);
    check(&envelope.mac[..limits::MAC_BYTES - 1], Some(Code::MacBad));
    check(&[&envelope.mac[..], &[0]].concat(), Some(Code::MacBad));
    check(&[], Some(Code::MacBad));
}

/// A JSON body with one field replaced.
fn json(field: &str, value: &str) -> Vec<u8> {
    let mut fields = [
        ("device_id", "7"),
        ("journal_id", "8"),
        ("sequence", "9"),
        ("device_time_ms", "1772323200000"),
        ("medium", r#""00112233445566778899aabbccddeeff""#),
    ];
    let mut event =
        [("channel", r#""napas""#), ("reference", r#""R1""#), ("amount", "5"), ("currency", r#""VND""#)];
    for (name, old) in fields.iter_mut().chain(&mut event) {
        if *name == field {
            *old = value;
        }
    }
    let join = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(",")
    };
    format!("{{{},\"top_up\":{{{}}}}}", join(&fields), join(&event)).into_bytes()
}

/// The same in protobuf, for a field of 64 bits.
fn proto(field: &str, value: i64) -> Vec<u8> {
    let varint = |mut value: u64| {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let number = |tag: u8, name: &str, default: i64| {
        let value = if name == field { value } else { default };
        [vec![tag], varint(value as u64)].concat()
    };
    let chunk = |tag: &[u8], bytes: &[u8]| [tag, &[bytes.len() as u8], bytes].concat();
    let event =
        [chunk(&[0x0a], b"napas"), chunk(&[0x12], b"R1"), number(0x18, "amount", 5), chunk(&[0x22], b"VND")]
            .concat();
    [
        number(0x08, "device_id", 7),
        number(0x10, "journal_id", 8),
        number(0x18, "sequence", 9),
        number(0x20, "device_time_ms", 1_772_323_200_000),
        chunk(&[0x3a], &[5; 16]),
        chunk(&[0xaa, 0x01], &event),
    ]
    .concat()
}

fn check_number(field: &str, value: i64, expect: Option<Code>) {
    let quoted = format!("\"{value}\"");
    assert_eq!(code(parse_tap(BodyFormat::Proto, &proto(field, value))), expect, "{field} {value}");
    assert_eq!(code(parse_tap(BodyFormat::Json, &json(field, &quoted))), expect, "{field} {quoted}");
    if value.unsigned_abs() <= limits::JSON_NUMBER_MAX {
        assert_eq!(
            code(parse_tap(BodyFormat::Json, &json(field, &value.to_string()))),
            expect,
            "{field} {value}"
        );
    }
}

#[test]
fn amounts() {
    check_number("amount", 1, None);
    check_number("amount", 0, Some(Code::AmountRange));
    check_number("amount", -1, Some(Code::AmountRange));
    check_number("amount", i64::MIN, Some(Code::AmountRange));
    check_number("amount", limits::AMOUNT_MAX, None);
    check_number("amount", limits::AMOUNT_MAX + 1, Some(Code::AmountRange));
    check_number("amount", i64::MAX, Some(Code::AmountRange));
}

#[test]
fn times() {
    let check = |value, expect| check_number("device_time_ms", value, expect);
    check(EventTime::MIN_MS, None);
    check(EventTime::MIN_MS - 1, Some(Code::ClockInvalid));
    check(EventTime::END_MS - 1, None);
    check(EventTime::END_MS, Some(Code::ClockInvalid));
    // Epoch 0, before it, the year 9999 and a clock in microseconds.
    check(0, Some(Code::ClockInvalid));
    check(-1, Some(Code::ClockInvalid));
    check(253_402_300_799_999, Some(Code::ClockInvalid));
    check(1_772_323_200_000_000, Some(Code::ClockInvalid));
}

#[test]
fn identities() {
    for field in ["device_id", "journal_id", "sequence"] {
        check_number(field, 0, None);
        check_number(field, i64::MAX, None);
        // Read as unsigned, the protobuf number is 2^63.
        check_number(field, i64::MIN, Some(Code::Decode));
        assert_eq!(
            code(parse_tap(BodyFormat::Json, &json(field, "\"9223372036854775808\""))),
            Some(Code::Decode)
        );
    }
}

#[test]
fn json_numbers() {
    let check = |value: &str, expect| {
        assert_eq!(code(parse_tap(BodyFormat::Json, &json("journal_id", value))), expect, "{value}");
    };
    assert_eq!(limits::JSON_NUMBER_MAX, 9_007_199_254_740_991);
    check("9007199254740991", None);
    check("9007199254740992", Some(Code::Decode));
    check("\"9007199254740992\"", None);
    assert_eq!(
        code(parse_tap(BodyFormat::Json, &json("amount", "-9007199254740991"))),
        Some(Code::AmountRange)
    );
    assert_eq!(code(parse_tap(BodyFormat::Json, &json("amount", "-9007199254740992"))), Some(Code::Decode));
}

#[test]
fn texts() {
    let check = |length: usize, expect| {
        let value = format!("\"{}\"", "x".repeat(length));
        assert_eq!(code(parse_tap(BodyFormat::Json, &json("reference", &value))), expect, "{length}");
    };
    check(0, Some(Code::TextInvalid));
    check(1, None);
    check(TEXT_LEN_MAX, None);
    check(TEXT_LEN_MAX + 1, Some(Code::TextInvalid));
    check(60_000, Some(Code::TextInvalid));
}
