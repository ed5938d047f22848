//! The chain: each posting's hash covers the one before it, in log order, per partition.

use crate::posting::Posting;
use primitives::{Canonical, Digest};

/// The head before the first posting.
pub const START: Digest = Digest([0; 32]);

/// The head after a posting that the record at `offset` caused as its `ordinal`-th.
pub fn extend(head: &Digest, offset: u64, ordinal: u32, posting: &Posting) -> Digest {
    extend_in(&mut Canonical::default(), head, offset, ordinal, posting)
}

/// As [`extend`], for who hashes one posting after the other: their bytes are written into the same memory.
pub fn extend_in(
    bytes: &mut Canonical,
    head: &Digest,
    offset: u64,
    ordinal: u32,
    posting: &Posting,
) -> Digest {
    bytes.restart("posting/1").bytes(&head.0).u64(offset).u64(u64::from(ordinal));
    posting.write(bytes);
    bytes.digest()
}
