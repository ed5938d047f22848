//! Whole simulated days, judged by the house's own readers: nothing here looks inside the simulation.

mod judge;

use citysim::{ExpectedCredit, Options, SimDay, simulate};
use judge::Judge;
use primitives::{Code, Minor, ServiceDate};
use std::collections::{BTreeMap, BTreeSet};

fn options(seed: u64, rides: u32) -> Options {
    Options {
        seed,
        rides,
        date: ServiceDate::parse("2026-03-10").expect("a date"),
        environment: "test".to_owned(),
        master_key: [7; 32],
        key_version: 1,
    }
}

fn day(seed: u64, rides: u32) -> SimDay {
    simulate(&options(seed, rides), &judge::city_files("hcmc")).expect("a day")
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_seed_another() {
    let (one, again, other) = (day(5, 1_500), day(5, 1_500), day(6, 1_500));
    assert_eq!(one.deliveries, again.deliveries);
    assert_eq!((&one.devices, &one.accounts), (&again.devices, &again.accounts));
    assert_eq!((&one.answer, &one.payee_accounts), (&again.answer, &again.payee_accounts));
    let statement =
        |day: &SimDay| day.bank.statement(&[], options(5, 0).date.0, &[]).expect("a statement").bytes;
    assert_eq!(statement(&one), statement(&again));
    assert_ne!(one.deliveries, other.deliveries);
    assert_ne!(one.answer, other.answer);
}

#[test]
fn the_answer_adds_up() {
    for (seed, rides) in [(1, 300), (2, 1_000), (3, 4_000)] {
        let answer = day(seed, rides).answer;
        let sum = |amounts: Vec<Minor>| Minor::sum(amounts).expect("a sum");
        assert_eq!(answer.rides.rides, u64::from(rides));
        assert_eq!(answer.rides.gross, sum(vec![answer.rides.rider, answer.rides.subsidy]));
        let of_operators =
            |field: fn(&citysim::OperatorSums) -> Minor| sum(answer.operators.values().map(field).collect());
        assert_eq!(answer.operators.values().map(|sums| sums.rides.rides).sum::<u64>(), answer.rides.rides);
        assert_eq!(of_operators(|sums| sums.rides.gross), answer.rides.gross);
        assert_eq!(of_operators(|sums| sums.rides.rider), answer.rides.rider);
        assert_eq!(of_operators(|sums| sums.rides.subsidy), answer.rides.subsidy);
        assert_eq!(sum(answer.funders.values().copied().collect()), answer.rides.subsidy);
        for sums in answer.operators.values() {
            let owed = sum(vec![sums.rides.rider, sums.rides.subsidy]);
            assert_eq!(owed, sum(vec![sums.net, sums.cash_held]));
            assert!(!sums.net.is_negative(), "tills never hold more than is owed");
        }
        let topped_up = sum(answer.channels.values().map(|sums| sums.amount).collect());
        assert_eq!(topped_up, sum(vec![answer.bank_top_ups, of_operators(|sums| sums.cash_held)]));
        // What went onto the cards is still there, was ridden, or was paid to schools; debts are rides not paid yet.
        let schools = sum(answer.schools.values().map(|sums| sums.amount).collect());
        let prepaid_rides = answer.rides.rider.minus(answer.acquirer).expect("rides");
        let left = sum(vec![answer.card_value, prepaid_rides, schools]);
        assert_eq!(left, sum(vec![topped_up, answer.card_debt]));
        // Riders, funders and acquirer pay in; operators and schools are paid out; the rest is the riders' money,
        // what nobody could explain, less what riders still owe.
        let kept = sum(vec![answer.card_value, answer.unknown_credits]);
        assert_eq!(sum(vec![answer.statement_closing, answer.card_debt]), kept);
        let taps = &answer.taps;
        assert_eq!(taps.accepted, taps.posted + taps.duplicate + taps.quarantined_total());
        assert!(
            answer.incomplete_rides >= 2 && answer.card_debt.is_positive() && answer.acquirer.is_positive()
        );
    }
}

#[test]
fn every_kind_of_fault_is_there() {
    let files = judge::city_files("hcmc");
    for (seed, rides) in [(1, 400), (9, 5_000)] {
        let day = simulate(&options(seed, rides), &files).expect("a day");
        let codes: Vec<Code> = day.answer.taps.quarantined.keys().copied().collect();
        let expected = [
            Code::Decode,
            Code::MacBad,
            Code::DeviceUnknown,
            Code::DeviceMismatch,
            Code::MediumUnknown,
            Code::StopUnknown,
            Code::RouteUnknown,
            Code::AmountRange,
            Code::TapConflict,
        ];
        assert_eq!(codes.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
        let verdict = Judge::new(&files, &day, &options(seed, rides)).hear(&day);
        assert!(verdict.duplicates_in_one_upload > 0 && verdict.duplicates_later > 0);
        assert!(verdict.late_taps > 0, "no bus was offline");
        assert!(verdict.disordered_uploads > 0, "every upload is in order");
        assert!(verdict.exits_before_entries > 0 || rides < 5_000, "every exit comes after its entry");
        assert!(verdict.json_taps > 0 && verdict.json_taps * 2 < verdict.proto_taps);
        assert!(verdict.qr_boardings > 0 && verdict.missing_exits > 0 && verdict.missing_entries > 0);
    }
}

#[test]
fn the_houses_own_readers_and_fare_engine_agree_with_the_answer() {
    let files = judge::city_files("hcmc");
    for (seed, rides) in [(4, 600), (11, 6_000)] {
        let day = simulate(&options(seed, rides), &files).expect("a day");
        let verdict = Judge::new(&files, &day, &options(seed, rides)).hear(&day);
        assert_eq!(verdict.taps, day.answer.taps);
        assert_eq!(verdict.rides, day.answer.rides);
        let operators: BTreeMap<_, _> =
            day.answer.operators.iter().map(|(operator, sums)| (*operator, sums.rides)).collect();
        assert_eq!(verdict.operators, operators);
        assert_eq!((verdict.schools, verdict.channels), (day.answer.schools, day.answer.channels));
        assert_eq!(verdict.missing_exits + verdict.missing_entries, day.answer.incomplete_rides);
    }
}

#[test]
fn a_school_payment_never_lacks_the_money() {
    let files = judge::city_files("hcmc");
    let day = simulate(&options(8, 3_000), &files).expect("a day");
    assert_eq!(day.answer.schools.len(), 10);
    let verdict = Judge::new(&files, &day, &options(8, 3_000)).hear(&day);
    assert!(verdict.poorest_payer.is_some_and(|rest| rest > 200_000), "{:?}", verdict.poorest_payer);
}

#[test]
fn uploads_arrive_in_order_within_the_day_and_within_the_limits() {
    let day = day(3, 4_000);
    let rule = fares::load(&judge::city_files("hcmc")).expect("a policy").day_rule();
    assert!(day.deliveries.is_sorted_by_key(|delivery| delivery.at));
    for delivery in &day.deliveries {
        assert_eq!(rule.service_date(delivery.at), options(3, 0).date);
        assert!((1..=wire::limits::BATCH_TAPS_MAX).contains(&delivery.taps.len()));
        assert!(delivery.body().len() <= wire::limits::BATCH_BYTES_MAX);
    }
}

#[test]
fn the_bank_closes_as_the_answer_says() {
    let day = day(2, 2_000);
    let payees: BTreeMap<_, _> = day.payee_accounts.iter().map(|payee| (payee.party, payee)).collect();
    let operators = day.answer.operators.iter().map(|(party, sums)| (*party, sums.net));
    let schools = day.answer.schools.iter().map(|(party, sums)| (*party, sums.amount));
    let payments = operators.chain(schools).filter(|(_, amount)| amount.is_positive());
    let payments = payments.map(|(party, amount)| bank::Payment {
        end_to_end: format!("FH{}", party.0),
        creditor: bank::Party {
            name: payees[&party].name.clone(),
            account: payees[&party].account_no.clone(),
            bic: payees[&party].bic.clone(),
        },
        amount,
        remittance: String::new(),
    });
    let order = bank::write_pain001(&bank::PayoutFile {
        message_id: "RUN".to_owned(),
        created_at: Default::default(),
        execution_date: options(2, 0).date.0,
        currency: day.bank.currency,
        debtor: bank::Party {
            name: day.bank.holder.clone(),
            account: day.bank.account.clone(),
            bic: day.bank.bic.clone(),
        },
        payments: payments.collect(),
    })
    .expect("an order");
    let claim = |number, amount| ExpectedCredit { reference: bank::reference::make(number), amount };
    let claims = [claim(1, day.answer.rides.subsidy), claim(2, day.answer.acquirer)];
    let file = day.bank.statement(&order, options(2, 0).date.0, &claims).expect("a statement");
    assert_eq!((file.closing, file.paid_out), (day.answer.statement_closing, day.answer.payouts));
    let statements = bank::read_camt053(&file.bytes).expect("well-formed");
    assert_eq!(statements[0].proof, bank::Proof::Proven);
    assert_eq!(statements[0].closing, file.closing);
    let unexplained =
        statements[0].lines.iter().filter(|line| line.amount.is_positive() && line.references.is_empty());
    assert_eq!(unexplained.map(|line| line.amount).collect::<Vec<_>>(), [day.answer.unknown_credits]);
    let ambiguous = statements[0].lines.iter().filter(|line| line.references.len() > 1).count();
    assert_eq!(ambiguous, 0);
}

#[test]
fn a_city_without_schools_banks_or_concessions_has_a_day_too() {
    let files = judge::city_files("minitown");
    let day = simulate(&options(1, 200), &files).expect("a day");
    assert_eq!(day.answer.rides.rides, 200);
    let verdict = Judge::new(&files, &day, &options(1, 200)).hear(&day);
    assert_eq!((verdict.taps, verdict.rides), (day.answer.taps, day.answer.rides));
}
