//! G13: nothing refused is lost. What no sender should send comes to the door and into the log while workers are killed.

use crate::checker::{self, Violations};
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::town::{self, Device};
use crate::world::{LIVENESS, PARTITIONS, Stage, World};
use anyhow::Result;
use engine::intake::Answer;
use std::time::Instant;
use wire::{BodyFormat, EventLog as _};

/// Bytes that are no tap, or nobody's.
fn garbage(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let place = usize::try_from(random.below(bytes.len() as u64)).unwrap_or(0);
    match random.below(4) {
        0 => (0..1 + random.below(200)).map(|_| random.next().to_be_bytes()[0]).collect(),
        1 => {
            bytes.truncate(place);
            bytes
        }
        2 => {
            bytes[place] ^= 1 << random.below(8);
            bytes
        }
        _ => {
            bytes.extend_from_slice(&random.next().to_be_bytes());
            bytes
        }
    }
}

/// Good taps, and beside each batch of them garbage at the door and in the log.
pub async fn refused(stage: &mut Stage, turn: u64, sabotage: &[&'static str]) -> Result<Outcome> {
    let (mut random, rounds) = (stage.random(8_000 + turn), stage.count(25, 250));
    let world = World::open(stage).await?;
    for statement in sabotage {
        sqlx::query(*statement).execute(&world.pool).await?;
    }
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 3), 2)?;
    let mut device = Device::new(1)?;
    let (mut refused, mut in_log, mut kills) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let batch = device.round()?;
        town::deliver(&world.door, &world.history, &batch).await?;
        let bad: Vec<Vec<u8>> = (0..20).map(|n| garbage(&batch[n].1, &mut random)).collect();
        let receipts =
            world.door.receive(bad.iter().map(|raw| (BodyFormat::Proto, raw.clone())).collect()).await?;
        for (receipt, raw) in receipts.into_iter().zip(bad) {
            if let Answer::Quarantined(_) = receipt.answer {
                refused.push(raw);
            }
        }
        let stray: Vec<Vec<u8>> =
            (0..10).map(|n| garbage(&batch[n].1, &mut random)).filter(|raw| !raw.is_empty()).collect();
        let partition = u32::try_from(random.below(u64::from(PARTITIONS)))?;
        world.log.append(stray.iter().map(|raw| (partition, raw.clone())).collect()).await?;
        in_log.extend(stray);
        if round % 8 == 7 {
            crew.kill(usize::try_from(random.below(2))?);
            crew.fill()?;
            kills += 1;
        }
    }
    let calm = Instant::now();
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    kept(&world, "gateway", &refused, &mut end.violations).await?;
    kept(&world, "log", &in_log, &mut end.violations).await?;
    Ok(Outcome {
        guarantees: "G13",
        faults: format!(
            "{} bad inputs at the door, {} in the log, {kills} SIGKILL of workers",
            refused.len(),
            in_log.len()
        ),
        figures: end.figures.into(),
        violations: end.violations,
    })
}

/// Each refused input is in quarantine, byte for byte, as often as it came.
async fn kept(world: &World, source: &str, inputs: &[Vec<u8>], violations: &mut Violations) -> Result<()> {
    let missing = "SELECT count(*) FROM (
                     SELECT raw, count(*) AS came FROM unnest($2::bytea[]) AS input (raw) GROUP BY raw) AS input
                   LEFT JOIN (
                     SELECT raw, count(*) AS stay FROM ingest.quarantine WHERE source = $1 GROUP BY raw) AS kept
                   USING (raw)
                   WHERE came > coalesce(stay, 0)";
    let missing: i64 = sqlx::query_scalar(missing).bind(source).bind(inputs).fetch_one(&world.pool).await?;
    if missing != 0 {
        violations.push(format!("what is refused is kept byte for byte ({missing} of the {source} are not)"));
    }
    Ok(())
}
