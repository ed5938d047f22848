//! `fare_leg_join_rules.txt`.

use super::{Common, sheet::Faults};
use crate::joins::Joins;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Joins {
    Joins::default()
}
