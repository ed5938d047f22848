//! A device that crashes at any moment, loses replies and hears them twice, beside a house that counts.
#![allow(clippy::unwrap_used)]

use primitives::{Direction, EventTime, JournalId, MediumToken, Sequence, TapId, TapKind, Text};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use validator::{Journal, TapError, Validator};
use wire::{DeviceKey, Envelope, MasterKey};

/// A flash memory: it outlives the validators that use it, and fails when told to.
#[derive(Clone, Default)]
struct Flash(Rc<RefCell<Cells>>);

#[derive(Default)]
struct Cells {
    /// Everything ever appended, in order.
    appended: Vec<(Sequence, Envelope)>,
    unposted: BTreeMap<Sequence, Envelope>,
    broken: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the flash does not answer")]
struct Broken;

impl Journal for Flash {
    type Error = Broken;

    fn last_sequence(&self) -> Option<Sequence> {
        self.0.borrow().appended.last().map(|(sequence, _)| *sequence)
    }

    fn append(&mut self, sequence: Sequence, envelope: &Envelope) -> Result<(), Broken> {
        let mut cells = self.0.borrow_mut();
        if cells.broken {
            return Err(Broken);
        }
        cells.appended.push((sequence, envelope.clone()));
        cells.unposted.insert(sequence, envelope.clone());
        Ok(())
    }

    fn mark_posted(&mut self, sequence: Sequence) -> Result<bool, Broken> {
        let mut cells = self.0.borrow_mut();
        if cells.broken {
            return Err(Broken);
        }
        Ok(cells.unposted.remove(&sequence).is_some())
    }

    fn next_unposted(&self, after: Option<Sequence>) -> Option<Sequence> {
        self.0.borrow().unposted.keys().copied().find(|sequence| after.is_none_or(|after| *sequence > after))
    }

    fn unposted(&self, after: Option<Sequence>, max: usize) -> Vec<Envelope> {
        let cells = self.0.borrow();
        let entries =
            cells.unposted.iter().filter(|(sequence, _)| after.is_none_or(|after| **sequence > after));
        entries.take(max).map(|(_, envelope)| envelope.clone()).collect()
    }
}

/// The house: one identity, one body.
#[derive(Default)]
struct House(BTreeMap<TapId, Vec<u8>>);

impl House {
    fn receive(&mut self, envelope: &Envelope) -> TapId {
        assert_eq!(key(envelope.key_version).verify(envelope), Ok(()));
        let id = envelope.tap().unwrap().id;
        let first = self.0.entry(id).or_insert_with(|| envelope.body.clone());
        assert_eq!(first, &envelope.body, "{id} came with another body");
        id
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A rider taps; the gate opens.
    Tap(u8),
    /// A rider taps and the device dies after storing, before the gate opens.
    TapAndDie(u8),
    /// A rider taps and the flash does not answer.
    TapOnBrokenFlash(u8),
    /// The device restarts.
    Restart,
    /// An upload of at most so many; the answer is lost.
    Upload(usize),
    /// The house says of one tap it has that it is posted, perhaps again.
    Posted(prop::sample::Index),
    /// The same, and the flash does not answer.
    PostedOnBrokenFlash(prop::sample::Index),
    /// The key is rotated.
    Rotate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<u8>().prop_map(Step::Tap),
        2 => any::<u8>().prop_map(Step::TapAndDie),
        1 => any::<u8>().prop_map(Step::TapOnBrokenFlash),
        2 => Just(Step::Restart),
        4 => (0_usize..6).prop_map(Step::Upload),
        6 => any::<prop::sample::Index>().prop_map(Step::Posted),
        1 => any::<prop::sample::Index>().prop_map(Step::PostedOnBrokenFlash),
        1 => Just(Step::Rotate),
    ];
    prop::collection::vec(step, 0..80)
}

fn key(version: u32) -> DeviceKey {
    let device = primitives::DeviceId::new(7).unwrap();
    DeviceKey::derive(&MasterKey::new([3; 32]), "test", device, version)
}

fn start(flash: &Flash, key_version: u32) -> Validator<Flash> {
    let (device, journal) = (primitives::DeviceId::new(7).unwrap(), JournalId::new(8).unwrap());
    Validator::new(device, journal, key_version, key(key_version), flash.clone())
}

fn tap(validator: &mut Validator<Flash>, rider: u8) -> Result<Envelope, TapError<Broken>> {
    let name = |text: &str| Text::new(text).unwrap();
    let kind = TapKind::Gate { direction: Direction::Entry, route: name("M1"), stop: name("S1") };
    let at = EventTime::from_unix_ms(1_772_323_200_000 + i64::from(rider)).unwrap();
    validator.tap(MediumToken::new([rider; 16]), kind, at)
}

/// What must hold at any moment, seen from outside.
fn check(flash: &Flash, validator: &Validator<Flash>, posted: &[TapId]) {
    let cells = flash.0.borrow();
    let numbers: Vec<u64> = cells.appended.iter().map(|(sequence, _)| sequence.number()).collect();
    assert_eq!(
        numbers,
        (1..=numbers.len() as u64).collect::<Vec<_>>(),
        "V-2: each number once, none left out"
    );
    let expect: Vec<Envelope> = cells
        .appended
        .iter()
        .filter(|(sequence, _)| posted.iter().all(|id| id.sequence != *sequence))
        .map(|(_, envelope)| envelope.clone())
        .collect();
    assert_eq!(validator.pending(usize::MAX), expect, "V-3: kept as the same bytes until posted");
}

struct World {
    flash: Flash,
    house: House,
    validator: Validator<Flash>,
    key_version: u32,
    posted: Vec<TapId>,
}

impl World {
    fn step(&mut self, step: Step) {
        match step {
            Step::Tap(rider) => {
                let envelope = tap(&mut self.validator, rider).unwrap();
                let stored = self.flash.0.borrow().appended.last().map(|(_, stored)| stored.clone());
                assert_eq!(stored, Some(envelope), "V-1: stored when it is handed out");
            }
            Step::TapAndDie(rider) => {
                drop(tap(&mut self.validator, rider));
                self.validator = start(&self.flash, self.key_version);
            }
            Step::TapOnBrokenFlash(rider) => {
                self.flash.0.borrow_mut().broken = true;
                assert!(matches!(tap(&mut self.validator, rider), Err(TapError::Journal(Broken))));
                self.flash.0.borrow_mut().broken = false;
            }
            Step::Restart => self.validator = start(&self.flash, self.key_version),
            Step::Upload(max) => self.validator.pending(max).iter().for_each(|envelope| {
                self.house.receive(envelope);
            }),
            Step::Posted(which) => {
                if let Some(id) = self.known(&which) {
                    assert_eq!(self.validator.posted(id).unwrap(), !self.posted.contains(&id));
                    self.posted.push(id);
                }
            }
            Step::PostedOnBrokenFlash(which) => {
                if let Some(id) = self.known(&which) {
                    self.flash.0.borrow_mut().broken = true;
                    assert!(self.validator.posted(id).is_err());
                    self.flash.0.borrow_mut().broken = false;
                }
            }
            Step::Rotate => {
                self.key_version += 1;
                self.validator.change_key(self.key_version, key(self.key_version));
            }
        }
        check(&self.flash, &self.validator, &self.posted);
    }

    fn known(&self, which: &prop::sample::Index) -> Option<TapId> {
        let ids: Vec<TapId> = self.house.0.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[which.index(ids.len())])
    }
}

proptest! {
    #[test]
    fn nothing_stored_is_lost_or_changed_whatever_happens(steps in steps()) {
        let flash = Flash::default();
        let validator = start(&flash, 1);
        let mut world =
            World { flash: flash.clone(), house: House::default(), validator, key_version: 1, posted: Vec::new() };
        for step in steps {
            world.step(step);
        }
        // In the end the network is back: everything goes up and is posted, and the house has each stored tap once.
        for envelope in world.validator.pending(usize::MAX) {
            let id = world.house.receive(&envelope);
            prop_assert!(world.validator.posted(id).unwrap());
        }
        prop_assert!(world.validator.pending(1).is_empty());
        let cells = flash.0.borrow();
        let bodies: Vec<&Vec<u8>> = cells.appended.iter().map(|(_, envelope)| &envelope.body).collect();
        prop_assert_eq!(world.house.0.values().collect::<Vec<_>>(), bodies);
    }
}
