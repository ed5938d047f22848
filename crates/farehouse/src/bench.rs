//! `farehouse bench`: the whole pipeline, measured. Speed lives here and in `benches/`, never in timed tests.

mod cpu;
mod latency;

use crate::Ending;
use crate::database;
use crate::house::{House, open_log};
use crate::log::{AnyLog, LogKind};
use crate::simulated::{self, Simulated};
use anyhow::{Context as _, bail};
use engine::intake::Intake;
use engine::worker::{self, Stats};
use primitives::{PostingDate, ServiceDate};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::scratch::Scratch;
use wire::BodyFormat;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum What {
    /// Signed taps through the gateway, the log and the worker into PostgreSQL: first drained, then live.
    E2e(Args),
}

/// How much of it.
#[derive(clap::Args)]
pub struct Args {
    /// Rides of the simulated day; a metro ride has two taps.
    #[arg(long, default_value_t = 100_000)]
    rides: u32,
    /// The event log.
    #[arg(long, value_enum, default_value = "kafka")]
    log: LogKind,
    /// Partitions of the event log.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Most records of a worker's batch.
    #[arg(long, default_value_t = 20_000)]
    batch: usize,
    /// The policy to price with.
    #[arg(long, default_value = "fixtures/cities/hcmc")]
    policy: PathBuf,
    /// Taps a second offered in the live part; 0 leaves it out.
    #[arg(long, default_value_t = 4_000)]
    live_rate: u64,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

const DRAIN_MAX: Duration = Duration::from_secs(1_800);
/// Taps of one call of the door.
const DOOR_BATCH: usize = 2_000;

pub async fn run(what: What) -> anyhow::Result<Ending> {
    let What::E2e(args) = what;
    let scratch = Scratch::create(&database::url()?, "bench", 8).await?;
    let result = measure(&args, &scratch).await;
    scratch.remove().await?;
    result.map(|()| Ending::Done)
}

async fn measure(args: &Args, scratch: &Scratch) -> anyhow::Result<()> {
    let files = farelab::feed::read(&args.policy)?;
    let date = ServiceDate::parse("2026-03-02").context("a date")?;
    let simulated = Simulated::make(1, args.rides, date, &files)?;
    let topic = format!("bench-{}", std::process::id());
    let log = open_log(args.log, &scratch.pool, &topic, args.partitions).await?;
    let house = House::open(scratch.pool.clone(), log, &files, PostingDate(date.0)).await?;
    simulated::enrol(&house, &simulated).await?;
    let door = simulated.door(&house).await?;
    door.clock.finish();

    // Live taps come from the end of the day, so that the drained part is a whole city's.
    let mut taps: Vec<(BodyFormat, Vec<u8>)> = simulated.envelopes().collect();
    let live_taps = (args.live_rate * latency::SECONDS).min(taps.len() as u64 / 3);
    let live = taps.split_off(taps.len() - live_taps as usize);

    let gateway = Instant::now();
    let before = cpu::by_process()?;
    let drained_taps = taps.len() as u64;
    offer(&door.intake, taps).await?;
    let gateway_s = gateway.elapsed().as_secs_f64();
    let gateway_cpu = cpu::by_process()?.since(&before);

    let settings = worker::Settings { batch_max: args.batch, ..worker::Settings::named("bench") };
    let wal = wal_position(&house).await?;
    let before = cpu::by_process()?;
    let drain = Instant::now();
    let running = house.start_worker(settings);
    house.drained(DRAIN_MAX).await?;
    let seconds = drain.elapsed().as_secs_f64();
    let cpu = cpu::by_process()?.since(&before);
    let wal_bytes = wal_position(&house).await? - wal;
    let spent = Spent::of(&running.stats);

    let latency = match live.is_empty() {
        true => None,
        false => Some(latency::measure(&house, &door.intake, live, args.live_rate).await?),
    };
    running.stop().await?;

    let rate = drained_taps as f64 / seconds;
    println!(
        "gateway   {:>9.0} taps/s  verified, resolved and appended ({gateway_cpu})",
        drained_taps as f64 / gateway_s
    );
    println!("drained   {rate:>9.0} taps/s  {drained_taps} taps in {seconds:.2} s ({cpu})");
    println!("where the worker's time went: {spent}");
    println!("WAL       {:>9.0} bytes/tap", wal_bytes as f64 / drained_taps as f64);
    let (p50, p99) =
        latency.as_ref().map_or((None, None), |latency| (Some(latency.p50_ms), Some(latency.p99_ms)));
    if let Some(latency) = &latency {
        println!("live      {latency}");
    }
    if args.json {
        let object = json!({
            "taps": drained_taps,
            "seconds": seconds,
            "taps_per_s": rate,
            "gateway_taps_per_s": drained_taps as f64 / gateway_s,
            "p50_ms": p50,
            "p99_ms": p99,
            "cpu_s": { "farehouse": cpu.farehouse, "postgres": cpu.postgres, "kafka": cpu.kafka },
            "worker_s": spent.json(),
            "wal_bytes_per_tap": wal_bytes as f64 / drained_taps as f64,
        });
        println!("{object}");
    }
    Ok(())
}

async fn offer(intake: &Arc<Intake<AnyLog>>, taps: Vec<(BodyFormat, Vec<u8>)>) -> anyhow::Result<()> {
    let mut taps = taps.into_iter();
    loop {
        let batch: Vec<_> = taps.by_ref().take(DOOR_BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let size = batch.len();
        if intake.receive(batch).await?.len() != size {
            bail!("the door did not answer for every tap");
        }
    }
}

async fn wal_position(house: &House) -> anyhow::Result<i64> {
    let mut connection = house.pool.acquire().await?;
    Ok(store::measure::wal_bytes(&mut connection).await?)
}

/// Where a worker's time went, in seconds.
struct Spent {
    wait: f64,
    decode: f64,
    load: f64,
    decide: f64,
    save: f64,
    batches: u64,
}

impl Spent {
    fn of(stats: &Stats) -> Self {
        let seconds = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / 1e6;
        Spent {
            wait: seconds(&stats.wait_us),
            decode: seconds(&stats.decode_us),
            load: seconds(&stats.load_us),
            decide: seconds(&stats.decide_us),
            save: seconds(&stats.save_us),
            batches: stats.batches.load(Ordering::Relaxed),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({ "wait": self.wait, "decode": self.decode, "load": self.load, "decide": self.decide, "save": self.save,
                "batches": self.batches })
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spent { wait, decode, load, decide, save, batches } = self;
        write!(
            f,
            "waiting {wait:.2} s, decode {decode:.2} s, load {load:.2} s, decide {decide:.2} s, save {save:.2} s in {batches} batches"
        )
    }
}
