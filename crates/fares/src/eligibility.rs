//! Who may ride as what. Papers, birth dates and answers of registers stay where they were looked at: here come only the
//! kind of a proof, an age, and the days it holds.

use crate::model::{Fare, Leg};
use crate::policy::Policy;
use crate::rate::price;
use crate::selector::Pick;
use chrono::{NaiveDate, TimeDelta};
use primitives::{ServiceDate, Text};

/// What proves that somebody belongs to a rider category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Nothing is asked for.
    None,
    /// The rider's word.
    SelfDeclared,
    /// The citizen's card or its electronic form.
    CitizenId,
    /// The card of a school.
    SchoolCard,
    /// A registration as a student.
    StudentRegistration,
    /// A paper of a person of merit.
    MeritPaper,
    /// A paper of a disability.
    DisabilityPaper,
    /// An entry in a list of poor households.
    PoorHouseholdList,
    /// A card of the operator.
    OperatorCard,
    /// An adult who rides along.
    Guardian,
}

impl Evidence {
    /// Every kind, in the order of the format.
    pub const ALL: &'static [Evidence] = &[
        Evidence::None,
        Evidence::SelfDeclared,
        Evidence::CitizenId,
        Evidence::SchoolCard,
        Evidence::StudentRegistration,
        Evidence::MeritPaper,
        Evidence::DisabilityPaper,
        Evidence::PoorHouseholdList,
        Evidence::OperatorCard,
        Evidence::Guardian,
    ];

    /// The word of the format.
    pub const fn word(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::SelfDeclared => "self_declared",
            Evidence::CitizenId => "citizen_id",
            Evidence::SchoolCard => "school_card",
            Evidence::StudentRegistration => "student_registration",
            Evidence::MeritPaper => "merit_paper",
            Evidence::DisabilityPaper => "disability_paper",
            Evidence::PoorHouseholdList => "poor_household_list",
            Evidence::OperatorCard => "operator_card",
            Evidence::Guardian => "guardian",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Evidence> {
        Evidence::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// A proof that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its kind.
    pub kind: Evidence,
    /// The register that confirmed it, when one did.
    pub registry: Option<Text>,
    /// The age in whole years on the day of the ride, when it shows one.
    pub age: Option<u32>,
    /// The first day it holds; none when it always held.
    pub from: Option<ServiceDate>,
    /// The last day it holds; none when it has no end.
    pub until: Option<ServiceDate>,
}

/// One row of `rider_eligibility.txt` that says who may claim a category.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) rider: u32,
    pub(crate) network: Option<Pick>,
    pub(crate) evidence: Evidence,
    pub(crate) registry: Option<Text>,
    pub(crate) age_from: Option<u32>,
    /// Excluded.
    pub(crate) age_until: Option<u32>,
    /// First and last day on which the row holds.
    pub(crate) valid: (Option<NaiveDate>, Option<NaiveDate>),
    /// A proof holds so many days from its first at most.
    pub(crate) renewal_days: Option<i64>,
    /// A proof is still taken so many days after its last.
    pub(crate) grace_days: i64,
    pub(crate) fallback: Option<u32>,
    pub(crate) priority: u32,
}

/// What a row says of somebody.
enum Standing {
    May,
    /// The proof is of the kind, but its days are over.
    Lapsed,
    MayNot,
}

impl Claim {
    fn standing(&self, proofs: &[Proof], date: NaiveDate) -> Standing {
        let (first, last) = self.valid;
        if first.is_some_and(|first| date < first) || last.is_some_and(|last| last < date) {
            return Standing::MayNot;
        }
        if self.evidence == Evidence::None {
            return Standing::May;
        }
        let mut fitting = proofs.iter().filter(|proof| self.fits(proof)).peekable();
        if fitting.peek().is_none() {
            Standing::MayNot
        } else if fitting.any(|proof| self.in_time(proof, date)) {
            Standing::May
        } else {
            Standing::Lapsed
        }
    }

    fn fits(&self, proof: &Proof) -> bool {
        let old_enough = |from| proof.age.is_some_and(|age| from <= age);
        let young_enough = |until| proof.age.is_some_and(|age| age < until);
        proof.kind == self.evidence
            && self.registry.as_ref().is_none_or(|registry| proof.registry.as_ref() == Some(registry))
            && self.age_from.is_none_or(old_enough)
            && self.age_until.is_none_or(young_enough)
    }

    fn in_time(&self, proof: &Proof, date: NaiveDate) -> bool {
        let later = |day: NaiveDate, days: i64| {
            TimeDelta::try_days(days).and_then(|days| day.checked_add_signed(days)).unwrap_or(NaiveDate::MAX)
        };
        // With a renewal of one day a proof holds on its first day only.
        let renewed = proof.from.zip(self.renewal_days).map(|(from, days)| later(from.0, days - 1));
        let last = [proof.until.map(|until| until.0), renewed].into_iter().flatten().min();
        proof.from.is_none_or(|from| from.0 <= date)
            && last.is_none_or(|last| date <= later(last, self.grace_days))
    }
}

impl Policy {
    /// Every rider category that these proofs allow on a network on a day: the higher priority first, then by id; the
    /// default category, which needs no proof, stands last. Whose proof has lapsed may claim what the row falls back to.
    pub fn categories_for(&self, proofs: &[Proof], network: &str, date: ServiceDate) -> Vec<Text> {
        let network = self.network_ids.find(network);
        let mut found: Vec<u32> = Vec::new();
        let speaks = |claim: &&Claim| claim.network.as_ref().is_none_or(|pick| pick.takes(network));
        for claim in self.riders.claims.iter().filter(speaks) {
            let rider = match claim.standing(proofs, date.0) {
                Standing::May => Some(claim.rider),
                Standing::Lapsed => claim.fallback,
                Standing::MayNot => None,
            };
            found.extend(rider.filter(|rider| !found.contains(rider)));
        }
        found.retain(|rider| *rider != self.default_rider);
        found.push(self.default_rider);
        found.into_iter().map(|rider| self.rider_ids.get(rider).clone()).collect()
    }
}

/// The rider category that a leg is lawfully cheapest as, for somebody with these proofs; at one price the one of the
/// highest priority. What the leg itself says of its rider is not looked at. The default category when no price is known.
pub fn rider_for(policy: &Policy, proofs: &[Proof], leg: &Leg) -> Text {
    let network = policy.route(leg.route.as_str()).map_or("", |route| route.network);
    let date = policy.day_rule.service_date(leg.start);
    let mut best: Option<(primitives::Minor, Text)> = None;
    for rider in policy.categories_for(proofs, network, date) {
        let asked = Leg { rider: rider.clone(), ..leg.clone() };
        let fare = price(policy, &[asked]).pop().map(|priced| priced.fare);
        if let Some(Fare::Known { rider: amount, .. }) = fare
            && best.as_ref().is_none_or(|(least, _)| amount < *least)
        {
            best = Some((amount, rider));
        }
    }
    best.map_or_else(|| policy.default_rider().clone(), |(_, rider)| rider)
}
