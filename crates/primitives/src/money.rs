//! Money: whole minor units of one currency, checked arithmetic, splits that add up.

use crate::canonical::Canonical;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use std::fmt;

/// What can go wrong when money is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit `i64` minor units.
    #[error("amount overflows 64-bit minor units")]
    Overflow,
    /// Two amounts of different currencies met.
    #[error("currencies differ")]
    CurrencyMismatch,
    /// Text that is not an amount of this currency (sign, digits, or number of decimals).
    #[error("not an amount of this currency")]
    Malformed,
    /// A split was asked for without any weight above zero.
    #[error("a split needs at least one weight above zero")]
    NoWeight,
}

/// How a fraction of a minor unit becomes a whole one. Always an argument, never a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

/// A signed number of minor units (đồng, pence, cents) of a currency known from the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Minor(i64);

impl Minor {
    /// Nothing.
    pub const ZERO: Minor = Minor(0);

    /// `units` minor units.
    pub const fn new(units: i64) -> Self {
        Minor(units)
    }

    /// The number of minor units.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// True for exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Sum, or [`MoneyError::Overflow`].
    pub fn plus(self, other: Minor) -> Result<Minor, MoneyError> {
        self.0.checked_add(other.0).map(Minor).ok_or(MoneyError::Overflow)
    }

    /// Difference, or [`MoneyError::Overflow`].
    pub fn minus(self, other: Minor) -> Result<Minor, MoneyError> {
        self.0.checked_sub(other.0).map(Minor).ok_or(MoneyError::Overflow)
    }

    /// The same amount with the other sign.
    pub fn negated(self) -> Result<Minor, MoneyError> {
        self.0.checked_neg().map(Minor).ok_or(MoneyError::Overflow)
    }

    /// This amount `count` times.
    pub fn times(self, count: i64) -> Result<Minor, MoneyError> {
        self.0.checked_mul(count).map(Minor).ok_or(MoneyError::Overflow)
    }

    /// The sum of many amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Minor>) -> Result<Minor, MoneyError> {
        amounts.into_iter().try_fold(Minor::ZERO, Minor::plus)
    }

    /// This amount times a rate, rounded as named.
    pub fn scaled(self, rate: Decimal, rounding: Rounding) -> Result<Minor, MoneyError> {
        let strategy = match rounding {
            Rounding::Down => RoundingStrategy::ToNegativeInfinity,
            Rounding::Up => RoundingStrategy::ToPositiveInfinity,
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        let exact = Decimal::from(self.0).checked_mul(rate).ok_or(MoneyError::Overflow)?;
        exact.round_dp_with_strategy(0, strategy).to_i64().map(Minor).ok_or(MoneyError::Overflow)
    }

    /// Splits a non-negative amount in proportion to `weights`: floor, then the largest remainders get one unit
    /// each; equal remainders go to the earlier weight, so the caller's order is the tie rule.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Minor>, MoneyError> {
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeight);
        }
        let amount = u128::try_from(self.0).map_err(|_| MoneyError::Malformed)?;
        let overflow = || MoneyError::Overflow;
        let mut shares = Vec::with_capacity(weights.len());
        let mut rest = amount;
        for (index, weight) in weights.iter().enumerate() {
            let exact = amount.checked_mul(u128::from(*weight)).ok_or_else(overflow)?;
            let floor = exact.checked_div(total).ok_or_else(overflow)?;
            let remainder = exact.checked_rem(total).ok_or_else(overflow)?;
            rest = rest.checked_sub(floor).ok_or_else(overflow)?;
            shares.push((index, floor, remainder));
        }
        let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
        by_remainder.sort_by_key(|index| (std::cmp::Reverse(shares[*index].2), *index));
        for index in by_remainder.into_iter().take(usize::try_from(rest).map_err(|_| MoneyError::Overflow)?) {
            shares[index].1 = shares[index].1.checked_add(1).ok_or_else(overflow)?;
        }
        shares
            .into_iter()
            .map(|(_, share, _)| i64::try_from(share).map(Minor).map_err(|_| MoneyError::Overflow))
            .collect()
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An ISO 4217 currency, by its three letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Vietnamese đồng, which has no minor unit.
    pub const VND: Currency = Currency(*b"VND");
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"GBP");

    /// The currency with these three capital letters.
    pub fn parse(letters: &str) -> Result<Self, MoneyError> {
        match letters.as_bytes() {
            [a, b, c] if letters.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Currency([*a, *b, *c])),
            _ => Err(MoneyError::Malformed),
        }
    }

    /// The three letters.
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimal places of the minor unit, by ISO 4217 (most have two; those named here differ).
    pub fn exponent(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    /// Reads a plain decimal text (`7000`, `7000.00`, `2.80`) as minor units. Superfluous decimals must be zeros.
    pub fn parse_amount(&self, text: &str) -> Result<Minor, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
            return Err(MoneyError::Malformed);
        }
        let places = usize::try_from(self.exponent()).map_err(|_| MoneyError::Malformed)?;
        let (kept, surplus) = fraction.split_at(fraction.len().min(places));
        if surplus.bytes().any(|byte| byte != b'0') {
            return Err(MoneyError::Malformed);
        }
        let text = format!("{}{whole}{kept:0<places$}", if negative { "-" } else { "" });
        text.parse::<i64>().map(Minor).map_err(|_| MoneyError::Overflow)
    }

    /// Writes minor units as plain decimal text with exactly this currency's decimals.
    pub fn format_amount(&self, amount: Minor) -> String {
        let places = usize::try_from(self.exponent()).unwrap_or(0);
        let digits = format!("{:0>width$}", amount.units().unsigned_abs(), width = places.saturating_add(1));
        let sign = if amount.is_negative() { "-" } else { "" };
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

/// An amount together with its currency: the form money takes at every border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// How much, in minor units.
    pub amount: Minor,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// `amount` of `currency`.
    pub const fn new(amount: Minor, currency: Currency) -> Self {
        Money { amount, currency }
    }

    /// Sum of two amounts of one currency.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        Ok(Money { amount: self.amount.plus(other.amount)?, currency: self.currency })
    }

    /// Writes the canonical bytes of this amount.
    pub fn write(&self, bytes: &mut Canonical) {
        bytes.i64(self.amount.units()).text(self.currency.letters());
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.format_amount(self.amount), self.currency)
    }
}
