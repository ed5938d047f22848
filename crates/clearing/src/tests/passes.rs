//! The money of passes: earned by the rides they pay, in any order, and the rest when their time is over.

use super::commands::{answers, buy, command, filled, give_back, judge, net, refund, tapped};
use super::*;
use ledger::Line;
use primitives::{CommandId, CommandKind};

/// Minutes from the first morning to one when a month that began then is long over.
const LATER: i64 = 40 * 24 * 60;

fn end(number: u8, minute: i64, of: u8) -> Record {
    command(number, minute, CommandKind::EndPass { purchase: CommandId::new([of; 16]) })
}

/// What is owed by the bus operator, which funds its passes.
fn owed(decision: &Decision) -> i64 {
    net(decision, Chart::SubsidyReceivable)
}

fn unearned(decision: &Decision) -> i64 {
    -net(decision, Chart::ProductLiability)
}

fn of_kind(decision: &Decision, kind: Kind) -> Vec<&ledger::Posting> {
    let postings = decision.postings.iter().map(|placed| &placed.posting);
    postings.filter(|posting| posting.kind() == kind).collect()
}

/// Where the money stands, by account of the chart, owner and day; value and debt of a card as one.
fn positions(decision: &Decision) -> BTreeMap<(Chart, i64, ServiceDate), i64> {
    let mut nets = BTreeMap::new();
    for placed in &decision.postings {
        for line in placed.posting.lines() {
            let place = (line.chart.in_positions(), line.owner, placed.posting.service_date());
            *nets.entry(place).or_insert(0) += line.debit.units() - line.credit.units();
        }
    }
    nets.retain(|_, net| *net != 0);
    nets
}

#[test]
fn each_ride_earns_its_fare_of_the_pass() {
    let decision = judge(vec![
        filled(100_000),
        buy(1, 1, "bus_month"),
        tapped(bus(1, 9)),
        // On the next day, and still under the day the pass was bought.
        tapped(bus(2, 1_500)),
    ]);
    assert_eq!((unearned(&decision), owed(&decision)), (88_000, 0));
    let earned = of_kind(&decision, Kind::PassEarned);
    let days: Vec<_> = earned.iter().map(|posting| posting.service_date().to_string()).collect();
    assert_eq!(days, ["2026-03-02", "2026-03-02"]);
    let six = Minor::new(6_000);
    let lines =
        [Line::debit(Chart::ProductLiability, 5, six), Line::credit(Chart::SubsidyReceivable, 1, six)];
    assert_eq!(earned[0].lines(), lines);
    assert_eq!(net(&decision, Chart::OperatorSubsidy), -12_000);
    // A ride that no pass pays earns nothing of one.
    let other = judge(vec![filled(100_000), buy(1, 5, "bus_month"), tapped(bus(1, 4))]);
    assert_eq!((unearned(&other), owed(&other)), (100_000, 0));
}

#[test]
fn a_book_earns_its_price_and_no_more() {
    // Ten rides of 6,000 on a book of 45,000: seven earn their fare, the eighth what is left.
    let mut records = vec![filled(100_000), buy(1, 1, "bus_ten")];
    records.extend((1..=10).map(|ride| tapped(bus(ride, 9 + ride as i64))));
    let decision = judge(records.clone());
    assert_eq!((unearned(&decision), owed(&decision)), (0, 15_000));
    let earned: Vec<i64> =
        of_kind(&decision, Kind::PassEarned).iter().map(|posting| posting.lines()[0].debit.units()).collect();
    assert_eq!(earned, [6_000, 6_000, 6_000, 6_000, 6_000, 6_000, 6_000, 3_000]);
    // The eleventh is paid by nobody but the rider; and in another order it is the same.
    records.push(tapped(bus(11, 50)));
    let whole = judge(records.clone());
    assert_eq!((unearned(&whole), owed(&whole), purse(&whole).0), (0, 15_000, 100_000 - 45_000 - 6_000));
    records[2..].reverse();
    assert_eq!(positions(&judge(records)), positions(&whole));
}

#[test]
fn a_students_ride_earns_what_the_pass_paid_of_it() {
    let mut ride = bus(1, 9);
    ride.rider = text("student");
    let decision = judge(vec![filled(100_000), buy(1, 1, "bus_month"), tapped(ride)]);
    // Of 6,000 the town pays 3,000; only the rest was paid by the pass.
    assert_eq!((unearned(&decision), owed(&decision)), (97_000, 3_000));
}

#[test]
fn a_ride_that_is_none_after_all_earns_nothing() {
    let policies = with_passback();
    let run = |records: Vec<Record>| {
        let records: Vec<_> = (0..).zip(records.into_iter().map(Ok)).collect();
        super::judge(&policies, &records)
    };
    let bought = || vec![filled(100_000), buy(1, 1, "bus_month")];
    // The second tap comes first: it is a ride until the one before it is there.
    let mut second_first = bought();
    second_first.extend([tapped(bus(2, 10)), tapped(bus(1, 9)), tapped(bus(2, 10))]);
    let mut in_order = bought();
    in_order.extend([tapped(bus(1, 9)), tapped(bus(2, 10))]);
    let (late, early) = (run(second_first), run(in_order));
    assert_eq!((unearned(&late), owed(&late)), (94_000, 0));
    assert_eq!(positions(&late), positions(&early));
    assert_eq!(of_kind(&late, Kind::PassEarned).len(), 1, "one fare more and one less is no difference");
}

#[test]
fn a_fare_given_back_makes_no_money_unearned() {
    let decision =
        judge(vec![filled(100_000), buy(1, 1, "bus_month"), tapped(bus(1, 9)), refund(2, 1, 6_000)]);
    assert_eq!(answers(&decision), ["done", "done"]);
    assert_eq!((unearned(&decision), owed(&decision)), (94_000, -6_000));
    assert_eq!(net(&decision, Chart::OperatorSubsidy), 0);
}

#[test]
fn what_no_ride_earned_goes_to_the_funder_when_the_pass_is_over() {
    let until = |records: Vec<Record>| {
        let mut all = vec![filled(100_000), buy(1, 1, "bus_month"), tapped(bus(1, 9))];
        all.extend(records);
        judge(all)
    };
    let soon = until(vec![end(2, 31 * 24 * 60, 1)]);
    assert_eq!((answers(&soon), unearned(&soon)), (vec!["done", "PASS_NOT_OVER"], 94_000));
    let over = until(vec![end(2, LATER, 1), end(3, LATER, 1), end(4, LATER, 9), give_back(5, LATER, 1)]);
    let expect = ["done", "done", "PASS_NOT_OVER", "PASS_NOT_OVER", "PASS_NOT_REFUNDABLE"];
    assert_eq!(answers(&over), expect);
    assert_eq!((unearned(&over), owed(&over)), (0, 6_000 - 100_000));
    assert_eq!(over.commands[1].amount, Some(Minor::new(94_000)));
    assert_eq!(of_kind(&over, Kind::PassEnded).len(), 1);
    // A ride that comes when it has ended is paid by the pass and finds nothing left; had it come before, it were the same.
    let late = until(vec![end(2, LATER, 1), tapped(bus(2, 100))]);
    let before = until(vec![tapped(bus(2, 100)), end(2, LATER, 1)]);
    assert_eq!((unearned(&late), owed(&late), purse(&late)), (0, 12_000 - 100_000, (0, 0)));
    assert_eq!(positions(&late), positions(&before));
}

#[test]
fn a_pass_ends_when_its_time_or_its_rides_are_over() {
    let check = |product: &str, rides: u64, expect: &str| {
        let mut records = vec![filled(100_000), buy(1, 1, product)];
        records.extend((1..=rides).map(|ride| tapped(bus(ride, 9 + ride as i64))));
        records.push(end(2, LATER, 1));
        let decision = judge(records);
        assert_eq!(answers(&decision)[1], expect, "{product} with {rides} rides");
    };
    // The time of either begins with its first ride; a book has no other end than its last.
    check("bus_month", 0, "PASS_NOT_OVER");
    check("bus_month", 1, "done");
    check("bus_ten", 9, "PASS_NOT_OVER");
    check("bus_ten", 10, "done");
}

#[test]
fn two_passes_earn_each_its_own() {
    let (first, second) = (buy(1, 1, "bus_ten"), buy(2, 2, "bus_ten"));
    let mut records = vec![filled(100_000), first, second];
    records.extend((1..=12).map(|ride| tapped(bus(ride, 9 + ride as i64))));
    let decision = judge(records.clone());
    // Ten rides on the first, which earn its 45,000; two on the other.
    assert_eq!((unearned(&decision), owed(&decision)), (45_000 - 12_000, 15_000));
    records[3..].reverse();
    assert_eq!(positions(&judge(records.clone())), positions(&decision));
    let state = judge(records).accounts.into_values().next().expect("one account");
    let paid: Vec<i64> = state.standing.expect("two").purchases.iter().map(|one| one.paid.units()).collect();
    assert_eq!(paid, [60_000, 12_000]);
}

#[test]
fn passes_that_ended_make_room_for_new_ones() {
    let most = u8::try_from(standing::STANDING_MAX).expect("small");
    // One month after the other, each bought, ridden on, and ended before the next.
    let months = |count: u8, ended: bool| {
        let mut records = vec![filled(10_000_000)];
        for month in 0..count {
            let start = i64::from(month) * LATER;
            let number = month + 1;
            records.extend([buy(number, start, "bus_month"), tapped(bus(u64::from(number), start + 9))]);
            records.extend(ended.then(|| end(100 + number, start + LATER, number)));
        }
        judge(records)
    };
    let all = months(most + 2, true);
    assert!(answers(&all).iter().all(|answer| *answer == "done"), "{:?}", answers(&all));
    assert_eq!((unearned(&all), owed(&all)), (0, i64::from(most + 2) * (6_000 - 100_000)));
    let state = all.accounts.into_values().next().expect("one account");
    assert_eq!(
        (state.carried.passes.len(), purse_of(&state)),
        (usize::from(most), 10_000_000 - 66 * 100_000)
    );
    // Those that did not end stay, and so does the limit.
    assert_eq!(answers(&months(most + 1, false)).last(), Some(&"TOO_LARGE"));
}

fn purse_of(state: &AccountState) -> i64 {
    state.purse.value.units() - state.purse.debt.units()
}
