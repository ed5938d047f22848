//! Chance that can be repeated: the same seed draws the same week on every machine.

/// A generator with a seed (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A whole number from 0 to below `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.unsigned_abs().max(1)) as i64
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, times: i64) -> bool {
        self.below(100) < times
    }

    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len() as i64) as usize]
    }
}
