//! Stored numbers and texts ↔ the words of the house. A stored value that no constructor would make is a fault: the
//! tables were changed by somebody else.

use crate::StoreError;
use chrono::{DateTime, Utc};
use primitives::{
    AccountId, CommandId, Currency, DeviceId, Digest, EventTime, JournalId, PartyNo, Sequence, TapId, Text,
};

/// The fault of a stored value that cannot be.
pub(crate) fn corrupt(column: &str, value: impl std::fmt::Display) -> StoreError {
    StoreError::row(format!("reading {column}"), format!("it holds {value}"))
}

pub(crate) fn account(number: i64) -> Result<AccountId, StoreError> {
    AccountId::from_i64(number).ok_or_else(|| corrupt("account_id", number))
}

pub(crate) fn party(number: i32) -> Result<PartyNo, StoreError> {
    u32::try_from(number).map(PartyNo).map_err(|_| corrupt("party number", number))
}

pub(crate) fn party_number(party: PartyNo) -> Result<i32, StoreError> {
    int(party.0)
}

pub(crate) fn party_numbers(parties: impl Iterator<Item = PartyNo>) -> Result<Vec<i32>, StoreError> {
    parties.map(party_number).collect()
}

pub(crate) fn int(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| corrupt("a 31-bit number", value))
}

pub(crate) fn unsigned(value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| corrupt("a number above zero", value))
}

pub(crate) fn count(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| corrupt("a count", value))
}

pub(crate) fn text(value: &str) -> Result<Text, StoreError> {
    Text::new(value).ok_or_else(|| corrupt("a text field", format!("{} bytes", value.len())))
}

pub(crate) fn digest(value: Vec<u8>) -> Result<Digest, StoreError> {
    value
        .try_into()
        .map(Digest)
        .map_err(|bytes: Vec<u8>| corrupt("a digest", format!("{} bytes", bytes.len())))
}

pub(crate) fn command_id(value: Vec<u8>) -> Result<CommandId, StoreError> {
    value
        .try_into()
        .map(CommandId::new)
        .map_err(|bytes: Vec<u8>| corrupt("a command id", format!("{} bytes", bytes.len())))
}

pub(crate) fn currency(letters: &str) -> Result<Currency, StoreError> {
    Currency::parse(letters).map_err(|_| corrupt("a currency", letters))
}

pub(crate) fn tap_id(device: i64, journal: i64, sequence: i64) -> Result<TapId, StoreError> {
    let id = || {
        Some(TapId {
            device: DeviceId::from_i64(device)?,
            journal: JournalId::from_i64(journal)?,
            sequence: Sequence::from_i64(sequence)?,
        })
    };
    id().ok_or_else(|| corrupt("a tap id", format!("{device}/{journal}/{sequence}")))
}

pub(crate) fn timestamp(at: EventTime) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(at.unix_ms()).ok_or_else(|| corrupt("an event time", at.unix_ms()))
}

pub(crate) fn event_time(at: DateTime<Utc>) -> Result<EventTime, StoreError> {
    EventTime::from_unix_ms(at.timestamp_millis()).ok_or_else(|| corrupt("a time", at))
}

pub(crate) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| corrupt("a 63-bit number", value))
}
