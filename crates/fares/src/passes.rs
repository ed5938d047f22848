//! Passes and ticket books that are held, and the rides they pay.

use crate::carried::HeldPass;
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;

/// The passes of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passes {}

/// A ride that a pass pays.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    /// The single fare with the pass as payer.
    pub(crate) sold: Sold,
    pub(crate) counts_to_cap: bool,
}

impl Passes {
    /// The ride as a pass pays it, when one that is held covers it; the pass is used by that.
    pub(crate) fn cover(
        &self,
        _policy: &Policy,
        _held: &mut [HeldPass],
        _part: &Part,
        _trace: &mut Trace,
    ) -> Result<Option<Covered>, UnknownFare> {
        Ok(None)
    }
}
