//! The books of a day of taps with acts of the back office in between: each ring balances after every posting, the rings
//! mirror each other, control accounts are the sums of the card accounts, and a reversal leaves no trace.

use super::{day, policies, records};
use clearing::{AccountState, Batch, decide};
use ledger::{Chart, Event, Line, Owner, Ring, events};
use primitives::{AccountId, Minor, PartyNo, PostingDate};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Debits less credits by account of the chart and owner.
type Books = BTreeMap<(Chart, i64), i128>;

fn book(books: &mut Books, lines: &[Line]) {
    for line in lines {
        *books.entry((line.chart, line.owner)).or_default() +=
            i128::from(line.debit.units()) - i128::from(line.credit.units());
    }
}

fn sum(books: &Books, pick: impl Fn(Chart) -> bool) -> i128 {
    books.iter().filter(|((chart, _), _)| pick(*chart)).map(|(_, net)| net).sum()
}

fn act() -> impl Strategy<Value = Event> {
    let amount = || (1_i64..1_000_000).prop_map(Minor::new);
    let small = || (0_i64..1_000).prop_map(Minor::new);
    let party = || (1_u32..50).prop_map(PartyNo);
    let bearer = prop_oneof![
        Just(events::Bearer::Own),
        (1_u32..3).prop_map(|operator| events::Bearer::Operator(PartyNo(operator)))
    ];
    let payee = || prop_oneof![Just(events::Payee::Operator), Just(events::Payee::School)];
    let receivable = prop::sample::select(events::Receivable::ALL.to_vec());
    prop_oneof![
        (party(), amount()).prop_map(|(holder, amount)| Event::CashBanked { holder, amount }),
        (party(), amount()).prop_map(|(holder, amount)| Event::CashShort { holder, amount }),
        (party(), amount(), small(), small()).prop_map(|(channel, net, fee, tax)| {
            let gross = net.plus(fee).and_then(|sum| sum.plus(tax)).expect("small");
            Event::ChannelNetted { channel, gross, fee, tax }
        }),
        (party(), amount(), small(), bearer.clone()).prop_map(|(acquirer, net, fee, bearer)| {
            let gross = net.plus(fee).expect("small");
            Event::AcquirerNetted { acquirer, gross, fee, bearer }
        }),
        (party(), amount()).prop_map(|(acquirer, amount)| Event::ChargebackRaised { acquirer, amount }),
        (party(), amount()).prop_map(|(acquirer, amount)| Event::ChargebackWon { acquirer, amount }),
        (party(), amount(), bearer).prop_map(|(acquirer, amount, bearer)| Event::ChargebackLost {
            acquirer,
            amount,
            bearer
        }),
        (party(), amount()).prop_map(|(school, amount)| Event::SchoolPaid { school, amount }),
        (party(), amount()).prop_map(|(funder, amount)| Event::SubsidyPaid { funder, amount }),
        (party(), party(), amount()).prop_map(|(funder, operator, amount)| Event::SubsidyCut {
            funder,
            operator,
            amount
        }),
        (party(), payee(), amount()).prop_map(|(party, payee, amount)| Event::PayoutRejected {
            party,
            payee,
            amount
        }),
        (party(), payee(), amount()).prop_map(|(party, payee, amount)| Event::PayoutReturned {
            party,
            payee,
            amount
        }),
        amount().prop_map(|amount| Event::SuspenseReturned { amount }),
        (amount(), small()).prop_map(|(fee, tax)| Event::BankCharge { fee, tax }),
        (receivable, party(), amount()).prop_map(|(receivable, party, amount)| Event::WriteOff {
            receivable,
            party,
            amount
        }),
        amount().prop_map(|amount| Event::Prefund { amount }),
        amount().prop_map(|amount| Event::Sweep { amount }),
    ]
}

fn post(books: &mut Books, kind: ledger::Kind, lines: Vec<Line>) -> ledger::Posting {
    let date = PostingDate::parse("2026-03-02").expect("a date");
    let cause = ledger::Cause::Office("act".into());
    let posting = ledger::Posting::new(kind, date, primitives::ServiceDate(date.0), cause, lines);
    let posting = posting.expect("an event is a posting");
    book(books, posting.lines());
    posting
}

fn holds(books: &Books, accounts: &BTreeMap<AccountId, AccountState>) {
    for ring in [Ring::Trust, Ring::Own] {
        assert_eq!(sum(books, |chart| chart.ring() == ring), 0, "L-4: {ring:?}");
    }
    let (owed, owes) =
        (sum(books, |chart| chart == Chart::DueFromOwn), sum(books, |chart| chart == Chart::DueToTrust));
    assert_eq!(owed, -owes, "L-5: the rings mirror each other");
    let purses = |pick: fn(&AccountState) -> Minor| {
        accounts.values().map(move |state| i128::from(pick(state).units()))
    };
    assert_eq!(
        -sum(books, |chart| chart == Chart::CardValue),
        purses(|state| state.purse.value).sum(),
        "L-6"
    );
    assert_eq!(
        sum(books, |chart| chart == Chart::NegativeCard),
        purses(|state| state.purse.debt).sum(),
        "L-6"
    );
    for ((chart, owner), net) in books.iter().filter(|((chart, _), _)| chart.owner_kind() == Owner::Account) {
        let right = if *chart == Chart::NegativeCard { *net >= 0 } else { *net <= 0 };
        assert!(right, "I2: {chart:?} of {owner} stands at {net}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_mixture_of_taps_and_acts_keeps_the_books(
        taps in day(),
        acts in prop::collection::vec((act(), any::<bool>()), 1..30),
    ) {
        let records = records(taps);
        let mut books = Books::new();
        let mut accounts: BTreeMap<AccountId, AccountState> = BTreeMap::new();
        let mut chain_head = ledger::chain::START;
        let mut acts = acts.into_iter();
        for record in records.chunks(1) {
            let decision = decide(Batch {
                policies: policies(),
                posting_date: PostingDate::parse("2026-03-02").expect("a date"),
                chain_head,
                seen: BTreeMap::new(),
                answered: BTreeMap::new(),
                accounts: accounts.clone(),
                activations: BTreeMap::new(),
                refused: BTreeMap::new(),
                records: record,
            });
            chain_head = decision.chain_head;
            for placed in &decision.postings {
                book(&mut books, placed.posting.lines());
            }
            accounts.extend(decision.accounts);
            holds(&books, &accounts);
            let Some((act, undone)) = acts.next() else { continue };
            prop_assert_eq!(Event::parse(&act.to_string()), Some(act), "an event reads back");
            let before = books.clone();
            let posting = post(&mut books, ledger::Kind::Adjustment, act.lines().expect("small"));
            let at_bank = sum(&books, |chart| chart == Chart::TrustBank) - sum(&before, |chart| chart == Chart::TrustBank);
            prop_assert_eq!(at_bank, i128::from(act.at_bank().expect("small").units()));
            holds(&books, &accounts);
            if undone {
                post(&mut books, ledger::Kind::Reversal, events::reversal(posting.lines()));
                books.retain(|_, net| *net != 0);
                let before: Books = before.into_iter().filter(|(_, net)| *net != 0).collect();
                prop_assert_eq!(&books, &before, "a reversal returns each balance");
            }
        }
    }
}
