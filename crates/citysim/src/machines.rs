//! The machines of the city: who owns them, and what each of them saw.

use crate::random::Random;
use crate::{Options, SimError};
use primitives::{
    Code, DeviceId, EventTime, JournalId, MediumToken, PartyNo, Sequence, Tap, TapId, TapKind, Text,
};
use std::collections::BTreeMap;
use validator::{MemoryJournal, Validator};
use wire::{BodyFormat, DeviceKey, Envelope, MasterKey};

/// A device as the house has to know it before the day begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSpec {
    /// The device.
    pub id: DeviceId,
    /// The party it is registered to.
    pub operator: PartyNo,
    /// The version of the key it signs with.
    pub key_version: u32,
    /// What it is, for people.
    pub label: String,
}

/// Where a machine stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Post {
    Bus {
        route: usize,
        vehicle: usize,
    },
    Gate {
        line: usize,
        station: Text,
        exit: bool,
    },
    /// Sells value for cash, at an operator's counter.
    Terminal {
        operator: PartyNo,
    },
    /// A bank's or wallet's own sender.
    Channel(PartyNo),
    School(PartyNo),
}

/// What a machine saw at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// The moment.
    pub(crate) at: EventTime,
    pub(crate) medium: MediumToken,
    pub(crate) kind: TapKind,
    pub(crate) truth: Truth,
}

/// What the house must make of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    Posted,
    Duplicate,
    Quarantined(Code),
}

/// One machine with what it saw.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) spec: DeviceSpec,
    pub(crate) post: Post,
    pub(crate) journal: JournalId,
    pub(crate) format: BodyFormat,
    pub(crate) sights: Vec<Sight>,
}

/// A tap that left a machine.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) tap: Tap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) truth: Truth,
}

/// Every machine of the city.
#[derive(Debug)]
pub(crate) struct Machines {
    pub(crate) all: Vec<Machine>,
    by_post: BTreeMap<Post, usize>,
    journals: Random,
    key_version: u32,
}

/// Device ids start here.
const FIRST_DEVICE: u64 = 10_001;
/// One bus in so many is fitted by a small maker without a protobuf library and sends the JSON twin.
const JSON_BUS: usize = 11;

impl Machines {
    /// No machines yet.
    pub(crate) fn new(options: &Options) -> Self {
        Machines {
            all: Vec::new(),
            by_post: BTreeMap::new(),
            journals: Random::new(options.seed, "journals"),
            key_version: options.key_version,
        }
    }

    /// The machine at a post, put there when it is first asked for.
    pub(crate) fn at(
        &mut self,
        post: Post,
        operator: PartyNo,
        label: impl FnOnce() -> String,
    ) -> Result<&mut Machine, SimError> {
        let next = self.all.len();
        let index = *self.by_post.entry(post.clone()).or_insert(next);
        if index == next {
            let format = match post {
                Post::Channel(_) | Post::School(_) => BodyFormat::Json,
                Post::Bus { vehicle, route } if (vehicle + route) % JSON_BUS == 0 => BodyFormat::Json,
                _ => BodyFormat::Proto,
            };
            let spec = DeviceSpec {
                id: id(DeviceId::new(FIRST_DEVICE + next as u64))?,
                operator,
                key_version: self.key_version,
                label: label(),
            };
            let journal = id(JournalId::new(self.journals.bits() >> 1))?;
            self.all.push(Machine { spec, post, journal, format, sights: Vec::new() });
        }
        self.all.get_mut(index).ok_or_else(|| SimError::Device("a machine was lost".to_owned()))
    }
}

impl Machine {
    /// Numbers and signs what the machine saw, in the order of its clock.
    pub(crate) fn sign(&mut self, keys: &Keys) -> Result<Vec<Signed>, SimError> {
        self.sights.sort_by_key(|sight| sight.at);
        let sights = std::mem::take(&mut self.sights);
        let room = MemoryJournal::with_room(sights.len());
        let mut device =
            Validator::new(self.spec.id, self.journal, self.spec.key_version, keys.of(&self.spec), room);
        let mut signed = Vec::with_capacity(sights.len());
        for (number, sight) in (1..).zip(sights) {
            let Sight { at, medium, kind, truth } = sight;
            let id =
                TapId { device: self.spec.id, journal: self.journal, sequence: id(Sequence::new(number))? };
            let tap = Tap { id, at, medium, kind };
            let bytes = match self.format {
                BodyFormat::Proto => {
                    let taken = device.tap(tap.medium, tap.kind.clone(), tap.at);
                    taken.map_err(|error| SimError::Device(error.to_string()))?.encode()
                }
                BodyFormat::Json => keys.seal(&self.spec, BodyFormat::Json, &tap)?,
            };
            signed.push(Signed { tap, bytes, truth });
        }
        Ok(signed)
    }
}

/// The keys of every device, as the key custodian of the city would have them.
#[derive(Debug)]
pub(crate) struct Keys {
    master: MasterKey,
    environment: String,
}

impl Keys {
    /// From the city's master key.
    pub(crate) fn new(options: &Options) -> Self {
        Keys { master: MasterKey::new(options.master_key), environment: options.environment.clone() }
    }

    /// A device's key.
    pub(crate) fn of(&self, device: &DeviceSpec) -> DeviceKey {
        DeviceKey::derive(&self.master, &self.environment, device.id, device.key_version)
    }

    /// A tap under this device's signature, whatever the tap says: as the bytes to send.
    pub(crate) fn seal(
        &self,
        device: &DeviceSpec,
        format: BodyFormat,
        tap: &Tap,
    ) -> Result<Vec<u8>, SimError> {
        let body = match format {
            BodyFormat::Proto => wire::encode_tap(tap),
            BodyFormat::Json => wire::encode_tap_json(tap).into_bytes(),
        };
        self.seal_body(device, format, body)
    }

    /// Any bytes under this device's signature.
    pub(crate) fn seal_body(
        &self,
        device: &DeviceSpec,
        format: BodyFormat,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, SimError> {
        let mac = self.of(device).sign(format, &body).to_vec();
        to_send(&Envelope { device: device.id, key_version: device.key_version, format, body, mac })
    }
}

/// An envelope as its sender writes it.
pub(crate) fn to_send(envelope: &Envelope) -> Result<Vec<u8>, SimError> {
    Ok(match envelope.format {
        BodyFormat::Proto => envelope.encode(),
        BodyFormat::Json => envelope.encode_json()?.into_bytes(),
    })
}

/// An identity that was counted up by the simulation itself.
pub(crate) fn id<T>(id: Option<T>) -> Result<T, SimError> {
    id.ok_or_else(|| SimError::Device("a number is too large to be an identity".to_owned()))
}
