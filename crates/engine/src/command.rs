//! Commands at the door: what somebody asks to be done to a card account → in the log → its answer. The answer comes from
//! the ledger alone: the door waits for it a while, and otherwise says *pending*; whoever asks again with the same key
//! waits for the same answer.

use crate::EngineError;
use crate::intake::Intake;
use crate::resolve::Media;
use primitives::{
    AccountId, Code, Command, CommandId, CommandKind, Digest, EventTime, MediumToken, Minor, Money, Record,
    Refusal, ServiceDate, TapId, Text,
};
use std::sync::Arc;
use std::time::Duration;
use store::command::{self as stored, Asked};
use store::{Connection as _, Doing as _, PgConnection, StoreError};
use tokio::time::{Instant, sleep};
use wire::{EventLog, decode_record, encode_record, partition_of};

pub use store::command::{Answered, Found, Progress};

/// How long an asker waits when it does not say.
pub const WAIT: Duration = Duration::from_secs(5);
/// How long an asker may wait at most.
pub const WAIT_MAX: Duration = Duration::from_secs(20);
/// How often the answer is looked for: first soon, for most are there within a batch of the worker.
const LOOK_FIRST: Duration = Duration::from_millis(8);
const LOOK_LAST: Duration = Duration::from_millis(100);

/// Whose account: by its number, or by a medium that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The account.
    Account(AccountId),
    /// A medium.
    Medium(MediumToken),
}

/// What is asked. What the house knows better than the asker (rider, fare medium) is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Buy a pass or ticket book, put on the subject's medium.
    BuyPass {
        /// The fare product.
        product: Text,
        /// The first day, for a pass that begins on a day the buyer names.
        first_day: Option<ServiceDate>,
    },
    /// Give a fare back, or a part of it. Above the limit two people are needed.
    RefundFare {
        /// The leg: identity of its first tap.
        leg: TapId,
        /// How much of the full price.
        amount: Money,
        /// The case it is about.
        case: Text,
    },
    /// From now on the account, or its medium when that was named, is on the deny list.
    Block {
        /// Why.
        reason: Text,
    },
    /// From now on it no longer is.
    Unblock,
    /// From now on another medium of the same kind stands for the account, and the subject's is on the deny list.
    MoveMedium {
        /// The new medium, which belongs to nobody yet.
        to: MediumToken,
    },
    /// Anything that needs nothing from the registry.
    Plain(CommandKind),
}

/// A request at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub asker: Text,
    /// The asker's own key for it.
    pub key: Text,
    /// Whose account.
    pub subject: Subject,
    /// What is asked.
    pub ask: Ask,
    /// How long to wait for the answer.
    pub wait: Duration,
}

/// What the door answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The command's identity, to look it up again.
    pub id: CommandId,
    /// What is known of it.
    pub found: Found,
}

/// Refused at the door, or answered.
pub type Asking = Result<Result<Reply, Refusal>, EngineError>;

impl<L: EventLog> Intake<L> {
    /// Takes a request: appends it to the log once, and waits for its answer.
    pub async fn ask(self: &Arc<Self>, request: Request) -> Asking {
        let (id, wait) = (CommandId::of_key(&request.asker, &request.key), request.wait);
        // A unit of work nobody aborts (E-3): an asker that hangs up changes nothing.
        let intake = Arc::clone(self);
        let digest = tokio::spawn(async move { intake.take_command(id, request).await }).await??;
        match digest {
            Ok(digest) => self.wait_for(id, digest, wait).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Another person agrees with what was proposed: it goes into the log with both names.
    pub async fn approve_command(
        self: &Arc<Self>,
        id: CommandId,
        digest: Digest,
        checker: Text,
        wait: Duration,
    ) -> Asking {
        let intake = Arc::clone(self);
        let approved = tokio::spawn(async move { intake.approve(id, digest, checker).await }).await??;
        match approved {
            Ok(()) => self.wait_for(id, digest, wait).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// What is known of a command.
    pub async fn command(&self, id: CommandId) -> Result<Option<Found>, EngineError> {
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to look up a command")?;
        Ok(stored::find(&mut connection, id).await?)
    }

    /// The digest under which the request stands in the log or among the proposals, or why it does not.
    async fn take_command(
        &self,
        id: CommandId,
        request: Request,
    ) -> Result<Result<Digest, Refusal>, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to take a command")?;
        self.policies.look(&mut connection).await;
        let asker = request.asker.clone();
        let before = stored::find(&mut connection, id).await?;
        let command = match self.command_of(&mut connection, id, request, before.is_none()).await? {
            Ok(command) => command,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let digest = command.body_digest();
        if let Some(before) = before {
            return Ok(same(&before, digest).map(|()| digest));
        }
        let alone = match &command.kind {
            CommandKind::RefundFare { amount, .. } => amount.amount <= self.refund_alone_max,
            CommandKind::Close { .. } | CommandKind::Correct { .. } => false,
            _ => true,
        };
        let account = command.account;
        let record = encode_record(&Record::Command(Box::new(command)), &[]);
        if alone {
            drop(connection);
            self.append_command(id, digest, account, record).await?;
        } else {
            stored::propose(&mut connection, id, digest, &record, &asker).await?;
        }
        Ok(Ok(digest))
    }

    async fn append_command(
        &self,
        id: CommandId,
        body_digest: Digest,
        account: AccountId,
        record: Vec<u8>,
    ) -> Result<(), EngineError> {
        let partition = partition_of(account, self.partitions);
        let offsets = self.log.append(vec![(partition, record)]).await?;
        let identity = self.log.identity().await?;
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to remember a command")?;
        for offset in offsets {
            let asked = Asked { id, body_digest, partition, offset };
            stored::put_asked(&mut connection, &identity, &asked).await?;
        }
        Ok(())
    }

    async fn approve(
        &self,
        id: CommandId,
        digest: Digest,
        checker: Text,
    ) -> Result<Result<(), Refusal>, EngineError> {
        let doing = "approving a command";
        let mut connection = self.pool.acquire().await.doing(doing)?;
        let mut unit = connection.begin().await.doing(doing)?;
        let record = match stored::approve(&mut unit, id, digest, &checker).await? {
            Ok(record) => record,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut command = match decode_record(&record) {
            Ok(Record::Command(command)) => command,
            Ok(Record::Policy(_)) => {
                return Ok(Err(Refusal::new(
                    Code::NotFound,
                    "an activation of a policy is not approved here",
                )));
            }
            _ => return Err(StoreError::row(doing, "the proposal holds no command").into()),
        };
        command.approved_by = Some(checker.clone());
        let account = command.account;
        // The ride as it is now, not as it was when somebody asked.
        if let CommandKind::RefundFare { leg, ride, .. } = &mut command.kind {
            *ride = store::charged::ride(&mut unit, account, *leg).await?.map(Box::new);
        }
        store::access::audit(&mut unit, checker.as_str(), "approve_command", &id.to_string()).await?;
        // In the log before it is marked: a crash between the two makes a duplicate, never a loss.
        let bytes = encode_record(&Record::Command(command), &[]);
        self.append_command(id, digest, account, bytes).await?;
        unit.commit().await.doing(doing)?;
        Ok(Ok(()))
    }

    /// The request with what the registry knows: the account, and for a pass the rider's category and the fare medium. What
    /// only a new request must find is not asked of one that comes again.
    async fn command_of(
        &self,
        connection: &mut PgConnection,
        id: CommandId,
        request: Request,
        is_new: bool,
    ) -> Result<Result<Command, Refusal>, EngineError> {
        let Request { asker, subject, ask, .. } = request;
        let at = (self.clock)();
        let mut tokens = match subject {
            Subject::Medium(token) => vec![token],
            Subject::Account(_) => Vec::new(),
        };
        if let Ask::MoveMedium { to } = &ask {
            tokens.push(*to);
        }
        let media = Media::load(connection, tokens).await?;
        let known = match subject {
            Subject::Medium(token) => match media.resolve(&token) {
                Ok(resolved) => {
                    Some((resolved.account, Some((resolved.fare_medium.clone(), resolved.tender))))
                }
                Err(refusal) => return Ok(Err(refusal)),
            },
            Subject::Account(account) => {
                stored::is_account(connection, account).await?.then_some((account, None))
            }
        };
        let Some((account, fare_medium)) = known else {
            return Ok(Err(Refusal::new(Code::NotFound, "no such account")));
        };
        let medium = match subject {
            Subject::Medium(token) => Some(token),
            Subject::Account(_) => None,
        };
        let kind = match ask {
            Ask::Plain(kind) => kind,
            Ask::RefundFare { leg, amount, case } => {
                let ride = store::charged::ride(connection, account, leg).await?.map(Box::new);
                CommandKind::RefundFare { leg, amount, case, ride }
            }
            Ask::Block { reason } => CommandKind::Block { medium, reason },
            Ask::Unblock => CommandKind::Unblock { medium },
            Ask::MoveMedium { to } => match (medium, fare_medium) {
                (Some(from), Some((fare_medium, tender))) if !is_new || media.resolve(&to).is_err() => {
                    CommandKind::MoveMedium { from, to, fare_medium, tender }
                }
                _ => {
                    let detail = "name the old medium, and a new one that belongs to nobody";
                    return Ok(Err(Refusal::new(Code::BadRequest, detail)));
                }
            },
            Ask::BuyPass { product, first_day } => {
                let Some((medium, _)) = fare_medium else {
                    let detail = "a pass is put on a medium: name it instead of the account";
                    return Ok(Err(Refusal::new(Code::BadRequest, detail)));
                };
                match self.rider_of(&media, account, at) {
                    Ok(rider) => CommandKind::BuyPass { product, rider, medium, first_day },
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
        };
        Ok(Ok(Command { id, account, at, asked_by: asker, approved_by: None, kind }))
    }

    pub(crate) fn rider_of(&self, media: &Media, account: AccountId, at: EventTime) -> Result<Text, Refusal> {
        if let Some(category) = media.rider(account, at) {
            return Ok(category.clone());
        }
        let none = || Refusal::new(Code::PolicyUnknown, "no policy in force at the tap's time");
        Ok(self.policies.now().at(at).ok_or_else(none)?.default_rider().clone())
    }

    /// Looks for the answer until it is there or the time is up.
    async fn wait_for(&self, id: CommandId, digest: Digest, wait: Duration) -> Asking {
        let until = Instant::now() + wait.min(WAIT_MAX);
        let mut look = LOOK_FIRST;
        loop {
            let found = self.command(id).await?;
            let found = found.ok_or_else(|| StoreError::row("waiting for a command", "its row is gone"))?;
            if let Err(refusal) = same(&found, digest) {
                return Ok(Err(refusal));
            }
            if found.progress != Progress::Pending || Instant::now() >= until {
                return Ok(Ok(Reply { id, found }));
            }
            sleep(look).await;
            look = (look * 3 / 2).min(LOOK_LAST);
        }
    }
}

/// One key is one command.
fn same(found: &Found, digest: Digest) -> Result<(), Refusal> {
    if found.body_digest == digest {
        return Ok(());
    }
    Err(Refusal::new(Code::IdempotencyMismatch, "the key of an earlier command with another body"))
}

/// The amount up to which one person alone may give a fare back, when nothing else is said: none.
pub const REFUND_ALONE_MAX: Minor = Minor::ZERO;
