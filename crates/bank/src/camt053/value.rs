//! The texts of single fields: each is read whole or is a fault, never read in part.

use crate::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_DIGITS_MAX};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use primitives::{Currency, Minor};

/// Why a field cannot be read. Says what was expected, never what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldFault(pub &'static str);

/// Sets a field that may stand once only.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), FieldFault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(FieldFault("the field stands twice")),
    }
}

/// An amount without sign: 1 to 18 digits, at most 5 of them after the point, and none there that the currency lacks.
pub(super) fn amount(text: &str, currency: Currency) -> Result<Minor, FieldFault> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if text.starts_with('-') || digits > AMOUNT_DIGITS_MAX || decimals > AMOUNT_DECIMALS_MAX {
        return Err(FieldFault(
            "an amount has no sign, at most 18 digits and at most 5 of them after the point",
        ));
    }
    currency.parse_amount(text).map_err(|_| FieldFault("not an amount of its currency"))
}

/// True for credit, false for debit.
pub(super) fn credit(text: &str) -> Result<bool, FieldFault> {
    match text {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        _ => Err(FieldFault("neither CRDT nor DBIT")),
    }
}

/// The amount with the sign that credit (to us) or debit (from us) gives it.
pub(super) fn signed(amount: Minor, credit: bool) -> Result<Minor, FieldFault> {
    if credit {
        Ok(amount)
    } else {
        amount.negated().map_err(|_| FieldFault("the amount does not fit 64 bits"))
    }
}

/// A yes or no.
pub(super) fn indicator(text: &str) -> Result<bool, FieldFault> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(FieldFault("neither true nor false")),
    }
}

/// A count or a number of a page or statement.
pub(super) fn count(text: &str) -> Result<u64, FieldFault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldFault("not a whole number"));
    }
    text.parse().map_err(|_| FieldFault("a number that does not fit 64 bits"))
}

/// A currency's three letters.
pub(super) fn currency(text: &str) -> Result<Currency, FieldFault> {
    Currency::parse(text).map_err(|_| FieldFault("not three capital letters of a currency"))
}

/// A date as the bank wrote it, and whether it came as a time in UTC, which may be another day at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub date: NaiveDate,
    pub utc: bool,
}

/// Reads a date or a date with time. The date is taken as written: a bank's day is its own.
pub(super) fn day(text: &str) -> Result<Day, FieldFault> {
    let fault = FieldFault("not a date of the calendar");
    let (date, rest) = text.split_at_checked(10).ok_or(fault)?;
    let bytes = date.as_bytes();
    let shape = bytes.iter().enumerate().all(|(place, byte)| match place {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !shape {
        return Err(fault);
    }
    let digits =
        |from: usize, to: usize| {
            bytes.get(from..to).unwrap_or_default().iter().fold(0u32, |value, byte| {
                value.wrapping_mul(10).wrapping_add(u32::from(byte.wrapping_sub(b'0')))
            })
        };
    let year = i32::try_from(digits(0, 4)).map_err(|_| fault)?;
    let date = NaiveDate::from_ymd_opt(year, digits(5, 7), digits(8, 10)).ok_or(fault)?;
    if rest.is_empty() || is_zone(rest) {
        return Ok(Day { date, utc: false });
    }
    let timed = DateTime::parse_from_rfc3339(text).is_ok()
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    if !rest.starts_with('T') || !timed {
        return Err(FieldFault("not a time of day"));
    }
    Ok(Day { date, utc: rest.ends_with('Z') || rest.ends_with("+00:00") })
}

/// A zone behind a date, which the schema allows and which says nothing about the bank's day.
fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// A text with single spaces; `None` when nothing is left.
pub(super) fn words(text: &str) -> Option<String> {
    let clean = !text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r') || byte >= 0x80)
        && !text.contains("  ");
    if clean {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(joined)
}

/// An id; `None` when the bank says that there is none.
pub(super) fn id(text: &str) -> Option<String> {
    words(text).filter(|id| !id.eq_ignore_ascii_case("NOTPROVIDED"))
}
