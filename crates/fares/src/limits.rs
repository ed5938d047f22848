//! Named limits of a policy. A file beyond one is a load error that names it.

/// Bytes of one policy file.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows of one policy file.
pub const ROWS_MAX: usize = 2_000_000;
/// Networks of one policy.
pub const NETWORKS_MAX: usize = 65_000;
/// Areas of one policy.
pub const AREAS_MAX: usize = 16_000_000;
/// Errors one load reports; the last one then says that there are more.
pub const ERRORS_MAX: usize = 1_000;
/// Rows of one rider's formula (`rider_discounts.txt`) for one network and timeframe.
pub const STEPS_MAX: usize = 4;
/// Legs that are priced as one; the next one begins an effective leg of its own.
pub const GROUP_PARTS_MAX: usize = 64;
/// Ways to combine the legs of one rider by transfers that are followed at a time; beyond it the dearest are given up.
pub const READINGS_MAX: usize = 64;
/// Legs that a later transfer may start from in one of these; beyond it the oldest are forgotten.
pub const TRANSFER_TAILS_MAX: usize = 16;
/// Longest time, in seconds, in which a second presentation of a medium is no second ride.
pub const PASSBACK_SECONDS_MAX: i64 = 86_400;
/// Characters of a name (of a stop, a route, a party).
pub const NAME_CHARS_MAX: usize = 200;
/// Answers that are kept of what the dearest ride from or to a station is; a policy that has more questions answers each anew.
pub const FARTHEST_MAX: usize = 1 << 18;
