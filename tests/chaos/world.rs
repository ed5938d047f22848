//! One scenario's own database and topic on the shared servers, its door, its devices and its history.

use crate::crew::{self, Crew, Start};
use crate::history::History;
use crate::random::Random;
use crate::servers::{Kafka, Postgres};
use crate::town::{self, Device, Door};
use anyhow::{Context as _, Result};
use engine::intake::{self, Intake};
use primitives::PostingDate;
use sqlx::{PgPool, PgTransaction};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use stream::KafkaLog;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::{EventLog as _, MasterKey};
use xtask::scratch::Scratch;

/// What all scenarios share. Fields drop in this order: the servers stop before their folder goes.
pub struct Stage {
    pub postgres: Arc<Mutex<Postgres>>,
    pub kafka: Arc<Mutex<Kafka>>,
    /// Where a scenario's own Kafka is, when it has one.
    pub own_kafka: Option<String>,
    pub seed: u64,
    pub full: bool,
    count: u32,
    pub scratch: Scratch,
}

impl Stage {
    pub fn open(seed: u64, full: bool) -> Result<Self> {
        let scratch = Scratch::create()?;
        let postgres = Postgres::create(&scratch, &scratch.folder("postgres")?, None)?;
        let kafka = Kafka::create(&scratch, &scratch.folder("kafka")?)?;
        let (postgres, kafka) = (Arc::new(Mutex::new(postgres)), Arc::new(Mutex::new(kafka)));
        Ok(Stage { postgres, kafka, own_kafka: None, seed, full, count: 0, scratch })
    }

    /// Starts servers again that a failed scenario left down, so that the next one says something of its own.
    pub fn stand_up(&self) -> Result<()> {
        lock(&self.postgres).stand_up()?;
        lock(&self.kafka).stand_up()
    }

    /// Where the brokers of the scenario are.
    pub fn kafka_address(&self) -> String {
        self.own_kafka.clone().unwrap_or_else(|| lock(&self.kafka).home.address())
    }

    /// A number of a scenario's faults: as few as CI takes, or all.
    pub fn count(&self, few: u32, all: u32) -> u32 {
        if self.full { all } else { few }
    }

    /// The address of a database through a port that leads to the server; its own port when none is given.
    pub fn database_url(&self, port: Option<u16>, name: &str) -> String {
        let postgres = lock(&self.postgres);
        postgres.home.url(port.unwrap_or(postgres.home.port()), name)
    }

    /// The server's own port.
    pub fn database_port(&self) -> u16 {
        lock(&self.postgres).home.port()
    }

    /// Chance of its own for a scenario.
    pub fn random(&self, scenario: u64) -> Random {
        Random::new(self.seed.wrapping_mul(1_000_003).wrapping_add(scenario))
    }

    /// A new name for a database and a topic.
    pub fn name(&mut self) -> String {
        self.count += 1;
        format!("chaos_{}", self.count)
    }
}

pub const PARTITIONS: u32 = 6;
/// How long a lease lasts without renewal: the shortest that the house is promised to work with.
pub const LEASE_MS: u64 = 2_000;
/// How long all work may take after the last fault.
pub const LIVENESS: Duration = Duration::from_secs(60);

/// A scenario's house.
pub struct World {
    /// Of its database.
    pub name: String,
    pub topic: String,
    pub pool: PgPool,
    pub log: Arc<KafkaLog>,
    pub door: Door,
    pub stream_id: i32,
    pub history: Arc<History>,
    kafka: String,
    worker_log: PathBuf,
}

/// Devices that tap at the moment.
pub struct Fleet {
    tasks: JoinSet<Result<Device>>,
    stop: watch::Sender<bool>,
}

impl World {
    pub async fn open(stage: &mut Stage) -> Result<Self> {
        let name = stage.name();
        lock(&stage.postgres).home.create_database(&name)?;
        let url = stage.database_url(None, &name);
        let history = Arc::new(History::create(&stage.scratch.file(&format!("{name}.history")))?);
        World::open_at(stage, name, &url, history).await
    }

    /// A house on an empty database, with a topic of the same name.
    pub async fn open_at(stage: &Stage, name: String, url: &str, history: Arc<History>) -> Result<Self> {
        let topic = name.clone();
        World::open_on_topic(stage, &name, url, history, topic).await
    }

    /// A house on an empty database, and any topic.
    pub async fn open_on_topic(
        stage: &Stage,
        name: &str,
        url: &str,
        history: Arc<History>,
        topic: String,
    ) -> Result<Self> {
        let pool = store::connect(url, 12).await?;
        store::migrate(&pool).await?;
        let mut connection = pool.acquire().await?;
        engine::registry::load_policy(&mut connection, &minitown()?).await?;
        engine::registry::enrol(&mut connection, &town::enrolment()?).await?;
        drop(connection);
        let kafka = stage.kafka_address();
        let worker_log = stage.scratch.file(&format!("{name}.workers.log"));
        World::on(pool, name.to_owned(), topic, kafka, worker_log, history).await
    }

    /// A house on a database that has everything but the log.
    pub async fn on(
        pool: PgPool,
        name: String,
        topic: String,
        kafka: String,
        worker_log: PathBuf,
        history: Arc<History>,
    ) -> Result<Self> {
        stream::create_topic(&kafka, &topic, PARTITIONS).await?;
        let log = Arc::new(KafkaLog::open(&kafka, &topic).await?);
        let first_day = PostingDate::parse(crew::FIRST_DAY).context("a date")?;
        let mut connection = pool.acquire().await?;
        let stream_id =
            store::lease::ensure_stream(&mut connection, &log.identity().await?, first_day).await?;
        let policies = Arc::new(engine::registry::policies(&mut connection).await?);
        drop(connection);
        let settings = intake::Settings {
            environment: town::ENVIRONMENT.into(),
            master: MasterKey::new(town::MASTER),
            clock: Arc::new(town::door_clock),
        };
        let door = Arc::new(Intake::open(pool.clone(), Arc::clone(&log), policies, settings).await?);
        Ok(World { name, topic, pool, log, door, stream_id, history, kafka, worker_log })
    }

    /// How this house's workers are started, with PostgreSQL at this address.
    pub fn workers(&self, database_url: String, share: u32) -> Start {
        Start {
            database_url,
            kafka: self.kafka.clone(),
            topic: self.topic.clone(),
            partitions: PARTITIONS,
            share,
            lease_ms: LEASE_MS,
            log: self.worker_log.clone(),
        }
    }

    /// Lets devices tap, each a round about every `pause`.
    pub fn fleet(&self, devices: Vec<Device>, pause: Duration, random: &mut Random) -> Fleet {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let behind = Arc::new(AtomicI64::new(0));
        self.measure_behind(Arc::clone(&behind), stopped.clone());
        for device in devices {
            let (door, history) = (Arc::clone(&self.door), Arc::clone(&self.history));
            tasks.spawn(town::work(
                device,
                door,
                history,
                pause,
                random.fork(),
                stopped.clone(),
                Arc::clone(&behind),
            ));
        }
        Fleet { tasks, stop }
    }

    /// Keeps a count of the records that wait in the log, until the devices are told to stop.
    fn measure_behind(&self, behind: Arc<AtomicI64>, stop: watch::Receiver<bool>) {
        let (log, pool, stream_id) = (Arc::clone(&self.log), self.pool.clone(), self.stream_id);
        tokio::spawn(async move {
            while !*stop.borrow() {
                // While a server is away, the last count stands.
                if let (Ok(ends), Ok(positions)) = (ends(&log).await, positions(&pool, stream_id).await) {
                    behind.store(ends.iter().sum::<i64>() - positions.iter().sum::<i64>(), Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    }

    /// The log's ends, by partition.
    pub async fn ends(&self) -> Result<Vec<i64>> {
        ends(&self.log).await
    }

    /// Waits until the ledger has everything the log has; how long that took, or nothing when it took too long.
    /// Workers that ended meanwhile are started again.
    pub async fn drained(&self, crew: &Crew, limit: Duration) -> Result<Option<Duration>> {
        let began = Instant::now();
        while began.elapsed() < limit {
            crew.fill()?;
            if let (Ok(ends), Ok(positions)) =
                (self.ends().await, positions(&self.pool, self.stream_id).await)
                && positions == ends
            {
                return Ok(Some(began.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(None)
    }

    /// One number from SQL.
    pub async fn number(&self, query: &'static str) -> Result<i64> {
        let mut unhurried = self.unhurried().await?;
        let number = sqlx::query_scalar::<_, Option<i64>>(query).fetch_one(&mut *unhurried).await;
        Ok(number.with_context(|| format!("asking {query}"))?.unwrap_or(0))
    }

    /// A transaction that may ask about millions of rows on a busy machine: the limits of the service are not the checker's.
    pub async fn unhurried(&self) -> Result<PgTransaction<'static>> {
        let mut unhurried = self.pool.begin().await?;
        sqlx::raw_sql("SET LOCAL statement_timeout = 0").execute(&mut *unhurried).await?;
        Ok(unhurried)
    }

    /// What the workers wrote to standard error so far.
    pub fn worker_messages(&self) -> String {
        std::fs::read_to_string(&self.worker_log).unwrap_or_default()
    }
}

async fn ends(log: &KafkaLog) -> Result<Vec<i64>> {
    let mut ends = Vec::new();
    for partition in 0..PARTITIONS {
        ends.push(i64::try_from(log.bounds(partition).await?.1)?);
    }
    Ok(ends)
}

async fn positions(pool: &PgPool, stream_id: i32) -> Result<Vec<i64>> {
    let query = "SELECT next_offset FROM ingest.partition_lease WHERE stream_id = $1 ORDER BY part";
    Ok(sqlx::query_scalar(query).bind(stream_id).fetch_all(pool).await?)
}

impl Fleet {
    /// Waits until every device has its last answer.
    pub async fn finish(mut self) -> Result<Vec<Device>> {
        self.stop.send_replace(true);
        let mut devices = Vec::new();
        while let Some(device) = self.tasks.join_next().await {
            devices.push(device.context("a device's task")??);
        }
        Ok(devices)
    }
}

/// The files of the policy.
pub fn minitown() -> Result<fares::Files> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(crew::POLICY);
    let mut files = fares::Files::new();
    for entry in std::fs::read_dir(&folder).context("reading the policy")?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".txt") {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// The lock, also after a panic elsewhere.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
