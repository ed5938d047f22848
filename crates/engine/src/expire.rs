//! What time alone brings about, by commands in the log like any other: top-ups that a channel announced long ago and the bank
//! never confirmed are taken back, and passes whose time is over are ended.
//!
//! Confirmation and this job may meet: whichever stands first in the log of the account wins, and the other is refused. Money
//! that the bank shows later meets no item and lies in suspense, from where a person gives it to its holder or sends it back.
//! A pass is looked at in the state of its account as it stands now; whether it is over is decided where the command stands in the
//! log.

use crate::{EngineError, policy};
use clearing::earned;
use primitives::{AccountId, Command, CommandId, CommandKind, EventTime, Record, Refusal, Text};
use std::time::Duration;
use store::command::{self as stored, Asked, Progress};
use store::{PgConnection, StoreError};
use tokio::time::{Instant, sleep};
use wire::{EventLog, encode_record, partition_of};

/// Who is said to ask.
const ASKER: &str = "expiry";
/// Most top-ups taken back, and passes ended, at once.
const LIMIT: usize = 10_000;
/// How many passes are looked at together.
const PAGE: i64 = 1_000;
/// How often the answers are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// What became of the passes whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// Ended.
    pub ended: u32,
    /// Not over after all, or ended by somebody else, in the meantime.
    pub refused: u32,
    /// In the log and not in the ledger: no worker came to them in time, or they lie in quarantine.
    pub pending: u32,
}

/// What became of commands that were asked.
#[derive(Default)]
struct Answers {
    done: u32,
    refused: u32,
    pending: u32,
}

/// What became of the top-ups that were announced too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Taken back.
    pub cancelled: u32,
    /// Confirmed, or taken back by somebody else, in the meantime.
    pub settled: u32,
    /// In the log and not in the ledger: no worker came to them in time, or they lie in quarantine.
    pub pending: u32,
}

/// Asks to take back the top-ups announced before a moment, and waits for the answers. Asking again asks nothing twice.
pub async fn run<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    before: EventTime,
    now: EventTime,
    wait: Duration,
) -> Result<Expired, EngineError> {
    let mut asked = Vec::new();
    for (top_up, account) in stored::unconfirmed(conn, before, LIMIT as i64).await? {
        // The identity follows from the top-up: a second run asks for the same, which is a duplicate.
        let kind = CommandKind::CancelTopUp { top_up };
        asked.push(command(&top_up.to_string(), account, now, kind)?);
    }
    let Answers { done, refused, pending } = ask(conn, log, &asked, wait).await?;
    Ok(Expired { cancelled: done, settled: refused, pending })
}

/// Asks to end the passes whose time is over, and waits for the answers. Refused when a policy in force is not loaded as it
/// was. Asking again on the same day asks nothing twice.
pub async fn passes<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    now: EventTime,
    wait: Duration,
) -> Result<Result<Ended, Refusal>, EngineError> {
    let identity = log.identity().await?;
    let Some(stream_id) = store::policy::stream_of(conn, &identity).await? else {
        return Ok(Ok(Ended::default()));
    };
    let in_force = match policy::in_force(conn, stream_id, identity.partitions).await? {
        Ok(Some(in_force)) => in_force.policies,
        Ok(None) => return Ok(Ok(Ended::default())),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let latest = now.unix_ms() - earned::OVER_AFTER_SECONDS * 1_000;
    let Some(latest) = EventTime::from_unix_ms(latest) else { return Ok(Ok(Ended::default())) };
    let (mut asked, mut after) = (Vec::new(), None);
    loop {
        let page = stored::passes_held(conn, latest, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        let mut accounts: Vec<AccountId> = page.iter().map(|(_, account)| *account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let states = store::load::accounts(conn, &accounts).await?;
        for (purchase, account) in page {
            let over = |state| earned::over_since(&in_force, state, purchase, now).is_some();
            if asked.len() < LIMIT && states.get(&account).is_some_and(over) {
                // One that is refused all the same is asked again on another day.
                let key = format!("{purchase} {}", now.unix_ms() / 86_400_000);
                asked.push(command(&key, account, now, CommandKind::EndPass { purchase })?);
            }
        }
    }
    let Answers { done, refused, pending } = ask(conn, log, &asked, wait).await?;
    Ok(Ok(Ended { ended: done, refused, pending }))
}

fn command(key: &str, account: AccountId, at: EventTime, kind: CommandKind) -> Result<Command, EngineError> {
    let name = |text: &str| {
        Text::new(text).ok_or_else(|| StoreError::row("naming who asks", format!("{text:?} is no name")))
    };
    let asked_by = name(ASKER)?;
    let id = CommandId::of_key(&asked_by, &name(key)?);
    Ok(Command { id, account, at, asked_by, approved_by: None, kind })
}

/// Appends commands to the log and waits for their answers.
async fn ask<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    asked: &[Command],
    wait: Duration,
) -> Result<Answers, EngineError> {
    let identity = log.identity().await?;
    let records = asked.iter().map(|command| {
        let record = encode_record(&Record::Command(Box::new(command.clone())), &[]);
        (partition_of(command.account, identity.partitions), record)
    });
    let records: Vec<(u32, Vec<u8>)> = records.collect();
    let partitions: Vec<u32> = records.iter().map(|(partition, _)| *partition).collect();
    let offsets = if records.is_empty() { Vec::new() } else { log.append(records).await? };
    for ((command, partition), offset) in asked.iter().zip(partitions).zip(offsets) {
        let asked = Asked { id: command.id, body_digest: command.body_digest(), partition, offset };
        stored::put_asked(conn, &identity, &asked).await?;
    }
    let until = Instant::now() + wait;
    let mut answers = Answers::default();
    for command in asked {
        loop {
            match stored::find(conn, command.id).await?.map(|found| found.progress) {
                Some(Progress::Answered(answer)) if answer.refused.is_none() => answers.done += 1,
                Some(Progress::Answered(_)) => answers.refused += 1,
                Some(Progress::Quarantined { .. }) => answers.pending += 1,
                _ if Instant::now() < until => {
                    sleep(LOOK).await;
                    continue;
                }
                _ => answers.pending += 1,
            }
            break;
        }
    }
    Ok(answers)
}
