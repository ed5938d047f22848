//! The London 2009 sample of real rides as events of a city: its rows, what fares they teach, a policy made of that,
//! and one or two taps for each row.

mod events;
mod learn;
mod policy;
mod rows;

pub use events::{Class, EventOptions, OysterDay, RowTruth, classify, events};
pub use learn::{Cell, Learned, learn};
pub use policy::{CITY, MIXED, PAY_AS_YOU_GO, Places, TICKET, policy_files, survey};
pub use rows::{Journey, Reading, Row, Trip, each_row};

/// Why a file of the sample could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OysterError {
    /// The header does not have this column.
    #[error("the file has no column `{0}`")]
    Column(&'static str),
    /// Not comma-separated text, or not what gzip writes.
    #[error("the file cannot be read")]
    File(#[from] csv::Error),
    /// More than the simulation can number, or a message it cannot make.
    #[error("the rows cannot be made into taps: {0}")]
    Events(String),
}

#[cfg(test)]
mod tests;
