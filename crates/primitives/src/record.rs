//! Records: what stands in the event log, and the refusal that stands in for what could not be judged.

use crate::canonical::{Canonical, Digest};
use crate::code::Code;
use crate::command::Command;
use crate::ids::{AccountId, PartyNo, Text};
use crate::tap::Tap;
use crate::time::{EventTime, PostingDate};

/// Who carries the rider's share of a fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tender {
    /// The one-card balance; a shortfall becomes a debt.
    Prepaid,
    /// A bank card or other medium that an acquirer pays for.
    OpenLoop,
}

/// A tap whose sender is proven and whose medium is resolved. The record carries the account and what was known of
/// it at the tap's time, so a rebuild of the ledger never depends on today's cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedTap {
    /// The tap itself.
    pub tap: Tap,
    /// Digest of the exact body bytes the device signed.
    pub body_digest: Digest,
    /// The account the medium belonged to at the tap's time.
    pub account: AccountId,
    /// The rider category in force for that account at the tap's time, as the policy names it.
    pub rider: Text,
    /// The fare medium, as the policy names it.
    pub fare_medium: Text,
    /// Who carries the rider's share.
    pub tender: Tender,
    /// The operator the device is registered to.
    pub operator: PartyNo,
    /// When the gateway received it (a label for lateness; no rule reads it).
    pub received_at: EventTime,
}

/// The accounting day turns: passes through every partition; what follows it is posted on `opening`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayMarker {
    /// The posting date that ends.
    pub closing: PostingDate,
    /// The posting date that begins.
    pub opening: PostingDate,
}

/// A version of the fare policy takes effect: passes through every partition; every record after it there is judged by the
/// versions it leads to. Rides before `from` keep the version that held when they were made, however late they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyActivation {
    /// The version's id.
    pub policy: Text,
    /// Digest of its files.
    pub digest: Digest,
    /// From this moment of travel on.
    pub from: EventTime,
    /// Digest of the versions that were in force, as both people saw them.
    pub before: Digest,
    /// When it was agreed, by the office's clock.
    pub at: EventTime,
    /// Who asked.
    pub asked_by: Text,
    /// Who else agreed; none while it is only proposed.
    pub approved_by: Option<Text>,
}

impl PolicyActivation {
    /// Digest of what is asked: everything but the people and the time.
    pub fn body_digest(&self) -> Digest {
        let mut bytes = Canonical::tagged("policy-activation/1");
        bytes.text(self.policy.as_str()).bytes(&self.digest.0).i64(self.from.unix_ms()).bytes(&self.before.0);
        bytes.digest()
    }
}

/// One record of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A tap.
    Tap(Box<AcceptedTap>),
    /// An end of day.
    Day(DayMarker),
    /// A command.
    Command(Box<Command>),
    /// A version of the fare policy takes effect.
    Policy(Box<PolicyActivation>),
}

/// Why something was not taken: a stable code, and a detail for the person who looks after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What exactly was wrong; never personal data.
    pub detail: String,
}

impl Refusal {
    /// A refusal with this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Refusal { code, detail: detail.into() }
    }
}
