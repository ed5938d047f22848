//! How a payment's text arrives at the other end: prefixed, capitalised, wrapped in the middle of our reference.

use super::statement::Movement;
use super::{BankSide, ExpectedCredit};
use crate::SimError;
use crate::random::Random;

/// Every credit of the day, in the bank's order.
pub(super) fn credits(bank: &BankSide, expected: &[ExpectedCredit]) -> Result<Vec<Movement>, SimError> {
    let mut chance = Random::new(bank.seed, "bank memos");
    let mut movements = Vec::with_capacity(bank.top_ups.len() + expected.len() + 1);
    for credit in &bank.top_ups {
        movements.push(top_up(&mut chance, &credit.reference, credit.amount)?);
    }
    for claim in expected.iter().filter(|claim| !claim.amount.is_zero()) {
        movements.push(Movement {
            amount: positive(claim.amount)?,
            end_to_end: "NOTPROVIDED".to_owned(),
            memo: vec![format!("THANH TOAN {}", claim.reference)],
            counterparty: "KHO BAC".to_owned(),
            counterparty_account: account_number(&mut chance),
        });
    }
    if !bank.unknown.is_zero() {
        // It lands in the middle of the day, as such transfers do.
        let at = movements.len() / 2;
        movements.insert(
            at,
            Movement {
                amount: positive(bank.unknown)?,
                end_to_end: "NOTPROVIDED".to_owned(),
                memo: vec!["CHUYEN TIEN MUA SACH".to_owned()],
                counterparty: "NGUOI GUI KHONG RO".to_owned(),
                counterparty_account: account_number(&mut chance),
            },
        );
    }
    Ok(movements)
}

fn positive(amount: primitives::Minor) -> Result<primitives::Minor, SimError> {
    if amount.is_positive() {
        Ok(amount)
    } else {
        Err(SimError::Payout("a credit must be above zero".to_owned()))
    }
}

fn top_up(chance: &mut Random, reference: &str, amount: primitives::Minor) -> Result<Movement, SimError> {
    let number = chance.between(100_000, 1_000_000);
    let (left, right) = reference.split_at(chance.index(reference.len() - 2).max(1).min(reference.len() - 1));
    let (end_to_end, memo) = match chance.below(5) {
        // The payer's bank carries the reference in its own field and drops the text.
        0 => (reference.to_owned(), Vec::new()),
        1 => ("NOTPROVIDED".to_owned(), vec![format!("nap the {}", reference.to_lowercase())]),
        2 => ("NOTPROVIDED".to_owned(), vec![format!("CT DEN {number} {reference} NAP THE")]),
        3 => ("NOTPROVIDED".to_owned(), vec![format!("IBPS/{number}.{left}\n{right} NAP THE")]),
        _ => ("NOTPROVIDED".to_owned(), vec![format!("CT DEN {number} NAP THE {left}"), right.to_owned()]),
    };
    Ok(Movement {
        amount: positive(amount)?,
        end_to_end,
        memo,
        counterparty: "CHU THE".to_owned(),
        counterparty_account: account_number(chance),
    })
}

/// An invented account number, of a length no bank of the simulation uses for anything else.
fn account_number(chance: &mut Random) -> String {
    format!("99{:011}", chance.below(100_000_000_000))
}
