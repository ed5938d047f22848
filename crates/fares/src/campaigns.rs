//! Reductions for a time, with quotas.

use crate::carried::Carried;
use crate::cost::Cost;
use crate::model::UnknownFare;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Subject;
use primitives::Minor;

/// The campaigns of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Campaigns {}

/// What a campaign looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CampaignInput<'a> {
    pub(crate) subject: Subject<'a>,
    /// The part of the rider's price that distance does not change.
    pub(crate) base: Minor,
    /// How many legs of the effective leg came before this one.
    pub(crate) position: usize,
}

impl Campaigns {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    /// Takes off what campaigns take off. False when the leg no longer counts towards caps.
    pub(crate) fn apply(
        &self,
        _policy: &Policy,
        _carried: &mut Carried,
        _input: CampaignInput<'_>,
        _cost: &mut Cost,
        _trace: &mut Trace,
    ) -> Result<bool, UnknownFare> {
        Ok(true)
    }
}
