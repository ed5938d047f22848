//! A small deterministic source of chance: the same seed gives the same city, byte for byte, on every machine.

use primitives::Digest;

/// xoshiro256** of Blackman and Vigna, seeded by a digest. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    /// The source for one job. Each job draws from its own stream, so more draws in one never shift another.
    pub fn new(seed: u64, job: &str) -> Self {
        let digest = Digest::of(format!("{seed}/{job}").as_bytes());
        let mut state = [0u64; 4];
        for (word, bytes) in state.iter_mut().zip(digest.0.chunks_exact(8)) {
            *word = bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        }
        // The all-zero state is the one state the generator never leaves.
        state[0] |= 1;
        Random(state)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number from 0 up to, but not including, `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The widening product spreads evenly enough for a simulation and needs no rejection loop.
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A position in a list of `len` things; 0 when it is empty.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number from `from` up to, but not including, `end`; `from` when the range is empty.
    pub fn between(&mut self, from: i64, end: i64) -> i64 {
        from + self.below(u64::try_from(end - from).unwrap_or(0)) as i64
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the things, if there are any.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.index(things.len()))
    }

    /// Mixes a list.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.index(last + 1));
        }
    }

    /// Sixteen bytes that name a medium.
    pub fn token(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.bits().to_be_bytes());
        bytes
    }
}
