//! Taps with known values: the ones the golden files hold, so a line here is never changed, only added.

use primitives::{
    AcceptedTap, AccountId, Command, CommandId, CommandKind, Currency, DayMarker, DeviceId, Digest,
    Direction, EventTime, JournalId, MediumToken, Minor, Money, PartyNo, PolicyActivation, PostedRide,
    PostingDate, Record, Sequence, ServiceDate, Tap, TapId, TapKind, Tender, Text,
};
use wire::{BodyFormat, DeviceClock, DeviceKey, Envelope, MasterKey};

pub const ENVIRONMENT: &str = "golden";
pub const KEY_VERSION: u32 = 3;
pub const CLOCK: DeviceClock = DeviceClock { monotonic_ms: 86_400_123, boot_count: 12 };

/// The test key: bytes 0 to 31. It signs nothing outside these tests.
pub fn device_key(device: DeviceId, key_version: u32) -> DeviceKey {
    let mut bytes = [0_u8; 32];
    for (byte, place) in bytes.iter_mut().zip(0_u8..) {
        *byte = place;
    }
    DeviceKey::derive(&MasterKey::new(bytes), ENVIRONMENT, device, key_version)
}

pub fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub fn money(amount: i64) -> Money {
    Money::new(Minor::new(amount), Currency::VND)
}

/// Every kind, and the two forms of a boarding that leave something out.
pub fn kinds() -> Vec<(&'static str, TapKind)> {
    let boarding = |stop: Option<&str>, trip: Option<&str>, qr| TapKind::Boarding {
        route: text("HCMC-109"),
        stop: stop.map(text),
        trip: trip.map(text),
        qr,
    };
    let gate = |direction| TapKind::Gate { direction, route: text("M1"), stop: text("Bến Thành") };
    vec![
        ("bus_boarding", boarding(Some("Sân bay"), Some("109-0712"), false)),
        ("bus_boarding-bare", boarding(None, None, false)),
        ("qr_boarding", boarding(Some("S-17"), None, true)),
        ("metro_entry", gate(Direction::Entry)),
        ("metro_exit", gate(Direction::Exit)),
        (
            "school_payment",
            TapKind::SchoolPayment {
                school: text("school-3"),
                bill: text("HP/2026-03"),
                price: money(1_250_000),
            },
        ),
        (
            "top_up",
            TapKind::TopUp { channel: text("napas"), reference: text("FHK7Q2M9"), value: money(200_000) },
        ),
    ]
}

/// The sample of this kind; its sequence is its place in [`kinds`], from 1.
pub fn tap(kind: TapKind, sequence: u64) -> Tap {
    Tap {
        id: TapId {
            device: DeviceId::new(40_017).unwrap(),
            journal: JournalId::new(8_214_565_720_323_784_705).unwrap(),
            sequence: Sequence::new(sequence).unwrap(),
        },
        at: EventTime::from_unix_ms(1_772_323_200_456).unwrap(),
        medium: MediumToken::new(*b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"),
        kind,
    }
}

pub fn body(tap: &Tap, format: BodyFormat) -> Vec<u8> {
    match format {
        BodyFormat::Proto => wire::encode_tap_clocked(tap, CLOCK),
        BodyFormat::Json => wire::encode_tap_json_clocked(tap, CLOCK).into_bytes(),
    }
}

pub fn envelope(tap: &Tap, format: BodyFormat) -> Envelope {
    seal(tap.id.device, format, body(tap, format))
}

pub fn seal(device: DeviceId, format: BodyFormat, body: Vec<u8>) -> Envelope {
    let mac = device_key(device, KEY_VERSION).sign(format, &body).to_vec();
    Envelope { device, key_version: KEY_VERSION, format, body, mac }
}

pub fn accepted(tap: &Tap, envelope: &Envelope) -> Record {
    Record::Tap(Box::new(AcceptedTap {
        tap: tap.clone(),
        body_digest: Digest::of(&envelope.body),
        account: AccountId::new(6_004_512_337_811_220_043).unwrap(),
        rider: text("student"),
        fare_medium: text("one_card"),
        tender: if tap.id.sequence.number().is_multiple_of(2) { Tender::OpenLoop } else { Tender::Prepaid },
        operator: PartyNo(12),
        received_at: EventTime::from_unix_ms(1_772_323_260_000).unwrap(),
    }))
}

pub fn day() -> Record {
    let closing = PostingDate::parse("2026-02-28").unwrap();
    Record::Day(DayMarker { closing, opening: closing.next() })
}

/// A version that takes effect, agreed by two people, or only proposed.
pub fn activation(approved_by: Option<&str>) -> Record {
    Record::Policy(Box::new(PolicyActivation {
        policy: text("hcmc_2026_03"),
        digest: Digest([0xd1; 32]),
        from: EventTime::from_unix_ms(1_772_312_400_000).unwrap(),
        before: Digest([0xb0; 32]),
        at: EventTime::from_unix_ms(1_772_226_000_123).unwrap(),
        asked_by: text("lan"),
        approved_by: approved_by.map(text),
    }))
}

/// The golden files of activations.
pub fn activations() -> [(&'static str, Record); 2] {
    [("record-policy", activation(Some("minh"))), ("record-policy-bare", activation(None))]
}

/// Every kind of command, and the forms that leave something out.
pub fn command_kinds() -> Vec<(&'static str, CommandKind)> {
    let earlier = CommandId::new([0xab; 16]);
    let medium = Some(MediumToken::new(*b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"));
    let pass = |first_day: Option<&str>| CommandKind::BuyPass {
        product: text("bus_month"),
        rider: text("student"),
        medium: text("one_card"),
        first_day: first_day.and_then(ServiceDate::parse),
    };
    let leg = TapId {
        device: DeviceId::new(40_017).unwrap(),
        journal: JournalId::new(8_214_565_720_323_784_705).unwrap(),
        sequence: Sequence::new(3).unwrap(),
    };
    let from = EventTime::from_unix_ms(1_772_323_260_000).unwrap();
    let until = EventTime::from_unix_ms(1_803_859_260_000).unwrap();
    let correct = |to_holder, operator: Option<&str>| CommandKind::Correct {
        case: text("C-2026-17"),
        amount: money(7_000),
        to_holder,
        operator: operator.map(text),
    };
    let moved = CommandKind::MoveMedium {
        from: MediumToken::new([0x11; 16]),
        to: MediumToken::new([0x22; 16]),
        fare_medium: text("one_card"),
        tender: Tender::OpenLoop,
    };
    vec![
        (
            "pay",
            CommandKind::Pay { payee: text("school-3"), bill: text("HP/2026-03"), price: money(1_250_000) },
        ),
        ("buy_pass", pass(Some("2026-04-01"))),
        ("buy_pass-bare", pass(None)),
        ("refund_pass", CommandKind::RefundPass { purchase: earlier }),
        (
            "refund_fare",
            CommandKind::RefundFare { leg, amount: money(7_000), case: text("C-2026-17"), ride: None },
        ),
        ("block", CommandKind::Block { medium, reason: text("lost") }),
        ("block-bare", CommandKind::Block { medium: None, reason: text("stolen") }),
        ("unblock", CommandKind::Unblock { medium }),
        ("unblock-bare", CommandKind::Unblock { medium: None }),
        (
            "announce_top_up",
            CommandKind::AnnounceTopUp {
                channel: text("napas"),
                reference: text("FHK7Q2M9"),
                value: money(200_000),
            },
        ),
        ("confirm_top_up", CommandKind::ConfirmTopUp { top_up: earlier }),
        ("cancel_top_up", CommandKind::CancelTopUp { top_up: earlier }),
        ("move_medium", moved),
        ("grant_concession", CommandKind::GrantConcession { category: text("student"), from, until }),
        ("lapse_concession", CommandKind::LapseConcession { category: text("student") }),
        ("close", CommandKind::Close { case: text("C-2026-17") }),
        ("correct", correct(true, Some("bus-12"))),
        ("correct-bare", correct(false, None)),
    ]
}

/// The kinds of commands that came after those of [`command_kinds`].
pub fn later_command_kinds() -> Vec<(&'static str, CommandKind)> {
    vec![("record-command-end_pass", CommandKind::EndPass { purchase: CommandId::new([0xab; 16]) })]
}

/// A refund with what the books say of the ride, with and without what may be missing.
pub fn old_refunds() -> [(&'static str, Record); 2] {
    let leg = TapId {
        device: DeviceId::new(40_017).unwrap(),
        journal: JournalId::new(8_214_565_720_323_784_705).unwrap(),
        sequence: Sequence::new(3).unwrap(),
    };
    let part = |party: u32, amount: i64| (PartyNo(party), Minor::new(amount));
    let bare = PostedRide {
        version: 2,
        operator: PartyNo(12),
        route: text("HCMC-109"),
        from: None,
        to: None,
        rider_category: text("student"),
        medium: text("one_card"),
        tender: Tender::Prepaid,
        service_date: ServiceDate::parse("2026-02-20").unwrap(),
        shape: text("ride"),
        gross: Minor::new(7_000),
        rider: Minor::new(7_000),
        funded: Vec::new(),
        shares: Vec::new(),
        given_back: Minor::ZERO,
        product: None,
    };
    let whole = PostedRide {
        from: Some(text("Bến Thành")),
        to: Some(text("Suối Tiên")),
        rider: Minor::new(2_000),
        funded: vec![part(10, 4_000), part(11, 1_000)],
        shares: vec![part(13, 2_500), part(14, -100)],
        given_back: Minor::new(1_500),
        product: Some(text("metro_far")),
        ..bare.clone()
    };
    let refund = |ride: PostedRide| {
        let (amount, case) = (money(7_000), text("C-2026-17"));
        command(CommandKind::RefundFare { leg, amount, case, ride: Some(Box::new(ride)) })
    };
    [("record-refund-old", refund(whole)), ("record-refund-old-bare", refund(bare))]
}

/// The sample of this kind; two people stand behind every refund of a fare.
pub fn command(kind: CommandKind) -> Record {
    let approved = matches!(kind, CommandKind::RefundFare { .. });
    Record::Command(Box::new(Command {
        id: CommandId::new(*b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"),
        account: AccountId::new(6_004_512_337_811_220_043).unwrap(),
        at: EventTime::from_unix_ms(1_772_323_260_000).unwrap(),
        asked_by: text("desk-1"),
        approved_by: approved.then(|| text("minh")),
        kind,
    }))
}
