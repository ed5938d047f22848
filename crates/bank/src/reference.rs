//! Our reference code: short enough for any bank's memo, and with a check symbol that a wrong code does not pass.
//!
//! A code is `F`, thirteen symbols that hold a 64-bit number, and a check symbol: fifteen in all. The alphabet is
//! A–Z and 2–9 without O and I, so nothing can be taken for 0 or 1; `F` is not a letter of Vietnamese, so it seldom
//! stands in a memo by chance. Symbols are elements of GF(32); the check symbol makes the sum of all symbols, each
//! times another power of a primitive element, one fixed value. Two different weights never meet, so every single
//! wrong symbol and every exchange of two symbols, neighbours or not, changes the sum.

use crate::latin::base;

/// What every code begins with.
pub const PREFIX: char = 'F';
/// Symbols of a code, prefix and check symbol included.
pub const LEN: usize = 15;

/// The symbols, by the field element they stand for.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Symbols that hold the number: 13 times 5 bits hold 64.
const NUMBER_SYMBOLS: usize = LEN - 2;
/// The fixed value of the weighted sum. Not zero, so that a run of one symbol is no code.
const SUM: u8 = 21;

/// Times the primitive element x, modulo x⁵ + x² + 1.
const fn times_x(element: u8) -> u8 {
    let shifted = element << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

/// The sum by Horner's rule: the first symbol gets the highest power of x, the last one x⁰. The powers are all
/// different because x has order 31 and there are only fourteen.
fn weighted_sum(elements: impl IntoIterator<Item = u8>) -> u8 {
    elements.into_iter().fold(0, |sum, element| times_x(sum) ^ element)
}

/// The field element a symbol stands for.
fn element(symbol: u8) -> Option<u8> {
    let position = match symbol {
        b'A'..=b'H' => symbol.wrapping_sub(b'A'),
        b'J'..=b'N' => symbol.wrapping_sub(b'J').wrapping_add(8),
        b'P'..=b'Z' => symbol.wrapping_sub(b'P').wrapping_add(13),
        b'2'..=b'9' => symbol.wrapping_sub(b'2').wrapping_add(24),
        _ => return None,
    };
    Some(position)
}

/// The code of a number.
pub fn make(number: u64) -> String {
    let mut elements = [0u8; NUMBER_SYMBOLS];
    let mut rest = number;
    for slot in elements.iter_mut().rev() {
        *slot = (rest & 31) as u8;
        rest >>= 5;
    }
    let check = times_x(weighted_sum(elements)) ^ SUM;
    let symbols =
        elements.iter().chain([&check]).map(|element| char::from(ALPHABET[usize::from(*element & 31)]));
    std::iter::once(PREFIX).chain(symbols).collect()
}

/// The number of a code, when it is one: exactly fifteen symbols, right prefix, right check symbol.
pub fn number(code: &str) -> Option<u64> {
    let symbols = code.as_bytes().strip_prefix(b"F")?;
    if symbols.len() != LEN - 1 {
        return None;
    }
    let mut elements = [0u8; LEN - 1];
    for (slot, symbol) in elements.iter_mut().zip(symbols) {
        *slot = element(*symbol)?;
    }
    if weighted_sum(elements) != SUM {
        return None;
    }
    let mut value: u64 = 0;
    for element in &elements[..NUMBER_SYMBOLS] {
        // A first symbol of sixteen or more would hold a 65th bit; no number has such a code.
        value = value.checked_mul(32)?.checked_add(u64::from(*element))?;
    }
    Some(value)
}

/// The codes in a bank's memo, each once, in the order they begin. White space inside a code, accents, lower case
/// and what the bank writes around a code do not matter.
///
/// Codes that stand alone, with no letter or digit touching either end, are better evidence than codes cut out of
/// longer words; when there are any, only they are returned. Two codes in one memo are for the caller to call
/// ambiguous.
pub fn find(memo: &str) -> Vec<String> {
    // Most ids of banks are shorter than a code, and most texts have no F.
    if memo.len() < LEN || !memo.bytes().any(|byte| byte == b'F' || byte == b'f') {
        return Vec::new();
    }
    let memo = Symbols::of(memo);
    let mut alone: Vec<String> = Vec::new();
    let mut embedded: Vec<String> = Vec::new();
    for (start, window) in memo.bytes.windows(LEN).enumerate() {
        if window[0] != PREFIX as u8 {
            continue;
        }
        let Some(code) = std::str::from_utf8(window).ok().filter(|code| number(code).is_some()) else {
            continue;
        };
        let end = start.saturating_add(LEN);
        let opens = start == 0 || memo.breaks[start] || !memo.is_word(start.saturating_sub(1));
        let closes = end == memo.bytes.len() || memo.breaks[end] || !memo.is_word(end);
        let kept = if opens && closes { &mut alone } else { &mut embedded };
        if !kept.iter().any(|known| known == code) {
            kept.push(code.to_owned());
        }
    }
    if alone.is_empty() { embedded } else { alone }
}

/// A memo without white space and accents, in capital letters.
struct Symbols {
    /// One byte a character; what is not ASCII is a zero, which no code holds.
    bytes: Vec<u8>,
    /// True where white space stood in front.
    breaks: Vec<bool>,
}

impl Symbols {
    fn of(memo: &str) -> Self {
        let mut symbols =
            Symbols { bytes: Vec::with_capacity(memo.len()), breaks: Vec::with_capacity(memo.len()) };
        let mut broken = false;
        for character in memo.chars() {
            if character == ' ' || character.is_whitespace() {
                broken = true;
            } else if let Some(character) = base(character) {
                let byte = u8::try_from(character).unwrap_or(0).to_ascii_uppercase();
                symbols.bytes.push(if byte.is_ascii() { byte } else { 0 });
                symbols.breaks.push(broken);
                broken = false;
            }
        }
        symbols
    }

    fn is_word(&self, position: usize) -> bool {
        self.bytes.get(position).is_some_and(|byte| *byte == 0 || byte.is_ascii_alphanumeric())
    }
}

#[cfg(test)]
mod tests;
