//! `farehouse retention`: lets go of what has outlived its time, and says what left.

use crate::{Ending, serve};
use anyhow::Context as _;
use engine::retention::{self, Lives};
use store::log::EmbeddedLog;

/// How long what lives how long.
#[derive(clap::Args)]
pub struct RetentionArgs {
    /// Change nothing; say what would leave.
    #[arg(long)]
    dry_run: bool,
    /// Say what left earlier, newest first, and let go of nothing.
    #[arg(long, conflicts_with = "dry_run")]
    list: bool,
    /// Days that the gateway remembers a tap it took in which never reached the ledger.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    received_days: u32,
    /// Days that the key of a command without an answer is remembered.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    asked_days: u32,
    /// Months before the open accounting day that charges stay.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1_200))]
    charge_months: u32,
    /// Days that records of the embedded log stay after their commit. Without it they all stay: the books are only rebuilt
    /// from a whole log.
    #[arg(long, value_parser = clap::value_parser!(u32).range(7..=3_650))]
    log_days: Option<u32>,
    /// The embedded log's topic.
    #[arg(long, default_value = "fare.taps.v1", requires = "log_days")]
    topic: String,
}

/// Entries that `--list` shows.
const LISTED: i64 = 1_000;

pub async fn run(args: RetentionArgs) -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await.context("borrowing a connection")?;
    if args.list {
        for entry in retention::entries(&mut connection, LISTED).await? {
            let month = entry.month.map(|first| first.format(" %Y-%m").to_string()).unwrap_or_default();
            let digest = entry.digest.map(|digest| format!(", digest {digest}")).unwrap_or_default();
            let (at, rows) = (entry.at.format("%Y-%m-%d %H:%M:%S"), entry.row_count);
            println!("{at} {}: {}{month}, {rows} rows{digest}", entry.table_name, entry.what);
        }
        return Ok(Ending::Done);
    }
    let lives = Lives {
        received_days: args.received_days,
        asked_days: args.asked_days,
        charge_months: args.charge_months,
        log_days: args.log_days,
    };
    let log = match args.log_days {
        None => None,
        Some(_) => {
            let log = EmbeddedLog::open(&pool, &args.topic).await?;
            let streams = store::workers::streams(&mut connection).await?;
            let stream = streams.into_iter().find(|stream| stream.topic_id == log.topic_id());
            let stream =
                stream.with_context(|| format!("no books are kept of the embedded log {}", args.topic))?;
            Some((stream.stream_id, log))
        }
    };
    let log = log.as_ref().map(|(stream_id, log)| (*stream_id, log));
    let run = retention::run(&mut connection, log, lives, args.dry_run).await?;
    let left = if args.dry_run { "would leave" } else { "left" };
    for (table, what, rows) in &run.left {
        println!("{table}, {what}: {rows} rows {left}");
    }
    for (table, what, why) in &run.stays {
        println!("{table}, {what}: stays, because {why}");
    }
    Ok(Ending::Done)
}
