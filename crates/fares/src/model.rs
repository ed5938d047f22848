//! The values that go in (legs) and come out (priced fares), and what a policy names.

use primitives::{EventTime, Minor, PartyNo, Text};
use std::collections::BTreeMap;

/// The files of one policy version: name (`routes.txt`) to bytes. Names that do not end in `.txt` are left alone.
pub type Files = BTreeMap<String, Vec<u8>>;

/// One thing that is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line} {field}: {message}")]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// The line, counted from 1 (the header); 0 when the whole file is meant.
    pub line: u64,
    /// The column; empty when the whole line is meant.
    pub field: String,
    /// What is wrong, for the policy's author.
    pub message: String,
}

/// What a party is to the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartyKind {
    /// Runs vehicles.
    Operator,
    /// A city programme that funds reductions.
    City,
    /// A bank.
    Bank,
    /// A wallet.
    Wallet,
    /// A sponsor of campaigns.
    Sponsor,
    /// A school that is paid from cards.
    School,
    /// A way money comes into cards.
    Channel,
    /// Pays for rides on bank cards.
    Acquirer,
}

impl PartyKind {
    /// Every kind, in the order of the format.
    pub const ALL: &'static [PartyKind] = &[
        PartyKind::Operator,
        PartyKind::City,
        PartyKind::Bank,
        PartyKind::Wallet,
        PartyKind::Sponsor,
        PartyKind::School,
        PartyKind::Channel,
        PartyKind::Acquirer,
    ];

    /// The word of the format.
    pub const fn word(self) -> &'static str {
        match self {
            PartyKind::Operator => "operator",
            PartyKind::City => "city",
            PartyKind::Bank => "bank",
            PartyKind::Wallet => "wallet",
            PartyKind::Sponsor => "sponsor",
            PartyKind::School => "school",
            PartyKind::Channel => "channel",
            PartyKind::Acquirer => "acquirer",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<PartyKind> {
        PartyKind::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// A party of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its number, the same in every version of the policy.
    pub no: PartyNo,
    /// Its id.
    pub id: Text,
    /// Its name, as people read it.
    pub name: String,
    /// What it is.
    pub kind: PartyKind,
}

/// When one medium shown again is no second ride. The time runs from the tap that was charged; 0 means never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passback {
    /// On one route, or in one direction at one station: within so many seconds.
    pub seconds: i64,
    /// On one trip of a vehicle: within so many seconds.
    pub trip_seconds: i64,
}

impl Passback {
    /// How far, in seconds, a tap can be from one that it repeats.
    pub fn reach_seconds(&self) -> i64 {
        self.seconds.max(self.trip_seconds)
    }
}

/// A route as the policy describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// The operator that runs it.
    pub agency: PartyNo,
    /// The network that prices it; empty when it lies in none.
    pub network: &'a str,
    /// Its name: the long one, or the short one when there is no other.
    pub name: &'a str,
    /// Its short name or number; empty when it has none.
    pub short_name: &'a str,
}

/// How much of a ride the taps show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// All that the fare needs.
    Ride,
    /// An entry without an exit.
    MissingExit,
    /// An exit without an entry: `to` and `end` are set and `start` equals `end`.
    MissingEntry,
}

impl Shape {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Shape::Ride => "ride",
            Shape::MissingExit => "missing_exit",
            Shape::MissingEntry => "missing_entry",
        }
    }
}

/// One ride on one route, to be priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The route.
    pub route: Text,
    /// Where it began, when known.
    pub from: Option<Text>,
    /// Where it ended, when known.
    pub to: Option<Text>,
    /// Stops on the way that a tap proved, in the order of travel.
    pub via: Vec<Text>,
    /// When it began.
    pub start: EventTime,
    /// When it ended, when known.
    pub end: Option<EventTime>,
    /// How much of it is known.
    pub shape: Shape,
    /// The rider category.
    pub rider: Text,
    /// The fare medium.
    pub medium: Text,
}

impl AsRef<Leg> for Leg {
    fn as_ref(&self) -> &Leg {
        self
    }
}

/// The fare of one leg and the rules that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// What this leg adds to everything before it; a difference may be below zero.
    pub fare: Fare,
    /// The part of the rider's amount that is a surcharge: what is left of it after caps.
    pub surcharge: Minor,
    /// What each operator earns of the gross fare, by party number; empty when the leg's own operator earns it all.
    pub shares: Vec<Share>,
    /// The fare product, when one was sold.
    pub product: Option<Text>,
    /// What the pass of that product paid, when one paid the leg.
    pub pass: Option<PassPart>,
    /// The rows that fired, as `file:line` without the file's ending, in the order they were applied.
    pub rules: Vec<Text>,
}

/// What a leg costs. Unknown is an answer of its own and never 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fare {
    /// `gross` = `rider` + the sum of `funded`.
    Known {
        /// What the operator earns.
        gross: Minor,
        /// What the rider pays of it.
        rider: Minor,
        /// Who pays the rest; one entry a party, by party number, no zero amounts.
        funded: Vec<Funded>,
    },
    /// No price can be given.
    Unknown(UnknownFare),
}

/// A part of a fare that somebody pays in the rider's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Funded {
    /// Who pays.
    pub party: PartyNo,
    /// How much.
    pub amount: Minor,
}

/// What an operator earns of a fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Who earns it.
    pub party: PartyNo,
    /// How much; below zero when a later leg moves it to somebody else.
    pub amount: Minor,
}

/// What a pass that is held paid of a leg, in the name of its funder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassPart {
    /// When the pass was bought: that tells it from others of its product.
    pub bought_at: EventTime,
    /// How much; a part of what its funder pays.
    pub amount: Minor,
}

/// Why a fare is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownFare {
    /// No leg rule matches.
    NoRule,
    /// A rule matches, but its product has no price for this rider and medium.
    NoProduct,
    /// The ride is incomplete and no row says what that costs.
    NoIncompleteRule,
    /// Entry and exit are the same station and no row says what that costs.
    NoSameStationRule,
    /// The policy names no such route.
    NoRoute,
    /// The policy names no such stop.
    NoStop,
    /// The price depends on how far the ride went, and that is not known.
    NoDistance,
    /// The policy names no such rider category.
    NoRider,
    /// The policy names no such fare medium.
    NoMedium,
    /// The amounts of the policy overflow.
    Overflow,
}

impl UnknownFare {
    /// Every reason.
    pub const ALL: &'static [UnknownFare] = &[
        UnknownFare::NoRule,
        UnknownFare::NoProduct,
        UnknownFare::NoIncompleteRule,
        UnknownFare::NoSameStationRule,
        UnknownFare::NoRoute,
        UnknownFare::NoStop,
        UnknownFare::NoDistance,
        UnknownFare::NoRider,
        UnknownFare::NoMedium,
        UnknownFare::Overflow,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            UnknownFare::NoRule => "no_rule",
            UnknownFare::NoProduct => "no_product",
            UnknownFare::NoIncompleteRule => "no_incomplete_rule",
            UnknownFare::NoSameStationRule => "no_same_station_rule",
            UnknownFare::NoRoute => "no_route",
            UnknownFare::NoStop => "no_stop",
            UnknownFare::NoDistance => "no_distance",
            UnknownFare::NoRider => "no_rider",
            UnknownFare::NoMedium => "no_medium",
            UnknownFare::Overflow => "overflow",
        }
    }

    /// The reason with this word.
    pub fn parse(word: &str) -> Option<UnknownFare> {
        UnknownFare::ALL.iter().copied().find(|reason| reason.word() == word)
    }
}
