//! `fare_surcharges.txt`.

use super::{Common, sheet::Faults};
use crate::surcharges::Surcharges;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Surcharges {
    Surcharges::default()
}
