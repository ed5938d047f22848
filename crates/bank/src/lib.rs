//! The bank border: bytes from and to banks ↔ values of the house.
//!
//! # Job
//! Read camt.053 statements and prove them by their own figures, write pain.001 payout files, and make and find the
//! reference codes that come back in a bank's memo.
//!
//! # Shape
//! [`camt053`] (a safe XML walk, then fields, then proof) gives [`statement`] values · [`pain001`] writes ·
//! [`reference`] · [`latin`] · [`limits`]
//!
//! # Invariants
//! B-1 parsing and proving are two results; a sign or an amount is never bent to make a proof fit.
//! B-2 a file that is cut, ill-formed, over a limit or wrongly encoded is refused whole, with the byte and the reason.
//! B-3 the lines of a split entry sum to the entry. B-4 the same values give the same bytes, and the same bytes the
//! same values. B-5 every single wrong symbol and every swap of two symbols of a reference code is found.
//!
//! # Limits
//! All in [`limits`]; each is tested at the limit and one past it.
//!
//! # Not here
//! No files, no database, no matching, no continuity between files (the caller knows the statement before), no
//! personal data in findings.
#![deny(clippy::unwrap_used, clippy::float_arithmetic)]

pub mod camt053;
pub mod latin;
pub mod limits;
pub mod pain001;
pub mod reference;
pub mod statement;
mod xml;

pub use camt053::{read_camt053, read_camt053_within};
pub use pain001::{
    Party, Payment, PayoutFile, PayoutFileError, PayoutFinding, payout_findings, write_pain001,
};
pub use statement::{FileRefusal, Finding, FindingCode, Line, Proof, Severity, Statement};
