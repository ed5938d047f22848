//! `fare_transfer_rules.txt`.

use super::{Common, sheet::Faults};
use crate::transfers::Transfers;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Transfers {
    Transfers::default()
}
