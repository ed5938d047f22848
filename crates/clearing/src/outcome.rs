//! What a batch comes to: everything there is to save.

use crate::state::AccountState;
use fares::Funded;
use ledger::Posting;
use primitives::{
    AccountId, Code, Digest, EventTime, Minor, PartyNo, PostingDate, Refusal, ServiceDate, TapId, Tender,
    Text,
};
use std::collections::BTreeMap;

/// How each record of the batch was counted (invariant C-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Took effect, or was refused as a request.
    pub posted: u32,
    /// Same identity and body as before.
    pub duplicate: u32,
    /// Set aside with a code.
    pub quarantined: u32,
    /// Day markers.
    pub marker: u32,
}

/// What became of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapOutcome {
    /// It took effect.
    Posted,
    /// A request that got "no"; the answer stays.
    Refused(Code),
}

/// A tap that took effect, or a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapRow {
    /// Identity.
    pub id: TapId,
    /// Digest of the signed body.
    pub body_digest: Digest,
    /// Whose account.
    pub account: AccountId,
    /// The stable word for its kind.
    pub kind: &'static str,
    /// Device time.
    pub at: EventTime,
    /// Gateway time.
    pub received_at: EventTime,
    /// Day of travel.
    pub service_date: ServiceDate,
    /// Accounting day.
    pub posting_date: PostingDate,
    /// The device's operator.
    pub operator: PartyNo,
    /// Route, for rides.
    pub route: Option<Text>,
    /// Stop, when known.
    pub stop: Option<Text>,
    /// Bill or top-up reference.
    pub reference: Option<Text>,
    /// School or channel.
    pub payee: Option<PartyNo>,
    /// Amount of a payment or top-up.
    pub amount: Option<Minor>,
    /// What became of it.
    pub outcome: TapOutcome,
    /// Its log offset.
    pub offset: u64,
}

/// The state a leg is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeShape {
    /// Both ends known, or a boarding.
    Ride,
    /// No exit yet: the policy's default fare.
    MissingExit,
    /// No entry yet: the policy's default fare.
    MissingEntry,
    /// The taps were found to belong to another leg.
    Cancelled,
}

impl ChargeShape {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            ChargeShape::Ride => "ride",
            ChargeShape::MissingExit => "missing_exit",
            ChargeShape::MissingEntry => "missing_entry",
            ChargeShape::Cancelled => "cancelled",
        }
    }
}

impl From<fares::Shape> for ChargeShape {
    fn from(shape: fares::Shape) -> Self {
        match shape {
            fares::Shape::Ride => ChargeShape::Ride,
            fares::Shape::MissingExit => ChargeShape::MissingExit,
            fares::Shape::MissingEntry => ChargeShape::MissingEntry,
        }
    }
}

/// Signed differences a version posted against the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// +1 for a new leg, -1 for a cancelled one.
    pub rides: i32,
    /// Full price.
    pub gross: Minor,
    /// Rider's part.
    pub rider: Minor,
    /// All funders' parts.
    pub funded: Minor,
}

/// One version of a leg's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Whose account.
    pub account: AccountId,
    /// The leg: identity of its first tap.
    pub leg: TapId,
    /// Version, from 1.
    pub version: u32,
    /// The tap that ended it.
    pub exit: Option<TapId>,
    /// Who is owed the fare.
    pub operator: PartyNo,
    /// Route or line.
    pub route: Text,
    /// Where it began.
    pub from: Option<Text>,
    /// Where it ended.
    pub to: Option<Text>,
    /// Rider category.
    pub rider_category: Text,
    /// Fare medium.
    pub medium: Text,
    /// Who carries the rider's part.
    pub tender: Tender,
    /// Day of travel.
    pub service_date: ServiceDate,
    /// Accounting day.
    pub posting_date: PostingDate,
    /// State of the leg.
    pub shape: ChargeShape,
    /// Why there is no fare, if there is none.
    pub unknown: Option<&'static str>,
    /// Full price.
    pub gross: Minor,
    /// Rider's part.
    pub rider: Minor,
    /// Funders' parts.
    pub funded: Vec<Funded>,
    /// What this version posted.
    pub delta: Delta,
    /// Fare product.
    pub product: Option<Text>,
    /// Rules that fired, in order.
    pub rules: Vec<Text>,
    /// Log offset of the record that caused this version.
    pub offset: u64,
}

/// A posting and its place in log order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Log offset of the record that caused it.
    pub offset: u64,
    /// Its number among that record's postings.
    pub ordinal: u32,
    /// The posting.
    pub posting: Posting,
}

/// Money a bank statement is expected to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankItem {
    /// The top-up that announced it.
    pub tap: TapId,
    /// The reference it carries.
    pub reference: Text,
    /// How much comes to us.
    pub amount: Minor,
    /// Through which channel.
    pub channel: PartyNo,
    /// Accounting day.
    pub posting_date: PostingDate,
}

/// A record set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its log offset.
    pub offset: u64,
    /// The tap's identity, where it could be read.
    pub tap: Option<TapId>,
    /// Why.
    pub refusal: Refusal,
}

/// Everything that came of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How the records were counted.
    pub counts: Counts,
    /// Taps that took effect.
    pub taps: Vec<TapRow>,
    /// Versions of legs' prices.
    pub charges: Vec<Charge>,
    /// Postings, in log order.
    pub postings: Vec<Placed>,
    /// Expected bank movements.
    pub items: Vec<BankItem>,
    /// Records set aside.
    pub quarantined: Vec<Quarantined>,
    /// New states of the accounts that changed.
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// The open accounting day after the batch.
    pub posting_date: PostingDate,
    /// The chain's head after the batch.
    pub chain_head: Digest,
}
