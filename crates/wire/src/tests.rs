#![allow(clippy::unwrap_used)]
use super::*;
use crate::partition::splitmix64;
use crate::reader::Reader;
use primitives::canonical::hex;
use primitives::{AccountId, Code, DeviceId};
use proptest::prelude::*;
use prost::Message;

fn key(environment: &str, device: u64, key_version: u32) -> DeviceKey {
    let master = MasterKey::new(std::array::from_fn(|place| place as u8));
    DeviceKey::derive(&master, environment, DeviceId::new(device).unwrap(), key_version)
}

/// The expected values come from another implementation: Python's `hmac`, with RFC 5869 written out.
#[test]
fn keys_and_macs_are_those_of_another_implementation() {
    let check = |key: DeviceKey, format, body: &[u8], expect: &str| {
        assert_eq!(hex(&key.sign(format, body)), expect);
    };
    let farehouse = b"farehouse";
    let expect = "8937d4e2816f45fcc29dd4a5eec628c7f203907e03a5bc54aad020ba057d86fb";
    check(key("test", 7, 1), BodyFormat::Proto, farehouse, expect);
    let expect = "0e87e3d50754ad7816c31b91be7bd784a9e2f21b5ff47b2082dae0aa70785c1b";
    check(key("test", 7, 1), BodyFormat::Json, farehouse, expect);
    let expect = "0bad3d186a171c0f0f21e5434737011fb9f29d8306cf873834d79543fb3c48d2";
    check(key("test", 7, 2), BodyFormat::Proto, farehouse, expect);
    let expect = "cafa810e3e21aecc88dcf81460a0f2e26e9844907186b0b8a7d5401ed69651bf";
    check(key("city", 7, 1), BodyFormat::Proto, farehouse, expect);
    let expect = "0dddebff024e90aad1a9874043dd9f02117081224f7695df394ad68de81193f3";
    check(key("test", i64::MAX as u64, 1), BodyFormat::Proto, b"", expect);
}

#[test]
fn keys_print_a_mask() {
    assert_eq!(
        format!("{:?} {:?}", MasterKey::new([7; 32]), key("test", 7, 1)),
        "MasterKey(•••) DeviceKey(•••)"
    );
}

#[test]
fn an_account_has_the_partition_it_always_had() {
    // The first output of SplitMix64 seeded with 0, as its authors' reference code prints it.
    assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
    let check = |account: u64, expect: [u32; 3]| {
        let account = AccountId::new(account).unwrap();
        assert_eq!([1, 6, 64].map(|partitions| partition_of(account, partitions)), expect, "{account}");
    };
    check(0, [0, 1, 47]);
    check(1, [0, 5, 1]);
    check(2, [0, 4, 14]);
    check(3, [0, 3, 45]);
    check(1_000_000, [0, 3, 39]);
    check(i64::MAX as u64, [0, 3, 39]);
    assert_eq!(partition_of(AccountId::new(5).unwrap(), 0), 0);
}

#[test]
fn neighbouring_accounts_spread_over_all_partitions() {
    let mut counts = [0_u32; 8];
    for account in 0..8_000 {
        let place = partition_of(AccountId::new(account).unwrap(), 8);
        counts[usize::try_from(place).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
}

#[test]
fn the_reader_takes_numbers_of_64_bits_and_no_more() {
    let check = |bytes: &[u8], expect: Option<u64>| {
        let field = Reader::new(bytes).once().map(|field| field.and_then(|field| field.u64().ok()));
        assert_eq!(field.ok().flatten(), expect, "{bytes:02x?}");
    };
    check(&[0x08, 0x00], Some(0));
    check(&[0x08, 0xac, 0x02], Some(300));
    check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Some(u64::MAX));
    check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], None);
    check(&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], None);
    check(&[0x08], None);
    check(&[0x08, 0x80], None);
    // Field 0, a field number of more than 29 bits, and each wire type that no field here has.
    check(&[0x00, 0x01], None);
    check(&[0x80, 0x80, 0x80, 0x80, 0x10, 0x01], None);
    for wire_type in [1, 3, 4, 5, 6, 7] {
        check(&[0x08 | wire_type, 0, 0, 0, 0, 0, 0, 0, 0], None);
    }
}

fn chunk(number: u32, bytes: &[u8]) -> Vec<u8> {
    [varint(u64::from(number << 3 | 2)), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(number: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(number << 3)), varint(value)].concat()
}

/// The fields of one message, in any order, with one of them dropped, doubled or joined by a stranger now and then:
/// what two readers might take differently.
fn disturbed(fields: impl Strategy<Value = Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    let stranger = prop_oneof![
        (1_u32..24, prop_oneof![Just(0), any::<u64>()]).prop_map(|(field, value)| number(field, value)),
        (1_u32..24, "[A-Z]{0,3}").prop_map(|(field, text)| chunk(field, text.as_bytes())),
    ];
    let disturbance = (0_u32..6, any::<prop::sample::Index>(), stranger);
    (fields.prop_shuffle(), disturbance).prop_map(|(mut fields, (what, place, stranger))| {
        let place = place.index(fields.len());
        match what {
            0 => drop(fields.remove(place)),
            1 => fields.push(fields[place].clone()),
            2 => fields.insert(place, stranger),
            _ => (),
        }
        fields.concat()
    })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let text = |field| "[a-zA-Z]{1,4}".prop_map(move |text| chunk(field, text.as_bytes()));
    let boarding = disturbed((text(1), text(2), text(3)).prop_map(|(a, b, c)| vec![a, b, c]));
    let gate = disturbed((text(1), text(2)).prop_map(|(a, b)| vec![a, b]));
    let payment = (text(1), text(2), 1_u64..1_000);
    let payment =
        disturbed(payment.prop_map(|(a, b, amount)| vec![a, b, number(3, amount), chunk(4, b"VND")]));
    let event = prop_oneof![
        (16_u32..=17, boarding).prop_map(|(field, event)| chunk(field, &event)),
        (18_u32..=19, gate).prop_map(|(field, event)| chunk(field, &event)),
        (20_u32..=21, payment).prop_map(|(field, event)| chunk(field, &event)),
    ];
    let fields = (any::<[u32; 5]>(), event).prop_map(|(numbers, event)| {
        let [device, journal, sequence, monotonic, boots] = numbers.map(u64::from);
        let (time, medium) = (number(4, 1_772_323_200_000), chunk(7, &[9; 16]));
        let [device, journal, sequence] = [number(1, device), number(2, journal), number(3, sequence)];
        vec![device, journal, sequence, time, number(5, monotonic), number(6, boots), medium, event]
    });
    disturbed(fields)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Our reader may refuse more than prost, but what it takes means the same to both: prost reads it, and what
    /// prost would write for it is the tap we read.
    #[test]
    fn what_our_reader_takes_prost_reads_as_the_same_tap(body in bodies()) {
        if let Ok(tap) = parse_tap(BodyFormat::Proto, &body) {
            let message = proto::TapBody::decode(body.as_slice()).unwrap();
            let clock = DeviceClock { monotonic_ms: message.monotonic_ms, boot_count: message.boot_count };
            prop_assert_eq!(message.encode_to_vec(), encode_tap_clocked(&tap, clock));
        }
    }
}

#[test]
fn that_property_is_asked_of_taps_and_of_others() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let taken = (0..4_096)
        .map(|_| bodies().new_tree(&mut runner).unwrap().current())
        .filter(|body| parse_tap(BodyFormat::Proto, body).is_ok())
        .count();
    assert!((1_000..3_500).contains(&taken), "{taken} of 4,096 bodies are taps");
}

#[test]
fn details_say_where_and_never_what_was_sent() {
    let bodies: [&str; 4] = [
        r#"{"device_id":"Nguyễn Văn A"}"#,
        r#"{"Nguyễn Văn A":1}"#,
        r#"{"device_id":1,"journal_id":2,"sequence":3,"device_time_ms":1772323200000,
            "medium":"Nguyễn Văn A","top_up":{"channel":"a","reference":"b","amount":1,"currency":"VND"}}"#,
        r#"{"device_id":1,"journal_id":2,"sequence":3,"device_time_ms":1772323200000,
            "medium":"00000000000000000000000000000000","metro_exit":{"route":" Nguyễn Văn A","station":"b"}}"#,
    ];
    for body in bodies {
        let refusal = parse_tap(BodyFormat::Json, body.as_bytes()).unwrap_err();
        assert!(matches!(refusal.code, Code::Decode | Code::TextInvalid));
        assert!(!refusal.to_string().contains("Nguyễn"), "{refusal}");
    }
}
