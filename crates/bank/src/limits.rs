//! Every limit of the bank border, by name. The reader takes them as a value, so that a test can meet each one
//! without a file of its full size.

/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 200_000_000;
/// Elements open at the same time.
pub const DEPTH_MAX: usize = 64;
/// Bytes of the text of one element, or of one attribute.
pub const FIELD_BYTES_MAX: usize = 65_536;
/// Attributes of one element.
pub const ATTRIBUTES_MAX: usize = 64;
/// Namespace declarations in force at the same time.
pub const NAMESPACES_MAX: usize = 64;
/// Statements of one file.
pub const STATEMENTS_MAX: usize = 10_000;
/// Balances of one statement.
pub const BALANCES_MAX: usize = 1_000;
/// Lines of one statement, and details of one entry.
pub const LINES_MAX: usize = 1_000_000;
/// Findings kept of one file; later ones are only counted.
pub const FINDINGS_MAX: usize = 200;
/// Payments of one payout file.
pub const PAYMENTS_MAX: usize = 100_000;
/// Characters of a message id.
pub const MESSAGE_ID_LEN_MAX: usize = 35;
/// Characters of an end-to-end id.
pub const END_TO_END_LEN_MAX: usize = 35;
/// Characters of a name in a payout file: what clearing systems carry on, less than the 140 of the message.
pub const NAME_LEN_MAX: usize = 70;
/// Characters of a remittance text.
pub const REMITTANCE_LEN_MAX: usize = 140;
/// Characters of an account number that is no IBAN.
pub const ACCOUNT_LEN_MAX: usize = 34;
/// Digits of an amount, before and after the point together.
pub const AMOUNT_DIGITS_MAX: usize = 18;
/// Digits of an amount after the point.
pub const AMOUNT_DECIMALS_MAX: usize = 5;

/// The limits a reader holds a file to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Elements open at the same time.
    pub depth: usize,
    /// Bytes of the text of one element, or of one attribute.
    pub field_bytes: usize,
    /// Statements of the file.
    pub statements: usize,
    /// Lines of one statement.
    pub lines: usize,
    /// Findings kept.
    pub findings: usize,
}

impl Limits {
    /// The limits of the house.
    pub const HOUSE: Limits = Limits {
        file_bytes: FILE_BYTES_MAX,
        depth: DEPTH_MAX,
        field_bytes: FIELD_BYTES_MAX,
        statements: STATEMENTS_MAX,
        lines: LINES_MAX,
        findings: FINDINGS_MAX,
    };
}
