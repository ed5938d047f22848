//! G8 and G9: many clients on three accounts, the same tap sent by many at once, senders that hang up.

use crate::checker;
use crate::crew::Crew;
use crate::history::key;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::town;
use crate::world::{LIVENESS, Stage, World};
use anyhow::{Context as _, Result};
use engine::intake::Answer;
use primitives::{Currency, JournalId, Minor, Money, TapKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use validator::{MemoryJournal, Validator};
use wire::BodyFormat;

const CLIENTS: u64 = 16;
const HOT_ACCOUNTS: u64 = 3;
/// How many send the same tap at the same time.
const AT_ONCE: usize = 64;

/// What the clients did.
#[derive(Default)]
struct Done {
    operations: AtomicU64,
    sent_at_once: AtomicU64,
    hung_up: AtomicU64,
}

/// Random rides and payments on the same three accounts while workers are killed.
pub async fn accounts(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, seconds) = (stage.random(7_000 + turn), u64::from(stage.count(15, 120)));
    let world = Arc::new(World::open(stage).await?);
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 3), 2)?;
    let (done, began) = (Arc::new(Done::default()), Instant::now());
    let mut clients = JoinSet::new();
    for number in 1..=CLIENTS {
        clients.spawn(client(Arc::clone(&world), Arc::clone(&done), number, random.fork(), began, seconds));
    }
    let mut kills = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(random.between(1_000, 3_000)).await;
        crew.kill(usize::try_from(random.below(2))?);
        crew.fill()?;
        kills += 1;
    }
    while let Some(client) = clients.join_next().await {
        client.context("a client's task")??;
    }
    let calm = Instant::now();
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    let remembered = world.number("SELECT count(*) FROM ingest.received").await?;
    if remembered < i64::try_from(end.told.acknowledged.len())? {
        end.violations.push("what was acknowledged is remembered as received".to_owned());
    }
    let [_, posted] = end.figures;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Outcome {
        guarantees: "G8 G9",
        faults: format!(
            "{CLIENTS} clients on {HOT_ACCOUNTS} accounts for {seconds} s, {kills} SIGKILL of workers"
        ),
        figures: vec![
            format!("{} operations", count(&done.operations)),
            format!("{} taps sent {AT_ONCE} times at once", count(&done.sent_at_once)),
            format!("{} senders hung up", count(&done.hung_up)),
            posted,
        ],
        violations: end.violations,
    })
}

async fn client(
    world: Arc<World>,
    done: Arc<Done>,
    number: u64,
    mut random: Random,
    began: Instant,
    seconds: u64,
) -> Result<()> {
    // All clients speak for one bus; a journal of its own gives each its own identities.
    let journal = JournalId::new(100 + number).context("a journal")?;
    let store = MemoryJournal::with_room(1_000_000);
    let mut validator = Validator::new(town::device_id(1), journal, 1, town::device_key(1), store);
    let mut turn = 0_u64;
    while began.elapsed() < Duration::from_secs(seconds) {
        turn += 1;
        let kind = match random.below(3) {
            0 => TapKind::TopUp {
                channel: town::text("bank_app")?,
                reference: town::text(format!("H{number}X{turn}"))?,
                value: Money::new(Minor::new(1_000 + 1_000 * random.below(30).cast_signed()), Currency::VND),
            },
            _ => TapKind::Boarding {
                route: town::text("B1")?,
                stop: Some(town::text("H1")?),
                trip: None,
                qr: false,
            },
        };
        let medium = town::medium(1, random.below(HOT_ACCOUNTS));
        let minute = i64::try_from(turn * 3 % 40_000)?;
        let envelope = validator.tap(medium, kind, town::at(minute));
        let envelope = envelope.map_err(|error| anyhow::anyhow!("a device takes no tap: {error:?}"))?;
        let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        let batch = [(key(tap.id), envelope.encode())];
        match random.below(40) {
            0 => {
                world.history.sent(&[batch[0].0])?;
                at_once(&world, &batch[0].1).await?;
                done.sent_at_once.fetch_add(1, Ordering::Relaxed);
            }
            1..=10 => {
                world.history.sent(&[batch[0].0])?;
                // The sender hangs up at any moment of the door's work.
                let sending = world.door.receive(vec![(BodyFormat::Proto, batch[0].1.clone())]);
                let _ = tokio::time::timeout(random.between(0, 12), sending).await;
                done.hung_up.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        // And then again, until it is answered.
        town::deliver(&world.door, &world.history, &batch).await?;
        done.operations.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The same bytes many times at once: every answer that comes is the same answer.
async fn at_once(world: &World, raw: &[u8]) -> Result<()> {
    let mut sending = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (door, raw) = (Arc::clone(&world.door), raw.to_vec());
        sending.spawn(async move { door.receive(vec![(BodyFormat::Proto, raw)]).await });
    }
    while let Some(answer) = sending.join_next().await {
        if let Ok(receipts) = answer? {
            anyhow::ensure!(
                receipts[0].answer == Answer::Received,
                "another answer to the same tap: {receipts:?}"
            );
        }
    }
    Ok(())
}
