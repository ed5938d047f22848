//! Where a device keeps its taps until they are posted.

use primitives::Sequence;
use std::collections::BTreeMap;
use wire::Envelope;

/// Most unposted taps a [`MemoryJournal`] keeps unless told otherwise: 30 days of 3,000 taps and some room.
pub const UNPOSTED_MAX: usize = 100_000;

/// A device's memory of its taps. One journal, one `JournalId`: when the memory is lost or reset, the device takes a
/// new random one.
pub trait Journal {
    /// Why an entry could not be written.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The highest number ever appended, posted or not; `None` in a new journal. Survives restarts.
    fn last_sequence(&self) -> Option<Sequence>;

    /// Appends an entry. `Ok` only when it is durable, because the gate opens next; after an error there must be no
    /// entry, because the gate stays shut and nobody may be charged. `sequence` is above [`Self::last_sequence`].
    fn append(&mut self, sequence: Sequence, envelope: &Envelope) -> Result<(), Self::Error>;

    /// Forgets an entry that the house has posted; false when there is no such entry.
    fn mark_posted(&mut self, sequence: Sequence) -> Result<bool, Self::Error>;

    /// The number of the oldest entry that is not posted, from after `after`.
    fn next_unposted(&self, after: Option<Sequence>) -> Option<Sequence>;

    /// At most `max` entries that are not posted, the oldest first, from after `after`. A journal on flash reads its
    /// entries when it is opened, so that a fault of reading shows there and this call cannot fail.
    fn unposted(&self, after: Option<Sequence>, max: usize) -> Vec<Envelope>;
}

/// The journal has no room for another tap; the gate stays shut until an upload made some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal is full with {0} unposted taps")]
pub struct JournalFull(pub usize);

/// A journal in memory: as durable as the process, so for tests and simulated devices.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    entries: BTreeMap<Sequence, Envelope>,
    last: Option<Sequence>,
    unposted_max: usize,
}

impl MemoryJournal {
    /// An empty journal with room for [`UNPOSTED_MAX`] taps.
    pub fn new() -> Self {
        Self::with_room(UNPOSTED_MAX)
    }

    /// An empty journal with room for this many unposted taps.
    pub fn with_room(unposted_max: usize) -> Self {
        MemoryJournal { entries: BTreeMap::new(), last: None, unposted_max }
    }

    /// How many taps are not posted.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn after(&self, after: Option<Sequence>) -> impl Iterator<Item = (&Sequence, &Envelope)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.entries.range((after.map_or(Unbounded, Excluded), Unbounded))
    }

    /// True when every tap is posted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal for MemoryJournal {
    type Error = JournalFull;

    fn last_sequence(&self) -> Option<Sequence> {
        self.last
    }

    fn append(&mut self, sequence: Sequence, envelope: &Envelope) -> Result<(), JournalFull> {
        if self.entries.len() >= self.unposted_max {
            return Err(JournalFull(self.entries.len()));
        }
        self.entries.insert(sequence, envelope.clone());
        self.last = self.last.max(Some(sequence));
        Ok(())
    }

    fn mark_posted(&mut self, sequence: Sequence) -> Result<bool, JournalFull> {
        Ok(self.entries.remove(&sequence).is_some())
    }

    fn next_unposted(&self, after: Option<Sequence>) -> Option<Sequence> {
        self.after(after).next().map(|(sequence, _)| *sequence)
    }

    fn unposted(&self, after: Option<Sequence>, max: usize) -> Vec<Envelope> {
        self.after(after).take(max).map(|(_, envelope)| envelope.clone()).collect()
    }
}
