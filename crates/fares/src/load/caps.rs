//! `fare_caps.txt`, and the columns of a period that it shares with `fare_rebates.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::caps::{Cap, Caps, Counts, Limit, LimitRow};
use crate::format::FARE_CAPS;
use crate::periods::{Length, Period};
use crate::selector::Pick;
use primitives::{Currency, Minor, Text};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Columns that rows of one cap may differ in.
const OF_A_ROW: &[&str] = &["cap_name", "within_area_set_id", "limit_amount", "limit_rides"];

/// The words of the column `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Day,
    Week,
    Month,
    Rolling,
}

/// One row, before rows of one cap are put together.
struct Draft {
    cap: Cap,
    limit: LimitRow,
    parent: Option<String>,
    line: u64,
}

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Caps {
    let sheet = Sheet::read(common.files, FARE_CAPS, faults);
    let before = faults.count();
    refuse_differences(&sheet, faults);
    let depths = depths(&sheet, faults);
    let drafts: Vec<Draft> = sheet.rows().filter_map(|row| read_row(&sheet, row, common, faults)).collect();
    let within = |draft: &Draft| draft.limit.within.as_ref().map(|(id, _)| id.clone());
    let keys = drafts.iter().map(|draft| ((draft.cap.id.clone(), within(draft)), draft.line)).collect();
    refuse_doubles(keys, sheet.file(), "cap_id", faults);
    refuse_shorter_parents(&sheet, &drafts, faults);
    if faults.count() > before {
        return Caps::default();
    }
    let mut caps: BTreeMap<Text, Cap> = BTreeMap::new();
    for draft in drafts {
        caps.entry(draft.cap.id.clone()).or_insert(draft.cap).limits.push(draft.limit);
    }
    let mut caps: Vec<Cap> = caps.into_values().collect();
    let areas = common.ids.areas.len();
    for cap in &mut caps {
        cap.limits.sort_by_cached_key(|row| size(row, areas));
    }
    // A cap comes before the one it is nested in, and so is further from the outermost one.
    let depth = |cap: &Cap| depths.get(cap.id.as_str()).copied().unwrap_or(0);
    caps.sort_by_key(|cap| (cap.period.days(), std::cmp::Reverse(depth(cap)), cap.id.clone()));
    Caps(caps)
}

/// The order of limits: fewer areas first, then the lower limit; any areas last.
fn size(row: &LimitRow, areas: usize) -> impl Ord + use<> {
    let count = row.within.as_ref().map(|(_, pick)| pick.count(areas));
    let (amount, rides) = match row.limit {
        Limit::Amount(amount) => (amount, 0),
        Limit::Rides(rides) => (Minor::ZERO, rides),
    };
    (count.is_none(), count, amount, rides, row.within.as_ref().map(|(id, _)| id.clone()))
}

/// Rows of one cap say the same except for areas and limits.
fn refuse_differences(sheet: &Sheet, faults: &mut Faults) {
    let id = sheet.column("cap_id");
    let columns: Vec<Column> = FARE_CAPS.columns.iter().map(|column| sheet.column(column.name)).collect();
    let mut first: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for row in sheet.rows() {
        let held = *first.entry(row.get(id)).or_insert(row);
        for column in columns.iter().filter(|column| !OF_A_ROW.contains(&column.name)) {
            if row.get(*column) != held.get(*column) {
                row.error(*column, format!("differs from the same cap's line {}", held.line), faults);
            }
        }
    }
}

fn read_row(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<Draft> {
    let before = faults.count();
    let ids = common.ids;
    let id = row.id(sheet.column("cap_id"), faults);
    row.name(sheet.column("cap_name"), faults);
    let selector = common.sets.selector(sheet, row, &[], ids, faults);
    let service = row.optional_pick(sheet.column("service_id"), ids.services, "service", faults);
    let period = read_period(sheet, row, faults);
    let counts = [("0", Counts::Fares), ("1", Counts::FaresAndSurcharges), ("2", Counts::Surcharges)];
    let counts = row.word(sheet.column("counts_surcharges"), &counts, faults);
    let by_gross = [("charged", false), ("gross", true)];
    let by_gross = row.word(sheet.column("accumulate"), &by_gross, faults).unwrap_or(false);
    let per_medium = read_per(sheet, row, faults);
    let zero_legs = row.flag(sheet.column("zero_legs_count"), faults);
    let beyond = row.number(sheet.column("beyond_percent"), 1, 10_000, faults).unwrap_or(10_000);
    let funder = ids.parties.funder(row, sheet.column("funded_by"), faults);
    let parent = Some(row.get(sheet.column("parent_cap_id")).to_owned()).filter(|id| !id.is_empty());
    let limit = read_limit(sheet, row, common.currency, faults);
    let within = read_within(sheet.column("within_area_set_id"), row, common, faults);
    let text = Text::new(&format!("fare_caps:{}", row.line));
    if faults.count() > before {
        return None;
    }
    let limit = LimitRow { within, limit: limit?, row: text? };
    let cap = Cap {
        id: id?,
        selector,
        service,
        period: period?,
        counts: counts?,
        by_gross,
        per_medium,
        zero_legs,
        beyond: Decimal::new(beyond, 4).normalize(),
        funder,
        limits: Vec::new(),
    };
    Some(Draft { cap, limit, parent, line: row.line })
}

fn read_within(
    column: Column,
    row: Row<'_>,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<(Text, Pick)> {
    let areas = common.sets.areas(row, column, common.ids, faults)?;
    Some((Text::new(row.get(column))?, areas))
}

fn read_limit(sheet: &Sheet, row: Row<'_>, currency: Option<Currency>, faults: &mut Faults) -> Option<Limit> {
    let by_rides = [("amount", false), ("rides", true)];
    let by_rides = row.word(sheet.column("limit_type"), &by_rides, faults)?;
    let (amounts, rides) = (sheet.column("limit_amount"), sheet.column("limit_rides"));
    let limit = if by_rides {
        row.number(rides, 1, i64::from(u32::MAX), faults)
            .and_then(|rides| u32::try_from(rides).ok())
            .map(Limit::Rides)
    } else {
        row.amount(amounts, currency, faults).map(Limit::Amount)
    };
    if by_rides == row.get(rides).is_empty() {
        row.error(rides, "given with the limit_type `rides`, and only then", faults);
    }
    if by_rides != row.get(amounts).is_empty() {
        row.error(amounts, "given with the limit_type `amount`, and only then", faults);
    }
    if matches!(limit, Some(Limit::Amount(amount)) if amount.is_negative()) {
        row.error(amounts, "below zero", faults);
    }
    limit
}

/// Whether something is counted for a medium or for the whole account.
pub(super) fn read_per(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> bool {
    row.word(sheet.column("per"), &[("medium", true), ("account", false)], faults).unwrap_or(true)
}

/// The kind of period of a row, by its columns; days that roll are read where the file has them.
pub(super) fn read_period(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<Period> {
    let column = sheet.column("period");
    if row.refuse_empty(column, "", faults) {
        return None;
    }
    let mut words = vec![("day", Word::Day), ("week", Word::Week), ("month", Word::Month)];
    if sheet.has("period_count") {
        words.push(("rolling", Word::Rolling));
    }
    let word = row.word(column, &words, faults)?;
    let (starts, week_start) = (sheet.column("day_start_time"), sheet.column("week_start"));
    let day_start = row.time(starts, faults);
    if day_start.is_some_and(|start| start >= 24 * 3600) {
        row.error(starts, "a day begins before 24:00:00", faults);
    }
    let first = row.number(week_start, 1, 7, faults).unwrap_or(1);
    if word != Word::Week && !row.get(week_start).is_empty() {
        row.error(week_start, "given for the period `week` only", faults);
    }
    let first = u32::try_from(first - 1).unwrap_or(0);
    let rolling = if sheet.has("period_count") { read_rolling(sheet, row, word, faults) } else { None };
    let end_included = sheet.has("period_end_bound")
        && row.word(sheet.column("period_end_bound"), &[("1", false), ("0", true)], faults)?;
    let length = match word {
        Word::Day => Length::Day,
        Word::Week => Length::Week { first },
        Word::Month => Length::Month,
        Word::Rolling => rolling?,
    };
    Some(Period { length, day_start, end_included })
}

fn read_rolling(sheet: &Sheet, row: Row<'_>, word: Word, faults: &mut Faults) -> Option<Length> {
    let (count, anchor) = (sheet.column("period_count"), sheet.column("period_anchor"));
    let days = row.number(count, 1, 366, faults).and_then(|days| u32::try_from(days).ok());
    if (word == Word::Rolling) == row.get(count).is_empty() {
        row.error(count, "given for the period `rolling`, and only then", faults);
    }
    let from_leg = row.word(anchor, &[("calendar", false), ("first_leg", true)], faults)?;
    if word != Word::Rolling && from_leg {
        row.error(anchor, "only days that roll begin with a leg", faults);
    }
    days.map(|days| if from_leg { Length::FromLeg(days) } else { Length::Days(days) })
}

/// How many caps each one is nested in, by the texts of the file. Refuses parents that are not there, and circles.
fn depths(sheet: &Sheet, faults: &mut Faults) -> BTreeMap<String, usize> {
    let (id, parent) = (sheet.column("cap_id"), sheet.column("parent_cap_id"));
    let parents: BTreeMap<&str, &str> = sheet.rows().map(|row| (row.get(id), row.get(parent))).collect();
    let mut depths = BTreeMap::new();
    for row in sheet.rows() {
        let above = row.get(parent);
        if !above.is_empty() && !parents.contains_key(above) {
            row.error(parent, format!("there is no cap `{above}`"), faults);
        }
        let (mut next, mut depth) = (above, 0);
        while !next.is_empty() && depth <= parents.len() {
            depth += 1;
            next = parents.get(next).copied().unwrap_or("");
        }
        if depth > parents.len() {
            row.error(parent, "the cap is nested in itself, or in one that is", faults);
        }
        depths.insert(row.get(id).to_owned(), depth);
    }
    depths
}

/// A cap is applied before the one it is nested in, and shorter periods are applied first.
fn refuse_shorter_parents(sheet: &Sheet, drafts: &[Draft], faults: &mut Faults) {
    for draft in drafts {
        let parent = drafts.iter().find(|other| Some(other.cap.id.as_str()) == draft.parent.as_deref());
        if parent.is_some_and(|parent| parent.cap.period.days() < draft.cap.period.days()) {
            let message = "the period of the parent is shorter";
            faults.error(sheet.file(), draft.line, "parent_cap_id", message);
        }
    }
}
