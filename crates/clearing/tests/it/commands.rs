//! Properties of commands: repetition and batch borders do not matter, in any order the books say what the accounts say.

use super::*;

/// One of two accounts, a minute, what is asked, and which earlier thing it is about.
type Act = (u64, i64, u8, usize);

fn vnd(units: i64) -> Money {
    Money::new(Minor::new(units), Currency::VND)
}

fn command_id(index: usize) -> CommandId {
    CommandId::new((index as u128).to_be_bytes())
}

/// A tap or a command; its identity is its place in the list.
fn record(index: usize, (account, minute, what, about): Act) -> Record {
    let earlier = command_id(about % (index + 1));
    let kind = match what % 16 {
        0 => CommandKind::Pay { payee: text("hill_school"), bill: text("B"), price: vnd(9_000) },
        1 | 2 => {
            let (product, rider) = (["bus_month", "bus_ten"][about % 2], text("adult"));
            CommandKind::BuyPass { product: text(product), rider, medium: text("card"), first_day: None }
        }
        3 if about % 4 == 0 => CommandKind::EndPass { purchase: earlier },
        3 => CommandKind::RefundPass { purchase: earlier },
        4 | 5 => {
            let leg = tap(about % (index + 1), (account, minute, 0, 0)).tap.id;
            CommandKind::RefundFare { leg, amount: vnd(2_500), case: text("C"), ride: None }
        }
        6 => CommandKind::Block { medium: None, reason: text("lost") },
        7 => CommandKind::Unblock { medium: None },
        8 | 9 => {
            CommandKind::AnnounceTopUp { channel: text("bank_app"), reference: text("R"), value: vnd(60_000) }
        }
        10 => CommandKind::ConfirmTopUp { top_up: earlier },
        11 => CommandKind::CancelTopUp { top_up: earlier },
        12 => return Record::Tap(Box::new(tap(index, (account, minute, 7, 0)))),
        ride => {
            let rider = u8::try_from(about % 3).expect("small");
            return Record::Tap(Box::new(tap(index, (account, minute, ride * 5, rider))));
        }
    };
    Record::Command(Box::new(Command {
        id: command_id(index),
        account: AccountId::new(account).expect("small"),
        // From 05:00 on, as the taps.
        at: EventTime::from_unix_ms(1_772_402_400_000 + minute * 60_000).expect("a time"),
        asked_by: text("desk"),
        approved_by: None,
        kind,
    }))
}

fn acts() -> impl Strategy<Value = Vec<Record>> {
    let one = (1_u64..=2, 0_i64..1_080, any::<u8>(), 0_usize..50);
    prop::collection::vec(one, 1..50)
        .prop_map(|acts| acts.into_iter().enumerate().map(|(index, act)| record(index, act)).collect())
}

fn numbered(records: impl IntoIterator<Item = Record>) -> Records {
    (0..).zip(records.into_iter().map(Ok)).collect()
}

/// The sub-ledgers of every account say what its state says.
fn check_books(end: &End) {
    let net = |account: AccountId, chart: Chart| {
        end.positions.get(&(account.as_i64(), chart, account.as_i64())).copied().unwrap_or(0)
    };
    for (account, purse) in &end.purses {
        let standing = end.standings.get(account).cloned().unwrap_or_default();
        let pending = standing.pending.iter().map(|top_up| top_up.amount.units()).sum::<i64>();
        // What was paid for it, less what its rides earned, which is never more.
        let unearned = |purchase: &clearing::standing::Purchase| {
            let price =
                purchase.rider.units() + purchase.funded.iter().map(|part| part.amount.units()).sum::<i64>();
            if purchase.ended { 0 } else { price - purchase.paid.units().clamp(0, price) }
        };
        assert_eq!(-net(*account, Chart::CardValue), purse.value.units(), "value of {account}");
        assert_eq!(net(*account, Chart::NegativeCard), purse.debt.units(), "debt of {account}");
        assert_eq!(-net(*account, Chart::TopUpPending), pending, "pending top-ups of {account}");
        let passes = standing.purchases.iter().map(unearned).sum::<i64>();
        assert_eq!(-net(*account, Chart::ProductLiability), passes, "passes of {account}");
    }
    assert_eq!(end.positions.values().sum::<i64>(), 0, "the books balance");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn repetition_and_batch_borders_change_nothing(
        acts in acts(),
        again in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..10),
        cuts in prop::collection::vec(0_usize..60, 0..5),
    ) {
        let expect = run(&numbered(acts.clone()), &[]);
        check_books(&expect);
        let mut repeated = acts;
        for (which, gap) in again {
            let which = which.index(repeated.len());
            let place = which + 1 + gap.index(repeated.len() - which);
            repeated.insert(place, repeated[which].clone());
        }
        let mut cuts = cuts;
        cuts.sort_unstable();
        let got = run(&numbered(repeated), &cuts);
        // Offsets are others, so the chain is another; everything it says is the same.
        prop_assert_eq!(End { chain: expect.chain, ..got }, expect);
    }

    #[test]
    fn in_any_order_one_id_has_one_answer_and_the_books_balance(acts in acts(), seed in any::<u64>()) {
        let mut shuffled: Vec<Record> = acts.iter().chain(&acts).cloned().collect();
        let mut state = seed | 1;
        for place in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(place, (state >> 33) as usize % (place + 1));
        }
        let end = run(&numbered(shuffled), &[]);
        check_books(&end);
        let asked = acts.iter().filter(|record| matches!(record, Record::Command(_))).count();
        prop_assert_eq!(end.answers.len(), asked);
    }
}
