//! `fare_distance_methods.txt`, `fare_distances.txt` and `fare_distance_steps.txt`.

use super::{Common, sheet::Faults};
use crate::distance::Distances;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Distances {
    Distances::default()
}
