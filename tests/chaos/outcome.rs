//! What a scenario found.

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
