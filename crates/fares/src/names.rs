//! Ids as small numbers: the number of an id is its place in byte order, so comparing numbers compares ids.

use primitives::Text;

/// A set of ids. Looked up by a fixed hash; the hash decides where to look and never an order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    sorted: Vec<Text>,
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

/// FNV-1a, folded so that the low bits depend on every byte.
fn hash(text: &str) -> usize {
    let mut value: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        value = (value ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (value ^ (value >> 32)) as usize
}

impl Names {
    /// The set of these ids; doubles count once.
    pub(crate) fn build(mut ids: Vec<Text>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let size = ids.len().saturating_mul(2).next_power_of_two().max(2);
        let mut slots = vec![EMPTY; size];
        for (number, id) in (0_u32..).zip(&ids) {
            let mut at = hash(id.as_str()) & (size - 1);
            while slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            slots[at] = number;
        }
        Names { sorted: ids, slots }
    }

    /// The number of an id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash(id) & mask;
        loop {
            let number = self.slots[at];
            if number == EMPTY {
                return None;
            }
            if self.sorted[number as usize].as_str() == id {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
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
