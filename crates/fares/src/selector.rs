//! Which legs a row speaks of.

use crate::part::Part;
use crate::policy::Policy;
use crate::timeframes::Moment;

/// What a selector column looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Network,
    /// By party number.
    Agency,
    Route,
    LegGroup,
    Rider,
    Medium,
    Product,
    /// Holds at the start of the leg.
    Timeframe,
}

/// The values a column takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    One(u32),
    /// Sorted.
    Set {
        ids: Vec<u32>,
        exclude: bool,
    },
}

impl Pick {
    /// True when the value is taken; a value that is not there is taken by exclusion only.
    pub(crate) fn takes(&self, value: Option<u32>) -> bool {
        match self {
            Pick::One(id) => value == Some(*id),
            Pick::Set { ids, exclude } => {
                value.is_some_and(|value| ids.binary_search(&value).is_ok()) != *exclude
            }
        }
    }

    /// How many of `all` values it takes.
    pub(crate) fn count(&self, all: usize) -> usize {
        match self {
            Pick::One(_) => 1,
            Pick::Set { ids, exclude: false } => ids.len(),
            Pick::Set { ids, exclude: true } => all.saturating_sub(ids.len()),
        }
    }
}

/// A conjunction of picks; without any it takes every leg.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector(pub(crate) Vec<(Field, Pick)>);

/// A leg as selectors see it: the leg itself, and what its price was made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) part: &'a Part,
    pub(crate) leg_group: Option<u32>,
    pub(crate) product: Option<u32>,
}

impl Selector {
    pub(crate) fn takes(&self, policy: &Policy, subject: Subject<'_>) -> bool {
        self.0.iter().all(|(field, pick)| pick_takes(policy, *field, pick, subject))
    }

    /// The first column that does not take the leg, when it is the only one: what a rider could have done otherwise.
    pub(crate) fn only_miss(&self, policy: &Policy, subject: Subject<'_>) -> Option<Field> {
        let mut misses = self.0.iter().filter(|(field, pick)| !pick_takes(policy, *field, pick, subject));
        let first = misses.next()?;
        misses.next().is_none().then_some(first.0)
    }

    /// How many columns are filled: the more, the more special the row.
    pub(crate) fn filled(&self) -> usize {
        self.0.len()
    }
}

fn pick_takes(policy: &Policy, field: Field, pick: &Pick, subject: Subject<'_>) -> bool {
    let part = subject.part;
    match field {
        Field::Network => pick.takes(part.network),
        Field::Agency => pick.takes(Some(part.agency.0)),
        Field::Route => pick.takes(Some(part.route)),
        Field::LegGroup => pick.takes(subject.leg_group),
        Field::Rider => pick.takes(Some(part.rider)),
        Field::Medium => pick.takes(Some(part.medium)),
        Field::Product => pick.takes(subject.product),
        Field::Timeframe => frame_holds(policy, pick, &part.start),
    }
}

/// True when a timeframe of the pick holds at this moment.
pub(crate) fn frame_holds(policy: &Policy, pick: &Pick, at: &Moment) -> bool {
    match pick {
        Pick::One(group) => policy.timeframes.holds(*group, at),
        Pick::Set { ids, exclude } => ids.iter().any(|group| policy.timeframes.holds(*group, at)) != *exclude,
    }
}
