//! What a batch comes to: everything there is to save.

use crate::state::AccountState;
use fares::Funded;
use ledger::Posting;
use primitives::{
    AccountId, Code, CommandId, Digest, EventTime, MediumToken, Minor, PartyNo, PolicyActivation,
    PostingDate, Refusal, ServiceDate, TapId, Tender, Text,
};
use std::collections::BTreeMap;
use std::fmt;

/// How each record of the batch was counted (invariant C-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Took effect, or was refused as a request.
    pub posted: u32,
    /// Same identity and body as before.
    pub duplicate: u32,
    /// Set aside with a code.
    pub quarantined: u32,
    /// Day markers and activations of policies.
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

/// A command that was answered, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// Identity.
    pub id: CommandId,
    /// Digest of what was asked.
    pub body_digest: Digest,
    /// Whose account.
    pub account: AccountId,
    /// The stable word for its kind.
    pub kind: &'static str,
    /// When it was asked.
    pub at: EventTime,
    /// Who asked.
    pub asked_by: Text,
    /// Who else agreed.
    pub approved_by: Option<Text>,
    /// Day of the act, by the city's day rule.
    pub service_date: ServiceDate,
    /// Accounting day.
    pub posting_date: PostingDate,
    /// Bill, product, case or reference.
    pub reference: Option<Text>,
    /// The earlier command it acted on.
    pub earlier: Option<CommandId>,
    /// Who was paid, or through whom.
    pub payee: Option<PartyNo>,
    /// How much was moved, or would have been.
    pub amount: Option<Minor>,
    /// Why not, when it was refused; the answer stays.
    pub refused: Option<Refusal>,
    /// Its log offset.
    pub offset: u64,
}

/// What a command changes in the registry, in the same breath as in the books: the door knows it from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryChange {
    /// A medium stands for the account.
    Medium {
        /// The medium.
        token: MediumToken,
        /// The account.
        account: AccountId,
        /// Its fare medium.
        fare_medium: Text,
        /// Who carries the rider's share.
        tender: Tender,
    },
    /// The account has a rider category for a time.
    Granted {
        /// The account.
        account: AccountId,
        /// The category.
        category: Text,
        /// From this moment.
        from: EventTime,
        /// Until before this moment.
        until: EventTime,
    },
    /// It no longer has it.
    Lapsed {
        /// The account.
        account: AccountId,
        /// The category.
        category: Text,
        /// From this moment.
        at: EventTime,
    },
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
    /// The medium was shown again: no ride, and no fare.
    SecondTap,
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
            ChargeShape::SecondTap => "second_tap",
            ChargeShape::Cancelled => "cancelled",
        }
    }

    /// The state with this word.
    pub fn parse(word: &str) -> Option<ChargeShape> {
        use ChargeShape::{Cancelled, MissingEntry, MissingExit, Ride, SecondTap};
        [Ride, MissingExit, MissingEntry, SecondTap, Cancelled].into_iter().find(|shape| shape.word() == word)
    }

    /// How many rides it counts for.
    pub(crate) const fn rides(self) -> i32 {
        match self {
            ChargeShape::Ride | ChargeShape::MissingExit | ChargeShape::MissingEntry => 1,
            ChargeShape::SecondTap | ChargeShape::Cancelled => 0,
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

/// What somebody should look at in a charge although it was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The medium was shown again within the policy's time: no second fare was charged.
    Passback,
    /// The tap is older than the window: it was priced alone, so joins, transfers and caps were not looked at.
    BeforeWindow,
    /// The device's clock contradicts its own numbering: the ride was priced at the time its order allows.
    ClockMoved,
    /// The account has more taps in its window than are kept: the oldest no longer take part in later prices.
    Crowded,
    /// The account or the medium was on the deny list.
    Blocked,
}

impl Flag {
    /// Every flag.
    pub const ALL: &'static [Flag] =
        &[Flag::Passback, Flag::BeforeWindow, Flag::ClockMoved, Flag::Crowded, Flag::Blocked];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Flag::Passback => "passback",
            Flag::BeforeWindow => "before_window",
            Flag::ClockMoved => "clock_moved",
            Flag::Crowded => "rate_anomaly",
            Flag::Blocked => "blocked",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Flag::Passback => 1,
            Flag::BeforeWindow => 2,
            Flag::ClockMoved => 4,
            Flag::Crowded => 8,
            Flag::Blocked => 16,
        }
    }
}

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// These and one more.
    #[must_use]
    pub const fn with(self, flag: Flag) -> Flags {
        Flags(self.0 | flag.bit())
    }

    /// These, and one more where the condition holds.
    #[must_use]
    pub const fn with_if(self, flag: Flag, condition: bool) -> Flags {
        if condition { self.with(flag) } else { self }
    }

    /// True when this flag is among them.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// The flags, in the order of [`Flag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.iter().copied().filter(move |flag| self.has(*flag))
    }

    /// The set as one byte, as states keep it.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set kept as this byte; `None` for a flag that is not known.
    pub fn from_bits(bits: u8) -> Option<Flags> {
        let known = Flag::ALL.iter().fold(0, |known, flag| known | flag.bit());
        (bits & !known == 0).then_some(Flags(bits))
    }
}

/// Signed differences a version posted against the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// +1 for a new ride, -1 for one that is cancelled or turns out to be a second tap.
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
    /// What somebody should look at.
    pub flags: Flags,
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

/// What announced money at the bank. Its text is the item's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemSource {
    /// A tap.
    Tap(TapId),
    /// A command.
    Command(CommandId),
}

impl fmt::Display for ItemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemSource::Tap(tap) => tap.fmt(f),
            ItemSource::Command(id) => id.fmt(f),
        }
    }
}

/// Money a bank statement is expected to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankItem {
    /// The top-up that announced it.
    pub source: ItemSource,
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
    /// True when the database refused it, and no rule of ours.
    pub by_database: bool,
}

/// Where a partition's chain stood when an accounting day ended there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayHead {
    /// The day that ended.
    pub date: PostingDate,
    /// Log offset of its marker: the head covers the postings of everything below.
    pub offset: u64,
    /// The chain's head.
    pub chain_head: Digest,
}

/// A version of the policy that took effect, and where in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// Its log offset: every record after it is judged by the versions it leads to.
    pub offset: u64,
    /// What took effect.
    pub activation: PolicyActivation,
}

/// Everything that came of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How the records were counted.
    pub counts: Counts,
    /// Taps that took effect.
    pub taps: Vec<TapRow>,
    /// Commands that were answered.
    pub commands: Vec<CommandRow>,
    /// What commands change in the registry, in log order.
    pub registry: Vec<RegistryChange>,
    /// Versions of legs' prices.
    pub charges: Vec<Charge>,
    /// Postings, in log order.
    pub postings: Vec<Placed>,
    /// Expected bank movements.
    pub items: Vec<BankItem>,
    /// Records set aside.
    pub quarantined: Vec<Quarantined>,
    /// Accounting days that ended in the batch, and the chain's head at each end.
    pub day_heads: Vec<DayHead>,
    /// Versions of the policy that took effect in the batch, in log order.
    pub activated: Vec<Activated>,
    /// New states of the accounts that changed.
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// The open accounting day after the batch.
    pub posting_date: PostingDate,
    /// The chain's head after the batch.
    pub chain_head: Digest,
}
