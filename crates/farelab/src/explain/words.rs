//! Two sentences for the rider, made from the facts: what the ride costs and whom, and the one reason that weighs most.

use fares::{Explained, Fact, Fare, Policy, Priced, UnknownFare};
use primitives::{Currency, EventTime, Minor, PartyNo};

/// A language of riders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Vietnamese.
    Vietnamese,
    /// English.
    English,
}

impl Language {
    /// Every language, in the order of a bilingual page.
    pub const ALL: &'static [Language] = &[Language::Vietnamese, Language::English];

    /// Its ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Vietnamese => "vi",
            Language::English => "en",
        }
    }
}

/// The two sentences about a leg.
pub(super) fn sentences(policy: &Policy, explained: &Explained, language: Language) -> [String; 2] {
    let words = Words { policy, language };
    let reason = explained.facts.iter().filter_map(|fact| Some((weight(fact)?, fact)));
    let reason = reason.min_by_key(|(weight, _)| *weight).map(|(_, fact)| words.reason(fact));
    [words.price(&explained.priced), reason.unwrap_or_else(|| words.by_tariff(&explained.priced))]
}

/// How much a fact says about the price to somebody who asks: the smallest is told. Nothing for what changed nothing.
fn weight(fact: &Fact) -> Option<u8> {
    match fact {
        Fact::Unknown { .. } => Some(0),
        Fact::Incomplete { .. } => Some(1),
        Fact::Pass { .. } => Some(2),
        Fact::Cap { reduction, .. } => (!reduction.is_zero()).then_some(3),
        Fact::Campaign { reduction, .. } => (!reduction.is_zero()).then_some(4),
        Fact::Window { full, paid, .. } | Fact::Transfer { full, paid, .. } => (full != paid).then_some(5),
        Fact::Joined { .. } => Some(6),
        Fact::Formula { before, after, .. } => (before != after).then_some(7),
        Fact::Rule { .. } => Some(8),
        Fact::Lost { .. }
        | Fact::Distance { .. }
        | Fact::NotJoined { .. }
        | Fact::NotWindow { .. }
        | Fact::Surcharge { .. }
        | Fact::NotCampaign { .. }
        | Fact::NotPass { .. }
        | Fact::Share { .. } => None,
    }
}

/// A language with the policy that names things.
struct Words<'a> {
    policy: &'a Policy,
    language: Language,
}

impl Words<'_> {
    /// The sentence of the language.
    fn say(&self, vietnamese: String, english: String) -> String {
        match self.language {
            Language::Vietnamese => vietnamese,
            Language::English => english,
        }
    }

    fn money(&self, amount: Minor) -> String {
        money(self.language, self.policy.currency(), amount)
    }

    fn party(&self, no: PartyNo) -> String {
        self.policy.party_by_no(no).map_or_else(|| no.to_string(), |party| party.name.clone())
    }

    fn clock(&self, at: EventTime) -> String {
        let local = at.local(self.policy.day_rule().zone);
        self.say(
            local.format("%H:%M ngày %d/%m/%Y").to_string(),
            local.format("%H:%M on %-d %B %Y").to_string(),
        )
    }

    /// Who pays what.
    fn price(&self, priced: &Priced) -> String {
        let Fare::Known { rider, funded, .. } = &priced.fare else {
            return self.say(
                "Chưa xác định được giá của chuyến đi này.".into(),
                "The price of this ride is not known.".into(),
            );
        };
        let mut sentence = match (rider.is_zero(), rider.negated()) {
            (true, _) => {
                self.say("Chuyến đi này bạn không phải trả tiền".into(), "This ride costs you nothing".into())
            }
            (false, Ok(back)) if back.is_positive() => {
                let back = self.money(back);
                self.say(
                    format!("Ở chuyến đi này bạn được trả lại {back}"),
                    format!("You get {back} back on this ride"),
                )
            }
            (false, _) => {
                let paid = self.money(*rider);
                self.say(format!("Bạn trả {paid} cho chuyến đi này"), format!("You pay {paid} for this ride"))
            }
        };
        if !priced.surcharge.is_zero() {
            let surcharge = self.money(priced.surcharge);
            sentence += &self
                .say(format!(", trong đó phụ thu {surcharge}"), format!(", {surcharge} of it a surcharge"));
        }
        for part in funded {
            let (party, amount) = (self.party(part.party), self.money(part.amount));
            sentence += &self.say(format!("; {party} trả {amount}"), format!("; {party} pays {amount}"));
        }
        sentence + "."
    }

    fn reason(&self, fact: &Fact) -> String {
        match fact {
            Fact::Unknown { reason } => self.unknown(*reason),
            Fact::Incomplete { kind, provisional, .. } => self.incomplete(kind, *provisional),
            Fact::Cap { limit, rides_limit, until, reduction, .. } => {
                self.cap(*limit, *rides_limit, *until, *reduction)
            }
            Fact::Campaign { id, reduction, used, quota, .. } => {
                self.campaign(id.as_str(), *reduction, *used, *quota)
            }
            Fact::Pass { product, rides_left, .. } => {
                let left = rides_left.map_or(String::new(), |left| {
                    self.say(format!(", còn {left} lượt"), format!(", {left} rides are left"))
                });
                self.say(
                    format!("Vé {product} của bạn trả cho chuyến đi này{left}."),
                    format!("Your {product} pays for this ride{left}."),
                )
            }
            Fact::Window { full, paid, elapsed_seconds, .. } => {
                let (full, paid, minutes) = (self.money(*full), self.money(*paid), elapsed_seconds / 60);
                self.say(
                    format!("Giá lẻ là {full}; vì bạn chuyển tuyến sau {minutes} phút nên chỉ tính {paid}."),
                    format!("Alone it costs {full}; as a transfer after {minutes} minutes it costs {paid}."),
                )
            }
            Fact::Transfer { full, paid, .. } => {
                let (full, paid) = (self.money(*full), self.money(*paid));
                self.say(
                    format!("Giá lẻ là {full}; theo quy định chuyển tuyến chỉ tính {paid}."),
                    format!("Alone it costs {full}; as a transfer it costs {paid}."),
                )
            }
            Fact::Joined { legs, .. } => self.say(
                format!("Các chặng liên tiếp được tính chung như một chuyến ({legs} chặng)."),
                format!("Rides that follow each other are priced as one ({legs} of them so far)."),
            ),
            Fact::Formula { before, after, funder, .. } => {
                let (before, after, funder) = (self.money(*before), self.money(*after), self.party(*funder));
                self.say(
                    format!(
                        "Nhóm hành khách của bạn được giảm từ {before} còn {after}, do {funder} chi trả."
                    ),
                    format!("Your rider class pays {after} instead of {before}; {funder} pays the rest."),
                )
            }
            Fact::Rule { product, rider, .. } => {
                let price = self.money(*rider);
                self.say(
                    format!("Theo biểu giá, vé {product} có giá {price}."),
                    format!("By the tariff, the fare {product} costs {price}."),
                )
            }
            // `weight` gives these none, so they are never the reason.
            _ => self.say("Giá theo biểu giá.".into(), "The price is that of the tariff.".into()),
        }
    }

    fn by_tariff(&self, priced: &Priced) -> String {
        match (&priced.fare, &priced.product) {
            (Fare::Unknown(reason), _) => self.unknown(*reason),
            (Fare::Known { .. }, Some(product)) => self.say(
                format!("Giá theo vé {product} của biểu giá."),
                format!("The tariff's fare is {product}."),
            ),
            (Fare::Known { .. }, None) => {
                let policy = self.policy.id();
                self.say(
                    format!("Giá theo biểu giá {policy}."),
                    format!("The price is that of the tariff {policy}."),
                )
            }
        }
    }

    fn cap(&self, limit: Option<Minor>, rides: Option<u32>, until: EventTime, reduction: Minor) -> String {
        let (off, until) = (self.money(reduction), self.clock(until));
        let most = match (limit, rides) {
            (Some(limit), _) => self.money(limit),
            (None, Some(rides)) => self.say(format!("{rides} lượt"), format!("{rides} rides")),
            (None, None) => self.say("đã định".into(), "the period".into()),
        };
        self.say(
            format!("Bạn đã đạt mức trần {most} của kỳ đến {until}, nên được giảm {off}."),
            format!(
                "You have reached the limit of {most} for the time until {until}, so {off} is taken off."
            ),
        )
    }

    fn campaign(&self, id: &str, reduction: Minor, used: u32, quota: Option<u32>) -> String {
        let off = self.money(reduction);
        let of = quota.map_or(String::new(), |quota| {
            self.say(format!(" (lượt {used}/{quota})"), format!(" (ride {used} of {quota})"))
        });
        self.say(
            format!("Chương trình {id}{of} giảm {off} cho chuyến đi này."),
            format!("The campaign {id}{of} takes {off} off this ride."),
        )
    }

    fn incomplete(&self, kind: &str, provisional: bool) -> String {
        let (vietnamese, english) = match kind {
            "missing_exit" => ("Không có lượt quẹt ra", "There is no tap-out"),
            "missing_entry" => ("Không có lượt quẹt vào", "There is no tap-in"),
            "same_station" => ("Bạn ra ở chính ga đã vào", "You left by the station you came in"),
            "over_time" => ("Chuyến đi lâu hơn thời gian cho phép", "The ride took longer than it may"),
            _ => ("Chuyến đi không đầy đủ", "The ride is not complete"),
        };
        let later = if provisional {
            self.say(
                "; giá sẽ được tính lại khi có lượt quẹt còn thiếu".into(),
                "; it may change when the missing tap comes".into(),
            )
        } else {
            String::new()
        };
        self.say(
            format!("{vietnamese}, nên áp dụng giá dành cho trường hợp này{later}."),
            format!("{english}, so the price for such a ride applies{later}."),
        )
    }

    fn unknown(&self, reason: UnknownFare) -> String {
        let (vietnamese, english) = match reason {
            UnknownFare::NoRule => {
                ("Biểu giá không có quy định cho chuyến đi này", "The tariff has no rule for this ride")
            }
            UnknownFare::NoProduct => (
                "Biểu giá không bán vé này cho nhóm hành khách hoặc hình thức trả tiền của bạn",
                "The tariff does not sell this fare to your rider class on this medium",
            ),
            UnknownFare::NoIncompleteRule => (
                "Biểu giá không quy định giá cho chuyến đi thiếu một lượt quẹt",
                "The tariff does not say what a ride with a missing tap costs",
            ),
            UnknownFare::NoSameStationRule => (
                "Biểu giá không quy định giá khi ra ở chính ga đã vào",
                "The tariff does not say what leaving by the station you came in costs",
            ),
            UnknownFare::NoRoute => ("Biểu giá không có tuyến này", "The tariff does not know this route"),
            UnknownFare::NoStop => ("Biểu giá không có trạm này", "The tariff does not know this stop"),
            UnknownFare::NoRider => {
                ("Biểu giá không có nhóm hành khách này", "The tariff does not know this rider class")
            }
            UnknownFare::NoMedium => {
                ("Biểu giá không có hình thức trả tiền này", "The tariff does not know this fare medium")
            }
            UnknownFare::Overflow => {
                ("Số tiền trong biểu giá quá lớn", "The amounts of the tariff are too large")
            }
        };
        self.say(format!("{vietnamese}."), format!("{english}."))
    }
}

/// An amount as people write it: `7.000 đ` or `7,000 VND`, `2,80 AUD` or `2.80 AUD`.
fn money(language: Language, currency: Currency, amount: Minor) -> String {
    let (group, point) = match language {
        Language::Vietnamese => ('.', ','),
        Language::English => (',', '.'),
    };
    let plain = currency.format_amount(amount);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(group);
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push(point);
        grouped.push_str(fraction);
    }
    match (language, currency.letters()) {
        (Language::Vietnamese, "VND") => format!("{grouped} đ"),
        (_, letters) => format!("{grouped} {letters}"),
    }
}
