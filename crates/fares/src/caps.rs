//! The most that is paid in a period.

use crate::carried::Carried;
use crate::cost::Cost;
use crate::model::UnknownFare;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Subject;
use crate::surcharges::Surcharged;

/// The caps of a policy, in the order they are applied: shorter periods first, a cap before the one it is nested in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps {}

/// What a cap looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CapInput<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) counts_to_cap: bool,
    pub(crate) surcharged: &'a Surcharged,
}

impl Caps {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    /// Takes off what goes beyond the caps that cover the leg, and counts the leg.
    pub(crate) fn apply(
        &self,
        _policy: &Policy,
        _carried: &mut Carried,
        _input: CapInput<'_>,
        _cost: &mut Cost,
        _trace: &mut Trace,
    ) -> Result<(), UnknownFare> {
        Ok(())
    }
}
