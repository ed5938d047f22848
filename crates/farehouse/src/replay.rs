//! `farehouse replay`: recorded journeys through the whole pipeline, compared with what was really charged.

use crate::Ending;
use crate::database;
use crate::house::{House, Running, open_log};
use crate::log::{AnyLog, LogKind};
use crate::simulated;
use anyhow::{Context as _, bail};
use citysim::oyster::{self, Class, EventOptions, Journey, OysterDay, Places};
use citysim::{AccountSpec, DeviceSpec};
use engine::intake::{self, Answer, Intake};
use engine::registry::{Device, DeviceState, Enrolment};
use engine::report;
use primitives::PostingDate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::charged;
use store::scratch::Scratch;
use wire::MasterKey;

/// Where the journeys come from.
#[derive(clap::Subcommand)]
pub enum Source {
    /// London's Oyster sample of November 2009 (CSV, may be gzipped).
    Oyster(Args),
}

/// What to learn from and what to clear.
#[derive(clap::Args)]
pub struct Args {
    /// A file to learn the single fares from; may be given several times.
    #[arg(long, required = true)]
    learn: Vec<PathBuf>,
    /// The file to clear.
    #[arg(long)]
    clear: PathBuf,
    /// The event log the taps go through.
    #[arg(long, value_enum, default_value = "embedded")]
    log: LogKind,
    /// The subsystem that the headline figures are about; all are reported.
    #[arg(long, default_value = "LUL")]
    headline: String,
    /// Partitions of the event log.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
    /// Keep the scratch database, and say where it is.
    #[arg(long)]
    keep: bool,
}

const ENVIRONMENT: &str = "replay";
/// Keys of a replay protect nothing: the taps are made by the program itself.
const MASTER: [u8; 32] = *b"replayed taps are signed as well";
const KEY_VERSION: u32 = 1;
/// Taps handed to the door at a time.
const BATCH: usize = 5_000;
/// How long the worker may take to catch up when the last tap is in the log.
const DRAIN_MAX: Duration = Duration::from_secs(600);

pub async fn run(source: Source) -> anyhow::Result<Ending> {
    let Source::Oyster(args) = source;
    let started = Instant::now();
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
    let learn = args.learn.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let clear = read(&args.clear)?;
    let lessons: Vec<&[u8]> = learn.iter().map(Vec::as_slice).collect();
    let learned = oyster::learn(&lessons)?;
    // Stations are reference data, known from every file; fares are known from the lessons alone.
    let places = oyster::survey(&[lessons.as_slice(), &[clear.as_slice()]].concat())?;
    let options =
        EventOptions { environment: ENVIRONMENT.into(), master_key: MASTER, key_version: KEY_VERSION };
    let day = oyster::events(&clear, &places, &learned, &options)?;
    eprintln!(
        "learned {} fares from {} rows; clearing {} rows",
        learned.cells.len(),
        learned.rows,
        day.rows.len()
    );

    let scratch = Scratch::create(&database::url()?, "replay", 8).await?;
    let result = replay(&args, &scratch, &day, &places, &oyster::policy_files(&learned, &places)).await;
    if args.keep {
        eprintln!("the books are in {}", scratch.url());
    } else {
        scratch.remove().await?;
    }
    let outcome = result?;
    let holds = outcome.taps.holds();
    report_outcome(&args, &day, &outcome, started.elapsed());
    Ok(if holds { Ending::Done } else { Ending::Differences })
}

/// What the house made of the file.
struct Outcome {
    taps: Taps,
    classes: BTreeMap<String, BTreeMap<Class, u64>>,
    payg: BTreeMap<String, u64>,
    ledger_hash: String,
}

/// How the taps were counted.
#[derive(Default)]
struct Taps {
    sent: u64,
    accepted: u64,
    posted: u64,
    duplicate: u64,
    quarantined: u64,
}

impl Taps {
    fn holds(&self) -> bool {
        self.sent == self.accepted && self.accepted == self.posted + self.duplicate + self.quarantined
    }
}

async fn replay(
    args: &Args,
    scratch: &Scratch,
    day: &OysterDay,
    places: &Places,
    files: &fares::Files,
) -> anyhow::Result<Outcome> {
    let topic = format!("replay-{}", std::process::id());
    let log = open_log(args.log, &scratch.pool, &topic, args.partitions).await?;
    let (first, last) = day.span().context("the file holds no journey")?;
    let house = House::open(scratch.pool.clone(), log, files, PostingDate(first.0)).await?;
    enrol(&house, day).await?;
    let now = last;
    let settings = intake::Settings {
        environment: ENVIRONMENT.into(),
        master: MasterKey::new(MASTER),
        clock: Arc::new(move || now),
    };
    let door =
        Intake::open(house.pool.clone(), Arc::clone(&house.log), Arc::clone(&house.policies), settings)
            .await?;
    let worker = house.start_worker(engine::worker::Settings::named("replay"));
    let sent = send_all(&Arc::new(door), day, places).await?;
    let mut outcome = finish(&house, worker, day).await?;
    outcome.taps.sent = sent;
    Ok(outcome)
}

async fn enrol(house: &House, day: &OysterDay) -> anyhow::Result<()> {
    let device = |spec: &DeviceSpec| Device {
        id: spec.id,
        operator: spec.operator,
        key_version: spec.key_version,
        state: DeviceState::Active,
        label: spec.label.clone(),
    };
    let accounts: Vec<AccountSpec> = day.accounts().collect();
    let enrolment =
        Enrolment { devices: day.devices.iter().map(device).collect(), ..simulated::people(&accounts)? };
    let mut connection = house.pool.acquire().await?;
    Ok(engine::registry::enrol(&mut connection, &enrolment).await?)
}

async fn send_all(door: &Arc<Intake<AnyLog>>, day: &OysterDay, places: &Places) -> anyhow::Result<u64> {
    let mut envelopes = day.envelopes(places);
    let mut sent = 0;
    loop {
        let batch: Vec<_> = envelopes.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(sent);
        }
        let size = batch.len();
        let receipts = door.receive(batch).await?;
        if receipts.len() != size {
            bail!("{} answers to {size} taps", receipts.len());
        }
        for receipt in receipts {
            if let Answer::Quarantined(refusal) = receipt.answer {
                tracing::debug!(%refusal, "set aside at the door");
            }
        }
        sent += size as u64;
    }
}

async fn finish(house: &House, worker: Running, day: &OysterDay) -> anyhow::Result<Outcome> {
    house.drained(DRAIN_MAX).await?;
    worker.stop().await?;
    let ends = report::log_ends(house.log.as_ref()).await?;
    let mut connection = house.pool.acquire().await?;
    let mut taps = Taps::default();
    for row in report::pipeline(&mut connection, &ends).await? {
        taps.accepted += row.accepted;
        taps.posted += row.posted;
        taps.duplicate += row.duplicate;
        taps.quarantined += row.quarantined;
    }
    let charged = charged::by_account(&mut connection).await?;
    let mut classes: BTreeMap<String, BTreeMap<Class, u64>> = BTreeMap::new();
    let mut payg: BTreeMap<String, u64> = BTreeMap::new();
    for truth in day.rows.iter().filter(|truth| truth.row.journey == Journey::PayAsYouGo) {
        let known =
            charged.get(&truth.account).filter(|charged| !charged.unpriced).map(|charged| charged.rider);
        let subsystem = truth.row.subsystem.to_string();
        *payg.entry(subsystem.clone()).or_default() += 1;
        *classes.entry(subsystem).or_default().entry(oyster::classify(truth, known)).or_default() += 1;
    }
    let ledger_hash = engine::day::positions(&mut connection).await?.hex();
    Ok(Outcome { taps, classes, payg, ledger_hash })
}

/// The classes of one subsystem: how many are equal, of how many that could be, in hundredths of a percent.
fn figures(payg: u64, classes: &BTreeMap<Class, u64>) -> (u64, u64, f64) {
    let of = |class| classes.get(&class).copied().unwrap_or(0);
    let learned = payg - of(Class::NotLearned);
    let equal = of(Class::Equal);
    let hundredths = (equal * 10_000).checked_div(learned).unwrap_or(0);
    let percent = hundredths as f64 / 100.0;
    (learned, equal, percent)
}

fn subsystem_json(payg: u64, classes: &BTreeMap<Class, u64>) -> Value {
    let (learned, equal, equal_pct) = figures(payg, classes);
    let rest = classes.iter().filter(|(class, _)| **class != Class::Equal);
    let by_reason: serde_json::Map<String, Value> =
        rest.map(|(class, count)| (class.word().to_owned(), json!(count))).collect();
    json!({ "payg": payg, "learned": learned, "equal": equal, "equal_pct": equal_pct, "by_reason": by_reason })
}

fn report_outcome(args: &Args, day: &OysterDay, outcome: &Outcome, elapsed: Duration) {
    let Outcome { taps, classes, payg, ledger_hash } = outcome;
    println!("{:<12} {:>8} {:>8} {:>8} {:>7}  rest by class", "subsystem", "payg", "learned", "equal", "%");
    for (subsystem, count) in payg {
        let classes = &classes[subsystem];
        let (learned, equal, percent) = figures(*count, classes);
        let rest: Vec<String> = classes
            .iter()
            .filter(|(class, _)| **class != Class::Equal)
            .map(|(class, count)| format!("{} {count}", class.word()))
            .collect();
        println!("{subsystem:<12} {count:>8} {learned:>8} {equal:>8} {percent:>7.2}  {}", rest.join(", "));
    }
    println!(
        "rows {}: {} taps accepted = {} posted + {} duplicate + {} quarantined; {:.1} s",
        day.rows.len() + day.odd.len(),
        taps.accepted,
        taps.posted,
        taps.duplicate,
        taps.quarantined,
        elapsed.as_secs_f64()
    );
    println!("ledger {ledger_hash}");
    if args.json {
        let empty = BTreeMap::new();
        let headline = subsystem_json(
            payg.get(&args.headline).copied().unwrap_or(0),
            classes.get(&args.headline).unwrap_or(&empty),
        );
        let subsystems: serde_json::Map<String, Value> =
            payg.iter().map(|(name, count)| (name.clone(), subsystem_json(*count, &classes[name]))).collect();
        let object = json!({
            "rows": day.rows.len() + day.odd.len(),
            "taps": taps.sent,
            "accepted": taps.accepted,
            "posted": taps.posted,
            "duplicate": taps.duplicate,
            "quarantined": taps.quarantined,
            "headline": args.headline,
            "payg": headline["payg"],
            "learned": headline["learned"],
            "equal": headline["equal"],
            "equal_pct": headline["equal_pct"],
            "by_reason": headline["by_reason"],
            "subsystems": subsystems,
            "ledger_hash": ledger_hash,
            "seconds": (elapsed.as_millis() as f64) / 1000.0,
        });
        println!("{object}");
    }
}
