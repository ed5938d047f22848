//! G8: many lock the same rows at once. Everybody takes them in one order, so nobody waits in a circle.

use crate::checker::{NO_DEADLOCK, Violations};
use crate::outcome::Outcome;
use crate::proxy::{Proxy, Rewrite};
use crate::random::Random;
use crate::world::{Stage, lock};
use anyhow::{Context as _, Result};
use primitives::{DeviceId, JournalId, Sequence, TapId};
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::log::EmbeddedLog;
use tokio::task::JoinSet;
use wire::EventLog as _;

const CLIENTS: u64 = 16;
/// Rows that every client locks.
const DEVICES: u64 = 12;
const PARTITIONS: u32 = 6;
/// After so many refusals everybody stops: the case is clear.
const REFUSED_MAX: u64 = 20;

/// Clients write down what the house has of the same journals, as relays do, and append to the same partitions of the
/// embedded log, as doors do.
pub async fn contended(stage: &mut Stage, turn: u64, rewrites: Vec<Rewrite>) -> Result<Outcome> {
    let (mut random, rounds) = (stage.random(16_000 + turn), u64::from(stage.count(60, 2_000)));
    let name = stage.name();
    lock(&stage.postgres).home.create_database(&name)?;
    let proxy = Proxy::open(stage.database_port(), rewrites, false).await?;
    let pool = store::connect(&stage.database_url(Some(proxy.port), &name), 20).await?;
    store::migrate(&pool).await?;
    let log = EmbeddedLog::create(&pool, "hot", PARTITIONS).await.context("a log")?;
    let mut clients = JoinSet::new();
    let refused = Arc::new(AtomicU64::new(0));
    for client in 0..CLIENTS {
        let (pool, log, refused) = (pool.clone(), log.clone(), Arc::clone(&refused));
        clients.spawn(work(pool, log, client, rounds, random.fork(), refused));
    }
    let mut violations = Violations::new();
    while let Some(client) = clients.join_next().await {
        client.context("a client's task")??;
    }
    let again = refused.load(Ordering::Relaxed);
    let deadlocks: i64 = sqlx::query_scalar(NO_DEADLOCK.broken).fetch_one(&pool).await?;
    if deadlocks != 0 {
        violations.push(format!("{} ({deadlocks} do)", NO_DEADLOCK.says));
    }
    let marked = "SELECT coalesce(sum(upper(range) - lower(range)), 0)::bigint
                  FROM ingest.journal_mark, LATERAL unnest(have) AS range";
    let marked: i64 = sqlx::query_scalar(marked).fetch_one(&pool).await?;
    let mut appended = 0;
    for partition in 0..PARTITIONS {
        appended += log.bounds(partition).await?.1;
    }
    let units = CLIENTS * rounds;
    if marked != i64::try_from(units * DEVICES)? || appended < units * u64::from(PARTITIONS) {
        violations.push(format!("what was written is there ({marked} marks, {appended} records)"));
    }
    pool.close().await;
    Ok(Outcome {
        guarantees: "G8",
        faults: format!("{CLIENTS} clients on {DEVICES} journals and {PARTITIONS} heads of the embedded log"),
        figures: vec![
            format!("{} transactions", 2 * units),
            format!("{again} tried again"),
            format!("{deadlocks} deadlocks"),
        ],
        violations,
    })
}

/// Writes until it is written.
async fn work(
    pool: PgPool,
    log: EmbeddedLog,
    client: u64,
    rounds: u64,
    mut random: Random,
    refused: Arc<AtomicU64>,
) -> Result<()> {
    let again = |failed: bool| failed && refused.fetch_add(1, Ordering::Relaxed) < REFUSED_MAX;
    for round in 0..rounds {
        let number = Sequence::new(1 + client * rounds + round).context("a sequence")?;
        let mut taps = Vec::new();
        for device in 1..=DEVICES {
            let device = DeviceId::new(device).context("a device")?;
            taps.push(TapId { device, journal: JournalId::new(1).context("a journal")?, sequence: number });
        }
        // Everybody has its own order; the house brings them into one.
        for place in (1..taps.len()).rev() {
            taps.swap(place, usize::try_from(random.below(place as u64 + 1))?);
        }
        let mut connection = pool.acquire().await?;
        while again(store::mark::add(&mut connection, &taps).await.is_err()) {}
        drop(connection);
        let first = u32::try_from(random.below(u64::from(PARTITIONS)))?;
        let records: Vec<_> = (0..PARTITIONS).map(|step| ((first + step) % PARTITIONS, vec![1])).collect();
        while again(log.append(records.clone()).await.is_err()) {}
        if refused.load(Ordering::Relaxed) > REFUSED_MAX {
            break;
        }
    }
    Ok(())
}
