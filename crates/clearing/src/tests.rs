#![allow(clippy::arithmetic_side_effects, reason = "tests compute with small numbers")]
use super::*;
use ledger::{Chart, Kind};
use primitives::*;
use std::collections::BTreeMap;

#[path = "../../../tests/support/minitown.rs"]
mod minitown;

mod activation;
mod commands;
mod passes;

fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

fn id(sequence: u64) -> TapId {
    let numbers = (DeviceId::new(7), JournalId::new(1), Sequence::new(sequence));
    let (Some(device), Some(journal), Some(sequence)) = numbers else { panic!("small numbers") };
    TapId { device, journal, sequence }
}

fn at(minute: i64) -> EventTime {
    // 2026-03-02 06:00 in the city, plus minutes.
    EventTime::from_unix_ms(1_772_406_000_000 + minute * 60_000).expect("a time")
}

fn accepted(sequence: u64, minute: i64, operator: u32, kind: TapKind) -> AcceptedTap {
    let tap = Tap { id: id(sequence), at: at(minute), medium: MediumToken::new([1; 16]), kind };
    AcceptedTap {
        body_digest: Digest::of(format!("{tap:?}").as_bytes()),
        tap,
        account: AccountId::new(5).expect("an account"),
        rider: text("adult"),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
        operator: PartyNo(operator),
        received_at: at(minute + 1),
    }
}

fn bus(sequence: u64, minute: i64) -> AcceptedTap {
    let kind = TapKind::Boarding { route: text("B1"), stop: Some(text("H1")), trip: None, qr: false };
    accepted(sequence, minute, 1, kind)
}

fn gate(sequence: u64, minute: i64, direction: Direction, stop: &str) -> AcceptedTap {
    accepted(sequence, minute, 2, TapKind::Gate { direction, route: text("L1"), stop: text(stop) })
}

fn vnd(units: i64) -> Money {
    Money::new(Minor::new(units), Currency::VND)
}

fn top_up(sequence: u64, units: i64, channel: &str) -> AcceptedTap {
    let kind = TapKind::TopUp { channel: text(channel), reference: text("REF1"), value: vnd(units) };
    accepted(sequence, 0, 1, kind)
}

fn school(sequence: u64, units: i64) -> AcceptedTap {
    let kind = TapKind::SchoolPayment { school: text("hill_school"), bill: text("BILL1"), price: vnd(units) };
    accepted(sequence, 1, 30, kind)
}

/// Runs records from offset 0 on an empty house.
fn run(taps: Vec<AcceptedTap>) -> Decision {
    let records: Vec<_> = (0..).zip(taps.into_iter().map(|tap| Ok(Record::Tap(Box::new(tap))))).collect();
    run_records(&records)
}

fn run_records(records: &[(u64, Result<Record, Refusal>)]) -> Decision {
    judge(&minitown::policies(), records)
}

/// The town where a medium shown again within a minute, or within two hours on one trip, is no second ride.
fn run_with_passback(taps: Vec<AcceptedTap>) -> Decision {
    let records: Vec<_> = (0..).zip(taps.into_iter().map(|tap| Ok(Record::Tap(Box::new(tap))))).collect();
    judge(&with_passback(), &records)
}

fn with_passback() -> fares::Policies {
    let mut files = minitown::files();
    let head = files.get_mut("fare_policies.txt").expect("the file");
    let lines = String::from_utf8(head.clone()).expect("text");
    let (header, row) = lines.trim_end().split_once('\n').expect("two lines");
    let columns = "passback_seconds,passback_trip_seconds";
    *head = format!("{header},{columns}\n{row},60,7200\n").into_bytes();
    let policy = fares::load(&files).expect("the town loads");
    fares::Policies::new(vec![policy]).expect("one version")
}

fn judge(policies: &fares::Policies, records: &[(u64, Result<Record, Refusal>)]) -> Decision {
    decide(Batch {
        policies,
        posting_date: PostingDate::parse("2026-03-02").expect("a date"),
        chain_head: ledger::chain::START,
        seen: BTreeMap::new(),
        answered: BTreeMap::new(),
        accounts: BTreeMap::new(),
        activations: BTreeMap::new(),
        refused: BTreeMap::new(),
        records,
    })
}

/// Net of each chart account over all postings, debits minus credits.
fn nets(decision: &Decision) -> BTreeMap<Chart, i64> {
    let mut nets = BTreeMap::new();
    for line in decision.postings.iter().flat_map(|placed| placed.posting.lines()) {
        *nets.entry(line.chart).or_insert(0) += line.debit.units() - line.credit.units();
    }
    nets.retain(|_, net| *net != 0);
    nets
}

fn purse(decision: &Decision) -> (i64, i64) {
    let purse = decision.accounts.values().next().expect("one account").purse;
    (purse.value.units(), purse.debt.units())
}

#[test]
fn a_bus_ride_is_a_fact_and_its_shortfall_a_debt() {
    let decision = run(vec![top_up(1, 8_000, "bank_app"), bus(2, 10), bus(3, 20)]);
    assert_eq!(purse(&decision), (0, 4_000));
    let expect = [(Chart::BankClearing, 8_000), (Chart::NegativeCard, 4_000), (Chart::OperatorFare, -12_000)];
    assert_eq!(nets(&decision), BTreeMap::from(expect));
    assert_eq!(decision.counts, Counts { posted: 3, ..Counts::default() });
    assert_eq!(decision.items.len(), 1);
    assert_eq!(decision.items[0].reference, text("REF1"));
    // The next top-up recovers the debt first.
    let after = run(vec![bus(1, 1), top_up(2, 100_000, "cash_desk")]);
    assert_eq!(purse(&after), (94_000, 0));
    assert!(after.items.is_empty(), "cash is in the operator's hands, not at the bank");
    assert_eq!(nets(&after)[&Chart::CashInTransit], 100_000);
}

#[test]
fn a_concession_is_a_leg_of_its_own_also_for_a_free_ride() {
    let check = |rider: &str, paid: i64, funded: i64| {
        let mut tap = bus(1, 1);
        tap.rider = text(rider);
        let decision = run(vec![tap]);
        let charge = &decision.charges[0];
        assert_eq!((charge.gross.units(), charge.rider.units()), (6_000, paid), "{rider}");
        assert_eq!(nets(&decision).get(&Chart::SubsidyReceivable).copied().unwrap_or(0), funded, "{rider}");
        assert_eq!(nets(&decision).get(&Chart::OperatorSubsidy).copied().unwrap_or(0), -funded, "{rider}");
    };
    check("adult", 6_000, 0);
    check("student", 3_000, 3_000);
    check("senior", 0, 6_000);
}

#[test]
fn an_entry_is_charged_the_default_and_the_exit_brings_the_difference() {
    let entry = gate(1, 0, Direction::Entry, "S1");
    let exit = gate(2, 12, Direction::Exit, "S2");
    let alone = run(vec![entry.clone()]);
    assert_eq!(nets(&alone)[&Chart::OperatorFare], -9_000);
    assert_eq!(alone.charges[0].shape, ChargeShape::MissingExit);

    let both = run(vec![entry, exit]);
    assert_eq!(nets(&both)[&Chart::OperatorFare], -7_000);
    let versions: Vec<_> =
        both.charges.iter().map(|charge| (charge.version, charge.delta.gross.units())).collect();
    assert_eq!(versions, [(1, 9_000), (2, -2_000)]);
    let kinds: Vec<_> = both.postings.iter().map(|placed| placed.posting.kind()).collect();
    assert_eq!(kinds, [Kind::Fare, Kind::Rerate]);
    assert_eq!(both.charges[1].exit, Some(id(2)));
}

#[test]
fn an_exit_before_its_entry_is_the_same_ride_in_the_end() {
    let entry = gate(1, 0, Direction::Entry, "S1");
    let exit = gate(2, 12, Direction::Exit, "S2");
    let late = run(vec![exit, entry]);
    assert_eq!(nets(&late)[&Chart::OperatorFare], -7_000);
    let shapes: Vec<_> = late.charges.iter().map(|charge| (charge.shape, charge.delta.rides)).collect();
    let expect = [(ChargeShape::MissingEntry, 1), (ChargeShape::Cancelled, -1), (ChargeShape::Ride, 1)];
    assert_eq!(shapes, expect);
}

#[test]
fn gates_too_far_apart_never_pair() {
    let ride = |minutes| {
        run(vec![gate(1, 0, Direction::Entry, "S1"), gate(2, minutes, Direction::Exit, "S2")])
            .charges
            .last()
            .map(|charge| charge.shape)
    };
    assert_eq!(ride(180), Some(ChargeShape::Ride));
    assert_eq!(ride(181), Some(ChargeShape::MissingEntry));
}

#[test]
fn one_identity_one_effect() {
    let mut other_body = bus(1, 1);
    other_body.body_digest = Digest::of(b"another body");
    let decision = run(vec![bus(1, 1), bus(1, 1), other_body]);
    assert_eq!(decision.counts, Counts { posted: 1, duplicate: 1, quarantined: 1, marker: 0 });
    assert_eq!(decision.quarantined[0].refusal.code, Code::TapConflict);
    assert_eq!(nets(&decision)[&Chart::OperatorFare], -6_000);
}

#[test]
fn a_school_payment_is_a_request() {
    let paid = run(vec![top_up(1, 50_000, "cash_desk"), school(2, 50_000)]);
    assert_eq!(nets(&paid)[&Chart::SchoolPayable], -50_000);
    let refused = run(vec![top_up(1, 50_000, "cash_desk"), school(2, 50_001), school(2, 50_001)]);
    assert_eq!(refused.taps[1].outcome, TapOutcome::Refused(Code::InsufficientFunds));
    assert_eq!(refused.counts, Counts { posted: 2, duplicate: 1, ..Counts::default() });
    assert_eq!(purse(&refused), (50_000, 0));
}

#[test]
fn what_refers_to_nothing_is_set_aside_with_its_code() {
    let check = |tap: AcceptedTap, code: Code| {
        let decision = run(vec![tap]);
        assert_eq!(decision.counts, Counts { quarantined: 1, ..Counts::default() }, "{code}");
        assert_eq!(decision.quarantined[0].refusal.code, code);
        assert!(decision.accounts.is_empty() && decision.postings.is_empty(), "{code}");
    };
    let with = |mut tap: AcceptedTap, change: fn(&mut AcceptedTap)| {
        change(&mut tap);
        tap
    };
    let boarding = |route: &str| {
        accepted(1, 1, 1, TapKind::Boarding { route: text(route), stop: None, trip: None, qr: true })
    };
    check(boarding("B9"), Code::RouteUnknown);
    check(gate(1, 0, Direction::Entry, "S9"), Code::StopUnknown);
    check(with(bus(1, 1), |tap| tap.operator = PartyNo(2)), Code::DeviceOperator);
    check(
        with(bus(1, 1), |tap| tap.tap.at = EventTime::from_unix_ms(1_000_000_000_000).expect("2001")),
        Code::PolicyUnknown,
    );
    check(top_up(1, 5_000, "hill_school"), Code::PartyUnknown);
    check(top_up(1, 0, "bank_app"), Code::AmountRange);
    check(top_up(1, -5, "bank_app"), Code::AmountRange);
    let pounds = TapKind::TopUp {
        channel: text("bank_app"),
        reference: text("R"),
        value: Money::new(Minor::new(5), Currency::GBP),
    };
    check(accepted(1, 1, 1, pounds), Code::AmountCurrency);
}

#[test]
fn an_amount_that_would_overflow_is_isolated_and_changes_nothing() {
    let decision = run(vec![top_up(1, i64::MAX, "bank_app"), top_up(2, 1, "bank_app")]);
    assert_eq!(decision.counts, Counts { posted: 1, quarantined: 1, ..Counts::default() });
    assert_eq!(decision.quarantined[0].refusal.code, Code::Poison);
    assert_eq!(purse(&decision), (i64::MAX, 0));
}

#[test]
fn the_day_turns_at_its_marker_and_only_once() {
    let date = |text| PostingDate::parse(text).expect("a date");
    let marker = Record::Day(DayMarker { closing: date("2026-03-02"), opening: date("2026-03-03") });
    let records = [
        (0, Ok(Record::Tap(Box::new(bus(1, 1))))),
        (1, Ok(marker.clone())),
        (2, Ok(marker)),
        (3, Ok(Record::Tap(Box::new(bus(2, 2))))),
        (4, Err(Refusal::new(Code::Decode, "not a record"))),
    ];
    let decision = run_records(&records);
    assert_eq!(decision.counts, Counts { posted: 2, duplicate: 0, quarantined: 1, marker: 2 });
    assert_eq!(decision.posting_date, date("2026-03-03"));
    let dates: Vec<_> = decision.taps.iter().map(|tap| (tap.posting_date, tap.service_date)).collect();
    let travel = ServiceDate::parse("2026-03-02").expect("a date");
    assert_eq!(dates, [(date("2026-03-02"), travel), (date("2026-03-03"), travel)]);
}

#[test]
fn an_open_loop_ride_is_the_acquirers_debt() {
    let mut tap = bus(1, 1);
    tap.tender = Tender::OpenLoop;
    let decision = run(vec![tap]);
    let expect = [(Chart::AcquirerReceivable, 6_000), (Chart::OperatorFare, -6_000)];
    assert_eq!(nets(&decision), BTreeMap::from(expect));
    assert_eq!(purse(&decision), (0, 0));
}

#[test]
fn a_window_forgets_whole_rides_only() {
    let day = 24 * 60;
    let ride = |sequence, minute| {
        [
            gate(sequence, minute, Direction::Entry, "S1"),
            gate(sequence + 1, minute + 10, Direction::Exit, "S2"),
        ]
    };
    let taps: Vec<_> = [ride(1, 0), ride(3, day), ride(5, 3 * day + 8 * 60)].into_iter().flatten().collect();
    let decision = run(taps);
    let state = decision.accounts.values().next().expect("one account");
    let kept: Vec<_> = state.window.iter().map(|tap| tap.id.sequence.number()).collect();
    assert_eq!(kept, [5, 6]);
    assert_eq!(state.legs.len(), 1);
    // A tap from before the window is priced by itself and leaves the window as it is.
    let late = run([ride(1, 3 * day).to_vec(), vec![bus(9, 0)]].concat());
    assert_eq!(late.charges.last().map(|charge| charge.gross.units()), Some(6_000));
    assert_eq!(late.accounts.values().next().map(|state| state.window.len()), Some(2));
}

/// Shape, version and flags of every charge, in log order.
fn said(decision: &Decision) -> Vec<(ChargeShape, u32, i32, Vec<Flag>)> {
    let said =
        |charge: &Charge| (charge.shape, charge.version, charge.delta.rides, charge.flags.iter().collect());
    decision.charges.iter().map(said).collect()
}

fn on_trip(mut tap: AcceptedTap, name: &str) -> AcceptedTap {
    if let TapKind::Boarding { trip, .. } = &mut tap.tap.kind {
        *trip = Some(text(name));
    }
    tap
}

fn shown(mut tap: AcceptedTap, medium: u8) -> AcceptedTap {
    tap.tap.medium = MediumToken::new([medium; 16]);
    tap
}

#[test]
fn a_medium_shown_again_is_no_second_ride() {
    let rides = |taps: Vec<AcceptedTap>| {
        let decision = run_with_passback(taps);
        (decision.charges.iter().map(|charge| charge.delta.rides).sum::<i32>(), nets(&decision))
    };
    let fare = |count: i64| {
        BTreeMap::from([(Chart::NegativeCard, 6_000 * count), (Chart::OperatorFare, -6_000 * count)])
    };
    // Within the minute, and at its end; not a moment later, and not on another medium.
    assert_eq!(rides(vec![bus(1, 0), bus(2, 1)]), (1, fare(1)));
    let mut late = bus(2, 1);
    late.tap.at = EventTime::from_unix_ms(late.tap.at.unix_ms() + 1_000).expect("a time");
    assert_eq!(rides(vec![bus(1, 0), late]), (2, fare(2)));
    assert_eq!(rides(vec![bus(1, 0), shown(bus(2, 1), 9)]), (2, fare(2)));
    // On one trip for two hours.
    assert_eq!(rides(vec![on_trip(bus(1, 0), "T1"), on_trip(bus(2, 120), "T1")]), (1, fare(1)));
    assert_eq!(rides(vec![on_trip(bus(1, 0), "T1"), on_trip(bus(2, 121), "T1")]), (2, fare(2)));
    assert_eq!(rides(vec![on_trip(bus(1, 0), "T1"), on_trip(bus(2, 30), "T2")]), (2, fare(2)));
    // The time runs from the tap that was charged: the third is a ride again.
    assert_eq!(rides(vec![bus(1, 0), bus(2, 1), bus(3, 2)]), (2, fare(2)));
    // Without the rule every tap is a ride.
    assert_eq!(nets(&run(vec![bus(1, 0), bus(2, 1)])), fare(2));
}

#[test]
fn the_first_of_two_taps_pays_whichever_comes_first() {
    let decision = run_with_passback(vec![bus(2, 1), bus(1, 0)]);
    let expect = [
        (ChargeShape::Ride, 1, 1, vec![]),
        (ChargeShape::Ride, 1, 1, vec![]),
        (ChargeShape::SecondTap, 2, -1, vec![Flag::Passback]),
    ];
    assert_eq!(said(&decision), expect);
    assert_eq!(nets(&decision)[&Chart::OperatorFare], -6_000);
}

#[test]
fn a_gate_that_is_tapped_twice_is_passed_once() {
    let entry = |sequence, minute| gate(sequence, minute, Direction::Entry, "S1");
    let exit = |sequence, minute| gate(sequence, minute, Direction::Exit, "S2");
    let decision = run_with_passback(vec![entry(1, 0), entry(2, 1), exit(3, 10), exit(4, 11)]);
    assert_eq!(nets(&decision)[&Chart::OperatorFare], -7_000);
    // In and out and in again is another ride.
    let again =
        run_with_passback(vec![entry(1, 0), gate(2, 0, Direction::Exit, "S1"), entry(3, 1), exit(4, 9)]);
    assert_eq!(nets(&again)[&Chart::OperatorFare], -3_000 - 7_000);
}

#[test]
fn a_tap_that_is_cancelled_and_comes_back_is_a_later_version() {
    let entry = gate(1, 0, Direction::Entry, "S1");
    let exit = gate(3, 12, Direction::Exit, "S2");
    // The exit is known first, then its entry, then an exit in between that takes the entry away.
    let decision = run(vec![exit, entry, gate(2, 6, Direction::Exit, "S3")]);
    let of_exit: Vec<_> = decision
        .charges
        .iter()
        .filter(|charge| charge.leg == id(3))
        .map(|charge| (charge.version, charge.shape))
        .collect();
    let expect =
        [(1, ChargeShape::MissingEntry), (2, ChargeShape::Cancelled), (3, ChargeShape::MissingEntry)];
    assert_eq!(of_exit, expect);
    let in_order = run(vec![
        gate(1, 0, Direction::Entry, "S1"),
        gate(2, 6, Direction::Exit, "S3"),
        gate(3, 12, Direction::Exit, "S2"),
    ]);
    assert_eq!(nets(&decision), nets(&in_order));
}

#[test]
fn a_tap_older_than_the_window_is_priced_alone_and_flagged() {
    let two_days = 48 * 60;
    let at_the_end = run(vec![bus(2, two_days), bus(1, 0)]);
    assert_eq!(said(&at_the_end)[1].3, []);
    let past_it = run(vec![bus(2, two_days + 1), bus(1, 0)]);
    assert_eq!(said(&past_it)[1].3, [Flag::BeforeWindow]);
    assert_eq!(past_it.charges[1].service_date, ServiceDate::parse("2026-03-02").expect("a date"));
}

#[test]
fn where_a_clock_was_set_back_the_devices_numbers_tell_the_order() {
    let exit = gate(2, 12, Direction::Exit, "S2");
    // The entry's number is lower, its time is later: the gate's clock ran two hours ahead and was set back in between.
    let entry = gate(1, 120, Direction::Entry, "S1");
    for taps in [vec![entry.clone(), exit.clone()], vec![exit, entry]] {
        let decision = run(taps);
        assert_eq!(nets(&decision)[&Chart::OperatorFare], -7_000);
        let last = said(&decision).pop().expect("a charge");
        assert_eq!((last.0, last.3), (ChargeShape::Ride, vec![Flag::ClockMoved]));
    }
}

#[test]
fn more_taps_than_a_window_keeps_are_flagged() {
    let most = state::WINDOW_TAPS_MAX as u64;
    let taps: Vec<_> = (1..=most + 1).map(|sequence| bus(sequence, sequence as i64)).collect();
    let decision = run(taps);
    let flagged: Vec<_> = decision.charges.iter().filter(|charge| charge.flags != Flags::default()).collect();
    assert_eq!(flagged.len(), 1);
    assert_eq!(flagged[0].flags.iter().collect::<Vec<_>>(), [Flag::Crowded]);
    assert_eq!(
        decision.accounts.values().next().map(|state| state.window.len()),
        Some(state::WINDOW_TAPS_MAX)
    );
}
