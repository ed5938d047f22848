//! The bench of a policy's author: read a policy from a folder or a zip, check it, score it against published prices,
//! ask why, and compare two policies on recorded taps.
//!
//! # Job
//! Turn files that people hold (policies, case files, recorded taps) into calls of the fare engine, and its answers into
//! reports.
//!
//! # Shape
//! [`feed`] reads a policy's files · [`cases`] reads case files · [`overlay`] adds what a case names and the policy does
//! not have · [`check`], [`score`], [`explain`], [`compare`] each make one report, which writes itself as text or JSON ·
//! [`taps`] reads and writes recorded taps.
//!
//! # Invariants
//! Q-1 a case is right only when every figure it gives is met; a fare nobody knows never counts as one that is met.
//! Q-2 a digit of a case file is never read as a float. Q-3 what is added for a case never
//! changes a rule or an amount of the policy.
//!
//! # Limits
//! All in [`limits`]: entries and bytes of a zip, bytes of a line, legs of a case, complaints listed.
//!
//! # Not here
//! No price, no rule of any city, no database, no log: the program reads those.

pub mod feed;
pub mod limits;

pub mod cases;
pub mod overlay;
mod pricing;
mod table;

pub mod check;
pub mod compare;
pub mod explain;
pub mod score;
pub mod taps;

#[cfg(test)]
mod tests;
