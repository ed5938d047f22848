//! Wiring: a database, a log, policies, and the workers on them.

use crate::database;
use crate::log::{AnyLog, LogKind};
use anyhow::{Context as _, anyhow, bail};
use engine::worker::{Settings, Stats, Worker};
use fares::{Files, Policies};
use primitives::PostingDate;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::PgPool;
use store::lease::Position;
use store::log::EmbeddedLog;
use stream::KafkaLog;
use tokio::sync::watch;
use wire::EventLog as _;

/// An open house.
pub struct House {
    /// Connections to its database.
    pub pool: PgPool,
    /// Its event log.
    pub log: Arc<AnyLog>,
    /// The log's stream number.
    pub stream_id: i32,
    /// How many partitions the log has.
    pub partitions: u32,
    /// Policies in force.
    pub policies: Arc<Policies>,
}

/// A worker that runs in this process.
pub struct Running {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), engine::EngineError>>,
    /// What it does.
    pub stats: Arc<Stats>,
}

/// Opens a log of this name, making it when it is not there.
pub async fn open_log(kind: LogKind, pool: &PgPool, topic: &str, partitions: u32) -> anyhow::Result<AnyLog> {
    Ok(match kind {
        LogKind::Embedded => AnyLog::Embedded(EmbeddedLog::create(pool, topic, partitions).await?),
        LogKind::Kafka => {
            let brokers = database::kafka()?;
            stream::create_topic(&brokers, topic, partitions).await?;
            AnyLog::Kafka(KafkaLog::open(&brokers, topic).await?)
        }
    })
}

/// Opens a log that is there already.
pub async fn existing_log(kind: LogKind, pool: &PgPool, topic: &str) -> anyhow::Result<AnyLog> {
    Ok(match kind {
        LogKind::Embedded => AnyLog::Embedded(EmbeddedLog::open(pool, topic).await?),
        LogKind::Kafka => AnyLog::Kafka(KafkaLog::open(&database::kafka()?, topic).await?),
    })
}

impl House {
    /// Opens a house on a migrated database: loads the policy, registers the log, opens the books on `first_day`.
    pub async fn open(
        pool: PgPool,
        log: AnyLog,
        files: &Files,
        first_day: PostingDate,
    ) -> anyhow::Result<Self> {
        let policy = fares::load(files).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            anyhow!("the policy does not load:\n  {}", lines.join("\n  "))
        })?;
        let (given, id) = (policy.digest(), policy.id().to_owned());
        let own = Policies::new(vec![policy]).context("the policies do not fit together")?;
        let identity = log.identity().await?;
        let mut connection = pool.acquire().await.context("borrowing a connection")?;
        engine::registry::load_policy(&mut connection, files).await?;
        let stream_id = store::lease::ensure_stream(&mut connection, &identity, first_day).await?;
        let open_day = store::settle::oldest_open(&mut connection).await?;
        engine::day::prepare_months(&mut connection, open_day.unwrap_or(first_day)).await;
        // Once the books are open the log says what is in force, whatever a process is started with.
        let in_force = engine::policy::in_force(&mut connection, stream_id, identity.partitions).await?;
        drop(connection);
        let in_force = in_force.map_err(|refusal| anyhow!("the policies in force: {refusal}"))?;
        let policies = Arc::new(in_force.map_or(own, |in_force| in_force.policies));
        if policies.iter().all(|policy| policy.digest() != given) {
            tracing::warn!("{id} is loaded and not in force: see `farehouse policy`");
        }
        Ok(House { pool, log: Arc::new(log), stream_id, partitions: identity.partitions, policies })
    }

    /// Starts a worker in this process.
    pub fn start_worker(&self, settings: Settings) -> Running {
        let (stop, stopped) = watch::channel(false);
        let stats = Arc::new(Stats::default());
        let worker = Worker {
            pool: self.pool.clone(),
            log: Arc::clone(&self.log),
            stream_id: self.stream_id,
            partitions: self.partitions,
            policies: Arc::clone(&self.policies),
            settings,
            stats: Arc::clone(&stats),
        };
        Running { stop, task: tokio::spawn(worker.run(stopped)), stats }
    }

    /// Waits until this many records are in the ledger.
    pub async fn posted(&self, records: u64, limit: Duration) -> anyhow::Result<()> {
        self.until(limit, |positions| {
            positions.iter().map(|at| at.next_offset as u64).sum::<u64>() >= records
        })
        .await
    }

    /// Waits until the ledger has everything the log has now.
    pub async fn drained(&self, limit: Duration) -> anyhow::Result<()> {
        let mut highs = Vec::new();
        for partition in 0..self.partitions {
            highs.push(self.log.bounds(partition).await?.1);
        }
        self.until(limit, |positions| {
            positions.iter().zip(&highs).all(|(position, high)| position.next_offset as u64 >= *high)
        })
        .await
    }

    async fn until(&self, limit: Duration, there: impl Fn(&[Position]) -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let mut connection = self.pool.acquire().await.context("borrowing a connection")?;
            let positions = store::lease::positions(&mut connection, self.stream_id).await?;
            drop(connection);
            if let Some(halted) = positions.iter().find_map(|position| position.halt_reason.as_ref()) {
                bail!("a partition halted: {halted}");
            }
            if there(&positions) {
                return Ok(());
            }
            if started.elapsed() > limit {
                bail!("the worker did not catch up within {} s", limit.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Running {
    /// Lets the worker finish its batch and give its partitions back.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.task.await.context("the worker's task")??;
        Ok(())
    }
}
