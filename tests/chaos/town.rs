//! Who taps: devices of minitown with their own cards, which send until they are answered.

use crate::history::{History, Tap, key};
use crate::random::Random;
use anyhow::{Context as _, Result};
use engine::intake::{Answer, Intake};
use engine::registry::{Device as Enrolled, DeviceState, Enrolment, Medium};
use primitives::{
    AccountId, Currency, DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, Money, PartyNo,
    TapKind, Tender, Text,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use stream::KafkaLog;
use tokio::sync::watch;
use validator::{MemoryJournal, Validator};
use wire::{BodyFormat, DeviceKey, MasterKey};

pub const ENVIRONMENT: &str = "chaos";
pub const MASTER: [u8; 32] = [9; 32];
/// Devices of the bus operator; each has cards of its own.
pub const DEVICES: u64 = 6;
/// Cards a device serves, and taps of one of its rounds.
pub const CARDS: u64 = 30;
/// How many records may wait in the log before devices rest.
const BEHIND_MAX: i64 = 3_000;
/// 2026-03-02 06:00 in the city.
const START_MS: i64 = 1_772_406_000_000;
/// Rounds are an hour apart, and the door's clock stands a month later, so this is how many it takes.
const ROUNDS_MAX: i64 = 690;

pub fn text(text: impl Into<String>) -> Result<Text> {
    Text::new(&text.into()).context("a text")
}

pub fn at(minute: i64) -> EventTime {
    EventTime::from_unix_ms(START_MS + minute * 60_000).expect("a time of this century")
}

/// The door's clock: every tap of a run is younger than a month and not from the future.
pub fn door_clock() -> EventTime {
    at(ROUNDS_MAX * 60 + 60)
}

pub fn device_id(number: u64) -> DeviceId {
    DeviceId::new(number).expect("small")
}

pub fn medium(device: u64, card: u64) -> MediumToken {
    let mut token = [0; 16];
    token[..8].copy_from_slice(&(device * 1_000 + card).to_be_bytes());
    MediumToken::new(token)
}

pub fn device_key(device: u64) -> DeviceKey {
    DeviceKey::derive(&MasterKey::new(MASTER), ENVIRONMENT, device_id(device), 1)
}

/// Everybody and everything that taps in a run. Odd devices are buses, even ones gates of the metro.
pub fn enrolment() -> Result<Enrolment> {
    let mut enrolment = Enrolment::default();
    for device in 1..=DEVICES {
        enrolment.devices.push(Enrolled {
            id: device_id(device),
            operator: PartyNo(if device % 2 == 1 { 1 } else { 2 }),
            key_version: 1,
            state: DeviceState::Active,
            label: format!("device {device}"),
        });
        for card in 0..CARDS {
            enrolment.media.push(Medium {
                token: medium(device, card),
                account: AccountId::new(device * 1_000 + card).context("an account")?,
                fare_medium: text("card")?,
                tender: Tender::Prepaid,
            });
        }
    }
    Ok(enrolment)
}

/// A device with what it keeps: every envelope it ever made, because it keeps a tap until it is posted.
pub struct Device {
    number: u64,
    validator: Validator<MemoryJournal>,
    round: i64,
    pub kept: Vec<(Tap, Vec<u8>)>,
}

/// The door a device sends to.
pub type Door = Arc<Intake<KafkaLog>>;

impl Device {
    pub fn new(number: u64) -> Result<Self> {
        let journal = JournalId::new(1).context("a journal")?;
        let store = MemoryJournal::with_room(1_000_000);
        let validator = Validator::new(device_id(number), journal, 1, device_key(number), store);
        Ok(Device { number, validator, round: 0, kept: Vec::new() })
    }

    /// One tap of every card (two at the metro: in and out), an hour after the last; every eighth round pays money in.
    pub fn round(&mut self) -> Result<Vec<(Tap, Vec<u8>)>> {
        anyhow::ensure!(self.round < ROUNDS_MAX, "device {} has used up its month", self.number);
        let mut made = Vec::new();
        for card in 0..CARDS {
            let minute = self.round * 60 + i64::try_from(card % 20)?;
            let kinds: Vec<(TapKind, i64)> = if self.round % 8 == 7 && self.number % 2 == 1 {
                let reference = text(format!("P{}X{}X{card}", self.number, self.round))?;
                let value = Money::new(Minor::new(50_000), Currency::VND);
                vec![(TapKind::TopUp { channel: text("bank_app")?, reference, value }, minute)]
            } else if self.number % 2 == 1 {
                vec![(
                    TapKind::Boarding { route: text("B1")?, stop: Some(text("H1")?), trip: None, qr: false },
                    minute,
                )]
            } else {
                let gate = |direction, stop: &str| -> Result<TapKind> {
                    Ok(TapKind::Gate { direction, route: text("L1")?, stop: text(stop)? })
                };
                vec![(gate(Direction::Entry, "S2")?, minute), (gate(Direction::Exit, "S3")?, minute + 12)]
            };
            for (kind, minute) in kinds {
                let envelope = self.validator.tap(medium(self.number, card), kind, at(minute));
                let envelope =
                    envelope.map_err(|error| anyhow::anyhow!("a device takes no tap: {error:?}"))?;
                let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
                made.push((key(tap.id), envelope.encode()));
            }
        }
        self.round += 1;
        self.kept.extend(made.iter().cloned());
        Ok(made)
    }
}

/// Sends a batch until it is answered. What the door acknowledged is in the history; a valid tap it set aside is a fault
/// of the house.
pub async fn deliver(door: &Door, history: &History, batch: &[(Tap, Vec<u8>)]) -> Result<()> {
    let taps: Vec<Tap> = batch.iter().map(|(tap, _)| *tap).collect();
    loop {
        history.sent(&taps)?;
        let bytes = batch.iter().map(|(_, raw)| (BodyFormat::Proto, raw.clone())).collect();
        match door.receive(bytes).await {
            Ok(receipts) => {
                for receipt in &receipts {
                    anyhow::ensure!(
                        receipt.answer == Answer::Received,
                        "a valid tap was set aside: {receipt:?}"
                    );
                }
                return history.acknowledged(&taps);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// A device at work: a round about every `pause`, now and then an old batch once more, until it is told to stop. When its
/// month is used up there are only old batches.
pub async fn work(
    mut device: Device,
    door: Door,
    history: Arc<History>,
    pause: Duration,
    mut random: Random,
    mut stop: watch::Receiver<bool>,
    behind: Arc<AtomicI64>,
) -> Result<Device> {
    while !*stop.borrow() {
        if behind.load(Ordering::Relaxed) > BEHIND_MAX {
            // A slow machine gets fewer taps, not an ever longer queue: the tests are about faults, not about load.
            let _ = tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await;
            continue;
        }
        let spent = device.round >= ROUNDS_MAX;
        if !spent {
            let batch = device.round()?;
            deliver(&door, &history, &batch).await?;
        }
        if spent || random.below(6) == 0 {
            // A device that did not hear an answer sends again, sometimes much later.
            let from = usize::try_from(random.below(device.kept.len() as u64))?;
            let until = device.kept.len().min(from + 25);
            deliver(&door, &history, &device.kept[from..until]).await?;
        }
        let _ = tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await;
    }
    Ok(device)
}
