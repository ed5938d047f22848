//! pain.001.001.09: the payout file. The same batch gives the same bytes, and a batch that a bank could misread gives
//! none.

mod check;
mod write;

use crate::latin::fit;
use crate::limits::{NAME_LEN_MAX, REMITTANCE_LEN_MAX};
use chrono::{DateTime, NaiveDate, Utc};
use primitives::{Currency, Minor, MoneyError};

/// A batch of payments from one account on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutFile {
    /// The id of the batch: 1 to 35 letters, digits and hyphens.
    pub message_id: String,
    /// When the batch was approved (never "now": writing again must give the same bytes).
    pub created_at: DateTime<Utc>,
    /// The day the bank is to pay.
    pub execution_date: NaiveDate,
    /// The currency of every payment.
    pub currency: Currency,
    /// Who pays.
    pub debtor: Party,
    /// The payments, in any order: the file has them by creditor account, then end-to-end id.
    pub payments: Vec<Payment>,
}

/// One side of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The name, as people write it; the file carries it without accents.
    pub name: String,
    /// The account: an IBAN, or the bank's own number.
    pub account: String,
    /// The bank, by its BIC of 8 or 11 characters.
    pub bic: String,
}

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// 1 to 35 capital letters and digits, unique for ever; the statement brings it back.
    pub end_to_end: String,
    /// Who is paid.
    pub creditor: Party,
    /// How much, above zero.
    pub amount: Minor,
    /// What the creditor reads on the statement; may be empty.
    pub remittance: String,
}

/// Why a batch gives no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayoutFileError {
    /// No payment in the batch.
    #[error("the batch has no payment")]
    Empty,
    /// More payments than a file may carry.
    #[error("the batch has {count} payments, more than PAYMENTS_MAX")]
    TooMany {
        /// How many it has.
        count: usize,
    },
    /// A message id that is not 1 to 35 letters, digits and hyphens.
    #[error("message id {id:?} is not 1 to 35 letters, digits and hyphens")]
    MessageId {
        /// The id.
        id: String,
    },
    /// An end-to-end id that is not 1 to 35 capital letters and digits, or that means "none" to a bank.
    #[error("end-to-end id {id:?} is not 1 to 35 characters of A-Z and 0-9")]
    EndToEndId {
        /// The id.
        id: String,
    },
    /// The same end-to-end id twice.
    #[error("end-to-end id {id} stands twice in the batch")]
    EndToEndIdTwice {
        /// The id.
        id: String,
    },
    /// An amount that cannot be paid.
    #[error("amount of {id} is not above zero, or has more than 18 digits")]
    Amount {
        /// The end-to-end id of the payment.
        id: String,
    },
    /// A name of which nothing can be carried.
    #[error("the name of {whose} has no character that a payment can carry")]
    Name {
        /// The end-to-end id of the payment, or `debtor`.
        whose: String,
    },
    /// An account number that a bank would not take.
    #[error("the account of {whose} is not 1 to 34 letters and digits, or is a false IBAN")]
    Account {
        /// The end-to-end id of the payment, or `debtor`.
        whose: String,
    },
    /// A BIC of another form.
    #[error("the BIC of {whose} is not of the form AAAABBCC or AAAABBCCDDD")]
    Bic {
        /// The end-to-end id of the payment, or `debtor`.
        whose: String,
    },
    /// The total does not fit.
    #[error("the total of the batch: {0}")]
    Total(#[from] MoneyError),
    /// The writer failed.
    #[error("writing the file: {0}")]
    Write(String),
}

/// A text that the file carries otherwise than it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutFinding {
    /// The end-to-end id of the payment, or `debtor`.
    pub whose: String,
    /// `name` or `remittance`.
    pub field: &'static str,
    /// True when characters other than accents were replaced.
    pub replaced: bool,
    /// True when the end was cut off.
    pub cut: bool,
}

/// Writes the payout file.
pub fn write_pain001(file: &PayoutFile) -> Result<Vec<u8>, PayoutFileError> {
    let batch = check::check(file)?;
    write::write(file, &batch).map_err(|fault| PayoutFileError::Write(fault.to_string()))
}

/// The texts that [`write_pain001`] replaces characters in or cuts, for the person who approves the batch.
pub fn payout_findings(file: &PayoutFile) -> Vec<PayoutFinding> {
    let finding = |whose: &str, field: &'static str, text: &str, length: usize| {
        let fitted = fit(text, length);
        let worth_telling = fitted.replaced || fitted.cut;
        worth_telling.then(|| PayoutFinding {
            whose: whose.to_owned(),
            field,
            replaced: fitted.replaced,
            cut: fitted.cut,
        })
    };
    let debtor = finding("debtor", "name", &file.debtor.name, NAME_LEN_MAX);
    let payments = file.payments.iter().flat_map(|payment| {
        let name = finding(&payment.end_to_end, "name", &payment.creditor.name, NAME_LEN_MAX);
        let remittance = finding(&payment.end_to_end, "remittance", &payment.remittance, REMITTANCE_LEN_MAX);
        [name, remittance]
    });
    std::iter::once(debtor).chain(payments).flatten().collect()
}

#[cfg(test)]
mod tests;
