//! Scores a policy against somebody else's answers.

use crate::cases::{Case, CaseFile, Expect};
use crate::overlay::{Drafted, overlays};
use crate::pricing::{self, Answer, LabError};
use fares::{Files, Policy};
use primitives::{Minor, MoneyError};
use serde_json::{Value, json};
use std::fmt;

/// What to hold a case to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Another split of the right total over the legs is wrong too.
    pub legs: bool,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every figure the case gives is met.
    Right,
    /// A figure differs.
    Wrong,
    /// A fare that the case knows is unknown here.
    Unknown,
}

impl Verdict {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Wrong => "wrong",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One case, scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Its id.
    pub id: String,
    /// The version of the policy that priced it.
    pub policy: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the case expects.
    pub expected: Expect,
    /// The sum of the fares that are known, surcharges included.
    pub total: Minor,
    /// What each leg is charged, without its surcharge when the case counts that beside its legs; `None` where no fare is
    /// known.
    pub legs: Vec<Option<Minor>>,
    /// The part of the total that is a surcharge.
    pub surcharge: Minor,
    /// Why fares are unknown, by leg from 1.
    pub reasons: Vec<(usize, String)>,
    /// The rows that made the fares, by leg.
    pub rules: Vec<Vec<String>>,
    /// What the case itself says of its answer.
    pub note: Option<String>,
}

impl Scored {
    /// True when the total is right and its split over the legs is another one.
    pub fn is_split(&self) -> bool {
        self.verdict == Verdict::Right && self.expected.legs.as_ref().is_some_and(|legs| *legs != self.legs)
    }
}

/// A whole file, scored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Score {
    /// The cases, in the order of the file.
    pub cases: Vec<Scored>,
}

/// Scores the cases of a file under the versions of a policy: each under the one that holds when its first leg begins, or
/// under the first of them when none does.
pub fn score(versions: &[Files], cases: &CaseFile, options: Options) -> Result<Score, LabError> {
    // A policy's own errors are told with its own lines, not with those of the overlay.
    let policies = versions.iter().map(pricing::load).collect::<Result<Vec<Policy>, LabError>>()?;
    let mut scored: Vec<(usize, Scored)> = Vec::with_capacity(cases.cases.len());
    for (version, files) in versions.iter().enumerate() {
        let held = cases.cases.iter().enumerate().filter(|(_, case)| version_of(case, &policies) == version);
        let (places, held): (Vec<usize>, Vec<Case>) = held.map(|(place, case)| (place, case.clone())).unzip();
        for overlay in overlays(files, &held) {
            let policy = pricing::load(&overlay.files)?;
            for (index, drafted) in &overlay.cases {
                if let (Some(case), Some(place)) = (held.get(*index), places.get(*index)) {
                    scored.push((*place, judge(case, &policy, drafted, options)?));
                }
            }
        }
    }
    scored.sort_by_key(|(place, _)| *place);
    Ok(Score { cases: scored.into_iter().map(|(_, scored)| scored).collect() })
}

/// The place of the version that holds when the first leg of a case begins.
fn version_of(case: &Case, policies: &[Policy]) -> usize {
    let first = case.legs.iter().map(|leg| leg.start).min();
    let holds = |policy: &Policy| first.is_some_and(|first| policy.holds_at(first));
    policies.iter().position(holds).unwrap_or(0)
}

fn judge(case: &Case, policy: &Policy, drafted: &[Drafted], options: Options) -> Result<Scored, LabError> {
    let answers = pricing::answers(policy, drafted);
    let expected = case.expect.clone().unwrap_or_default();
    let known = || answers.iter().filter(|answer| answer.rider().is_some());
    let total = Minor::sum(known().filter_map(Answer::rider))?;
    let surcharge = Minor::sum(known().map(Answer::surcharge))?;
    let beside = surcharge_is_beside_legs(&expected)?;
    let charged = |answer: &Answer| {
        let rider = answer.rider()?;
        Some(if beside { rider.minus(answer.surcharge()) } else { Ok(rider) })
    };
    let legs: Vec<Option<Minor>> =
        answers.iter().map(|answer| charged(answer).transpose()).collect::<Result<_, MoneyError>>()?;
    let verdict = verdict(&expected, &legs, total, surcharge, options);
    let reasons = answers.iter().zip(1..).filter_map(|(answer, leg)| answer.why().map(|why| (leg, why)));
    Ok(Scored {
        id: case.id.clone(),
        policy: policy.id().to_owned(),
        verdict,
        expected,
        total,
        legs,
        surcharge,
        reasons: reasons.collect(),
        rules: answers.iter().map(Answer::rules).collect(),
        note: case.note.clone(),
    })
}

/// True when the amounts of a case's legs leave its surcharge out: with it they make up the total.
fn surcharge_is_beside_legs(expected: &Expect) -> Result<bool, MoneyError> {
    let (Some(total), Some(legs), Some(surcharge)) = (expected.total, &expected.legs, expected.surcharge)
    else {
        return Ok(false);
    };
    let legs = Minor::sum(legs.iter().flatten().copied())?;
    Ok(!surcharge.is_zero() && legs.plus(surcharge)? == total)
}

fn verdict(
    expected: &Expect,
    legs: &[Option<Minor>],
    total: Minor,
    surcharge: Minor,
    options: Options,
) -> Verdict {
    let totals_agree = expected.total.is_none_or(|expected| expected == total);
    let agree = totals_agree && expected.surcharge.is_none_or(|expected| expected == surcharge);
    match &expected.legs {
        Some(wanted) => {
            let lacks = wanted.iter().zip(legs).any(|(wanted, got)| wanted.is_some() && got.is_none());
            let invents = wanted.iter().zip(legs).any(|(wanted, got)| wanted.is_none() && got.is_some());
            match (lacks, invents || !agree || options.legs && wanted != legs) {
                (true, _) => Verdict::Unknown,
                (false, true) => Verdict::Wrong,
                (false, false) => Verdict::Right,
            }
        }
        // Without a list of legs nobody knows which of them have no fare: then the total of the others must be right,
        // and there must be others, because nothing known is not the same as nothing to pay.
        None => match (legs.iter().any(Option::is_none), legs.iter().any(Option::is_some), agree) {
            (false, _, true) | (true, true, true) => Verdict::Right,
            (false, _, false) => Verdict::Wrong,
            (true, _, _) => Verdict::Unknown,
        },
    }
}

impl Score {
    /// How many cases have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cases.iter().filter(|case| case.verdict == verdict).count()
    }

    /// True when every case is right.
    pub fn is_perfect(&self) -> bool {
        self.count(Verdict::Right) == self.cases.len()
    }

    /// The last line of a report.
    pub fn summary(&self) -> String {
        let of = |verdict| self.count(verdict);
        format!(
            "{} right, {} wrong, {} unknown",
            of(Verdict::Right),
            of(Verdict::Wrong),
            of(Verdict::Unknown)
        )
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in self.cases.iter().filter(|case| case.verdict != Verdict::Right || case.is_split()) {
            writeln!(f, "{case}")?;
        }
        f.write_str(&self.summary())
    }
}

impl fmt::Display for Scored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_split() { "split" } else { self.verdict.word() };
        write!(f, "{word} {}: expected", self.id)?;
        figures(f, self.expected.total, self.expected.legs.as_deref(), self.expected.surcharge)?;
        f.write_str("; got")?;
        let surcharge = self.expected.surcharge.map(|_| self.surcharge);
        let unknown = self.legs.iter().all(Option::is_none);
        figures(f, (!unknown).then_some(self.total), Some(&self.legs), surcharge)?;
        for (leg, why) in &self.reasons {
            write!(f, "; leg {leg} unknown: {why}")?;
        }
        if self.rules.iter().any(|rules| !rules.is_empty()) {
            let legs: Vec<String> = self.rules.iter().map(|rules| rules.join(" ")).collect();
            write!(f, "; rules {}", legs.join(" | "))?;
        }
        self.note.as_ref().map_or(Ok(()), |note| write!(f, "; note: {note}"))
    }
}

/// `377 = 224 + 129 + 24 (surcharge 0)`
fn figures(
    f: &mut fmt::Formatter<'_>,
    total: Option<Minor>,
    legs: Option<&[Option<Minor>]>,
    surcharge: Option<Minor>,
) -> fmt::Result {
    let amount = |amount: &Option<Minor>| amount.map_or("?".to_owned(), |amount| amount.units().to_string());
    match (total, legs) {
        (Some(_), _) | (None, None) => write!(f, " {}", amount(&total))?,
        (None, Some(_)) => {}
    }
    if let Some(legs) = legs
        && (legs.len() > 1 || total.is_none())
    {
        let equals = if total.is_some() { " = " } else { " " };
        write!(f, "{equals}{}", legs.iter().map(amount).collect::<Vec<_>>().join(" + "))?;
    }
    surcharge.map_or(Ok(()), |surcharge| write!(f, " (surcharge {})", surcharge.units()))
}

fn amounts(legs: &[Option<Minor>]) -> Vec<Option<i64>> {
    legs.iter().map(|leg| leg.map(Minor::units)).collect()
}

impl Scored {
    /// The case as one object.
    pub fn json(&self) -> Value {
        let Expect { total, legs, surcharge } = &self.expected;
        let reasons = self.reasons.iter().map(|(leg, why)| json!({ "leg": leg, "reason": why }));
        json!({
            "id": self.id,
            "policy": self.policy,
            "verdict": self.verdict.word(),
            "split": self.is_split(),
            "expected": {
                "total": total.map(Minor::units),
                "legs": legs.as_deref().map(amounts),
                "surcharge": surcharge.map(Minor::units),
            },
            "got": {
                "total": self.total.units(),
                "legs": amounts(&self.legs),
                "surcharge": self.surcharge.units(),
            },
            "unknown": reasons.collect::<Vec<Value>>(),
            "rules": self.rules,
            "note": self.note,
        })
    }
}
