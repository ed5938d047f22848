//! What must hold before a byte is written.

use super::{Party, Payment, PayoutFile, PayoutFileError};
use crate::latin::fit;
use crate::limits::{
    ACCOUNT_LEN_MAX, AMOUNT_DIGITS_MAX, END_TO_END_LEN_MAX, MESSAGE_ID_LEN_MAX, NAME_LEN_MAX, PAYMENTS_MAX,
    REMITTANCE_LEN_MAX,
};
use primitives::{Currency, Minor};

/// A checked batch: everything as the file carries it, in the file's order.
pub(super) struct Batch<'f> {
    pub debtor: Side<'f>,
    pub payments: Vec<Transfer<'f>>,
    pub total: Minor,
}

/// One side of a payment, as the file carries it.
pub(super) struct Side<'f> {
    pub name: String,
    pub account: &'f str,
    pub iban: bool,
    pub bic: &'f str,
}

/// One payment, as the file carries it.
pub(super) struct Transfer<'f> {
    pub end_to_end: &'f str,
    pub creditor: Side<'f>,
    pub amount: Minor,
    pub remittance: String,
}

/// Checks a batch and puts it in order.
pub(super) fn check(file: &PayoutFile) -> Result<Batch<'_>, PayoutFileError> {
    if file.payments.is_empty() {
        return Err(PayoutFileError::Empty);
    }
    if file.payments.len() > PAYMENTS_MAX {
        return Err(PayoutFileError::TooMany { count: file.payments.len() });
    }
    let id = &file.message_id;
    if !is_id(id, MESSAGE_ID_LEN_MAX, |byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(PayoutFileError::MessageId { id: id.clone() });
    }
    let mut payments = file
        .payments
        .iter()
        .map(|payment| transfer(payment, file.currency))
        .collect::<Result<Vec<_>, _>>()?;
    let total = Minor::sum(payments.iter().map(|payment| payment.amount))?;
    if !fits(total, file.currency) {
        return Err(PayoutFileError::Total(primitives::MoneyError::Overflow));
    }
    payments.sort_by(|a, b| a.end_to_end.cmp(b.end_to_end));
    if let Some(pair) = payments.windows(2).find(|pair| pair[0].end_to_end == pair[1].end_to_end) {
        return Err(PayoutFileError::EndToEndIdTwice { id: pair[0].end_to_end.to_owned() });
    }
    // The sort is stable: within one account the order stays that of the end-to-end ids.
    payments.sort_by(|a, b| a.creditor.account.cmp(b.creditor.account));
    Ok(Batch { debtor: side(&file.debtor, "debtor")?, payments, total })
}

fn transfer(payment: &Payment, currency: Currency) -> Result<Transfer<'_>, PayoutFileError> {
    let id = payment.end_to_end.as_str();
    let form = is_id(id, END_TO_END_LEN_MAX, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    // Banks fill an empty field with this word, and take it as empty when they read it.
    if !form || id == "NOTPROVIDED" {
        return Err(PayoutFileError::EndToEndId { id: id.to_owned() });
    }
    if !payment.amount.is_positive() || !fits(payment.amount, currency) {
        return Err(PayoutFileError::Amount { id: id.to_owned() });
    }
    Ok(Transfer {
        end_to_end: id,
        creditor: side(&payment.creditor, id)?,
        amount: payment.amount,
        remittance: fit(&payment.remittance, REMITTANCE_LEN_MAX).text,
    })
}

fn side<'f>(party: &'f Party, whose: &str) -> Result<Side<'f>, PayoutFileError> {
    let name = fit(&party.name, NAME_LEN_MAX).text;
    if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err(PayoutFileError::Name { whose: whose.to_owned() });
    }
    let account = party.account.as_str();
    let number = is_id(account, ACCOUNT_LEN_MAX, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let looks_iban = has_iban_form(account);
    if !number || (looks_iban && iban_remainder(account) != 1) {
        return Err(PayoutFileError::Account { whose: whose.to_owned() });
    }
    if !is_bic(&party.bic) {
        return Err(PayoutFileError::Bic { whose: whose.to_owned() });
    }
    Ok(Side { name, account, iban: looks_iban, bic: &party.bic })
}

fn is_id(text: &str, length: usize, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=length).contains(&text.len()) && text.bytes().all(allowed)
}

/// An amount of at most 18 digits, the decimals of its currency included.
fn fits(amount: Minor, currency: Currency) -> bool {
    currency.format_amount(amount).bytes().filter(u8::is_ascii_digit).count() <= AMOUNT_DIGITS_MAX
}

/// Two letters, two digits, then at least eleven characters: no bank's own number begins so.
fn has_iban_form(account: &str) -> bool {
    let bytes = account.as_bytes();
    bytes.len() >= 15
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
}

/// The ISO 7064 remainder of an IBAN: 1 when it is right.
fn iban_remainder(account: &str) -> u32 {
    let (country_and_check, number) = account.split_at(account.len().min(4));
    number.chars().chain(country_and_check.chars()).filter_map(|symbol| symbol.to_digit(36)).fold(
        0,
        |remainder, digit| {
            let places = if digit < 10 { 10 } else { 100 };
            (remainder * places + digit) % 97
        },
    )
}

/// Four letters or digits of the bank, two letters of the country, two of the place, and perhaps three of the branch.
fn is_bic(bic: &str) -> bool {
    let bytes = bic.as_bytes();
    matches!(bytes.len(), 8 | 11)
        && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && bytes.iter().skip(4).take(2).all(u8::is_ascii_uppercase)
}
