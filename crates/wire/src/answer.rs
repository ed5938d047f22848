//! What the house answers a device: which of its taps are posted, and whose media it must deny. Both are signed with keys
//! of their own, because a forged "posted" would make a device destroy fares.

use crate::key::{HouseKey, Purpose};
use crate::limits::MAC_BYTES;
use primitives::{Canonical, DeviceId, JournalId, MediumToken, Refusal, Sequence};

/// What the house has of one journal: "all up to N, and these above". Posted, refused for good, or kept in quarantine:
/// for each of them the house answers, and the device may forget it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Every number from 1 to this one; 0 when the first is missing.
    pub up_to: u64,
    /// Ranges above it, first and last number of each, rising.
    pub above: Vec<(u64, u64)>,
}

impl Acknowledgement {
    /// The house has this tap.
    pub fn covers(&self, sequence: Sequence) -> bool {
        let number = sequence.number();
        number <= self.up_to || self.above.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    /// The MAC to send with it.
    pub fn sign(&self, key: &HouseKey) -> [u8; MAC_BYTES] {
        key.sign(Purpose::Acknowledgement, &self.canonical())
    }

    /// That it comes from the house.
    pub fn verify(&self, key: &HouseKey, mac: &[u8]) -> Result<(), Refusal> {
        key.verify(Purpose::Acknowledgement, &self.canonical(), mac)
    }

    fn canonical(&self) -> Canonical {
        let mut bytes = Canonical::tagged("acknowledgement/v1");
        bytes.u64(self.device.number()).u64(self.journal.number()).u64(self.up_to);
        bytes.u64(self.above.len() as u64);
        for (first, last) in &self.above {
            bytes.u64(*first).u64(*last);
        }
        bytes
    }
}

/// How the deny list changed between two versions of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyDelta {
    /// For which device.
    pub device: DeviceId,
    /// The version the device has; 0 is an empty list.
    pub since: u64,
    /// The version it has afterwards.
    pub version: u64,
    /// Media to deny from now on.
    pub denied: Vec<MediumToken>,
    /// Media to allow again.
    pub allowed: Vec<MediumToken>,
}

impl DenyDelta {
    /// The MAC to send with it.
    pub fn sign(&self, key: &HouseKey) -> [u8; MAC_BYTES] {
        key.sign(Purpose::DenyList, &self.canonical())
    }

    /// That it comes from the house.
    pub fn verify(&self, key: &HouseKey, mac: &[u8]) -> Result<(), Refusal> {
        key.verify(Purpose::DenyList, &self.canonical(), mac)
    }

    fn canonical(&self) -> Canonical {
        let mut bytes = Canonical::tagged("deny-delta/v1");
        bytes.u64(self.device.number()).u64(self.since).u64(self.version);
        for media in [&self.denied, &self.allowed] {
            bytes.u64(media.len() as u64);
            for medium in media {
                bytes.bytes(medium.bytes());
            }
        }
        bytes
    }
}
