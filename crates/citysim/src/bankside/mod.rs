//! The bank of the simulated city: keeps the guarantee account, executes payment orders, writes the day's statement.

mod memo;
mod order;
mod statement;
mod xml;

use crate::SimError;
use chrono::NaiveDate;
use primitives::{Currency, Minor};
use statement::Movement;

/// The bank's side of one simulated day.
#[derive(Debug, Clone)]
pub struct BankSide {
    /// The guarantee account at the bank; payment orders must name it as the debtor's.
    pub account: String,
    /// Whose account it is.
    pub holder: String,
    /// The bank's own code.
    pub bic: String,
    /// Currency of the account.
    pub currency: Currency,
    /// Balance before the first movement. Zero unless the caller sets it.
    pub opening: Minor,
    /// Top-ups that riders paid by bank, as the bank received them.
    pub top_ups: Vec<BankCredit>,
    /// A transfer nobody announced: the house must find that it cannot explain it.
    pub unknown: Minor,
    /// Chance for the ways the bank mangles memos.
    pub seed: u64,
}

/// Money that came in for a reference of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankCredit {
    /// Our reference code, as the payer was told.
    pub reference: String,
    /// How much.
    pub amount: Minor,
}

/// A credit the house told somebody to pay: the city's subsidy claim, the acquirer's daily sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedCredit {
    /// The reference code of the claim.
    pub reference: String,
    /// How much was claimed; the bank receives exactly that.
    pub amount: Minor,
}

/// A statement as the bank sends it, and what the bank knows to be true.
#[derive(Debug, Clone)]
pub struct StatementFile {
    /// The camt.053.001.08 file.
    pub bytes: Vec<u8>,
    /// Balance before.
    pub opening: Minor,
    /// Balance after.
    pub closing: Minor,
    /// Number of movements.
    pub lines: usize,
    /// Sum of what was paid out.
    pub paid_out: Minor,
}

impl BankSide {
    /// Executes a payment order (none when it is empty) and writes the statement of `date`: the top-ups, the claims
    /// as they were paid, one transfer nobody announced, and a debit for each payment.
    pub fn statement(
        &self,
        pain001: &[u8],
        date: NaiveDate,
        expected: &[ExpectedCredit],
    ) -> Result<StatementFile, SimError> {
        let order = if pain001.is_empty() { None } else { Some(order::read(pain001, self.currency)?) };
        if let Some(order) = &order
            && order.debtor_account != self.account
        {
            return Err(SimError::Payout(format!(
                "{} is not an account of this customer",
                order.debtor_account
            )));
        }
        let mut movements = memo::credits(self, expected)?;
        let payments = order.map(|order| order.payments).unwrap_or_default();
        let paid_out = Minor::sum(payments.iter().map(|payment| payment.amount))?;
        for payment in payments {
            movements.push(Movement {
                amount: payment.amount.negated()?,
                end_to_end: payment.end_to_end,
                memo: vec![payment.remittance].into_iter().filter(|memo| !memo.is_empty()).collect(),
                counterparty: payment.creditor,
                counterparty_account: payment.creditor_account,
            });
        }
        let closing = Minor::sum(movements.iter().map(|movement| movement.amount))?.plus(self.opening)?;
        let bytes = statement::write(self, date, closing, &movements)?;
        Ok(StatementFile { bytes, opening: self.opening, closing, lines: movements.len(), paid_out })
    }
}

#[cfg(test)]
mod tests;
