//! Distances: the metres a case publishes, in the units of each network that reads a matrix.

use super::Metres;
use crate::table::{Row, Table};
use fares::Files;
use std::collections::BTreeSet;

const METHODS: &str = "fare_distance_methods.txt";
const DISTANCES: &str = "fare_distances.txt";

/// How a network counts metres.
struct Method {
    network: String,
    unit_metres: u32,
    rounding: String,
}

/// The networks that read a matrix, and what the policy says of distances.
pub(super) struct Matrix {
    methods: Vec<Method>,
    rows: Table,
}

impl Matrix {
    pub(super) fn read(files: &Files) -> Self {
        let methods = Table::read(files, METHODS);
        let matrix = methods.rows().filter(|row| row.get("distance_method") == "matrix");
        let method = |row: Row<'_>| Method {
            network: row.get("network_id").to_owned(),
            unit_metres: row.get("unit_metres").parse().unwrap_or(1).max(1),
            rounding: row.get("unit_rounding").to_owned(),
        };
        Matrix { methods: matrix.map(method).collect(), rows: Table::read(files, DISTANCES) }
    }

    /// Adds the distances to the files. What a case publishes goes before what the policy says of the same pair.
    pub(super) fn write(&self, distances: &Metres, files: &mut Files) {
        if distances.is_empty() || self.methods.is_empty() {
            return;
        }
        let mut rows = self.rows.clone();
        let mut reversed = BTreeSet::new();
        let given = |from: &str, to: &str| distances.contains_key(&(from.to_owned(), to.to_owned()));
        rows.retain(|row| {
            let (from, to) = (row.get("from_stop_id"), row.get("to_stop_id"));
            let both_ways = row.get("symmetric") != "0";
            let (there, back) = (given(from, to), both_ways && given(to, from));
            let text = |column: &str| row.get(column).to_owned();
            if there && both_ways && !back {
                reversed.insert((
                    text("network_id"),
                    text("to_stop_id"),
                    text("from_stop_id"),
                    text("units"),
                ));
            }
            if back && !there {
                reversed.insert((
                    text("network_id"),
                    text("from_stop_id"),
                    text("to_stop_id"),
                    text("units"),
                ));
            }
            !there && !back
        });
        for (network, from, to, units) in &reversed {
            push(&mut rows, network, (from, to), units);
        }
        let pair = |row: Row<'_>| {
            ["network_id", "from_stop_id", "to_stop_id"].map(|column| row.get(column).to_owned())
        };
        let said: BTreeSet<[String; 3]> = rows.rows().map(pair).collect();
        for method in &self.methods {
            // A stop is 0 away from itself, whatever a case says of a round trip.
            for ((from, to), metres) in distances.iter().filter(|((from, to), _)| from != to) {
                let units = method.units(*metres).to_string();
                push(&mut rows, &method.network, (from, to), &units);
                // The way back is as long, unless somebody says how long it is.
                if !given(to, from) && !said.contains(&[&method.network, to, from].map(String::clone)) {
                    push(&mut rows, &method.network, (to, from), &units);
                }
            }
        }
        rows.write(files, DISTANCES);
    }
}

fn push(rows: &mut Table, network: &str, (from, to): (&str, &str), units: &str) {
    rows.push(&[
        ("network_id", network),
        ("from_stop_id", from),
        ("to_stop_id", to),
        ("units", units),
        ("symmetric", "0"),
    ]);
}

impl Method {
    /// Metres in units, rounded as the method says, or half up.
    fn units(&self, metres: u32) -> u32 {
        let (whole, rest) = (metres / self.unit_metres, metres % self.unit_metres);
        let up = match self.rounding.as_str() {
            "down" => false,
            "up" => rest > 0,
            _ => rest > 0 && rest >= self.unit_metres.div_ceil(2),
        };
        // Rounding up happens to units of more than a metre only, so there is room.
        whole.saturating_add(u32::from(up))
    }
}
