//! The device's side of the bargain: number a tap, store it, sign it, keep it until the house has posted it.
//!
//! # Job
//! Give the maker of a validator the part that must not go wrong, behind one call per tap, so that a crash, a full
//! memory or a month without network never loses a fare and never doubles one.
//!
//! # Shape
//! [`Validator::tap`] → gate opens; [`Validator::pending`] → upload; [`Validator::acknowledged`] → forget. Where entries
//! lie is a [`Journal`], which the device implements on its flash; [`MemoryJournal`] is one for tests and the
//! simulated city. The deny list is beside it: ask [`Validator::allows`] before the gate, by the device's own rules.
//!
//! # Invariants
//! V-1 a tap is in the journal, numbered and signed, before its envelope is handed out.
//! V-2 a number is used once in the life of a journal; after a crash the next tap takes the number after the last
//! stored one.
//! V-3 a tap is sent again as the very same bytes until it is *posted*; *received* is not enough.
//! V-4 a tap whose form the house would refuse is never stored.
//! V-5 nothing is forgotten and nobody is denied on the word of somebody who does not hold the house's keys.
//!
//! # Limits
//! [`UNPOSTED_MAX`] entries in a [`MemoryJournal`], [`DENY_LIST_MAX`] media on the deny list.
//!
//! # Not here
//! No clock (the time is an argument), no network, no files, no choice of the journal's random number, no fares.
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

mod journal;
mod validator;

pub use journal::{Journal, JournalFull, MemoryJournal, UNPOSTED_MAX};
pub use validator::{AnswerError, DENY_LIST_MAX, TapError, Validator};

#[cfg(test)]
mod tests;
