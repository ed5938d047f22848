//! What the back office's use cases share.

use crate::EngineError;
use ledger::{Chart, Line};
use primitives::{Canonical, Minor, MoneyError};
use std::fmt::Display;
use store::StoreError;
use uuid::Uuid;

/// The fault of figures in the tables of record that cannot be: they do not fit 64 bits, or do not balance.
pub(crate) fn books(doing: &'static str, why: impl Display) -> EngineError {
    StoreError::row(doing, why.to_string()).into()
}

/// An id derived from its cause, so that the same cause gives the same id on every machine.
pub(crate) fn derived_id(cause: &Canonical) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&cause.digest().0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A debit of a signed amount: below zero it is a credit, and zero is no line.
pub(crate) fn towards_debit(chart: Chart, owner: i64, amount: Minor) -> Result<Option<Line>, MoneyError> {
    Ok(match amount {
        _ if amount.is_zero() => None,
        _ if amount.is_negative() => Some(Line::credit(chart, owner, amount.negated()?)),
        _ => Some(Line::debit(chart, owner, amount)),
    })
}

/// A credit of a signed amount: below zero it is a debit, and zero is no line.
pub(crate) fn towards_credit(chart: Chart, owner: i64, amount: Minor) -> Result<Option<Line>, MoneyError> {
    towards_debit(chart, owner, amount.negated()?)
}
