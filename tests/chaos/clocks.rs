//! G17: clocks go wrong. Safety takes no clock, and a tap's business date follows from its own time.

use crate::checker;
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World};
use anyhow::Result;
use sqlx::AssertSqlSafe;
use std::time::{Duration, Instant};

/// The leases jump a day forwards or back, as they seem to when the database's clock does: two workers then believe that
/// they hold the same partition.
pub async fn jumps(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(9_000 + turn), stage.count(20, 200));
    let world = World::open(stage).await?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 6), 3)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(400), &mut random);
    for _ in 0..times {
        tokio::time::sleep(random.between(200, 800)).await;
        let forward = random.below(4) == 0;
        let jump = if forward { "1 day" } else { "-1 day" };
        let all = format!(
            "WITH rows AS MATERIALIZED (
               SELECT stream_id, part FROM ingest.partition_lease ORDER BY stream_id, part FOR UPDATE)
             UPDATE ingest.partition_lease lease SET lease_until = lease_until + interval '{jump}' FROM rows
             WHERE (lease.stream_id, lease.part) = (rows.stream_id, rows.part) AND lease_until > '-infinity'"
        );
        insist(&world, &all).await?;
        if forward {
            // A lease from the future belongs to a living worker, which renews it; a person ends it otherwise.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let back = "WITH rows AS MATERIALIZED (
                          SELECT stream_id, part FROM ingest.partition_lease ORDER BY stream_id, part FOR UPDATE)
                        UPDATE ingest.partition_lease lease SET lease_until = clock_timestamp() FROM rows
                        WHERE (lease.stream_id, lease.part) = (rows.stream_id, rows.part)
                          AND lease_until > clock_timestamp() + interval '1 hour'";
            insist(&world, back).await?;
        }
    }
    let calm = Instant::now();
    fleet.finish().await?;
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    // minitown's day begins at its cut-over; the rule is its policy's.
    let wrong = "SELECT count(*) FROM clearing.tap
                 WHERE service_date <> ((at AT TIME ZONE 'Asia/Ho_Chi_Minh') - interval '4 hours')::date";
    let wrong = world.number(wrong).await?;
    if wrong != 0 {
        end.violations.push(format!("the service date follows from the tap's own time ({wrong} do not)"));
    }
    let epochs =
        world.number("SELECT sum(epoch)::bigint FROM ingest.partition_lease WHERE stream_id > 0").await?;
    let [sent, posted] = end.figures;
    Ok(Outcome {
        guarantees: "G17",
        faults: format!("{times} jumps of all leases by a day under three workers"),
        figures: vec![sent, format!("{epochs} epochs"), posted],
        violations: end.violations,
    })
}

/// A worker's batch may hold the rows longer than anybody waits for a lock; then again.
async fn insist(world: &World, statement: &str) -> Result<()> {
    let began = Instant::now();
    while let Err(error) = sqlx::query(AssertSqlSafe(statement)).execute(&world.pool).await {
        anyhow::ensure!(began.elapsed() < LIVENESS, "the leases do not jump: {error}");
    }
    Ok(())
}
