//! Canonical bytes: one byte string for one value, the only thing that is ever hashed.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// Lower-case hexadecimal text, 64 characters.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Lower-case hexadecimal text of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0f)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// The bytes of hexadecimal text, or `None` when it is not hexadecimal.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect()
}

/// A builder of canonical bytes: fixed-width big-endian numbers, length-prefixed text and bytes.
#[derive(Debug, Clone, Default)]
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// Starts with a tag that says what kind of value follows.
    pub fn tagged(tag: &str) -> Self {
        let mut bytes = Canonical::default();
        bytes.restart(tag);
        bytes
    }

    /// Starts anew with another tag, in the memory of what was written before.
    pub fn restart(&mut self, tag: &str) -> &mut Self {
        self.0.clear();
        // Few values are longer, so that the bytes need not move as they grow.
        self.0.reserve(384);
        self.text(tag)
    }

    /// Appends a signed number, 8 bytes.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Appends an unsigned number, 8 bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Appends text with its length in front.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    /// Appends bytes with their length in front.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// The bytes so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The digest of the bytes so far.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}
