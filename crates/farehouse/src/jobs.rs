//! `farehouse expire`, `close` and `import`: what a scheduler starts at dawn. All may be started again with the same end.

use crate::Ending;
use crate::house::existing_log;
use crate::policy::LogArgs;
use crate::serve::{self, HouseArgs};
use anyhow::{Context as _, anyhow, bail};
use engine::day::{self, Asked, Progress};
use engine::expire::{Ended, Expired};
use primitives::{EventTime, PostingDate};
use std::path::PathBuf;
use std::time::Duration;

/// Which day to close.
#[derive(clap::Args)]
pub struct CloseArgs {
    #[command(flatten)]
    house: HouseArgs,
    /// The accounting day (YYYY-MM-DD): the oldest open one.
    #[arg(value_parser = serve::parse_day)]
    date: PostingDate,
    /// How long to wait for the workers, in seconds.
    #[arg(long, default_value_t = 300)]
    wait: u64,
}

/// Which file to import.
#[derive(clap::Args)]
pub struct ImportArgs {
    /// A camt.053 file.
    file: PathBuf,
    /// Who is said to have imported it.
    #[arg(long, default_value = "job")]
    actor: String,
}

/// Which announced top-ups to take back. Passes are ended 48 hours after their time is over.
#[derive(clap::Args)]
pub struct ExpireArgs {
    /// Those announced at least so many hours ago.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(i64).range(1..=24 * 365))]
    hours: i64,
    /// How long to wait for the workers, in seconds.
    #[arg(long, default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    log: LogArgs,
}

pub async fn expire(args: ExpireArgs) -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let log = existing_log(args.log.log, &pool, &args.log.topic).await?;
    let mut connection = pool.acquire().await?;
    let now = crate::policy::now()?;
    let before = EventTime::from_unix_ms(now.unix_ms() - args.hours * 3_600_000)
        .context("so long ago there was no house")?;
    let wait = Duration::from_secs(args.wait);
    let expired = engine::expire::run(&mut connection, &log, before, now, wait).await?;
    let Expired { cancelled, settled, pending: top_ups } = expired;
    println!("{cancelled} top-ups taken back, {settled} settled meanwhile, {top_ups} pending");
    let ended = engine::expire::passes(&mut connection, &log, now, wait).await?;
    let Ended { ended, refused, pending: passes } = ended.map_err(|refusal| anyhow!("{refusal}"))?;
    println!("{ended} passes ended, {refused} not over yet, {passes} pending");
    let pending = top_ups + passes;
    if pending > 0 {
        bail!(
            "{pending} are in the log and not in the ledger: is a worker running, or do they lie in quarantine?"
        );
    }
    Ok(Ending::Done)
}

pub async fn close(args: CloseArgs) -> anyhow::Result<Ending> {
    let house = serve::open(&args.house).await?;
    let mut connection = house.pool.acquire().await?;
    if let Asked::Refused(refusal) = day::ask_close(&mut connection, house.log.as_ref(), args.date).await? {
        bail!("{refusal}");
    }
    match day::wait_closed(&mut connection, args.date, Duration::from_secs(args.wait)).await? {
        Progress::Closed(positions) => {
            println!("{} closed; positions {}", args.date, positions.hex());
            Ok(Ending::Done)
        }
        Progress::Waiting(partitions) => {
            bail!("{partitions} partitions have not passed the marker; is a worker running?")
        }
        Progress::Refused(refusal) => bail!("{} stays open: {refusal}", args.date),
        Progress::NotAsked => bail!("the request to close {} is not in the tables", args.date),
    }
}

pub async fn import(args: ImportArgs) -> anyhow::Result<Ending> {
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    let imported = engine::reconcile::import(&mut connection, &name, &bytes, &args.actor).await?;
    println!("{imported}");
    let bank = engine::reconcile::difference(&mut connection).await?;
    println!("book {} - bank {} = {}", bank.book, bank.statements, bank.difference);
    let posted =
        imported.outcome.as_ref().is_ok_and(|statements| statements.iter().all(|statement| statement.posted));
    Ok(if posted && bank.difference.is_zero() { Ending::Done } else { Ending::Differences })
}
