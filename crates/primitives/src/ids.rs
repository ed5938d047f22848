//! Identities. Each has one type, one text form, and says nothing about a person.

use crate::canonical::{hex, unhex};
use smol_str::SmolStr;
use std::fmt;

/// Longest text a field of an event may carry, in bytes.
pub const TEXT_LEN_MAX: usize = 64;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number; `None` above `i64::MAX`, which the tables of record could not hold.
            pub const fn new(number: u64) -> Option<Self> {
                if number > i64::MAX as u64 { None } else { Some($name(number)) }
            }

            /// The number.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The number as the tables of record hold it.
            pub const fn as_i64(self) -> i64 {
                self.0 as i64
            }

            /// The id read back from a table of record; `None` below zero.
            pub const fn from_i64(number: i64) -> Option<Self> {
                if number < 0 { None } else { Some($name(number as u64)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A one-card account: random, owned by a holder whose name only the vault knows.
    AccountId
);
number_id!(
    /// A machine that reads media.
    DeviceId
);
number_id!(
    /// One life of a device's memory: random, new at the factory or after a journal reset.
    JournalId
);
number_id!(
    /// Position of a tap in a device's journal, one more for each tap.
    Sequence
);

/// A party of the scheme (operator, school, funder, channel), by the number its policy declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyNo(pub u32);

impl fmt::Display for PartyNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identity of a tap: device, journal, sequence. One identity, one body, one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId {
    /// The device that made the tap.
    pub device: DeviceId,
    /// The journal it is numbered in.
    pub journal: JournalId,
    /// Its number there.
    pub sequence: Sequence,
}

impl fmt::Display for TapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.device, self.journal, self.sequence)
    }
}

/// What a medium shows to a reader: 16 random or keyed-hash bytes, never a card number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumToken([u8; 16]);

impl MediumToken {
    /// The token with these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        MediumToken(bytes)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hexadecimal characters.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(MediumToken)
    }
}

impl fmt::Display for MediumToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for MediumToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell two apart in a log, too little to use.
        write!(f, "medium …{}", hex(&self.0[13..]))
    }
}

/// A short text of an event (a stop, a route, a reference): printable, trimmed, at most [`TEXT_LEN_MAX`] bytes. Most are
/// shorter than 24 bytes, and such a text needs no memory of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(SmolStr);

impl Text {
    /// The text, when it is 1 to [`TEXT_LEN_MAX`] bytes without control characters or outer white space.
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= TEXT_LEN_MAX;
        let clean = text.trim() == text && !text.chars().any(char::is_control);
        (fits && clean).then(|| Text(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
