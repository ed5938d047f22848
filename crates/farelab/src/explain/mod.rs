//! Why trips cost what they cost: for each leg the price, the facts that led to it, and two sentences for the rider.

mod facts;
mod words;

pub use words::Language;

use crate::cases::Case;
use crate::overlay::overlays;
use crate::pricing::{self, LabError};
use fares::{Carried, Explained, Fact, Fare, Files, Leg, Policy, Priced};
use primitives::Minor;
use serde_json::{Value, json};

/// A case with its fares explained.
#[derive(Debug)]
pub struct Explanation {
    policy: Policy,
    legs: Vec<Told>,
}

/// One leg: what it is called, and what the engine says of it, or why it could not be asked.
#[derive(Debug)]
struct Told {
    name: String,
    answer: Result<(Leg, Explained), String>,
}

/// Explains what the legs of a case cost together.
pub fn explain(files: &Files, case: &Case) -> Result<Explanation, LabError> {
    pricing::load(files)?;
    let mut overlays = overlays(files, std::slice::from_ref(case)).into_iter();
    let overlay = overlays.next();
    let policy = pricing::load(overlay.as_ref().map_or(files, |overlay| &overlay.files))?;
    let drafted = overlay.and_then(|overlay| overlay.cases.into_iter().next()).map(|(_, drafted)| drafted);
    let drafted = drafted.unwrap_or_default();
    let legs: Vec<Leg> = drafted.iter().flatten().map(|draft| draft.leg(&policy)).collect();
    let explained = fares::explain(&policy, &Carried::default(), &legs);
    let mut explained = legs.into_iter().zip(explained);
    let mut told = Vec::with_capacity(drafted.len());
    for (leg, drafted) in case.legs.iter().zip(&drafted) {
        let named = [&leg.route, &leg.network, &leg.agency].into_iter().flatten().next();
        let answer = match drafted {
            Ok(_) => explained.next().ok_or_else(|| "not priced".to_owned()),
            Err(why) => Err(why.to_string()),
        };
        told.push(Told { name: named.cloned().unwrap_or_default(), answer });
    }
    Ok(Explanation { policy, legs: told })
}

impl Explanation {
    /// The sum of the known fares, and how many legs have none.
    pub fn total(&self) -> Result<(Minor, usize), LabError> {
        let riders: Vec<Option<Minor>> = self.legs.iter().map(Told::rider).collect();
        let unknown = riders.iter().filter(|rider| rider.is_none()).count();
        Ok((Minor::sum(riders.into_iter().flatten())?, unknown))
    }

    /// The explanation as one object with the sentences of these languages; amounts in minor units.
    pub fn json(&self, languages: &[Language]) -> Result<Value, LabError> {
        let (total, unknown) = self.total()?;
        Ok(json!({
            "policy": self.policy.id(),
            "currency": self.policy.currency().letters(),
            "total": total.units(),
            "unknown_legs": unknown,
            "legs": self.legs.iter().map(|told| self.leg_json(told, languages)).collect::<Vec<Value>>(),
        }))
    }

    fn leg_json(&self, told: &Told, languages: &[Language]) -> Value {
        let (leg, explained) = match &told.answer {
            Ok(answer) => answer,
            Err(why) => return json!({ "leg": told.name, "unknown": "no_route", "detail": why }),
        };
        let fact = |fact| {
            let mut object = serde_json::Map::from_iter([("code".to_owned(), json!(facts::code(fact)))]);
            let values = facts::values(&self.policy, fact);
            object.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
            Value::from(object)
        };
        let priced = &explained.priced;
        let fare = match &priced.fare {
            Fare::Unknown(why) => json!({ "unknown": why.word() }),
            Fare::Known { gross, rider, funded } => {
                let funded = funded.iter().map(|part| {
                    json!({ "party": facts::party(&self.policy, part.party), "amount": part.amount.units() })
                });
                let shares = priced.shares.iter().map(|share| {
                    json!({ "party": facts::party(&self.policy, share.party), "amount": share.amount.units() })
                });
                json!({
                    "gross": gross.units(),
                    "rider": rider.units(),
                    "surcharge": priced.surcharge.units(),
                    "funded": funded.collect::<Vec<Value>>(),
                    "shares": shares.collect::<Vec<Value>>(),
                })
            }
        };
        let sentences = languages.iter().map(|language| {
            let said = words::sentences(&self.policy, explained, *language);
            (language.code().to_owned(), json!(said))
        });
        json!({
            "leg": told.name,
            "route": leg.route.as_str(),
            "start": facts::moment(&self.policy, leg.start),
            "shape": leg.shape.word(),
            "fare": fare,
            "product": priced.product.as_ref().map(|product| product.as_str()),
            "rules": priced.rules.iter().map(|rule| rule.as_str()).collect::<Vec<&str>>(),
            "facts": explained.facts.iter().map(fact).collect::<Vec<Value>>(),
            "sentences": sentences.collect::<serde_json::Map<String, Value>>(),
        })
    }

    /// The explanation to be read, with the sentences of these languages.
    pub fn text(&self, languages: &[Language]) -> Result<String, LabError> {
        let mut lines = Vec::new();
        for (told, number) in self.legs.iter().zip(1..) {
            match &told.answer {
                Ok((leg, explained)) => {
                    let at = facts::moment(&self.policy, leg.start);
                    lines.push(format!("{number}. {} at {at}: {}", told.name, self.parts(&explained.priced)));
                    for language in languages {
                        let [first, second] = words::sentences(&self.policy, explained, *language);
                        lines.push(format!("   {}: {first} {second}", language.code()));
                    }
                    lines.extend(explained.facts.iter().map(|fact| format!("   - {}", self.fact(fact))));
                }
                Err(why) => lines.push(format!("{number}. {}: unknown (no_route: {why})", told.name)),
            }
        }
        let (total, unknown) = self.total()?;
        let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} legs unknown") };
        lines.push(format!("total {}{unknown}", self.money(total)));
        Ok(lines.join("\n"))
    }

    fn money(&self, amount: Minor) -> String {
        let currency = self.policy.currency();
        format!("{} {currency}", currency.format_amount(amount))
    }

    /// Who pays what of a fare.
    fn parts(&self, priced: &Priced) -> String {
        let (gross, rider, funded) = match &priced.fare {
            Fare::Unknown(why) => return format!("unknown ({})", why.word()),
            Fare::Known { gross, rider, funded } => (gross, rider, funded),
        };
        let name =
            |no| self.policy.party_by_no(no).map_or_else(|| no.to_string(), |party| party.name.clone());
        let funded = funded.iter().map(|part| format!(", {} {}", name(part.party), self.money(part.amount)));
        let funded: String = funded.collect();
        format!("rider {}{funded}, together {}", self.money(*rider), self.money(*gross))
    }

    fn fact(&self, fact: &Fact) -> String {
        let mut text = facts::code(fact).to_owned();
        for (name, value) in facts::values(&self.policy, fact).iter().filter(|(_, value)| !value.is_null()) {
            text += &format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        text
    }
}

impl Told {
    fn rider(&self) -> Option<Minor> {
        match &self.answer.as_ref().ok()?.1.priced.fare {
            Fare::Known { rider, .. } => Some(*rider),
            Fare::Unknown(_) => None,
        }
    }
}
