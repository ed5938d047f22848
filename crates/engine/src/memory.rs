//! What a worker remembers from batch to batch, so that it need not ask the database for what it has written itself.
//!
//! Nobody else changes the states of the accounts of a partition while its lease is held, so a state that was judged here is
//! the state. A tap may also take effect elsewhere (its medium moved to an account of another partition): what is
//! remembered of taps only saves questions, and the key of the table has the last word.

use primitives::{AccountId, DeviceId, JournalId, TapId};
use std::collections::HashMap;
use store::state::Packed;

/// Sequences beyond its mark that are remembered of a journal, at most. Beyond them the database is asked.
const SEQUENCES_MAX: u64 = 1 << 15;
/// Journals that are remembered, at most.
const JOURNALS_MAX: usize = 1 << 16;
/// What an account takes beside the bytes of its state, about.
const ACCOUNT_BYTES: usize = 80;

/// The numbered journal of one device.
type Journal = (DeviceId, JournalId);

/// Everything that is remembered. It is thrown away with the tenure, and whenever a batch was not saved as it was judged.
pub(crate) struct Memory {
    /// States that were used lately.
    young: HashMap<AccountId, Packed>,
    /// States that were used before those. When the young ones are too many, they become the old ones.
    old: HashMap<AccountId, Packed>,
    young_bytes: usize,
    bytes_max: usize,
    journals: HashMap<Journal, Sequences>,
}

/// Which sequences of a journal may have taken effect.
struct Sequences {
    /// The first above all that had when the database was asked: what is below it may have.
    next: u64,
    /// One bit for each from there on, in order: set when it was judged here since.
    judged: Vec<u64>,
}

impl Sequences {
    /// Word and bit of a sequence; nothing when it is below what was new, or too far above.
    fn place(&self, sequence: u64) -> Option<(usize, u64)> {
        let above = sequence.checked_sub(self.next)?;
        (above < SEQUENCES_MAX).then_some(((above / 64) as usize, 1 << (above % 64)))
    }

    fn may_have(&self, sequence: u64) -> bool {
        self.place(sequence)
            .is_none_or(|(word, bit)| self.judged.get(word).is_some_and(|bits| bits & bit != 0))
    }

    fn is_beyond(&self, sequence: u64) -> bool {
        sequence > self.next && self.place(sequence).is_none()
    }

    fn judged(&mut self, sequence: u64) {
        let Some((word, bit)) = self.place(sequence) else { return };
        if self.judged.len() <= word {
            self.judged.resize(word + 1, 0);
        }
        self.judged[word] |= bit;
    }
}

const fn journal(tap: TapId) -> Journal {
    (tap.device, tap.journal)
}

impl Memory {
    /// Remembers states of at most about this many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Memory {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            bytes_max,
            journals: HashMap::new(),
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        *self = Memory::new(self.bytes_max);
    }

    /// The state of an account, if it is remembered.
    pub(crate) fn state(&self, account: AccountId) -> Option<&Packed> {
        self.young.get(&account).or_else(|| self.old.get(&account))
    }

    /// Remembers the states a batch leaves behind. Those of the latest batch are always remembered.
    pub(crate) fn remember(&mut self, states: impl Iterator<Item = (AccountId, Packed)>) {
        if self.young_bytes > self.bytes_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        for (account, state) in states {
            self.old.remove(&account);
            self.young_bytes += ACCOUNT_BYTES + state.bytes.len();
            if let Some(before) = self.young.insert(account, state) {
                self.young_bytes -= ACCOUNT_BYTES + before.bytes.len();
            }
        }
    }

    /// The journals of these taps of which nothing is known, or what is known is too far below: the database is to be asked
    /// where they stand.
    pub(crate) fn strange(&mut self, taps: &[TapId]) -> Vec<Journal> {
        if self.journals.len() > JOURNALS_MAX {
            self.journals.clear();
        }
        let is_strange = |tap: &&TapId| {
            self.journals.get(&journal(**tap)).is_none_or(|known| known.is_beyond(tap.sequence.number()))
        };
        let mut strange: Vec<Journal> = taps.iter().filter(is_strange).map(|tap| journal(*tap)).collect();
        strange.sort_unstable();
        strange.dedup();
        strange
    }

    /// Learns the first sequence of each journal above all that took effect.
    pub(crate) fn learn(&mut self, stands: impl Iterator<Item = (Journal, u64)>) {
        self.journals.extend(stands.map(|(journal, next)| (journal, Sequences { next, judged: Vec::new() })));
    }

    /// Those of the taps that may have taken effect before: the database is to be asked.
    pub(crate) fn doubtful(&self, taps: &[TapId]) -> Vec<TapId> {
        let doubtful = |tap: &&TapId| {
            self.journals.get(&journal(**tap)).is_none_or(|known| known.may_have(tap.sequence.number()))
        };
        taps.iter().filter(doubtful).copied().collect()
    }

    /// Remembers that a tap was judged.
    pub(crate) fn judged(&mut self, tap: TapId) {
        if let Some(known) = self.journals.get_mut(&journal(tap)) {
            known.judged(tap.sequence.number());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clearing::{AccountState, Purse};
    use primitives::{Minor, Sequence};

    fn tap(sequence: u64) -> TapId {
        TapId {
            device: DeviceId::new(7).unwrap(),
            journal: JournalId::new(1).unwrap(),
            sequence: Sequence::new(sequence).unwrap(),
        }
    }

    fn doubtful(memory: &Memory, sequences: &[u64]) -> Vec<u64> {
        let taps: Vec<TapId> = sequences.iter().map(|sequence| tap(*sequence)).collect();
        memory.doubtful(&taps).iter().map(|tap| tap.sequence.number()).collect()
    }

    #[test]
    fn only_what_may_have_taken_effect_is_asked_for() {
        let mut memory = Memory::new(0);
        assert_eq!(memory.strange(&[tap(10), tap(11)]), [journal(tap(10))]);
        assert_eq!(doubtful(&memory, &[10, 11]), [10, 11], "nothing is known yet");
        memory.learn([(journal(tap(0)), 10)].into_iter());
        assert_eq!(memory.strange(&[tap(10), tap(3)]), []);
        assert_eq!(doubtful(&memory, &[0, 9, 10, 11, 500]), [0, 9]);
        memory.judged(tap(11));
        memory.judged(tap(500));
        memory.judged(tap(2));
        assert_eq!(doubtful(&memory, &[9, 10, 11, 12, 499, 500]), [9, 11, 500]);
    }

    #[test]
    fn a_journal_that_is_far_ahead_is_asked_about_anew() {
        let mut memory = Memory::new(0);
        memory.learn([(journal(tap(0)), 0)].into_iter());
        memory.judged(tap(5));
        let (last, beyond) = (SEQUENCES_MAX - 1, SEQUENCES_MAX);
        assert_eq!(memory.strange(&[tap(last)]), []);
        assert_eq!(memory.strange(&[tap(beyond)]), [journal(tap(0))]);
        assert_eq!(doubtful(&memory, &[5, last, beyond, u64::MAX >> 1]), [5, beyond, u64::MAX >> 1]);
        memory.learn([(journal(tap(0)), 6)].into_iter());
        assert_eq!(doubtful(&memory, &[5, 6, beyond]), [5]);
    }

    #[test]
    fn the_states_of_the_latest_batch_are_remembered_whatever_the_limit() {
        let packed = |value: i64| {
            let purse = Purse { value: Minor::new(value), ..Purse::default() };
            Packed::of(&AccountState { purse, ..AccountState::default() })
        };
        let account = |number: u64| AccountId::new(number).unwrap();
        let batch = |numbers: std::ops::Range<u64>, value| {
            numbers.map(move |number| (account(number), packed(value))).collect::<Vec<_>>()
        };
        let mut memory = Memory::new(0);
        memory.remember(batch(0..10, 1).into_iter());
        memory.remember(batch(5..15, 2).into_iter());
        assert_eq!(memory.state(account(5)), Some(&packed(2)), "the newer state is the state");
        assert_eq!(memory.state(account(0)), Some(&packed(1)), "and the batch before is still there");
        memory.remember(batch(20..21, 3).into_iter());
        assert_eq!(memory.state(account(0)), None);
        assert_eq!(memory.state(account(5)), Some(&packed(2)));
        memory.forget();
        assert_eq!(memory.state(account(20)), None);
    }
}
