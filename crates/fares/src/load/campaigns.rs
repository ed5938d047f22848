//! `fare_campaigns.txt`.

use super::{Common, sheet::Faults};
use crate::campaigns::Campaigns;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Campaigns {
    Campaigns::default()
}
