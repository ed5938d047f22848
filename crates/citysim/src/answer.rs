//! The right answer: what the books must say at the end of the day, summed from the true rides. Neither the fare
//! engine nor the clearing core is asked.

use crate::SimError;
use crate::machines::Truth;
use crate::people::AccountSpec;
use crate::purse::{Payment, TopUp};
use crate::rides::{Ride, Trip};
use crate::tariff::{Ends, Price};
use crate::uploads::Batch;
use primitives::{Code, Minor, PartyNo, Tender};
use std::collections::BTreeMap;

/// What must be true once the day is cleared. gross = rider + subsidy everywhere; net = rider + subsidy - cash held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What became of every envelope sent.
    pub taps: TapCounts,
    /// All rides.
    pub rides: RideSums,
    /// Rides of which one end is missing, counted in `rides` too.
    pub incomplete_rides: u64,
    /// Every operator that earned or holds anything.
    pub operators: BTreeMap<PartyNo, OperatorSums>,
    /// Every school that was paid.
    pub schools: BTreeMap<PartyNo, MoneySums>,
    /// Top-ups by channel.
    pub channels: BTreeMap<PartyNo, MoneySums>,
    /// What each funder owes for reductions.
    pub funders: BTreeMap<PartyNo, Minor>,
    /// Riders' shares on bank cards, which the acquirer owes.
    pub acquirer: Minor,
    /// Money on the cards.
    pub card_value: Minor,
    /// What riders owe because their cards were empty.
    pub card_debt: Minor,
    /// Top-ups the bank received: they stand on the statement.
    pub bank_top_ups: Minor,
    /// Credits of the statement nobody announced: suspense, and a break each.
    pub unknown_credits: Minor,
    /// Payouts to operators and schools whose net is above zero.
    pub payouts: Minor,
    /// What the statement must close with when it opens with zero, the subsidy and the acquirer have paid in full, and
    /// every payout was executed.
    pub statement_closing: Minor,
}

/// What became of the envelopes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TapCounts {
    /// Envelopes sent.
    pub sent: u64,
    /// Envelopes the house answers for: all of them, because nothing is dropped.
    pub accepted: u64,
    /// Taps that took effect.
    pub posted: u64,
    /// Envelopes that came again.
    pub duplicate: u64,
    /// Envelopes that lie in quarantine, by code.
    pub quarantined: BTreeMap<Code, u64>,
}

impl TapCounts {
    /// Envelopes in quarantine.
    pub fn quarantined_total(&self) -> u64 {
        self.quarantined.values().sum()
    }
}

/// Sums of rides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RideSums {
    /// How many.
    pub rides: u64,
    /// Their full price.
    pub gross: Minor,
    /// What riders pay of it.
    pub rider: Minor,
    /// What funders pay of it.
    pub subsidy: Minor,
}

/// Sums of one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperatorSums {
    /// Its rides.
    pub rides: RideSums,
    /// Cash from top-ups in its tills.
    pub cash_held: Minor,
    /// What it is owed.
    pub net: Minor,
}

/// A number of payments and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoneySums {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub amount: Minor,
}

impl RideSums {
    fn add(&mut self, price: Price) -> Result<(), SimError> {
        self.rides += 1;
        self.gross = self.gross.plus(price.gross)?;
        self.rider = self.rider.plus(price.rider)?;
        self.subsidy = self.subsidy.plus(price.gross.minus(price.rider)?)?;
        Ok(())
    }
}

impl MoneySums {
    fn add(&mut self, amount: Minor) -> Result<(), SimError> {
        self.count += 1;
        self.amount = self.amount.plus(amount)?;
        Ok(())
    }
}

/// A day as it truly was.
pub(crate) struct Day<'a> {
    pub(crate) accounts: &'a [AccountSpec],
    pub(crate) rides: &'a [(Ride, Price, PartyNo)],
    pub(crate) top_ups: &'a [TopUp],
    pub(crate) payments: &'a [Payment],
    pub(crate) batches: &'a [Batch],
    pub(crate) unknown_credit: Minor,
}

/// Sums the day.
pub(crate) fn sum(day: &Day<'_>) -> Result<Answer, SimError> {
    let mut answer =
        Answer { taps: taps(day.batches), unknown_credits: day.unknown_credit, ..Answer::default() };
    // What each card account holds, below zero when it owes.
    let mut purses: BTreeMap<usize, Minor> = BTreeMap::new();
    for (ride, price, operator) in day.rides {
        answer.rides.add(*price)?;
        answer.operators.entry(*operator).or_default().rides.add(*price)?;
        if matches!(&ride.trip, Trip::Metro { ends, .. } if *ends != Ends::Both) {
            answer.incomplete_rides += 1;
        }
        if let Some(funder) = price.funder {
            let owed = answer.funders.entry(funder).or_default();
            *owed = owed.plus(price.gross.minus(price.rider)?)?;
        }
        match day.accounts[ride.account].media[ride.medium].tender {
            Tender::OpenLoop => answer.acquirer = answer.acquirer.plus(price.rider)?,
            Tender::Prepaid => move_purse(&mut purses, ride.account, price.rider.negated()?)?,
        }
    }
    for top_up in day.top_ups {
        move_purse(&mut purses, top_up.account, top_up.amount)?;
        answer.channels.entry(top_up.channel).or_default().add(top_up.amount)?;
        match top_up.cash_at {
            Some(operator) => {
                let held = &mut answer.operators.entry(operator).or_default().cash_held;
                *held = held.plus(top_up.amount)?;
            }
            None => answer.bank_top_ups = answer.bank_top_ups.plus(top_up.amount)?,
        }
    }
    for payment in day.payments {
        move_purse(&mut purses, payment.account, payment.amount.negated()?)?;
        answer.schools.entry(payment.school).or_default().add(payment.amount)?;
    }
    answer.card_value = Minor::sum(purses.values().copied().filter(|purse| purse.is_positive()))?;
    answer.card_debt = Minor::sum(purses.values().copied().filter(|purse| purse.is_negative()))?.negated()?;
    for sums in answer.operators.values_mut() {
        sums.net = sums.rides.rider.plus(sums.rides.subsidy)?.minus(sums.cash_held)?;
    }
    let nets = answer.operators.values().map(|sums| sums.net).filter(|net| net.is_positive());
    answer.payouts = Minor::sum(nets.chain(answer.schools.values().map(|school| school.amount)))?;
    answer.statement_closing =
        Minor::sum([answer.bank_top_ups, answer.rides.subsidy, answer.acquirer, answer.unknown_credits])?
            .minus(answer.payouts)?;
    Ok(answer)
}

fn move_purse(purses: &mut BTreeMap<usize, Minor>, account: usize, by: Minor) -> Result<(), SimError> {
    let purse = purses.entry(account).or_default();
    *purse = purse.plus(by)?;
    Ok(())
}

fn taps(batches: &[Batch]) -> TapCounts {
    let mut counts = TapCounts::default();
    for item in batches.iter().flat_map(|batch| &batch.items) {
        counts.sent += 1;
        counts.accepted += 1;
        match item.truth {
            Truth::Posted => counts.posted += 1,
            Truth::Duplicate => counts.duplicate += 1,
            Truth::Quarantined(code) => *counts.quarantined.entry(code).or_default() += 1,
        }
    }
    counts
}
