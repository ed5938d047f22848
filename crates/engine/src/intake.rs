//! Intake: bytes at the door → verified, resolved, in the log. Each tap gets one answer; what is refused is kept.

use crate::EngineError;
use crate::policy::KnownPolicies;
use crate::report::LogEnd;
use crate::resolve::{Devices, Known, Media};
use fares::Policies;
use primitives::{AcceptedTap, Code, EventTime, Minor, Record, Refusal, Tap, TapId};
use std::sync::Arc;
use store::intake::{DoorRow, Fate, OpenRow, ReceivedRow};
use store::{Doing as _, StoreError};
use store::{PgConnection, PgPool};
use wire::{
    BodyFormat, Envelope, EventLog, MasterKey, decode_record, encode_record, limits, partition_of,
    peek_tap_id,
};

/// How far a device's clock may run ahead of ours.
pub const AHEAD_SECONDS_MAX: i64 = 120;
/// How old a tap may be when it arrives: 30 days, as long as a device keeps unposted taps.
pub const AGE_SECONDS_MAX: i64 = 30 * 86_400;

/// What the gateway's clock says. A function, because a simulation brings its own.
pub type Clock = Arc<dyn Fn() -> EventTime + Send + Sync>;

/// What intake needs to know.
pub struct Settings {
    /// Name of this installation, part of every device key.
    pub environment: String,
    /// The secret device keys are derived from.
    pub master: MasterKey,
    /// The time.
    pub clock: Clock,
}

/// What became of a tap at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is durable in the log.
    Received,
    /// It was set aside with its raw bytes.
    Quarantined(Refusal),
}

/// The answer to one tap of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its identity, where that could be read.
    pub tap: Option<TapId>,
    /// The tap was proven to come from the device it names: the house answers for it, whatever became of it.
    pub proven: bool,
    /// What became of it.
    pub answer: Answer,
}

/// The door.
pub struct Intake<L> {
    pub(crate) pool: PgPool,
    pub(crate) log: Arc<L>,
    pub(crate) partitions: u32,
    pub(crate) policies: KnownPolicies,
    pub(crate) devices: Devices,
    pub(crate) clock: Clock,
    pub(crate) refund_alone_max: Minor,
}

/// A tap that passed, or why not; with the raw bytes it came as.
struct Checked {
    raw: Vec<u8>,
    tap: Option<TapId>,
    proven: bool,
    result: Result<Passed, Refusal>,
}

struct Passed {
    envelope: Envelope,
    tap: Tap,
    device: Arc<Known>,
}

impl<L: EventLog> Intake<L> {
    /// A door to this log.
    pub async fn open(
        pool: PgPool,
        log: Arc<L>,
        policies: Arc<Policies>,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        let identity = log.identity().await?;
        let (partitions, policies) = (identity.partitions, KnownPolicies::new(identity, policies));
        let Settings { environment, master, clock } = settings;
        let (devices, refund_alone_max) =
            (Devices::new(environment, master), crate::command::REFUND_ALONE_MAX);
        Ok(Intake { pool, log, partitions, policies, devices, clock, refund_alone_max })
    }

    /// The door where one person alone may give back a fare up to this amount; above it two are needed.
    pub fn with_refund_alone_max(self, amount: Minor) -> Self {
        Intake { refund_alone_max: amount, ..self }
    }

    /// Takes a batch. Answers are in the order of the argument; an error means that the senders must send again.
    pub async fn receive(
        self: &Arc<Self>,
        batch: Vec<(BodyFormat, Vec<u8>)>,
    ) -> Result<Vec<Receipt>, EngineError> {
        // A unit of work nobody aborts: a sender that hangs up must not leave a transaction half-way (E-3).
        let intake = Arc::clone(self);
        tokio::spawn(async move { intake.take(batch).await }).await?
    }

    async fn take(&self, batch: Vec<(BodyFormat, Vec<u8>)>) -> Result<Vec<Receipt>, EngineError> {
        let now = (self.clock)();
        let mut connection = self.pool.acquire().await.doing("borrowing a connection for intake")?;
        self.policies.look(&mut connection).await;
        let opened: Vec<_> = batch.into_iter().map(|(format, raw)| (open(format, &raw), raw)).collect();
        let senders =
            opened.iter().filter_map(|(envelope, _)| envelope.as_ref().ok().map(|envelope| envelope.device));
        self.devices.learn(&mut connection, senders.collect::<Vec<_>>()).await?;
        let checked: Vec<Checked> =
            opened.into_iter().map(|(envelope, raw)| self.check(envelope, raw, now)).collect();
        let tokens =
            checked.iter().filter_map(|checked| checked.result.as_ref().ok().map(|passed| passed.tap.medium));
        let media = Media::load(&mut connection, tokens.collect()).await?;
        // The log is slow compared with the database: nothing is held while waiting for it.
        drop(connection);

        let mut receipts = Vec::with_capacity(checked.len());
        let mut records = Vec::with_capacity(checked.len());
        let mut taps = Vec::with_capacity(checked.len());
        let mut aside = Vec::new();
        let mut kept = Vec::new();
        for Checked { raw, tap, proven, result } in checked {
            match result.and_then(|passed| self.record(&media, passed, now)) {
                Ok((partition, bytes, tap)) => {
                    records.push((partition, bytes));
                    taps.push((partition, tap));
                    receipts.push(Receipt { tap: Some(tap), proven, answer: Answer::Received });
                }
                Err(refusal) => {
                    kept.extend(tap.filter(|_| proven));
                    receipts.push(Receipt { tap, proven, answer: Answer::Quarantined(refusal.clone()) });
                    aside.push(DoorRow { tap, refusal, raw });
                }
            }
        }
        let offsets = if records.is_empty() { Vec::new() } else { self.log.append(records).await? };
        let received: Vec<ReceivedRow> = taps
            .into_iter()
            .zip(offsets)
            .map(|((partition, tap), offset)| ReceivedRow { tap, partition, offset })
            .collect();
        self.remember(&received, &aside, &kept).await?;
        Ok(receipts)
    }

    /// `kept` are the taps of proven senders that lie in quarantine from now on: the devices may forget them.
    async fn remember(
        &self,
        received: &[ReceivedRow],
        aside: &[DoorRow],
        kept: &[TapId],
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.doing("beginning to remember a batch")?;
        if !received.is_empty() {
            store::intake::put_received(&mut transaction, received).await?;
        }
        if !aside.is_empty() {
            store::intake::put_door(&mut transaction, aside).await?;
        }
        store::mark::add(&mut transaction, kept).await?;
        transaction.commit().await.doing("remembering a batch")
    }

    fn check(&self, envelope: Result<Envelope, Refusal>, raw: Vec<u8>, now: EventTime) -> Checked {
        let claimed =
            envelope.as_ref().ok().and_then(|envelope| peek_tap_id(envelope.format, &envelope.body));
        let own = |envelope: &Envelope| claimed.is_some_and(|tap| tap.device == envelope.device);
        let (proven, result) = match envelope {
            Err(refusal) => (false, Err(refusal)),
            // Authenticates before it parses.
            Ok(envelope) => match self.signer(&envelope) {
                Err(refusal) => (false, Err(refusal)),
                Ok(device) => (own(&envelope), self.admit(envelope, device, now)),
            },
        };
        Checked { raw, tap: claimed, proven, result }
    }

    /// The device that signed.
    fn signer(&self, envelope: &Envelope) -> Result<Arc<Known>, Refusal> {
        let device = self.devices.signer(envelope.device, envelope.key_version)?;
        device.key.verify(envelope)?;
        Ok(device)
    }

    /// The body must be the signer's own, and of a possible time.
    fn admit(&self, envelope: Envelope, device: Arc<Known>, now: EventTime) -> Result<Passed, Refusal> {
        let tap = envelope.tap()?;
        let age = now.seconds_since(tap.at);
        if age < -AHEAD_SECONDS_MAX {
            return Err(Refusal::new(Code::ClockFuture, format!("{} s ahead of the gateway", -age)));
        }
        if age > AGE_SECONDS_MAX {
            return Err(Refusal::new(Code::ClockOld, format!("{age} s old")));
        }
        Ok(Passed { envelope, tap, device })
    }

    fn record(
        &self,
        media: &Media,
        passed: Passed,
        now: EventTime,
    ) -> Result<(u32, Vec<u8>, TapId), Refusal> {
        let Passed { envelope, tap, device } = passed;
        let resolved = media.resolve(&tap.medium)?;
        let rider = self.rider_of(media, resolved.account, tap.at)?;
        let id = tap.id;
        let partition = partition_of(resolved.account, self.partitions);
        let accepted = AcceptedTap {
            body_digest: envelope.body_digest(),
            account: resolved.account,
            rider,
            fare_medium: resolved.fare_medium.clone(),
            tender: resolved.tender,
            operator: device.operator,
            received_at: now,
            tap,
        };
        let bytes = encode_record(&Record::Tap(Box::new(accepted)), &envelope.encode());
        Ok((partition, bytes, id))
    }

    /// Where the log ends now: what lies between there and the ledger's positions waits for the worker.
    pub async fn log_ends(&self) -> Result<Vec<LogEnd>, EngineError> {
        crate::report::log_ends(self.log.as_ref()).await
    }

    /// What became of a tap.
    pub async fn fate(&self, tap: TapId) -> Result<Option<Fate>, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to look up a tap")?;
        Ok(store::intake::fate(&mut connection, tap).await?)
    }
}

fn open(format: BodyFormat, raw: &[u8]) -> Result<Envelope, Refusal> {
    if raw.len() > limits::ENVELOPE_BYTES_MAX {
        let detail = format!("{} bytes; at most {}", raw.len(), limits::ENVELOPE_BYTES_MAX);
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    match format {
        BodyFormat::Proto => Envelope::decode(raw),
        BodyFormat::Json => Envelope::decode_json(raw),
    }
}

/// What came of trying set-aside taps again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    /// How many were tried.
    pub tried: usize,
    /// How many are in the log now; the others stay where they were.
    pub received: usize,
}

/// Most taps that one retry takes up.
pub const RETRY_MAX: i64 = 1_000;

impl<L: EventLog> Intake<L> {
    /// Tries taps again that were set aside with this code, as when a card was enrolled or a stop added meanwhile. What is
    /// taken now is marked as retried by `person`; what is refused again stays as it is, and is not kept twice.
    pub async fn retry_quarantined(
        self: &Arc<Self>,
        code: Code,
        person: &str,
    ) -> Result<Retried, EngineError> {
        let intake = Arc::clone(self);
        let person = person.to_owned();
        tokio::spawn(async move { intake.retry(code, &person).await }).await?
    }

    async fn retry(&self, code: Code, person: &str) -> Result<Retried, EngineError> {
        let now = (self.clock)();
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to retry taps")?;
        let aside = store::intake::open_rows(&mut connection, code, RETRY_MAX).await?;
        let mut retried = Retried { tried: aside.len(), received: 0 };
        for OpenRow { quarantine_id, from_log, raw } in aside {
            let again = match from_log {
                true => self.record_again(raw),
                false => self.door_again(&mut connection, raw, now).await?,
            };
            let Some((partition, bytes, tap)) = again else { continue };
            // Appended before it is marked: a crash between the two makes a duplicate, never a loss.
            for offset in self.log.append(vec![(partition, bytes)]).await? {
                store::intake::put_received(&mut connection, &[ReceivedRow { tap, partition, offset }])
                    .await?;
            }
            store::intake::mark_retried(&mut connection, quarantine_id, person).await?;
            retried.received += 1;
        }
        Ok(retried)
    }

    /// What was set aside at the door goes through the whole door again.
    async fn door_again(
        &self,
        connection: &mut PgConnection,
        raw: Vec<u8>,
        now: EventTime,
    ) -> Result<Option<(u32, Vec<u8>, TapId)>, EngineError> {
        // JSON envelopes begin with a brace, which no protobuf envelope does.
        let format = if raw.first() == Some(&b'{') { BodyFormat::Json } else { BodyFormat::Proto };
        let envelope = open(format, &raw);
        let sender = envelope.as_ref().ok().map(|envelope| envelope.device);
        self.devices.learn(connection, sender).await?;
        let passed = envelope.and_then(|envelope| {
            let device = self.signer(&envelope)?;
            self.admit(envelope, device, now)
        });
        let Ok(passed) = passed else { return Ok(None) };
        let media = Media::load(connection, vec![passed.tap.medium]).await?;
        Ok(self.record(&media, passed, now).ok())
    }

    /// What the core set aside is appended again as it is: its sender was proven and its account resolved.
    fn record_again(&self, raw: Vec<u8>) -> Option<(u32, Vec<u8>, TapId)> {
        match decode_record(&raw) {
            Ok(Record::Tap(tap)) => Some((partition_of(tap.account, self.partitions), raw, tap.tap.id)),
            Ok(Record::Day(_) | Record::Policy(_) | Record::Command(_)) | Err(_) => None,
        }
    }
}
