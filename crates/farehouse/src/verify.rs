//! `farehouse verify` and `farehouse heads`: prove the books, and publish where their chains stand.

use crate::house::existing_log;
use crate::log::LogKind;
use crate::{Ending, database};
use anyhow::{Context as _, anyhow};
use engine::verify::{Difference, Head, Verified};
use primitives::{Digest, PostingDate};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to verify, and against what.
#[derive(clap::Args)]
pub struct VerifyArgs {
    /// The event log the books came from.
    #[arg(long, value_enum, default_value = "embedded")]
    log: LogKind,
    /// The log's topic.
    #[arg(long, default_value = "fare.taps.v1")]
    topic: String,
    /// Verify the books in themselves only; the log is not read.
    #[arg(long)]
    books_only: bool,
    /// Heads that were copied elsewhere, as `farehouse heads` prints them: only they show that a tail was cut off.
    #[arg(long)]
    heads: Option<PathBuf>,
    /// Print one JSON object instead of sentences.
    #[arg(long)]
    json: bool,
}

/// Connections: one reads the books, the others the embedded log.
const CONNECTIONS: u32 = 3;

pub async fn verify(args: VerifyArgs) -> anyhow::Result<Ending> {
    let copied = match &args.heads {
        None => Vec::new(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            read_heads(&text)?
        }
    };
    let pool = store::connect(&database::url()?, CONNECTIONS).await?;
    let log = match args.books_only {
        true => None,
        false => Some(existing_log(args.log, &pool, &args.topic).await?),
    };
    let mut connection = pool.acquire().await.context("borrowing a connection")?;
    let verified = engine::verify::verify(&mut connection, log.as_ref(), &copied).await?;
    if args.json {
        println!("{}", as_json(&verified));
    } else {
        say(&verified);
    }
    Ok(if verified.equal() { Ending::Done } else { Ending::Differences })
}

/// Prints the published heads, one a line, for whoever keeps a copy elsewhere.
pub async fn heads() -> anyhow::Result<Ending> {
    let pool = store::connect(&database::url()?, 1).await?;
    let mut connection = pool.acquire().await.context("borrowing a connection")?;
    for head in engine::verify::heads(&mut connection).await? {
        println!("{} {}/{} {} {}", head.date, head.stream_id, head.part, head.offset, head.chain_head.hex());
    }
    Ok(Ending::Done)
}

fn read_heads(text: &str) -> anyhow::Result<Vec<Head>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            read_head(line)
                .ok_or_else(|| anyhow!("line {} is not DAY STREAM/PARTITION OFFSET HEAD", number + 1))
        })
        .collect()
}

fn read_head(line: &str) -> Option<Head> {
    let mut words = line.split_whitespace();
    let date = PostingDate::parse(words.next()?)?;
    let (stream, part) = words.next()?.split_once('/')?;
    let offset = words.next()?.parse().ok()?;
    let chain_head = primitives::canonical::unhex(words.next()?)?.try_into().map(Digest).ok()?;
    let head = Head { date, stream_id: stream.parse().ok()?, part: part.parse().ok()?, offset, chain_head };
    words.next().is_none().then_some(head)
}

fn say(verified: &Verified) {
    for partition in &verified.partitions {
        let name = match partition.stream_id {
            0 => "the office".to_owned(),
            stream => format!("partition {stream}/{}", partition.part),
        };
        let records = match partition.records {
            Some(records) => format!("{records} records judged again, "),
            None => String::new(),
        };
        let refused = match partition.refused_by_database {
            0 => String::new(),
            count => format!(" ({count} records the database refused were taken as they are)"),
        };
        println!(
            "{name}: {records}{} postings chained{refused}; head {}",
            partition.postings,
            partition.chain_head.hex()
        );
    }
    for check in &verified.checks {
        let holds = if check.holds { "holds" } else { "DOES NOT HOLD" };
        println!("{} {holds}: {} ({})", check.id, check.says, check.figures);
    }
    for unproven in &verified.unproven {
        println!("not proven: {unproven}");
    }
    for difference in &verified.differences {
        println!("DIFFERENT: {difference}");
    }
    println!("{}", if verified.equal() { "equal" } else { "different" });
}

fn as_json(verified: &Verified) -> Value {
    let difference = |difference: &Difference| {
        json!({
            "table": difference.table,
            "stream": difference.partition.map(|(stream, _)| stream),
            "partition": difference.partition.map(|(_, part)| part),
            "offset": difference.offset,
            "row": difference.row,
            "column": difference.column,
            "stored": difference.stored,
            "expected": difference.expected,
        })
    };
    json!({
        "equal": verified.equal(),
        "partitions": verified.partitions.iter().map(|row| json!({
            "stream": row.stream_id,
            "partition": row.part,
            "records": row.records,
            "postings": row.postings,
            "refused_by_database": row.refused_by_database,
            "chain_head": row.chain_head.hex(),
        })).collect::<Vec<Value>>(),
        "checks": verified.checks.iter().map(|check| json!({
            "id": check.id, "says": check.says, "figures": check.figures, "holds": check.holds,
        })).collect::<Vec<Value>>(),
        "unproven": verified.unproven,
        "differences": verified.differences.iter().map(difference).collect::<Vec<Value>>(),
    })
}
