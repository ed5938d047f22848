//! Bad inputs by form and by value, each with its code.

use crate::samples;
use primitives::{Code, Refusal};
use wire::{
    BodyFormat, Envelope, decode_record, encode_record, parse_tap, peek_tap_id, split_batch, split_batch_json,
};

fn code<T>(result: Result<T, Refusal>) -> Option<Code> {
    result.err().map(|refusal| refusal.code)
}

const GATE: &str = r#"{"device_id":7,"journal_id":8,"sequence":9,"device_time_ms":1772323200000,
    "medium":"00112233445566778899aabbccddeeff","metro_entry":{"route":"M1","station":"S1"}}"#;
const TOP_UP: &str = r#"{"device_id":7,"journal_id":8,"sequence":9,"device_time_ms":1772323200000,
    "medium":"00112233445566778899aabbccddeeff",
    "top_up":{"channel":"napas","reference":"R1","amount":5,"currency":"VND"}}"#;

/// A body with a part replaced.
fn body(of: &str, part: &str, by: &str) -> Option<Code> {
    assert_eq!(of.matches(part).count(), 1, "{part}");
    code(parse_tap(BodyFormat::Json, of.replace(part, by).as_bytes()))
}

#[test]
fn json_of_another_form() {
    let check =
        |part: &str, by: &str| assert_eq!(body(TOP_UP, part, by), Some(Code::Decode), "{part} → {by}");
    assert_eq!(code(parse_tap(BodyFormat::Json, TOP_UP.as_bytes())), None);
    // A field twice, unknown, null, or missing.
    check(r#""sequence":9"#, r#""sequence":9,"sequence":9"#);
    check(r#""reference":"R1""#, r#""reference":"R1","reference":"R1""#);
    check(r#""sequence":9"#, r#""sequence":9,"tip":1"#);
    check(r#""amount":5"#, r#""amount":5,"fee":0"#);
    check(r#""sequence":9"#, r#""sequence":null"#);
    check(r#""sequence":9"#, r#""sequence":9,"monotonic_ms":null"#);
    check(r#""sequence":9"#, r#""sequence":9,"bus_boarding":null"#);
    check(r#""amount":5,"#, "");
    // Two events, or the same one twice.
    check(r#""sequence":9"#, r#""sequence":9,"metro_entry":{"route":"M1","station":"S1"}"#);
    check(
        r#""sequence":9"#,
        r#""sequence":9,"top_up":{"channel":"a","reference":"b","amount":1,"currency":"VND"}"#,
    );
    // Numbers that are not whole numbers of their range.
    for number in
        ["5.0", "5e0", "1e999", "NaN", "Infinity", "-0", "05", "+5", "0x5", "true", "[5]", "\"5.0\""]
    {
        check(r#""amount":5"#, &format!(r#""amount":{number}"#));
    }
    for number in ["\"05\"", "\"+5\"", "\"-0\"", "\"\"", "\" 5\"", "\"5 \"", "\"٥\"", "9007199254740993"] {
        check(r#""amount":5"#, &format!(r#""amount":{number}"#));
    }
    check(r#""amount":5"#, r#""amount":"9223372036854775808""#);
    check(r#""sequence":9"#, r#""sequence":-1"#);
    check(r#""sequence":9"#, r#""sequence":9,"boot_count":4294967296"#);
    // Bytes around, wrong types, half a surrogate pair, a medium of another length or alphabet.
    check(r#"{"device_id""#, "\u{feff}{\"device_id\"");
    check(r#""VND"}}"#, r#""VND"}} {}"#);
    check(r#""VND"}}"#, r#""VND"}}]"#);
    check(r#""R1""#, r#""\ud800""#);
    check(r#""R1""#, "17");
    check("00112233445566778899aabbccddeeff", "00112233445566778899aabbccddee");
    check("00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff00");
    check("00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeegg");
    assert_eq!(body(TOP_UP, "00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF"), None);
}

#[test]
fn json_that_is_no_body_at_all() {
    let check = |bytes: &[u8]| assert_eq!(code(parse_tap(BodyFormat::Json, bytes)), Some(Code::Decode));
    for text in ["", " ", "{}", "[]", "null", "7", "\"\"", "{", "{]"] {
        check(text.as_bytes());
    }
    check(&[0xff, 0xfe, 0x7b, 0x00]);
    check(TOP_UP.replace("R1", "\u{0}").as_bytes());
    check(&[TOP_UP.as_bytes(), b"\0"].concat());
    let mut not_utf8 = TOP_UP.as_bytes().to_vec();
    let place = TOP_UP.find("R1").unwrap();
    not_utf8[place] = 0xff;
    check(&not_utf8);
}

#[test]
fn values_that_no_tap_has() {
    assert_eq!(body(GATE, "S1", "Bến xe Miền Đông"), None);
    let text = |by: &str| assert_eq!(body(GATE, "S1", by), Some(Code::TextInvalid), "{by:?}");
    for bad in ["", " S1", "S1 ", "\\u0000", "a\\u0007b", "a\\nb", "\\u00a0S1", "\u{85}S1"] {
        text(bad);
    }
    // Nothing shown, or shown in another order than stored.
    for bad in
        ["S\u{200b}1", "\u{202e}1S", "S1\u{feff}", "S\u{2066}1", "S\u{ad}1", "S\u{2028}1", "S\u{e0041}1"]
    {
        text(bad);
    }
    // Hebrew letters, formulas, markup, paths and composed letters are texts: escaping is the output's task.
    for good in ["תחנה", "=1+1", "<script>", "../../etc", "'; DROP TABLE tap;--", "Bê\u{301}n Tha\u{300}nh"]
    {
        assert_eq!(body(GATE, "S1", good), None, "{good}");
    }
    for bad in ["vnd", "VN", "VNDD", "", "V1D", "ĐNG"] {
        assert_eq!(body(TOP_UP, r#""VND""#, &format!("\"{bad}\"")), Some(Code::AmountCurrency), "{bad}");
    }
    for other in ["USD", "XXX"] {
        assert_eq!(
            body(TOP_UP, "VND", other),
            None,
            "whether {other} is the city's currency is asked elsewhere"
        );
    }
    assert_eq!(body(TOP_UP, r#""amount":5"#, r#""amount":0"#), Some(Code::AmountRange));
    assert_eq!(body(TOP_UP, r#""amount":5"#, r#""amount":-5"#), Some(Code::AmountRange));
}

/// A varint field; numbers below 128 only.
fn number(field: u8, value: u8) -> Vec<u8> {
    assert!(field < 16 && value < 128);
    vec![field << 3, value]
}

/// A field of bytes below 128 of length.
fn chunk(field: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 128);
    let tag = if field < 16 { vec![field << 3 | 2] } else { vec![(field << 3 | 2) | 0x80, field >> 4] };
    [tag, vec![bytes.len() as u8], bytes.to_vec()].concat()
}

fn gate() -> Vec<u8> {
    [chunk(1, b"M1"), chunk(2, b"S1")].concat()
}

/// The parts of a good protobuf body, the event last.
fn parts() -> Vec<Vec<u8>> {
    let time = [vec![4 << 3], vec![0x80, 0xa0, 0xd8, 0xc4, 0xca, 0x33]].concat();
    vec![number(1, 7), number(2, 8), number(3, 9), time, chunk(7, &[5; 16]), chunk(18, &gate())]
}

#[test]
fn protobuf_of_another_form() {
    let good = parts().concat();
    assert_eq!(parse_tap(BodyFormat::Proto, &good).map(|tap| tap.id.to_string()), Ok("7/8/9".into()));
    let with = |extra: Vec<u8>| code(parse_tap(BodyFormat::Proto, &[good.clone(), extra].concat()));
    let decode = Some(Code::Decode);
    // Trailing bytes: a stray byte, an unknown field, a known field again, a second event.
    assert_eq!(with(vec![0]), decode);
    assert_eq!(with(vec![0x80]), decode);
    assert_eq!(with(number(8, 1)), decode);
    assert_eq!(with(chunk(22, b"x")), decode);
    assert_eq!(with(number(3, 9)), decode);
    assert_eq!(with(chunk(18, &gate())), decode);
    assert_eq!(with(chunk(19, &gate())), decode);
    // Evidence about the clock is taken once and must be of its type; 32 bits are 32 bits.
    assert_eq!(with([number(5, 1), number(6, 1)].concat()), None);
    assert_eq!(with([number(5, 1), number(5, 1)].concat()), decode);
    assert_eq!(with(chunk(5, b"1")), decode);
    assert_eq!(with([vec![6 << 3], vec![0x80, 0x80, 0x80, 0x80, 0x10]].concat()), decode);
    // Field numbers far out: 31, 32, 536,870,911.
    for tag in [vec![0xf8, 0x01], vec![0x80, 0x02], vec![0xf8, 0xff, 0xff, 0xff, 0x0f]] {
        assert_eq!(with([tag, vec![1]].concat()), decode);
    }
    // Wrong wire types of known fields.
    assert_eq!(with([vec![5 << 3 | 1], vec![0; 8]].concat()), decode);
    assert_eq!(with([vec![5 << 3 | 5], vec![0; 4]].concat()), decode);
    assert_eq!(with(vec![5 << 3 | 3, 5 << 3 | 4]), decode);
    // Fields in any order are one body, and a number that is zero may be written out.
    let mut backwards = parts();
    backwards.reverse();
    assert_eq!(parse_tap(BodyFormat::Proto, &backwards.concat()), parse_tap(BodyFormat::Proto, &good));
    assert_eq!(with(number(6, 0)), None);
}

#[test]
fn protobuf_with_a_part_missing_or_replaced() {
    let replaced = |place: usize, by: Vec<u8>| {
        let mut parts = parts();
        parts[place] = by;
        code(parse_tap(BodyFormat::Proto, &parts.concat()))
    };
    let decode = Some(Code::Decode);
    assert_eq!(replaced(5, Vec::new()), decode, "no event");
    assert_eq!(replaced(4, Vec::new()), decode, "no medium");
    assert_eq!(replaced(3, Vec::new()), Some(Code::ClockInvalid), "no time is the year 1970");
    assert_eq!(replaced(4, chunk(7, &[5; 15])), decode);
    assert_eq!(replaced(4, chunk(7, &[5; 17])), decode);
    assert_eq!(replaced(0, chunk(1, b"7")), decode);
    assert_eq!(replaced(5, number(3, 1)), decode);
    let event = |bytes: &[u8]| replaced(5, chunk(18, bytes));
    assert_eq!(event(&gate()), None);
    assert_eq!(event(&[]), Some(Code::TextInvalid), "a gate without route and station");
    assert_eq!(event(&[gate(), chunk(3, b"x")].concat()), decode);
    assert_eq!(event(&[gate(), chunk(2, b"S1")].concat()), decode);
    assert_eq!(event(&[chunk(1, b"M1"), number(2, 1)].concat()), decode);
    assert_eq!(event(&[chunk(1, b"M1"), chunk(2, &[0xff])].concat()), decode, "not UTF-8");
    assert_eq!(event(&[chunk(1, b"M1"), chunk(2, b" ")].concat()), Some(Code::TextInvalid));
    // A length of 2^31 where a few bytes follow, and one of 2^64 - 1.
    assert_eq!(replaced(5, vec![0x92, 0x01, 0x80, 0x80, 0x80, 0x80, 0x08, b'x']), decode);
    let length = [vec![0x92, 0x01], vec![0xff; 9], vec![0x01, b'x']].concat();
    assert_eq!(replaced(5, length), decode);
}

#[test]
fn nesting_costs_nothing() {
    // 10,000 messages in each other, and 10,000 open groups: neither is of the schema, and neither uses the stack.
    let nested = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut length = inner.len();
        let mut bytes = vec![0x92, 0x01];
        while length > 0x7f {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        [bytes, inner].concat()
    });
    let groups = vec![0x0b; 10_000];
    for bytes in [&nested, &groups] {
        assert_eq!(code(parse_tap(BodyFormat::Proto, bytes)), Some(Code::Decode));
        assert_eq!(code(Envelope::decode(bytes)), Some(Code::Decode));
        assert_eq!(code(split_batch(bytes)), Some(Code::Decode));
        assert_eq!(code(decode_record(bytes)), Some(Code::Decode));
        assert_eq!(peek_tap_id(BodyFormat::Proto, bytes), None);
    }
    // JSON as deep as an upload can be: in a known place, and in a place that is only passed over.
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let upload = format!(r#"{{"taps":[{{"x":{deep}}}]}}"#);
    let taps = split_batch_json(upload.as_bytes()).unwrap();
    assert_eq!(code(Envelope::decode_json(&taps[0])), Some(Code::TooLarge));
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    for text in [
        deep.clone(),
        TOP_UP.replace("\"R1\"", &deep),
        TOP_UP.replace("{\"device_id\"", &format!("{{\"x\":{deep},\"device_id\"")),
    ] {
        assert_eq!(code(parse_tap(BodyFormat::Json, text.as_bytes())), Some(Code::Decode));
        assert_eq!(code(Envelope::decode_json(text.as_bytes())), Some(Code::Decode));
        let _ = peek_tap_id(BodyFormat::Json, text.as_bytes());
    }
}

#[test]
fn envelopes_of_another_form() {
    let check = |bytes: Vec<u8>, expect| assert_eq!(code(Envelope::decode(&bytes)), expect, "{bytes:02x?}");
    let (device, version, format) = (number(1, 7), number(2, 1), number(3, 1));
    let (body, mac) = (chunk(4, b"body"), chunk(5, &[0; 32]));
    let join = |parts: &[&Vec<u8>]| parts.iter().copied().flatten().copied().collect::<Vec<u8>>();
    check(join(&[&device, &version, &format, &body, &mac]), None);
    check(join(&[&mac, &body, &format, &version, &device]), None);
    // A missing MAC is the key's to refuse; a missing body or format is not of the form.
    check(join(&[&device, &version, &format, &body]), None);
    check(join(&[&device, &version, &format, &mac]), Some(Code::Decode));
    check(join(&[&device, &version, &body, &mac]), Some(Code::Decode));
    check(join(&[&device, &version, &number(3, 3), &body, &mac]), Some(Code::Decode));
    check(Vec::new(), Some(Code::Decode));
    check(join(&[&device, &version, &format, &body, &mac, &body]), Some(Code::Decode));
    check(join(&[&device, &version, &format, &body, &mac, &number(6, 1)]), Some(Code::Decode));
    check(join(&[&chunk(1, b"7"), &version, &format, &body, &mac]), Some(Code::Decode));
    let huge = [vec![1 << 3], vec![0xff; 9], vec![0x01]].concat();
    check(join(&[&huge, &version, &format, &body, &mac]), Some(Code::Decode));
}

#[test]
fn json_envelopes_of_another_form() {
    let good = r#"{"device_id":7,"key_version":1,"body":"{}","mac":"00"}"#;
    let read = |text: &str| Envelope::decode_json(text.as_bytes());
    let check =
        |part: &str, by: &str| assert_eq!(code(read(&good.replace(part, by))), Some(Code::Decode), "{by}");
    assert_eq!(read(good).map(|envelope| envelope.body), Ok(b"{}".to_vec()));
    assert_eq!(read(&good.replace(r#","mac":"00""#, "")).map(|envelope| envelope.mac), Ok(Vec::new()));
    check(r#""body":"{}""#, r#""body":"{}","body":"{}""#);
    check(r#""body":"{}""#, r#""body":{}"#);
    check(r#""body":"{}""#, r#""body":"""#);
    check(r#""body":"{}","#, "");
    check(r#""mac":"00""#, r#""mac":"0""#);
    check(r#""mac":"00""#, r#""mac":"0x""#);
    check(r#""mac":"00""#, r#""mac":null"#);
    check(r#""mac":"00""#, r#""mac":"00","format":"json""#);
    check(r#""key_version":1"#, r#""key_version":4294967296"#);
    check(r#""key_version":1"#, r#""key_version":1.0"#);
    check(r#""device_id":7"#, r#""device_id":-7"#);
    check(r#""device_id":7"#, r#""device_id":"9223372036854775808""#);
    check(r#""device_id":7"#, r#""device_id":7,"device_id":7"#);
}

#[test]
fn a_body_of_another_device_than_its_envelope() {
    let tap = samples::tap(samples::kinds().remove(0).1, 1);
    let other = primitives::DeviceId::new(1).unwrap();
    for format in [BodyFormat::Proto, BodyFormat::Json] {
        let envelope = samples::seal(other, format, samples::body(&tap, format));
        assert_eq!(samples::device_key(other, samples::KEY_VERSION).verify(&envelope), Ok(()));
        assert_eq!(code(envelope.tap()), Some(Code::DeviceMismatch));
        let record = encode_record(&samples::accepted(&tap, &envelope), &envelope.encode());
        assert_eq!(code(decode_record(&record)), Some(Code::DeviceMismatch));
    }
}

#[test]
fn batches_of_another_form() {
    let check = |bytes: &[u8]| assert_eq!(code(split_batch(bytes)), Some(Code::Decode), "{bytes:02x?}");
    check(&[]);
    check(&chunk(2, b"x"));
    check(&number(1, 1));
    check(&[chunk(1, b"x"), vec![0]].concat());
    check(&[0x0a, 0x80, 0x80, 0x80, 0x80, 0x08, b'x']);
    let texts = [
        "",
        "{}",
        "[]",
        "null",
        "[{}]",
        r#"{"taps":{}}"#,
        r#"{"taps":null}"#,
        r#"{"taps":[]}"#,
        r#"{"taps":[1]}"#,
        r#"{"taps":["{}"]}"#,
        r#"{"taps":[{}],"taps":[{}]}"#,
        r#"{"taps":[{}],"more":1}"#,
        r#"{"taps":[{},]}"#,
        r#"{"taps":[{}]"#,
        r#"{"taps":[{]}"#,
        r#"{"taps":[{}]}x"#,
        "\u{feff}{\"taps\":[{}]}",
    ];
    for text in texts {
        assert_eq!(code(split_batch_json(text.as_bytes())), Some(Code::Decode), "{text}");
    }
    assert_eq!(
        split_batch_json(br#"{"taps":[{}, {"a":"]"}]}"#),
        Ok(vec![b"{}".to_vec(), br#"{"a":"]"}"#.to_vec()])
    );
}

#[test]
fn records_of_another_form() {
    let check = |bytes: Vec<u8>| assert_eq!(code(decode_record(&bytes)), Some(Code::Decode), "{bytes:02x?}");
    let day = |closing: &str, opening: &str| {
        chunk(2, &[chunk(1, closing.as_bytes()), chunk(2, opening.as_bytes())].concat())
    };
    assert_eq!(decode_record(&day("2026-02-28", "2026-03-01")), Ok(samples::day()));
    check(Vec::new());
    check([day("2026-02-28", "2026-03-01"), day("2026-02-28", "2026-03-01")].concat());
    check([day("2026-02-28", "2026-03-01"), chunk(1, b"")].concat());
    check(chunk(3, b""));
    check(number(2, 1));
    check(chunk(1, b""));
    for (closing, opening) in [
        ("2026-02-28", "2026-02-28"),
        ("2026-03-01", "2026-02-28"),
        ("2026-2-28", "2026-03-01"),
        ("2026-02-30", "2026-03-01"),
        ("", "2026-03-01"),
        ("2026-02-28", ""),
        ("28/02/2026", "2026-03-01"),
    ] {
        check(day(closing, opening));
    }
}

#[test]
fn a_label_is_read_as_far_as_it_can_be() {
    let id = |format, bytes: &[u8]| peek_tap_id(format, bytes).map(|id| id.to_string());
    let check = |bytes: Vec<u8>, expect: Option<&str>| {
        assert_eq!(id(BodyFormat::Proto, &bytes).as_deref(), expect, "{bytes:02x?}");
    };
    let label = [number(1, 7), number(2, 8), number(3, 9)].concat();
    check(label.clone(), Some("7/8/9"));
    check([label.clone(), vec![0x80]].concat(), Some("7/8/9"));
    check([label.clone(), chunk(22, b"what")].concat(), Some("7/8/9"));
    // Zero is not written, but a body that breaks off says nothing about what is missing.
    check([number(1, 7), number(2, 8)].concat(), Some("7/8/0"));
    check([number(1, 7), number(2, 8), vec![0x80]].concat(), None);
    check([number(2, 8), number(3, 9)].concat(), None);
    check(Vec::new(), None);
    let json = |text: &str| id(BodyFormat::Json, text.as_bytes());
    assert_eq!(json(GATE).as_deref(), Some("7/8/9"));
    assert_eq!(
        json(r#"{"x":[1e999,{}],"device_id":"7","journal_id":8,"sequence":9}"#).as_deref(),
        Some("7/8/9")
    );
    assert_eq!(json(r#"{"device_id":7,"journal_id":8}"#), None);
    assert_eq!(json("not JSON"), None);
}
