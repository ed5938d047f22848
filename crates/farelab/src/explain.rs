//! Why trips cost what they cost: for each leg the price, the facts that led to it, and two sentences for the rider.

pub use fares::Language;

use crate::cases::Case;
use crate::overlay::overlays;
use crate::pricing::{self, LabError};
use fares::{Carried, Explained, Fact, Fare, Files, Leg, Policy, Priced, Value as FactValue};
use primitives::{EventTime, Minor, PartyNo};
use serde_json::{Map, Value, json};

/// Every language of riders, in the order of a bilingual page.
pub const LANGUAGES: &[Language] = &[Language::Vietnamese, Language::English];

/// A language's ISO 639-1 code.
const fn code(language: Language) -> &'static str {
    match language {
        Language::Vietnamese => "vi",
        Language::English => "en",
    }
}

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
        let fact = |fact: &Fact| {
            let mut object = Map::from_iter([("code".to_owned(), json!(fact.code()))]);
            let values = fact.fields().into_iter();
            object.extend(values.map(|(name, value)| (name.to_owned(), self.value(value))));
            Value::from(object)
        };
        let priced = &explained.priced;
        let fare = match &priced.fare {
            Fare::Unknown(why) => json!({ "unknown": why.word() }),
            Fare::Known { gross, rider, funded } => {
                let funded = funded
                    .iter()
                    .map(|part| json!({ "party": self.party(part.party), "amount": part.amount.units() }));
                let shares = priced
                    .shares
                    .iter()
                    .map(|share| json!({ "party": self.party(share.party), "amount": share.amount.units() }));
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
            let said = explained.sentences(&self.policy, *language);
            (code(*language).to_owned(), json!(said))
        });
        json!({
            "leg": told.name,
            "route": leg.route.as_str(),
            "start": self.moment(leg.start),
            "shape": leg.shape.word(),
            "fare": fare,
            "product": priced.product.as_ref().map(|product| product.as_str()),
            "rules": priced.rules.iter().map(|rule| rule.as_str()).collect::<Vec<&str>>(),
            "facts": explained.facts.iter().map(fact).collect::<Vec<Value>>(),
            "sentences": sentences.collect::<Map<String, Value>>(),
        })
    }

    /// The explanation to be read, with the sentences of these languages.
    pub fn text(&self, languages: &[Language]) -> Result<String, LabError> {
        let mut lines = Vec::new();
        for (told, number) in self.legs.iter().zip(1..) {
            match &told.answer {
                Ok((leg, explained)) => {
                    let at = self.moment(leg.start);
                    lines.push(format!("{number}. {} at {at}: {}", told.name, self.parts(&explained.priced)));
                    for language in languages {
                        let [first, second] = explained.sentences(&self.policy, *language);
                        lines.push(format!("   {}: {first} {second}", code(*language)));
                    }
                    lines.extend(explained.facts.iter().map(|fact| format!("   - {}", self.fact(fact))));
                }
                Err(why) => lines.push(format!("{number}. {}: unknown (no_route: {why})", told.name)),
            }
        }
        let (total, unknown) = self.total()?;
        let unknown = match unknown {
            0 => String::new(),
            1 => ", 1 leg unknown".to_owned(),
            legs => format!(", {legs} legs unknown"),
        };
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
        let mut text = fact.code().to_owned();
        for (name, value) in fact.fields() {
            let value = self.value(value);
            text += &format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        text
    }

    fn value(&self, value: FactValue<'_>) -> Value {
        match value {
            FactValue::Text(text) => json!(text),
            FactValue::List(texts) => json!(texts),
            FactValue::Amount(amount) => json!(amount.units()),
            FactValue::Count(count) => json!(count),
            FactValue::Flag(flag) => json!(flag),
            FactValue::Time(at) => json!(self.moment(at)),
            FactValue::Party(no) => json!(self.party(no)),
        }
    }

    /// The party's id; its number when the policy has none.
    fn party(&self, no: PartyNo) -> String {
        self.policy.party_by_no(no).map_or_else(|| no.to_string(), |party| party.id.to_string())
    }

    /// A moment on the city's clock, with its offset.
    fn moment(&self, at: EventTime) -> String {
        let utc = chrono::DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
        utc.with_timezone(&self.policy.day_rule().zone).to_rfc3339()
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
