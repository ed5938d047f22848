//! Transfer rules of GTFS-Fares v2: the cheapest lawful way to combine effective legs.

use crate::cost::Cost;
use crate::model::UnknownFare;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::windows::Effective;

/// The transfer rules of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transfers {}

/// The lawful ways to read the effective legs so far that may still turn out cheapest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {}

impl State {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }
}

impl Transfers {
    /// The longest time between two legs that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        0
    }

    /// What the effective leg adds to the cheapest reading of everything before it, and the readings after it.
    pub(crate) fn apply(
        &self,
        _policy: &Policy,
        _before: &State,
        effective: &Effective<'_>,
        _trace: &mut Trace,
    ) -> Result<(Cost, State), UnknownFare> {
        Ok((effective.sold.cost.clone(), State::default()))
    }
}
