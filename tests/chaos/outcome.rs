//! What a scenario found, as a line for people and a row of the table in docs/reliability.md.

use crate::checker::Violations;

pub struct Outcome {
    /// Which promises it tried.
    pub guarantees: &'static str,
    /// What was done to the house, with counts.
    pub faults: String,
    /// What was measured.
    pub figures: Vec<String>,
    /// What did not hold.
    pub violations: Violations,
}

impl Outcome {
    pub fn row(&self, scenario: &str, seed: u64) -> String {
        let good = if scenario.starts_with("mutant_") { "seen" } else { "held" };
        let verdict = if self.violations.is_empty() { good } else { "**broken**" };
        let Outcome { guarantees, faults, figures, .. } = self;
        format!("| {scenario} | {guarantees} | {faults} | {seed} | {verdict} | {} |", figures.join("; "))
    }
}
