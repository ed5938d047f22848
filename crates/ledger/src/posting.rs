//! Postings: balanced by construction, immutable ever after.

use crate::chart::{Chart, Owner, Ring};
use primitives::{AccountId, Canonical, CommandId, Minor, PartyNo, PostingDate, ServiceDate, TapId};

/// Most lines one posting may have.
pub const LINES_MAX: usize = 64;

/// What a posting records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The first price of a ride.
    Fare,
    /// The difference between a ride's new price and the one posted before.
    Rerate,
    /// Money paid into a card account.
    TopUp,
    /// A payment to a school from a card account.
    SchoolPayment,
    /// A fare given back, whole or in part.
    Refund,
    /// A top-up that a channel announced, confirmed or took back.
    PendingTopUp,
    /// A pass or ticket book sold.
    PassSale,
    /// A pass or ticket book given back.
    PassRefund,
    /// Money of a pass or ticket book that a ride earned.
    PassEarned,
    /// Money of a pass or ticket book that no ride earned by its end.
    PassEnded,
    /// What was left on a card account that was closed.
    Closing,
    /// Money moved by hand between a card account and where it belongs.
    Correction,
    /// A payout handed to the bank.
    Payout,
    /// A line of a proven statement that met its item.
    BankLine,
    /// A line of a proven statement that met none.
    Suspense,
    /// Own money that prefunds or refills the trust ring.
    Funding,
    /// An event that the back office booked by hand, with four eyes.
    Adjustment,
    /// What undoes another posting.
    Reversal,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::Fare,
        Kind::Rerate,
        Kind::TopUp,
        Kind::SchoolPayment,
        Kind::Refund,
        Kind::PendingTopUp,
        Kind::PassSale,
        Kind::PassRefund,
        Kind::PassEarned,
        Kind::PassEnded,
        Kind::Closing,
        Kind::Correction,
        Kind::Payout,
        Kind::BankLine,
        Kind::Suspense,
        Kind::Funding,
        Kind::Adjustment,
        Kind::Reversal,
    ];

    /// The kind of a stable word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// The stable word, as the tables of record hold it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Fare => "fare",
            Kind::Rerate => "rerate",
            Kind::TopUp => "top_up",
            Kind::SchoolPayment => "school_payment",
            Kind::Refund => "refund",
            Kind::PendingTopUp => "pending_top_up",
            Kind::PassSale => "pass_sale",
            Kind::PassRefund => "pass_refund",
            Kind::PassEarned => "pass_earned",
            Kind::PassEnded => "pass_ended",
            Kind::Closing => "closing",
            Kind::Correction => "correction",
            Kind::Payout => "payout",
            Kind::BankLine => "bank_line",
            Kind::Suspense => "suspense",
            Kind::Funding => "funding",
            Kind::Adjustment => "adjustment",
            Kind::Reversal => "reversal",
        }
    }
}

/// What caused a posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A tap of a card account: the leg's first tap, or the payment itself.
    Tap {
        /// The card account concerned.
        account: AccountId,
        /// The leg's or payment's identity.
        tap: TapId,
    },
    /// A command about a card account.
    Command {
        /// The card account concerned.
        account: AccountId,
        /// The command.
        id: CommandId,
    },
    /// An act of the back office, by its own stable name.
    Office(String),
}

/// One debit or one credit on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The account of the chart.
    pub chart: Chart,
    /// Its owner: account id, party number, or 0.
    pub owner: i64,
    /// Above zero on a debit line, else zero.
    pub debit: Minor,
    /// Above zero on a credit line, else zero.
    pub credit: Minor,
}

impl Line {
    /// A debit of `amount`.
    pub const fn debit(chart: Chart, owner: i64, amount: Minor) -> Self {
        Line { chart, owner, debit: amount, credit: Minor::ZERO }
    }

    /// A credit of `amount`.
    pub const fn credit(chart: Chart, owner: i64, amount: Minor) -> Self {
        Line { chart, owner, debit: Minor::ZERO, credit: amount }
    }

    /// The owner number of a party.
    pub const fn party(party: PartyNo) -> i64 {
        party.0 as i64
    }

    /// The owner under which sums are kept: card accounts are summed under their control account.
    pub const fn control_owner(&self) -> i64 {
        match self.chart.owner_kind() {
            Owner::Account => 0,
            Owner::None | Owner::Party => self.owner,
        }
    }
}

/// Why lines are not a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// No lines, or more than [`LINES_MAX`].
    #[error("a posting has 1 to {LINES_MAX} lines")]
    Lines,
    /// A line that is zero, negative, on both sides, or with an owner its account cannot have.
    #[error("a line is exactly one positive debit or credit of a possible owner")]
    Line,
    /// Debits and credits of a ring differ, or do not fit 64 bits.
    #[error("debits and credits of a ring differ")]
    Sums,
    /// What own money owes the trust ring is another amount in each ring.
    #[error("what own money owes the trust ring differs between the rings")]
    Mirror,
}

/// A balanced, atomic, immutable set of lines with one cause. The only constructor proves the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    kind: Kind,
    posting_date: PostingDate,
    service_date: ServiceDate,
    cause: Cause,
    lines: Vec<Line>,
}

/// The two sides of one ring.
#[derive(Default)]
struct Sides {
    debit: i128,
    credit: i128,
}

impl Sides {
    fn add(&mut self, debit: i128, credit: i128) {
        self.debit = self.debit.saturating_add(debit);
        self.credit = self.credit.saturating_add(credit);
    }

    /// True when both sides are one amount of 64 bits.
    fn balance(&self) -> bool {
        self.debit == self.credit && i64::try_from(self.debit).is_ok()
    }
}

impl Posting {
    /// The posting of these lines, when they balance in each ring.
    pub fn new(
        kind: Kind,
        posting_date: PostingDate,
        service_date: ServiceDate,
        cause: Cause,
        lines: Vec<Line>,
    ) -> Result<Self, Unbalanced> {
        if lines.is_empty() || lines.len() > LINES_MAX {
            return Err(Unbalanced::Lines);
        }
        // Sums of so few amounts of 64 bits always fit 128 bits.
        let (mut trust, mut own, mut mirrored) = (Sides::default(), Sides::default(), 0_i128);
        for line in &lines {
            let one_side = (line.debit.is_positive() && line.credit.is_zero())
                || (line.credit.is_positive() && line.debit.is_zero());
            let owned = match line.chart.owner_kind() {
                Owner::None => line.owner == 0,
                Owner::Account => line.owner >= 0,
                Owner::Party => line.owner > 0,
            };
            if !one_side || !owned {
                return Err(Unbalanced::Line);
            }
            let (debit, credit) = (i128::from(line.debit.units()), i128::from(line.credit.units()));
            match line.chart.ring() {
                Ring::Trust => trust.add(debit, credit),
                Ring::Own => own.add(debit, credit),
            }
            if matches!(line.chart, Chart::DueFromOwn | Chart::DueToTrust) {
                mirrored = mirrored.saturating_add(debit).saturating_sub(credit);
            }
        }
        if !trust.balance() || !own.balance() {
            return Err(Unbalanced::Sums);
        }
        // Each side of what own money owes is the other side of what the trust ring is owed.
        if mirrored != 0 {
            return Err(Unbalanced::Mirror);
        }
        Ok(Posting { kind, posting_date, service_date, cause, lines })
    }

    /// What it records.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The accounting day it is written on.
    pub const fn posting_date(&self) -> PostingDate {
        self.posting_date
    }

    /// The day of travel (or of the act).
    pub const fn service_date(&self) -> ServiceDate {
        self.service_date
    }

    /// What caused it.
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Appends the canonical bytes, which the chain hashes.
    pub fn write(&self, bytes: &mut Canonical) {
        bytes.text(self.kind.word()).i64(self.posting_date.day_number()).i64(self.service_date.day_number());
        match &self.cause {
            Cause::Tap { account, tap } => {
                bytes.text("tap").u64(account.number());
                bytes.u64(tap.device.number()).u64(tap.journal.number()).u64(tap.sequence.number());
            }
            Cause::Command { account, id } => {
                bytes.text("command").u64(account.number()).bytes(id.bytes());
            }
            Cause::Office(name) => {
                bytes.text("office").text(name);
            }
        }
        bytes.u64(self.lines.len() as u64);
        for line in &self.lines {
            bytes.i64(i64::from(line.chart.number())).i64(line.owner);
            bytes.i64(line.debit.units()).i64(line.credit.units());
        }
    }
}
