//! G18: how long it takes until somebody works again, one fault at a time on a house that is otherwise well.

use crate::checker;
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::town::{self, Device};
use crate::world::{LEASE_MS, LIVENESS, Stage, World, lock};
use anyhow::{Context as _, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A generous bound for a busy machine; what is promised is the lease and one second.
const TAKEOVER_AT_MOST: Duration = Duration::from_millis(LEASE_MS + 6_000);
/// What is promised is five seconds beyond the database's own recovery.
const RECOVERY_AT_MOST: Duration = Duration::from_secs(30);

/// Kills the worker that works, and the database, and times the next commit.
pub async fn bounded(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(5_000 + turn), stage.count(3, 40));
    let world = World::open(stage).await?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 6), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(if stage.full { 700 } else { 300 }), &mut random);
    let (mut takeovers, mut recoveries) = (Vec::new(), Vec::new());
    for _ in 0..times {
        // The successor of the last one must be up before the next dies.
        tokio::time::sleep(random.between(3_000, 4_000)).await;
        let Some(place) = working(&world, &crew).await? else { continue };
        let killed = Instant::now();
        let owner = crew.kill(place).context("the worker that works")?;
        let others = "SELECT count(*) FROM ingest.partition_lease WHERE stream_id = $1 AND owner = $2";
        while sqlx::query_scalar::<_, i64>(others)
            .bind(world.stream_id)
            .bind(&owner)
            .fetch_one(&world.pool)
            .await?
            > 0
            && killed.elapsed() < 2 * TAKEOVER_AT_MOST
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        takeovers.push(killed.elapsed());
        crew.fill()?;
    }
    for _ in 0..times.div_ceil(2) {
        tokio::time::sleep(random.between(1_500, 2_500)).await;
        let postgres = Arc::clone(&stage.postgres);
        let restarted = tokio::task::spawn_blocking(move || {
            let mut postgres = lock(&postgres);
            postgres.crash()?;
            postgres.restart()
        });
        restarted.await.context("restarting PostgreSQL")??;
        let ready = Instant::now();
        let before = commits(&world).await?;
        while commits(&world).await? == before && ready.elapsed() < 2 * RECOVERY_AT_MOST {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        recoveries.push(ready.elapsed());
    }
    fleet.finish().await?;
    let mut violations = checker::settle(&world, &crew, Instant::now(), LIVENESS).await?.violations;
    bound(&mut violations, "a partition is taken over", &takeovers, TAKEOVER_AT_MOST);
    bound(&mut violations, "work goes on after a crash of the database", &recoveries, RECOVERY_AT_MOST);
    Ok(Outcome {
        guarantees: "G18",
        faults: format!(
            "{} SIGKILL of the worker at work, {} kill -9 of PostgreSQL",
            takeovers.len(),
            recoveries.len()
        ),
        figures: vec![
            format!("takeover at a lease of {} s: {}", LEASE_MS / 1_000, spread(&mut takeovers)),
            format!("first commit after PostgreSQL is back: {}", spread(&mut recoveries)),
        ],
        violations,
    })
}

/// The place of the worker that holds most.
async fn working(world: &World, crew: &Crew) -> Result<Option<usize>> {
    let query =
        "SELECT owner FROM ingest.partition_lease WHERE stream_id = $1 AND lease_until > clock_timestamp()
                 GROUP BY owner ORDER BY count(*) DESC LIMIT 1";
    let owner: Option<String> =
        sqlx::query_scalar(query).bind(world.stream_id).fetch_optional(&world.pool).await?;
    Ok((0..crew.places()).find(|place| crew.owner(*place) == owner && owner.is_some()))
}

async fn commits(world: &World) -> Result<i64> {
    world.number("SELECT count(*) FROM ingest.commit_log").await
}

fn bound(violations: &mut Vec<String>, what: &str, times: &[Duration], at_most: Duration) {
    if times.is_empty() {
        violations.push(format!("{what}: nothing was measured"));
    }
    if let Some(slow) = times.iter().max().filter(|slow| **slow > at_most) {
        violations.push(format!("{what} within {at_most:?} (it took {slow:?})"));
    }
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
    format!(
        "median {:.1} s, p99 {:.1} s, most {:.1} s",
        seconds(at(50)),
        seconds(at(99)),
        seconds(times.last())
    )
}
