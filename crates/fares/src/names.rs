//! Ids as small numbers: the number of an id is its place in byte order, so comparing numbers compares ids.

use primitives::Text;

/// Finds numbers by a fixed hash. The hash decides where to look and never an order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(Vec<u32>);

const EMPTY: u32 = u32::MAX;

/// One step of the hash: multiplied by an odd constant and folded, so that the low bits depend on every bit before.
pub(crate) fn mixed(value: u64, next: u64) -> u64 {
    let value = (value ^ next).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value ^ (value >> 32)
}

impl Slots {
    /// A table of the numbers `0..count`, each with its hash. At least half of the slots stay empty.
    pub(crate) fn build(count: usize, hash_of: impl Fn(usize) -> u64) -> Self {
        let size = count.saturating_mul(2).next_power_of_two().max(2);
        let mut slots = vec![EMPTY; size];
        for (number, index) in (0_u32..EMPTY).zip(0..count) {
            let mut at = hash_of(index) as usize & (size - 1);
            while slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            slots[at] = number;
        }
        Slots(slots)
    }

    /// The number with this hash that `is` the one looked for.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.0.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            match self.0[at] {
                EMPTY => return None,
                number if is(number) => return Some(number),
                _ => at = (at + 1) & mask,
            }
        }
    }
}

/// A set of ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    sorted: Vec<Text>,
    slots: Slots,
}

/// Eight bytes of the id at a time.
pub(crate) fn hash(id: &str) -> u64 {
    let (chunks, rest) = id.as_bytes().as_chunks::<8>();
    let value = chunks.iter().fold(0, |value, chunk| mixed(value, u64::from_le_bytes(*chunk)));
    // The last bytes in two halves that may overlap.
    let last = match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mixed(value, last)
}

impl Names {
    /// The set of these ids; doubles count once.
    pub(crate) fn build(mut ids: Vec<Text>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let slots = Slots::build(ids.len(), |index| hash(ids[index].as_str()));
        Names { sorted: ids, slots }
    }

    /// The number of an id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.slots.find(hash(id), |number| self.sorted[number as usize].as_str() == id)
    }

    /// The id with this number.
    pub(crate) fn get(&self, number: u32) -> &Text {
        &self.sorted[number as usize]
    }

    /// How many ids there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The ids in byte order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Text> {
        self.sorted.iter()
    }
}
