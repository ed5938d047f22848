//! One validator: its identity, its key, its journal, its deny list.

use crate::journal::Journal;
use primitives::{DeviceId, EventTime, JournalId, MediumToken, Refusal, Sequence, Tap, TapId, TapKind};
use std::collections::BTreeSet;
use wire::{BodyFormat, DeviceClock, DeviceKey, Envelope, encode_tap_clocked, parse_tap};

/// Most media a deny list holds.
pub const DENY_LIST_MAX: usize = 1_000_000;

/// Why a tap was not taken. The gate stays shut, and no number is used up.
#[derive(Debug, thiserror::Error)]
pub enum TapError<E: std::error::Error + 'static> {
    /// The house would refuse a tap of this form.
    #[error("the house would refuse this tap: {0}")]
    Refused(#[source] Refusal),
    /// The journal could not store it.
    #[error("the tap could not be stored")]
    Journal(#[source] E),
    /// All numbers of this journal are used.
    #[error("the journal's numbers are used up; start a new journal")]
    NumbersUsedUp,
}

/// A validator. It keeps no count of its own: the journal is the only memory, so a restart cannot disagree with it.
#[derive(Debug)]
pub struct Validator<J> {
    device: DeviceId,
    journal: JournalId,
    key_version: u32,
    key: DeviceKey,
    store: J,
    denied: BTreeSet<MediumToken>,
}

impl<J: Journal> Validator<J> {
    /// A validator on a journal, new or found again after a restart. `journal` is the number this journal got, at
    /// random, when it was new.
    pub fn new(device: DeviceId, journal: JournalId, key_version: u32, key: DeviceKey, store: J) -> Self {
        Validator { device, journal, key_version, key, store, denied: BTreeSet::new() }
    }

    /// Takes a tap: gives it the next number, signs it, stores it, and only then hands out the envelope. Open the
    /// gate on `Ok`.
    pub fn tap(
        &mut self,
        medium: MediumToken,
        kind: TapKind,
        at: EventTime,
    ) -> Result<Envelope, TapError<J::Error>> {
        self.tap_clocked(medium, kind, at, DeviceClock::default())
    }

    /// [`Self::tap`], with evidence about the device's clock in the signed body.
    pub fn tap_clocked(
        &mut self,
        medium: MediumToken,
        kind: TapKind,
        at: EventTime,
        clock: DeviceClock,
    ) -> Result<Envelope, TapError<J::Error>> {
        let sequence = self.next_sequence().ok_or(TapError::NumbersUsedUp)?;
        let id = TapId { device: self.device, journal: self.journal, sequence };
        let body = encode_tap_clocked(&Tap { id, at, medium, kind }, clock);
        // What the house will read, read here first: a fare that would lie in quarantine is told to the rider now.
        parse_tap(BodyFormat::Proto, &body).map_err(TapError::Refused)?;
        let mac = self.key.sign(BodyFormat::Proto, &body).to_vec();
        let envelope = Envelope {
            device: self.device,
            key_version: self.key_version,
            format: BodyFormat::Proto,
            body,
            mac,
        };
        self.store.append(sequence, &envelope).map_err(TapError::Journal)?;
        Ok(envelope)
    }

    /// The oldest taps that are not posted, at most `max`, as the very bytes that were stored. Send them, and again
    /// after a silence.
    pub fn pending(&self, max: usize) -> Vec<Envelope> {
        self.store.unposted(None, max)
    }

    /// [`Self::pending`] from after a number, so that an old tap the house does not acknowledge holds up no other.
    pub fn pending_after(&self, sequence: Sequence, max: usize) -> Vec<Envelope> {
        self.store.unposted(Some(sequence), max)
    }

    /// The house says this tap is posted (or counted as a duplicate, or quarantined with a code that answers for it):
    /// it is forgotten. False when it is not one of ours or was forgotten before.
    pub fn posted(&mut self, tap: TapId) -> Result<bool, J::Error> {
        if tap.device != self.device || tap.journal != self.journal {
            return Ok(false);
        }
        self.store.mark_posted(tap.sequence)
    }

    /// Signs with another key from now on. What is stored keeps the signature it has.
    pub fn change_key(&mut self, key_version: u32, key: DeviceKey) {
        self.key_version = key_version;
        self.key = key;
    }

    /// Puts a medium on the deny list; false when the list is full.
    pub fn deny(&mut self, medium: MediumToken) -> bool {
        if self.denied.len() >= DENY_LIST_MAX && !self.denied.contains(&medium) {
            return false;
        }
        self.denied.insert(medium);
        true
    }

    /// Takes a medium off the deny list; false when it was not on it.
    pub fn forgive(&mut self, medium: &MediumToken) -> bool {
        self.denied.remove(medium)
    }

    /// True unless the medium is on the deny list. [`Self::tap`] does not ask: an exit gate lets a denied medium out,
    /// and that tap is a fact.
    pub fn allows(&self, medium: &MediumToken) -> bool {
        !self.denied.contains(medium)
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The number of the journal.
    pub fn journal(&self) -> JournalId {
        self.journal
    }

    /// The journal itself, as a device hands it over at a restart.
    pub fn into_store(self) -> J {
        self.store
    }

    fn next_sequence(&self) -> Option<Sequence> {
        match self.store.last_sequence() {
            None => Sequence::new(1),
            Some(last) => Sequence::new(last.number().checked_add(1)?),
        }
    }
}
