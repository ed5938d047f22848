//! What-if: recorded rides under two policies, and who would pay more or less. The shadow run before a policy goes live.
//!
//! Both policies price all rides, whatever their days of validity say: a tariff of next month is asked about rides of the
//! last one.

mod report;
mod rides;

pub use report::{AccountRise, Comparison, FunderLine, Line, Sums};

use crate::cases::{self, CaseError, CaseFile};
use crate::pricing::{self, LabError};
use crate::table::Table;
use crate::taps::{self, RecordedTap};
use fares::Files;
use rides::Rides;
use std::io::BufRead;

/// Rides to be priced twice.
#[derive(Debug)]
pub enum Recorded {
    /// Those of a case file; what it expects is not asked.
    Cases(CaseFile),
    /// Those of recorded taps.
    Taps(Vec<RecordedTap>),
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many accounts with the largest rise to list.
    pub accounts: usize,
    /// By how many days to move the rides before the new policy prices them, for calendars that begin later.
    pub shift_days: i32,
}

impl Default for Options {
    fn default() -> Self {
        Options { accounts: 10, shift_days: 0 }
    }
}

/// Reads rides: a case file or recorded taps, as the first line says.
pub fn read_recorded(mut lines: impl BufRead) -> Result<Recorded, Vec<CaseError>> {
    let mut first = String::new();
    let fault = |line, error: std::io::Error| vec![CaseError { line, message: error.to_string() }];
    lines.read_line(&mut first).map_err(|error| fault(1, error))?;
    if taps::is_header(first.trim()) {
        return taps::read(lines, 2).map(Recorded::Taps);
    }
    let mut text = first;
    lines.read_to_string(&mut text).map_err(|error| fault(2, error))?;
    cases::parse(&text).map(Recorded::Cases)
}

/// Prices the rides under both policies and reports the differences.
pub fn compare(
    old: &Files,
    new: &Files,
    recorded: &Recorded,
    options: Options,
) -> Result<Comparison, LabError> {
    let (before, after) = (pricing::load(old)?, pricing::load(new)?);
    if before.currency() != after.currency() {
        let what = format!("their currencies are {} and {}", before.currency(), after.currency());
        return Err(LabError::Pair(what));
    }
    let (old_rides, new_rides) = match recorded {
        Recorded::Cases(file) => (
            Rides::of_cases(&open(old), &file.cases, 0)?,
            Rides::of_cases(&open(new), &file.cases, options.shift_days)?,
        ),
        Recorded::Taps(taps) => {
            (Rides::of_taps(&open(old), taps, 0)?, Rides::of_taps(&open(new), taps, options.shift_days)?)
        }
    };
    Comparison::make([before.id(), after.id()], before.currency(), &old_rides, &new_rides, options.accounts)
}

/// The files with a version that holds at any time.
fn open(files: &Files) -> Files {
    const FARE_POLICIES: &str = "fare_policies.txt";
    let mut files = files.clone();
    let mut table = Table::read(&files, FARE_POLICIES);
    table.set_all("valid_from", "2000-01-02");
    table.set_all("valid_until", "");
    table.write(&mut files, FARE_POLICIES);
    files
}
