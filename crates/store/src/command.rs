//! What the gateway writes and answers about commands: what it put into the log, what waits for a second person, and the
//! answer that stays.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use primitives::{AccountId, Code, CommandId, Digest, EventTime, Refusal, Text};
use sqlx::PgConnection;
use wire::LogIdentity;

/// A command the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Its identity.
    pub id: CommandId,
    /// Digest of what is asked.
    pub body_digest: Digest,
    /// Its partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
}

/// What stands in the books of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The stable word for its kind.
    pub kind: String,
    /// Whose account.
    pub account: AccountId,
    /// How much was moved, or would have been.
    pub amount: Option<i64>,
    /// Accounting day.
    pub posting_date: chrono::NaiveDate,
    /// Code and detail of a refusal.
    pub refused: Option<(String, String)>,
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another person must agree first.
    Proposed {
        /// Who asked.
        maker: String,
    },
    /// In the log, not yet in the ledger.
    Pending,
    /// Judged; the answer stays.
    Answered(Answered),
    /// It could not be judged and lies in quarantine.
    Quarantined {
        /// Why.
        code: String,
        /// What exactly was wrong.
        detail: String,
    },
}

/// What is known of a command: the digest of what was asked, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Digest of what was asked.
    pub body_digest: Digest,
    /// How far it is.
    pub progress: Progress,
}

/// Remembers a command that the log has. One that is asked again keeps its first row.
pub async fn put_asked(
    connection: &mut PgConnection,
    log: &LogIdentity,
    asked: &Asked,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ingest.asked (command_id, body_digest, part, off, stream_id)
         VALUES ($1, $2, $3, $4,
           (SELECT stream_id FROM ingest.stream WHERE cluster_id = $5 AND topic = $6 AND topic_id = $7))
         ON CONFLICT (command_id) DO NOTHING",
    )
    .bind(asked.id.bytes().as_slice())
    .bind(asked.body_digest.0.as_slice())
    .bind(rows::int(asked.partition)?)
    .bind(rows::signed(asked.offset)?)
    .bind(&log.cluster_id)
    .bind(&log.topic)
    .bind(&log.topic_id)
    .execute(connection)
    .await
    .doing("remembering a command")?;
    Ok(())
}

type AnsweredRow = (Vec<u8>, String, i64, Option<i64>, chrono::NaiveDate, Option<String>, Option<String>);

/// What is known of a command; none when it was never asked.
pub async fn find(connection: &mut PgConnection, id: CommandId) -> Result<Option<Found>, StoreError> {
    let doing = "looking up a command";
    let answered: Option<AnsweredRow> = sqlx::query_as(
        "SELECT body_digest, kind, account_id, amount, posting_date, code, detail FROM clearing.command
         WHERE command_id = $1",
    )
    .bind(id.bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await
    .doing(doing)?;
    if let Some((digest, kind, account, amount, posting_date, code, detail)) = answered {
        let (account, refused) = (rows::account(account)?, code.zip(detail));
        let progress = Progress::Answered(Answered { kind, account, amount, posting_date, refused });
        return Ok(Some(Found { body_digest: rows::digest(digest)?, progress }));
    }
    let asked: Option<(Vec<u8>, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT asked.body_digest, aside.code, aside.detail
         FROM ingest.asked LEFT JOIN ingest.quarantine aside USING (stream_id, part, off)
         WHERE command_id = $1",
    )
    .bind(id.bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await
    .doing(doing)?;
    if let Some((digest, code, detail)) = asked {
        let progress = match code.zip(detail) {
            Some((code, detail)) => Progress::Quarantined { code, detail },
            None => Progress::Pending,
        };
        return Ok(Some(Found { body_digest: rows::digest(digest)?, progress }));
    }
    let proposed: Option<(Vec<u8>, String)> =
        sqlx::query_as("SELECT body_digest, maker FROM clearing.proposal WHERE command_id = $1")
            .bind(id.bytes().as_slice())
            .fetch_optional(connection)
            .await
            .doing(doing)?;
    let found = |(digest, maker)| {
        Ok(Found { body_digest: rows::digest(digest)?, progress: Progress::Proposed { maker } })
    };
    proposed.map(found).transpose()
}

/// Keeps a command that needs two people. One that is proposed again keeps its first row.
pub async fn propose(
    connection: &mut PgConnection,
    id: CommandId,
    body_digest: Digest,
    record: &[u8],
    maker: &Text,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO clearing.proposal (command_id, body_digest, record, maker) VALUES ($1, $2, $3, $4)
         ON CONFLICT (command_id) DO NOTHING",
    )
    .bind(id.bytes().as_slice())
    .bind(body_digest.0.as_slice())
    .bind(record)
    .bind(maker.as_str())
    .execute(connection)
    .await
    .doing("proposing a command")?;
    Ok(())
}

/// Notes that another person agrees with exactly what was shown, and hands the record on; refused when it is the maker,
/// when something else is proposed, or when it was decided before. The row is locked first, so one yes wins.
pub async fn approve(
    transaction: &mut PgConnection,
    id: CommandId,
    body_digest: Digest,
    checker: &Text,
) -> Result<Result<Vec<u8>, Refusal>, StoreError> {
    let doing = "approving a command";
    let found: Option<(Vec<u8>, Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT body_digest, record, maker, state FROM clearing.proposal WHERE command_id = $1 FOR UPDATE",
    )
    .bind(id.bytes().as_slice())
    .fetch_optional(&mut *transaction)
    .await
    .doing(doing)?;
    let refuse = |code, detail: &str| Ok(Err(Refusal::new(code, detail)));
    let Some((digest, record, maker, state)) = found else {
        return refuse(Code::NotFound, "nothing with this id waits for a second person");
    };
    if state != "open" {
        return refuse(Code::ApprovalUsed, "decided before");
    }
    if maker == checker.as_str() {
        return refuse(Code::ApprovalSelf, "whoever asked cannot agree as well");
    }
    if rows::digest(digest)? != body_digest {
        return refuse(Code::ApprovalStale, "something else is proposed than what was shown");
    }
    sqlx::query(
        "UPDATE clearing.proposal SET state = 'approved', checker = $2, decided_at = clock_timestamp()
         WHERE command_id = $1",
    )
    .bind(id.bytes().as_slice())
    .bind(checker.as_str())
    .execute(transaction)
    .await
    .doing(doing)?;
    Ok(Ok(record))
}

/// The top-ups announced before a moment that were neither confirmed nor taken back: oldest first, at most `limit`.
pub async fn unconfirmed(
    connection: &mut PgConnection,
    before: EventTime,
    limit: i64,
) -> Result<Vec<(CommandId, AccountId)>, StoreError> {
    let found: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT command_id, account_id FROM clearing.command AS announced
         WHERE kind = 'announce_top_up' AND outcome = 'done' AND at < $1
           AND NOT EXISTS (SELECT FROM clearing.command AS later
                           WHERE later.earlier = announced.command_id
                             AND (later.outcome = 'done' OR later.code = 'TOPUP_NOT_PENDING'))
         ORDER BY at, command_id LIMIT $2",
    )
    .bind(rows::timestamp(before)?)
    .bind(limit)
    .fetch_all(connection)
    .await
    .doing("looking for top-ups the bank never confirmed")?;
    found.into_iter().map(|(id, account)| Ok((rows::command_id(id)?, rows::account(account)?))).collect()
}

/// The passes bought before a moment that were neither given back nor ended: by their identities, from after one on, at most
/// `limit`.
pub async fn passes_held(
    connection: &mut PgConnection,
    before: EventTime,
    after: Option<CommandId>,
    limit: i64,
) -> Result<Vec<(CommandId, AccountId)>, StoreError> {
    let found: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT command_id, account_id FROM clearing.command AS bought
         WHERE kind = 'buy_pass' AND outcome = 'done' AND at < $1 AND command_id > $2
           AND NOT EXISTS (SELECT FROM clearing.command AS later
                           WHERE later.earlier = bought.command_id AND later.outcome = 'done')
         ORDER BY command_id LIMIT $3",
    )
    .bind(rows::timestamp(before)?)
    .bind(after.map_or(Vec::new(), |id| id.bytes().to_vec()))
    .bind(limit)
    .fetch_all(connection)
    .await
    .doing("looking for passes that are held")?;
    found.into_iter().map(|(id, account)| Ok((rows::command_id(id)?, rows::account(account)?))).collect()
}

/// True when any medium belongs to the account.
pub async fn is_account(connection: &mut PgConnection, account: AccountId) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM registry.medium WHERE account_id = $1)")
        .bind(account.as_i64())
        .fetch_one(connection)
        .await
        .doing("looking for an account")
}
