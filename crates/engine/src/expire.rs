//! Top-ups that the bank never confirmed: what a channel announced long ago is taken back, by a command in the log like any other.
//!
//! Confirmation and this job may meet: whichever stands first in the log of the account wins, and the other is refused. Money
//! that the bank shows later meets no item and lies in suspense, from where a person gives it to its holder or sends it back.

use crate::EngineError;
use primitives::{Command, CommandId, CommandKind, EventTime, Record, Text};
use std::time::Duration;
use store::command::{self as stored, Asked, Progress};
use store::{PgConnection, StoreError};
use tokio::time::{Instant, sleep};
use wire::{EventLog, encode_record, partition_of};

/// Who is said to ask.
const ASKER: &str = "expiry";
/// Most top-ups taken back at once.
const LIMIT: i64 = 10_000;
/// How often the answers are looked for.
const LOOK: Duration = Duration::from_millis(50);

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
    let name = |text: &str| {
        Text::new(text).ok_or_else(|| StoreError::row("naming who asks", format!("{text:?} is no name")))
    };
    let asker = name(ASKER)?;
    let identity = log.identity().await?;
    let mut asked = Vec::new();
    for (top_up, account) in stored::unconfirmed(conn, before, LIMIT).await? {
        // The identity follows from the top-up: a second run asks for the same, which is a duplicate.
        let id = CommandId::of_key(&asker, &name(&top_up.to_string())?);
        let kind = CommandKind::CancelTopUp { top_up };
        let command = Command { id, account, at: now, asked_by: asker.clone(), approved_by: None, kind };
        asked.push(command);
    }
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
    let mut expired = Expired::default();
    for command in &asked {
        loop {
            match stored::find(conn, command.id).await?.map(|found| found.progress) {
                Some(Progress::Answered(answer)) if answer.refused.is_none() => expired.cancelled += 1,
                Some(Progress::Answered(_)) => expired.settled += 1,
                Some(Progress::Quarantined { .. }) => expired.pending += 1,
                _ if Instant::now() < until => {
                    sleep(LOOK).await;
                    continue;
                }
                _ => expired.pending += 1,
            }
            break;
        }
    }
    Ok(expired)
}
