//! Two sentences that a rider understands: what the ride costs, and why it is not more or less.

mod english;
mod figures;
mod vietnamese;

use super::{Because, Explained, Fact};
use crate::labels::Named;
use crate::model::{Fare, Leg};
use crate::policy::Policy;
use figures::Figures;
use primitives::{Minor, Text};

/// A language that fares are explained in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Tiếng Việt.
    Vietnamese,
    /// English.
    English,
}

/// What the first sentence says.
struct Cost<'a> {
    /// What the rider pays; none when it is not known.
    rider: Option<Minor>,
    /// True when it is the growth of a journey that began earlier.
    more: bool,
    leg: Option<&'a Leg>,
    /// What the route is called.
    route: &'a str,
    distance: Option<String>,
    fare: Option<&'a str>,
}

impl Explained {
    /// What the leg costs and by which fare; then why it is less or more than that, and who pays the rest.
    pub fn sentences(&self, policy: &Policy, language: Language) -> [String; 2] {
        let figures = Figures { policy, language };
        let first = match language {
            Language::English => english::cost(&figures, &self.cost(&figures)),
            Language::Vietnamese => vietnamese::cost(&figures, &self.cost(&figures)),
        };
        let clauses = self.clauses(&figures);
        [first, sentence(&clauses.join("; "))]
    }

    fn leg(&self) -> Option<&Leg> {
        self.facts.iter().find_map(|fact| match fact {
            Fact::Ride { leg, .. } => Some(&**leg),
            _ => None,
        })
    }

    fn cost<'a>(&'a self, figures: &Figures<'a>) -> Cost<'a> {
        let policy = figures.policy;
        let rider = match &self.priced.fare {
            Fare::Known { rider, .. } => Some(*rider),
            Fare::Unknown(_) => None,
        };
        let leg = self.leg();
        let called = leg.and_then(|leg| policy.route(leg.route.as_str()));
        let called =
            called.map(|route| if route.short_name.is_empty() { route.name } else { route.short_name });
        let id = leg.map_or("", |leg| leg.route.as_str());
        let product = self.priced.product.as_ref().map(Text::as_str);
        Cost {
            rider,
            more: self.is_growth(),
            leg,
            route: called.filter(|name| !name.is_empty()).unwrap_or(id),
            distance: self.facts.iter().rev().find_map(|fact| figures.distance(fact)),
            fare: product.map(|id| policy.name_of(Named::Product, id).unwrap_or(id)),
        }
    }

    /// True for a leg that joined earlier ones. One that carries the ticket of later legs tells of them after its own rule.
    fn is_growth(&self) -> bool {
        let deciding = |fact: &&Fact| matches!(fact, Fact::Joined { .. } | Fact::Rule { .. });
        self.facts.iter().find(deciding).is_some_and(|fact| matches!(fact, Fact::Joined { .. }))
    }

    /// True for a fact about the whole that was established anew later on.
    fn is_replaced(&self, place: usize, fact: &Fact) -> bool {
        let mut later = self.facts.iter().skip(place + 1);
        match fact {
            Fact::Formula { .. } => later.any(|fact| matches!(fact, Fact::Formula { .. })),
            Fact::Joined { .. } => later.any(|fact| matches!(fact, Fact::Joined { .. })),
            Fact::Surcharge { id, .. } => {
                later.any(|fact| matches!(fact, Fact::Surcharge { id: other, .. } if other == id))
            }
            _ => false,
        }
    }

    /// What the second sentence is made of.
    fn clauses(&self, figures: &Figures<'_>) -> Vec<String> {
        let clause = |fact: &Fact| match figures.language {
            Language::English => english::clause(figures, self.leg(), fact),
            Language::Vietnamese => vietnamese::clause(figures, self.leg(), fact),
        };
        if matches!(self.priced.fare, Fare::Unknown(_)) {
            let unknown = self.facts.iter().filter(|fact| matches!(fact, Fact::Unknown { .. }));
            return unknown.filter_map(clause).collect();
        }
        let told = self.facts.iter().enumerate();
        let told = told.filter(|(place, fact)| changes_the_price(fact) && !self.is_replaced(*place, fact));
        let mut clauses: Vec<String> = told.filter_map(|(_, fact)| clause(fact)).collect();
        if !self.facts.iter().any(is_gained) {
            clauses.extend(self.facts.iter().find(|fact| is_missed(fact)).and_then(clause));
        }
        clauses.extend(self.funders(figures));
        if clauses.is_empty() {
            clauses.push(match figures.language {
                Language::English => english::full_fare(),
                Language::Vietnamese => vietnamese::full_fare(),
            });
            clauses.extend(self.facts.iter().find(|fact| is_progress(fact)).and_then(clause));
        }
        clauses
    }

    fn funders(&self, figures: &Figures<'_>) -> Option<String> {
        let Fare::Known { funded, .. } = &self.priced.fare else { return None };
        let paid: Vec<(&str, String)> = funded
            .iter()
            .filter(|part| part.amount.is_positive())
            .map(|part| (figures.party(part.party), figures.amount(part.amount)))
            .collect();
        (!paid.is_empty()).then(|| match figures.language {
            Language::English => english::funders(&paid),
            Language::Vietnamese => vietnamese::funders(&paid),
        })
    }
}

/// Facts that made the price another one than the fare's own.
fn changes_the_price(fact: &Fact) -> bool {
    match fact {
        Fact::Unknown { .. }
        | Fact::Fallback { .. }
        | Fact::Joined { .. }
        | Fact::Reread { .. }
        | Fact::Surcharge { .. }
        | Fact::Pass { .. }
        | Fact::Incomplete { .. } => true,
        Fact::Formula { before, after, .. } => before != after,
        Fact::Window { opened, full, paid, .. } => !opened && full != paid,
        Fact::Transfer { full, paid, .. } => full != paid,
        Fact::Campaign { reduction, .. } | Fact::Cap { reduction, .. } => !reduction.is_zero(),
        Fact::Ride { .. }
        | Fact::Rule { .. }
        | Fact::Lost { .. }
        | Fact::Distance { .. }
        | Fact::Price { .. }
        | Fact::NotJoined { .. }
        | Fact::NotWindow { .. }
        | Fact::NotTransfer { .. }
        | Fact::NotCampaign { .. }
        | Fact::NotPass { .. }
        | Fact::Share { .. } => false,
    }
}

/// Something that lowered the price because of other rides, a day or a pass: who has it is not told what else there was.
fn is_gained(fact: &Fact) -> bool {
    match fact {
        Fact::Joined { .. } | Fact::Pass { .. } => true,
        Fact::Window { opened, full, paid, .. } => !opened && paid < full,
        Fact::Transfer { full, paid, .. } => paid < full,
        Fact::Campaign { reduction, .. } => reduction.is_positive(),
        _ => false,
    }
}

/// Something that a rider may have counted on and did not get; one of them is told.
fn is_missed(fact: &Fact) -> bool {
    match fact {
        Fact::NotJoined { because, .. }
        | Fact::NotWindow { because, .. }
        | Fact::NotTransfer { because, .. } => match because {
            Because::TimeUp
            | Because::UsedUp
            | Because::SameRoute
            | Because::NoTapOff
            | Because::NewDay
            | Because::Interrupted => true,
            Because::Dearer
            | Because::RanksLater
            | Because::LowerPriority
            | Because::Medium
            | Because::Rider
            | Because::NoGain
            | Because::Product => false,
        },
        Fact::NotCampaign { because, .. } => matches!(because, Because::Medium | Because::UsedUp),
        Fact::NotPass { because, .. } => {
            matches!(because, Because::TimeUp | Because::UsedUp | Because::Medium)
        }
        _ => false,
    }
}

/// What later rides gain from this one.
fn is_progress(fact: &Fact) -> bool {
    match fact {
        Fact::Window { opened, limit_seconds, .. } => *opened && limit_seconds.is_some(),
        Fact::Cap { limit, .. } => limit.is_some(),
        _ => false,
    }
}

/// A text that begins with a capital letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
