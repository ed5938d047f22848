//! The sentences in Vietnamese.

use super::figures::Figures;
use super::{Cost, sentence};
use crate::explain::{Because, Fact};
use crate::labels::Named;
use crate::model::{Leg, UnknownFare};

/// What the ride costs.
pub(super) fn cost(figures: &Figures<'_>, cost: &Cost<'_>) -> String {
    let more = if cost.more { " thêm" } else { "" };
    let paid = match cost.rider {
        None => "chưa có giá vé cho ".to_owned(),
        Some(rider) if rider.is_negative() => format!("bạn được hoàn {} với ", figures.amount(rider)),
        Some(rider) if rider.is_zero() => format!("bạn không phải trả{more} tiền cho "),
        Some(rider) => format!("bạn trả{more} {} cho ", figures.amount(rider)),
    };
    let ride = match cost.leg {
        Some(leg) => format!("chuyến đi tuyến {} lúc {}", cost.route, figures.clock(leg.start)),
        None => "chuyến đi này".to_owned(),
    };
    let distance = cost.distance.as_ref().map(|distance| format!(", {distance}")).unwrap_or_default();
    let fare = cost.fare.map(|fare| format!(", giá vé “{fare}”")).unwrap_or_default();
    sentence(&format!("{paid}{ride}{distance}{fare}"))
}

/// When nothing changed the price.
pub(super) fn full_fare() -> String {
    "đây là giá vé đầy đủ, không có khoản giảm hay phụ thu nào".to_owned()
}

/// Who pays what the rider does not.
pub(super) fn funders(paid: &[(&str, String)]) -> String {
    let paid: Vec<String> = paid.iter().map(|(party, amount)| format!("{party} trả {amount}")).collect();
    paid.join(" và ")
}

/// What one fact says about the price.
pub(super) fn clause(figures: &Figures<'_>, leg: Option<&Leg>, fact: &Fact) -> Option<String> {
    let rider = leg.map_or("", |leg| figures.rider(leg.rider.as_str()));
    Some(match fact {
        Fact::Unknown { reason } => unknown(figures, leg, *reason),
        Fact::Fallback { rider } => {
            format!("bạn trả theo mức của đối tượng “{}”", figures.rider(rider.as_str()))
        }
        Fact::Formula { before, after, .. } => {
            let (before, after) = (figures.amount(*before), figures.amount(*after));
            format!("đối tượng “{rider}” trả {after} thay vì {before}")
        }
        Fact::Joined { legs, .. } => format!("{legs} chặng được tính là một hành trình"),
        Fact::NotJoined { because, .. } => format!("một hành trình mới bắt đầu vì {}", reason(*because)?),
        Fact::Window { .. } => window(figures, fact)?,
        Fact::NotWindow { id, because } => {
            let name = figures.name(Named::Window, id.as_str());
            format!("“{name}” không được áp dụng vì {}", reason(*because)?)
        }
        Fact::Transfer { full, paid, .. } => {
            format!("nhờ chuyển tuyến, bạn trả {} thay vì {}", figures.amount(*paid), figures.amount(*full))
        }
        Fact::NotTransfer { because, .. } => {
            format!("giá chuyển tuyến không được áp dụng vì {}", reason(*because)?)
        }
        Fact::Reread { change } => {
            let amount = figures.amount(*change);
            format!("các chặng trước nay được ghép theo cách khác, cộng thêm {amount} cho các chặng đó")
        }
        Fact::Surcharge { id, amount } => {
            let name = figures.name(Named::Surcharge, id.as_str());
            format!("giá trên đã gồm {} phụ thu “{name}”", figures.amount(*amount))
        }
        Fact::Campaign { id, reduction, used, quota, .. } => {
            let name = figures.name(Named::Campaign, id.as_str());
            let quota = quota.map(|quota| format!(" (lượt {used} trên {quota})")).unwrap_or_default();
            format!("“{name}” giảm {}{quota}", figures.amount(*reduction))
        }
        Fact::NotCampaign { id, because } => {
            let name = figures.name(Named::Campaign, id.as_str());
            match because {
                Because::Medium => format!("“{name}” đã giảm giá nếu bạn trả bằng hình thức khác"),
                Because::UsedUp => format!("bạn đã dùng hết số lượt của “{name}”"),
                _ => return None,
            }
        }
        Fact::Cap { .. } => cap(figures, fact)?,
        Fact::Pass { product, rides_left, until } => {
            let name = figures.name(Named::Product, product.as_str());
            let left = rides_left.map(|rides| format!(", còn {rides} lượt")).unwrap_or_default();
            let until = until.map(|until| format!(", có giá trị đến {}", figures.moment(until)));
            format!("“{name}” của bạn trả cho chuyến này{left}{}", until.unwrap_or_default())
        }
        Fact::NotPass { product, because } => {
            let name = figures.name(Named::Product, product.as_str());
            format!("“{name}” của bạn không được áp dụng vì {}", reason(*because)?)
        }
        Fact::Incomplete { kind, provisional, .. } => {
            let standing = if *provisional {
                ", nên giá này là tạm tính cho đến khi biết lượt quẹt còn thiếu"
            } else {
                ""
            };
            format!("{}{standing}", incomplete(kind)?)
        }
        Fact::Ride { .. }
        | Fact::Rule { .. }
        | Fact::Lost { .. }
        | Fact::Distance { .. }
        | Fact::Price { .. }
        | Fact::Share { .. } => return None,
    })
}

fn window(figures: &Figures<'_>, fact: &Fact) -> Option<String> {
    let Fact::Window { id, opened, since, limit_seconds, full, paid, .. } = fact else { return None };
    let name = figures.name(Named::Window, id.as_str());
    let limit = limit_seconds.map(|seconds| figures.duration(seconds));
    if *opened {
        return limit.map(|limit| format!("“{name}” có hiệu lực trong {limit} tới"));
    }
    let limit = limit.map(|limit| format!(" trong {limit}")).unwrap_or_default();
    let effect = if paid < full { "giảm" } else { "cộng thêm" };
    let (since, amount) = (figures.clock(*since), figures.difference(*full, *paid));
    Some(format!("“{name}”, tính từ {since}{limit}, {effect} {amount}"))
}

fn cap(figures: &Figures<'_>, fact: &Fact) -> Option<String> {
    let Fact::Cap { id, until, limit, rides_limit, after, reduction, .. } = fact else { return None };
    let (name, until) = (figures.name(Named::Cap, id.as_str()), figures.moment(*until));
    let amount = figures.amount(*reduction);
    Some(match (limit, rides_limit) {
        _ if reduction.is_negative() => format!("“{name}” tăng theo nơi bạn đã đi, cộng thêm {amount}"),
        (Some(limit), _) if reduction.is_zero() => {
            let (after, limit) = (figures.amount(*after), figures.amount(*limit));
            format!("đến {until}, bạn đã trả {after} trên mức {limit} của “{name}”")
        }
        (Some(limit), _) => {
            let limit = figures.amount(*limit);
            format!("bạn đã đạt mức trần {limit} của “{name}” đến {until}, nên được giảm {amount}")
        }
        (None, Some(rides)) => {
            format!("bạn đã trả đủ {rides} lượt của “{name}” đến {until}, nên được giảm {amount}")
        }
        (None, None) => return None,
    })
}

fn incomplete(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "missing_exit" => "không có lượt quẹt khi ra",
        "missing_entry" => "không có lượt quẹt khi vào",
        "same_station" => "bạn ra ở đúng nơi đã vào",
        "over_time" => "chuyến đi dài quá thời gian cho phép",
        _ => return None,
    })
}

fn reason(because: Because) -> Option<&'static str> {
    Some(match because {
        Because::TimeUp => "đã hết thời gian",
        Because::UsedUp => "đã dùng hết số lượt",
        Because::SameRoute => "trùng với tuyến trước đó",
        Because::NoTapOff => "chặng trước không có lượt quẹt khi xuống",
        Because::NewDay => "đã sang ngày mới",
        Because::Interrupted => "có một chặng khác chen giữa",
        Because::Medium => "không dành cho hình thức trả tiền này",
        Because::Rider => "không dành cho đối tượng này",
        Because::NoGain => "không làm giá thấp hơn",
        Because::Product => "không dành cho loại vé này",
        Because::Dearer | Because::RanksLater | Because::LowerPriority => return None,
    })
}

fn unknown(figures: &Figures<'_>, leg: Option<&Leg>, reason: UnknownFare) -> String {
    let leg_word = |word: fn(&Leg) -> &str| leg.map_or("", word);
    let rider = figures.rider(leg_word(|leg| leg.rider.as_str()));
    let medium = figures.medium(leg_word(|leg| leg.medium.as_str()));
    match reason {
        UnknownFare::NoRule => "không có quy định nào cho giá của chuyến này".to_owned(),
        UnknownFare::NoProduct => format!("không có giá cho đối tượng “{rider}” trả bằng “{medium}”"),
        UnknownFare::NoIncompleteRule => "không có quy định về giá của chuyến thiếu lượt quẹt".to_owned(),
        UnknownFare::NoSameStationRule => {
            "không có quy định về giá của chuyến ra ở đúng nơi đã vào".to_owned()
        }
        UnknownFare::NoRoute => "chính sách giá vé không có tuyến này".to_owned(),
        UnknownFare::NoStop => "chính sách giá vé không có trạm này".to_owned(),
        UnknownFare::NoDistance => "chưa biết quãng đường của chuyến đi".to_owned(),
        UnknownFare::NoRider => format!("chính sách giá vé không có đối tượng “{rider}”"),
        UnknownFare::NoMedium => format!("chính sách giá vé không có hình thức trả tiền “{medium}”"),
        UnknownFare::Overflow => "số tiền trong chính sách giá vé quá lớn".to_owned(),
    }
}
