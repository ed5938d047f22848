//! The relay: from the outbox to whoever listens. What the ledger has is told until it is taken, in order, at least once.
//!
//! Acquire partitions, read their oldest messages, publish them and wait for the log's answer, then in one transaction:
//! the lease is still ours, what was told is noted in the journals' marks and on the deny list, and the messages leave the
//! outbox. A crash anywhere before that commit tells the same messages again, under the same ids.

use crate::EngineError;
use crate::worker::pause;
use primitives::TapId;
use std::sync::Arc;
use std::time::Duration;
use store::outbox::{self, Message, Tenure, Topic};
use store::{Connection as _, Doing as _, PgPool, StoreError, denial, mark};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{error, warn};
use wire::{Denial, Event, EventLog, LogError, News, decode_told};

/// The topic that tells what became of taps and what they cost.
pub const POSTINGS_TOPIC: &str = "fare.postings.v1";
/// The topic that tells who is denied.
pub const DENY_LIST_TOPIC: &str = "fare.denylist.v1";

/// Most messages of one partition in one round.
const ROUND_MESSAGES_MAX: i64 = 64;
/// How long it rests when there is nothing to tell.
const REST: Duration = Duration::from_millis(50);
/// How long it waits after a fault.
const PAUSE: Duration = Duration::from_millis(500);

/// How a relay works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in the lease rows: unique among running relays.
    pub owner: String,
    /// How long a lease lasts without renewal, in milliseconds.
    pub lease_ms: i64,
}

impl Settings {
    /// The usual settings for a relay of this name.
    pub fn named(owner: impl Into<String>) -> Self {
        Settings { owner: owner.into(), lease_ms: 5_000 }
    }
}

/// A relay of one stream's news.
pub struct Relay<L> {
    /// The database.
    pub pool: PgPool,
    /// The stream whose outbox it empties.
    pub stream_id: i32,
    /// Where postings go: as many partitions as the stream has.
    pub postings: Arc<L>,
    /// Where changes of the deny list go: as many partitions as the stream has.
    pub deny_list: Arc<L>,
    /// How it works.
    pub settings: Settings,
}

impl<L: EventLog> Relay<L> {
    /// Works until `stop` turns true; then gives its partitions back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
        while !*stop.borrow() {
            if let Err(error) = self.hold(&mut stop).await {
                warn!(%error, "the relay starts again from its lease rows");
                pause(&mut stop, PAUSE).await;
            }
        }
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to stop relaying")?;
        Ok(outbox::release(&mut connection, self.stream_id, &self.settings.owner).await?)
    }

    /// One tenure: acquire, tell for a third of the lease. The next tenure takes what it had, under a new epoch, and what
    /// another relay has left.
    async fn hold(&self, stop: &mut watch::Receiver<bool>) -> Result<(), EngineError> {
        let until = Instant::now() + Duration::from_millis(self.settings.lease_ms.unsigned_abs() / 3);
        let tenures = self.acquire().await?;
        while !*stop.borrow() && Instant::now() < until {
            let messages = self.next(&tenures).await?;
            if messages.is_empty() {
                pause(stop, REST).await;
                continue;
            }
            self.publish(&messages).await?;
            if !self.note(&tenures, messages).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn acquire(&self) -> Result<Vec<Tenure>, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to take news")?;
        let Settings { owner, lease_ms } = &self.settings;
        Ok(outbox::acquire(&mut connection, self.stream_id, owner, *lease_ms).await?)
    }

    async fn next(&self, tenures: &[Tenure]) -> Result<Vec<Message>, EngineError> {
        if tenures.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to read news")?;
        Ok(outbox::next(&mut connection, tenures, ROUND_MESSAGES_MAX).await?)
    }

    /// Both topics take what is theirs, each partition in the order of its messages.
    async fn publish(&self, messages: &[Message]) -> Result<(), LogError> {
        for (topic, log) in [(Topic::Postings, &self.postings), (Topic::DenyList, &self.deny_list)] {
            let events: Vec<Event> = messages
                .iter()
                .filter(|message| message.topic == topic)
                .map(|message| Event {
                    partition: message.place.partition,
                    id: message.place.to_string(),
                    bytes: message.bytes.clone(),
                })
                .collect();
            if !events.is_empty() {
                log.publish(events).await?;
            }
        }
        Ok(())
    }

    /// Notes that messages were told. False when a lease was lost: whoever has it tells them again.
    async fn note(&self, tenures: &[Tenure], messages: Vec<Message>) -> Result<bool, EngineError> {
        // A unit of work nobody aborts (E-3).
        let (pool, settings, tenures) = (self.pool.clone(), self.settings.clone(), tenures.to_vec());
        let work = tokio::spawn(async move { note(&pool, &settings, &tenures, &messages).await });
        Ok(work.await??)
    }
}

async fn note(
    pool: &PgPool,
    settings: &Settings,
    tenures: &[Tenure],
    messages: &[Message],
) -> Result<bool, StoreError> {
    let mut connection = pool.acquire().await.doing("borrowing a connection to note what was told")?;
    let mut unit = connection.begin().await.doing("beginning to note what was told")?;
    if !outbox::hold(&mut unit, &settings.owner, tenures, settings.lease_ms).await? {
        return Ok(false);
    }
    let (taps, denials) = heard(messages);
    mark::add(&mut unit, &taps).await?;
    denial::apply(&mut unit, &denials).await?;
    let places: Vec<_> = messages.iter().map(|message| message.place).collect();
    outbox::take_out(&mut unit, &places).await?;
    unit.commit().await.doing("noting what was told")?;
    Ok(true)
}

/// The taps the house answers for from now on, and who is denied from now on or no longer, in order.
fn heard(messages: &[Message]) -> (Vec<TapId>, Vec<Denial>) {
    let (mut taps, mut denials) = (Vec::new(), Vec::new());
    for message in messages {
        match decode_told(&message.bytes) {
            Ok((_, News::Postings(journals))) => {
                taps.extend(journals.iter().flat_map(wire::JournalNews::taps));
            }
            Ok((_, News::Denials(changes))) => denials.extend(changes),
            // Only this program writes there; the devices keep their taps, and somebody looks.
            Err(refusal) => {
                error!(place = %message.place, %refusal, "a message of the outbox cannot be read")
            }
        }
    }
    (taps, denials)
}
