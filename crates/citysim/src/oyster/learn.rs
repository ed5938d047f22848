//! What the rows teach: the single fare of a pair of stations, by peak, and what an unfinished ride costs.

use super::OysterError;
use super::rows::{Journey, Reading, Row, Trip, each_row};
use primitives::{Minor, Text};
use std::collections::BTreeMap;

/// What has one fare: a network, a pair of stations in no order, and whether the ride began in the peak.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The network.
    pub subsystem: Text,
    /// The ends.
    pub ends: Ends,
    /// True when the ride began in the peak.
    pub peak: bool,
}

/// The ends of a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ends {
    /// A boarding at this stop, or at any.
    Boarding(Option<Text>),
    /// Two stations, the smaller first.
    Pair(Text, Text),
}

/// Fewest pay-as-you-go rides of a cell that is believed.
pub const CELL_RIDES_MIN: u32 = 3;

/// First and last minute of the peaks, as the sample shows them: five minutes of grace at the start of each published
/// peak, four before its end.
pub const PEAKS: [(u32, u32); 2] = [(6 * 60 + 35, 9 * 60 + 26), (16 * 60 + 5, 18 * 60 + 56)];

/// The fares that were learned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// The fare of each cell.
    pub cells: BTreeMap<Cell, Minor>,
    /// What an unfinished or unstarted ride costs, by network.
    pub incomplete: BTreeMap<Text, Minor>,
    /// Pay-as-you-go rows that were looked at.
    pub rows: u64,
}

impl Row {
    /// True when the ride began in the peak of a working day.
    pub fn is_peak(&self) -> bool {
        let working_day = (2..=6).contains(&self.day);
        let minute = match self.trip {
            Trip::Unstarted { .. } => self.exit_minute,
            _ => self.entry_minute,
        };
        working_day && PEAKS.iter().any(|(first, last)| (*first..=*last).contains(&minute))
    }

    /// The cell of a whole ride.
    pub fn cell(&self) -> Option<Cell> {
        let ends = match &self.trip {
            Trip::Boarding { stop } => Ends::Boarding(stop.clone()),
            Trip::Gated { from, to } => Ends::Pair(from.min(to).clone(), from.max(to).clone()),
            Trip::Unfinished { .. } | Trip::Unstarted { .. } => return None,
        };
        Some(Cell { subsystem: self.subsystem.clone(), ends, peak: self.is_peak() })
    }
}

/// Learns from the pay-as-you-go rides of some files: the most frequent full fare of each cell.
pub fn learn(files: &[&[u8]]) -> Result<Learned, OysterError> {
    let mut cells: BTreeMap<Cell, Votes> = BTreeMap::new();
    let mut incomplete: BTreeMap<Text, Votes> = BTreeMap::new();
    let mut rows = 0;
    for file in files {
        each_row(file, |reading| {
            let Reading::Row(row) = reading else { return };
            let Some(fare) = row.full_fare.filter(|fare| !fare.is_negative()) else { return };
            if row.journey != Journey::PayAsYouGo {
                return;
            }
            rows += 1;
            let votes = match row.cell() {
                Some(cell) => cells.entry(cell).or_default(),
                None => incomplete.entry(row.subsystem).or_default(),
            };
            *votes.entry(fare).or_default() += 1;
        })?;
    }
    let believed = cells.into_iter().filter(|(_, votes)| votes.values().sum::<u32>() >= CELL_RIDES_MIN);
    Ok(Learned {
        cells: believed.filter_map(|(cell, votes)| Some((cell, most_frequent(&votes)?))).collect(),
        incomplete: incomplete
            .into_iter()
            .filter_map(|(net, votes)| Some((net, most_frequent(&votes)?)))
            .collect(),
        rows,
    })
}

/// How often each fare was charged.
type Votes = BTreeMap<Minor, u32>;

/// The most frequent fare; of equally frequent ones the highest, because discounts only ever lower it.
fn most_frequent(votes: &Votes) -> Option<Minor> {
    votes.iter().max_by_key(|(fare, count)| (**count, **fare)).map(|(fare, _)| *fare)
}
