//! Values that are shut by default.

use std::fmt;

/// A value that prints as a mask. Opening it names the purpose, so that each opening can be found in review.
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Shuts a value.
    pub const fn new(value: T) -> Self {
        Sensitive(value)
    }

    /// Opens the value for a named purpose.
    pub fn open(&self, _purpose: &'static str) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}
