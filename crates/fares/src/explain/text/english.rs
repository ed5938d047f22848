//! The sentences in English.

use super::figures::Figures;
use super::{Cost, sentence};
use crate::explain::{Because, Fact};
use crate::labels::Named;
use crate::model::{Leg, UnknownFare};

/// What the ride costs.
pub(super) fn cost(figures: &Figures<'_>, cost: &Cost<'_>) -> String {
    let more = if cost.more { " more" } else { "" };
    let paid = match cost.rider {
        None => "there is no fare for ".to_owned(),
        Some(rider) if rider.is_negative() => format!("you get {} back with ", figures.amount(rider)),
        Some(rider) if rider.is_zero() => format!("you pay nothing{more} for "),
        Some(rider) => format!("you pay {}{more} for ", figures.amount(rider)),
    };
    let ride = match cost.leg {
        Some(leg) => format!("route {} at {}", cost.route, figures.clock(leg.start)),
        None => "this ride".to_owned(),
    };
    let distance = cost.distance.as_ref().map(|distance| format!(", {distance}")).unwrap_or_default();
    let fare = cost.fare.map(|fare| format!(", fare “{fare}”")).unwrap_or_default();
    sentence(&format!("{paid}{ride}{distance}{fare}"))
}

/// When nothing changed the price.
pub(super) fn full_fare() -> String {
    "this is the full fare, with nothing taken off and nothing added".to_owned()
}

/// Who pays what the rider does not.
pub(super) fn funders(paid: &[(&str, String)]) -> String {
    let paid: Vec<String> = paid.iter().map(|(party, amount)| format!("{party} pays {amount}")).collect();
    paid.join(" and ")
}

/// What one fact says about the price.
pub(super) fn clause(figures: &Figures<'_>, leg: Option<&Leg>, fact: &Fact) -> Option<String> {
    let rider = leg.map_or("", |leg| figures.rider(leg.rider.as_str()));
    Some(match fact {
        Fact::Unknown { reason } => unknown(figures, leg, *reason),
        Fact::Fallback { rider } => format!("you pay as “{}”", figures.rider(rider.as_str())),
        Fact::Formula { before, after, .. } => {
            let (before, after) = (figures.amount(*before), figures.amount(*after));
            format!("as “{rider}” you pay {after} instead of {before}")
        }
        Fact::Joined { legs, .. } => format!("{legs} rides count as one journey"),
        Fact::NotJoined { because, .. } => format!("a new journey began because {}", reason(*because)?),
        Fact::Window { .. } => window(figures, fact)?,
        Fact::NotWindow { id, because } => {
            let name = figures.name(Named::Window, id.as_str());
            format!("“{name}” did not apply because {}", reason(*because)?)
        }
        Fact::Transfer { full, paid, .. } => {
            format!("with the change you pay {} instead of {}", figures.amount(*paid), figures.amount(*full))
        }
        Fact::NotTransfer { because, .. } => {
            format!("the price for changing did not apply because {}", reason(*because)?)
        }
        Fact::Reread { change } => {
            let amount = figures.amount(*change);
            format!("your rides before are combined in another way now, which adds {amount} to them")
        }
        Fact::Surcharge { id, amount } => {
            let name = figures.name(Named::Surcharge, id.as_str());
            format!("the price includes the surcharge “{name}” of {}", figures.amount(*amount))
        }
        Fact::Campaign { id, reduction, used, quota, .. } => {
            let name = figures.name(Named::Campaign, id.as_str());
            let quota = quota.map(|quota| format!(" (ride {used} of {quota})")).unwrap_or_default();
            format!("“{name}” takes off {}{quota}", figures.amount(*reduction))
        }
        Fact::NotCampaign { id, because } => {
            let name = figures.name(Named::Campaign, id.as_str());
            match because {
                Because::Medium => format!("“{name}” would have lowered it if you had paid another way"),
                Because::UsedUp => format!("every ride of “{name}” has been used"),
                _ => return None,
            }
        }
        Fact::Cap { .. } => cap(figures, fact)?,
        Fact::Pass { product, rides_left, until } => {
            let name = figures.name(Named::Product, product.as_str());
            let left = match rides_left {
                Some(1) => ", 1 ride is left".to_owned(),
                Some(rides) => format!(", {rides} rides are left"),
                None => String::new(),
            };
            let until = until.map(|until| format!(", valid until {}", figures.moment(until)));
            format!("your “{name}” covers the ride{left}{}", until.unwrap_or_default())
        }
        Fact::NotPass { product, because } => {
            let name = figures.name(Named::Product, product.as_str());
            format!("your “{name}” did not apply because {}", reason(*because)?)
        }
        Fact::Incomplete { kind, provisional, .. } => {
            let standing =
                if *provisional { ", so this fare stands until the missing tap is known" } else { "" };
            format!("{}{standing}", incomplete(kind)?)
        }
        Fact::Ride { .. }
        | Fact::Rule { .. }
        | Fact::Lost { .. }
        | Fact::Distance { .. }
        | Fact::Price { .. }
        | Fact::Share { .. } => return None,
    })
}

fn window(figures: &Figures<'_>, fact: &Fact) -> Option<String> {
    let Fact::Window { id, opened, since, limit_seconds, full, paid, .. } = fact else { return None };
    let name = figures.name(Named::Window, id.as_str());
    let limit = limit_seconds.map(|seconds| figures.duration(seconds));
    if *opened {
        return limit.map(|limit| format!("“{name}” now holds for {limit}"));
    }
    let limit = limit.map(|limit| format!(" for {limit}")).unwrap_or_default();
    let effect = if paid < full { "takes off" } else { "adds" };
    let (since, amount) = (figures.clock(*since), figures.difference(*full, *paid));
    Some(format!("“{name}”, which holds from {since}{limit}, {effect} {amount}"))
}

fn cap(figures: &Figures<'_>, fact: &Fact) -> Option<String> {
    let Fact::Cap { id, until, limit, rides_limit, after, reduction, .. } = fact else { return None };
    let (name, until) = (figures.name(Named::Cap, id.as_str()), figures.moment(*until));
    let amount = figures.amount(*reduction);
    Some(match (limit, rides_limit) {
        _ if reduction.is_negative() => {
            format!("“{name}” rises with where you travelled, which adds {amount}")
        }
        (Some(limit), _) if reduction.is_zero() => {
            let (after, limit) = (figures.amount(*after), figures.amount(*limit));
            format!("{after} of the {limit} of “{name}” is paid until {until}")
        }
        (Some(limit), _) => {
            let limit = figures.amount(*limit);
            format!("you have reached “{name}” of {limit} until {until}, which takes off {amount}")
        }
        (None, Some(rides)) => {
            format!("you have paid {rides} rides of “{name}” until {until}, which takes off {amount}")
        }
        (None, None) => return None,
    })
}

fn incomplete(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "missing_exit" => "there was no tap at the exit",
        "missing_entry" => "there was no tap at the entrance",
        "same_station" => "the ride ended where it began",
        "over_time" => "the ride took longer than is allowed",
        _ => return None,
    })
}

fn reason(because: Because) -> Option<&'static str> {
    Some(match because {
        Because::TimeUp => "its time was up",
        Because::UsedUp => "it has been used as often as it may be",
        Because::SameRoute => "the route is the same as before",
        Because::NoTapOff => "there was no tap at the exit before",
        Because::NewDay => "a new day had begun",
        Because::Interrupted => "another ride came between",
        Because::Medium => "it is not for this way to pay",
        Because::Rider => "it is not for this class of riders",
        Because::NoGain => "it would not have lowered the price",
        Because::Product => "it is not for this fare",
        Because::Dearer | Because::RanksLater | Because::LowerPriority => return None,
    })
}

fn unknown(figures: &Figures<'_>, leg: Option<&Leg>, reason: UnknownFare) -> String {
    let leg_word = |word: fn(&Leg) -> &str| leg.map_or("", word);
    let rider = figures.rider(leg_word(|leg| leg.rider.as_str()));
    let medium = figures.medium(leg_word(|leg| leg.medium.as_str()));
    match reason {
        UnknownFare::NoRule => "no rule of the policy gives a price for this ride".to_owned(),
        UnknownFare::NoProduct => format!("there is no price for “{rider}” with “{medium}”"),
        UnknownFare::NoIncompleteRule => "no rule says what a ride with a missing tap costs".to_owned(),
        UnknownFare::NoSameStationRule => {
            "no rule says what a ride costs that ends where it began".to_owned()
        }
        UnknownFare::NoRoute => "the policy does not know the route".to_owned(),
        UnknownFare::NoStop => "the policy does not know the stop".to_owned(),
        UnknownFare::NoDistance => "how far the ride went is not known".to_owned(),
        UnknownFare::NoRider => format!("the policy does not know the class of riders “{rider}”"),
        UnknownFare::NoMedium => format!("the policy does not know the way to pay “{medium}”"),
        UnknownFare::Overflow => "the amounts of the policy are too large".to_owned(),
    }
}
