//! `fare_passes.txt`.

use super::Common;
use super::head::read_moment;
use super::rules::Said;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::{FARE_LEG_RULES, FARE_PASSES};
use crate::passes::{Activation, Pass, PassKind, Passes, Refund, Span};
use primitives::{DayRule, Minor, Text};

/// Hours, days or months of a pass at most: some ten years of days.
const COUNT_MAX: i64 = 4_000;

pub(super) fn read(common: &Common<'_>, day_rule: Option<DayRule>, faults: &mut Faults) -> Passes {
    let sheet = Sheet::read(common.files, FARE_PASSES, faults);
    let product = sheet.column("fare_product_id");
    let keys = sheet.rows().filter_map(|row| Text::new(row.get(product)).map(|id| (id, row.line)));
    refuse_doubles(keys.collect(), sheet.file(), product.name, faults);
    let rows = sheet.rows().filter_map(|row| read_row(&sheet, row, common, day_rule, faults));
    let mut rows: Vec<Pass> = rows.collect();
    rows.sort_by_key(|pass| pass.product);
    Passes(rows)
}

/// A rule that asks for a product asks for a pass.
pub(super) fn check_rules(passes: &Passes, rules: &[Said], faults: &mut Faults) {
    for rule in rules {
        if rule.with_pass.is_some_and(|product| passes.find(product).is_none()) {
            let column = "filter_fare_product_id";
            faults.error(FARE_LEG_RULES.name, rule.line, column, "not a pass of fare_passes.txt");
        }
    }
}

const KINDS: &[(&str, PassKind)] =
    &[("period", PassKind::Period), ("book", PassKind::Book), ("entitlement", PassKind::Entitlement)];

fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    day_rule: Option<DayRule>,
    faults: &mut Faults,
) -> Option<Pass> {
    let before = faults.count();
    let ids = common.ids;
    let product = sheet.column("fare_product_id");
    let product = row.pick(product, ids.products, "product in fare_products.txt", faults);
    let kind = read_kind(sheet, row, faults);
    let rides = count(row, sheet.column("rides"), faults);
    let span = read_span(sheet, row, faults);
    if let Some(kind) = kind {
        check_kind(sheet, row, kind, span.is_some(), faults);
    }
    let activations = [
        ("purchase", Activation::Purchase),
        ("first_use", Activation::FirstUse),
        ("fixed_date", Activation::FixedDate),
    ];
    let activation = row.word(sheet.column("activation"), &activations, faults);
    let day_start = row.time(sheet.column("day_start_time"), faults);
    let selector = common.sets.selector(sheet, row, &["fare_product_id"], ids, faults);
    let within = common.sets.areas(row, sheet.column("within_area_set_id"), ids, faults);
    let rides_per_day = count(row, sheet.column("rides_per_day"), faults);
    let (face_value, difference) = read_face_value(sheet, row, common, faults);
    let counts_to_cap = row.flag(sheet.column("counts_to_cap"), faults);
    let funded_by = sheet.column("funded_by");
    let funder = ids.parties.funder(row, funded_by, faults);
    row.refuse_empty(funded_by, ": name who pays for rides on the pass", faults);
    let transferable = row.flag(sheet.column("transferable"), faults);
    let refunds = [("none", Refund::None), ("unused", Refund::Unused), ("prorata", Refund::Prorata)];
    let refund = row.word(sheet.column("refundable"), &refunds, faults);
    let zone = day_rule.map(|rule| rule.zone);
    let (from, until) = (sheet.column("sale_from"), sheet.column("sale_until"));
    let sale_from = read_moment(row, from, zone, false, faults);
    let sale_until = read_moment(row, until, zone, false, faults);
    if let (Some(from), Some(end)) = (sale_from, sale_until)
        && end <= from
    {
        row.error(until, "not later than sale_from", faults);
    }
    if faults.count() != before {
        return None;
    }
    let day_rule = day_rule?;
    let day_start_seconds = day_start.unwrap_or(day_rule.day_start_seconds);
    Some(Pass {
        product: product?,
        kind: kind?,
        rides,
        span,
        activation: activation?,
        day_rule: DayRule { day_start_seconds, ..day_rule },
        selector,
        within,
        rides_per_day,
        face_value,
        difference,
        counts_to_cap,
        funder: funder?,
        transferable,
        refund: refund?,
        sale_from,
        sale_until,
        row: Text::new(&format!("fare_passes:{}", row.line))?,
    })
}

fn count(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<u32> {
    row.number(column, 1, i64::from(u32::MAX), faults).and_then(|count| u32::try_from(count).ok())
}

fn read_kind(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<PassKind> {
    let column = sheet.column("pass_kind");
    if row.get(column).is_empty() {
        row.refuse_empty(column, "", faults);
        return None;
    }
    row.word(column, KINDS, faults)
}

/// What a kind needs, and what says nothing in it.
fn check_kind(sheet: &Sheet, row: Row<'_>, kind: PassKind, lasts: bool, faults: &mut Faults) {
    let rides = sheet.column("rides");
    if (kind == PassKind::Book) == row.get(rides).is_empty() {
        row.error(rides, "given for the kind `book`, and only then", faults);
    }
    if kind == PassKind::Period && !lasts {
        row.error(sheet.column("validity_count"), "a period says how long it lasts", faults);
    }
    if kind != PassKind::Entitlement {
        return;
    }
    let pointless =
        ["rides_per_day", "within_area_set_id", "face_value_per_ride", "outside", "counts_to_cap"];
    for name in pointless {
        if !row.get(sheet.column(name)).is_empty() {
            row.error(sheet.column(name), "an entitlement pays no ride", faults);
        }
    }
    // The time of others begins with a ride they pay.
    if row.get(sheet.column("activation")) == "first_use" {
        row.error(sheet.column("activation"), "an entitlement pays no ride that could begin it", faults);
    }
}

/// A number of its unit.
type SpanOf = fn(u32) -> Span;

fn read_span(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<Span> {
    let (count, unit) = (sheet.column("validity_count"), sheet.column("validity_unit"));
    let number = row.number(count, 1, COUNT_MAX, faults).and_then(|number| u32::try_from(number).ok());
    if row.get(count).is_empty() != row.get(unit).is_empty() {
        row.error(unit, "validity_count and validity_unit are given both or not at all", faults);
        return None;
    }
    let units: [(&str, SpanOf); 4] = [
        ("hour", Span::Hours),
        ("day", Span::Days),
        ("month", Span::Months),
        ("calendar_month", Span::CalendarMonths),
    ];
    let number = number?;
    row.word(unit, &units, faults).map(|of| of(number))
}

/// The fare up to which a pass pays, and whether the rider pays what is above it.
fn read_face_value(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    faults: &mut Faults,
) -> (Option<Minor>, bool) {
    let (value, outside) = (sheet.column("face_value_per_ride"), sheet.column("outside"));
    let words = [("full_fare", false), ("difference", true)];
    let difference = row.word(outside, &words, faults).unwrap_or_default();
    let face_value = row.amount(value, common.currency, faults);
    if face_value.is_some_and(|face_value| !face_value.is_positive()) {
        row.error(value, "not above 0", faults);
    }
    if !row.get(outside).is_empty() && row.get(value).is_empty() {
        row.error(value, "the field is empty: say up to which fare the pass pays", faults);
    }
    (face_value, difference)
}
