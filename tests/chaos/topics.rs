//! G6: an operator's mistake. The topic is deleted and made again under running workers; positions in the old one mean
//! nothing in the new one.

use crate::broker::{no_position_fell, positions, posted, send_what_is_not_posted, unposted};
use crate::checker::{self, Violations};
use crate::crew::{self, Crew, Start};
use crate::outcome::Outcome;
use crate::town::{self, Device};
use crate::world::{LIVENESS, PARTITIONS, Stage, World};
use anyhow::{Context as _, Result};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long Kafka, a reader's look at its topic, or the relay may take.
const SOON: Duration = Duration::from_secs(30);

/// The topic goes with records that nobody has read, and comes again at once or a moment later. The partitions halt, no
/// position moves back, the operator retires the old log, the devices' gaps are listed, and their memory heals them.
pub async fn replaced(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let mut random = stage.random(11_000 + turn);
    let world = World::open(stage).await?;
    let start = world.workers(stage.database_url(None, &world.name), 3);
    let crew = Crew::start(start.clone(), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(200), &mut random);
    tokio::time::sleep(random.between(2_000, 4_000)).await;
    // While the workers stand still, records pile up that go with the topic.
    let paused: Vec<_> = (0..crew.places()).map(|place| (place, crew.pause(place))).collect();
    tokio::time::sleep(random.between(700, 1_200)).await;
    let before = positions(&world).await?;
    let kafka = stage.kafka_address();
    replace(&kafka, &world.topic, random.between(0, 1_500)).await?;
    for (place, process) in paused {
        process.into_iter().for_each(|process| crew.resume(place, process));
    }
    let mut violations = Violations::new();
    let replaced = Instant::now();
    let halted = wait_replaced(&world).await?;
    let halted_after = replaced.elapsed();
    if halted != i64::from(PARTITIONS) {
        let reasons = "SELECT string_agg(DISTINCT state || ' ' || coalesce(halt_reason, ''), ', ') FROM ingest.partition_lease";
        let reasons: Option<String> = sqlx::query_scalar(reasons).fetch_one(&world.pool).await?;
        violations
            .push(format!("a topic that was replaced halts every partition ({halted} did: {reasons:?})"));
    }
    let devices = tokio::time::timeout(LIVENESS, fleet.finish()).await.context("the old door hangs")??;
    no_position_fell(&world, &before, &mut violations).await?;
    crew.stop();
    retire(&world, &start, &mut violations).await?;
    let lost = heal(stage, &world, devices, &mut violations).await?;
    Ok(Outcome {
        guarantees: "G6",
        faults: "the topic deleted and made again under two workers and six devices".to_owned(),
        figures: vec![
            format!("{halted} partitions halted within {:.1} s", halted_after.as_secs_f64()),
            format!("{lost} acknowledged taps lost with the topic, listed as gaps, and sent again"),
        ],
        violations,
    })
}

/// The same name, the same number of partitions, another topic.
async fn replace(kafka: &str, topic: &str, pause: Duration) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", kafka).create().context("an admin client")?;
    let deleted = admin.delete_topics(&[topic], &AdminOptions::new()).await.context("deleting a topic")?;
    for result in deleted {
        result.map_err(|(topic, code)| anyhow::anyhow!("deleting {topic}: {code}"))?;
    }
    tokio::time::sleep(pause).await;
    let began = Instant::now();
    // A broker forgets a topic a moment after it has answered.
    while let Err(error) = stream::create_topic(kafka, topic, PARTITIONS).await {
        anyhow::ensure!(began.elapsed() < SOON, "the topic cannot be made again: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Closing the client blocks.
    tokio::task::spawn_blocking(move || drop(admin)).await.context("closing an admin client")
}

/// Waits until every partition stands still for this reason; how many do.
async fn wait_replaced(world: &World) -> Result<i64> {
    let began = Instant::now();
    let query = "SELECT count(*) FROM ingest.partition_lease WHERE state = 'halt' AND halt_reason LIKE 'TOPIC_REPLACED%'";
    loop {
        let halted = world.number(query).await?;
        if halted == i64::from(PARTITIONS) || began.elapsed() > SOON {
            return Ok(halted);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What docs/operations.md tells the operator: look at the logs, then retire the one that is over.
async fn retire(world: &World, start: &Start, violations: &mut Violations) -> Result<()> {
    let listed = crew::ask(start, &["streams"]).await?;
    let halted = listed.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        (columns.first() == Some(&world.stream_id.to_string().as_str())).then(|| columns.get(7).copied())?
    });
    if !halted.eq([PARTITIONS.to_string()]) {
        violations.push(format!("the operator sees the halted log ({listed})"));
    }
    crew::ask(start, &["retire", &world.stream_id.to_string(), "--person", "chaos"]).await?;
    Ok(())
}

/// New processes on the new topic. How many taps were missing, which must be listed as gaps, and then none.
async fn heal(
    stage: &Stage,
    world: &World,
    mut devices: Vec<Device>,
    violations: &mut Violations,
) -> Result<usize> {
    let again = World::on(
        world.pool.clone(),
        world.name.clone(),
        world.topic.clone(),
        stage.kafka_address(),
        stage.scratch.file(&format!("{}.again.log", world.name)),
        Arc::clone(&world.history),
    )
    .await?;
    if again.stream_id == world.stream_id {
        violations.push("a topic made again is another log".to_owned());
    }
    let start = again.workers(stage.database_url(None, &world.name), 3);
    let crew = Crew::start(start.clone(), 2)?;
    for device in &mut devices {
        let batch = device.round()?;
        town::deliver(&again.door, &again.history, &batch).await?;
    }
    again.drained(&crew, LIVENESS).await?;
    let lost = unposted(&devices, &posted(&again).await?).len();
    if lost == 0 {
        violations.push("records go with their topic: the scenario lost none".to_owned());
    }
    listed_as_missing(&start, lost, violations).await?;
    send_what_is_not_posted(&again, &crew, &devices).await?;
    let end = checker::settle_posted(&again, &crew, Instant::now(), LIVENESS).await?;
    violations.extend(end.violations);
    listed_as_missing(&start, 0, violations).await?;
    Ok(lost)
}

/// `farehouse missing` lists so many taps, as soon as the relay has told which are posted.
async fn listed_as_missing(start: &Start, expected: usize, violations: &mut Violations) -> Result<()> {
    let began = Instant::now();
    loop {
        let (_, listed) = crew::run(start, &["missing"]).await?;
        let ranges = listed.lines().skip(1).filter_map(|line| {
            let mut columns = line.split('\t').skip(4).map(str::parse::<usize>);
            Some(columns.next()?.ok()?..=columns.next()?.ok()?)
        });
        let missing: usize = ranges.map(|range| range.count()).sum();
        if missing == expected {
            return Ok(());
        }
        if began.elapsed() > SOON {
            violations
                .push(format!("the gaps are what is missing ({expected} taps are, {missing} are listed)"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
