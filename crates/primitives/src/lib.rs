//! The words every other crate speaks: money, identities, dates, taps and records, codes, secrets.
//!
//! # Job
//! Give each word of the house one type with one constructor, so that inside the house only valid values exist.
//!
//! # Shape
//! [`money`] · [`ids`] · [`time`] · [`tap`] · [`command`] · [`record`] · [`code`] · [`canonical`] · [`sensitive`]
//!
//! # Invariants
//! P-1 money is never made by a bare operator; P-2 a split adds up to its total; P-3 an id has one text form.
//!
//! # Limits
//! Amounts fit `i64` minor units; text fields are at most [`ids::TEXT_LEN_MAX`] bytes.
//!
//! # Not here
//! No clock, no randomness, no I/O, no serialisation formats (`wire`, `bank` and `store` own those).
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

pub mod canonical;
pub mod code;
pub mod command;
pub mod ids;
pub mod money;
pub mod record;
pub mod sensitive;
pub mod tap;
pub mod time;

pub use canonical::{Canonical, Digest};
pub use code::Code;
pub use command::{Command, CommandId, CommandKind, PostedRide};
pub use ids::{AccountId, DeviceId, JournalId, MediumToken, PartyNo, Sequence, TapId, Text};
pub use money::{Currency, Minor, Money, MoneyError, Rounding};
pub use record::{AcceptedTap, DayMarker, PolicyActivation, Record, Refusal, Tender};
pub use sensitive::Sensitive;
pub use tap::{Direction, Tap, TapKind};
pub use time::{DayRule, Days, EventTime, PostingDate, ServiceDate};

#[cfg(test)]
mod tests;
