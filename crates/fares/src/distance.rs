//! How far a ride went, and what distance adds to a product's price.

use crate::model::UnknownFare;
use crate::part::Part;
use crate::policy::Policy;
use crate::products::ProductRow;
use crate::riders::Trace;
use primitives::Minor;

/// The distances of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distances {}

/// How far several legs went as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupDistance {
    /// In units of the first leg's network.
    pub(crate) units: u32,
    /// The leg whose first stop begins the pair that was measured.
    pub(crate) from_part: usize,
}

impl Distances {
    /// How far the legs of an effective leg went as one, by the way of the first leg's network; nothing when nothing is
    /// measured there or a distance is not known.
    pub(crate) fn of_group(&self, policy: &Policy, parts: &[Part]) -> Option<GroupDistance> {
        let units = self.units(policy, parts.first()?)?;
        Some(GroupDistance { units, from_part: 0 })
    }

    /// How far a leg went, in units of its network's method; nothing when nothing is measured there or a distance is
    /// not known.
    pub(crate) fn units(&self, _policy: &Policy, _part: &Part) -> Option<u32> {
        None
    }

    /// True when no product has steps.
    pub(crate) fn has_no_steps(&self) -> bool {
        true
    }

    /// What the steps of a product's row add: the part of the first block, and the rest.
    pub(crate) fn step_price(
        &self,
        _product: u32,
        _row: &ProductRow,
        _units: Option<u32>,
        _trace: Option<&mut Trace>,
    ) -> Result<(Minor, Minor), UnknownFare> {
        Ok((Minor::ZERO, Minor::ZERO))
    }
}
