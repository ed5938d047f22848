//! What is added to a fare.

use crate::cost::Cost;
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use primitives::{Minor, MoneyError};

/// The surcharges of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surcharges {}

/// The surcharges of an effective leg, or what a leg added to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surcharged {
    /// Those that count towards caps.
    pub(crate) in_caps: Cost,
    /// Those that do not.
    pub(crate) outside: Cost,
}

impl Surcharged {
    pub(crate) fn minus(&self, before: &Surcharged) -> Result<Surcharged, MoneyError> {
        Ok(Surcharged {
            in_caps: self.in_caps.minus(&before.in_caps)?,
            outside: self.outside.minus(&before.outside)?,
        })
    }

    /// The rider's part of all of them.
    pub(crate) fn rider(&self) -> Result<Minor, MoneyError> {
        self.in_caps.rider.plus(self.outside.rider)
    }

    /// A fare with its surcharges.
    pub(crate) fn add_to(&self, fare: &Cost) -> Result<Cost, MoneyError> {
        if self.in_caps.is_nothing() && self.outside.is_nothing() {
            return Ok(fare.clone());
        }
        fare.plus(&self.in_caps)?.plus(&self.outside)
    }
}

impl Surcharges {
    /// What is added to the full price before the rider's reductions.
    pub(crate) fn before_reductions(
        &self,
        _policy: &Policy,
        _parts: &[Part],
        _trace: &mut Trace,
    ) -> Result<Minor, UnknownFare> {
        Ok(Minor::ZERO)
    }

    /// The other surcharges of an effective leg.
    pub(crate) fn of(
        &self,
        _policy: &Policy,
        _parts: &[Part],
        _sold: &Sold,
        _trace: &mut Trace,
    ) -> Result<Surcharged, UnknownFare> {
        Ok(Surcharged::default())
    }
}
