//! From the log into PostgreSQL: a stream of taps is appended and drained, and then taps are offered live.

use super::cpu;
use super::latency::{self, Latency};
use super::payments::Counter;
use super::traffic::{self, Traffic};
use super::workers::{Plan, Workers};
use crate::house::{House, open_log};
use crate::log::LogKind;
use anyhow::{Context as _, bail};
use primitives::{PostingDate, ServiceDate, Text};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::scratch::Scratch;
use wire::EventLog as _;

/// How much of it.
#[derive(clap::Args)]
pub struct Args {
    /// Taps that are drained.
    #[arg(long, default_value_t = 500_000)]
    taps: u64,
    /// Accounts that make them.
    #[arg(long, default_value_t = 100_000)]
    accounts: u64,
    /// The event log.
    #[arg(long, value_enum, default_value = "kafka")]
    log: LogKind,
    /// Partitions of the event log.
    #[arg(long, default_value_t = 12)]
    partitions: u32,
    /// Workers, each with its part of the partitions.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// Workers are processes of their own.
    #[arg(long)]
    processes: bool,
    /// Most records of a worker's batch.
    #[arg(long, default_value_t = engine::worker::BATCH_MAX)]
    batch: usize,
    /// One operator carries every tap.
    #[arg(long)]
    one_operator: bool,
    /// The policy to price with.
    #[arg(long, default_value = "fixtures/cities/hcmc")]
    policy: PathBuf,
    /// The fare medium everybody holds.
    #[arg(long, default_value = "card")]
    medium: String,
    /// Taps a second offered in the live part; repeat it for several parts. None: half of the drained rate. 0 leaves it out.
    #[arg(long)]
    live_rate: Vec<u64>,
    /// Payments a second that a counter asks for in the live parts.
    #[arg(long, default_value_t = 20)]
    payments_per_s: u64,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

const DRAIN_MAX: Duration = Duration::from_secs(3_600);
/// Taps of one append.
const APPEND_BATCH: u64 = 20_000;
/// The drain's pace is looked at in so many parts.
const STEPS: u64 = 5;

pub async fn measure(args: &Args, scratch: &Scratch) -> anyhow::Result<()> {
    let date = ServiceDate::parse("2026-03-02").context("a date")?;
    let first_day = PostingDate(date.0);
    let (house, mut traffic) = open(args, scratch, date).await?;
    let appending = Instant::now();
    append(&house, &mut traffic, args.taps).await?;
    let appended_per_s = args.taps as f64 / appending.elapsed().as_secs_f64();

    let plan = Plan {
        workers: args.workers,
        processes: args.processes,
        batch: args.batch,
        log: args.log,
        policy: &args.policy,
        database: scratch.url(),
        first_day,
    };
    let wal = wal_position(&house).await?;
    let before = cpu::by_process()?;
    let drain = Instant::now();
    let workers = Workers::start(&house, &plan)?;
    let mut paces = Vec::new();
    for step in 1..=STEPS {
        let begun = Instant::now();
        house.posted(args.taps * step / STEPS, DRAIN_MAX).await?;
        paces.push((args.taps as f64 / STEPS as f64 / begun.elapsed().as_secs_f64()).round());
    }
    let seconds = drain.elapsed().as_secs_f64();
    let cpu = cpu::by_process()?.since(&before);
    let wal_per_tap = (wal_position(&house).await? - wal) as f64 / args.taps as f64;
    let spent = workers.spent();
    let rate = args.taps as f64 / seconds;
    println!("appended  {appended_per_s:>9.0} taps/s");
    println!("drained   {rate:>9.0} taps/s  {} taps in {seconds:.2} s ({cpu})", args.taps);
    println!("its fifths: {paces:?} taps/s");
    if let Some(spent) = &spent {
        println!("where the workers' time went: {spent}");
    }
    let mut connection = house.pool.acquire().await?;
    let rows = store::measure::rows(&mut connection).await?;
    let sizes = store::measure::sizes(&mut connection).await?;
    drop(connection);
    let rows_per_tap = rows as f64 / args.taps as f64;
    println!("written   {wal_per_tap:>9.0} bytes of write-ahead log and {rows_per_tap:.2} rows a tap");

    for size in &sizes {
        println!("{:<28} {:>9.1} MB", size.name, size.bytes as f64 / 1e6);
    }

    let mut live: Vec<Latency> = Vec::new();
    let mut counter = Counter::open(&house, &traffic.options().medium, traffic.now()?).await?;
    let rates = if args.live_rate.is_empty() { vec![rate as u64 / 2] } else { args.live_rate.clone() };
    for rate in rates.into_iter().filter(|rate| *rate > 0) {
        let asking = counter.as_mut().map(|counter| (counter, args.payments_per_s));
        let asking = asking.filter(|(_, per_s)| *per_s > 0);
        let latency = latency::measure(&house, &mut traffic, rate, asking).await?;
        println!("live      {latency}");
        live.push(latency);
    }
    let memory = cpu::peak_memory_mib(&workers.pids())?;
    println!("memory    {memory} MiB at most in one {}", if args.processes { "worker" } else { "process" });
    workers.stop().await?;
    check(&house, args.taps, &live).await?;
    if args.json {
        let object = json!({
            "taps": args.taps, "seconds": seconds, "taps_per_s": rate, "paces": paces,
            "accounts": args.accounts, "workers": args.workers, "processes": args.processes,
            "partitions": args.partitions, "one_operator": args.one_operator,
            "p50_ms": live.first().map(|live| live.taps.p50_ms), "p99_ms": live.first().map(|live| live.taps.p99_ms),
            "live": live.iter().map(Latency::json).collect::<Vec<_>>(),
            "cpu_s": cpu.json(), "worker_s": spent.map(|spent| spent.json()),
            "wal_bytes_per_tap": wal_per_tap, "rows_per_tap": rows_per_tap,
            "table_bytes": sizes.into_iter().map(|size| (size.name, size.bytes)).collect::<BTreeMap<_, _>>(),
            "peak_memory_mib": memory,
        });
        println!("{object}");
    }
    Ok(())
}

async fn append(house: &House, traffic: &mut Traffic, taps: u64) -> anyhow::Result<()> {
    let mut left = taps;
    while left > 0 {
        let count = left.min(APPEND_BATCH);
        house.log.append(traffic.next(count)?).await?;
        left -= count;
    }
    Ok(())
}

/// An empty house and the traffic it will see.
async fn open(args: &Args, scratch: &Scratch, date: ServiceDate) -> anyhow::Result<(House, Traffic)> {
    let files = farelab::feed::read(&args.policy)?;
    let log = open_log(args.log, &scratch.pool, &super::topic(), args.partitions).await?;
    let house = House::open(scratch.pool.clone(), log, &files, PostingDate(date.0)).await?;
    let policy = house.policies.newest().context("a policy")?;
    let options = traffic::Options {
        accounts: args.accounts,
        partitions: args.partitions,
        medium: Text::new(&args.medium).context("a fare medium's id")?,
        one_operator: args.one_operator,
    };
    let traffic = Traffic::new(policy, date, options)?;
    Ok((house, traffic))
}

async fn wal_position(house: &House) -> anyhow::Result<i64> {
    let mut connection = house.pool.acquire().await?;
    Ok(store::measure::wal_bytes(&mut connection).await?)
}

/// A pace counts only when every tap was posted and none was set aside.
async fn check(house: &House, drained: u64, live: &[Latency]) -> anyhow::Result<()> {
    let of = |live: &Latency| live.taps.count + live.payments.map_or(0, |payments| payments.count);
    let offered = drained + live.iter().map(of).sum::<u64>();
    let mut connection = house.pool.acquire().await?;
    let commits = store::measure::commits(&mut connection, house.stream_id).await?;
    let posted: i64 = commits.iter().map(|commit| i64::from(commit.posted)).sum();
    if posted != offered as i64 {
        bail!("{posted} taps were posted of {offered}");
    }
    Ok(())
}
