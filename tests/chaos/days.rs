//! G10: days close while closers and workers are killed; a rebuild from the log gives the same books.

use crate::checker;
use crate::crew::{self, Crew, Start};
use crate::outcome::Outcome;
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World, lock};
use anyhow::{Context as _, Result};
use primitives::PostingDate;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Closes day after day, killing the closing program and a worker on the way; then clears the same log again into an empty
/// database, and compares.
pub async fn close_and_rebuild(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(6_000 + turn), stage.count(2, 20));
    let world = World::open(stage).await?;
    let start = world.workers(stage.database_url(None, &world.name), 3);
    let crew = Crew::start(start.clone(), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet =
        world.fleet(devices, Duration::from_millis(if stage.full { 1_000 } else { 400 }), &mut random);
    let (mut kills, mut answers) = (0, Vec::new());
    let mut day = PostingDate::parse(crew::FIRST_DAY).context("a date")?.0;
    for _ in 0..times {
        let mut closer = crew::launch(&start, &close_args(&start, day), Stdio::null())?;
        tokio::time::sleep(random.between(200, 1_500)).await;
        let _ = closer.kill();
        closer.wait()?;
        let place = usize::try_from(random.below(2))?;
        crew.kill(place);
        crew.fill()?;
        kills += 2;
        answers.push((day, close(&start, day).await?));
        day = day.succ_opt().context("a next day")?;
    }
    fleet.finish().await?;
    let mut violations = checker::settle(&world, &crew, Instant::now(), LIVENESS).await?.violations;
    let crew = Crew::start(start.clone(), 1)?;
    for (day, answer) in &answers {
        let again = close(&start, *day).await?;
        if again != *answer {
            violations.push(format!("closing {day} again gives the same answer ({answer} became {again})"));
        }
    }
    crew.stop();
    let closed = world.number("SELECT count(*) FROM settle.day WHERE state = 'closed'").await?;
    if closed != i64::from(times) {
        violations.push(format!("each day closes once ({closed} rows for {times} days)"));
    }
    let books = checker::digest(&world).await?;
    let rebuilt = rebuild(stage, &world).await?;
    let same = checker::digest(&rebuilt).await? == books;
    if !same {
        violations.push("a rebuild from the log gives the same books".to_owned());
    }
    // The digest itself must see one đồng.
    sqlx::query("UPDATE clearing.account_state SET debt = debt + 1 WHERE account_id = (SELECT min(account_id) FROM clearing.account_state WHERE value = 0)")
        .execute(&rebuilt.pool).await?;
    if checker::digest(&rebuilt).await? == books {
        violations.push("the digest of the books sees one đồng".to_owned());
    }
    Ok(Outcome {
        guarantees: "G10",
        faults: format!(
            "{times} days closed with {kills} kills of closers and workers; one rebuild from the log"
        ),
        figures: vec![format!("books equal after the rebuild: {same}")],
        violations,
    })
}

fn close_args(start: &Start, day: impl std::fmt::Display) -> Vec<String> {
    let mut args = vec!["close".to_owned()];
    args.extend(crew::house_args(start));
    args.push(day.to_string());
    args
}

/// Closes a day, and again when a fault came between; what the program said.
async fn close(start: &Start, day: impl std::fmt::Display + Copy) -> Result<String> {
    let began = Instant::now();
    loop {
        if let (true, printed) = crew::run(start, &close_args(start, day)).await? {
            return Ok(printed);
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(90), "{day} does not close");
    }
}

/// The same log, cleared by one undisturbed worker into an empty database.
async fn rebuild(stage: &mut Stage, world: &World) -> Result<World> {
    let name = stage.name();
    lock(&stage.postgres).home.create_database(&name)?;
    let url = stage.database_url(None, &name);
    let rebuilt =
        World::open_on_topic(stage, &name, &url, Arc::clone(&world.history), world.topic.clone()).await?;
    let crew = Crew::start(rebuilt.workers(url, 6), 1)?;
    anyhow::ensure!(
        rebuilt.drained(&crew, 2 * LIVENESS).await?.is_some(),
        "the rebuild does not come to its end"
    );
    crew.stop();
    Ok(rebuilt)
}
