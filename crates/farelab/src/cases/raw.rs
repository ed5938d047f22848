//! The JSON of a case file, as it is written. Form only; values are judged in `read`.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// Fields that are not part of the format.
pub(super) type Strangers = BTreeMap<String, IgnoredAny>;

#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(default)]
    pub(super) policy: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) id: Option<String>,
    pub(super) rider: String,
    pub(super) medium: String,
    pub(super) legs: Vec<Leg>,
    pub(super) distances_m: Option<Distances>,
    pub(super) expect: Option<Expect>,
    pub(super) note: Option<String>,
    #[serde(flatten)]
    pub(super) strangers: Strangers,
}

#[derive(Deserialize)]
pub(super) struct Leg {
    pub(super) agency: Option<String>,
    pub(super) network: Option<String>,
    pub(super) route: Option<String>,
    pub(super) from: Option<Place>,
    pub(super) to: Option<Place>,
    pub(super) via: Option<Vec<Place>>,
    pub(super) start: String,
    pub(super) end: Option<String>,
    #[serde(flatten)]
    pub(super) strangers: Strangers,
}

#[derive(Deserialize, Default)]
pub(super) struct Place {
    pub(super) stop: Option<String>,
    pub(super) lat: Option<Digits>,
    pub(super) lon: Option<Digits>,
    pub(super) areas: Option<Vec<String>>,
    #[serde(flatten)]
    pub(super) strangers: Strangers,
}

#[derive(Deserialize, Default)]
pub(super) struct Expect {
    pub(super) total: Option<i64>,
    pub(super) legs: Option<Vec<Option<i64>>>,
    pub(super) surcharge: Option<i64>,
    #[serde(flatten)]
    pub(super) strangers: Strangers,
}

/// A JSON number by its text, because a float may not hold its digits.
pub(super) struct Digits(pub(super) String);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        let text = raw.get();
        let number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if number { Ok(Digits(text.to_owned())) } else { Err(D::Error::custom("not a number")) }
    }
}

/// `"FROM:TO": metres`; a pair that stands twice is an error.
#[derive(Default)]
pub(super) struct Distances(pub(super) BTreeMap<String, u32>);

impl<'de> Deserialize<'de> for Distances {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(DistancesVisitor).map(Distances)
    }
}

struct DistancesVisitor;

impl<'de> Visitor<'de> for DistancesVisitor {
    type Value = BTreeMap<String, u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of metres by pair of stops")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = BTreeMap::new();
        while let Some((pair, metres)) = map.next_entry::<String, u32>()? {
            if pairs.insert(pair, metres).is_some() {
                return Err(A::Error::custom("duplicate field `distances_m`"));
            }
        }
        Ok(pairs)
    }
}
