//! camt.053: the bank's statement of an account.

use crate::limits::Limits;
use crate::statement::{FileRefusal, Statement};
use primitives::Code;

/// Reads a statement file within the limits of the house.
pub fn read_camt053(file: &[u8]) -> Result<Vec<Statement>, FileRefusal> {
    read_camt053_within(file, &Limits::HOUSE)
}

/// Reads a statement file within given limits.
pub fn read_camt053_within(file: &[u8], limits: &Limits) -> Result<Vec<Statement>, FileRefusal> {
    if file.len() > limits.file_bytes {
        return Err(FileRefusal::at(Code::TooLarge, 0, "the file is larger than FILE_BYTES_MAX"));
    }
    Err(FileRefusal::at(Code::FileNoProfile, 0, "no reader claims this file"))
}
