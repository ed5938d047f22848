//! Why trips cost what they cost: for each leg the price, the facts that led to it, and two sentences for the rider.

mod facts;

use crate::cases::Case;
use crate::overlay::overlays;
use crate::pricing::{self, LabError};
use fares::{Carried, Explained, Fare, Files, Leg, Policy};
use primitives::Minor;
use serde_json::{Value, json};
use std::fmt;

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

    /// The explanation as one object; amounts in minor units.
    pub fn json(&self) -> Result<Value, LabError> {
        let (total, unknown) = self.total()?;
        Ok(json!({
            "policy": self.policy.id(),
            "currency": self.policy.currency().letters(),
            "total": total.units(),
            "unknown_legs": unknown,
            "legs": self.legs.iter().map(|told| self.leg_json(told)).collect::<Vec<Value>>(),
        }))
    }

    fn leg_json(&self, told: &Told) -> Value {
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
        json!({
            "leg": told.name,
            "route": leg.route.as_str(),
            "start": facts::moment(&self.policy, leg.start),
            "shape": leg.shape.word(),
            "fare": fare,
            "product": priced.product.as_ref().map(|product| product.as_str()),
            "rules": priced.rules.iter().map(|rule| rule.as_str()).collect::<Vec<&str>>(),
            "facts": explained.facts.iter().map(fact).collect::<Vec<Value>>(),
        })
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

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.policy.currency();
        let money = |amount: Minor| format!("{} {currency}", currency.format_amount(amount));
        for (told, number) in self.legs.iter().zip(1..) {
            let (leg, explained) = match &told.answer {
                Ok(answer) => answer,
                Err(why) => {
                    writeln!(f, "{number}. {}: unknown (no_route: {why})", told.name)?;
                    continue;
                }
            };
            let at = facts::moment(&self.policy, leg.start);
            match &explained.priced.fare {
                Fare::Unknown(why) => {
                    writeln!(f, "{number}. {} at {at}: unknown ({})", told.name, why.word())?
                }
                Fare::Known { gross, rider, funded } => {
                    write!(f, "{number}. {} at {at}: rider {}", told.name, money(*rider))?;
                    for part in funded {
                        let party = self.policy.party_by_no(part.party);
                        let party = party.map_or_else(|| part.party.to_string(), |party| party.name.clone());
                        write!(f, ", {party} {}", money(part.amount))?;
                    }
                    writeln!(f, ", together {}", money(*gross))?;
                }
            }
            for fact in &explained.facts {
                write!(f, "   {}", facts::code(fact))?;
                for (name, value) in
                    facts::values(&self.policy, fact).iter().filter(|(_, value)| !value.is_null())
                {
                    write!(f, " {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
                }
                writeln!(f)?;
            }
        }
        match self.total() {
            Ok((total, 0)) => write!(f, "total {}", money(total)),
            Ok((total, unknown)) => write!(f, "total {}, {unknown} legs unknown", money(total)),
            Err(_) => write!(f, "total too large"),
        }
    }
}
