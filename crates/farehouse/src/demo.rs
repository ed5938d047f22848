//! `farehouse demo`: a simulated city day from the first tap to the reconciled bank statement, compared with the
//! simulation's own answer to the đồng, and shown in the finance web.

mod compare;

use crate::house::{House, open_log};
use crate::log::LogKind;
use crate::serve::{asked_to_stop, city_name, put_person, serve};
use crate::simulated::{self, Door, Simulated};
use crate::{Ending, database};
use anyhow::{Context as _, bail};
use citysim::ExpectedCredit;
use compare::Comparison;
use engine::day::{self, Asked, Progress};
use engine::{report, settle, worker};
use primitives::{PostingDate, ServiceDate};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::report::RunRow;
use store::scratch::Scratch;
use tokio::net::TcpListener;
use web::role::Role;
use wire::BodyFormat;

/// Which day, and where to show it.
#[derive(clap::Args)]
pub struct Args {
    /// Rides of the day; a metro ride has two taps.
    #[arg(long, default_value_t = 40_000)]
    rides: u32,
    /// The simulation's seed: the same seed is the same day.
    #[arg(long, default_value_t = 20_260_302)]
    seed: u64,
    /// The service date.
    #[arg(long, default_value = "2026-03-02")]
    date: String,
    /// The policy to price with.
    #[arg(long, default_value = "fixtures/cities/hcmc")]
    policy: PathBuf,
    /// The event log.
    #[arg(long, value_enum, default_value = "embedded")]
    log: LogKind,
    /// Partitions of the event log.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Where the finance web listens.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: String,
    /// Write the address, the date and the people who may sign in to this file (JSON) when the web serves.
    #[arg(long)]
    url_file: Option<PathBuf>,
    /// End after the summary.
    #[arg(long)]
    exit: bool,
}

const DRAIN_MAX: Duration = Duration::from_secs(300);
const CLOSE_MAX: Duration = Duration::from_secs(60);

/// Who may sign in to the demo, and as what.
const PEOPLE: [(&str, &str, Role); 3] = [
    ("lan", "Trần Thị Lan", Role::Finance),
    ("minh", "Nguyễn Văn Minh", Role::Approver),
    ("vy", "Lê Tường Vy", Role::Viewer),
];

/// Somebody who may sign in.
struct Person {
    login: &'static str,
    role: Role,
    password: String,
}

pub async fn run(args: Args) -> anyhow::Result<Ending> {
    let scratch = Scratch::create(&database::url()?, "demo", 16).await?;
    let ending = live(&args, &scratch).await;
    scratch.remove().await?;
    ending
}

async fn live(args: &Args, scratch: &Scratch) -> anyhow::Result<Ending> {
    let started = Instant::now();
    let step = |text: String| eprintln!("[{:>5.1} s] {text}", started.elapsed().as_secs_f64());
    let date = ServiceDate::parse(&args.date).context("--date is not a date like 2026-03-02")?;
    let files = farelab::feed::read(&args.policy)?;
    let simulated = Simulated::make(args.seed, args.rides, date, &files)?;
    let day = &simulated.day;
    step(format!("simulated {} rides of {} accounts on {date}", day.answer.rides.rides, day.accounts.len()));

    let log =
        open_log(args.log, &scratch.pool, &format!("demo-{}", std::process::id()), args.partitions).await?;
    let house = House::open(scratch.pool.clone(), log, &files, PostingDate(date.0)).await?;
    simulated::enrol(&house, &simulated).await?;
    let people = enrol_people(&house).await?;
    let door = simulated.door(&house).await?;
    let listener =
        TcpListener::bind(&args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    let pages = web::Settings { environment: "demo".into(), city: city_name(&house), secure_cookies: false };
    let serving = serve(&house, Arc::clone(&door.intake), pages, listener);
    let clearing = async {
        let running = house.start_worker(worker::Settings::named("demo"));
        let sent = deliver(&url, &simulated, &door).await?;
        step(format!("delivered {sent} taps to {url}/v1/taps"));
        house.drained(DRAIN_MAX).await?;
        let cleared = close_and_pay(&house, &simulated, PostingDate(date.0), &step).await?;
        println!("{cleared}");
        announce(args, &url, date, &people, cleared.equal())?;
        if !args.exit {
            // The worker goes on: whoever tries the gateway by hand sees the tap posted.
            asked_to_stop().await?;
        }
        running.stop().await?;
        Ok::<Ending, anyhow::Error>(if cleared.equal() { Ending::Done } else { Ending::Differences })
    };
    tokio::select! {
        ending = clearing => ending,
        served = serving => {
            served?;
            Ok(Ending::Done)
        }
    }
}

async fn enrol_people(house: &House) -> anyhow::Result<Vec<Person>> {
    let mut connection = house.pool.acquire().await?;
    let mut people = Vec::new();
    for (login, name, role) in PEOPLE {
        // A new password each time: the demo may be left running where others can reach it.
        let password: String =
            web::secret::token()?.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        put_person(&mut connection, login, name, role, &password).await?;
        people.push(Person { login, role, password });
    }
    Ok(people)
}

/// Hands every delivery in over HTTP, in the order of arrival, with the door's clock at its arrival.
async fn deliver(url: &str, simulated: &Simulated, door: &Door) -> anyhow::Result<usize> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut sent = 0;
    for delivery in &simulated.day.deliveries {
        door.clock.turn(delivery.at);
        let content_type = match delivery.format {
            BodyFormat::Proto => "application/x-protobuf",
            BodyFormat::Json => "application/json",
        };
        let request =
            client.post(format!("{url}/v1/taps")).header("content-type", content_type).body(delivery.body());
        let response = request.send().await.context("handing taps in")?;
        if !response.status().is_success() {
            bail!(
                "the gateway answered {}: {}",
                response.status(),
                response.text().await.unwrap_or_default()
            );
        }
        sent += delivery.taps.len();
    }
    door.clock.finish();
    Ok(sent)
}

async fn close_and_pay(
    house: &House,
    simulated: &Simulated,
    date: PostingDate,
    step: &impl Fn(String),
) -> anyhow::Result<Comparison> {
    let mut connection = house.pool.acquire().await?;
    if let Asked::Refused(refusal) = day::ask_close(&mut connection, house.log.as_ref(), date).await? {
        bail!("the day cannot be closed: {refusal}");
    }
    let positions = match day::wait_closed(&mut connection, date, CLOSE_MAX).await? {
        Progress::Closed(positions) => positions,
        Progress::Refused(refusal) => bail!("the day stays open: {refusal}"),
        Progress::Waiting(_) | Progress::NotAsked => {
            bail!("the day's markers did not pass all partitions in {} s", CLOSE_MAX.as_secs())
        }
    };
    step(format!("closed {date}; positions {}", positions.hex()));
    let ends = report::log_ends(house.log.as_ref()).await?;
    let policy = house.policies.newest().context("a policy")?;
    let overview = report::day(&mut connection, date, &policy.day_rule(), &ends).await?;
    let balances = report::trial_balance(&mut connection, date, date).await?;

    let run = settle_day(&mut connection, date).await?;
    step(format!(
        "proposed by lan, approved by minh: {} payouts of {} in {}",
        run.paid, run.total, run.message_id
    ));
    let order = settle::hand_over(&mut connection, run.id, "lan").await?.unwrap_or_default();
    let claims: Vec<ExpectedCredit> = report::claims_of_day(&mut connection, date)
        .await?
        .into_iter()
        .map(|claim| ExpectedCredit { reference: claim.reference, amount: claim.amount })
        .collect();
    let file = simulated.day.bank.statement(&order, date.next().0, &claims)?;
    let name = format!("camt053-{}.xml", date.next());
    let imported = engine::reconcile::import(&mut connection, &name, &file.bytes, "lan").await?;
    step(format!("imported {name}: {} lines; {imported}", file.lines));
    let bank = store::bank::difference(&mut connection).await?;
    let open_breaks = store::bank::open_breaks(&mut connection).await?;
    Ok(Comparison::new(&simulated.day.answer, policy, &overview, &balances, &file, &bank, open_breaks))
}

async fn settle_day(connection: &mut store::PgConnection, date: PostingDate) -> anyhow::Result<RunRow> {
    let proposed = settle::propose(connection, date, "lan").await?.context("proposing the payouts")?;
    settle::approve(connection, proposed.id, proposed.digest, "minh").await?.context("approving the payouts")
}

fn announce(args: &Args, url: &str, date: ServiceDate, people: &[Person], equal: bool) -> anyhow::Result<()> {
    println!("\nFinance web: {url}/days/{date}");
    for person in people {
        println!(
            "  sign in as {:<6} password {:<14} ({})",
            person.login,
            person.password,
            person.role.word()
        );
    }
    if let Some(path) = &args.url_file {
        let users: Vec<_> = people
            .iter()
            .map(|person| json!({ "login": person.login, "password": person.password, "role": person.role.word() }))
            .collect();
        let object = json!({ "url": url, "date": date.to_string(), "users": users, "equal": equal });
        // Written beside and renamed, so that whoever waits for the file never reads half of it.
        let partial = path.with_extension("partial");
        std::fs::write(&partial, object.to_string()).context("writing --url-file")?;
        std::fs::rename(&partial, path).context("writing --url-file")?;
    }
    if !args.exit {
        println!("\nCtrl-C ends the demo.");
    }
    Ok(())
}
