//! `farehouse adjust`: what the back office books by hand, with four eyes.

use crate::{Ending, serve};
use anyhow::{Context as _, bail};
use engine::adjust::{self, Adjustment, Draft};
use ledger::Event;
use primitives::{Digest, Refusal};
use uuid::Uuid;

/// What to do with an adjustment.
#[derive(clap::Subcommand)]
pub enum What {
    /// Propose to book an event; prints its id and the digest that the approver is to give.
    #[command(after_help = format!("Events:\n{}", ledger::events::FORMS))]
    Propose(ProposeArgs),
    /// Approve a proposal of somebody else, exactly as it was shown, and book it.
    Approve(ApproveArgs),
    /// Take a proposal back.
    Withdraw(WithdrawArgs),
    /// List adjustments, newest first.
    List,
}

/// What to book.
#[derive(clap::Args)]
pub struct ProposeArgs {
    /// The event in one text, as "subsidy_cut 10 1 5000".
    event: String,
    /// The bank line it explains, as STATEMENT/POSITION.
    #[arg(long)]
    line: Option<String>,
    /// The reference of the bank item it settles.
    #[arg(long)]
    item: Option<String>,
    /// The number of the case it belongs to.
    #[arg(long)]
    case: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who proposes it.
    #[arg(long)]
    actor: String,
}

/// What to approve.
#[derive(clap::Args)]
pub struct ApproveArgs {
    /// The adjustment.
    id: Uuid,
    /// The digest that was shown.
    #[arg(long)]
    digest: String,
    /// Who approves it: not who proposed it.
    #[arg(long)]
    actor: String,
}

/// What to withdraw.
#[derive(clap::Args)]
pub struct WithdrawArgs {
    /// The adjustment.
    id: Uuid,
    /// Who withdraws it.
    #[arg(long)]
    actor: String,
}

/// Most adjustments listed.
const LISTED: i64 = 200;

pub async fn run(what: What) -> anyhow::Result<Ending> {
    let pool = serve::connect().await?;
    let mut connection = pool.acquire().await?;
    match what {
        What::Propose(args) => {
            let event = Event::parse(&args.event).with_context(|| {
                format!("{:?} is no event; the forms are\n{}", args.event, ledger::events::FORMS)
            })?;
            let line = args.line.as_deref().map(line).transpose()?;
            let ProposeArgs { item, case, reason, actor, .. } = args;
            let draft = Draft { event, line, item, case_no: case, reason };
            Ok(told(adjust::propose(&mut connection, &draft, &actor).await?))
        }
        What::Approve(args) => {
            let digest = primitives::canonical::unhex(&args.digest).and_then(|bytes| bytes.try_into().ok());
            let Some(digest) = digest.map(Digest) else { bail!("a digest is 64 hexadecimal characters") };
            Ok(told(adjust::approve(&mut connection, args.id, digest, &args.actor).await?))
        }
        What::Withdraw(args) => match adjust::withdraw(&mut connection, args.id, &args.actor).await? {
            Ok(()) => Ok(Ending::Done),
            Err(refusal) => Ok(refused(&refusal)),
        },
        What::List => {
            for adjustment in adjust::list(&mut connection, LISTED).await? {
                say(&adjustment);
            }
            Ok(Ending::Done)
        }
    }
}

fn line(text: &str) -> anyhow::Result<(Uuid, u32)> {
    let (statement, position) = text.split_once('/').context("a bank line is STATEMENT/POSITION")?;
    Ok((statement.parse().context("the statement's id")?, position.parse().context("the line's position")?))
}

fn told(answer: Result<Adjustment, Refusal>) -> Ending {
    match answer {
        Ok(adjustment) => {
            say(&adjustment);
            Ending::Done
        }
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Ending {
    println!("refused: {refusal}");
    Ending::Differences
}

fn say(adjustment: &Adjustment) {
    let Adjustment { id, event, case_no, reason, digest, state, maker, .. } = adjustment;
    let checker =
        adjustment.checker.as_deref().map(|checker| format!(", approved by {checker}")).unwrap_or_default();
    println!(
        "{id} {state}: {event}, case {case_no} ({reason}), proposed by {maker}{checker}; digest {}",
        digest.hex()
    );
}
