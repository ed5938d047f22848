//! Where money is: the chart of accounts, balanced postings, the chain of hashes, the positions digest.
//!
//! # Job
//! Make it impossible to hold a posting that does not balance, and make it cheap to prove that none was changed.
//!
//! # Shape
//! [`Chart`] names the accounts · [`Posting`] is a balanced set of [`Line`]s with one [`Cause`] · [`Event`] is what the back
//! office books by hand, as lines · [`chain`] links postings in log order · [`PositionsDigest`] hashes where the money ended, whatever the order it came in.
//!
//! # Invariants
//! L-1 debits equal credits in every posting, per ring; L-2 no line is zero, negative, or on both sides;
//! L-5 a posting moves DUE_FROM_OWN and DUE_TO_TRUST alike, so the rings mirror each other;
//! L-3 the chain head depends on the postings and their log offsets only, not on clocks or batch borders.
//!
//! # Limits
//! A posting has 1 to [`LINES_MAX`] lines.
//!
//! # Not here
//! No balances in memory, no SQL (`store`), no decision about what is owed (`clearing`).
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

pub mod chain;
pub mod chart;
pub mod events;
mod positions;
mod posting;

pub use chart::{Chart, Label, Owner, Ring, Side};
pub use events::Event;
pub use positions::{Position, PositionsDigest, PositionsError};
pub use posting::{Cause, Kind, LINES_MAX, Line, Posting, Unbalanced};

#[cfg(test)]
mod tests;
