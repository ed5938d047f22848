//! Case files: what somebody else says that trips cost. JSON Lines, a header first, then one rider's trips a line.

mod raw;
mod read;

pub(crate) use read::told;
pub use read::{CaseError, parse, parse_one};

use primitives::{EventTime, Minor, Text};
use std::collections::BTreeMap;

/// A case file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// The folder of `fixtures/cities` whose policy the cases speak of.
    pub policy: Option<String>,
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
    /// Fields that are not part of the format and were left alone, each once.
    pub strangers: Vec<CaseError>,
}

/// One rider's trips on one medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The line it stands on.
    pub line: u64,
    /// Its id, unique in the file.
    pub id: String,
    /// The rider category.
    pub rider: Text,
    /// The fare medium.
    pub medium: Text,
    /// The legs, in the order of the file.
    pub legs: Vec<CaseLeg>,
    /// Published network distances in metres, from one stop to another.
    pub distances: BTreeMap<(String, String), u32>,
    /// What they should cost, when the case says so.
    pub expect: Option<Expect>,
    /// Why the answer may be odd.
    pub note: Option<String>,
}

/// One leg as a case names it; ids need not be the policy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseLeg {
    /// Who runs it.
    pub agency: Option<String>,
    /// The network that prices it.
    pub network: Option<String>,
    /// The route.
    pub route: Option<String>,
    /// Where it began.
    pub from: Place,
    /// Where it ended.
    pub to: Place,
    /// Where taps on the way show that it went.
    pub via: Vec<Place>,
    /// When it began.
    pub start: EventTime,
    /// When it ended; `None` without a tap-off.
    pub end: Option<EventTime>,
}

/// A place as a case names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The stop.
    pub stop: Option<String>,
    /// Latitude and longitude, digit for digit as written.
    pub position: Option<(String, String)>,
    /// The areas it lies in, sorted.
    pub areas: Vec<String>,
}

impl Place {
    /// True when nothing is said about it.
    pub fn is_nowhere(&self) -> bool {
        *self == Place::default()
    }
}

/// What a case says its trips cost, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expect {
    /// The sum of the known fares.
    pub total: Option<Minor>,
    /// What each leg was charged; `None` where no fare is known.
    pub legs: Option<Vec<Option<Minor>>>,
    /// The part of the total that is a surcharge outside caps.
    pub surcharge: Option<Minor>,
}
