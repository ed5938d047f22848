//! A simulated city day at this house's door: enrolled, signed, delivered.

use crate::house::House;
use crate::log::AnyLog;
use anyhow::Context as _;
use citysim::{AccountSpec, DeviceSpec, Options, SimDay};
use engine::intake::{self, Intake};
use engine::registry::{BankAccount, Device, DeviceState, Enrolment, Entitlement, Medium, Payee};
use fares::Files;
use primitives::{EventTime, ServiceDate};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use wire::{BodyFormat, MasterKey};

const ENVIRONMENT: &str = "demo";
/// Keys of a simulation protect nothing: its taps are made by the program itself.
const MASTER: [u8; 32] = *b"a simulated city signs its taps!";
const KEY_VERSION: u32 = 1;

/// A day and what it needs.
pub struct Simulated {
    /// What happens, and the right answer.
    pub day: SimDay,
}

/// The door of a house that lives through a simulated day.
pub struct Door {
    /// The door.
    pub intake: Arc<Intake<AnyLog>>,
    /// Its clock, which the simulation turns.
    pub clock: SimClock,
}

/// A clock that shows the arrival of the last delivery.
#[derive(Clone)]
pub struct SimClock {
    now_ms: Arc<AtomicI64>,
    end_ms: i64,
}

impl SimClock {
    /// Turns it to this moment.
    pub fn turn(&self, to: EventTime) {
        self.now_ms.store(to.unix_ms(), Ordering::Relaxed);
    }

    /// Turns it to the end of the day.
    pub fn finish(&self) {
        self.now_ms.store(self.end_ms, Ordering::Relaxed);
    }

    fn function(&self) -> intake::Clock {
        let now_ms = Arc::clone(&self.now_ms);
        // The simulation only turns it to event times; the range's start stands in for what cannot happen.
        Arc::new(move || EventTime::from_unix_ms(now_ms.load(Ordering::Relaxed)).unwrap_or(EARLIEST))
    }
}

/// The first possible moment.
pub const EARLIEST: EventTime = match EventTime::from_unix_ms(EventTime::MIN_MS) {
    Some(earliest) => earliest,
    None => panic!("the range of times holds its own start"),
};

impl Simulated {
    /// Simulates `rides` rides of a day under a policy.
    pub fn make(seed: u64, rides: u32, date: ServiceDate, files: &Files) -> anyhow::Result<Self> {
        let options = Options {
            seed,
            rides,
            date,
            environment: ENVIRONMENT.into(),
            master_key: MASTER,
            key_version: KEY_VERSION,
        };
        Ok(Simulated { day: citysim::simulate(&options, files).context("simulating the city")? })
    }

    /// Every envelope in the order of arrival.
    pub fn envelopes(&self) -> impl Iterator<Item = (BodyFormat, Vec<u8>)> + '_ {
        let of = |delivery: &citysim::Delivery| delivery.format;
        self.day
            .deliveries
            .iter()
            .flat_map(move |delivery| delivery.taps.iter().map(move |tap| (of(delivery), tap.clone())))
    }

    /// Opens the house's door with the simulation's clock.
    pub async fn door(&self, house: &House) -> anyhow::Result<Door> {
        let first = self.day.deliveries.first().context("the day has no deliveries")?.at;
        let last = self.day.deliveries.last().context("the day has no deliveries")?.at;
        let clock = SimClock { now_ms: Arc::new(AtomicI64::new(first.unix_ms())), end_ms: last.unix_ms() };
        let settings = intake::Settings {
            environment: ENVIRONMENT.into(),
            master: MasterKey::new(MASTER),
            clock: clock.function(),
        };
        let (log, policies) = (Arc::clone(&house.log), Arc::clone(&house.policies));
        let intake = Intake::open(house.pool.clone(), log, policies, settings).await?;
        Ok(Door { intake: Arc::new(intake), clock })
    }
}

/// Enrols everybody and everything of the day.
pub async fn enrol(house: &House, simulated: &Simulated) -> anyhow::Result<()> {
    let day = &simulated.day;
    let device = |spec: &DeviceSpec| Device {
        id: spec.id,
        operator: spec.operator,
        key_version: spec.key_version,
        state: DeviceState::Active,
        label: spec.label.clone(),
    };
    let payee = |account: &citysim::PayeeAccount| Payee {
        party: account.party,
        name: account.name.clone(),
        account: account.account_no.clone(),
        bic: account.bic.clone(),
    };
    let bank = BankAccount {
        account: day.bank.account.clone(),
        name: day.bank.holder.clone(),
        bic: day.bank.bic.clone(),
        currency: day.bank.currency,
        opening: day.bank.opening,
        approved_by: "simulation".into(),
    };
    let mut connection = house.pool.acquire().await?;
    let enrolment = Enrolment {
        devices: day.devices.iter().map(device).collect(),
        payees: day.payee_accounts.iter().map(payee).collect(),
        bank_accounts: vec![bank],
        ..people(&day.accounts)?
    };
    Ok(engine::registry::enrol(&mut connection, &enrolment).await?)
}

/// Media and entitlements of accounts, valid at any time.
pub fn people<'a>(accounts: impl IntoIterator<Item = &'a AccountSpec>) -> anyhow::Result<Enrolment> {
    let until = EventTime::from_unix_ms(EventTime::END_MS - 1).context("the range of times")?;
    let mut enrolment = Enrolment::default();
    for AccountSpec { id, rider, media } in accounts {
        enrolment.entitlements.extend(rider.iter().map(|category| Entitlement {
            account: *id,
            category: category.clone(),
            from: EARLIEST,
            until,
        }));
        enrolment.media.extend(media.iter().map(|medium| Medium {
            token: medium.token,
            account: *id,
            fare_medium: medium.fare_medium.clone(),
            tender: medium.tender,
        }));
    }
    Ok(enrolment)
}
