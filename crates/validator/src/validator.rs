//! One validator: its identity, its key, its journal, its deny list.

use crate::journal::Journal;
use primitives::{DeviceId, EventTime, JournalId, MediumToken, Refusal, Sequence, Tap, TapId, TapKind};
use std::collections::BTreeSet;
use wire::{
    Acknowledgement, BodyFormat, DenyDelta, DeviceClock, DeviceKey, Envelope, HouseKey, encode_tap_clocked,
    parse_tap,
};

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

/// Why an answer of the house was not obeyed. Nothing was changed, unless the journal itself failed.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError<E: std::error::Error + 'static> {
    /// The validator was given no keys of the house, or the answer's MAC is wrong.
    #[error("the answer is not proven to be the house's")]
    NotProven,
    /// It is for another device or journal, or does not follow the version at hand.
    #[error("the answer is not for this state of this device")]
    NotOurs,
    /// More media than the deny list holds.
    #[error("the deny list would hold more than {DENY_LIST_MAX} media")]
    TooMany,
    /// The journal could not be changed.
    #[error("the journal could not forget")]
    Journal(#[source] E),
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
    deny_version: u64,
    house: Option<HouseKey>,
}

impl<J: Journal> Validator<J> {
    /// A validator on a journal, new or found again after a restart. `journal` is the number this journal got, at
    /// random, when it was new.
    pub fn new(device: DeviceId, journal: JournalId, key_version: u32, key: DeviceKey, store: J) -> Self {
        Validator {
            device,
            journal,
            key_version,
            key,
            store,
            denied: BTreeSet::new(),
            deny_version: 0,
            house: None,
        }
    }

    /// Gives it the keys the house signs its answers with, from the same place as its own. Without them no answer is
    /// obeyed.
    #[must_use]
    pub fn trusting(mut self, house: HouseKey) -> Self {
        self.house = Some(house);
        self
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

    /// The house says what it has of this journal: every tap it answers for is forgotten. Answers how many were. An old
    /// answer is true as well and changes nothing; one that is not proven or for another journal is not obeyed.
    pub fn acknowledged(
        &mut self,
        answer: &Acknowledgement,
        mac: &[u8],
    ) -> Result<usize, AnswerError<J::Error>> {
        let proven = self.house.as_ref().is_some_and(|house| answer.verify(house, mac).is_ok());
        if !proven {
            return Err(AnswerError::NotProven);
        }
        if (answer.device, answer.journal) != (self.device, self.journal) {
            return Err(AnswerError::NotOurs);
        }
        let mut forgotten = 0_usize;
        let mut after = None;
        while let Some(sequence) = self.store.next_unposted(after) {
            if answer.covers(sequence) && self.store.mark_posted(sequence).map_err(AnswerError::Journal)? {
                forgotten = forgotten.saturating_add(1);
            }
            after = Some(sequence);
        }
        Ok(forgotten)
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

    /// Brings the deny list to the version the house says. Version 0 is the empty list.
    pub fn deny_list_changed(&mut self, answer: &DenyDelta, mac: &[u8]) -> Result<(), AnswerError<J::Error>> {
        let proven = self.house.as_ref().is_some_and(|house| answer.verify(house, mac).is_ok());
        if !proven {
            return Err(AnswerError::NotProven);
        }
        if answer.device != self.device || answer.since != self.deny_version || answer.version < answer.since
        {
            return Err(AnswerError::NotOurs);
        }
        let mut denied = self.denied.clone();
        for medium in &answer.allowed {
            denied.remove(medium);
        }
        denied.extend(&answer.denied);
        if denied.len() > DENY_LIST_MAX {
            return Err(AnswerError::TooMany);
        }
        self.denied = denied;
        self.deny_version = answer.version;
        Ok(())
    }

    /// Begins the deny list again at version 0, when the house says that it does not have the version at hand.
    pub fn forget_deny_list(&mut self) {
        self.denied.clear();
        self.deny_version = 0;
    }

    /// The version of the deny list at hand: what to ask the house for is what changed since.
    pub fn deny_version(&self) -> u64 {
        self.deny_version
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
