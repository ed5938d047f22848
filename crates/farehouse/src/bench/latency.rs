//! From received to posted: how long a tap takes at an offered rate.

use super::traffic::Traffic;
use crate::house::House;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};
use store::measure::Commit;
use wire::EventLog as _;

/// How long a live part lasts.
const SECONDS: u64 = 20;
/// How often taps are handed in.
const TICK: Duration = Duration::from_millis(20);
const DRAIN_MAX: Duration = Duration::from_secs(300);

/// What was measured.
pub struct Latency {
    /// How many taps were offered.
    pub taps: u64,
    /// At which rate, in taps a second.
    offered_per_s: f64,
    /// Half of the taps were posted within this time, in milliseconds.
    pub p50_ms: i64,
    /// All but a hundredth.
    pub p99_ms: i64,
}

/// Offers taps at a rate and compares when they were handed to the log with when their batch was committed, by one clock:
/// the database runs on this machine.
pub async fn measure(house: &House, traffic: &mut Traffic, rate: u64) -> anyhow::Result<Latency> {
    let taps = rate * SECONDS;
    // The first and the one past the last offset of what was handed in at a moment, by partition.
    let mut received: Vec<(u32, u64, u64, DateTime<Utc>)> = Vec::new();
    let started = Instant::now();
    let mut sent = 0_u64;
    while sent < taps {
        let due = (started.elapsed().as_millis() as u64 * rate / 1_000).min(taps).saturating_sub(sent);
        let batch = traffic.next(due)?;
        sent += due;
        let partitions: Vec<u32> = batch.iter().map(|(partition, _)| *partition).collect();
        let handed_in = Utc::now();
        let offsets = house.log.append(batch).await?;
        let mut ranges: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (partition, offset) in partitions.into_iter().zip(offsets) {
            let range = ranges.entry(partition).or_insert((offset, offset));
            *range = (range.0.min(offset), range.1.max(offset + 1));
        }
        received.extend(ranges.into_iter().map(|(partition, (from, to))| (partition, from, to, handed_in)));
        tokio::time::sleep(TICK).await;
    }
    let offered_per_s = taps as f64 / started.elapsed().as_secs_f64();
    house.drained(DRAIN_MAX).await?;
    let mut connection = house.pool.acquire().await?;
    let commits = store::measure::commits(&mut connection, house.stream_id).await?;
    let mut waits = waits(&received, &commits);
    waits.sort_unstable();
    Ok(Latency { taps, offered_per_s, p50_ms: percentile(&waits, 50), p99_ms: percentile(&waits, 99) })
}

/// Milliseconds from handed in to committed, and how many taps waited so long.
fn waits(received: &[(u32, u64, u64, DateTime<Utc>)], commits: &[Commit]) -> Vec<(i64, u64)> {
    let mut by_partition: BTreeMap<i32, Vec<&Commit>> = BTreeMap::new();
    for commit in commits {
        by_partition.entry(commit.part).or_default().push(commit);
    }
    let mut waits = Vec::new();
    for (partition, from, to, handed_in) in received {
        let commits = by_partition.get(&(*partition as i32)).map_or(&[][..], Vec::as_slice);
        let first = commits.partition_point(|commit| commit.to_off as u64 <= *from);
        for commit in commits.iter().skip(first).take_while(|commit| (commit.from_off as u64) < *to) {
            let taps = (*to).min(commit.to_off as u64) - (*from).max(commit.from_off as u64);
            waits.push(((commit.at - *handed_in).num_milliseconds().max(0), taps));
        }
    }
    waits
}

fn percentile(waits: &[(i64, u64)], share: u64) -> i64 {
    let all: u64 = waits.iter().map(|(_, taps)| taps).sum();
    let mut seen = 0;
    let found = waits.iter().find(|(_, taps)| {
        seen += taps;
        seen * 100 >= all * share
    });
    found.map_or(0, |(wait, _)| *wait)
}

impl Latency {
    pub fn json(&self) -> serde_json::Value {
        let Latency { taps, offered_per_s, p50_ms, p99_ms } = self;
        serde_json::json!({ "taps": taps, "offered_per_s": offered_per_s, "p50_ms": p50_ms, "p99_ms": p99_ms })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { offered_per_s, p50_ms, p99_ms, .. } = self;
        write!(f, "{offered_per_s:.0} taps/s offered: received to posted p50 {p50_ms} ms, p99 {p99_ms} ms")
    }
}
