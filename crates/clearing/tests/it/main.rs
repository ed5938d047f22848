//! Properties of the clearing core: order, repetition and batch borders do not matter.

mod books;
mod commands;
#[path = "../../../../tests/support/minitown.rs"]
mod minitown;
mod passes;

use clearing::{AccountState, Batch, Decision, decide};
use ledger::{Chart, Posting};
use primitives::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;

type Records = Vec<(u64, Result<Record, Refusal>)>;

fn policies() -> &'static fares::Policies {
    static POLICIES: OnceLock<fares::Policies> = OnceLock::new();
    POLICIES.get_or_init(minitown::policies)
}

fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

/// A tap of one of three accounts on one day; its identity is its place in the list.
fn tap(index: usize, (account, minute, what, rider): (u64, i64, u8, u8)) -> AcceptedTap {
    let stop = |number: u8| text(["S1", "S2", "S3"][usize::from(number % 3)]);
    let gate = |direction| TapKind::Gate { direction, route: text("L1"), stop: stop(what / 8) };
    let (operator, kind) = match what % 8 {
        0 | 1 => (1, TapKind::Boarding { route: text("B1"), stop: None, trip: None, qr: false }),
        2..=4 => (2, gate(Direction::Entry)),
        5 | 6 => (2, gate(Direction::Exit)),
        _ => {
            let value = Money::new(Minor::new(20_000), Currency::VND);
            (1, TapKind::TopUp { channel: text("cash_desk"), reference: text("R"), value })
        }
    };
    let number = |number: u64| Sequence::new(number).expect("small");
    let id = TapId {
        // A device of its own for most taps; those of one device are numbered against its clock.
        device: DeviceId::new(1 + index as u64 % 7).expect("small"),
        journal: JournalId::new(1).expect("small"),
        sequence: number(index as u64),
    };
    // From 05:00 to 23:00, so that all lie in one service day.
    let at = EventTime::from_unix_ms(1_772_402_400_000 + minute * 60_000).expect("a time");
    AcceptedTap {
        tap: Tap { id, at, medium: MediumToken::new([0; 16]), kind },
        body_digest: Digest::of(&index.to_be_bytes()),
        account: AccountId::new(account).expect("small"),
        rider: text(["adult", "student", "senior"][usize::from(rider % 3)]),
        fare_medium: text("card"),
        tender: if account == 2 { Tender::OpenLoop } else { Tender::Prepaid },
        operator: PartyNo(operator),
        received_at: at,
    }
}

/// What a run ends with.
#[derive(Debug, PartialEq)]
struct End {
    positions: BTreeMap<(i64, Chart, i64), i64>,
    /// The same by day of travel, value and debt of a card as one.
    by_day: BTreeMap<(i64, Chart, i64, ServiceDate), i64>,
    purses: BTreeMap<AccountId, clearing::Purse>,
    prices: BTreeMap<TapId, (i64, i64, i32)>,
    answers: BTreeMap<CommandId, Option<Code>>,
    standings: BTreeMap<AccountId, clearing::standing::Standing>,
    chain: Digest,
}

/// Runs records in batches that end at `cuts`.
fn run(records: &Records, cuts: &[usize]) -> End {
    let (mut seen, mut answered) = (BTreeMap::new(), BTreeMap::new());
    let mut accounts: BTreeMap<AccountId, AccountState> = BTreeMap::new();
    let mut end = End {
        positions: BTreeMap::new(),
        by_day: BTreeMap::new(),
        purses: BTreeMap::new(),
        prices: BTreeMap::new(),
        answers: BTreeMap::new(),
        standings: BTreeMap::new(),
        chain: ledger::chain::START,
    };
    let mut posting_date = PostingDate::parse("2026-03-02").expect("a date");
    let mut from = 0;
    for to in cuts.iter().copied().chain([records.len()]) {
        let to = to.clamp(from, records.len());
        let decision = decide(Batch {
            policies: policies(),
            posting_date,
            chain_head: end.chain,
            seen: seen.clone(),
            answered: answered.clone(),
            accounts: accounts.clone(),
            activations: BTreeMap::new(),
            refused: BTreeMap::new(),
            records: &records[from..to],
        });
        let counts = decision.counts;
        let counted = counts.posted + counts.duplicate + counts.quarantined + counts.marker;
        assert_eq!(counted as usize, to - from, "C-1: every record is counted once");
        end.add(&decision);
        seen.extend(decision.taps.iter().map(|tap| (tap.id, tap.body_digest)));
        answered.extend(decision.commands.iter().map(|command| (command.id, command.body_digest)));
        (posting_date, end.chain) = (decision.posting_date, decision.chain_head);
        accounts.extend(decision.accounts);
        from = to;
    }
    end.positions.retain(|_, net| *net != 0);
    end.by_day.retain(|_, net| *net != 0);
    end.prices.retain(|_, price| *price != (0, 0, 0));
    let standing = |(account, state): (&AccountId, &AccountState)| Some((*account, *state.standing.clone()?));
    end.standings = accounts.iter().filter_map(standing).collect();
    end.purses = accounts.into_iter().map(|(account, state)| (account, state.purse)).collect();
    for purse in end.purses.values() {
        assert!(purse.value.is_zero() || purse.debt.is_zero(), "C-4: value or debt, never both");
    }
    end
}

impl End {
    fn add(&mut self, decision: &Decision) {
        for placed in &decision.postings {
            let posting: &Posting = &placed.posting;
            for line in posting.lines() {
                let account = match posting.cause() {
                    ledger::Cause::Tap { account, .. } | ledger::Cause::Command { account, .. } => {
                        account.as_i64()
                    }
                    ledger::Cause::Office(_) => 0,
                };
                let net = self.positions.entry((account, line.chart, line.owner)).or_default();
                *net += line.debit.units() - line.credit.units();
                let day = (account, line.chart.in_positions(), line.owner, posting.service_date());
                *self.by_day.entry(day).or_default() += line.debit.units() - line.credit.units();
            }
        }
        for command in &decision.commands {
            let answer = command.refused.as_ref().map(|refusal| refusal.code);
            assert_eq!(self.answers.insert(command.id, answer), None, "C-3: one identity, one answer");
        }
        for charge in &decision.charges {
            let price = self.prices.entry(charge.leg).or_default();
            price.0 += charge.delta.gross.units();
            price.1 += charge.delta.rider.units();
            price.2 += charge.delta.rides;
            let shares = charge.delta.rider.plus(charge.delta.funded).expect("small");
            assert_eq!(charge.delta.gross, shares, "rider and funders add up to the gross fare");
        }
    }
}

fn records(taps: impl IntoIterator<Item = AcceptedTap>) -> Records {
    (0..).zip(taps.into_iter().map(|tap| Ok(Record::Tap(Box::new(tap))))).collect()
}

fn day() -> impl Strategy<Value = Vec<AcceptedTap>> {
    let one = (1_u64..=3, 0_i64..1_080, any::<u8>(), 0_u8..3);
    prop::collection::vec(one, 1..40)
        .prop_map(|day| day.into_iter().enumerate().map(|(index, one)| tap(index, one)).collect())
}

/// A small shuffle of our own: proptest's needs the length at the start.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for place in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(place, (state >> 33) as usize % (place + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_and_any_repetition_end_the_same(
        sorted in day(),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_usize..60, 0..4),
    ) {
        let expect = run(&records(sorted.clone()), &[]);
        let mut shuffled = sorted.clone();
        shuffled.push(sorted[order.index(sorted.len())].clone());
        shuffle(&mut shuffled, seed);
        let mut cuts = cuts;
        cuts.sort_unstable();
        let got = run(&records(shuffled), &cuts);
        prop_assert_eq!(&got.positions, &expect.positions);
        prop_assert_eq!(&got.by_day, &expect.by_day);
        prop_assert_eq!(&got.purses, &expect.purses);
        prop_assert_eq!(&got.prices, &expect.prices);
    }

    #[test]
    fn batch_borders_cannot_be_told_from_the_result(day in day(), cuts in prop::collection::vec(0_usize..40, 1..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let records = records(day);
        prop_assert_eq!(run(&records, &cuts), run(&records, &[]));
    }
}
