//! Every limit of the event border, by name. Each is tested at the limit and one past it.

/// Longest envelope, protobuf or JSON, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 65_536;

/// Longest upload, in bytes, after any content encoding is undone.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most envelopes in one upload.
pub const BATCH_TAPS_MAX: usize = 1_000;

/// Longest record of the log, in bytes: an envelope, and the account's few fields around it.
pub const RECORD_BYTES_MAX: usize = ENVELOPE_BYTES_MAX + 1_024;

/// Largest amount of one tap, in minor units. Nine million of them still fit the 64 bits of a sum.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// Length of a MAC, in bytes.
pub const MAC_BYTES: usize = 32;

/// Largest whole number JSON may carry as a number: above it many senders' libraries round in silence, so a larger
/// one is written as a string of digits.
pub const JSON_NUMBER_MAX: u64 = 9_007_199_254_740_991;
