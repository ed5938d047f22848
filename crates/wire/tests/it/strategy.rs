//! Arbitrary valid taps.

use crate::samples;
use primitives::{
    Currency, DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, Money, Sequence, Tap, TapId,
    TapKind, Text,
};
use proptest::prelude::*;
use wire::{BodyFormat, limits};

pub fn format() -> impl Strategy<Value = BodyFormat> {
    prop_oneof![Just(BodyFormat::Proto), Just(BodyFormat::Json)]
}

pub fn text() -> impl Strategy<Value = Text> {
    let letter = prop_oneof![
        4 => prop::char::range(' ', '~'),
        2 => prop::char::range('\u{c0}', '\u{24f}'),
        2 => prop::char::range('\u{1ea0}', '\u{1ef9}'),
        1 => prop::char::range('\u{5d0}', '\u{5ea}'),
        1 => prop::char::range('\u{1f680}', '\u{1f6a2}'),
    ];
    prop::collection::vec(letter, 1..=16)
        .prop_filter_map("a text", |letters| Text::new(letters.into_iter().collect::<String>().trim()))
}

fn number() -> impl Strategy<Value = u64> {
    let edge = limits::JSON_NUMBER_MAX;
    prop_oneof![Just(0), Just(1), Just(edge), Just(edge + 1), Just(i64::MAX as u64), 0..=i64::MAX as u64]
}

fn money() -> impl Strategy<Value = Money> {
    let amount = prop_oneof![Just(1), Just(limits::AMOUNT_MAX), 1..=limits::AMOUNT_MAX];
    (amount, "[A-Z]{3}")
        .prop_map(|(amount, letters)| Money::new(Minor::new(amount), Currency::parse(&letters).unwrap()))
}

pub fn kind() -> impl Strategy<Value = TapKind> {
    let boarding = (text(), prop::option::of(text()), prop::option::of(text()), any::<bool>())
        .prop_map(|(route, stop, trip, qr)| TapKind::Boarding { route, stop, trip, qr });
    let gate = (any::<bool>(), text(), text()).prop_map(|(entry, route, stop)| TapKind::Gate {
        direction: if entry { Direction::Entry } else { Direction::Exit },
        route,
        stop,
    });
    let payment = (text(), text(), money()).prop_map(|(school, bill, price)| TapKind::SchoolPayment {
        school,
        bill,
        price,
    });
    let top_up = (text(), text(), money()).prop_map(|(channel, reference, value)| TapKind::TopUp {
        channel,
        reference,
        value,
    });
    prop_oneof![boarding, gate, payment, top_up]
}

pub fn tap() -> impl Strategy<Value = Tap> {
    let time = prop_oneof![
        Just(EventTime::MIN_MS),
        Just(EventTime::END_MS - 1),
        EventTime::MIN_MS..EventTime::END_MS
    ];
    ([number(), number(), number()], time, any::<[u8; 16]>(), kind()).prop_map(|(id, time, medium, kind)| {
        Tap {
            id: TapId {
                device: DeviceId::new(id[0]).unwrap(),
                journal: JournalId::new(id[1]).unwrap(),
                sequence: Sequence::new(id[2]).unwrap(),
            },
            at: EventTime::from_unix_ms(time).unwrap(),
            medium: MediumToken::new(medium),
            kind,
        }
    })
}

/// Any record of the samples' account, with the envelope it came in.
pub fn record() -> impl Strategy<Value = (primitives::Record, Vec<u8>)> {
    let taps = (tap(), format()).prop_map(|(tap, format)| {
        let envelope = samples::envelope(&tap, format);
        (samples::accepted(&tap, &envelope), envelope.encode())
    });
    let days = (1_u32..=3_650_000, 1_u32..3_000).prop_filter_map("a date", |(day, ahead)| {
        let date = |days: u32| chrono_date(days).map(primitives::PostingDate);
        let marker = primitives::DayMarker { closing: date(day)?, opening: date(day + ahead)? };
        Some((primitives::Record::Day(marker), Vec::new()))
    });
    let commands = prop::sample::select([samples::command_kinds(), samples::later_command_kinds()].concat())
        .prop_map(|(_, kind)| (samples::command(kind), Vec::new()));
    let activations =
        prop::sample::select(samples::activations().to_vec()).prop_map(|(_, record)| (record, Vec::new()));
    let refunds =
        prop::sample::select(samples::old_refunds().to_vec()).prop_map(|(_, record)| (record, Vec::new()));
    prop_oneof![4 => taps, 1 => days, 1 => commands, 1 => activations, 1 => refunds]
}

fn chrono_date(days: u32) -> Option<chrono::NaiveDate> {
    chrono::NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?)
}
