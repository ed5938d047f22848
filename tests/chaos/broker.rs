//! G5 and G6: the broker dies and comes back; the log loses what it acknowledged.

use crate::checker::{self, Violations};
use crate::crew::Crew;
use crate::history::Tap;
use crate::outcome::Outcome;
use crate::proxy::{Proxy, Rewrite};
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World, lock};
use anyhow::{Context as _, Result};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// `kill -9` of the broker while devices tap.
pub async fn crashes(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(2_000 + turn), stage.count(2, 100));
    let world = World::open(stage).await?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 3), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let pause = Duration::from_millis(if stage.full { 1_500 } else { 400 });
    let fleet = world.fleet(devices, pause, &mut random);
    let mut slowest = Duration::ZERO;
    for _ in 0..times {
        tokio::time::sleep(random.between(1_000, 3_000)).await;
        let (kafka, down) = (Arc::clone(&stage.kafka), random.between(50, 1_000));
        let restarted = tokio::task::spawn_blocking(move || {
            let mut kafka = lock(&kafka);
            kafka.crash();
            std::thread::sleep(down);
            kafka.restart()
        });
        slowest = slowest.max(restarted.await.context("restarting Kafka")??);
        crew.fill()?;
    }
    let calm = Instant::now();
    let devices = fleet.finish().await?;
    send_what_is_not_posted(&world, &crew, &devices).await?;
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    no_halts(&world, &mut end.violations).await?;
    let [sent, posted] = end.figures;
    Ok(Outcome {
        guarantees: "G5",
        faults: format!("{times} kill -9 of the Kafka broker"),
        figures: vec![sent, format!("slowest broker start {:.1} s", slowest.as_secs_f64()), posted],
        violations: end.violations,
    })
}

/// A device keeps a tap until it is posted, so after a silence it sends those that are not.
pub async fn send_what_is_not_posted(world: &World, crew: &Crew, devices: &[Device]) -> Result<usize> {
    world.drained(crew, LIVENESS).await?;
    let missing = unposted(devices, &posted(world).await?);
    for batch in missing.chunks(100) {
        town::deliver(&world.door, &world.history, batch).await?;
    }
    Ok(missing.len())
}

/// What devices keep because it is not posted.
pub fn unposted(devices: &[Device], posted: &BTreeSet<Tap>) -> Vec<(Tap, Vec<u8>)> {
    let kept = devices.iter().flat_map(|device| &device.kept);
    kept.filter(|(tap, _)| !posted.contains(tap)).cloned().collect()
}

pub async fn posted(world: &World) -> Result<BTreeSet<Tap>> {
    let query = "SELECT device_id, journal_id, seq FROM clearing.tap";
    Ok(sqlx::query_as(query).fetch_all(&world.pool).await?.into_iter().collect())
}

/// Nothing was lost, so nothing may stand still.
pub async fn no_halts(world: &World, violations: &mut Violations) -> Result<()> {
    let halted = world.number("SELECT count(*) FROM ingest.partition_lease WHERE state = 'halt'").await?;
    if halted != 0 {
        violations.push(format!("no partition halts when the log lost nothing ({halted} did)"));
    }
    Ok(())
}

/// The log loses acknowledged records: its last segments are cut while the broker is down, so positions stand past its
/// end. The core must halt, never reset; a new topic and the devices' own memory heal it.
pub async fn lost_log(stage: &mut Stage, turn: u64, rewrites: Vec<Rewrite>) -> Result<Outcome> {
    let rounds = 3 + stage.random(3_000 + turn).below(4);
    let world = World::open(stage).await?;
    let proxy = Proxy::open(stage.database_port(), rewrites, false).await?;
    let url = stage.database_url(Some(proxy.port), &world.name);
    let crew = Crew::start(world.workers(url.clone(), 6), 1)?;
    let mut devices: Vec<Device> = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    for _ in 0..rounds {
        for device in &mut devices {
            let batch = device.round()?;
            town::deliver(&world.door, &world.history, &batch).await?;
        }
    }
    anyhow::ensure!(world.drained(&crew, LIVENESS).await?.is_some(), "the first taps are not cleared");
    let before = positions(&world).await?;
    crew.stop();
    // These are acknowledged, never read, and lost together with records that were read.
    let mut lost = 0;
    for device in &mut devices {
        let batch = device.round()?;
        lost += batch.len();
        town::deliver(&world.door, &world.history, &batch).await?;
    }
    cut_segments(stage, &world).await?;
    let crew = Crew::start(world.workers(url.clone(), 6), 1)?;
    let mut violations = Violations::new();
    let halted = wait_halted(&world, &before).await?;
    crew.stop();
    if halted == 0 {
        violations.push("a position past the end of the log halts its partition".to_owned());
    }
    no_position_fell(&world, &before, &mut violations).await?;
    // The operator's answer is a new topic; the devices send again what was not posted.
    let kafka = stage.kafka_address();
    let again_world = World::on(
        world.pool.clone(),
        world.name.clone(),
        format!("{}_again", world.topic),
        kafka,
        stage.scratch.file(&format!("{}.again.log", world.name)),
        Arc::clone(&world.history),
    )
    .await?;
    let crew = Crew::start(again_world.workers(url, 6), 2)?;
    let sent_again = send_what_is_not_posted(&again_world, &crew, &devices).await?;
    let end = checker::settle_posted(&again_world, &crew, Instant::now(), LIVENESS).await?;
    violations.extend(end.violations);
    if sent_again < lost {
        violations.push(format!("the lost taps were missed ({lost} lost, {sent_again} sent again)"));
    }
    Ok(Outcome {
        guarantees: "G6",
        faults: "the log's files cut to half while the broker was down".to_owned(),
        figures: vec![
            format!("{lost} acknowledged taps lost by the log"),
            format!("{halted} partitions halted"),
            format!("{sent_again} sent again to a new topic"),
        ],
        violations,
    })
}

/// Where each partition of the world's log stands.
pub async fn positions(world: &World) -> Result<Vec<(i32, i64)>> {
    let query = "SELECT part, next_offset FROM ingest.partition_lease WHERE stream_id = $1 ORDER BY part";
    Ok(sqlx::query_as(query).bind(world.stream_id).fetch_all(&world.pool).await?)
}

async fn fell(world: &World, before: &[(i32, i64)]) -> Result<bool> {
    Ok(positions(world).await?.iter().zip(before).any(|(now, then)| now.1 < then.1))
}

pub async fn no_position_fell(
    world: &World,
    before: &[(i32, i64)],
    violations: &mut Violations,
) -> Result<()> {
    if fell(world, before).await? {
        violations.push("a position is never reset".to_owned());
    }
    Ok(())
}

/// Stops the broker and cuts every segment of the topic to half of its length.
async fn cut_segments(stage: &Stage, world: &World) -> Result<()> {
    let (kafka, name) = (Arc::clone(&stage.kafka), world.topic.clone());
    let cut = tokio::task::spawn_blocking(move || -> Result<usize> {
        let mut kafka = lock(&kafka);
        kafka.crash();
        let mut cut = 0;
        for partition in fs::read_dir(kafka.home.data()).context("looking at the broker's log")?.flatten() {
            let folder = partition.file_name().to_string_lossy().into_owned();
            if folder.rsplit_once('-').is_none_or(|(topic, _)| topic != name) {
                continue;
            }
            for file in fs::read_dir(partition.path())?.flatten() {
                if file.path().extension().is_some_and(|extension| extension == "log") {
                    let segment = fs::OpenOptions::new().write(true).open(file.path())?;
                    segment.set_len(segment.metadata()?.len() / 2)?;
                    cut += 1;
                }
            }
        }
        kafka.restart()?;
        Ok(cut)
    });
    anyhow::ensure!(cut.await.context("cutting the log")?? > 0, "no segment of the topic was found");
    Ok(())
}

async fn wait_halted(world: &World, before: &[(i32, i64)]) -> Result<i64> {
    let began = Instant::now();
    let halted = "SELECT count(*) FROM ingest.partition_lease WHERE state = 'halt' AND halt_reason LIKE 'OFFSET_PAST_END%'";
    while began.elapsed() < Duration::from_secs(20) && !fell(world, before).await? {
        if world.number(halted).await? > 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            return world.number(halted).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(0)
}
