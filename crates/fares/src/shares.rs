//! How operators share what was paid.

use crate::cost::Cost;
use crate::model::{Share, UnknownFare};
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Subject;
use crate::windows::Current;

/// The shares of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares {}

/// What a stream remembers of the run of legs that share: their weights, and what was given out so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {}

/// A leg that is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShareInput<'a> {
    pub(crate) subject: Subject<'a>,
    /// What the leg added before campaigns and caps.
    pub(crate) full: &'a Cost,
    /// What it added in the end, surcharges included.
    pub(crate) cost: &'a Cost,
    pub(crate) window: Option<Current>,
}

impl Shares {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    /// What each operator earns more, or less, by this leg. The sum is the leg's gross fare.
    pub(crate) fn split(
        &self,
        _policy: &Policy,
        _state: &mut State,
        _input: ShareInput<'_>,
        _trace: &mut Trace,
    ) -> Result<Vec<Share>, UnknownFare> {
        Ok(Vec::new())
    }
}
