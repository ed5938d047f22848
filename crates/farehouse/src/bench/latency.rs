//! From received to posted: how long a tap takes at an offered rate.

use crate::house::House;
use crate::log::AnyLog;
use chrono::{DateTime, Utc};
use engine::intake::Intake;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::{BodyFormat, EventLog as _};

/// How long the live part lasts.
pub const SECONDS: u64 = 10;
/// How often taps are handed in.
const TICK: Duration = Duration::from_millis(50);
const DRAIN_MAX: Duration = Duration::from_secs(120);

/// What was measured.
pub struct Latency {
    offered_per_s: f64,
    /// Half of the taps were posted within this time.
    pub p50_ms: f64,
    /// All but a hundredth.
    pub p99_ms: f64,
}

/// Offers taps at a rate and compares when they were in the log with when their batch was committed, by one clock: the
/// database runs on this machine.
pub async fn measure(
    house: &House,
    intake: &Arc<Intake<AnyLog>>,
    taps: Vec<(BodyFormat, Vec<u8>)>,
    rate: u64,
) -> anyhow::Result<Latency> {
    let mut received: BTreeMap<u32, Vec<(u64, DateTime<Utc>)>> = BTreeMap::new();
    let total = taps.len() as f64;
    let mut taps = taps.into_iter();
    let started = Instant::now();
    let mut sent = 0_u64;
    loop {
        let due = (started.elapsed().as_millis() as u64 * rate / 1_000).saturating_sub(sent);
        let batch: Vec<_> = taps.by_ref().take(due as usize).collect();
        sent += batch.len() as u64;
        if batch.is_empty() && taps.len() == 0 {
            break;
        }
        let handed_in = Utc::now();
        if !batch.is_empty() {
            intake.receive(batch).await?;
        }
        for partition in 0..house.partitions {
            let high = house.log.bounds(partition).await?.1;
            received.entry(partition).or_default().push((high, handed_in));
        }
        tokio::time::sleep(TICK).await;
    }
    let offered_per_s = total / started.elapsed().as_secs_f64();
    house.drained(DRAIN_MAX).await?;
    let mut connection = house.pool.acquire().await?;
    let commits = store::measure::commits(&mut connection, house.stream_id).await?;
    Ok(percentiles(&received, &commits, offered_per_s))
}

fn percentiles(
    received: &BTreeMap<u32, Vec<(u64, DateTime<Utc>)>>,
    commits: &[store::measure::Commit],
    offered_per_s: f64,
) -> Latency {
    let mut waits: Vec<(i64, u64)> = Vec::new();
    for (partition, steps) in received {
        let mut below = steps.first().map_or(0, |(high, _)| *high);
        for (high, handed_in) in steps.iter().skip(1) {
            for commit in commits.iter().filter(|commit| commit.part == *partition as i32) {
                let (from, to) = (below.max(commit.from_off as u64), (*high).min(commit.to_off as u64));
                if to > from {
                    waits.push(((commit.at - *handed_in).num_milliseconds().max(0), to - from));
                }
            }
            below = *high;
        }
    }
    waits.sort_unstable();
    let all: u64 = waits.iter().map(|(_, taps)| taps).sum();
    let at = |share: u64| {
        let mut seen = 0;
        let found = waits.iter().find(|(_, taps)| {
            seen += taps;
            seen * 100 >= all * share
        });
        found.map_or(0.0, |(wait, _)| *wait as f64)
    };
    Latency { offered_per_s, p50_ms: at(50), p99_ms: at(99) }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { offered_per_s, p50_ms, p99_ms } = self;
        write!(
            f,
            "{offered_per_s:.0} taps/s offered: received to posted p50 {p50_ms:.0} ms, p99 {p99_ms:.0} ms"
        )
    }
}
