//! G1 G2 G3: workers killed and paused, PostgreSQL killed, sessions ended, the network silent, all at once.

use crate::checker;
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::proxy::{Proxy, Rewrite};
use crate::random::Random;
use crate::storm::{Faults, Met, Target};
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World};
use anyhow::Result;
use std::time::Duration;

/// A run with its house, for a look at what is left.
pub struct Run {
    pub world: World,
    pub proxy: Proxy,
    pub outcome: Outcome,
}

/// How a run differs from the usual one.
#[derive(Default)]
pub struct Twist {
    /// Statements a mutant would send instead.
    pub rewrites: Vec<Rewrite>,
    /// The position is committed by itself.
    pub early_commit: bool,
    /// SQL that breaks the house before the first tap.
    pub sabotage: &'static [&'static str],
    /// How long all work may take after the last fault; the promise when not given.
    pub patience: Option<Duration>,
}

/// Devices tap, faults strike, and everything must come right afterwards.
pub async fn run(stage: &mut Stage, faults: Faults, twist: Twist, random: &mut Random) -> Result<Run> {
    let world = World::open(stage).await?;
    for statement in twist.sabotage {
        sqlx::query(*statement).execute(&world.pool).await?;
    }
    let proxy = Proxy::open(stage.database_port(), twist.rewrites, twist.early_commit).await?;
    let start = world.workers(stage.database_url(Some(proxy.port), &world.name), 3);
    let crew = Crew::start(start, 4)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(400), random);
    let target = Target { crew: &crew, postgres: &stage.postgres, proxy: &proxy, pool: &world.pool };
    let met = faults.strike(&target, random).await?;
    let calm = std::time::Instant::now();
    let during = world.number("SELECT count(*) FROM ingest.commit_log").await?;
    fleet.finish().await?;
    let end = checker::settle(&world, &crew, calm, twist.patience.unwrap_or(LIVENESS)).await?;
    let epochs =
        world.number("SELECT sum(epoch)::bigint FROM ingest.partition_lease WHERE stream_id > 0").await?;
    let [sent, posted] = end.figures;
    let figures = vec![
        sent,
        format!("{during} batches committed in the storm"),
        format!("{epochs} epochs"),
        format!("{} paused workers overtaken", met.taken_over),
        posted,
    ];
    let outcome = Outcome {
        guarantees: "G1 G2 G3",
        faults: describe(&faults, &met),
        figures,
        violations: end.violations,
    };
    Ok(Run { world, proxy, outcome })
}

fn describe(faults: &Faults, met: &Met) -> String {
    let kinds = [
        (faults.kills, "SIGKILL of workers"),
        (faults.pauses, "SIGSTOP 2.2–4.5 s"),
        (faults.crashes, "kill -9 of PostgreSQL"),
        (u32::try_from(met.terminated).unwrap_or(u32::MAX), "sessions ended"),
        (faults.silences, "network silences"),
    ];
    let words: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    words.join(", ")
}

/// The storm with every kind of fault.
pub async fn storm(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let mut random = stage.random(turn);
    // A full run plays this many times over; a short one plays half of it once.
    let faults = match stage.full {
        true => Faults { seconds: 100, kills: 100, pauses: 50, crashes: 15, terminations: 20, silences: 10 },
        false => Faults { seconds: 60, kills: 40, pauses: 20, crashes: 5, terminations: 8, silences: 3 },
    };
    let Run { world, mut outcome, .. } = run(stage, faults, Twist::default(), &mut random).await?;
    outcome.violations.extend(checker::pages_are_sound(&world).await?);
    Ok(outcome)
}
