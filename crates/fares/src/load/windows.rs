//! `fare_windows.txt` and `fare_window_rules.txt`.

use super::{Common, sheet::Faults};
use crate::windows::Windows;

pub(super) fn read(_common: &Common<'_>, _faults: &mut Faults) -> Windows {
    Windows::default()
}
