//! What the house answers about itself: every figure of a page, and the list that makes the figure up.
//!
//! Each list comes in pages and carries the totals over all of its rows, computed by the same filter in the same
//! transaction's snapshot, so that a page can show that its rows add up to the figure that led to it.

mod bank;
mod charges;
mod day;
mod ledger;
mod quarantine;
mod settle;
mod tap;

pub use bank::{
    BreakFilter, BreakRow, FileRow, LineRow, MatchRow, StatementRow, breaks, files, statement,
    statement_lines, statements, statements_of_file,
};
pub use charges::{ChargeFilter, ChargeRow, charges, items, unpriced};
pub use day::{
    DayRow, DayState, HourRow, OperatorRow, PartitionRow, SchoolRow, TapCount, days, gateway_refusals, hours,
    operators, pipeline, rides, schools, taps,
};
pub use ledger::{
    EntryFilter, EntryRow, EntrySums, OwnerRow, Stand, TrialRow, entries, operator_net, owners, trial_balance,
};
pub use quarantine::{
    QuarantineFilter, QuarantineRow, Quarantined, quarantine, quarantine_codes, quarantined,
};
pub use settle::{ItemRow, PayoutRow, RunRow, claims_of_day, items_of_day, payouts, run, run_of_day, runs};
pub use tap::{LegVersion, PostingLine, PostingRow, TapDetail, TapRow, tap};

use crate::error::StoreError;
use crate::rows;
use primitives::Minor;

/// Most rows a page may have.
pub const PAGE_ROWS_MAX: u32 = 1000;

/// Which part of a long list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    number: u32,
    rows: u32,
}

impl PageRequest {
    /// The page with this number (from 1) of lists cut into pages of `rows` rows; both are brought into range.
    pub fn new(number: u32, rows: u32) -> Self {
        PageRequest { number: number.max(1), rows: rows.clamp(1, PAGE_ROWS_MAX) }
    }

    /// Its number, from 1.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// Rows of a full page.
    pub const fn rows(self) -> u32 {
        self.rows
    }

    pub(crate) fn limit(self) -> i64 {
        i64::from(self.rows)
    }

    pub(crate) fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.rows)
    }
}

/// One page of a list, and the totals over the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Row, Sums = ()> {
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// Which page this is, from 1.
    pub number: u32,
    /// Rows of a full page.
    pub page_rows: u32,
    /// Rows of the whole list.
    pub total_rows: u64,
    /// Totals over the whole list.
    pub sums: Sums,
}

impl<Row, Sums> Page<Row, Sums> {
    pub(crate) fn new(
        request: PageRequest,
        rows: Vec<Row>,
        total_rows: i64,
        sums: Sums,
    ) -> Result<Self, StoreError> {
        Ok(Page {
            rows,
            number: request.number,
            page_rows: request.rows,
            total_rows: rows::count(total_rows)?,
            sums,
        })
    }

    /// How many pages the list has; at least one.
    pub fn pages(&self) -> u64 {
        self.total_rows.div_ceil(u64::from(self.page_rows)).max(1)
    }
}

/// What rides add up to. `gross` is always `rider` plus `subsidy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RideSums {
    /// Rides priced, less rides cancelled.
    pub rides: i64,
    /// What they cost.
    pub gross: Minor,
    /// What riders carry of it.
    pub rider: Minor,
    /// What funders carry of it.
    pub subsidy: Minor,
}

impl RideSums {
    fn of((rides, gross, rider, subsidy): (i64, i64, i64, i64)) -> Self {
        RideSums { rides, gross: Minor::new(gross), rider: Minor::new(rider), subsidy: Minor::new(subsidy) }
    }
}
