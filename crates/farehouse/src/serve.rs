//! `farehouse serve`, `farehouse clear` and `farehouse person`: the house in daily use.

use crate::house::{House, open_log};
use crate::log::{AnyLog, LogKind};
use crate::pipeline::{RelayArgs, start_relay};
use crate::{Ending, database};
use anyhow::{Context as _, bail};
use chrono::Utc;
use engine::intake::{self, Intake};
use engine::worker;
use primitives::{Digest, EventTime, Minor, PostingDate, Sensitive};
use std::path::PathBuf;
use std::sync::Arc;
use store::PgPool;
use store::access::Person;
use tokio::net::TcpListener;
use web::role::Role;
use wire::MasterKey;

/// Which house.
#[derive(clap::Args)]
pub struct HouseArgs {
    /// The policy's directory.
    #[arg(long)]
    policy: PathBuf,
    /// The event log.
    #[arg(long, value_enum, default_value = "embedded")]
    log: LogKind,
    /// The log's topic.
    #[arg(long, default_value = "fare.taps.v1")]
    topic: String,
    /// Partitions of the topic, for ever; used when it is made.
    #[arg(long, default_value_t = 12)]
    partitions: u32,
    /// The accounting day the books open with (YYYY-MM-DD); used when the log is registered.
    #[arg(long, value_parser = parse_day)]
    first_day: PostingDate,
}

/// Where and as what to serve.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    house: HouseArgs,
    /// Address to listen on; put a proxy with TLS in front of anything but the loop-back.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Name of this installation, part of every device key.
    #[arg(long)]
    environment: String,
    /// A file with the secret that device keys are derived from: 64 hexadecimal characters.
    #[arg(long, env = "FAREHOUSE_MASTER_KEY_FILE")]
    master_key_file: PathBuf,
    /// People reach the pages through HTTPS.
    #[arg(long)]
    secure_cookies: bool,
    /// The amount, in minor units, up to which one person alone may give a fare back; above it two are needed.
    #[arg(long, default_value_t = 0)]
    refund_alone_max: i64,
    /// Do not run a worker in this process.
    #[arg(long)]
    no_worker: bool,
    #[command(flatten)]
    relay: RelayArgs,
}

/// A worker alone.
#[derive(clap::Args)]
pub struct ClearArgs {
    #[command(flatten)]
    house: HouseArgs,
    /// Most partitions this worker takes.
    #[arg(long)]
    share: Option<i64>,
    /// Most records of a batch.
    #[arg(long)]
    batch: Option<usize>,
    /// How much of account states it remembers between batches, in MiB: what it remembers it need not load.
    #[arg(long, default_value_t = 256)]
    memory_mib: usize,
    #[command(flatten)]
    relay: RelayArgs,
    /// How long a partition stays ours without renewal, in milliseconds: shorter is a quicker take-over after a crash,
    /// longer rides out longer pauses.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(i64).range(1_000..=60_000))]
    lease_ms: i64,
}

/// Somebody who may sign in.
#[derive(clap::Args)]
pub struct PersonArgs {
    /// The name to sign in with.
    login: String,
    /// The name that is shown.
    #[arg(long)]
    name: String,
    /// `viewer`, `finance` (proposes), `approver` (approves), or of a partner's program: `counter` (payments, passes,
    /// blocks) or `channel` (top-ups).
    #[arg(long)]
    role: String,
    /// A file that holds the password.
    #[arg(long)]
    password_file: PathBuf,
    /// Print a token of the programming interface for this person, and take the earlier ones away.
    #[arg(long)]
    token: bool,
}

/// Reads an accounting day from the command line.
pub fn parse_day(text: &str) -> Result<PostingDate, String> {
    PostingDate::parse(text).ok_or_else(|| "not a date like 2026-03-02".into())
}

/// Connections of one process.
const CONNECTIONS: u32 = 12;

/// Connections to the house's database, its schema up to date.
pub async fn connect() -> anyhow::Result<PgPool> {
    let pool = store::connect(&database::url()?, CONNECTIONS).await?;
    store::migrate(&pool).await?;
    Ok(pool)
}

/// Opens the house these arguments name.
pub async fn open(args: &HouseArgs) -> anyhow::Result<House> {
    let pool = connect().await?;
    let log = open_log(args.log, &pool, &args.topic, args.partitions).await?;
    House::open(pool, log, &farelab::feed::read(&args.policy)?, args.first_day).await
}

fn worker_name() -> String {
    format!("{}-{}", std::env::var("HOSTNAME").unwrap_or_else(|_| "farehouse".into()), std::process::id())
}

pub async fn run(args: Args) -> anyhow::Result<Ending> {
    let house = open(&args.house).await?;
    let hex = std::fs::read_to_string(&args.master_key_file).context("reading the master key")?;
    let Some(Ok(master)) = primitives::canonical::unhex(hex.trim()).map(<[u8; 32]>::try_from) else {
        bail!("the master key is not 64 hexadecimal characters");
    };
    let settings = intake::Settings {
        environment: args.environment.clone(),
        master: MasterKey::new(master),
        clock: Arc::new(|| now_or_start(Utc::now().timestamp_millis())),
    };
    let (log, policies) = (Arc::clone(&house.log), Arc::clone(&house.policies));
    let intake = Intake::open(house.pool.clone(), log, policies, settings).await?;
    let intake = Arc::new(intake.with_refund_alone_max(Minor::new(args.refund_alone_max)));
    let worker = (!args.no_worker).then(|| house.start_worker(worker::Settings::named(worker_name())));
    let relay = start_relay(&house, &args.relay, worker_name()).await?;
    let listener =
        TcpListener::bind(&args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
    println!("http://{}", listener.local_addr()?);
    let pages = web::Settings {
        environment: args.environment,
        city: city_name(&house),
        secure_cookies: args.secure_cookies,
    };
    serve(&house, intake, pages, listener).await?;
    if let Some(worker) = worker {
        worker.stop().await?;
    }
    if let Some(relay) = relay {
        relay.stop().await?;
    }
    Ok(Ending::Done)
}

pub async fn clear(args: ClearArgs) -> anyhow::Result<Ending> {
    let house = open(&args.house).await?;
    let mut settings = worker::Settings::named(worker_name());
    settings.share = args.share.unwrap_or(settings.share);
    settings.batch_max = args.batch.unwrap_or(settings.batch_max);
    settings.memory_bytes = args.memory_mib.saturating_mul(1 << 20);
    settings.lease_ms = args.lease_ms;
    // Listening before anything is held: who asks early must not leave leases behind.
    let asked = tokio::spawn(asked_to_stop());
    let worker = house.start_worker(settings);
    let relay = start_relay(&house, &args.relay, worker_name()).await?;
    asked.await??;
    worker.stop().await?;
    if let Some(relay) = relay {
        relay.stop().await?;
    }
    Ok(Ending::Done)
}

pub async fn person(args: PersonArgs) -> anyhow::Result<Ending> {
    let role =
        Role::parse(&args.role).context("the role is viewer, finance, approver, counter or channel")?;
    let password = std::fs::read_to_string(&args.password_file).context("reading the password")?;
    let pool = connect().await?;
    let mut connection = pool.acquire().await?;
    put_person(&mut connection, &args.login, &args.name, role, password.trim_end_matches('\n')).await?;
    if args.token {
        let token = web::secret::token()?;
        engine::access::revoke_tokens(&mut connection, &args.login).await?;
        engine::access::put_token(&mut connection, Digest::of(token.as_bytes()), &args.login).await?;
        println!("{token}");
    }
    Ok(Ending::Done)
}

/// Lets somebody sign in with this password.
pub async fn put_person(
    connection: &mut store::PgConnection,
    login: &str,
    name: &str,
    role: Role,
    password: &str,
) -> anyhow::Result<()> {
    let person = Person {
        login: login.into(),
        display_name: name.into(),
        password_hash: Sensitive::new(web::secret::hash_password(password)?),
        role: role.word().into(),
        active: true,
    };
    Ok(store::access::put_person(connection, &person).await?)
}

/// Serves the gateway and the pages until the process is asked to stop.
pub async fn serve(
    house: &House,
    intake: Arc<Intake<AnyLog>>,
    settings: web::Settings,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let clock = Arc::new(Utc::now);
    let state =
        web::State::new(house.pool.clone(), Arc::new(intake), Arc::clone(&house.policies), settings, clock)?;
    axum::serve(listener, web::app(state))
        .with_graceful_shutdown(async {
            if let Err(error) = asked_to_stop().await {
                tracing::error!(%error, "cannot hear signals");
            }
        })
        .await
        .context("serving")
}

/// Waits for Ctrl-C or a request to end.
pub async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("hearing Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

/// The name shown under the brand.
pub fn city_name(house: &House) -> String {
    house.policies.newest().map(|policy| policy.id().to_owned()).unwrap_or_default()
}

/// A clock before 2000 or after 2099 is broken; it is shown as the start of the range, so that every tap is refused as
/// coming from the future, and kept.
fn now_or_start(unix_ms: i64) -> EventTime {
    EventTime::from_unix_ms(unix_ms).unwrap_or(crate::simulated::EARLIEST)
}
