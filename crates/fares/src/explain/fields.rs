//! Facts as stable words and named values, for machines.

use super::{Because, Fact};
use crate::model::Leg;
use primitives::{EventTime, Minor, PartyNo, Text};

/// One named value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// An id, a row or a word.
    Text(&'a str),
    /// Several of them.
    List(Vec<&'a str>),
    /// An amount in minor units of the policy's currency.
    Amount(Minor),
    /// A number of something: rides, legs, seconds, units.
    Count(i64),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Time(EventTime),
    /// A party by its number.
    Party(PartyNo),
}

/// Values that may be missing are left out.
type Fields<'a> = Vec<(&'static str, Value<'a>)>;

impl Because {
    /// Every reason.
    pub const ALL: &'static [Because] = &[
        Because::Dearer,
        Because::RanksLater,
        Because::LowerPriority,
        Because::TimeUp,
        Because::UsedUp,
        Because::Medium,
        Because::Rider,
        Because::SameRoute,
        Because::NoTapOff,
        Because::NewDay,
        Because::Interrupted,
        Because::NoGain,
        Because::Product,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Because::Dearer => "dearer",
            Because::RanksLater => "ranks_later",
            Because::LowerPriority => "lower_priority",
            Because::TimeUp => "time_up",
            Because::UsedUp => "used_up",
            Because::Medium => "medium",
            Because::Rider => "rider",
            Because::SameRoute => "same_route",
            Because::NoTapOff => "no_tap_off",
            Because::NewDay => "new_day",
            Because::Interrupted => "interrupted",
            Because::NoGain => "no_gain",
            Because::Product => "product",
        }
    }
}

fn text(text: &Text) -> Value<'_> {
    Value::Text(text.as_str())
}

fn list(texts: &[Text]) -> Value<'_> {
    Value::List(texts.iter().map(Text::as_str).collect())
}

fn count(number: impl TryInto<i64>) -> Value<'static> {
    // What does not fit is far beyond every limit; the largest number says so.
    Value::Count(number.try_into().unwrap_or(i64::MAX))
}

/// The fields that are there.
fn present<'a, const N: usize>(fields: [(&'static str, Option<Value<'a>>); N]) -> Fields<'a> {
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn leg_fields(leg: &Leg) -> Fields<'_> {
    let via = (!leg.via.is_empty()).then(|| list(&leg.via));
    present([
        ("route", Some(text(&leg.route))),
        ("from", leg.from.as_ref().map(text)),
        ("to", leg.to.as_ref().map(text)),
        ("via", via),
        ("start", Some(Value::Time(leg.start))),
        ("end", leg.end.map(Value::Time)),
        ("shape", Some(Value::Text(leg.shape.word()))),
        ("rider", Some(text(&leg.rider))),
        ("medium", Some(text(&leg.medium))),
    ])
}

impl Fact {
    /// The stable word of this kind of fact.
    pub const fn code(&self) -> &'static str {
        match self {
            Fact::Ride { .. } => "ride",
            Fact::Unknown { .. } => "unknown",
            Fact::Rule { .. } => "rule",
            Fact::Lost { .. } => "lost",
            Fact::Distance { .. } => "distance",
            Fact::Price { .. } => "price",
            Fact::Fallback { .. } => "fallback",
            Fact::Formula { .. } => "formula",
            Fact::Joined { .. } => "joined",
            Fact::NotJoined { .. } => "not_joined",
            Fact::Window { .. } => "window",
            Fact::NotWindow { .. } => "not_window",
            Fact::Transfer { .. } => "transfer",
            Fact::NotTransfer { .. } => "not_transfer",
            Fact::Reread { .. } => "reread",
            Fact::Surcharge { .. } => "surcharge",
            Fact::Campaign { .. } => "campaign",
            Fact::NotCampaign { .. } => "not_campaign",
            Fact::Cap { .. } => "cap",
            Fact::Pass { .. } => "pass",
            Fact::NotPass { .. } => "not_pass",
            Fact::Incomplete { .. } => "incomplete",
            Fact::Share { .. } => "share",
        }
    }

    /// The values by name, in a fixed order; a value that is not there is left out.
    pub fn fields(&self) -> Fields<'_> {
        match self {
            Fact::Ride { .. }
            | Fact::Unknown { .. }
            | Fact::Rule { .. }
            | Fact::Lost { .. }
            | Fact::Distance { .. }
            | Fact::Price { .. }
            | Fact::Fallback { .. }
            | Fact::Formula { .. }
            | Fact::Incomplete { .. } => self.leg_price_fields(),
            Fact::Joined { .. }
            | Fact::NotJoined { .. }
            | Fact::Window { .. }
            | Fact::NotWindow { .. }
            | Fact::Transfer { .. }
            | Fact::NotTransfer { .. }
            | Fact::Reread { .. } => self.journey_fields(),
            Fact::Surcharge { .. }
            | Fact::Campaign { .. }
            | Fact::NotCampaign { .. }
            | Fact::Cap { .. }
            | Fact::Pass { .. }
            | Fact::NotPass { .. }
            | Fact::Share { .. } => self.account_fields(),
        }
    }

    /// What is said of one leg by itself.
    fn leg_price_fields(&self) -> Fields<'_> {
        match self {
            Fact::Ride { policy, leg, network, from_areas, to_areas } => {
                let mut fields = vec![("policy", text(policy))];
                fields.extend(leg_fields(leg));
                fields.extend(network.as_ref().map(|network| ("network", text(network))));
                fields.push(("from_areas", list(from_areas)));
                fields.push(("to_areas", list(to_areas)));
                fields
            }
            Fact::Unknown { reason } => vec![("reason", Value::Text(reason.word()))],
            Fact::Rule { row, product, leg_group, timeframe, rider } => present([
                ("row", Some(text(row))),
                ("product", Some(text(product))),
                ("leg_group", leg_group.as_ref().map(text)),
                ("timeframe", timeframe.as_ref().map(text)),
                ("rider", Some(Value::Amount(*rider))),
            ]),
            Fact::Lost { row, product, rider, because } => present([
                ("row", Some(text(row))),
                ("product", product.as_ref().map(text)),
                ("rider", rider.map(Value::Amount)),
                ("because", Some(Value::Text(because.word()))),
            ]),
            Fact::Distance { units, unit_metres, method } => vec![
                ("units", count(*units)),
                ("unit_metres", count(*unit_metres)),
                ("method", Value::Text(method)),
            ],
            Fact::Price { row, amount } => vec![("row", text(row)), ("amount", Value::Amount(*amount))],
            Fact::Fallback { rider } => vec![("rider", text(rider))],
            Fact::Formula { rows, before, after, funder } => vec![
                ("rows", list(rows)),
                ("before", Value::Amount(*before)),
                ("after", Value::Amount(*after)),
                ("funder", Value::Party(*funder)),
            ],
            Fact::Incomplete { row, kind, provisional } => vec![
                ("row", text(row)),
                ("kind", Value::Text(kind)),
                ("provisional", Value::Flag(*provisional)),
            ],
            _ => Vec::new(),
        }
    }

    /// What is said of legs together.
    fn journey_fields(&self) -> Fields<'_> {
        match self {
            Fact::Joined { row, legs, gap_seconds } => present([
                ("row", Some(text(row))),
                ("legs", Some(count(*legs))),
                ("gap_seconds", gap_seconds.map(count)),
            ]),
            Fact::NotJoined { row, because } | Fact::NotTransfer { row, because } => {
                vec![("row", text(row)), ("because", Value::Text(because.word()))]
            }
            Fact::Window { id, opened, since, elapsed_seconds, limit_seconds, full, paid } => present([
                ("id", Some(text(id))),
                ("opened", Some(Value::Flag(*opened))),
                ("since", Some(Value::Time(*since))),
                ("elapsed_seconds", Some(count(*elapsed_seconds))),
                ("limit_seconds", limit_seconds.map(count)),
                ("full", Some(Value::Amount(*full))),
                ("paid", Some(Value::Amount(*paid))),
            ]),
            Fact::NotWindow { id, because } => {
                vec![("id", text(id)), ("because", Value::Text(because.word()))]
            }
            Fact::Transfer { row, product, full, paid } => present([
                ("row", Some(text(row))),
                ("product", product.as_ref().map(text)),
                ("full", Some(Value::Amount(*full))),
                ("paid", Some(Value::Amount(*paid))),
            ]),
            Fact::Reread { change } => vec![("change", Value::Amount(*change))],
            _ => Vec::new(),
        }
    }

    /// What is said of periods, quotas and who pays.
    fn account_fields(&self) -> Fields<'_> {
        match self {
            Fact::Surcharge { id, amount } => vec![("id", text(id)), ("amount", Value::Amount(*amount))],
            Fact::Campaign { id, reduction, used, quota, funder } => present([
                ("id", Some(text(id))),
                ("reduction", Some(Value::Amount(*reduction))),
                ("used", Some(count(*used))),
                ("quota", quota.map(count)),
                ("funder", Some(Value::Party(*funder))),
            ]),
            Fact::NotCampaign { id, because } => {
                vec![("id", text(id)), ("because", Value::Text(because.word()))]
            }
            Fact::Cap { id, from, until, limit, rides_limit, before, after, reduction } => present([
                ("id", Some(text(id))),
                ("from", Some(Value::Time(*from))),
                ("until", Some(Value::Time(*until))),
                ("limit", limit.map(Value::Amount)),
                ("rides_limit", rides_limit.map(count)),
                ("before", Some(Value::Amount(*before))),
                ("after", Some(Value::Amount(*after))),
                ("reduction", Some(Value::Amount(*reduction))),
            ]),
            Fact::Pass { product, rides_left, until } => present([
                ("product", Some(text(product))),
                ("rides_left", rides_left.map(count)),
                ("until", until.map(Value::Time)),
            ]),
            Fact::NotPass { product, because } => {
                vec![("product", text(product)), ("because", Value::Text(because.word()))]
            }
            Fact::Share { party, amount, method } => vec![
                ("party", Value::Party(*party)),
                ("amount", Value::Amount(*amount)),
                ("method", Value::Text(method)),
            ],
            _ => Vec::new(),
        }
    }
}
