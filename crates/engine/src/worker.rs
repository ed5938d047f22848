//! The worker: from the log into the ledger. Load → decide → save, position and effects in one transaction.
//!
//! The protocol is in docs/architecture.md. In short: hold partitions by a lease row; read from the row's position;
//! judge a batch in one pure call; commit everything with a compare-and-set on the row. Whatever is in doubt, forget
//! what is in memory and read the row again: the row says what happened.

use crate::EngineError;
use crate::line::{Line, Outcome};
use crate::policy::Changeovers;
use crate::post::Desk;
use fares::Policies;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::Doing as _;
use store::PgPool;
use store::lease::{self, Held};
use tokio::sync::watch;
use tracing::{error, info, warn};
use wire::{EventLog, LogError, LogReader as _};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in the lease rows: unique among running workers.
    pub owner: String,
    /// How long a lease lasts without renewal, in milliseconds.
    pub lease_ms: i64,
    /// Most partitions it takes.
    pub share: i64,
    /// Most records of a batch.
    pub batch_max: usize,
    /// How long it waits for a batch to begin.
    pub wait: Duration,
    /// How much it remembers of account states between batches, in bytes, about.
    pub memory_bytes: usize,
}

/// Records of a batch unless told otherwise. While a worker catches up, the more of them there are the fewer pages of the
/// indexes and of the account states each one touches: 50,000 cost a fifth less of the database's time than 20,000.
pub const BATCH_MAX: usize = 50_000;

impl Settings {
    /// The usual settings for a worker of this name.
    pub fn named(owner: impl Into<String>) -> Self {
        Settings {
            owner: owner.into(),
            lease_ms: 5_000,
            share: i64::from(i32::MAX),
            batch_max: BATCH_MAX,
            wait: Duration::from_millis(50),
            memory_bytes: 256 << 20,
        }
    }
}

/// Where the time of a worker goes, in microseconds, and how much it did. For benches and live views.
#[derive(Debug, Default)]
pub struct Stats {
    /// Batches committed.
    pub batches: AtomicU64,
    /// Records committed.
    pub records: AtomicU64,
    /// Decoding records.
    pub decode_us: AtomicU64,
    /// Reading what a batch needs.
    pub load_us: AtomicU64,
    /// Judging.
    pub decide_us: AtomicU64,
    /// Writing and committing.
    pub save_us: AtomicU64,
    /// Waiting for the log.
    pub wait_us: AtomicU64,
}

impl Stats {
    pub(crate) fn add(counter: &AtomicU64, since: Instant) {
        counter.fetch_add(since.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}

/// A worker on one log.
pub struct Worker<L> {
    /// The database.
    pub pool: PgPool,
    /// The log.
    pub log: Arc<L>,
    /// Its stream number.
    pub stream_id: i32,
    /// How many partitions the log has.
    pub partitions: u32,
    /// The policies the books open with; once they are open, the log says what is in force.
    pub policies: Arc<Policies>,
    /// How it works.
    pub settings: Settings,
    /// What it did.
    pub stats: Arc<Stats>,
}

/// Pause before trying again what was in doubt or found nothing.
const PAUSE: Duration = Duration::from_millis(200);

impl<L: EventLog> Worker<L> {
    /// Works until `stop` turns true; then finishes its batch and gives its partitions back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
        let mut most = self.settings.batch_max;
        while !*stop.borrow() {
            match self.hold(&mut stop, &mut most).await {
                Ok(()) => {}
                Err(EngineError::Store(error)) if error.is_full() => {
                    error!(%error, "STORE_FULL: the database has no room; waiting");
                    pause(&mut stop, Duration::from_secs(1)).await;
                }
                Err(EngineError::Log(LogError::Replaced(why))) => {
                    self.halt_all(&format!("TOPIC_REPLACED: {why}")).await;
                    pause(&mut stop, PAUSE).await;
                }
                Err(error) => {
                    // What was too much for a starved database within its time limit may go by halves.
                    most = (most / 2).max(1);
                    warn!(%error, most, "starting again from the lease rows");
                    pause(&mut stop, PAUSE).await;
                }
            }
        }
        self.leave().await
    }

    /// One tenure: acquire, read, post, until everything is lost, given back, or in doubt. A batch has at most `most` records,
    /// and after each that went well twice as many, up to what the settings say.
    async fn hold(&self, stop: &mut watch::Receiver<bool>, most: &mut usize) -> Result<(), EngineError> {
        let held = self.acquire().await?;
        if held.is_empty() {
            self.evict().await?;
            pause(stop, PAUSE).await;
            return Ok(());
        }
        let starts = held.iter().map(|held| (held.part as u32, held.next_offset as u64)).collect();
        let mut reader = match self.log.reader(starts).await {
            // A log that was replaced says so before it looks at positions, which mean nothing in it.
            Err(LogError::OffsetOutOfRange { .. }) => return self.halt_outside(&held).await,
            opened => opened?,
        };
        let Some(changeovers) = self.changeovers(&held).await? else { return Ok(()) };
        info!(owner = self.settings.owner, partitions = held.len(), "holding partitions");
        let mut line = Line::new(self.desk(changeovers), held);
        let (mut renewed, mut looked) = (Instant::now(), Instant::now());
        let lease = Duration::from_millis(self.settings.lease_ms.unsigned_abs());
        // A tenure that ends for a fairer share before its first records came did nothing; on a starved machine, where workers
        // seem to come and go, all of them could go on like that.
        let (began, mut worked) = (Instant::now(), false);
        while !*stop.borrow() {
            let waiting = Instant::now();
            let entries = reader.next(*most, self.settings.wait).await?;
            Stats::add(&self.stats.wait_us, waiting);
            worked |= !entries.is_empty();
            let alive = if entries.is_empty() {
                line.finish().await?
            } else {
                match line.push(entries).await? {
                    Outcome::Taken => {
                        *most = most.saturating_mul(2).min(self.settings.batch_max);
                        true
                    }
                    Outcome::Lost => false,
                    Outcome::Halt(held, reason) => {
                        line.finish().await?;
                        self.halt(&held, &reason).await?;
                        return Ok(());
                    }
                }
            };
            if !alive {
                warn!(owner = self.settings.owner, "another worker has taken a partition over");
                return Ok(());
            }
            if looked.elapsed() > self.look_every() && (worked || began.elapsed() > lease / 2) {
                if !self.is_fair(line.held()).await? {
                    // What is still ours is taken again at once, under a new epoch.
                    line.finish().await?;
                    return self.give_back(line.held()).await;
                }
                looked = Instant::now();
            }
            if renewed.elapsed() > lease / 3 {
                // What batches keep moving needs no renewal, and nothing has to wait for one.
                let idle = line.idle(lease / 3);
                if !idle.is_empty() && (!line.finish().await? || self.renew(&idle).await? < idle.len()) {
                    warn!(owner = self.settings.owner, "an idle partition has been taken over");
                    return Ok(());
                }
                renewed = Instant::now();
            }
        }
        if line.finish().await? { self.release(line.held()).await } else { Ok(()) }
    }

    fn desk(&self, changeovers: Changeovers) -> Desk {
        Desk {
            pool: self.pool.clone(),
            changeovers,
            owner: self.settings.owner.clone(),
            lease_ms: self.settings.lease_ms,
            partitions: self.partitions,
            memory_bytes: self.settings.memory_bytes,
            stats: Arc::clone(&self.stats),
        }
    }

    async fn acquire(&self) -> Result<Vec<Held>, EngineError> {
        let share = self.share().await?;
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to acquire partitions")?;
        let Settings { owner, lease_ms, .. } = &self.settings;
        Ok(lease::acquire(&mut connection, self.stream_id, owner, share, *lease_ms).await?)
    }

    /// Which versions of the policy hold in these partitions; none when they halt, because one is not loaded as it was.
    async fn changeovers(&self, held: &[Held]) -> Result<Option<Changeovers>, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to read policies")?;
        match Changeovers::open(&mut connection, self.stream_id, &self.policies).await? {
            Ok(changeovers) => {
                // Before anything is judged with them: a rebuild asks which policies were known.
                let policies = changeovers.opened_with();
                store::verify::put_tenures(&mut connection, held, &policies).await?;
                Ok(Some(changeovers))
            }
            Err(refusal) => {
                drop(connection);
                for held in held {
                    self.halt(held, &refusal.to_string()).await?;
                }
                Ok(None)
            }
        }
    }

    async fn renew(&self, held: &[Held]) -> Result<usize, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to renew leases")?;
        Ok(lease::renew(&mut connection, &self.settings.owner, held, self.settings.lease_ms).await?.len())
    }

    async fn release(&self, held: &[Held]) -> Result<(), EngineError> {
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to release partitions")?;
        Ok(lease::release(&mut connection, &self.settings.owner, held).await?)
    }

    async fn halt(&self, held: &Held, reason: &str) -> Result<(), EngineError> {
        error!(partition = held.part, reason, "a partition halts until somebody looks");
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to halt a partition")?;
        lease::halt(&mut connection, &self.settings.owner, held, reason).await?;
        Ok(())
    }

    /// The log is another one than the positions belong to. A fault on the way is told; the next look halts again.
    async fn halt_all(&self, reason: &str) {
        error!(reason, "all partitions of this log halt until somebody looks");
        let halted = async {
            let mut connection = self.pool.acquire().await.doing("borrowing a connection to halt a log")?;
            store::workers::halt_all(&mut connection, self.stream_id, &self.settings.owner, reason).await
        };
        if let Err(error) = halted.await {
            warn!(%error, "the partitions could not be halted yet");
        }
    }

    /// A position outside the log means that the log lost records: stop, never skip.
    async fn halt_outside(&self, held: &[Held]) -> Result<(), EngineError> {
        for held in held {
            let (low, high) = self.log.bounds(held.part as u32).await?;
            let (partition, offset) = (held.part as u32, held.next_offset as u64);
            if !(low..=high).contains(&offset) {
                let reason = LogError::OffsetOutOfRange { partition, offset, low, high };
                self.halt(held, &format!("OFFSET_PAST_END: {reason}")).await?;
            }
        }
        Ok(())
    }
}

/// Waits for the time given, or until it is asked to stop.
pub(crate) async fn pause(stop: &mut watch::Receiver<bool>, time: Duration) {
    let asked = tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await.map(|asked| asked.is_ok());
    // Nobody is left who could ask: the pause is a pause all the same.
    if asked == Ok(false) {
        tokio::time::sleep(time).await;
    }
}
