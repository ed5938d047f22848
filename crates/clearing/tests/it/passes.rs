//! Properties of the money of passes: whatever the order, the repetitions and the moment the end is found, it stands where
//! the set of rides says.

use super::*;

/// Rides of two accounts, most of them on a bus.
fn rides() -> impl Strategy<Value = Vec<AcceptedTap>> {
    let what = prop_oneof![3 => Just(0_u8), 1 => any::<u8>()];
    let one = (prop_oneof![Just(1_u64), Just(3)], 0_i64..1_080, what, 0_u8..3);
    prop::collection::vec(one, 1..60).prop_map(|rides| {
        rides.into_iter().enumerate().map(|(index, one)| super::tap(index + 10, one)).collect()
    })
}

fn command(number: u8, account: u64, minute: i64, kind: CommandKind) -> Record {
    Record::Command(Box::new(Command {
        id: CommandId::new([number; 16]),
        account: AccountId::new(account).expect("small"),
        at: EventTime::from_unix_ms(1_772_402_400_000 + minute * 60_000).expect("a time"),
        asked_by: text("desk"),
        approved_by: None,
        kind,
    }))
}

/// Money enough, a book on one account, a month on the other.
fn bought() -> Vec<Record> {
    let mut records = Vec::new();
    for (number, account, product) in [(1_u8, 1_u64, "bus_ten"), (2, 3, "bus_month")] {
        let mut money = super::tap(usize::from(number), (account, 0, 7, 0));
        let TapKind::TopUp { value, .. } = &mut money.tap.kind else { panic!("a top-up") };
        *value = Money::new(Minor::new(1_000_000), Currency::VND);
        records.push(Record::Tap(Box::new(money)));
        let (product, rider, medium) = (text(product), text("adult"), text("card"));
        let kind = CommandKind::BuyPass { product, rider, medium, first_day: None };
        records.push(command(number, account, 0, kind));
    }
    records
}

/// Asks to end both, long after.
fn ended(from: u8) -> Vec<Record> {
    let end = |number: u8, account, of| {
        let purchase = CommandId::new([of; 16]);
        command(number, account, 60 * 24 * 40, CommandKind::EndPass { purchase })
    };
    vec![end(from, 1, 1), end(from + 1, 3, 2)]
}

fn numbered(records: Vec<Record>) -> Records {
    (0..).zip(records.into_iter().map(Ok)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn in_any_order_rides_earn_the_same(
        rides in rides(),
        again in any::<prop::sample::Index>(),
        asked in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_usize..60, 0..4),
    ) {
        let taps = |rides: &[AcceptedTap]| -> Vec<Record> {
            rides.iter().map(|ride| Record::Tap(Box::new(ride.clone()))).collect()
        };
        let open = run(&numbered([bought(), taps(&rides)].concat()), &[]);
        let expect = run(&numbered([bought(), taps(&rides), ended(20)].concat()), &[]);
        let mut shuffled = taps(&rides);
        shuffled.push(shuffled[again.index(rides.len())].clone());
        shuffle(&mut shuffled, seed);
        let mut cuts = cuts;
        cuts.sort_unstable();
        let got = run(&numbered([bought(), shuffled.clone()].concat()), &cuts);
        prop_assert_eq!(&got.by_day, &open.by_day);
        prop_assert_eq!(&got.standings, &open.standings);
        // The end is asked for somewhere in between, and at the end once more.
        let place = asked.index(shuffled.len());
        let late = shuffled.split_off(place);
        let got = run(&numbered([bought(), shuffled, ended(20), late, ended(30)].concat()), &cuts);
        prop_assert_eq!(&got.by_day, &expect.by_day);
        prop_assert_eq!(&got.standings, &expect.standings);

        // What was paid for a pass is what its rides earned and what is left; with its end nothing is left.
        for (standings, all) in [(&open.standings, false), (&expect.standings, true)] {
            for (account, standing) in standings {
                let purchase = &standing.purchases[0];
                let end = if all { &expect } else { &open };
                let account = account.as_i64();
                let unearned = end.positions.get(&(account, Chart::ProductLiability, account)).map_or(0, |net| -net);
                let price = purchase.rider.units();
                prop_assert_eq!(unearned, price - purchase.earned().expect("small").units());
                prop_assert!(purchase.ended || purchase.earned().expect("small") <= purchase.paid);
                let owed = end.positions.get(&(account, Chart::SubsidyReceivable, 1)).copied().unwrap_or(0);
                prop_assert_eq!(owed, purchase.paid.units() - (price - unearned), "debts less the price that was earned");
                prop_assert!(!purchase.ended || unearned == 0);
            }
        }
    }
}
