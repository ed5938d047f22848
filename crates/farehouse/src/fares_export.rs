//! `farehouse fares export`: the riding taps of a log as lines of a file, for a shadow run of another policy.

use crate::Ending;
use crate::database;
use crate::log::{AnyLog, LogKind};
use anyhow::Context as _;
use farelab::taps;
use primitives::Record;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use store::log::EmbeddedLog;
use stream::KafkaLog;
use wire::{EventLog as _, LogReader as _};

/// Which log, and where to.
#[derive(clap::Args)]
pub struct Args {
    /// The database of the embedded log.
    #[arg(long, env = "FAREHOUSE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The event log.
    #[arg(long, value_enum, default_value = "embedded")]
    log: LogKind,
    /// The log's topic.
    #[arg(long, default_value = "fare.taps.v1")]
    topic: String,
    /// The first offset to take, of each partition.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The file to write; it must not be there yet.
    #[arg(long)]
    out: PathBuf,
}

/// Connections to the embedded log's database.
const CONNECTIONS: u32 = 2;
/// Records asked for at a time.
const BATCH: usize = 5_000;
/// How long a read may wait; what is asked for is in the log already.
const WAIT: Duration = Duration::from_secs(10);

pub async fn run(args: Args) -> anyhow::Result<Ending> {
    let log = open(&args).await?;
    let path = args.out.display();
    let file = File::create_new(&args.out).with_context(|| format!("making {path}"))?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{}", taps::header()).with_context(|| format!("writing {path}"))?;
    let partitions = log.identity().await?.partitions;
    let mut written = 0_u64;
    for partition in 0..partitions {
        let (low, high) = log.bounds(partition).await?;
        let mut next = args.from.max(low);
        if next >= high {
            continue;
        }
        let mut reader = log.reader(vec![(partition, next)]).await?;
        while next < high {
            let entries = reader.next(BATCH, WAIT).await?;
            if entries.is_empty() {
                anyhow::bail!(
                    "partition {partition} gave nothing from offset {next} on, and should have up to {high}"
                );
            }
            for entry in entries.iter().filter(|entry| entry.offset < high) {
                next = entry.offset + 1;
                let line = match wire::decode_record(&entry.bytes) {
                    Ok(Record::Tap(tap)) => taps::line(&tap),
                    Ok(Record::Day(_) | Record::Policy(_) | Record::Command(_)) => None,
                    Err(refusal) => {
                        eprintln!("partition {partition} offset {}: {refusal}", entry.offset);
                        None
                    }
                };
                if let Some(line) = line {
                    writeln!(out, "{line}").with_context(|| format!("writing {path}"))?;
                    written += 1;
                }
            }
        }
    }
    out.flush().with_context(|| format!("writing {path}"))?;
    eprintln!("{written} riding taps of {partitions} partitions");
    Ok(Ending::Done)
}

async fn open(args: &Args) -> anyhow::Result<AnyLog> {
    Ok(match args.log {
        LogKind::Kafka => AnyLog::Kafka(KafkaLog::open(&database::kafka()?, &args.topic).await?),
        LogKind::Embedded => {
            let url = args.database_url.clone().map_or_else(database::url, Ok)?;
            let pool = store::connect(&url, CONNECTIONS).await?;
            AnyLog::Embedded(EmbeddedLog::open(&pool, &args.topic).await?)
        }
    })
}
