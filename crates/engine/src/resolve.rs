//! The gateway's memory of devices and their keys, and the resolution of media to accounts.

use crate::EngineError;
use primitives::{AccountId, Code, DeviceId, EventTime, MediumToken, PartyNo, Refusal, Text};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::PgConnection;
use store::registry::{self, DeviceState, Entitlement, Resolved};
use wire::{DeviceKey, HouseKey, MasterKey};

/// A device whose key was derived.
pub(crate) struct Known {
    pub operator: PartyNo,
    pub key_version: u32,
    pub state: DeviceState,
    pub key: DeviceKey,
}

/// Devices by id, read from the registry when an unknown one appears.
pub(crate) struct Devices {
    environment: String,
    master: MasterKey,
    known: Mutex<BTreeMap<DeviceId, Arc<Known>>>,
}

impl Devices {
    pub(crate) fn new(environment: String, master: MasterKey) -> Self {
        Devices { environment, master, known: Mutex::new(BTreeMap::new()) }
    }

    /// Reads the registry again when any of `wanted` is not known yet.
    pub(crate) async fn learn(
        &self,
        connection: &mut PgConnection,
        wanted: impl IntoIterator<Item = DeviceId>,
    ) -> Result<(), EngineError> {
        let missing = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.into_iter().any(|device| !known.contains_key(&device))
        };
        if !missing {
            return Ok(());
        }
        let registered = registry::devices(connection).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for device in registered {
            let current = known.get(&device.id).is_some_and(|known| {
                (known.key_version, known.state, known.operator)
                    == (device.key_version, device.state, device.operator)
            });
            if !current {
                let key = DeviceKey::derive(&self.master, &self.environment, device.id, device.key_version);
                let entry = Known {
                    operator: device.operator,
                    key_version: device.key_version,
                    state: device.state,
                    key,
                };
                known.insert(device.id, Arc::new(entry));
            }
        }
        Ok(())
    }

    /// The keys the house signs its answers to a device with; none when the device is not known.
    pub(crate) fn house_key(&self, device: DeviceId) -> Option<HouseKey> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let version = known.get(&device)?.key_version;
        Some(HouseKey::derive(&self.master, &self.environment, device, version))
    }

    /// The device that may have signed with this key version.
    pub(crate) fn signer(&self, device: DeviceId, key_version: u32) -> Result<Arc<Known>, Refusal> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known
            .get(&device)
            .ok_or_else(|| Refusal::new(Code::DeviceUnknown, format!("no device {device}")))?;
        match known.state {
            DeviceState::Revoked => {
                Err(Refusal::new(Code::KeyRevoked, format!("device {device} is revoked")))
            }
            DeviceState::Active | DeviceState::Retired if known.key_version != key_version => {
                let detail =
                    format!("device {device} has key version {}, not {key_version}", known.key_version);
                Err(Refusal::new(Code::KeyUnknown, detail))
            }
            DeviceState::Active | DeviceState::Retired => Ok(Arc::clone(known)),
        }
    }
}

/// The accounts of a batch's media and their rider categories, read in two queries.
pub(crate) struct Media {
    media: BTreeMap<MediumToken, Resolved>,
    riders: BTreeMap<AccountId, Vec<Entitlement>>,
}

impl Media {
    pub(crate) async fn load(
        connection: &mut PgConnection,
        mut tokens: Vec<MediumToken>,
    ) -> Result<Self, EngineError> {
        tokens.sort_unstable();
        tokens.dedup();
        let media = registry::resolve(connection, &tokens).await?;
        let mut accounts: Vec<AccountId> = media.values().map(|resolved| resolved.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut riders: BTreeMap<AccountId, Vec<Entitlement>> = BTreeMap::new();
        for entitlement in registry::riders(connection, &accounts).await? {
            riders.entry(entitlement.account).or_default().push(entitlement);
        }
        Ok(Media { media, riders })
    }

    pub(crate) fn resolve(&self, token: &MediumToken) -> Result<&Resolved, Refusal> {
        self.media
            .get(token)
            .ok_or_else(|| Refusal::new(Code::MediumUnknown, "the medium is not enrolled (retry when it is)"))
    }

    /// The category in force at a moment: of several, the one that began last.
    pub(crate) fn rider(&self, account: AccountId, at: EventTime) -> Option<&Text> {
        let held = self.riders.get(&account)?;
        held.iter().rev().find(|held| held.from <= at && at < held.until).map(|held| &held.category)
    }
}
