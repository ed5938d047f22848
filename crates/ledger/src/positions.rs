//! The positions digest: where the money ended, whatever the order it came in.

use crate::chart::Chart;
use primitives::{Canonical, Digest, Minor, ServiceDate};
use sha2::{Digest as _, Sha256};

/// The net of one account of the chart, for one owner, one card account and one service date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The card account concerned; 0 for none.
    pub account: i64,
    /// The account of the chart, as [`Chart::in_positions`] gives it: a card's value and debt are one net.
    pub chart: Chart,
    /// Its owner.
    pub owner: i64,
    /// The day of travel.
    pub service_date: ServiceDate,
    /// Debits minus credits.
    pub net: Minor,
}

impl Position {
    fn key(&self) -> (i64, Chart, i64, ServiceDate) {
        (self.account, self.chart, self.owner, self.service_date)
    }
}

/// Why a position cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PositionsError {
    /// Positions come strictly ascending by account, chart, owner and service date.
    #[error("positions must come strictly ascending")]
    Order,
    /// A card's debt stands apart from its value, so that the order of arrival could be told.
    #[error("{} is counted under {}", .0.code(), .0.in_positions().code())]
    Chart(Chart),
}

/// Hashes positions that arrive in key order; a net of zero does not count, so a ride reversed leaves no trace.
#[derive(Debug, Clone)]
pub struct PositionsDigest {
    hash: Sha256,
    last: Option<Position>,
}

impl Default for PositionsDigest {
    fn default() -> Self {
        let mut hash = Sha256::new();
        hash.update(Canonical::tagged("positions/2").as_bytes());
        PositionsDigest { hash, last: None }
    }
}

impl PositionsDigest {
    /// Adds the next position.
    pub fn add(&mut self, position: Position) -> Result<(), PositionsError> {
        if position.chart != position.chart.in_positions() {
            return Err(PositionsError::Chart(position.chart));
        }
        if self.last.is_some_and(|last| last.key() >= position.key()) {
            return Err(PositionsError::Order);
        }
        self.last = Some(position);
        if !position.net.is_zero() {
            let mut bytes = Canonical::default();
            bytes.i64(position.account).i64(i64::from(position.chart.number())).i64(position.owner);
            bytes.i64(position.service_date.day_number()).i64(position.net.units());
            self.hash.update(bytes.as_bytes());
        }
        Ok(())
    }

    /// The digest of all positions added.
    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}
