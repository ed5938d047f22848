//! `fare_windows.txt` and `fare_window_rules.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::{FARE_WINDOW_RULES, FARE_WINDOWS};
use crate::selector::Field;
use crate::windows::{
    Action, Discount, DiscountOn, Event, Extend, Limit, Limits, Pricing, Rule, SameRoute, Window, Windows,
};
use primitives::{Minor, Text};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The words of the column `pricing`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Free,
    BestFare,
    BestPaid,
    DifferenceToLast,
    Discount,
    Table,
}

const PRICINGS: &[(&str, Word)] = &[
    ("free", Word::Free),
    ("best_fare", Word::BestFare),
    ("best_paid", Word::BestPaid),
    ("difference_to_last", Word::DifferenceToLast),
    ("discount", Word::Discount),
    ("table", Word::Table),
];

const EVENTS: &[(&str, Event)] = &[("departure", Event::Departure), ("arrival", Event::Arrival)];
const OPENS: &[(&str, bool)] = &[("paid_leg", false), ("any_leg", true)];
const EXTENDS: &[(&str, Extend)] =
    &[("never", Extend::Never), ("each_leg", Extend::EachLeg), ("on_upgrade", Extend::OnUpgrade)];
const SAME_ROUTES: &[(&str, SameRoute)] =
    &[("0", SameRoute::Any), ("1", SameRoute::Only), ("2", SameRoute::Never)];
const DISCOUNTS_ON: &[(&str, DiscountOn)] = &[
    ("each_leg", DiscountOn::EachLeg),
    ("network_change", DiscountOn::NetworkChange),
    ("agency_change", DiscountOn::AgencyChange),
    ("once", DiscountOn::Once),
];

/// The words of the column `action`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Free,
    Full,
    DifferenceToBest,
    DifferenceToLast,
    Discount,
    Amount,
    End,
    Skip,
}

const ACTIONS: &[(&str, Deed)] = &[
    ("free", Deed::Free),
    ("full", Deed::Full),
    ("difference_to_best", Deed::DifferenceToBest),
    ("difference_to_last", Deed::DifferenceToLast),
    ("discount", Deed::Discount),
    ("amount", Deed::Amount),
    ("end", Deed::End),
    ("skip", Deed::Skip),
];

/// A week, the longest limit.
const SECONDS_MAX: i64 = 7 * 24 * 3600;

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Windows {
    let sheet = Sheet::read(common.files, FARE_WINDOWS, faults);
    let id = sheet.column("window_id");
    let mut rules = read_rules(common, &sheet, faults);
    let mut windows = Vec::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let own = rules.remove(row.get(id)).unwrap_or_default();
        let before = faults.count();
        let window = read_row(&sheet, row, common, own, faults);
        if let Some(id) = Text::new(row.get(id)) {
            keys.push((id, row.line));
        }
        windows.extend(window.filter(|_| faults.count() == before));
    }
    refuse_doubles(keys, sheet.file(), id.name, faults);
    Windows::build(windows)
}

fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    rules: Vec<Rule>,
    faults: &mut Faults,
) -> Option<Window> {
    let id = row.id(sheet.column("window_id"), faults);
    row.name(sheet.column("window_name"), faults);
    let priority = row.number(sheet.column("priority"), 0, i64::from(u32::MAX), faults);
    let selector = common.sets.selector(sheet, row, &[], common.ids, faults);
    let limits = read_limits(sheet, row, faults);
    let (pricing, discount_on) = read_pricing(sheet, row, common, faults)?;
    if pricing == Pricing::Table && rules.is_empty() {
        let message = "the window has no row in fare_window_rules.txt, and without one it does nothing";
        row.error(sheet.column("pricing"), message, faults);
    }
    let scaled = sheet.column("discount_scaled_by_rider");
    let scaled_by_rider = row.flag(scaled, faults);
    let of_rule = |rule: &Rule| matches!(rule.action, Action::Discount(Discount::Amount(_)));
    let amounts = matches!(pricing, Pricing::Discount(Discount::Amount(_))) || rules.iter().any(of_rule);
    if scaled_by_rider && !amounts {
        row.error(
            scaled,
            "only an amount can be scaled: a percentage is one of the rider's own price",
            faults,
        );
    }
    let (floor_column, fall_column) = (sheet.column("floor_amount"), sheet.column("may_fall"));
    let floor = positive(row, floor_column, common, faults).unwrap_or(Minor::ZERO);
    let may_fall = row.flag(fall_column, faults);
    if may_fall && !row.get(floor_column).is_empty() {
        row.error(floor_column, "a window whose legs may give something back has no floor", faults);
    }
    let priority = priority.unwrap_or(0);
    Some(Window {
        id: id?,
        row: Text::new(&format!("fare_windows:{}", row.line))?,
        priority: u32::try_from(priority).unwrap_or(u32::MAX),
        selector,
        break_on_other: row.flag(sheet.column("break_on_other"), faults),
        opens_on_any: row.word(sheet.column("opens_on"), OPENS, faults)?,
        limits: limits?,
        extend: row.word(sheet.column("extend"), EXTENDS, faults)?,
        pricing,
        discount_on,
        scaled_by_rider,
        floor,
        may_fall,
        funder: common.ids.parties.funder(row, sheet.column("funded_by"), faults),
        rules,
    })
}

fn read_limits(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<Limits> {
    let before = faults.count();
    let duration = read_limit(row, sheet.column("duration"), sheet.column("end_bound"), faults);
    let max_gap = read_limit(row, sheet.column("max_gap"), sheet.column("gap_bound"), faults);
    let max_transfers = row.number(sheet.column("max_transfers"), 1, i64::from(u32::MAX), faults);
    let day_start = row.time(sheet.column("day_start_time"), faults);
    let starts_at = row.word(sheet.column("starts_at"), EVENTS, faults)?;
    let measured_at = row.word(sheet.column("measured_at"), EVENTS, faults)?;
    let same_route = row.word(sheet.column("same_route"), SAME_ROUTES, faults)?;
    let needs_tap_off = row.flag(sheet.column("needs_tap_off"), faults);
    let ends = duration.is_some() || max_gap.is_some() || day_start.is_some();
    if faults.count() == before && !ends {
        let message = "no time ends the window: give a duration, a max_gap or a day_start_time";
        row.error(sheet.column("duration"), message, faults);
    }
    Some(Limits {
        starts_at,
        measured_at,
        duration,
        max_gap,
        max_transfers: max_transfers.and_then(|max| u32::try_from(max).ok()),
        same_route,
        needs_tap_off,
        day_start,
    })
}

fn read_limit(row: Row<'_>, seconds: Column, bound: Column, faults: &mut Faults) -> Option<Limit> {
    let limit = row.number(seconds, 1, SECONDS_MAX, faults);
    let excluded = row.flag(bound, faults);
    if row.get(seconds).is_empty() && !row.get(bound).is_empty() {
        row.error(bound, format!("given without {}", seconds.name), faults);
    }
    limit.map(|seconds| Limit { seconds, excluded })
}

fn read_pricing(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<(Pricing, DiscountOn)> {
    let column = sheet.column("pricing");
    if row.refuse_empty(column, "", faults) {
        return None;
    }
    let word = row.word(column, PRICINGS, faults)?;
    let (amount, percent) = (sheet.column("discount_amount"), sheet.column("discount_percent"));
    let on_column = sheet.column("discount_on");
    let on = row.word(on_column, DISCOUNTS_ON, faults)?;
    if word != Word::Discount {
        for column in [amount, percent, on_column].into_iter().filter(|column| !row.get(*column).is_empty()) {
            row.error(column, "given with the pricing `discount`, and only then", faults);
        }
    }
    let pricing = match word {
        Word::Free => Pricing::Free,
        Word::BestFare => Pricing::BestFare,
        Word::BestPaid => Pricing::BestPaid,
        Word::DifferenceToLast => Pricing::DifferenceToLast,
        Word::Discount => Pricing::Discount(read_discount(row, amount, percent, common, faults)?),
        Word::Table => Pricing::Table,
    };
    Some((pricing, on))
}

/// An amount or a percentage: exactly one of the two.
fn read_discount(
    row: Row<'_>,
    amount: Column,
    percent: Column,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<Discount> {
    if row.get(amount).is_empty() == row.get(percent).is_empty() {
        let message = format!("a discount is {} or {}, one of them", amount.name, percent.name);
        row.error(amount, message, faults);
        return None;
    }
    let points = row.number(percent, 1, 10_000, faults);
    let amount = positive(row, amount, common, faults);
    points.map(|points| Discount::Percent(Decimal::new(points, 4))).or(amount.map(Discount::Amount))
}

/// An amount that is not below zero, or nothing when the field is empty.
fn positive(row: Row<'_>, column: Column, common: &Common<'_>, faults: &mut Faults) -> Option<Minor> {
    let amount = row.amount(column, common.currency, faults);
    if amount.is_some_and(Minor::is_negative) {
        row.error(column, "below zero", faults);
    }
    amount
}

/// The rules by the window they belong to, the most special first.
fn read_rules(common: &Common<'_>, windows: &Sheet, faults: &mut Faults) -> BTreeMap<String, Vec<Rule>> {
    let sheet = Sheet::read(common.files, FARE_WINDOW_RULES, faults);
    let window_column = sheet.column("window_id");
    let key_columns = [
        "from_leg_group_id",
        "to_leg_group_id",
        "from_stop_id",
        "to_route_id",
        "rider_category_id",
        "fare_media_id",
    ];
    let key_columns = key_columns.map(|name| sheet.column(name));
    let known = windows.column("window_id");
    let mut rules: BTreeMap<String, Vec<(Vec<String>, Rule)>> = BTreeMap::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let before = faults.count();
        let window = row.id(window_column, faults);
        if let Some(window) = &window
            && !windows.rows().any(|other| other.get(known) == window.as_str())
        {
            row.error(window_column, format!("there is no window `{window}` in fare_windows.txt"), faults);
        }
        let key: Vec<String> = key_columns.iter().map(|column| row.get(*column).to_owned()).collect();
        let rule = read_rule(&sheet, row, common, faults);
        let (Some(window), true, Some(rule)) = (window, faults.count() == before, rule) else { continue };
        keys.push(((window.to_string(), key.clone()), row.line));
        rules.entry(window.to_string()).or_default().push((key, rule));
    }
    refuse_doubles(keys, sheet.file(), window_column.name, faults);
    let sorted = |(window, mut rules): (String, Vec<(Vec<String>, Rule)>)| {
        // Rows that say as much as each other go by their fields, never by the order of the file.
        rules.sort_by(|(a, one), (b, two)| one.rank().cmp(&two.rank()).then_with(|| a.cmp(b)));
        (window, rules.into_iter().map(|(_, rule)| rule).collect())
    };
    rules.into_iter().map(sorted).collect()
}

fn read_rule(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<Rule> {
    let (sets, ids) = (common.sets, common.ids);
    let from_group = sets.field(Field::LegGroup, row, sheet.column("from_leg_group_id"), ids, faults);
    let to_group = sets.field(Field::LegGroup, row, sheet.column("to_leg_group_id"), ids, faults);
    let from_stop = sets.stops(row, sheet.column("from_stop_id"), ids, faults);
    let to_route = sets.field(Field::Route, row, sheet.column("to_route_id"), ids, faults);
    let rider = sets.field(Field::Rider, row, sheet.column("rider_category_id"), ids, faults);
    let medium = sets.field(Field::Medium, row, sheet.column("fare_media_id"), ids, faults);
    let action = read_action(sheet, row, common, faults)?;
    let id = Text::new(&format!("fare_window_rules:{}", row.line))?;
    Some(Rule { from_group, to_group, from_stop, to_route, rider, medium, action, id })
}

fn read_action(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<Action> {
    let column = sheet.column("action");
    if row.refuse_empty(column, "", faults) {
        return None;
    }
    let deed = row.word(column, ACTIONS, faults)?;
    let (amount, percent) = (sheet.column("amount"), sheet.column("percent"));
    if !matches!(deed, Deed::Discount | Deed::Amount) && !row.get(amount).is_empty() {
        row.error(amount, "given with the actions `discount` and `amount`, and only then", faults);
    }
    if deed != Deed::Discount && !row.get(percent).is_empty() {
        row.error(percent, "given with the action `discount`, and only then", faults);
    }
    Some(match deed {
        Deed::Free => Action::Free,
        Deed::Full => Action::Full,
        Deed::DifferenceToBest => Action::DifferenceToBest,
        Deed::DifferenceToLast => Action::DifferenceToLast,
        Deed::Discount => Action::Discount(read_discount(row, amount, percent, common, faults)?),
        Deed::Amount => {
            if row.get(amount).is_empty() {
                row.error(amount, "the field is empty; the leg costs this in the window", faults);
            }
            Action::Amount(positive(row, amount, common, faults)?)
        }
        Deed::End => Action::End,
        Deed::Skip => Action::Skip,
    })
}
