//! The house under test: `clearing::decide` fed from partitions in batches, and what it says put into books. It can be
//! broken on purpose, so that the tests can show that they would notice.

use crate::auditor;
use crate::books::{Books, Sold};
use crate::dice::Dice;
use crate::passes::{self, Bought};
use clearing::{AccountState, Batch, ChargeShape, Decision, TapOutcome, decide};
use fares::Policies;
use ledger::{Cause, Chart};
use primitives::{AcceptedTap, AccountId, DayMarker, Digest, PostingDate, Record, Refusal, TapId};
use std::collections::BTreeMap;

type Records = Vec<(u64, Result<Record, Refusal>)>;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Identities seen in earlier batches are not told to the next.
    Dedupe,
    /// The window is kept in the order of arrival.
    Sort,
    /// The window is forgotten after two hours.
    ShortWindow,
    /// What was posted for a leg is forgotten, so a difference becomes a whole price.
    Posted,
    /// What forgotten legs left behind is forgotten with them.
    Carried,
    /// A difference loses its sign on the way into the books.
    Sign,
    /// The last record of a batch is never judged.
    Border,
    /// An account is judged in two partitions.
    TwoWriters,
    /// Money is put on the day it was posted, not the day of travel.
    ServiceDate,
    /// What other operators earn of a leg is not handed on.
    Shares,
    /// Every tap looks as if it came from another medium.
    Token,
    /// What a pass paid of a leg is forgotten, so that it is earned again.
    Earned,
}

impl Fault {
    pub const ALL: &[Fault] = &[
        Fault::Dedupe,
        Fault::Sort,
        Fault::ShortWindow,
        Fault::Posted,
        Fault::Carried,
        Fault::Sign,
        Fault::Border,
        Fault::TwoWriters,
        Fault::ServiceDate,
        Fault::Shares,
        Fault::Token,
        Fault::Earned,
    ];
}

/// How the records are cut up.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub partitions: usize,
    /// Most records of a batch.
    pub batch: i64,
    /// Days that are closed on the way.
    pub markers: usize,
    pub seed: u64,
    pub fault: Option<Fault>,
}

/// One partition with its place in the log and its states.
struct Partition {
    records: Records,
    posting_date: PostingDate,
    chain: Digest,
    seen: BTreeMap<TapId, Digest>,
    accounts: BTreeMap<AccountId, AccountState>,
}

/// The books after these records, in the order they arrived.
pub fn run(policies: &Policies, first: PostingDate, arrivals: &[AcceptedTap], plan: Plan) -> Books {
    run_with(policies, first, arrivals, &[], plan)
}

/// The same when these passes are bought as soon as there is money for them.
pub fn run_with(
    policies: &Policies,
    first: PostingDate,
    arrivals: &[AcceptedTap],
    bought: &[Bought],
    plan: Plan,
) -> Books {
    let mut dice = Dice::new(plan.seed ^ 0x5EED);
    let order: BTreeMap<TapId, usize> =
        arrivals.iter().enumerate().map(|(place, tap)| (tap.tap.id, place)).collect();
    let mut house = House { policies, plan, order, books: Books::default(), versions: BTreeMap::new() };
    let mut rides: BTreeMap<TapId, AcceptedTap> = BTreeMap::new();
    let mut partitions = partitions(arrivals, bought, first, plan, &mut dice);
    for partition in &mut partitions {
        let mut from = 0;
        while from < partition.records.len() {
            let to = (from + 1 + dice.below(plan.batch) as usize).min(partition.records.len());
            house.batch(partition, from, to);
            from = to;
        }
        rides.extend(partition.records.iter().filter_map(|(_, record)| match record {
            // Of records with one identity, the one that had its effect.
            Ok(Record::Tap(tap)) if partition.seen.get(&tap.tap.id) == Some(&tap.body_digest) => {
                Some((tap.tap.id, (**tap).clone()))
            }
            _ => None,
        }));
        for (account, state) in &partition.accounts {
            let window: Vec<AcceptedTap> = state.window.iter().map(|tap| rides[&tap.id].clone()).collect();
            let counters = auditor::counters_after(policies, &window, state.carried.clone());
            let balance = state.purse.value.units() - state.purse.debt.units();
            *house.books.balances.entry(*account).or_default() += balance;
            house.books.counters.insert(*account, counters);
        }
    }
    house.books.legs.retain(|_, sold| sold.shape != ChargeShape::Cancelled.word());
    house.books
}

/// Cuts the arrivals into partitions by account, and lets days close in between.
fn partitions(
    arrivals: &[AcceptedTap],
    bought: &[Bought],
    first: PostingDate,
    plan: Plan,
    dice: &mut Dice,
) -> Vec<Partition> {
    let mut endowed = std::collections::BTreeSet::new();
    let mut partitions: Vec<Vec<Record>> = (0..plan.partitions).map(|_| Vec::new()).collect();
    for (place, tap) in arrivals.iter().enumerate() {
        let by = if plan.fault == Some(Fault::TwoWriters) { place } else { tap.account.number() as usize };
        let mut tap = tap.clone();
        if plan.fault == Some(Fault::Token) {
            tap.tap.medium = primitives::MediumToken::new((place as u128).to_be_bytes());
        }
        let (account, partition) = (tap.account, &mut partitions[by % plan.partitions]);
        let buys = passes::endows(&tap) && endowed.insert(account);
        partition.push(Record::Tap(Box::new(tap)));
        let mine = bought.iter().filter(|bought| buys && bought.account == account);
        partition.extend(mine.map(Bought::record));
    }
    let partition = |mut records: Vec<Record>| {
        let mut closing = first;
        let mut place = 0;
        for _ in 0..plan.markers {
            place += dice.below((records.len() - place) as i64 + 1) as usize;
            let opening = closing.next();
            records.insert(place, Record::Day(DayMarker { closing, opening }));
            closing = opening;
            place += 1;
        }
        Partition {
            records: (0..).zip(records.into_iter().map(Ok)).collect(),
            posting_date: first,
            chain: ledger::chain::START,
            seen: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    };
    partitions.into_iter().map(partition).collect()
}

struct House<'a> {
    policies: &'a Policies,
    plan: Plan,
    /// Place of arrival, for the fault that keeps windows in that order.
    order: BTreeMap<TapId, usize>,
    books: Books,
    versions: BTreeMap<TapId, u32>,
}

impl House<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.plan.fault == Some(fault)
    }

    /// Loads, decides, saves.
    fn batch(&mut self, partition: &mut Partition, from: usize, to: usize) {
        let last = if self.has(Fault::Border) && to - from > 1 { to - 1 } else { to };
        let records = &partition.records[from..last];
        let accounts: Vec<AccountId> = records.iter().filter_map(|(_, record)| account(record)).collect();
        let decision = decide(Batch {
            policies: self.policies,
            posting_date: partition.posting_date,
            chain_head: partition.chain,
            seen: if self.has(Fault::Dedupe) { BTreeMap::new() } else { partition.seen.clone() },
            answered: BTreeMap::new(),
            accounts: accounts
                .iter()
                .filter_map(|account| Some((*account, partition.accounts.get(account)?.clone())))
                .collect(),
            activations: BTreeMap::new(),
            refused: BTreeMap::new(),
            records,
        });
        if self.plan.fault.is_none() {
            check_dates(partition.posting_date, records, &decision);
        }
        self.write(&decision);
        partition.seen.extend(decision.taps.iter().map(|tap| (tap.id, tap.body_digest)));
        (partition.posting_date, partition.chain) = (decision.posting_date, decision.chain_head);
        for (account, mut state) in decision.accounts {
            self.break_state(&mut state);
            partition.accounts.insert(account, state);
        }
    }

    fn break_state(&self, state: &mut AccountState) {
        match self.plan.fault {
            Some(Fault::Sort) => state.window.sort_by_key(|tap| self.order[&tap.id]),
            Some(Fault::ShortWindow) => {
                let Some(newest) = state.window.last().map(|tap| tap.at) else { return };
                state.window.retain(|tap| newest.seconds_since(tap.at) <= 7_200);
                let kept: Vec<TapId> = state.window.iter().map(|tap| tap.id).collect();
                state.legs.retain(|leg| kept.contains(&leg.id));
            }
            Some(Fault::Posted) => state.legs.clear(),
            Some(Fault::Earned) => state.legs.iter_mut().for_each(|leg| leg.pass = None),
            Some(Fault::Carried) => state.carried = fares::Carried::default(),
            _ => {}
        }
    }

    fn write(&mut self, decision: &Decision) {
        let counts = decision.counts;
        self.books.posted += counts.posted as usize;
        self.books.duplicate += counts.duplicate as usize;
        self.books.quarantined += counts.quarantined as usize;
        for tap in decision.taps.iter().filter(|tap| tap.kind == "school_payment") {
            self.books.verdicts.insert(tap.id, tap.outcome == TapOutcome::Posted);
        }
        for charge in &decision.charges {
            let version = self.versions.entry(charge.leg).or_default();
            *version += 1;
            if self.plan.fault.is_none() {
                assert_eq!(charge.version, *version, "versions of {} have no gap and no double", charge.leg);
            }
            let sold = self.books.legs.entry(charge.leg).or_default();
            sold.gross += charge.delta.gross.units();
            sold.rider += charge.delta.rider.units();
            *sold = Sold {
                shape: charge.shape.word(),
                flags: charge.flags.iter().map(clearing::Flag::word).collect(),
                exit: charge.exit,
                funded: charge.funded.iter().map(|part| (part.party, part.amount.units())).collect(),
                ..sold.clone()
            };
        }
        for placed in &decision.postings {
            let posting = &placed.posting;
            let account = match posting.cause() {
                Cause::Tap { account, .. } | Cause::Command { account, .. } => account.as_i64(),
                Cause::Office(name) => panic!("clearing posts nothing for the office: {name}"),
            };
            let day = if self.has(Fault::ServiceDate) {
                primitives::ServiceDate(posting.posting_date().0)
            } else {
                posting.service_date()
            };
            let handed_on =
                posting.lines().iter().filter(|line| line.chart == Chart::OperatorFare).count() > 1;
            for line in posting.lines() {
                if handed_on && self.has(Fault::Shares) && line.chart == Chart::OperatorFare {
                    continue;
                }
                let net = line.debit.units() - line.credit.units();
                let rerate = posting.kind() == ledger::Kind::Rerate;
                let net = if self.has(Fault::Sign) && rerate { net.abs() } else { net };
                self.books.put((account, line.chart, line.owner, day), net);
            }
        }
    }
}

fn account(record: &Result<Record, Refusal>) -> Option<AccountId> {
    match record {
        Ok(Record::Tap(tap)) => Some(tap.account),
        Ok(Record::Command(command)) => Some(command.account),
        _ => None,
    }
}

/// What a record posts stands on the day that is open when its turn comes.
fn check_dates(before: PostingDate, records: &[(u64, Result<Record, Refusal>)], decision: &Decision) {
    let mut open = BTreeMap::new();
    let mut date = before;
    for (offset, record) in records {
        if let Ok(Record::Day(marker)) = record {
            date = marker.opening;
        }
        open.insert(*offset, date);
    }
    for placed in &decision.postings {
        assert_eq!(placed.posting.posting_date(), open[&placed.offset], "posted on the open day");
    }
    for charge in &decision.charges {
        assert_eq!(charge.posting_date, open[&charge.offset], "charged on the open day");
    }
}
