//! Bad input: each kind has a code, is counted, and lies with its raw bytes where a person finds it.

use crate::house::*;
use engine::intake::Answer;
use primitives::*;
use wire::{BodyFormat, Envelope, encode_tap};

fn tap(device: u64, sequence: u64, kind: TapKind) -> Tap {
    let id = TapId {
        device: device_id(device),
        journal: JournalId::new(1).expect("small"),
        sequence: Sequence::new(sequence).expect("small"),
    };
    Tap { id, at: at(5), medium: medium(1), kind }
}

/// A body signed by a device's own key.
fn signed(signer: u64, body: Vec<u8>) -> Envelope {
    let mac = key(signer).sign(BodyFormat::Proto, &body).to_vec();
    Envelope { device: device_id(signer), key_version: 1, format: BodyFormat::Proto, body, mac }
}

fn honest(sequence: u64, kind: TapKind) -> Envelope {
    signed(BUS, encode_tap(&tap(BUS, sequence, kind)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_sets_aside_what_it_cannot_take_and_keeps_the_bytes() {
    let house = House::open().await;
    let ok = honest(1, boarding());
    let change = |change: fn(&mut Envelope)| {
        let mut envelope = ok.clone();
        change(&mut envelope);
        envelope.encode()
    };
    let mut far = tap(BUS, 2, boarding());
    far.at = at(60 + 3);
    let mut old = tap(BUS, 3, boarding());
    old.at = at(60 - 31 * 24 * 60);
    let truncated = ok.encode()[..20].to_vec();
    let cases: Vec<(Code, Vec<u8>)> = vec![
        (Code::Decode, b"not protobuf".to_vec()),
        (Code::Decode, Vec::new()),
        (Code::Decode, truncated),
        (Code::TooLarge, vec![0; wire::limits::ENVELOPE_BYTES_MAX + 1]),
        (Code::MacBad, change(|envelope| envelope.mac[0] ^= 1)),
        (Code::MacBad, change(|envelope| envelope.body[3] ^= 1)),
        (Code::MacBad, change(|envelope| envelope.mac.truncate(31))),
        (Code::KeyUnknown, change(|envelope| envelope.key_version = 9)),
        (Code::DeviceUnknown, change(|envelope| envelope.device = device_id(999))),
        (Code::Decode, signed(BUS, b"signed rubbish".to_vec()).encode()),
        (Code::DeviceMismatch, signed(BUS, encode_tap(&tap(RAIL, 1, boarding()))).encode()),
        (Code::ClockFuture, signed(BUS, encode_tap(&far)).encode()),
        (Code::ClockOld, signed(BUS, encode_tap(&old)).encode()),
    ];
    let receipts = house.send_raw(cases.iter().map(|(_, raw)| raw.clone()).collect()).await;
    for ((code, raw), receipt) in cases.iter().zip(receipts) {
        let Answer::Quarantined(refusal) = receipt.answer else { panic!("{code}: was received") };
        assert_eq!(refusal.code, *code, "{refusal}");
        let kept: i64 =
            sqlx::query_scalar("SELECT count(*)::bigint FROM ingest.quarantine WHERE code = $1 AND raw = $2")
                .bind(code.as_str())
                .bind(raw)
                .fetch_one(&house.pool)
                .await
                .expect("a count");
        assert_eq!(kept, 1, "{code}: the raw bytes are kept");
    }
    assert_eq!(house.number("SELECT count(*)::bigint FROM ingest.received").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_core_sets_aside_what_refers_to_nothing() {
    let house = House::open().await;
    let route = |route: &str| TapKind::Boarding { route: text(route), stop: None, trip: None, qr: false };
    let stop = TapKind::Boarding { route: text("B1"), stop: Some(text("nowhere")), trip: None, qr: false };
    let top_up =
        |channel: &str, value| TapKind::TopUp { channel: text(channel), reference: text("R"), value };
    let pounds = Money::new(Minor::new(500), Currency::GBP);
    let cases = [
        (Code::RouteUnknown, route("B9")),
        (Code::DeviceOperator, route("L1")),
        (Code::StopUnknown, stop),
        (Code::PartyUnknown, top_up("nobody", vnd(500))),
        (Code::AmountCurrency, top_up("cash_desk", pounds)),
    ];
    let envelopes: Vec<Envelope> = (1..).zip(&cases).map(|(n, (_, kind))| honest(n, kind.clone())).collect();
    house.send(&envelopes).await;
    house.clear().await;
    for (sequence, (code, _)) in (1_i64..).zip(&cases) {
        let found: String = sqlx::query_scalar(
            "SELECT code FROM ingest.quarantine WHERE source = 'log' AND seq = $1 AND raw <> ''",
        )
        .bind(sequence)
        .fetch_one(&house.pool)
        .await
        .expect("it is there");
        assert_eq!(found, code.as_str());
    }
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_of_nothing_or_less_never_pass_the_door() {
    let house = House::open().await;
    let top_up =
        |units| TapKind::TopUp { channel: text("cash_desk"), reference: text("R"), value: vnd(units) };
    for (sequence, units) in [(1, 0), (2, -7_000), (3, i64::MAX)] {
        let receipts = house.send_raw(vec![honest(sequence, top_up(units)).encode()]).await;
        let Answer::Quarantined(refusal) = &receipts[0].answer else { panic!("{units} was received") };
        assert_eq!(refusal.code, Code::AmountRange, "{units}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_identity_with_another_body_is_a_conflict_and_both_are_kept() {
    let house = House::open().await;
    let other = TapKind::Boarding { route: text("B1"), stop: None, trip: None, qr: false };
    house.send(&[honest(1, boarding())]).await;
    house.clear().await;
    house.send(&[honest(1, other.clone()), honest(1, boarding()), honest(1, other)]).await;
    house.clear().await;
    let conflicts = "SELECT count(*)::bigint FROM ingest.quarantine WHERE code = 'TAP_CONFLICT'";
    assert_eq!(house.number(conflicts).await, 2);
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 1);
    assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 1);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_in_the_log_itself_blocks_nobody() {
    use wire::EventLog as _;
    let house = House::open().await;
    house
        .log
        .append(vec![(0, b"rubbish".to_vec()), (1, Vec::new()), (2, vec![0xff; 100])])
        .await
        .expect("appended");
    house.send(&[honest(1, boarding())]).await;
    // A record in a partition that is not its account's.
    let mut reader = house.log.reader(vec![(0, 1), (1, 1), (2, 1)]).await.expect("a reader");
    use wire::LogReader as _;
    let good = reader.next(1, std::time::Duration::from_secs(5)).await.expect("entries").remove(0);
    house.log.append(vec![((good.partition + 1) % PARTITIONS, good.bytes)]).await.expect("appended");
    house.clear().await;
    assert_eq!(house.number("SELECT count(*)::bigint FROM ingest.quarantine WHERE code = 'DECODE'").await, 3);
    assert_eq!(
        house.number("SELECT count(*)::bigint FROM ingest.quarantine WHERE code = 'WRONG_PARTITION'").await,
        1
    );
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 1);
    house.assert_invariants().await;
}
