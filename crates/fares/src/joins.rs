//! Legs that are priced as one: which change keeps an effective leg going, and what the whole costs.

use crate::model::{Priced, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use primitives::Minor;

/// The join rules of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joins {}

/// An effective leg: a run of legs priced as one.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    parts: Vec<Part>,
}

impl Joins {
    /// The longest time between two legs that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        0
    }

    /// True when no row says that a change has no tap.
    pub(crate) fn are_all_tapped(&self) -> bool {
        true
    }

    /// The row by which the leg continues the effective leg.
    pub(crate) fn next(
        &self,
        _policy: &Policy,
        _group: &Group,
        _next: &Part,
        _trace: &mut Trace,
    ) -> Option<u32> {
        None
    }
}

impl Group {
    pub(crate) fn alone(part: Part) -> Self {
        Group { parts: vec![part] }
    }

    /// The same with one more leg, by this row.
    pub(crate) fn with(&self, part: Part, _row: u32) -> Self {
        let mut group = self.clone();
        group.parts.push(part);
        group
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The leg that came last.
    pub(crate) fn last(&self) -> &Part {
        &self.parts[self.parts.len() - 1]
    }

    /// The leg whose ticket the last leg travels on, when no tap lies between.
    pub(crate) fn ticket_of(&self, _policy: &Policy) -> Option<usize> {
        None
    }

    /// What the effective leg is asked a price for, as one.
    pub(crate) fn query<'a>(&'a self, policy: &'a Policy, extra: Minor, changed: bool) -> Query<'a> {
        Query { extra, changed, ..Query::of_part(policy, &self.parts[0]) }
    }

    /// What the effective leg costs, windows and transfers aside.
    pub(crate) fn sell(
        self,
        policy: &Policy,
        extra: Minor,
        changed: bool,
        trace: &mut Trace,
    ) -> Result<(Group, Sold), UnknownFare> {
        let sold = self.query(policy, extra, changed).sell_best(trace)?;
        Ok((self, sold))
    }
}

/// Moves what a leg adds to the leg that carries its ticket.
pub(crate) fn move_ticket(_first: &mut Priced, _later: &mut Priced) {}
