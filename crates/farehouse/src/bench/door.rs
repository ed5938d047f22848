//! The gateway's intake: signed taps of a simulated day, verified, resolved and appended.

use super::cpu;
use crate::house::{House, open_log};
use crate::log::LogKind;
use crate::simulated::{self, Simulated};
use anyhow::{Context as _, bail};
use primitives::{PostingDate, ServiceDate};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use store::scratch::Scratch;
use wire::BodyFormat;

/// How much of it.
#[derive(clap::Args)]
pub struct Args {
    /// Rides of the simulated day; a ride through gates has two taps.
    #[arg(long, default_value_t = 100_000)]
    rides: u32,
    /// The event log.
    #[arg(long, value_enum, default_value = "kafka")]
    log: LogKind,
    /// Partitions of the event log.
    #[arg(long, default_value_t = 12)]
    partitions: u32,
    /// The policy of the city.
    #[arg(long, default_value = "fixtures/cities/hcmc")]
    policy: PathBuf,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

/// Taps of one call of the door.
const DOOR_BATCH: usize = 2_000;

pub async fn measure(args: &Args, scratch: &Scratch) -> anyhow::Result<()> {
    let files = farelab::feed::read(&args.policy)?;
    let date = ServiceDate::parse("2026-03-02").context("a date")?;
    let simulated = Simulated::make(1, args.rides, date, &files)?;
    let log = open_log(args.log, &scratch.pool, &super::topic(), args.partitions).await?;
    let house = House::open(scratch.pool.clone(), log, &files, PostingDate(date.0)).await?;
    simulated::enrol(&house, &simulated).await?;
    let door = simulated.door(&house).await?;
    door.clock.finish();

    let taps: Vec<(BodyFormat, Vec<u8>)> = simulated.envelopes().collect();
    let count = taps.len();
    let before = cpu::by_process()?;
    let started = Instant::now();
    let mut taps = taps.into_iter();
    loop {
        let batch: Vec<_> = taps.by_ref().take(DOOR_BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let size = batch.len();
        if door.intake.receive(batch).await?.len() != size {
            bail!("the door did not answer for every tap");
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let cpu = cpu::by_process()?.since(&before);
    let rate = count as f64 / seconds;
    println!(
        "gateway   {rate:>9.0} taps/s  {count} taps verified, resolved and appended in {seconds:.2} s ({cpu})"
    );
    if args.json {
        println!("{}", json!({ "taps": count, "seconds": seconds, "taps_per_s": rate, "cpu_s": cpu.json() }));
    }
    Ok(())
}
