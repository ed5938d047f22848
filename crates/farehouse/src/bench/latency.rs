//! From received to posted: how long a tap takes at an offered rate.

use super::cpu::{self, CpuTimes};
use super::payments::Counter;
use super::traffic::Traffic;
use crate::house::House;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};
use store::measure::Commit;
use wire::EventLog as _;

/// How long a live part lasts.
const SECONDS: u64 = 20;
/// How often taps are handed in.
const TICK: Duration = Duration::from_millis(20);
const DRAIN_MAX: Duration = Duration::from_secs(300);

/// Times that were waited, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// How many waited.
    pub count: u64,
    /// Half of them waited no longer.
    pub p50_ms: i64,
    /// All but a hundredth.
    pub p99_ms: i64,
}

impl Waits {
    /// Of waits in milliseconds, each with how many waited so long.
    pub fn of(mut waits: Vec<(i64, u64)>) -> Self {
        waits.sort_unstable();
        let count = waits.iter().map(|(_, count)| count).sum();
        Waits { count, p50_ms: percentile(&waits, 50), p99_ms: percentile(&waits, 99) }
    }
}

/// What was measured.
pub struct Latency {
    /// At which rate taps were offered, in taps a second.
    offered_per_s: f64,
    /// From received to posted.
    pub taps: Waits,
    /// From asked to the verdict, of payments that were asked for meanwhile.
    pub payments: Option<Waits>,
    /// What it cost, the making of the taps included.
    cpu: CpuTimes,
}

/// Offers taps at a rate, lets a counter ask for payments meanwhile, and compares when taps were handed to the log with when
/// their batch was committed, by one clock: the database runs on this machine.
pub async fn measure(
    house: &House,
    traffic: &mut Traffic,
    rate: u64,
    counter: Option<(&mut Counter, u64)>,
) -> anyhow::Result<Latency> {
    let asking = async {
        match counter {
            Some((counter, per_s)) => counter.ask(per_s, Duration::from_secs(SECONDS)).await.map(Some),
            None => Ok(None),
        }
    };
    let before = cpu::by_process()?;
    let (offered, payments) = tokio::join!(offer(house, traffic, rate), asking);
    let (received, offered_per_s) = offered?;
    house.drained(DRAIN_MAX).await?;
    let cpu = cpu::by_process()?.since(&before);
    let mut connection = house.pool.acquire().await?;
    let commits = store::measure::commits(&mut connection, house.stream_id).await?;
    Ok(Latency { offered_per_s, taps: Waits::of(waits(&received, &commits)), payments: payments?, cpu })
}

/// The offsets of what was handed in at a moment, by partition.
type Received = Vec<(u32, Range<u64>, DateTime<Utc>)>;

async fn offer(house: &House, traffic: &mut Traffic, rate: u64) -> anyhow::Result<(Received, f64)> {
    let taps = rate * SECONDS;
    let mut received = Received::new();
    let started = Instant::now();
    let mut sent = 0_u64;
    while sent < taps {
        let due = (started.elapsed().as_millis() as u64 * rate / 1_000).min(taps).saturating_sub(sent);
        let batch = traffic.next(due)?;
        sent += due;
        let partitions: Vec<u32> = batch.iter().map(|(partition, _)| *partition).collect();
        let handed_in = Utc::now();
        let offsets = house.log.append(batch).await?;
        let mut ranges: BTreeMap<u32, Vec<Range<u64>>> = BTreeMap::new();
        for (partition, offset) in partitions.into_iter().zip(offsets) {
            let ranges = ranges.entry(partition).or_default();
            // Payments may stand between taps of one append.
            match ranges.last_mut() {
                Some(last) if last.end == offset => last.end += 1,
                _ => ranges.push(offset..offset + 1),
            }
        }
        for (partition, ranges) in ranges {
            received.extend(ranges.into_iter().map(|range| (partition, range, handed_in)));
        }
        tokio::time::sleep(TICK).await;
    }
    Ok((received, taps as f64 / started.elapsed().as_secs_f64()))
}

/// Milliseconds from handed in to committed, and how many taps waited so long.
fn waits(received: &Received, commits: &[Commit]) -> Vec<(i64, u64)> {
    let mut by_partition: BTreeMap<i32, Vec<&Commit>> = BTreeMap::new();
    for commit in commits {
        by_partition.entry(commit.part).or_default().push(commit);
    }
    let mut waits = Vec::new();
    for (partition, Range { start, end }, handed_in) in received {
        let commits = by_partition.get(&(*partition as i32)).map_or(&[][..], Vec::as_slice);
        let first = commits.partition_point(|commit| commit.to_off as u64 <= *start);
        for commit in commits.iter().skip(first).take_while(|commit| (commit.from_off as u64) < *end) {
            let taps = (*end).min(commit.to_off as u64) - (*start).max(commit.from_off as u64);
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

impl Waits {
    /// With `counted` as the name of how many there were.
    fn json(&self, counted: &str) -> serde_json::Value {
        let Waits { count, p50_ms, p99_ms } = self;
        serde_json::json!({ counted: count, "p50_ms": p50_ms, "p99_ms": p99_ms })
    }
}

impl Latency {
    pub fn json(&self) -> serde_json::Value {
        let Latency { offered_per_s, taps, payments, cpu } = self;
        let mut object = taps.json("taps");
        object["offered_per_s"] = serde_json::json!(offered_per_s);
        object["cpu_s"] = cpu.json();
        object["payments"] = serde_json::json!(payments.map(|payments| payments.json("asked")));
        object
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { offered_per_s, taps, payments, cpu } = self;
        let Waits { p50_ms, p99_ms, .. } = taps;
        write!(f, "{offered_per_s:.0} taps/s offered: received to posted p50 {p50_ms} ms, p99 {p99_ms} ms")?;
        if let Some(Waits { count, p50_ms, p99_ms }) = payments {
            write!(f, "; {count} payments asked to verdict p50 {p50_ms} ms, p99 {p99_ms} ms")?;
        }
        write!(f, " ({cpu})")
    }
}
