//! What the gateway answers the devices beside their receipts: which taps they may forget, and whom to deny. Signed, so
//! that nobody else can make a device destroy fares or shut out a rider.

use crate::EngineError;
use crate::intake::{Intake, Receipt};
use primitives::{DeviceId, JournalId};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Doing as _;
use wire::limits::MAC_BYTES;
use wire::{Acknowledgement, DenyDelta, EventLog};

/// An answer and its MAC under the house's key for that device and purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    /// What is answered.
    pub answer: T,
    /// Its MAC.
    pub mac: [u8; MAC_BYTES],
}

impl<L: EventLog> Intake<L> {
    /// What the house has of the journals these receipts are about: "all up to N, and these above". Journals whose sender
    /// was not proven in this batch get no answer.
    pub async fn acknowledge(
        self: &Arc<Self>,
        receipts: &[Receipt],
    ) -> Result<Vec<Signed<Acknowledgement>>, EngineError> {
        let proven = receipts.iter().filter(|receipt| receipt.proven).filter_map(|receipt| receipt.tap);
        let journals: BTreeSet<(DeviceId, JournalId)> = proven.map(|tap| (tap.device, tap.journal)).collect();
        if journals.is_empty() {
            return Ok(Vec::new());
        }
        let journals: Vec<_> = journals.into_iter().collect();
        // A unit of work nobody aborts (E-3).
        let pool = self.pool.clone();
        let known = tokio::spawn(async move {
            let mut connection = pool.acquire().await.doing("borrowing a connection to acknowledge")?;
            store::mark::acknowledge(&mut connection, &journals).await
        });
        let sign = |answer: Acknowledgement| {
            let mac = answer.sign(&self.devices.house_key(answer.device)?);
            Some(Signed { answer, mac })
        };
        Ok(known.await??.into_iter().filter_map(sign).collect())
    }

    /// What changed on the deny list since a version, for the device that handed in this batch. A batch of several devices,
    /// or of none that was proven, gets no answer.
    pub async fn deny_list(
        self: &Arc<Self>,
        receipts: &[Receipt],
        since: u64,
    ) -> Result<Option<Signed<DenyDelta>>, EngineError> {
        let proven = receipts.iter().filter(|receipt| receipt.proven).filter_map(|receipt| receipt.tap);
        let devices: BTreeSet<DeviceId> = proven.map(|tap| tap.device).collect();
        let (Some(device), 1) = (devices.first().copied(), devices.len()) else { return Ok(None) };
        let pool = self.pool.clone();
        let delta = tokio::spawn(async move {
            let mut connection =
                pool.acquire().await.doing("borrowing a connection to read the deny list")?;
            store::denial::since(&mut connection, device, since).await
        });
        let answer = delta.await??;
        Ok(self.devices.house_key(device).map(|key| Signed { mac: answer.sign(&key), answer }))
    }
}
