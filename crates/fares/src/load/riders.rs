//! `rider_categories.txt`, `rider_discounts.txt` and the fallbacks of `rider_eligibility.txt`.

use super::eligibility::{self, Eligibility};
use super::places::read_ids;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use super::{Common, Ids, Named};
use crate::format::{RIDER_CATEGORIES, RIDER_DISCOUNTS};
use crate::limits::STEPS_MAX;
use crate::model::Files;
use crate::riders::{Formula, Operation, Riders, Step};
use primitives::{Currency, PartyNo, Rounding, Text};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub(super) fn read_categories(files: &Files, faults: &mut Faults) -> (Named, Option<u32>) {
    let sheet = Sheet::read(files, RIDER_CATEGORIES, faults);
    let (id, name) = (sheet.column("rider_category_id"), sheet.column("rider_category_name"));
    let is_default = sheet.column("is_default_fare_category");
    let ids = read_ids(&sheet, id, faults);
    let mut names = vec![String::new(); ids.len()];
    let mut defaults = Vec::new();
    for row in sheet.rows() {
        let default = row.flag(is_default, faults);
        let Some(number) = ids.find(row.get(id)) else { continue };
        names[number as usize] = row.name(name, faults);
        if default {
            defaults.push(number);
            if defaults.len() > 1 {
                row.error(is_default, "a second default category; the gross fare needs exactly one", faults);
            }
        }
    }
    if defaults.is_empty() && is_default.present() {
        faults.error(
            sheet.file(),
            0,
            is_default.name,
            "no default category; the gross fare needs exactly one",
        );
    }
    (Named { ids, names }, defaults.first().copied())
}

/// Key of a formula: rider, network, timeframe group.
type Key = (u32, Option<u32>, Option<u32>);

/// One row of `rider_discounts.txt` on its way into a formula.
struct Draft {
    order: i64,
    base: u32,
    funder: PartyNo,
    step: Step,
    multiplies: bool,
    line: u64,
}

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Riders {
    let Common { files, ids, currency, default_rider, .. } = *common;
    let sheet = Sheet::read(files, RIDER_DISCOUNTS, faults);
    let mut drafts: BTreeMap<Key, Vec<Draft>> = BTreeMap::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        if let Some((key, draft)) = read_row(&sheet, row, ids, currency, default_rider, faults) {
            keys.push(((key, draft.order), row.line));
            drafts.entry(key).or_default().push(draft);
        }
    }
    refuse_doubles(keys, sheet.file(), "step", faults);
    let mut formulas: Vec<Vec<Formula>> = vec![Vec::new(); ids.riders.len()];
    for ((rider, network, frame), mut rows) in drafts {
        rows.sort_by_key(|draft| (draft.order, draft.line));
        check_formula(&rows, &sheet, faults);
        let Some(first) = rows.first() else { continue };
        let (base, funder) = (first.base, first.funder);
        let steps = rows.into_iter().map(|draft| draft.step).collect();
        formulas[rider as usize].push(Formula { network, frame, base, funder, steps });
    }
    for list in &mut formulas {
        list.sort_by_key(|formula| {
            (formula.network.is_none(), formula.frame.is_none(), formula.network, formula.frame)
        });
    }
    let Eligibility { claims, fallbacks } = eligibility::read(common, faults);
    let riders = Riders { formulas, fallbacks, claims };
    refuse_circles(&riders, ids, faults);
    riders
}

fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    ids: &Ids<'_>,
    currency: Option<Currency>,
    default_rider: Option<u32>,
    faults: &mut Faults,
) -> Option<(Key, Draft)> {
    let before = faults.count();
    let rider_column = sheet.column("rider_category_id");
    let rider = row.pick(rider_column, ids.riders, "category in rider_categories.txt", faults);
    if rider.is_some() && rider == default_rider {
        row.error(rider_column, "the default rider pays the full price and has no formula", faults);
    }
    let network = row.optional_pick(sheet.column("network_id"), ids.networks, "network", faults);
    let frame = sheet.column("timeframe_group_id");
    let frame = row.optional_pick(frame, ids.frames, "group in timeframes.txt", faults);
    let base = sheet.column("base_rider_category_id");
    let base = row.optional_pick(base, ids.riders, "category in rider_categories.txt", faults);
    let order = row.number(sheet.column("step"), 0, 1_000, faults).unwrap_or(0);
    let funded_by = sheet.column("funded_by");
    let funder = ids.parties.funder(row, funded_by, faults);
    if row.get(funded_by).is_empty() {
        row.error(funded_by, "the field is empty: a reduction names who pays it", faults);
    }
    let step = read_step(sheet, row, currency, faults);
    let (true, Some(rider), Some(step)) = (faults.count() == before, rider, step) else { return None };
    let multiplies = matches!(step.operation, Operation::Multiply(_));
    let (base, funder) = (base.or(default_rider)?, funder?);
    Some(((rider, network, frame), Draft { order, base, funder, step, multiplies, line: row.line }))
}

fn read_step(sheet: &Sheet, row: Row<'_>, currency: Option<Currency>, faults: &mut Faults) -> Option<Step> {
    let (fixed, minus) = (sheet.column("fixed_amount"), sheet.column("minus_amount"));
    let multiply = sheet.column("multiply_percent");
    let mut amount = |column: Column| {
        let amount = row.amount(column, currency, faults);
        if amount.is_some_and(|amount| amount.is_negative()) {
            row.error(column, "below zero", faults);
        }
        amount
    };
    let operations = [
        amount(fixed).map(Operation::Fixed),
        amount(minus).map(Operation::Minus),
        row.number(multiply, 0, 10_000, faults).map(|points| Operation::Multiply(Decimal::new(points, 4))),
    ];
    let mut given = operations.into_iter().flatten();
    let operation = given.next().unwrap_or(Operation::Keep);
    if given.next().is_some() {
        let message = "one row does one thing: fixed_amount, minus_amount or multiply_percent";
        faults.error(row.file, row.line, fixed.name, message);
    }
    let bound = |name, faults: &mut Faults| row.amount(sheet.column(name), currency, faults);
    let (min, max) = (bound("min_amount", faults), bound("max_amount", faults));
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        row.error(sheet.column("max_amount"), "below min_amount", faults);
    }
    let (unit, mode) = (sheet.column("rounding_step"), sheet.column("rounding_mode"));
    let rounding = read_rounding(row, unit, mode, faults);
    let id = Text::new(&format!("rider_discounts:{}", row.line))?;
    Some(Step { operation, rounding, min, max, id })
}

/// The words of ways to round.
pub(super) const ROUNDING: &[(&str, Rounding)] = &[
    ("half_up", Rounding::HalfUp),
    ("down", Rounding::Down),
    ("up", Rounding::Up),
    ("half_even", Rounding::HalfEven),
];

/// To multiples of how many minor units, and which way; nothing when both fields are empty.
pub(super) fn read_rounding(
    row: Row<'_>,
    step: Column,
    mode: Column,
    faults: &mut Faults,
) -> Option<(i64, Rounding)> {
    let unit = row.number(step, 1, 1_000_000_000, faults);
    if row.get(mode).is_empty() {
        if unit.is_some() {
            row.error(mode, "the field is empty: a rounding_step needs a way to round", faults);
        }
        return None;
    }
    row.word(mode, ROUNDING, faults).map(|rounding| (unit.unwrap_or(1), rounding))
}

/// What holds for the rows of one formula together.
fn check_formula(rows: &[Draft], sheet: &Sheet, faults: &mut Faults) {
    let Some(first) = rows.first() else { return };
    let file = sheet.file();
    if let Some(row) = rows.get(STEPS_MAX) {
        faults.error(file, row.line, "step", format!("a formula has at most {STEPS_MAX} steps"));
    }
    for row in rows {
        if row.base != first.base {
            let message = format!("differs from the same formula's line {}", first.line);
            faults.error(file, row.line, "base_rider_category_id", message);
        }
        if row.funder != first.funder {
            let message = format!("differs from the same formula's line {}", first.line);
            faults.error(file, row.line, "funded_by", message);
        }
    }
    // After a percentage the price may be a fraction until some row rounds it.
    let open = rows.iter().rposition(|row| row.multiplies);
    let closed = rows.iter().rposition(|row| row.step.rounding.is_some());
    if let Some(row) = open.filter(|open| closed.is_none_or(|closed| closed < *open)) {
        let message = "a percentage leaves fractions: this row or a later one must say how to round";
        faults.error(file, rows[row].line, "rounding_mode", message);
    }
}

/// A price that is derived from itself has no end.
fn refuse_circles(riders: &Riders, ids: &Ids<'_>, faults: &mut Faults) {
    let next = |rider: usize| -> Vec<usize> {
        let bases = riders.formulas[rider].iter().map(|formula| formula.base);
        let fallbacks = riders.fallbacks[rider].iter().map(|(_, to)| *to);
        bases.chain(fallbacks).map(|rider| rider as usize).collect()
    };
    for start in 0..ids.riders.len() {
        let mut seen = vec![false; ids.riders.len()];
        let mut open = next(start);
        while let Some(rider) = open.pop() {
            if !std::mem::replace(&mut seen[rider], true) {
                open.extend(next(rider));
            }
        }
        if seen[start] {
            let rider = ids.riders.get(start as u32);
            let message = format!("the price of `{rider}` is derived from its own price");
            faults.error(RIDER_DISCOUNTS.name, 0, "base_rider_category_id", message);
        }
    }
}
