//! Runs of effective legs that share a price rule.

use crate::cost::Cost;
use crate::joins::Group;
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::policy::Policy;
use crate::riders::Trace;

/// The windows of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {}

/// An effective leg and its price by the leg rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effective<'a> {
    pub(crate) group: &'a Group,
    pub(crate) sold: &'a Sold,
}

/// The windows that are open in one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {}

/// The window that took the latest effective leg: its number in the policy, and which opening of it this is, so that
/// two runs of one window are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) window: u32,
    pub(crate) opening: u32,
}

impl State {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    pub(crate) fn current(&self) -> Option<Current> {
        None
    }

    /// What is left of the windows after a leg that none of them took.
    pub(crate) fn passed_by(self, _policy: &Policy, _effective: &Effective<'_>) -> Self {
        self
    }
}

impl Windows {
    /// The longest time between two legs that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        0
    }

    /// What the effective leg costs in the window that takes it, and the windows after it; nothing when none takes it.
    /// `before` is what stood before the effective leg, also when a leg joined it.
    pub(crate) fn apply(
        &self,
        _policy: &Policy,
        _before: &State,
        _effective: &Effective<'_>,
        _trace: &mut Trace,
    ) -> Result<Option<(Cost, State)>, UnknownFare> {
        Ok(None)
    }
}
