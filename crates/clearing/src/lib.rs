//! What happens when a record arrives: is it new, what does it refer to, what does it cost, what is posted.
//!
//! # Job
//! Judge a whole batch of log records in one pure synchronous call, [`decide`].
//!
//! # Shape
//! [`Batch`] (what was loaded) → [`decide`] → [`Decision`] (everything to save). Inside: [`journey`] pairs a window's
//! taps into legs, `ride` prices them and finds the signed differences, `payment` judges top-ups and school payments,
//! `command` what no device signed; what commands leave behind on an account is its [`standing`], and [`earned`] says what rides earn
//! of the passes among it. [`activate`] says which
//! versions of the policy hold after one takes effect.
//!
//! # Invariants
//! C-1 every record is counted once: posted, duplicate, quarantined or marker; C-2 the legs and prices of a window are
//! a function of the set of its taps, so arrival order does not matter; C-3 one identity, one effect, one answer; C-4 a
//! purse never has value and debt at once; C-5 every posting is balanced (the ledger's L-1).
//!
//! # Limits
//! A window keeps [`state::WINDOW_SECONDS`] and at most [`state::WINDOW_TAPS_MAX`] taps; an entry and an exit pair within
//! [`state::JOURNEY_SECONDS_MAX`]. C-2 holds for taps that arrive within the window; an older one is priced alone and flagged,
//! and so is what comes when the window is full. Commands leave at most [`standing::STANDING_MAX`] open things of one kind
//! on an account.
//!
//! # Not here
//! No I/O, no clock, no bytes, no SQL; prices are the `fares` crate's.
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

mod activation;
mod command;
mod decide;
mod denial;
pub mod earned;
pub mod journey;
mod outcome;
mod payment;
mod ride;
pub mod standing;
pub mod state;

pub use activation::activate;
pub use decide::{Batch, decide};
pub use outcome::{
    Activated, BankItem, Charge, ChargeShape, CommandRow, Counts, DayHead, Decision, Delta, Flag, Flags,
    ItemSource, Placed, Quarantined, RegistryChange, TapOutcome, TapRow,
};
pub use state::{AccountState, PaidByPass, PostedLeg, Purse, WindowTap};

#[cfg(test)]
mod tests;
