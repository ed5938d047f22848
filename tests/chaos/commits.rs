//! G4: the reply to a COMMIT is lost. Nobody may guess what happened; the row says it.

use crate::checker;
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::proxy::Proxy;
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World};
use anyhow::Result;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Connections are cut just before a COMMIT arrives or just after it took effect.
pub async fn lost_replies(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, wanted) = (stage.random(1_000 + turn), u64::from(stage.count(20, 500)));
    let world = World::open(stage).await?;
    let proxy = Proxy::open(stage.database_port(), Vec::new(), false).await?;
    let crew = Crew::start(world.workers(stage.database_url(Some(proxy.port), &world.name), 3), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(300), &mut random);
    let began = Instant::now();
    while proxy.plan.commits_cut.load(Ordering::SeqCst) < wanted {
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(60 + 6 * wanted),
            "the workers commit too seldom to be cut off {wanted} times"
        );
        proxy.cut_commits(1);
        tokio::time::sleep(random.between(100, 400)).await;
        crew.fill()?;
    }
    proxy.cut_commits(0);
    let calm = Instant::now();
    fleet.finish().await?;
    let end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    let cut = proxy.plan.commits_cut.load(Ordering::SeqCst);
    Ok(Outcome {
        guarantees: "G4",
        faults: format!(
            "{cut} connections cut around a COMMIT (a third before it, two thirds after it took effect)"
        ),
        figures: end.figures.into(),
        violations: end.violations,
    })
}
