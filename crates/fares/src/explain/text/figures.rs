//! Amounts, times and names as a rider reads them.

use super::Language;
use crate::explain::Fact;
use crate::labels::Named;
use crate::policy::Policy;
use primitives::{Currency, EventTime, Minor, PartyNo};

/// What texts are written with.
pub(super) struct Figures<'a> {
    pub(super) policy: &'a Policy,
    pub(super) language: Language,
}

/// Digits in groups of three.
fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

impl Figures<'_> {
    fn separators(&self) -> (char, char) {
        match self.language {
            Language::English => (',', '.'),
            Language::Vietnamese => ('.', ','),
        }
    }

    /// An amount without its sign: `6.000 đ`, `GBP 2.90`.
    pub(super) fn amount(&self, amount: Minor) -> String {
        let currency = self.policy.currency();
        let plain = currency.format_amount(amount);
        let (whole, fraction) =
            plain.trim_start_matches('-').split_once('.').unwrap_or((plain.trim_start_matches('-'), ""));
        if currency == Currency::VND {
            return format!("{} đ", grouped(whole, '.'));
        }
        let (thousands, point) = self.separators();
        let whole = grouped(whole, thousands);
        if fraction.is_empty() {
            format!("{currency} {whole}")
        } else {
            format!("{currency} {whole}{point}{fraction}")
        }
    }

    /// The difference of two amounts, without its sign.
    pub(super) fn difference(&self, one: Minor, other: Minor) -> String {
        self.amount(one.minus(other).unwrap_or(Minor::ZERO))
    }

    /// The wall clock: `08:15`.
    pub(super) fn clock(&self, at: EventTime) -> String {
        at.local(self.policy.day_rule().zone).format("%H:%M").to_string()
    }

    /// Wall clock and date.
    pub(super) fn moment(&self, at: EventTime) -> String {
        let local = at.local(self.policy.day_rule().zone);
        match self.language {
            Language::English => local.format("%H:%M on %-d %b %Y").to_string(),
            Language::Vietnamese => local.format("%H:%M ngày %d/%m/%Y").to_string(),
        }
    }

    /// A length of time in the largest unit that leaves a whole number, minutes at least.
    pub(super) fn duration(&self, seconds: i64) -> String {
        let (count, english, vietnamese) = match seconds {
            days if days >= 172_800 && days % 86_400 == 0 => (days / 86_400, "days", "ngày"),
            hours if hours >= 7_200 && hours % 3_600 == 0 => (hours / 3_600, "h", "giờ"),
            minutes => (minutes / 60, "min", "phút"),
        };
        match self.language {
            Language::English => format!("{count} {english}"),
            Language::Vietnamese => format!("{count} {vietnamese}"),
        }
    }

    /// How far a ride went, when the fact says that.
    pub(super) fn distance(&self, fact: &Fact) -> Option<String> {
        let Fact::Distance { units, unit_metres, method } = fact else { return None };
        let words = |english, vietnamese| match self.language {
            Language::English => format!("{units} {english}"),
            Language::Vietnamese => format!("{units} {vietnamese}"),
        };
        match *method {
            "stops" => Some(words(if *units == 1 { "stop" } else { "stops" }, "trạm")),
            "zones" => Some(words(if *units == 1 { "zone" } else { "zones" }, "vùng")),
            _ => {
                let metres = u64::from(*units) * u64::from(*unit_metres);
                let (_, point) = self.separators();
                let thousandths = format!("{:03}", metres % 1_000);
                let fraction = thousandths.trim_end_matches('0');
                let point = if fraction.is_empty() { String::new() } else { format!("{point}{fraction}") };
                Some(format!("{}{point} km", metres / 1_000))
            }
        }
    }

    /// What a party is called.
    pub(super) fn party(&self, no: PartyNo) -> &str {
        let party = self.policy.party_by_no(no);
        party.map_or("", |party| if party.name.is_empty() { party.id.as_str() } else { &party.name })
    }

    /// What a row is called: its name, or its id.
    pub(super) fn name<'b>(&'b self, kind: Named, id: &'b str) -> &'b str {
        self.policy.name_of(kind, id).unwrap_or(id)
    }

    /// What a rider category is called.
    pub(super) fn rider<'b>(&'b self, id: &'b str) -> &'b str {
        self.policy.rider_name(id).filter(|name| !name.is_empty()).unwrap_or(id)
    }

    /// What a fare medium is called.
    pub(super) fn medium<'b>(&'b self, id: &'b str) -> &'b str {
        self.policy.medium_name(id).filter(|name| !name.is_empty()).unwrap_or(id)
    }
}
