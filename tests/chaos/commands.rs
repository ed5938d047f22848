//! G9: one key, one effect, one answer. Payments through the HTTP door, each asked by many at once under one
//! `Idempotency-Key`, while workers and the door itself are killed and the log gets its records twice.

use crate::checker::{self, End};
use crate::crew::{self, Crew, Start};
use crate::history::{History, key};
use crate::outcome::Outcome;
use crate::proxy::{Proxy, Rewrite};
use crate::random::Random;
use crate::town;
use crate::world::{LIVENESS, PARTITIONS, Stage, World};
use anyhow::{Context as _, Result};
use primitives::{Currency, JournalId, Minor, Money, TapKind};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use validator::{MemoryJournal, Validator};
use wire::{EventLog as _, LogReader as _};

/// How many ask with the same key at the same time.
const AT_ONCE: usize = 64;
/// How many accounts pay.
const PAYERS: u64 = 4;
/// What each has in the beginning: less than it is asked for, so that some payments are refused.
const PURSE: i64 = 100_000;

/// The serving program, on a port of its own.
struct Gate {
    start: Start,
    args: Vec<String>,
    port: u16,
    child: RefCell<Option<Child>>,
}

impl Gate {
    /// Starts the door and lets somebody in who may ask for payments; with the door, their token.
    async fn open(stage: &Stage, world: &World, start: Start) -> Result<(Self, String)> {
        let secret = |name: &str, text: &str| -> Result<PathBuf> {
            let path = stage.scratch.file(&format!("{}.{name}", world.name));
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            Ok(path)
        };
        let password = secret("password", "the counter's long password")?;
        let master: String = town::MASTER.iter().map(|byte| format!("{byte:02x}")).collect();
        let master = secret("master", &master)?;
        let person =
            ["person", "counter", "--name", "Counter", "--role", "counter", "--token", "--password-file"];
        let token = crew::ask(&start, &[&person[..], &[&password.display().to_string()]].concat()).await?;
        let port = xtask::scratch::free_port()?;
        let mut args = vec!["serve".to_owned()];
        args.extend(crew::house_args(&start));
        let listen = format!("127.0.0.1:{port}");
        args.extend(
            ["--listen", &listen, "--environment", town::ENVIRONMENT, "--master-key-file"].map(str::to_owned),
        );
        args.extend([master.display().to_string(), "--no-worker".to_owned(), "--no-relay".to_owned()]);
        let gate = Gate { start, args, port, child: RefCell::new(None) };
        gate.restart()?;
        Ok((gate, token))
    }

    /// What a service manager does: a door that has ended by itself, for instance because Kafka did not answer, is started
    /// again.
    fn fill(&self) -> Result<()> {
        let ended = match self.child.borrow_mut().as_mut() {
            Some(child) => child.try_wait().context("looking after the door")?.is_some(),
            None => true,
        };
        if ended { self.restart() } else { Ok(()) }
    }

    /// SIGKILL to the one that serves, and a new one.
    fn restart(&self) -> Result<()> {
        self.kill();
        *self.child.borrow_mut() = Some(crew::launch(&self.start, &self.args, Stdio::null())?);
        Ok(())
    }

    fn kill(&self) {
        if let Some(mut child) = self.child.borrow_mut().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is asked under one key.
#[derive(Clone)]
struct Payment {
    key: String,
    account: u64,
    body: Value,
}

/// Where and as whom to ask.
#[derive(Clone)]
struct Asker {
    port: u16,
    token: String,
    /// How many verdicts all of them heard.
    heard: Arc<AtomicUsize>,
}

/// Payments are asked for, faults strike, and every asker of a key must hear the same.
pub async fn one_answer(
    stage: &mut Stage,
    turn: u64,
    rewrites: Vec<Rewrite>,
    sabotage: &[&'static str],
) -> Result<Outcome> {
    let (mut random, keys) = (stage.random(12_000 + turn), stage.count(16, 320));
    let world = World::open(stage).await?;
    for statement in sabotage {
        sqlx::query(*statement).execute(&world.pool).await?;
    }
    let proxy = Proxy::open(stage.database_port(), rewrites, false).await?;
    let crew = Crew::start(world.workers(stage.database_url(Some(proxy.port), &world.name), 3), 2)?;
    fill_purses(&world).await?;
    let start = world.workers(stage.database_url(None, &world.name), 3);
    let (gate, token) = Gate::open(stage, &world, start).await?;
    let asker = Asker { port: gate.port, token, heard: Arc::default() };
    let (mut faults, struck) = (random.fork(), Struck::default());
    let payments = tokio::select! {
        asked = ask_all(&world, &asker, keys, &mut random) => asked?,
        failed = strike(&crew, &gate, &asker.heard, &struck, &mut faults) => return Err(failed),
    };
    let calm = Instant::now();
    gate.kill();
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    let paid = compare(&world, &payments, &mut end).await?;
    let [_, posted] = end.figures;
    Ok(Outcome {
        guarantees: "G9",
        faults: format!(
            "{keys} payments through HTTP, each asked {AT_ONCE} times at once under one key; {} SIGKILL of workers, {} of the \
             door; every record of the log a second time",
            struck.workers.get(),
            struck.doors.get()
        ),
        figures: vec![format!("{paid} paid, {} refused", payments.len() - paid), posted],
        violations: end.violations,
    })
}

/// How many were killed.
#[derive(Default)]
struct Struck {
    workers: Cell<u32>,
    doors: Cell<u32>,
    /// How many verdicts had been heard at the last look.
    heard: Cell<usize>,
}

/// Kills workers and the door in turns, for ever; what comes back is a fault of the harness.
async fn strike(
    crew: &Crew,
    gate: &Gate,
    heard: &AtomicUsize,
    struck: &Struck,
    random: &mut Random,
) -> anyhow::Error {
    loop {
        tokio::time::sleep(random.between(300, 1_500)).await;
        // Who is killed before anybody was answered tells nothing: on a slow machine nobody would be served.
        let verdicts = heard.load(Ordering::Relaxed);
        if verdicts == struck.heard.replace(verdicts) {
            if let Err(error) = crew.fill().and_then(|()| gate.fill()) {
                return error;
            }
            continue;
        }
        let failed = if random.below(3) == 0 {
            struck.doors.set(struck.doors.get() + 1);
            gate.restart()
        } else {
            struck.workers.set(struck.workers.get() + 1);
            crew.kill(usize::from(random.below(2) == 0));
            crew.fill()
        };
        if let Err(error) = failed {
            return error;
        }
    }
}

/// Money in, so that there is something to pay with.
async fn fill_purses(world: &World) -> Result<()> {
    let journal = JournalId::new(200).context("a journal")?;
    let store = MemoryJournal::with_room(1_000);
    let mut validator = Validator::new(town::device_id(1), journal, 1, town::device_key(1), store);
    for card in 0..PAYERS {
        let value = Money::new(Minor::new(PURSE), Currency::VND);
        let (channel, reference) = (town::text("bank_app")?, town::text(format!("F{card}"))?);
        let kind = TapKind::TopUp { channel, reference, value };
        let envelope = validator.tap(town::medium(1, card), kind, town::at(0));
        let envelope = envelope.map_err(|error| anyhow::anyhow!("a device takes no tap: {error:?}"))?;
        let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        town::deliver(&world.door, &world.history, &[(key(tap.id), envelope.encode())]).await?;
    }
    Ok(())
}

/// Asks for payment after payment, each by many at once; half-way and in the end every record comes a second time.
async fn ask_all(world: &World, asker: &Asker, keys: u32, random: &mut Random) -> Result<Vec<Payment>> {
    let mut payments = Vec::new();
    for number in 0..keys {
        let card = random.below(PAYERS);
        let amount = 1_000 * (1 + random.below(2 * PURSE.unsigned_abs() * PAYERS / u64::from(keys) / 1_000));
        let body = json!({
            "medium": town::medium(1, card).to_string(), "payee": "hill_school", "bill": format!("B-{number}"),
            "amount": amount, "currency": "VND",
        });
        let payment = Payment { key: format!("pay-{number}"), account: 1_000 + card, body };
        let mut asking = JoinSet::new();
        for _ in 0..AT_ONCE {
            asking.spawn(ask(asker.clone(), payment.clone(), Arc::clone(&world.history)));
        }
        while let Some(asked) = asking.join_next().await {
            asked.context("an asker's task")??;
        }
        payments.push(payment);
        if number + 1 == keys / 2 || number + 1 == keys {
            repeat_log(world).await?;
        }
    }
    Ok(payments)
}

/// One asker: again and again with the same key, until there is a verdict, which is noted.
async fn ask(asker: Asker, payment: Payment, history: Arc<History>) -> Result<()> {
    let began = Instant::now();
    loop {
        let answer = call(&asker, &payment).await;
        if let Ok((200, answer)) = &answer {
            let word = |field: &str| answer[field].as_str().unwrap_or("-").to_owned();
            let verdict = format!("{} {} {} {}", word("id"), word("status"), answer["amount"], word("code"));
            asker.heard.fetch_add(1, Ordering::Relaxed);
            return history.answered(&payment.key, &verdict);
        }
        let passes = !matches!(answer, Ok((status, _)) if (400..500).contains(&status));
        anyhow::ensure!(passes && began.elapsed() < LIVENESS, "{}: {}", payment.key, said(&answer));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn said(answer: &Result<(u16, Value)>) -> String {
    match answer {
        Ok((status, body)) => format!("{status} {body}"),
        Err(error) => format!("{error:#}"),
    }
}

/// One call: its status and its body.
async fn call(asker: &Asker, payment: &Payment) -> Result<(u16, Value)> {
    let mut link = TcpStream::connect(("127.0.0.1", asker.port)).await?;
    let body = payment.body.to_string();
    let request = format!(
        "POST /v1/payments HTTP/1.1\r\nHost: chaos\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {}\r\nPrefer: wait=3\r\nContent-Length: {}\r\n\r\n{body}",
        asker.token,
        payment.key,
        body.len()
    );
    link.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    link.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

/// What an upstream that does not know whether it wrote does: it writes everything again.
async fn repeat_log(world: &World) -> Result<()> {
    let ends = world.ends().await?;
    let starts = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
    let mut reader = world.log.reader(starts).await?;
    let wanted = usize::try_from(ends.iter().sum::<i64>())?;
    let mut records = Vec::new();
    while records.len() < wanted {
        let entries = reader.next(wanted - records.len(), Duration::from_secs(1)).await?;
        records.extend(entries.into_iter().map(|entry| (entry.partition, entry.bytes)));
    }
    world.log.append(records).await?;
    Ok(())
}

/// One verdict a key, the ledger's own; and the purses hold what the verdicts leave. How many were paid.
async fn compare(world: &World, payments: &[Payment], end: &mut End) -> Result<usize> {
    let kept = "SELECT encode(command_id, 'hex') || ' ' || outcome || ' ' || amount || ' ' || coalesce(code, '-') FROM clearing.command";
    let kept: BTreeSet<String> = sqlx::query_scalar(kept).fetch_all(&world.pool).await?.into_iter().collect();
    let mut left: BTreeMap<u64, i64> = (0..PAYERS).map(|card| (1_000 + card, PURSE)).collect();
    let mut paid = 0;
    for payment in payments {
        let heard = end.told.answers.get(&payment.key).cloned().unwrap_or_default();
        let [verdict] = &heard.iter().collect::<Vec<_>>()[..] else {
            end.violations.push(format!("every asker of a key hears the same ({}: {heard:?})", payment.key));
            continue;
        };
        if !kept.contains(*verdict) {
            end.violations.push(format!("a verdict that was told stays ({}: {verdict})", payment.key));
        }
        if verdict.contains(" done ") {
            paid += 1;
            *left.entry(payment.account).or_default() -= payment.body["amount"].as_i64().unwrap_or_default();
        }
    }
    for (account, left) in left {
        let purse = "SELECT value - debt FROM clearing.account_state WHERE account_id = $1";
        let account = i64::try_from(account)?;
        let found: Option<i64> = sqlx::query_scalar(purse).bind(account).fetch_optional(&world.pool).await?;
        if found != Some(left) {
            end.violations.push(format!(
                "a purse holds what the verdicts leave (account {account}: {found:?}, not {left})"
            ));
        }
    }
    Ok(paid)
}
