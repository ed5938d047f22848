//! `farehouse policy`: which versions of the fare policy are in force, and how another takes effect, with four eyes.

use crate::house::existing_log;
use crate::log::LogKind;
use crate::{Ending, serve};
use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use engine::policy::{self, Draft};
use primitives::{CommandId, Digest, EventTime, Refusal, Text};
use std::path::PathBuf;
use wire::EventLog as _;

/// What to do with versions of the policy.
#[derive(clap::Subcommand)]
pub enum What {
    /// Keep a version, so that it can take effect; prints its id.
    Load {
        /// The policy's directory.
        directory: PathBuf,
    },
    /// Propose that a loaded version takes effect; prints an id and the digest that the approver is to give.
    Activate(ActivateArgs),
    /// Approve a proposal of somebody else, exactly as it was shown: it goes into every partition of the log.
    Approve(ApproveArgs),
    /// List the versions in force in a log, and what waits for a second person.
    List(LogArgs),
}

/// Which log.
#[derive(clap::Args)]
pub struct LogArgs {
    /// The event log.
    #[arg(long, value_enum, default_value = "embedded")]
    pub log: LogKind,
    /// The log's topic.
    #[arg(long, default_value = "fare.taps.v1")]
    pub topic: String,
}

/// What is to take effect.
#[derive(clap::Args)]
pub struct ActivateArgs {
    /// The version's id.
    policy: String,
    /// From this moment of travel on, as 2026-03-01T04:00:00+07:00.
    #[arg(long)]
    from: String,
    /// It only mends the version before it (a stop that was forgotten) and may begin in the past: what was priced keeps its
    /// price until a ride beside it is priced.
    #[arg(long)]
    mends: bool,
    /// Who proposes it.
    #[arg(long)]
    actor: String,
    #[command(flatten)]
    log: LogArgs,
}

/// What to approve.
#[derive(clap::Args)]
pub struct ApproveArgs {
    /// The proposal.
    id: String,
    /// The digest that was shown.
    #[arg(long)]
    digest: String,
    /// Who approves it: not who proposed it.
    #[arg(long)]
    actor: String,
    #[command(flatten)]
    log: LogArgs,
}

pub async fn run(what: What) -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    let answer = match what {
        What::Load { directory } => {
            let files = farelab::feed::read(&directory)?;
            let policy = engine::registry::load_policy(&mut connection, &files).await?;
            println!("{} loaded; files {}", policy.id(), policy.digest().hex());
            return Ok(Ending::Done);
        }
        What::Activate(args) => {
            let log = existing_log(args.log.log, &pool, &args.log.topic).await?;
            let from = DateTime::parse_from_rfc3339(&args.from)
                .context("--from is not like 2026-03-01T04:00:00+07:00")?;
            let from = EventTime::from_unix_ms(from.timestamp_millis())
                .context("--from is not in the years 2000 to 2099")?;
            let draft = Draft { policy: text(&args.policy)?, from, mends: args.mends };
            policy::propose(&mut connection, &log, &draft, &text(&args.actor)?, now()?).await?.map(
                |waiting| {
                    format!(
                        "{} {} takes effect on {} when another person approves; digest {}",
                        waiting.id,
                        waiting.activation.policy,
                        shown(from),
                        waiting.digest.hex()
                    )
                },
            )
        }
        What::Approve(args) => {
            let log = existing_log(args.log.log, &pool, &args.log.topic).await?;
            let id = CommandId::parse(&args.id).context("an id is 32 hexadecimal characters")?;
            let digest = primitives::canonical::unhex(&args.digest).and_then(|bytes| bytes.try_into().ok());
            let Some(digest) = digest.map(Digest) else { bail!("a digest is 64 hexadecimal characters") };
            let shown_to = (id, digest);
            let approved =
                policy::approve(&mut connection, &log, shown_to, &text(&args.actor)?, now()?).await?;
            approved
                .map(|activation| format!("{} takes effect on {}", activation.policy, shown(activation.from)))
        }
        What::List(args) => list(&pool, &mut connection, &args).await?,
    };
    match answer {
        Ok(said) => {
            println!("{said}");
            Ok(Ending::Done)
        }
        Err(refusal) => {
            println!("refused: {refusal}");
            Ok(Ending::Differences)
        }
    }
}

async fn list(
    pool: &store::PgPool,
    connection: &mut store::PgConnection,
    args: &LogArgs,
) -> anyhow::Result<Result<String, Refusal>> {
    let identity = existing_log(args.log, pool, &args.topic).await?.identity().await?;
    let Some(stream_id) = store::policy::stream_of(connection, &identity).await? else {
        bail!("{} is not registered yet", args.topic);
    };
    let in_force = match policy::in_force(connection, stream_id, identity.partitions).await? {
        Ok(in_force) => in_force,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut lines = vec!["from\tpolicy\tstate\tfiles or digest".to_owned()];
    if let Some(in_force) = in_force {
        let state = if in_force.everywhere { "in the log" } else { "on its way" };
        lines.extend(in_force.policies.since().map(|(from, policy)| {
            format!("{}\t{}\t{state}\t{}", shown(from), policy.id(), policy.digest().hex())
        }));
    }
    for waiting in policy::waiting(connection).await? {
        let policy::Waiting { id, digest, activation } = waiting;
        let (from, maker) = (shown(activation.from), &activation.asked_by);
        lines.push(format!("{from}\t{}\t{id} of {maker} waits\t{}", activation.policy, digest.hex()));
    }
    Ok(Ok(lines.join("\n")))
}

fn text(value: &str) -> anyhow::Result<Text> {
    Text::new(value).context("1 to 64 bytes of text, without outer white space")
}

/// Now, by this machine's clock.
pub fn now() -> anyhow::Result<EventTime> {
    EventTime::from_unix_ms(Utc::now().timestamp_millis())
        .context("the clock is not in the years 2000 to 2099")
}

/// A moment, for people: UTC, to the second.
fn shown(at: EventTime) -> String {
    let time = DateTime::from_timestamp_millis(at.unix_ms());
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
