//! Stable codes: what a refusal, a quarantine or a break is called, for ever.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A stable code. Its text never changes; `docs/error-codes.md` has a line for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The code with this text.
            pub fn parse(text: &str) -> Option<Code> {
                match text { $($text => Some(Code::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    // Taps: the envelope and its sender.
    /// Bytes that are not a message of the expected form.
    Decode = "DECODE",
    /// Over a named limit of size or count.
    TooLarge = "TOO_LARGE",
    /// The MAC is wrong, missing, short or long.
    MacBad = "MAC_BAD",
    /// No such key version for this device.
    KeyUnknown = "KEY_UNKNOWN",
    /// The device's key was revoked; what it signed may still be a real fare.
    KeyRevoked = "KEY_REVOKED",
    /// No such device.
    DeviceUnknown = "DEVICE_UNKNOWN",
    /// The signed body names another device than the envelope.
    DeviceMismatch = "DEVICE_MISMATCH",
    /// The device is registered to another operator than the route's.
    DeviceOperator = "DEVICE_OPERATOR",
    // Taps: what they refer to.
    /// No such medium (heals when the card is enrolled).
    MediumUnknown = "MEDIUM_UNKNOWN",
    /// No such stop in the policy in force.
    StopUnknown = "STOP_UNKNOWN",
    /// No such route in the policy in force.
    RouteUnknown = "ROUTE_UNKNOWN",
    /// No such operator, school or channel in the policy in force.
    PartyUnknown = "PARTY_UNKNOWN",
    /// No policy in force at the tap's time.
    PolicyUnknown = "POLICY_UNKNOWN",
    // Taps: times, amounts, text.
    /// More than the allowed drift ahead of the receiver's clock.
    ClockFuture = "CLOCK_FUTURE",
    /// Older than the acceptance limit.
    ClockOld = "CLOCK_OLD",
    /// Not a possible time.
    ClockInvalid = "CLOCK_INVALID",
    /// An amount of zero, below zero, or above the limit.
    AmountRange = "AMOUNT_RANGE",
    /// A currency that is not the city's.
    AmountCurrency = "AMOUNT_CURRENCY",
    /// Text that is empty, too long, or holds control characters.
    TextInvalid = "TEXT_INVALID",
    // Taps: identity.
    /// Same identity and same body as an earlier tap: counted, answered as before.
    Duplicate = "DUPLICATE",
    /// Same identity, other body: both kept, alarm.
    TapConflict = "TAP_CONFLICT",
    // Requests.
    /// A payment request above the balance.
    InsufficientFunds = "INSUFFICIENT_FUNDS",
    /// A request about a card account that is on the deny list.
    AccountBlocked = "ACCOUNT_BLOCKED",
    /// A request about an account that was closed.
    AccountClosed = "ACCOUNT_CLOSED",
    /// An account that cannot be closed yet.
    CloseTooSoon = "CLOSE_TOO_SOON",
    /// An act that needs a second person.
    ApprovalMissing = "APPROVAL_MISSING",
    /// A rider category that the policy does not have, or a time that ends before it begins.
    ConcessionInvalid = "CONCESSION_INVALID",
    /// A pass that is not sold to this rider, on this medium, or now.
    PassNotSold = "PASS_NOT_SOLD",
    /// A pass that was used, or whose terms give nothing back.
    PassNotRefundable = "PASS_NOT_REFUNDABLE",
    /// A pass whose time is not over, or whose money was let go of before.
    PassNotOver = "PASS_NOT_OVER",
    /// What is to be given back is not there (any more).
    RefundUnknown = "REFUND_UNKNOWN",
    /// More than what is left of the original.
    RefundAbove = "REFUND_ABOVE",
    /// A top-up that was not announced, or was confirmed or taken back before.
    TopUpNotPending = "TOPUP_NOT_PENDING",
    // The pipeline.
    /// A record that stands in another partition than its account's.
    WrongPartition = "WRONG_PARTITION",
    /// A record that cannot be judged although it decodes: isolated, and somebody is called.
    Poison = "POISON",
    /// Offsets of a partition do not follow each other: the partition halts.
    OffsetGap = "OFFSET_GAP",
    /// The stored position lies outside the log: the partition halts.
    OffsetPastEnd = "OFFSET_PAST_END",
    /// The topic is not the one the positions belong to: the partition halts.
    TopicReplaced = "TOPIC_REPLACED",
    /// A policy in force is not loaded, or was changed: the partition halts.
    PolicyDiffers = "POLICY_DIFFERS",
    /// A version of the policy that cannot follow those in force.
    PolicyUnfit = "POLICY_UNFIT",
    /// Sequences are missing from a device's journal although later ones arrived.
    SequenceGap = "SEQ_GAP",
    // Days.
    /// A day that cannot close because the books do not balance.
    BooksUnbalanced = "BOOKS_UNBALANCED",
    // Bank files.
    /// The file ends before its root element closes.
    FileTruncated = "FILE_TRUNCATED",
    /// The file is not valid in its character encoding.
    FileEncoding = "FILE_ENCODING",
    /// The file is not well-formed, has a DOCTYPE, two roots or forbidden characters.
    FileXml = "FILE_XML",
    /// No profile claims the file.
    FileNoProfile = "FILE_NO_PROFILE",
    /// A field of a statement cannot be read.
    StatementField = "STMT_FIELD",
    /// Opening plus movements is not closing.
    BalanceProof = "BALANCE_PROOF",
    /// Opening is not the closing of the statement before.
    StatementGap = "STATEMENT_GAP",
    /// Counts or sums of the file do not agree with its lines.
    Checksum = "CHECKSUM",
    // Breaks.
    /// A bank line without an item.
    UnmatchedBank = "UNMATCHED_BANK",
    /// An item without a bank line.
    UnmatchedLedger = "UNMATCHED_LEDGER",
    /// Reference equal, amount not.
    AmountDiff = "AMOUNT_DIFF",
    /// Several candidates for one line.
    Ambiguous = "AMBIGUOUS",
    // Approvals.
    /// The maker tried to approve the own proposal.
    ApprovalSelf = "APPROVAL_SELF",
    /// The proposal changed after it was shown.
    ApprovalStale = "APPROVAL_STALE",
    /// The proposal was decided before.
    ApprovalUsed = "APPROVAL_USED",
    // The programming interface.
    /// Not signed in, or the session ended.
    Unauthenticated = "UNAUTHENTICATED",
    /// Signed in, but not for this.
    Forbidden = "FORBIDDEN",
    /// Nothing here with this name.
    NotFound = "NOT_FOUND",
    /// The request is not of the expected form.
    BadRequest = "BAD_REQUEST",
    /// A command without an idempotency key.
    IdempotencyMissing = "IDEMPOTENCY_MISSING",
    /// The key of an earlier command with another body.
    IdempotencyMismatch = "IDEMPOTENCY_MISMATCH",
    /// A part the house needs is away; try again.
    Unavailable = "UNAVAILABLE",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
