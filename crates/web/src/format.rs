//! Numbers, money, dates and times as a person of the chosen language writes them.
//!
//! The forms are those of ICU for `vi-VN` and `en`: full numbers, never abbreviated, and a no-break space before a
//! trailing symbol so that a figure is never torn apart.

use crate::i18n::Lang;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use primitives::{Currency, Minor};

const NO_BREAK: char = '\u{a0}';

/// Groups the digits of a plain decimal text: `-1234567.5` is `-1.234.567,5` in Vietnamese.
fn grouped(lang: Lang, plain: &str) -> String {
    let (group, point) = match lang {
        Lang::Vi => ('.', ','),
        Lang::En => (',', '.'),
    };
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

/// A whole number.
pub fn count(lang: Lang, number: i64) -> String {
    grouped(lang, &number.to_string())
}

/// An amount without its symbol, for table cells whose heading names the currency.
pub fn amount(lang: Lang, currency: Currency, amount: Minor) -> String {
    grouped(lang, &currency.format_amount(amount))
}

/// An amount with its symbol.
pub fn money(lang: Lang, currency: Currency, value: Minor) -> String {
    let figure = amount(lang, currency, value);
    match (lang, figure.strip_prefix('-')) {
        (Lang::Vi, _) => format!("{figure}{NO_BREAK}{}", symbol(currency)),
        (Lang::En, Some(positive)) => format!("-{}{positive}", symbol(currency)),
        (Lang::En, None) => format!("{}{figure}", symbol(currency)),
    }
}

/// The currency's sign, or its three letters with a space when it has none here.
pub fn symbol(currency: Currency) -> String {
    match currency.letters() {
        "VND" => "₫".to_owned(),
        "GBP" => "£".to_owned(),
        "EUR" => "€".to_owned(),
        "AUD" => "A$".to_owned(),
        letters => format!("{letters}{NO_BREAK}"),
    }
}

/// A share of `part` in `whole` in percent with one decimal; a dash when there is no whole.
pub fn percent(lang: Lang, part: i64, whole: i64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let tenths = (part * 2000 + whole.signum() * whole.abs()) / (whole * 2);
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.abs();
    grouped(lang, &format!("{sign}{}.{}", tenths / 10, tenths % 10)) + "%"
}

/// A date: `21/11/2026` in Vietnamese, `21 Nov 2026` in English.
pub fn date(lang: Lang, date: NaiveDate) -> String {
    match lang {
        Lang::Vi => format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year()),
        Lang::En => format!("{} {} {:04}", date.day(), MONTHS_EN[date.month0() as usize], date.year()),
    }
}

/// A date with its day of the week.
pub fn long_date(lang: Lang, day: NaiveDate) -> String {
    format!("{}, {}", weekday(lang, day.weekday()), date(lang, day))
}

const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn weekday(lang: Lang, day: Weekday) -> &'static str {
    let index = day.num_days_from_monday() as usize;
    match lang {
        Lang::Vi => ["Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"][index],
        Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][index],
    }
}

/// The wall clock of a moment in the city, to the second.
pub fn clock(moment: DateTime<Utc>, zone: Tz) -> String {
    let time: NaiveTime = moment.with_timezone(&zone).time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// Date and wall clock of a moment in the city, to the minute.
pub fn moment(lang: Lang, moment: DateTime<Utc>, zone: Tz) -> String {
    let local = moment.with_timezone(&zone);
    format!("{} {:02}:{:02}", date(lang, local.date_naive()), local.hour(), local.minute())
}

/// Date and wall clock of a moment in the city, to the second.
pub fn exact_moment(lang: Lang, when: DateTime<Utc>, zone: Tz) -> String {
    format!("{} {}", date(lang, when.with_timezone(&zone).date_naive()), clock(when, zone))
}

/// A moment for machines and exports: RFC 3339 with the city's offset.
pub fn rfc3339(moment: DateTime<Utc>, zone: Tz) -> String {
    moment.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
