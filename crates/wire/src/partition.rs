//! Which partition an account lives in.

use primitives::AccountId;

/// The partition of an account: `splitmix64(account) mod partitions`.
///
/// One account has one partition for the life of a topic, so its records have one order and one writer. The mix is
/// fixed for ever (the tables of record hold positions per partition) and spreads account numbers that follow each
/// other. With no partitions the answer is 0.
pub fn partition_of(account: AccountId, partitions: u32) -> u32 {
    let rest = splitmix64(account.number()).checked_rem(u64::from(partitions)).unwrap_or(0);
    u32::try_from(rest).unwrap_or(0)
}

/// Steele, Lea and Flood's 64-bit finaliser with the golden-ratio increment.
pub(crate) fn splitmix64(value: u64) -> u64 {
    let mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
