//! Named limits of what is read. A file beyond one is refused by name.

/// Bytes of a zip.
pub const ZIP_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Entries of a zip.
pub const ZIP_ENTRIES_MAX: usize = 1_000;
/// Bytes that all files of a policy may have together, unpacked.
pub const POLICY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of one file of a policy, unpacked.
pub const ENTRY_BYTES_MAX: u64 = fares::limits::FILE_BYTES_MAX as u64;
/// Bytes of one line of a case file or of recorded taps.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Legs of one case.
pub const CASE_LEGS_MAX: usize = 1_000;
/// Cases of one file.
pub const CASES_MAX: usize = 1_000_000;
/// Complaints listed about one file; the last one then says how many more there are.
pub const COMPLAINTS_MAX: usize = 1_000;
/// Recorded taps of one comparison.
pub const TAPS_MAX: usize = 50_000_000;
