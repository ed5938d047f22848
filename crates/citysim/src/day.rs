//! Makes a day: draws who rides and pays, lets the machines see it, spoils some of it, and sums what is right.

use crate::answer::{self, Answer, Day};
use crate::bankside::{BankCredit, BankSide};
use crate::city::City;
use crate::forgeries::Forger;
use crate::machines::{DeviceSpec, Keys};
use crate::people::AccountSpec;
use crate::purse::{self, TopUp};
use crate::random::Random;
use crate::rides::{self, Ride, Trip};
use crate::sights::Street;
use crate::tariff::{Price, Tariff, Way};
use crate::unread;
use crate::uploads::{self, Batch, Delivery};
use crate::{Options, SimError};
use primitives::{EventTime, Minor, PartyNo};

/// A simulated day: everything the house needs before it, everything that reaches the house in it, and what must
/// come out.
#[derive(Debug, Clone)]
pub struct SimDay {
    /// The devices.
    pub devices: Vec<DeviceSpec>,
    /// The accounts.
    pub accounts: Vec<AccountSpec>,
    /// The uploads, in the order they arrive.
    pub deliveries: Vec<Delivery>,
    /// Where operators and schools want their money.
    pub payee_accounts: Vec<PayeeAccount>,
    /// The right answer.
    pub answer: Answer,
    /// The bank.
    pub bank: BankSide,
}

/// A party's own bank account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeAccount {
    /// The party.
    pub party: PartyNo,
    /// The holder's name.
    pub name: String,
    /// The account number, invented.
    pub account_no: String,
    /// The bank's code, invented (no country has the letters XX).
    pub bic: String,
}

/// The bank that keeps the guarantee account, and the account there.
const BANK_BIC: &str = "SIMBXXM1";
const GUARANTEE_ACCOUNT: &str = "1000000001";
/// Rides for one forgery of each kind.
const RIDES_PER_FORGERY: u32 = 4_000;

/// A priced ride and the operator that earned it.
type Sold = (Ride, Price, PartyNo);

/// Simulates a day of the city these policy files describe. The same options and files give the same bytes.
pub fn simulate(options: &Options, files: &fares::Files) -> Result<SimDay, SimError> {
    let city = City::read(files, options.date)?;
    unread::refuse(files, &city, options.date)?;
    let tariff = Tariff::read(files, &city)?;
    let (accounts, rides) = rides::draw(&city, options.rides, options.seed)?;
    let rides = sell(&city, &tariff, &accounts, rides)?;
    let (top_ups, payments) = purse::draw(&city, options, &accounts, &rides)?;
    let each = (options.rides / RIDES_PER_FORGERY).clamp(2, 20) as usize;

    let mut street = Street::new(&city, options);
    for (ride, ..) in &rides {
        street.ride(ride, &accounts[ride.account])?;
    }
    for top_up in &top_ups {
        street.top_up(top_up, &accounts[top_up.account])?;
    }
    for payment in &payments {
        street.payment(payment, &accounts[payment.account])?;
    }
    street.strangers(&rides, &accounts, each)?;
    let batches = send(street, options, each)?;

    let unknown_credit = unknown_credit(options, &top_ups)?;
    let day = Day {
        accounts: &accounts,
        rides: &rides,
        top_ups: &top_ups,
        payments: &payments,
        batches: &batches.0,
        unknown_credit,
    };
    let answer = answer::sum(&day)?;
    let (batches, devices) = batches;
    Ok(SimDay {
        deliveries: deliveries(batches, &devices)?,
        payee_accounts: payees(&city),
        bank: bank(&city, options, &top_ups, unknown_credit),
        devices,
        accounts,
        answer,
    })
}

/// Prices every ride by the city's own plain tariff.
fn sell(
    city: &City,
    tariff: &Tariff,
    accounts: &[AccountSpec],
    rides: Vec<Ride>,
) -> Result<Vec<Sold>, SimError> {
    let mut sold = Vec::with_capacity(rides.len());
    for ride in rides {
        let (route, way) = match &ride.trip {
            Trip::Bus { route, .. } => (&city.buses[*route], Way::Boarding),
            Trip::Metro { line, from, to, ends, .. } => {
                (&city.lines[*line].route, Way::Gated { from, to, ends: *ends })
            }
        };
        let account = &accounts[ride.account];
        let rider = account.rider.as_ref().unwrap_or(&city.adult);
        let medium = &account.media[ride.medium].fare_medium;
        let price = tariff.price(&route.network, way, rider, medium).ok_or_else(|| {
            SimError::Unsupported(format!("no price on route {} for {rider} with {medium}", route.id))
        })?;
        let operator = route.operator;
        sold.push((ride, price, operator));
    }
    Ok(sold)
}

/// What the machines send, faults included, and the machines.
fn send(
    street: Street<'_>,
    options: &Options,
    each: usize,
) -> Result<(Vec<Batch>, Vec<DeviceSpec>), SimError> {
    let start = i64::from(street.city.day.day_start_seconds) * 1000;
    let day_start = street.moment(start)?.unix_ms();
    let day_end = street.moment(start + 24 * 3_600_000)?.unix_ms();
    let keys = Keys::new(options);
    let mut machines = street.machines.all;
    let mut chance = Random::new(options.seed, "uploads");
    let mut batches = uploads::send(&mut machines, &keys, (day_start, day_end), &mut chance)?;
    let mut forger = Forger {
        machines: &machines,
        keys: &keys,
        currency: street.city.currency,
        day_end,
        chance: Random::new(options.seed, "forgeries"),
        journals: Random::new(options.seed, "forged journals"),
    };
    forger.spoil(&mut batches, each)?;
    // A stable sort: uploads of the same moment keep the order of their machines.
    batches.sort_by_key(|batch| batch.at);
    Ok((batches, machines.into_iter().map(|machine| machine.spec).collect()))
}

fn deliveries(batches: Vec<Batch>, devices: &[DeviceSpec]) -> Result<Vec<Delivery>, SimError> {
    let delivery = |batch: Batch| {
        let at = EventTime::from_unix_ms(batch.at)
            .ok_or_else(|| SimError::Unsupported("an upload outside the years 2000 to 2099".to_owned()))?;
        let device = batch.machine.and_then(|machine| devices.get(machine)).map(|device| device.id);
        let taps = batch.items.into_iter().map(|item| item.bytes).collect();
        Ok(Delivery { at, device, format: batch.format, taps })
    };
    batches.into_iter().map(delivery).collect()
}

fn payees(city: &City) -> Vec<PayeeAccount> {
    let payees = city.parties.iter().filter(|party| matches!(party.kind.as_str(), "operator" | "school"));
    payees
        .map(|party| PayeeAccount {
            party: party.no,
            name: party.name.clone(),
            account_no: format!("20{:08}", party.no.0),
            bic: "PAYEXXM1".to_owned(),
        })
        .collect()
}

/// A transfer that fits no top-up, so that nothing can take it for one.
fn unknown_credit(options: &Options, top_ups: &[TopUp]) -> Result<Minor, SimError> {
    let largest = top_ups.iter().map(|top_up| top_up.amount).max().unwrap_or(Minor::new(1_000));
    Ok(largest.plus(Minor::new(1 + Random::new(options.seed, "unknown credit").between(1, 1_000)))?)
}

fn bank(city: &City, options: &Options, top_ups: &[TopUp], unknown: Minor) -> BankSide {
    let by_bank = top_ups.iter().filter(|top_up| top_up.cash_at.is_none());
    BankSide {
        account: GUARANTEE_ACCOUNT.to_owned(),
        holder: "FARE CLEARING HOUSE GUARANTEE ACCOUNT".to_owned(),
        bic: BANK_BIC.to_owned(),
        currency: city.currency,
        opening: Minor::ZERO,
        top_ups: by_bank
            .map(|top_up| BankCredit { reference: top_up.reference.to_string(), amount: top_up.amount })
            .collect(),
        unknown,
        seed: options.seed,
    }
}
