//! The fare engine as the reports need it: a policy that loads or a list of its errors, and the legs of one case priced
//! together.

use crate::overlay::{Drafted, NoRoute};
use fares::{Carried, Fare, Files, Leg, LoadError, Policy, Priced};
use primitives::{Minor, MoneyError};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The policy has errors.
    #[error("the policy does not load:\n{}", lines(.0))]
    Policy(Vec<LoadError>),
    /// Two policies that cannot stand beside each other.
    #[error("the two policies cannot be compared: {0}")]
    Pair(String),
    /// Sums that do not fit.
    #[error("an amount of the report")]
    Money(#[from] MoneyError),
}

fn lines(errors: &[LoadError]) -> String {
    errors.iter().map(|error| format!("  {error}")).collect::<Vec<_>>().join("\n")
}

/// The policy of these files.
pub(crate) fn load(files: &Files) -> Result<Policy, LabError> {
    fares::load(files).map_err(LabError::Policy)
}

/// The answer to one leg of a case.
pub(crate) enum Answer {
    /// What the engine says.
    Priced(Box<Priced>),
    /// The leg could not be put to it.
    NoRoute(NoRoute),
}

impl Answer {
    /// The engine's answer, when it was asked.
    pub(crate) fn priced(&self) -> Option<&Priced> {
        match self {
            Answer::Priced(priced) => Some(priced),
            Answer::NoRoute(_) => None,
        }
    }

    /// What the rider pays, when that is known.
    pub(crate) fn rider(&self) -> Option<Minor> {
        match &self.priced()?.fare {
            Fare::Known { rider, .. } => Some(*rider),
            Fare::Unknown(_) => None,
        }
    }

    /// Why nothing is known.
    pub(crate) fn why(&self) -> Option<String> {
        match self {
            Answer::Priced(priced) => match &priced.fare {
                Fare::Known { .. } => None,
                Fare::Unknown(why) => Some(why.word().to_owned()),
            },
            Answer::NoRoute(why) => Some(format!("no_route: {why}")),
        }
    }

    /// The part of the rider's amount that is a surcharge.
    pub(crate) fn surcharge(&self) -> Minor {
        self.priced().map_or(Minor::ZERO, |priced| priced.surcharge)
    }

    /// The rows that made the fare.
    pub(crate) fn rules(&self) -> Vec<String> {
        self.priced().map_or(Vec::new(), |priced| priced.rules.iter().map(ToString::to_string).collect())
    }
}

/// The answers to the legs of one account, which are priced together, in their order.
pub(crate) fn answers(policy: &Policy, drafted: &[Drafted]) -> Vec<Answer> {
    let legs: Vec<Leg> = drafted.iter().flatten().map(|draft| draft.leg(policy)).collect();
    let mut priced = fares::rate(policy, &Carried::default(), &legs).legs.into_iter();
    let answer = |drafted: &Drafted| match drafted {
        Ok(_) => priced.next().map(|priced| Answer::Priced(Box::new(priced))),
        Err(why) => Some(Answer::NoRoute(why.clone())),
    };
    drafted.iter().filter_map(answer).collect()
}
