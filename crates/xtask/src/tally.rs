//! Counting the tests that ran, from the lines `cargo test` ends each program with.

/// The sums over all test programs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: u64,
    /// Tests that ran and did not hold.
    pub failed: u64,
    /// Tests that somebody switched off.
    pub ignored: u64,
    /// Tests left out by a filter.
    pub filtered: u64,
}

impl Tally {
    /// Adds one line of output, when it is a result line.
    pub fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.1.split(';') {
            let mut words = part.split_whitespace();
            let (Some(count), Some(name)) =
                (words.next().and_then(|word| word.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match name {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                "filtered" => self.filtered += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn check(lines: &[&str], expect: Tally) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line));
        assert_eq!(tally, expect, "{lines:?}");
    }

    #[test]
    fn result_lines_add_up_and_others_are_left_alone() {
        check(
            &[
                "running 2 tests",
                "test a ... ok",
                "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s",
                "test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 9.12s",
            ],
            Tally { passed: 6, failed: 1, ignored: 2, filtered: 3 },
        );
        check(&["7 ignored", "a test result: ok. 1 passed"], Tally::default());
    }
}
