//! Commands: each kind with its postings, its refusals, and what it leaves behind.

use super::*;
use primitives::{Command, CommandId, CommandKind};

pub(super) fn command(number: u8, minute: i64, kind: CommandKind) -> Record {
    Record::Command(Box::new(Command {
        id: CommandId::new([number; 16]),
        account: AccountId::new(5).expect("an account"),
        at: at(minute),
        asked_by: text("desk-1"),
        approved_by: None,
        kind,
    }))
}

pub(super) fn tapped(tap: AcceptedTap) -> Record {
    Record::Tap(Box::new(tap))
}

pub(super) fn filled(units: i64) -> Record {
    tapped(top_up(90, units, "cash_desk"))
}

pub(super) fn judge(records: Vec<Record>) -> Decision {
    let records: Vec<_> = (0..).zip(records.into_iter().map(Ok)).collect();
    run_records(&records)
}

/// The answers in order: `done`, or the code of the refusal.
pub(super) fn answers(decision: &Decision) -> Vec<&'static str> {
    let answer = |row: &CommandRow| row.refused.as_ref().map_or("done", |refusal| refusal.code.as_str());
    decision.commands.iter().map(answer).collect()
}

pub(super) fn net(decision: &Decision, chart: Chart) -> i64 {
    nets(decision).get(&chart).copied().unwrap_or(0)
}

/// The legs that were ridden by somebody on the deny list.
fn blocked(decision: &Decision) -> Vec<TapId> {
    let flagged = |charge: &&Charge| charge.flags.iter().any(|flag| flag == Flag::Blocked);
    decision.charges.iter().filter(flagged).map(|charge| charge.leg).collect()
}

fn pay(number: u8, units: i64) -> Record {
    let kind = CommandKind::Pay { payee: text("hill_school"), bill: text("B-1"), price: vnd(units) };
    command(number, 5, kind)
}

#[test]
fn a_payment_is_paid_from_value_or_refused_for_good() {
    let decision = judge(vec![filled(10_000), pay(1, 8_000), pay(2, 8_000), pay(2, 8_000), pay(1, 8_000)]);
    assert_eq!(answers(&decision), ["done", "INSUFFICIENT_FUNDS"]);
    assert_eq!(decision.counts, Counts { posted: 3, duplicate: 2, ..Counts::default() });
    assert_eq!(purse(&decision), (2_000, 0));
    assert_eq!(net(&decision, Chart::SchoolPayable), -8_000);
    assert_eq!(decision.commands[1].amount, Some(Minor::new(8_000)));
    // The key of the first payment with another amount is not that payment.
    let other = judge(vec![filled(10_000), pay(1, 8_000), pay(1, 1_000)]);
    assert_eq!(other.quarantined[0].refusal.code, Code::IdempotencyMismatch);
    assert_eq!(purse(&other), (2_000, 0));
}

#[test]
fn a_payment_must_name_a_school_and_the_citys_money() {
    let check = |payee: &str, price: Money, expect: &str| {
        let kind = CommandKind::Pay { payee: text(payee), bill: text("B-1"), price };
        assert_eq!(answers(&judge(vec![filled(10_000), command(1, 5, kind)])), [expect]);
    };
    check("hill_school", vnd(10_000), "done");
    check("hill_school", vnd(10_001), "INSUFFICIENT_FUNDS");
    check("hill_school", vnd(0), "AMOUNT_RANGE");
    check("hill_school", Money::new(Minor::new(5), Currency::GBP), "AMOUNT_CURRENCY");
    check("bank_app", vnd(5), "PARTY_UNKNOWN");
    check("nobody", vnd(5), "PARTY_UNKNOWN");
}

#[test]
fn a_blocked_account_asks_in_vain_but_its_rides_are_facts() {
    let block = |medium| CommandKind::Block { medium, reason: text("lost") };
    let unblock = |medium| CommandKind::Unblock { medium };
    let card = Some(MediumToken::new([1; 16]));
    let decision = judge(vec![
        filled(20_000),
        command(1, 1, block(None)),
        pay(2, 1_000),
        tapped(bus(1, 10)),
        command(3, 11, unblock(None)),
        pay(4, 1_000),
        tapped(bus(2, 12)),
        command(5, 13, block(card)),
        tapped(bus(3, 14)),
        tapped(school(4, 1_000)),
        command(6, 15, unblock(card)),
    ]);
    assert_eq!(answers(&decision), ["done", "ACCOUNT_BLOCKED", "done", "done", "done", "done"]);
    assert_eq!(blocked(&decision), [id(1), id(3)]);
    assert_eq!(decision.taps[4].outcome, TapOutcome::Refused(Code::AccountBlocked));
    // Three rides, one payment; the rides with the blocked card are posted like any other.
    assert_eq!(purse(&decision), (20_000 - 18_000 - 1_000, 0));
    let state = decision.accounts.values().next().expect("one account");
    assert_eq!(state.standing, None, "an account with nothing left behind is like any other");
}

#[test]
fn gates_are_told_to_deny_a_blocked_account_whatever_it_owns() {
    let check = |last: CommandKind, expect: bool| {
        let block = CommandKind::Block { medium: None, reason: text("lost") };
        let decision = judge(vec![filled(20_000), command(1, 1, block), command(2, 2, last)]);
        let state = decision.accounts.values().next().expect("one account");
        assert_eq!(state.is_denied(Minor::ZERO), expect);
    };
    check(CommandKind::Unblock { medium: Some(MediumToken::new([1; 16])) }, true);
    check(CommandKind::Unblock { medium: None }, false);
}

fn announce(number: u8, units: i64) -> Record {
    let kind =
        CommandKind::AnnounceTopUp { channel: text("bank_app"), reference: text("FH1"), value: vnd(units) };
    command(number, 1, kind)
}

fn confirm(number: u8, of: u8) -> Record {
    command(number, 2, CommandKind::ConfirmTopUp { top_up: CommandId::new([of; 16]) })
}

fn cancel(number: u8, of: u8) -> Record {
    command(number, 2, CommandKind::CancelTopUp { top_up: CommandId::new([of; 16]) })
}

#[test]
fn an_announced_top_up_is_confirmed_or_taken_back_never_both() {
    let waiting = judge(vec![tapped(bus(1, 0)), announce(1, 100_000)]);
    assert_eq!(purse(&waiting), (0, 6_000));
    assert_eq!(net(&waiting, Chart::TopUpPending), -100_000);
    assert!(waiting.items.is_empty(), "nothing is expected at the bank before it says so");

    let confirmed =
        judge(vec![tapped(bus(1, 0)), announce(1, 100_000), confirm(2, 1), confirm(3, 1), cancel(4, 1)]);
    assert_eq!(answers(&confirmed), ["done", "done", "TOPUP_NOT_PENDING", "TOPUP_NOT_PENDING"]);
    assert_eq!(purse(&confirmed), (94_000, 0));
    assert_eq!(net(&confirmed, Chart::TopUpPending), 0);
    assert_eq!(net(&confirmed, Chart::BankClearing), 100_000);
    assert_eq!(confirmed.items.len(), 1);
    assert_eq!(confirmed.items[0].source, ItemSource::Command(CommandId::new([2; 16])));

    // A bank that confirms after the money was given back does not make value of it.
    let returned = judge(vec![announce(1, 100_000), cancel(2, 1), confirm(3, 1)]);
    assert_eq!(answers(&returned), ["done", "done", "TOPUP_NOT_PENDING"]);
    assert_eq!((purse(&returned), nets(&returned)), ((0, 0), BTreeMap::new()));
}

pub(super) fn buy(number: u8, minute: i64, product: &str) -> Record {
    let kind = CommandKind::BuyPass {
        product: text(product),
        rider: text("adult"),
        medium: text("card"),
        first_day: None,
    };
    command(number, minute, kind)
}

pub(super) fn give_back(number: u8, minute: i64, of: u8) -> Record {
    command(number, minute, CommandKind::RefundPass { purchase: CommandId::new([of; 16]) })
}

#[test]
fn a_pass_is_bought_from_value_and_pays_the_rides_after_it() {
    let decision = judge(vec![
        filled(120_000),
        tapped(bus(1, 1)),
        buy(1, 10, "bus_month"),
        tapped(bus(9, 20)),
        tapped(bus(2, 5)),
    ]);
    assert_eq!(answers(&decision), ["done"]);
    // A ride before it, and one before it that comes late, are paid from value; the one after it by the pass.
    let riders: Vec<_> = decision.charges.iter().map(|charge| (charge.leg, charge.rider.units())).collect();
    assert_eq!(riders, [(id(1), 6_000), (id(9), 0), (id(2), 6_000)]);
    assert_eq!(purse(&decision), (120_000 - 12_000 - 100_000, 0));
    assert_eq!(net(&decision, Chart::ProductLiability), -94_000, "a ride earned its fare of it");
    let check = |records, expect: &str| assert_eq!(answers(&judge(records)), [expect]);
    check(vec![filled(99_999), buy(1, 1, "bus_month")], "INSUFFICIENT_FUNDS");
    check(vec![filled(120_000), buy(1, 1, "bus_single")], "PASS_NOT_SOLD");
    check(vec![filled(120_000), buy(1, 1, "moon_month")], "PASS_NOT_SOLD");
}

#[test]
fn an_unused_pass_is_given_back_when_its_terms_say_so() {
    let unused = judge(vec![filled(100_000), buy(1, 1, "bus_month"), give_back(2, 2, 1), give_back(3, 3, 1)]);
    assert_eq!(answers(&unused), ["done", "done", "REFUND_UNKNOWN"]);
    assert_eq!(purse(&unused), (100_000, 0));
    assert_eq!(net(&unused, Chart::ProductLiability), 0);
    // Then it pays no ride any more.
    let after = judge(vec![filled(100_000), buy(1, 1, "bus_month"), give_back(2, 2, 1), tapped(bus(1, 9))]);
    assert_eq!(purse(&after), (94_000, 0));

    let used = judge(vec![filled(100_000), buy(1, 1, "bus_month"), tapped(bus(1, 9)), give_back(2, 20, 1)]);
    assert_eq!(answers(&used), ["done", "PASS_NOT_REFUNDABLE"]);
    assert_eq!(net(&used, Chart::ProductLiability), -94_000);
    let never = judge(vec![filled(100_000), buy(1, 1, "bus_ten"), give_back(2, 2, 1)]);
    assert_eq!(answers(&never), ["done", "PASS_NOT_REFUNDABLE"]);
}

pub(super) fn refund(number: u8, leg: u64, units: i64) -> Record {
    refund_of(number, leg, units, None)
}

fn refund_of(number: u8, leg: u64, units: i64, ride: Option<PostedRide>) -> Record {
    let (leg, amount, case) = (id(leg), vnd(units), text("C-7"));
    command(number, 30, CommandKind::RefundFare { leg, amount, case, ride: ride.map(Box::new) })
}

#[test]
fn refunds_of_a_fare_are_at_most_the_fare() {
    let decision = judge(vec![
        tapped(bus(1, 1)),
        refund(1, 1, 4_000),
        refund(2, 1, 2_001),
        refund(3, 1, 2_000),
        refund(4, 1, 1),
    ]);
    assert_eq!(answers(&decision), ["done", "REFUND_ABOVE", "done", "REFUND_ABOVE"]);
    assert_eq!((purse(&decision), nets(&decision)), ((0, 0), BTreeMap::new()));
    let versions: Vec<_> = decision
        .charges
        .iter()
        .map(|charge| (charge.version, charge.delta.gross.units(), charge.gross.units()))
        .collect();
    assert_eq!(versions, [(1, 6_000, 6_000), (2, -4_000, 2_000), (3, -2_000, 0)]);
    let kinds: Vec<_> = decision.postings.iter().map(|placed| placed.posting.kind()).collect();
    assert_eq!(kinds, [Kind::Fare, Kind::Refund, Kind::Refund]);
    assert_eq!(answers(&judge(vec![tapped(bus(1, 1)), refund(1, 2, 1)])), ["REFUND_UNKNOWN"]);
}

#[test]
fn a_refund_goes_back_to_everybody_who_paid() {
    let mut ride = bus(1, 1);
    ride.rider = text("student");
    let decision = judge(vec![filled(10_000), tapped(ride), refund(1, 1, 6_000)]);
    assert_eq!(purse(&decision), (10_000, 0));
    assert_eq!(
        nets(&decision),
        BTreeMap::from([(Chart::CashInTransit, 10_000), (Chart::CardValue, -10_000)])
    );
}

/// A student's ride of last month, as the books have it: a third of it was earned by another operator.
fn old_ride() -> PostedRide {
    PostedRide {
        version: 2,
        operator: PartyNo(1),
        route: text("B1"),
        from: Some(text("H1")),
        to: None,
        rider_category: text("student"),
        medium: text("card"),
        tender: Tender::Prepaid,
        service_date: ServiceDate::parse("2026-02-02").expect("a date"),
        shape: text("ride"),
        gross: Minor::new(6_000),
        rider: Minor::new(3_000),
        funded: vec![(PartyNo(10), Minor::new(3_000))],
        shares: vec![(PartyNo(2), Minor::new(2_000))],
        given_back: Minor::ZERO,
        product: Some(text("bus_single")),
    }
}

#[test]
fn a_ride_that_no_window_holds_is_given_back_from_what_the_books_say() {
    let first = judge(vec![refund_of(1, 70, 3_000, Some(old_ride()))]);
    assert_eq!(answers(&first), ["done"]);
    let charge = &first.charges[0];
    assert_eq!((charge.version, charge.gross.units(), charge.rider.units()), (3, 3_000, 1_500));
    assert_eq!(
        (charge.delta.gross.units(), charge.delta.funded.units(), charge.delta.rides),
        (-3_000, -1_500, 0)
    );
    assert_eq!((purse(&first), charge.service_date.to_string().as_str()), ((1_500, 0), "2026-02-02"));
    let owners = |decision: &Decision, chart: Chart| {
        let mut net = BTreeMap::new();
        for line in decision.postings.iter().flat_map(|placed| placed.posting.lines()) {
            if line.chart == chart {
                *net.entry(line.owner).or_insert(0) += line.debit.units() - line.credit.units();
            }
        }
        net
    };
    // Half of what each gave and got: the rider's 1,500, the city's 1,500; of the other operator's 2,000 a half as well.
    assert_eq!(owners(&first, Chart::OperatorFare), BTreeMap::from([(1, 500), (2, 1_000)]));
    assert_eq!(owners(&first, Chart::OperatorSubsidy), BTreeMap::from([(1, 1_500)]));
    assert_eq!(owners(&first, Chart::SubsidyReceivable), BTreeMap::from([(10, -1_500)]));
    assert_eq!(first.postings[0].posting.kind(), Kind::Refund);
}

#[test]
fn an_old_ride_is_given_back_once_whoever_looked_it_up_when() {
    let looked_up_again = PostedRide {
        version: 3,
        gross: Minor::new(2_000),
        rider: Minor::new(1_000),
        funded: vec![(PartyNo(10), Minor::new(1_000))],
        shares: Vec::new(),
        given_back: Minor::new(4_000),
        ..old_ride()
    };
    let decision = judge(vec![
        refund_of(1, 70, 4_000, Some(old_ride())),
        // Somebody who looked before that, and asks for less than was left then.
        refund_of(2, 70, 6_000, Some(old_ride())),
        refund_of(3, 70, 2_001, Some(looked_up_again.clone())),
        refund_of(4, 70, 2_000, Some(looked_up_again)),
        refund_of(5, 71, 1, None),
        refund_of(6, 72, 1, Some(PostedRide { shape: text("a rocket"), ..old_ride() })),
    ]);
    let expect = ["done", "REFUND_ABOVE", "REFUND_ABOVE", "done", "REFUND_UNKNOWN", "REFUND_UNKNOWN"];
    assert_eq!(answers(&decision), expect);
    let given: i64 = decision.charges.iter().map(|charge| charge.delta.gross.units()).sum();
    assert_eq!(given, -6_000);
}

#[test]
fn a_refund_of_a_settled_day_is_posted_to_the_open_one() {
    let (closing, opening) = ("2026-03-02", "2026-03-03");
    let date = |text| PostingDate::parse(text).expect("a date");
    let day = Record::Day(DayMarker { closing: date(closing), opening: date(opening) });
    let decision = judge(vec![tapped(bus(1, 1)), day, refund(1, 1, 6_000)]);
    let posting = &decision.postings[1].posting;
    assert_eq!(
        (posting.posting_date(), posting.service_date().to_string()),
        (date(opening), closing.to_owned())
    );
}

#[test]
fn what_was_given_back_stays_given_back_when_the_ride_is_priced_anew() {
    // The entry costs the farthest fare, 9,000; of it 3,000 are given back; then the exit makes it a ride of 7,000.
    let entry = gate(1, 0, Direction::Entry, "S1");
    let exit = gate(2, 12, Direction::Exit, "S2");
    let late = judge(vec![tapped(entry.clone()), refund(1, 1, 3_000), tapped(exit.clone())]);
    assert_eq!(net(&late, Chart::OperatorFare), -4_000);
    // The same when the refund comes last.
    let last = judge(vec![tapped(entry.clone()), tapped(exit.clone()), refund(1, 1, 3_000)]);
    assert_eq!((nets(&late), purse(&late)), (nets(&last), purse(&last)));
    // More was given back than the ride costs in the end: the operator keeps nothing, and nobody pays twice.
    let more = judge(vec![tapped(entry), refund(1, 1, 9_000), tapped(exit)]);
    assert_eq!((nets(&more), purse(&more)), (BTreeMap::new(), (0, 0)));
}

#[test]
fn nobody_approves_what_they_asked_for_themselves() {
    let Record::Command(mut command) = pay(1, 1_000) else { panic!("a command") };
    command.approved_by = Some(command.asked_by.clone());
    assert_eq!(answers(&judge(vec![filled(10_000), Record::Command(command)])), ["APPROVAL_SELF"]);
}

#[test]
fn a_command_without_a_policy_waits_in_quarantine() {
    let Record::Command(mut command) = pay(1, 1_000) else { panic!("a command") };
    command.at = EventTime::from_unix_ms(EventTime::MIN_MS).expect("a time");
    let decision = judge(vec![Record::Command(command)]);
    assert_eq!(decision.quarantined[0].refusal.code, Code::PolicyUnknown);
}

#[test]
fn what_an_account_keeps_open_is_limited() {
    let many = |count: u8| judge((0..count).map(|number| announce(number, 1_000)).collect());
    let limit = u8::try_from(standing::STANDING_MAX).expect("small");
    assert!(answers(&many(limit)).iter().all(|answer| *answer == "done"));
    assert_eq!(answers(&many(limit + 1)).last(), Some(&"TOO_LARGE"));
}

/// A command that another person agreed with.
fn agreed(record: Record) -> Record {
    let Record::Command(mut command) = record else { panic!("a command") };
    command.approved_by = Some(text("minh"));
    Record::Command(command)
}

fn correct(number: u8, units: i64, to_holder: bool, operator: Option<&str>) -> Record {
    let (case, operator) = (text("C-9"), operator.map(text));
    command(number, 40, CommandKind::Correct { case, amount: vnd(units), to_holder, operator })
}

#[test]
fn a_correction_by_hand_needs_two_people_and_says_whose_money_it_is() {
    let check = |record: Record, expect: &str, purse_after: (i64, i64), against: Option<(Chart, i64)>| {
        let decision = judge(vec![filled(10_000), record]);
        assert_eq!((answers(&decision), purse(&decision)), (vec![expect], purse_after));
        if let Some((chart, amount)) = against {
            assert_eq!(net(&decision, chart), amount);
        }
    };
    check(correct(1, 3_000, true, None), "APPROVAL_MISSING", (10_000, 0), None);
    check(agreed(correct(1, 3_000, true, None)), "done", (13_000, 0), Some((Chart::Suspense, 3_000)));
    let operator = Some("greenbus");
    check(agreed(correct(1, 3_000, true, operator)), "done", (13_000, 0), Some((Chart::OperatorFare, 3_000)));
    // What is taken by hand may leave a debt: it is a fact that somebody else is owed it.
    check(
        agreed(correct(1, 12_000, false, operator)),
        "done",
        (0, 2_000),
        Some((Chart::OperatorFare, -12_000)),
    );
    check(agreed(correct(1, 1, true, Some("bank_app"))), "PARTY_UNKNOWN", (10_000, 0), None);
}

fn close(number: u8, minute: i64) -> Record {
    agreed(command(number, minute, CommandKind::Close { case: text("C-1") }))
}

#[test]
fn an_account_is_closed_after_it_was_blocked_for_a_week() {
    let week = 7 * 24 * 60;
    let block = || command(1, 0, CommandKind::Block { medium: None, reason: text("lost") });
    let open = judge(vec![filled(10_000), close(2, 0)]);
    assert_eq!(answers(&open), ["CLOSE_TOO_SOON"]);
    let soon = judge(vec![filled(10_000), block(), close(2, week - 1)]);
    assert_eq!(answers(&soon), ["done", "CLOSE_TOO_SOON"]);
    let closed = judge(vec![filled(10_000), block(), close(2, week), close(3, week), pay(4, 1)]);
    assert_eq!(answers(&closed), ["done", "done", "ACCOUNT_CLOSED", "ACCOUNT_CLOSED"]);
    assert_eq!((purse(&closed), net(&closed, Chart::RefundPayable)), ((0, 0), -10_000));
    let owing = judge(vec![tapped(bus(1, 0)), block(), close(2, week)]);
    assert_eq!(answers(&owing), ["done", "CLOSE_TOO_SOON"]);
    let waiting = judge(vec![announce(9, 1_000), block(), close(2, week)]);
    assert_eq!(answers(&waiting), ["done", "done", "CLOSE_TOO_SOON"]);
    // A ride that comes later still is a fact.
    let late = judge(vec![filled(10_000), block(), close(2, week), tapped(bus(1, 5))]);
    assert_eq!(purse(&late), (0, 6_000));
}

fn grant(number: u8, minute: i64, from: i64, until: i64) -> Record {
    let (from, until) = (at(from), at(until));
    command(number, minute, CommandKind::GrantConcession { category: text("student"), from, until })
}

#[test]
fn a_concession_prices_the_rides_of_its_time() {
    // Rides at 10, 20 and 30; the right holds from 15 to 25 and is granted at 40: a day's rides are priced anew.
    let rides = || (1..=3).map(|ride| tapped(bus(ride, 10 * ride as i64))).collect::<Vec<_>>();
    let mut records = rides();
    records.push(grant(1, 40, 15, 25));
    let decision = judge(records);
    assert_eq!((answers(&decision), purse(&decision)), (vec!["done"], (0, 15_000)));
    assert_eq!(net(&decision, Chart::SubsidyReceivable), 3_000);
    // Granted first, and with the rides in another order, it is the same.
    let mut first = vec![grant(1, 0, 15, 25)];
    first.extend(rides().into_iter().rev());
    assert_eq!(nets(&judge(first)), nets(&decision));
    let change = RegistryChange::Granted {
        account: AccountId::new(5).expect("an account"),
        category: text("student"),
        from: at(15),
        until: at(25),
    };
    assert_eq!(decision.registry, [change]);
    // It lapses: rides before stay, rides after are not reduced.
    let lapse = command(2, 18, CommandKind::LapseConcession { category: text("student") });
    let lapsed = judge(vec![grant(1, 0, 5, 99), tapped(bus(1, 10)), lapse, tapped(bus(2, 20))]);
    assert_eq!((answers(&lapsed), purse(&lapsed)), (vec!["done", "done"], (0, 9_000)));
    assert_eq!(answers(&judge(vec![grant(1, 0, 25, 25)])), ["CONCESSION_INVALID"]);
}

#[test]
fn an_account_moves_to_another_medium_with_money_and_rights() {
    let (old, new) = (MediumToken::new([1; 16]), MediumToken::new([2; 16]));
    let tender = Tender::Prepaid;
    let moved = CommandKind::MoveMedium { from: old, to: new, fare_medium: text("card"), tender };
    let mut with_new = bus(2, 20);
    with_new.tap.medium = new;
    let records = vec![
        filled(120_000),
        buy(1, 1, "bus_month"),
        command(2, 5, moved),
        tapped(with_new),
        tapped(bus(3, 30)),
    ];
    let decision = judge(records);
    assert_eq!(answers(&decision), ["done", "done"]);
    assert_eq!(purse(&decision), (20_000, 0), "the pass pays the rides with either");
    assert_eq!(blocked(&decision), [id(3)], "the old medium is on the deny list");
    assert!(matches!(decision.registry[..], [RegistryChange::Medium { token, .. }] if token == new));
}
