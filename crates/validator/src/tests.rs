#![allow(clippy::unwrap_used)]
use super::*;
use primitives::{
    Code, Currency, DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, Money, Sequence, TapId,
    TapKind, Text,
};
use wire::{Acknowledgement, DenyDelta, DeviceClock, DeviceKey, Envelope, HouseKey, MasterKey};

fn device() -> DeviceId {
    DeviceId::new(7).unwrap()
}

fn key(version: u32) -> DeviceKey {
    DeviceKey::derive(&MasterKey::new([1; 32]), "test", device(), version)
}

fn validator<J: Journal>(store: J) -> Validator<J> {
    Validator::new(device(), JournalId::new(8).unwrap(), 1, key(1), store)
}

fn medium(number: u32) -> MediumToken {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    MediumToken::new(bytes)
}

fn at() -> EventTime {
    EventTime::from_unix_ms(1_772_323_200_000).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn gate() -> TapKind {
    TapKind::Gate { direction: Direction::Entry, route: text("M1"), stop: text("Bến Thành") }
}

fn id(sequence: u64) -> TapId {
    TapId {
        device: device(),
        journal: JournalId::new(8).unwrap(),
        sequence: Sequence::new(sequence).unwrap(),
    }
}

fn ids(envelopes: &[Envelope]) -> Vec<u64> {
    envelopes.iter().map(|envelope| envelope.tap().unwrap().id.sequence.number()).collect()
}

#[test]
fn a_tap_is_signed_as_it_was_made() {
    let mut validator = validator(MemoryJournal::new());
    let clock = DeviceClock { monotonic_ms: 5, boot_count: 2 };
    let envelope = validator.tap_clocked(medium(1), gate(), at(), clock).unwrap();
    assert_eq!(key(1).verify(&envelope), Ok(()));
    let tap = envelope.tap().unwrap();
    assert_eq!((tap.id, tap.at, tap.medium, tap.kind), (id(1), at(), medium(1), gate()));
    assert_eq!((validator.device(), validator.journal()), (id(1).device, id(1).journal));
}

#[test]
fn pending_is_the_oldest_first_and_pages_past_what_stays() {
    let mut validator = validator(MemoryJournal::new());
    for _ in 0..5 {
        validator.tap(medium(1), gate(), at()).unwrap();
    }
    assert_eq!(ids(&validator.pending(0)), Vec::<u64>::new());
    assert_eq!(ids(&validator.pending(2)), [1, 2]);
    assert_eq!(ids(&validator.pending_after(Sequence::new(2).unwrap(), 2)), [3, 4]);
    assert_eq!(ids(&validator.pending_after(Sequence::new(5).unwrap(), 2)), Vec::<u64>::new());
    assert_eq!(validator.posted(id(3)), Ok(true));
    assert_eq!(validator.posted(id(3)), Ok(false));
    assert_eq!(ids(&validator.pending(9)), [1, 2, 4, 5]);
}

#[test]
fn an_acknowledgement_for_another_device_or_journal_is_not_ours() {
    let mut validator = validator(MemoryJournal::new());
    validator.tap(medium(1), gate(), at()).unwrap();
    assert_eq!(validator.posted(TapId { device: DeviceId::new(9).unwrap(), ..id(1) }), Ok(false));
    assert_eq!(validator.posted(TapId { journal: JournalId::new(9).unwrap(), ..id(1) }), Ok(false));
    assert_eq!(validator.posted(id(2)), Ok(false));
    assert_eq!(ids(&validator.pending(9)), [1]);
}

#[test]
fn a_tap_the_house_would_refuse_is_not_stored() {
    let mut validator = validator(MemoryJournal::new());
    let money = |amount| Money::new(Minor::new(amount), Currency::VND);
    let bill =
        |amount, bill| TapKind::SchoolPayment { school: text("s"), bill: text(bill), price: money(amount) };
    let mut check = |kind, expect| {
        let refused = validator.tap(medium(1), kind, at()).unwrap_err();
        assert!(matches!(refused, TapError::Refused(refusal) if refusal.code == expect));
        assert!(validator.pending(9).is_empty());
    };
    check(bill(0, "b"), Code::AmountRange);
    check(bill(-7_000, "b"), Code::AmountRange);
    check(bill(wire::limits::AMOUNT_MAX + 1, "b"), Code::AmountRange);
    check(bill(7_000, "b\u{202e}1"), Code::TextInvalid);
    validator.tap(medium(1), bill(7_000, "b"), at()).unwrap();
    assert_eq!(ids(&validator.pending(9)), [1], "a refusal uses no number");
}

#[test]
fn a_full_journal_shuts_the_gate_until_something_is_posted() {
    let mut validator = validator(MemoryJournal::with_room(2));
    validator.tap(medium(1), gate(), at()).unwrap();
    validator.tap(medium(2), gate(), at()).unwrap();
    let full = validator.tap(medium(3), gate(), at()).unwrap_err();
    assert!(matches!(full, TapError::Journal(JournalFull(2))));
    validator.posted(id(1)).unwrap();
    validator.tap(medium(3), gate(), at()).unwrap();
    assert_eq!(ids(&validator.pending(9)), [2, 3]);
}

#[test]
fn the_memory_journal_has_its_named_room() {
    let envelope = validator(MemoryJournal::new()).tap(medium(1), gate(), at()).unwrap();
    let mut journal = MemoryJournal::default();
    assert!(journal.is_empty());
    for sequence in 1..=UNPOSTED_MAX as u64 {
        journal.append(Sequence::new(sequence).unwrap(), &envelope).unwrap();
    }
    assert_eq!(journal.len(), UNPOSTED_MAX);
    let next = Sequence::new(UNPOSTED_MAX as u64 + 1).unwrap();
    assert_eq!(journal.append(next, &envelope), Err(JournalFull(UNPOSTED_MAX)));
    assert_eq!(journal.last_sequence().map(Sequence::number), Some(UNPOSTED_MAX as u64));
}

#[test]
fn numbers_end_and_do_not_wrap() {
    let mut journal = MemoryJournal::new();
    let envelope = validator(MemoryJournal::new()).tap(medium(1), gate(), at()).unwrap();
    journal.append(Sequence::new(i64::MAX as u64 - 1).unwrap(), &envelope).unwrap();
    let mut validator = validator(journal);
    validator.tap(medium(1), gate(), at()).unwrap();
    assert!(matches!(validator.tap(medium(1), gate(), at()), Err(TapError::NumbersUsedUp)));
}

#[test]
fn a_new_key_signs_what_comes_and_leaves_what_is_stored() {
    let mut validator = validator(MemoryJournal::new());
    let before = validator.tap(medium(1), gate(), at()).unwrap();
    validator.change_key(2, key(2));
    let after = validator.tap(medium(1), gate(), at()).unwrap();
    assert_eq!((before.key_version, after.key_version), (1, 2));
    assert_eq!(key(2).verify(&after), Ok(()));
    assert_eq!(validator.pending(9), [before, after]);
}

#[test]
fn the_deny_list_denies_and_forgives_up_to_its_limit() {
    let mut validator = validator(MemoryJournal::new());
    assert!(validator.allows(&medium(1)));
    assert!(validator.deny(medium(1)));
    assert!(!validator.allows(&medium(1)) && validator.allows(&medium(2)));
    // Asked at the gate, not by `tap`: an exit is a fact.
    assert!(validator.tap(medium(1), gate(), at()).is_ok());
    assert!(validator.forgive(&medium(1)) && !validator.forgive(&medium(1)));
    assert!(validator.allows(&medium(1)));
    for number in 0..DENY_LIST_MAX as u32 {
        assert!(validator.deny(medium(number)));
    }
    assert!(validator.deny(medium(0)), "one that is on the list stays on it");
    assert!(!validator.deny(medium(DENY_LIST_MAX as u32)));
    assert!(validator.forgive(&medium(0)) && validator.deny(medium(DENY_LIST_MAX as u32)));
}

fn house() -> HouseKey {
    HouseKey::derive(&MasterKey::new([1; 32]), "test", device(), 1)
}

fn answer(up_to: u64, above: &[(u64, u64)]) -> Acknowledgement {
    Acknowledgement { device: device(), journal: id(1).journal, up_to, above: above.to_vec() }
}

#[test]
fn what_the_house_answers_for_is_forgotten_and_nothing_else() {
    let mut validator = validator(MemoryJournal::new()).trusting(house());
    for _ in 0..9 {
        validator.tap(medium(1), gate(), at()).unwrap();
    }
    let mut obey = |answer: Acknowledgement| validator.acknowledged(&answer, &answer.sign(&house()));
    assert_eq!(obey(answer(0, &[])).unwrap(), 0);
    assert_eq!(obey(answer(2, &[(4, 5), (9, 12)])).unwrap(), 5);
    assert_eq!(obey(answer(1, &[])).unwrap(), 0, "an old answer changes nothing");
    assert!(matches!(
        obey(Acknowledgement { journal: JournalId::new(9).unwrap(), ..answer(9, &[]) }),
        Err(AnswerError::NotOurs)
    ));
    assert_eq!(ids(&validator.pending(9)), [3, 6, 7, 8]);
}

#[test]
fn a_forged_answer_destroys_no_fare() {
    let tapped = |mut validator: Validator<MemoryJournal>| {
        validator.tap(medium(1), gate(), at()).unwrap();
        validator
    };
    let check = |answer: Acknowledgement, mac: &[u8]| {
        for mut validator in [
            tapped(validator(MemoryJournal::new()).trusting(house())),
            tapped(validator(MemoryJournal::new())),
        ] {
            let trusting = validator.acknowledged(&answer, mac);
            assert!(matches!(trusting, Err(AnswerError::NotProven)), "{trusting:?}");
            assert_eq!(ids(&validator.pending(9)), [1]);
        }
    };
    let true_mac = answer(0, &[]).sign(&house());
    check(answer(1, &[]), &true_mac);
    check(answer(1, &[]), &[]);
    check(answer(1, &[]), &answer(1, &[]).sign(&house())[..31]);
    let bench = HouseKey::derive(&MasterKey::new([1; 32]), "bench", device(), 1);
    check(answer(1, &[]), &answer(1, &[]).sign(&bench));
    // The same bytes signed as a tap, and as another answer, prove nothing.
    check(answer(1, &[]), &key(1).sign(wire::BodyFormat::Proto, b""));
    let delta = DenyDelta { device: device(), since: 0, version: 1, denied: Vec::new(), allowed: Vec::new() };
    check(answer(1, &[]), &delta.sign(&house()));
}

#[test]
fn the_deny_list_follows_the_house_version_by_version() {
    let mut validator = validator(MemoryJournal::new()).trusting(house());
    let delta = |since, version, denied: &[u32], allowed: &[u32]| DenyDelta {
        device: device(),
        since,
        version,
        denied: denied.iter().map(|number| medium(*number)).collect(),
        allowed: allowed.iter().map(|number| medium(*number)).collect(),
    };
    let mut obey = |delta: DenyDelta| validator.deny_list_changed(&delta, &delta.sign(&house()));
    obey(delta(0, 4, &[1, 2], &[])).unwrap();
    assert!(matches!(obey(delta(0, 5, &[9], &[])), Err(AnswerError::NotOurs)), "a version was left out");
    assert!(matches!(obey(delta(4, 3, &[9], &[])), Err(AnswerError::NotOurs)));
    obey(delta(4, 6, &[3], &[1, 8])).unwrap();
    let forged = delta(6, 7, &[4], &[]);
    assert!(matches!(validator.deny_list_changed(&forged, &[0; 32]), Err(AnswerError::NotProven)));
    assert_eq!(validator.deny_version(), 6);
    let denied: Vec<u32> = (1..10).filter(|number| !validator.allows(&medium(*number))).collect();
    assert_eq!(denied, [2, 3]);
    validator.forget_deny_list();
    assert_eq!(validator.deny_version(), 0);
    assert!(validator.allows(&medium(2)));
}

#[test]
fn a_validator_prints_no_key() {
    assert!(format!("{:?}", validator(MemoryJournal::new())).contains("DeviceKey(•••)"));
}
