//! The door of taps and commands: what the web asks of the engine, so that it need not know which event
//! log stands behind.

use engine::EngineError;
use engine::answer::Signed;
use engine::command::{Found, Reply, Request};
use engine::intake::{Intake, Receipt, Retried};
use engine::report::LogEnd;
use primitives::{Code, CommandId, Digest, Refusal, TapId, Text};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use store::intake::Fate;
use wire::{Acknowledgement, BodyFormat, DenyDelta, EventLog};

/// An answer of the engine that is on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Takes batches of raw envelopes, and tells what became of a tap.
pub trait TapDoor: Send + Sync + 'static {
    /// Hands a batch in: each envelope with the form it came in. One receipt per envelope, in order.
    fn receive(&self, batch: Vec<(BodyFormat, Vec<u8>)>) -> Answer<'_, Vec<Receipt>>;

    /// What the house has of the journals these receipts are about, signed for their devices.
    fn acknowledge<'a>(&'a self, receipts: &'a [Receipt]) -> Answer<'a, Vec<Signed<Acknowledgement>>>;

    /// What changed on the deny list since a version, signed for the one device these receipts are about.
    fn deny_list<'a>(&'a self, receipts: &'a [Receipt], since: u64) -> Answer<'a, Option<Signed<DenyDelta>>>;

    /// What became of a tap; none when nothing with this identity ever came.
    fn fate(&self, tap: TapId) -> Answer<'_, Option<Fate>>;

    /// Asks for a command, and waits for its answer as long as the request says.
    fn ask(&self, request: Request) -> Answer<'_, Result<Reply, Refusal>>;

    /// Another person agrees with a command that was proposed, exactly as it was shown.
    fn approve(
        &self,
        id: CommandId,
        digest: Digest,
        checker: Text,
        wait: Duration,
    ) -> Answer<'_, Result<Reply, Refusal>>;

    /// What is known of a command; none when it was never asked.
    fn command(&self, id: CommandId) -> Answer<'_, Option<Found>>;

    /// Where the log ends now, so that pages can count what waits for the worker.
    fn log_ends(&self) -> Answer<'_, Vec<LogEnd>>;

    /// Tries the taps again that were set aside at the door with this code, for a person.
    fn retry<'a>(&'a self, code: Code, person: &'a str) -> Answer<'a, Retried>;
}

impl<L: EventLog> TapDoor for Arc<Intake<L>> {
    fn receive(&self, batch: Vec<(BodyFormat, Vec<u8>)>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(Intake::receive(self, batch))
    }

    fn acknowledge<'a>(&'a self, receipts: &'a [Receipt]) -> Answer<'a, Vec<Signed<Acknowledgement>>> {
        Box::pin(Intake::acknowledge(self, receipts))
    }

    fn deny_list<'a>(&'a self, receipts: &'a [Receipt], since: u64) -> Answer<'a, Option<Signed<DenyDelta>>> {
        Box::pin(Intake::deny_list(self, receipts, since))
    }

    fn fate(&self, tap: TapId) -> Answer<'_, Option<Fate>> {
        Box::pin(Intake::fate(self, tap))
    }

    fn ask(&self, request: Request) -> Answer<'_, Result<Reply, Refusal>> {
        Box::pin(Intake::ask(self, request))
    }

    fn approve(
        &self,
        id: CommandId,
        digest: Digest,
        checker: Text,
        wait: Duration,
    ) -> Answer<'_, Result<Reply, Refusal>> {
        Box::pin(self.approve_command(id, digest, checker, wait))
    }

    fn command(&self, id: CommandId) -> Answer<'_, Option<Found>> {
        Box::pin(Intake::command(self, id))
    }

    fn log_ends(&self) -> Answer<'_, Vec<LogEnd>> {
        Box::pin(Intake::log_ends(self))
    }

    fn retry<'a>(&'a self, code: Code, person: &'a str) -> Answer<'a, Retried> {
        Box::pin(self.retry_quarantined(code, person))
    }
}
