//! What the house tells reads back as it was written, and the largest message fits a record of the log.

use primitives::{AccountId, Code, DeviceId, JournalId, Minor, Sequence};
use wire::limits::RECORD_BYTES_MAX;
use wire::{
    Answered, Denial, JournalNews, LegReceipt, LegShape, News, Place, TOLD_ENTRIES_MAX, decode_told,
    encode_told,
};

const LARGEST: u64 = i64::MAX as u64;

fn place() -> Place {
    Place { stream: u32::MAX, partition: u32::MAX, offset: LARGEST, ordinal: u32::MAX }
}

fn news(number: u64) -> JournalNews {
    JournalNews {
        device: DeviceId::new(number).unwrap(),
        journal: JournalId::new(number).unwrap(),
        posted: Vec::new(),
        answered: Vec::new(),
        receipts: Vec::new(),
    }
}

fn receipt(shape: LegShape) -> LegReceipt {
    LegReceipt {
        sequence: Sequence::new(LARGEST).unwrap(),
        account: AccountId::new(LARGEST).unwrap(),
        version: u32::MAX,
        shape,
        unknown: true,
        gross: Minor::new(i64::MIN + 1),
        rider: Minor::new(i64::MIN + 1),
    }
}

fn check(news: &News) -> usize {
    let bytes = encode_told(place(), news);
    assert_eq!(decode_told(&bytes), Ok((place(), news.clone())));
    bytes.len()
}

#[test]
fn what_is_told_reads_back_as_it_was_written() {
    let sequence = |number| Sequence::new(number).unwrap();
    let answered =
        |number, quarantined| Answered { sequence: sequence(number), code: Code::StopUnknown, quarantined };
    let shapes = [
        LegShape::Ride,
        LegShape::MissingExit,
        LegShape::MissingEntry,
        LegShape::Cancelled,
        LegShape::SecondTap,
    ];
    let full = JournalNews {
        posted: vec![sequence(1), sequence(0), sequence(LARGEST)],
        answered: vec![answered(2, true), answered(3, false)],
        receipts: shapes.map(receipt).to_vec(),
        ..news(7)
    };
    check(&News::Postings(vec![full, news(LARGEST)]));
    check(&News::Postings(Vec::new()));
    let denial = |number, denied| Denial { account: AccountId::new(number).unwrap(), denied };
    check(&News::Denials(vec![denial(1, true), denial(LARGEST, false)]));
    assert_eq!(place().to_string(), "4294967295/4294967295/9223372036854775807/4294967295");
    for bytes in [&b""[..], b"rubbish", &[0xff; 40]] {
        assert_eq!(decode_told(bytes).map_err(|refusal| refusal.code), Err(Code::Decode));
    }
}

#[test]
fn the_largest_message_fits_a_record() {
    let numbers = (0..TOLD_ENTRIES_MAX as u64).map(|place| LARGEST - place);
    let receipts = numbers
        .clone()
        .map(|number| JournalNews { receipts: vec![receipt(LegShape::Cancelled)], ..news(number) });
    let longest = Code::ALL.iter().copied().max_by_key(|code| code.as_str().len()).unwrap();
    let answers = numbers.map(|number| JournalNews {
        answered: vec![Answered {
            sequence: Sequence::new(LARGEST).unwrap(),
            code: longest,
            quarantined: true,
        }],
        ..news(number)
    });
    for largest in [receipts.collect(), answers.collect()] {
        let bytes = check(&News::Postings(largest));
        assert!(bytes <= RECORD_BYTES_MAX, "{bytes}");
    }
}
