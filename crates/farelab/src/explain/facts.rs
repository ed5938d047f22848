//! Facts as data: a stable code and named values each. Words for riders are made elsewhere.

use fares::{Because, Fact, Policy};
use primitives::{EventTime, Minor, PartyNo, Text};
use serde_json::{Value, json};

/// The code of a fact.
pub(super) fn code(fact: &Fact) -> &'static str {
    match fact {
        Fact::Unknown { .. } => "unknown",
        Fact::Rule { .. } => "rule",
        Fact::Lost { .. } => "lost",
        Fact::Distance { .. } => "distance",
        Fact::Formula { .. } => "formula",
        Fact::Joined { .. } => "joined",
        Fact::NotJoined { .. } => "not_joined",
        Fact::Window { .. } => "window",
        Fact::NotWindow { .. } => "not_window",
        Fact::Transfer { .. } => "transfer",
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

fn because(because: Because) -> &'static str {
    match because {
        Because::Dearer => "dearer",
        Because::RanksLater => "ranks_later",
        Because::TimeUp => "time_up",
        Because::UsedUp => "used_up",
        Because::Medium => "medium",
        Because::Rider => "rider",
        Because::SameRoute => "same_route",
        Because::NoTapOff => "no_tap_off",
        Because::NewDay => "new_day",
        Because::Interrupted => "interrupted",
        Because::NoGain => "no_gain",
    }
}

/// The named values of a fact, in an order that reads well.
pub(super) fn values(policy: &Policy, fact: &Fact) -> Vec<(&'static str, Value)> {
    match fact {
        Fact::Unknown { reason } => vec![("reason", json!(reason.word()))],
        Fact::Rule { row, product, leg_group, rider } => {
            vec![
                ("row", id(row)),
                ("product", id(product)),
                ("leg_group", maybe_id(leg_group)),
                ("rider", amount(rider)),
            ]
        }
        Fact::Lost { row, product, rider, because: why } => vec![
            ("row", id(row)),
            ("product", maybe_id(product)),
            ("rider", json!(rider.map(Minor::units))),
            ("because", json!(because(*why))),
        ],
        Fact::Distance { units, unit_metres, method } => {
            vec![("units", json!(units)), ("unit_metres", json!(unit_metres)), ("method", json!(method))]
        }
        Fact::Formula { row, before, after, funder } => vec![
            ("row", id(row)),
            ("before", amount(before)),
            ("after", amount(after)),
            ("funder", party(policy, *funder)),
        ],
        Fact::Joined { row, legs, gap_seconds } => {
            vec![("row", id(row)), ("legs", json!(legs)), ("gap_seconds", json!(gap_seconds))]
        }
        Fact::NotJoined { row, because: why } => vec![("row", id(row)), ("because", json!(because(*why)))],
        Fact::Transfer { row, product, full, paid } => {
            vec![
                ("row", id(row)),
                ("product", maybe_id(product)),
                ("full", amount(full)),
                ("paid", amount(paid)),
            ]
        }
        Fact::Surcharge { id: surcharge, amount: added } => {
            vec![("id", id(surcharge)), ("amount", amount(added))]
        }
        Fact::NotWindow { id: not, because: why } | Fact::NotCampaign { id: not, because: why } => {
            vec![("id", id(not)), ("because", json!(because(*why)))]
        }
        Fact::NotPass { product, because: why } => {
            vec![("product", id(product)), ("because", json!(because(*why)))]
        }
        Fact::Pass { product, rides_left, until } => {
            let until = until.map(|until| moment(policy, until));
            vec![("product", id(product)), ("rides_left", json!(rides_left)), ("until", json!(until))]
        }
        Fact::Incomplete { row, kind, provisional } => {
            vec![("row", id(row)), ("kind", json!(kind)), ("provisional", json!(provisional))]
        }
        Fact::Share { party: who, amount: earned, method } => {
            vec![("party", party(policy, *who)), ("amount", amount(earned)), ("method", json!(method))]
        }
        Fact::Window { .. } | Fact::Campaign { .. } | Fact::Cap { .. } => counted(policy, fact),
    }
}

/// The values of what counts something up.
fn counted(policy: &Policy, fact: &Fact) -> Vec<(&'static str, Value)> {
    match fact {
        Fact::Window { id: window, opened, since, elapsed_seconds, limit_seconds, full, paid } => vec![
            ("id", id(window)),
            ("opened", json!(opened)),
            ("since", json!(moment(policy, *since))),
            ("elapsed_seconds", json!(elapsed_seconds)),
            ("limit_seconds", json!(limit_seconds)),
            ("full", amount(full)),
            ("paid", amount(paid)),
        ],
        Fact::Campaign { id: campaign, reduction, used, quota, funder } => vec![
            ("id", id(campaign)),
            ("reduction", amount(reduction)),
            ("used", json!(used)),
            ("quota", json!(quota)),
            ("funder", party(policy, *funder)),
        ],
        Fact::Cap { id: cap, from, until, limit, rides_limit, before, after, reduction } => vec![
            ("id", id(cap)),
            ("from", json!(moment(policy, *from))),
            ("until", json!(moment(policy, *until))),
            ("limit", json!(limit.map(Minor::units))),
            ("rides_limit", json!(rides_limit)),
            ("before", amount(before)),
            ("after", amount(after)),
            ("reduction", amount(reduction)),
        ],
        _ => Vec::new(),
    }
}

fn id(id: &Text) -> Value {
    json!(id.as_str())
}

fn maybe_id(id: &Option<Text>) -> Value {
    json!(id.as_ref().map(Text::as_str))
}

fn amount(amount: &Minor) -> Value {
    json!(amount.units())
}

pub(super) fn party(policy: &Policy, no: PartyNo) -> Value {
    json!(policy.party_by_no(no).map_or_else(|| no.to_string(), |party| party.id.to_string()))
}

/// A moment on the city's clock, with its offset.
pub(super) fn moment(policy: &Policy, at: EventTime) -> String {
    let utc = chrono::DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
    utc.with_timezone(&policy.day_rule().zone).to_rfc3339()
}
