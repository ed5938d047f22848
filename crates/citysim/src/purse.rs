//! Money that moves without a ride: top-ups over counters and banks, and payments at schools.

use crate::city::{City, Party};
use crate::people::AccountSpec;
use crate::random::Random;
use crate::rides::Ride;
use crate::tariff::Price;
use crate::{Options, SimError};
use primitives::{Minor, MoneyError, PartyNo, ServiceDate, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Money paid into an account.
#[derive(Debug, Clone)]
pub(crate) struct TopUp {
    pub(crate) account: usize,
    pub(crate) channel: PartyNo,
    pub(crate) channel_id: Text,
    /// The operator whose counter took the cash; `None` when a bank did.
    pub(crate) cash_at: Option<PartyNo>,
    pub(crate) reference: Text,
    pub(crate) amount: Minor,
    /// Milliseconds after the local midnight of the service day.
    pub(crate) at: i64,
}

/// A school bill paid from an account.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) account: usize,
    pub(crate) school: PartyNo,
    pub(crate) school_id: Text,
    pub(crate) bill: Text,
    pub(crate) amount: Minor,
    pub(crate) at: i64,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Of a hundred accounts that keep money: topped up before the first ride, later in the day, never (these owe).
const BEFORE_PERCENT: u64 = 85;
const AFTER_PERCENT: u64 = 7;
/// Of a hundred top-ups, in cash as long as the operator's till allows.
const CASH_PERCENT: u64 = 15;
/// An operator's tills hold at most this part of what its rides are worth, so it never owes more than it earned.
const TILL_PERCENT: i64 = 30;
/// A parent's top-up in coins, and bounds of a bill; the rest outlasts any day of rides.
const PARENT_COINS: i64 = 2_500;
const BILL_COINS: (i64, i64) = (350, 1_500);
/// Rides for one school payment.
const RIDES_PER_BILL: usize = 1_000;

/// Draws the day's top-ups and school payments.
pub(crate) fn draw(
    city: &City,
    options: &Options,
    accounts: &[AccountSpec],
    rides: &[(Ride, Price, PartyNo)],
) -> Result<(Vec<TopUp>, Vec<Payment>), SimError> {
    let mut purse = Purse {
        chance: Random::new(options.seed, "purse"),
        date: options.date,
        coin: coin(rides)?,
        cash: city.of_kind("channel").into_iter().filter(|party| is_cash(party)).collect(),
        banks: city.of_kind("channel").into_iter().filter(|party| !is_cash(party)).collect(),
        tills: tills(rides)?,
        top_ups: Vec::new(),
    };
    let mut first_ride: BTreeMap<usize, i64> = BTreeMap::new();
    for (ride, ..) in rides {
        let first = first_ride.entry(ride.account).or_insert(ride.start);
        *first = (*first).min(ride.start);
    }
    let prepaid: Vec<usize> = (0..accounts.len()).filter(|at| accounts[*at].is_prepaid()).collect();
    let payments = purse.school_bills(city, &prepaid)?;
    let parents: BTreeSet<usize> = payments.iter().map(|payment| payment.account).collect();
    for account in prepaid.into_iter().filter(|account| !parents.contains(account)) {
        let first = first_ride.get(&account).copied().unwrap_or(12 * HOUR);
        purse.some_top_up(account, first)?;
    }
    Ok((purse.top_ups, payments))
}

/// Money is counted in coins, so that the same city works in any currency: the largest power of ten that five times
/// over still is below the dearest fare.
fn coin(rides: &[(Ride, Price, PartyNo)]) -> Result<Minor, SimError> {
    let dearest = rides.iter().map(|(_, price, _)| price.gross.units()).max().unwrap_or(0);
    let digits = (dearest / 5).max(1).ilog10();
    10_i64.checked_pow(digits).map(Minor::new).ok_or(SimError::Money(MoneyError::Overflow))
}

/// How much cash each operator's counters may take.
fn tills(rides: &[(Ride, Price, PartyNo)]) -> Result<BTreeMap<PartyNo, i64>, SimError> {
    let mut tills: BTreeMap<PartyNo, i64> = BTreeMap::new();
    for (_, price, operator) in rides {
        *tills.entry(*operator).or_default() += price.gross.units();
    }
    for till in tills.values_mut() {
        *till = till.saturating_mul(TILL_PERCENT) / 100;
    }
    Ok(tills)
}

/// A channel whose money lies in the till of the operator that runs the counter.
fn is_cash(party: &Party) -> bool {
    party.id.as_str().starts_with("cash")
}

struct Purse<'a> {
    chance: Random,
    date: ServiceDate,
    coin: Minor,
    cash: Vec<&'a Party>,
    banks: Vec<&'a Party>,
    tills: BTreeMap<PartyNo, i64>,
    top_ups: Vec<TopUp>,
}

impl Purse<'_> {
    /// Bills at every school, each from another account that topped up enough by bank hours before: whatever else
    /// arrives when, the money is there.
    fn school_bills(&mut self, city: &City, prepaid: &[usize]) -> Result<Vec<Payment>, SimError> {
        let schools = city.of_kind("school");
        let mut parents = prepaid.to_vec();
        self.chance.shuffle(&mut parents);
        let wanted = if self.banks.is_empty() { 0 } else { (prepaid.len() / RIDES_PER_BILL).clamp(3, 60) };
        let mut payments = Vec::new();
        for school in schools {
            for _ in 0..wanted {
                let Some(account) = parents.pop() else { break };
                let early = self.chance.between(HOUR / 4, HOUR / 2);
                self.bank_top_up(account, PARENT_COINS, self.day_start(city) + early)?;
                let bill = format!("B{}-{:05}", self.date.0.format("%y%m%d"), payments.len() + 1);
                payments.push(Payment {
                    account,
                    school: school.no,
                    school_id: school.id.clone(),
                    bill: crate::city::text(&bill)?,
                    amount: self.coin.times(self.chance.between(BILL_COINS.0, BILL_COINS.1) / 10 * 10)?,
                    at: self.chance.between(9 * HOUR, 16 * HOUR),
                });
            }
        }
        Ok(payments)
    }

    fn day_start(&self, city: &City) -> i64 {
        i64::from(city.day.day_start_seconds) * 1000
    }

    fn some_top_up(&mut self, account: usize, first_ride: i64) -> Result<(), SimError> {
        let at = match self.chance.below(100) {
            roll if roll < BEFORE_PERCENT => first_ride - self.chance.between(2 * MINUTE, 30 * MINUTE),
            roll if roll < BEFORE_PERCENT + AFTER_PERCENT => first_ride + self.chance.between(HOUR, 3 * HOUR),
            _ => return Ok(()),
        };
        let coins = [50, 50, 100, 100, 200, 500][self.chance.index(6)];
        let cash = self.chance.percent(CASH_PERCENT) || self.banks.is_empty();
        if cash && self.cash_top_up(account, coins, at)? {
            return Ok(());
        }
        self.bank_top_up(account, coins, at)
    }

    /// A top-up at the counter of the operator with the most room in its till; false when none has room.
    fn cash_top_up(&mut self, account: usize, coins: i64, at: i64) -> Result<bool, SimError> {
        let Some(channel) = self.chance.pick(&self.cash).copied() else { return Ok(false) };
        let amount = self.coin.times(coins)?;
        let operators: Vec<PartyNo> = self.tills.keys().copied().collect();
        let Some(operator) = self.chance.pick(&operators).copied() else { return Ok(false) };
        let Some(till) = self.tills.get_mut(&operator).filter(|till| **till >= amount.units()) else {
            return Ok(false);
        };
        *till -= amount.units();
        let receipt = format!("R{}-{:06}", self.date.0.format("%y%m%d"), self.top_ups.len() + 1);
        let reference = crate::city::text(&receipt)?;
        let (channel, channel_id, cash_at) = (channel.no, channel.id.clone(), Some(operator));
        self.top_ups.push(TopUp { account, channel, channel_id, cash_at, reference, amount, at });
        Ok(true)
    }

    fn bank_top_up(&mut self, account: usize, coins: i64, at: i64) -> Result<(), SimError> {
        let Some(channel) = self.chance.pick(&self.banks).copied() else { return Ok(()) };
        // Room for ten million references a day keeps the references of two days apart.
        let number = self.date.day_number().unsigned_abs() * 10_000_000 + self.top_ups.len() as u64 + 1;
        let amount = self.coin.times(coins)?;
        let reference = crate::city::text(&bank::reference::make(number))?;
        let (channel, channel_id) = (channel.no, channel.id.clone());
        self.top_ups.push(TopUp { account, channel, channel_id, cash_at: None, reference, amount, at });
        Ok(())
    }
}
