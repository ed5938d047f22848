//! Huge pages for the time of a measurement.
//!
//! PostgreSQL's buffers in pages of 2 MiB instead of 4 KiB cost a sixth less of its time when a bench touches gigabytes of
//! them (docs/benchmarks). A server that a city runs has them reserved by its administrator; here they are reserved for as
//! long as the bench runs, and PostgreSQL takes them when they are there.

use crate::progress;
use std::fs;

const RESERVED: &str = "/proc/sys/vm/nr_hugepages";
const PAGE_MIB: u64 = 2;

/// The pages, until it is dropped: then the system has as many as before.
pub struct HugePages {
    before: u64,
}

impl HugePages {
    /// Reserves pages for so many MiB. None when there are enough, or when the system does not give them.
    pub fn reserve(mib: u64) -> Option<HugePages> {
        let (before, wanted) = (reserved()?, mib.div_ceil(PAGE_MIB));
        if before >= wanted {
            return None;
        }
        fs::write(RESERVED, wanted.to_string()).ok()?;
        let pages = HugePages { before };
        // The system reserves what it finds; too few are of no use to anybody.
        if reserved()? < wanted {
            return None;
        }
        progress(format!("{wanted} huge pages are reserved for PostgreSQL"));
        Some(pages)
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        // A system that no longer takes the number keeps the pages; they are listed where it was written.
        let _ = fs::write(RESERVED, self.before.to_string());
    }
}

fn reserved() -> Option<u64> {
    fs::read_to_string(RESERVED).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_given_back() {
        let Some(before) = reserved() else { return };
        let pages = HugePages::reserve((before + 2) * PAGE_MIB);
        // Without the right to write there nothing is reserved.
        assert_eq!(reserved(), Some(before + 2 * u64::from(pages.is_some())));
        drop(pages);
        assert_eq!(reserved(), Some(before));
    }
}
