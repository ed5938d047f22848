//! What an operator asks of the pipeline: which logs there are, which one is over, what the devices still have to send;
//! and the relay that runs beside every worker.

use crate::house::{House, open_log};
use crate::log::{AnyLog, LogKind};
use crate::{Ending, serve};
use anyhow::{Context as _, bail};
use engine::relay::{DENY_LIST_TOPIC, POSTINGS_TOPIC, Relay, Settings};
use primitives::{Code, DeviceId};
use std::sync::Arc;
use store::{Connection as _, mark, workers};
use tokio::sync::watch;

/// Where the house tells what happened.
#[derive(clap::Args)]
pub struct RelayArgs {
    /// The topic that tells what became of taps and what they cost.
    #[arg(long, default_value = POSTINGS_TOPIC)]
    postings_topic: String,
    /// The topic that tells who is denied.
    #[arg(long, default_value = DENY_LIST_TOPIC)]
    deny_list_topic: String,
    /// Tell nothing from this process; another one must, or devices never hear that a tap is posted.
    #[arg(long)]
    no_relay: bool,
}

/// Which log is over.
#[derive(clap::Args)]
pub struct RetireArgs {
    /// Its number, as `farehouse streams` prints it.
    stream: i32,
    /// Who says so.
    #[arg(long)]
    person: String,
}

/// Whose taps are missing.
#[derive(clap::Args)]
pub struct MissingArgs {
    /// One device only.
    #[arg(long)]
    device: Option<u64>,
    /// Most ranges to print.
    #[arg(long, default_value_t = 1_000)]
    limit: i64,
}

/// A relay that runs in this process.
pub struct Running {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), engine::EngineError>>,
}

impl Running {
    /// Lets the relay finish its round and give its partitions back.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.task.await.context("the relay's task")??;
        Ok(())
    }
}

/// Starts a relay on topics beside the house's log, made when they are not there.
pub async fn start_relay(house: &House, args: &RelayArgs, owner: String) -> anyhow::Result<Option<Running>> {
    if args.no_relay {
        return Ok(None);
    }
    let kind = match house.log.as_ref() {
        AnyLog::Kafka(_) => LogKind::Kafka,
        AnyLog::Embedded(_) => LogKind::Embedded,
    };
    let postings = open_log(kind, &house.pool, &args.postings_topic, house.partitions).await?;
    let deny_list = open_log(kind, &house.pool, &args.deny_list_topic, house.partitions).await?;
    let relay = Relay {
        pool: house.pool.clone(),
        stream_id: house.stream_id,
        postings: Arc::new(postings),
        deny_list: Arc::new(deny_list),
        settings: Settings::named(owner),
    };
    let (stop, stopped) = watch::channel(false);
    Ok(Some(Running { stop, task: tokio::spawn(relay.run(stopped)) }))
}

pub async fn streams() -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    println!("stream\tlog\ttopic\ttopic id\tpartitions\tread\theld\thalted\toldest open day\tretired by");
    for stream in workers::streams(&mut connection).await? {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            stream.stream_id,
            stream.transport,
            stream.topic,
            stream.topic_id,
            stream.partitions,
            stream.read,
            stream.held,
            stream.halted,
            stream.oldest_day.map(|day| day.to_string()).unwrap_or_default(),
            stream.retired_by.unwrap_or_default(),
        );
    }
    Ok(Ending::Done)
}

pub async fn retire(args: RetireArgs) -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    let mut unit = connection.begin().await?;
    if !workers::retire(&mut unit, args.stream, &args.person).await? {
        bail!(
            "stream {} cannot be retired: a worker holds it, or it is over already, or is none",
            args.stream
        );
    }
    unit.commit().await?;
    println!("stream {} is retired", args.stream);
    Ok(Ending::Done)
}

pub async fn missing(args: MissingArgs) -> anyhow::Result<Ending> {
    let device = match args.device {
        Some(number) => Some(DeviceId::new(number).context("a device's number has at most 63 bits")?),
        None => None,
    };
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    let gaps = mark::gaps(&mut connection, device, args.limit).await?;
    println!("code\tdevice\tlabel\tjournal\tfirst\tlast\tlast heard of");
    for gap in &gaps {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            Code::SequenceGap,
            gap.device.number(),
            gap.label.as_deref().unwrap_or_default(),
            gap.journal.number(),
            gap.first,
            gap.last,
            gap.heard_at.to_rfc3339(),
        );
    }
    Ok(if gaps.is_empty() { Ending::Done } else { Ending::Differences })
}
