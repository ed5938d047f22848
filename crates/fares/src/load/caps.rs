//! `fare_caps.txt` and `fare_rebates.txt`.

use super::{Common, sheet::Faults};
use crate::caps::Caps;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Caps {
    Caps::default()
}
