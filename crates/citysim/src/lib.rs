//! A city that rides: makes events, bank files, faults, and the right answer to check a clearing day against.
//!
//! # Job
//! Turn a city's policy files and a seed into a day of signed uploads with everything that goes wrong in one, play the
//! bank at the end of it, and say what the books must show. Read a published sample of real rides as events, too.
//!
//! # Shape
//! [`simulate`] gives a [`SimDay`]: devices, accounts, [`Delivery`]s in order of arrival, the [`Answer`], and the
//! [`BankSide`] that reads the house's payment order and writes the statement. [`oyster`] reads the London sample.
//!
//! # Invariants
//! Y-1 the same options and files give the same bytes. Y-2 the answer comes from the true rides and a plain reading of
//! the policy, never from the fare engine or the clearing core. Y-3 every fault is counted where it is made.
//! Y-4 no city is named in the code of the simulation.
//!
//! # Limits
//! Flat and station-to-station prices with one reduction a rider; nobody rides where distance is measured, holds a pass, or
//! rides as somebody the policy lets nobody be. A policy that needs more is refused by name, and so is a day on which a
//! campaign is for media that are simulated.
//!
//! # Not here
//! No network, no database, no clock, no randomness but the seed's.

mod answer;
mod bankside;
mod city;
mod day;
mod forgeries;
mod machines;
mod people;
mod purse;
mod random;
mod rides;
mod sights;
mod table;
mod tariff;
mod unread;
mod uploads;

pub mod oyster;

pub use answer::{Answer, MoneySums, OperatorSums, RideSums, TapCounts};
pub use bankside::{BankCredit, BankSide, ExpectedCredit, StatementFile};
pub use day::{PayeeAccount, SimDay, simulate};
pub use machines::DeviceSpec;
pub use people::{AccountSpec, MediumSpec};
pub use random::Random;
pub use uploads::Delivery;

use primitives::{MoneyError, Refusal, ServiceDate};

/// What day to simulate.
#[derive(Clone)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many rides.
    pub rides: u32,
    /// The service day.
    pub date: ServiceDate,
    /// The environment the devices' keys are made for.
    pub environment: String,
    /// The key the devices' keys are derived from.
    pub master_key: [u8; 32],
    /// The version of the devices' keys.
    pub key_version: u32,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The master key stays out of logs.
        write!(f, "Options(seed {}, {} rides, {}, {})", self.seed, self.rides, self.date, self.environment)
    }
}

/// Why a day could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A policy file is missing or cannot be read plainly.
    #[error("{file}: {what}")]
    Policy {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// The policy says something the simulation does not know.
    #[error("the simulation cannot do this: {0}")]
    Unsupported(String),
    /// The bank refuses the payment order, or cannot write the statement.
    #[error("the bank refuses: {0}")]
    Payout(String),
    /// A device could not make its taps.
    #[error("a simulated device failed: {0}")]
    Device(String),
    /// Amounts that do not fit.
    #[error("an amount of the simulation")]
    Money(#[from] MoneyError),
    /// Bytes the house would refuse where the simulation made good ones.
    #[error("a message of the simulation")]
    Message(#[from] Refusal),
}

impl SimError {
    fn policy(file: &str, what: impl Into<String>) -> Self {
        SimError::Policy { file: file.to_owned(), what: what.into() }
    }
}

#[cfg(test)]
mod tests;
