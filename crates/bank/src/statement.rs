//! What the house knows of a bank statement, whatever the format it came in: parsed values, and separately the proof.

use chrono::NaiveDate;
use primitives::{Code, Currency, Minor};

/// One bank statement: what the bank says it moved on one account in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The bank's own id of the statement.
    pub id: String,
    /// The bank's number of the statement: the electronic sequence, else the legal one.
    pub sequence: Option<u64>,
    /// The account's number, as the bank writes it.
    pub account: String,
    /// The account's type, when the bank names one: one number with two types is two accounts.
    pub account_type: Option<String>,
    /// The currency of the account, its balances and its lines.
    pub currency: Currency,
    /// First day of the period.
    pub from: NaiveDate,
    /// Last day of the period.
    pub to: NaiveDate,
    /// Balance before the first line; zero when the file gives none (then the proof is not provable).
    pub opening: Minor,
    /// Balance after the last line; zero when the file gives none (then the proof is not provable).
    pub closing: Minor,
    /// The movements, in the order of the file.
    pub lines: Vec<Line>,
    /// Whether the file's own figures agree.
    pub proof: Proof,
    /// What was not as it should be, and was read all the same.
    pub findings: Vec<Finding>,
}

/// One movement on a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Position in the statement, from 1: equal payments are legal, so only the position tells them apart.
    pub ordinal: u32,
    /// The day the bank books it on.
    pub booking_date: NaiveDate,
    /// The day it counts from for interest.
    pub value_date: NaiveDate,
    /// How much; above zero is money to us.
    pub amount: Minor,
    /// True when it is final. What is pending is shown and never summed, posted or matched.
    pub booked: bool,
    /// True when the bank says that this undoes or returns an earlier movement. The sign already says which way.
    pub reversal: bool,
    /// The payer's or our own end-to-end id; none when the bank says `NOTPROVIDED`.
    pub end_to_end: Option<String>,
    /// The texts of the movement, joined with one space.
    pub memo: String,
    /// The bank's own reference of the movement.
    pub bank_ref: Option<String>,
    /// Our reference codes found in the ids and texts, each once, in the order found.
    pub references: Vec<String>,
}

/// Whether a statement's own figures agree. Money is posted and matched only from a proven statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Opening plus booked lines is closing, details sum to their entries, counts and totals are right.
    Proven,
    /// They do not agree. The findings say where.
    Failed {
        /// The first difference that is not zero: opening plus booked lines less closing, else details less their
        /// entry, else the stated total less the counted one. Zero when only a count is wrong.
        difference: Minor,
    },
    /// They cannot be compared, because something is missing or unreadable.
    NotProvable {
        /// What is missing.
        why: String,
    },
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Odd, and without effect on any figure.
    Note,
    /// Read by a rule that stands in for what the file should have said.
    Warning,
    /// The proof cannot hold because of it.
    Error,
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $severity:ident;)*) => {
        /// What a finding is about. The text never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)*
        }

        impl FindingCode {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [FindingCode] = &[$(FindingCode::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(FindingCode::$variant => $text,)* }
            }

            /// How much it weighs.
            pub const fn severity(self) -> Severity {
                match self { $(FindingCode::$variant => Severity::$severity,)* }
            }
        }
    };
}

finding_codes! {
    /// A balance without credit or debit mark: read as credit.
    BalanceSignMissing = "BAL_SIGN_MISSING", Warning;
    /// No opening, no closing, or two that differ.
    BalanceMissing = "BAL_MISSING", Error;
    /// The opening is the previous closing (PRCD), for want of an opening booked balance.
    OpeningFromPrevious = "BAL_OPENING_PRCD", Note;
    /// Opening booked and previous closing balance differ.
    OpeningDiffersFromPrevious = "BAL_OPENING_DIFFERS", Warning;
    /// An entry without credit or debit mark: it cannot be read as a line.
    EntrySignMissing = "ENTRY_SIGN_MISSING", Error;
    /// An entry without status: read as booked.
    StatusMissing = "STATUS_MISSING", Warning;
    /// A status we do not know: not summed.
    StatusUnknown = "STATUS_UNKNOWN", Warning;
    /// A status in the form of another version of the message.
    StatusForm = "STATUS_FORM", Note;
    /// A date that is missing: the next best one is used.
    DateMissing = "DATE_MISSING", Warning;
    /// A booking time in UTC, which can be another day at the bank: the date is taken as written.
    DateInUtc = "DATE_IN_UTC", Warning;
    /// A booking date outside the statement's period.
    DateOutsidePeriod = "DATE_OUTSIDE_PERIOD", Note;
    /// A number of the statement that is no number: the statement has none.
    SequenceUnreadable = "SEQUENCE_UNREADABLE", Warning;
    /// The bank gives no id of the statement.
    StatementIdMissing = "STMT_ID_MISSING", Warning;
    /// The same statement stands twice in the file: only the first can be proven.
    StatementRepeated = "STMT_REPEATED", Error;
    /// Pages are missing, double, or without an end mark.
    PagesIncomplete = "PAGES_INCOMPLETE", Error;
    /// The details of an entry cannot be added up, so the entry stays one line.
    DetailsNotProvable = "DETAILS_NOT_PROVABLE", Note;
    /// A field that cannot be read: its entry is no line, or its balance is no balance.
    Field = "STMT_FIELD", Error;
    /// Opening plus lines is not closing, or details are not their entry.
    BalanceProof = "BALANCE_PROOF", Error;
    /// A count or a total of the file is not what was counted.
    Checksum = "CHECKSUM", Error;
    /// More findings than are kept.
    More = "MORE_FINDINGS", Note;
}

/// Something that was not as it should be. Never holds the personal data itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: FindingCode,
    /// Where in the file's tree, such as `Stmt[1]/Ntry[17]/Amt`.
    pub path: String,
    /// Where in the file's bytes.
    pub byte_offset: u64,
    /// What exactly.
    pub detail: String,
}

/// A file that was refused whole: nothing of it becomes a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail} (byte {byte_offset})", code.as_str())]
pub struct FileRefusal {
    /// The stable code.
    pub code: Code,
    /// What exactly was wrong; never personal data.
    pub detail: String,
    /// Where in the file's bytes.
    pub byte_offset: u64,
}

impl FileRefusal {
    /// A refusal at a byte of the file.
    pub(crate) fn at(code: Code, byte_offset: u64, detail: impl Into<String>) -> Self {
        FileRefusal { code, detail: detail.into(), byte_offset }
    }
}
