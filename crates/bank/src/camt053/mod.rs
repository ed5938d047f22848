//! camt.053: the bank's statement of an account, versions .02 and later, whatever the namespace prefix.
//!
//! The walk of `xml` gives elements, [`place`] says where each stands, [`reader`] fills the raw statements, [`entry`]
//! turns entries and their details into lines, [`proof`] joins pages and compares the figures. Dates are the bank's
//! own, as written; no zone is applied to them.

mod entry;
mod place;
mod proof;
mod raw;
mod reader;
mod value;

use crate::limits::Limits;
use crate::statement::{FileRefusal, Statement};
use crate::xml::walk;
use primitives::Code;

/// Reads a statement file within the limits of the house.
pub fn read_camt053(file: &[u8]) -> Result<Vec<Statement>, FileRefusal> {
    read_camt053_within(file, &Limits::HOUSE)
}

/// Reads a statement file within given limits.
pub fn read_camt053_within(file: &[u8], limits: &Limits) -> Result<Vec<Statement>, FileRefusal> {
    let mut reader = reader::Reader::new(limits);
    walk(file, limits, &mut reader)?;
    let reader::Reader { statements, page, created, findings, .. } = reader;
    if statements.is_empty() {
        return Err(FileRefusal::at(Code::StatementField, 0, "a file without statements"));
    }
    proof::finish(statements, &proof::Message { page, created }, findings)
}

#[cfg(test)]
mod tests;
