//! `incomplete_journeys.txt`.

use super::Common;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use crate::farthest::Farthest;
use crate::format::INCOMPLETE_JOURNEYS;
use crate::incomplete::{Charge, Incomplete, IncompleteRow, Kind};
use crate::names::Names;
use crate::selector::{Field, Pick, Selector};
use primitives::{Currency, Text};

/// The words of the column `charge`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Amount,
    Product,
    Farthest,
    Zero,
    Ride,
    TwoMaximum,
}

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("missing_exit", Kind::MissingExit),
    ("missing_entry", Kind::MissingEntry),
    ("same_station", Kind::SameStation),
    ("over_time", Kind::OverTime),
];

const CHARGES: &[(&str, Word)] = &[
    ("amount", Word::Amount),
    ("product", Word::Product),
    ("farthest", Word::Farthest),
    ("zero", Word::Zero),
    ("ride", Word::Ride),
    ("two_maximum", Word::TwoMaximum),
];

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Incomplete {
    let sheet = Sheet::read(common.files, INCOMPLETE_JOURNEYS, faults);
    let columns = ["network_id", "rider_category_id", "fare_media_id", "timeframe_group_id"];
    let columns = columns.map(|name| sheet.column(name));
    let (within, kind) = (sheet.column("within_area_set_id"), sheet.column("kind"));
    let areas = common.ids.areas.len();
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for row in sheet.rows() {
        let before = faults.count();
        let read = read_row(&sheet, row, common, faults);
        let Some(read) = read.filter(|_| faults.count() == before) else { continue };
        let said = columns.map(|column| row.get(column));
        // Of two rows that both hold: the smaller areas, then the one that says more, then by what they say.
        let size = read.within.as_ref().map(|pick| pick.count(areas));
        let seconds = Some(read.seconds.unwrap_or(i64::MAX)).filter(|_| read.kind == Kind::SameStation);
        let order = (size.is_none(), size, said.map(str::is_empty), said, row.get(within), seconds);
        keys.push(((row.get(kind), said, row.get(within), seconds), row.line));
        rows.push((order, read));
    }
    refuse_doubles(keys, sheet.file(), "kind", faults);
    rows.sort_by_key(|(order, _)| *order);
    let rows: Vec<IncompleteRow> = rows.into_iter().map(|(_, row)| row).collect();
    let networks = common.ids.networks.len();
    let speaks = |slot: usize| {
        let network = u32::try_from(slot).ok().filter(|_| slot < networks);
        let of_network = |(field, pick): &(Field, Pick)| *field != Field::Network || pick.takes(network);
        rows.iter().any(|row| row.selector.0.iter().all(of_network))
    };
    let gated = (0..=networks).map(speaks).collect();
    let short_seconds = rows.iter().filter_map(|row| row.seconds).min().unwrap_or(i64::MAX);
    Incomplete { rows, gated, short_seconds, farthest: Farthest::default() }
}

fn read_row(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<IncompleteRow> {
    let kind_column = sheet.column("kind");
    row.refuse_empty(kind_column, "", faults);
    let kind = row.word(kind_column, KINDS, faults)?;
    // The product is what the ride costs and selects nothing.
    let selector = common.sets.selector(sheet, row, &["fare_product_id"], common.ids, faults);
    let within = common.sets.areas(row, sheet.column("within_area_set_id"), common.ids, faults);
    let discountable = sheet.column("discountable");
    let discountable = row.word(discountable, &[("1", true), ("0", false)], faults).unwrap_or(true);
    let counts_to_cap = row.flag(sheet.column("counts_to_cap"), faults);
    let seconds = read_seconds(sheet, row, kind, &selector, faults);
    let charge = read_charge(sheet, row, kind, common.ids.products, common.currency, faults)?;
    let id = Text::new(&format!("incomplete_journeys:{}", row.line))?;
    Some(IncompleteRow { kind, selector, within, seconds, charge, discountable, counts_to_cap, id })
}

fn read_charge(
    sheet: &Sheet,
    row: Row<'_>,
    kind: Kind,
    product_ids: &Names,
    currency: Option<Currency>,
    faults: &mut Faults,
) -> Option<Charge> {
    let column = sheet.column("charge");
    let (amount_column, product_column) = (sheet.column("amount"), sheet.column("fare_product_id"));
    let empty = row.get(column).is_empty();
    // A ride that lasted too long is two incomplete rides; there is nothing else it could cost.
    let word = if empty && kind == Kind::OverTime { Some(Word::TwoMaximum) } else { None };
    if empty && word.is_none() && column.present() {
        row.error(column, "the field is empty: say what such a ride costs", faults);
        return None;
    }
    let word = word.or_else(|| row.word(column, CHARGES, faults))?;
    let fits = match word {
        Word::TwoMaximum => kind == Kind::OverTime,
        Word::Ride => kind == Kind::SameStation,
        Word::Amount | Word::Product | Word::Farthest | Word::Zero => kind != Kind::OverTime,
    };
    if !fits {
        let message = "over_time charges two_maximum; ride is for same_station only; the others for the rest";
        row.error(column, message, faults);
    }
    let amount = row.amount(amount_column, currency, faults);
    if (word == Word::Amount) == row.get(amount_column).is_empty() {
        row.error(amount_column, "given with the charge `amount`, and only then", faults);
    }
    if amount.is_some_and(primitives::Minor::is_negative) {
        row.error(amount_column, "below zero", faults);
    }
    let product = row.optional_pick(product_column, product_ids, "product in fare_products.txt", faults);
    if (word == Word::Product) == row.get(product_column).is_empty() {
        row.error(product_column, "given with the charge `product`, and only then", faults);
    }
    match word {
        Word::Amount => amount.map(Charge::Amount),
        Word::Product => product.map(Charge::Product),
        Word::Farthest => Some(Charge::Farthest),
        Word::Zero => Some(Charge::Zero),
        Word::TwoMaximum => Some(Charge::TwoMaximum),
        Word::Ride => Some(Charge::Ride),
    }
}

/// The longest time from entry to exit that an `over_time` row allows, or that a `same_station` row speaks of.
fn read_seconds(
    sheet: &Sheet,
    row: Row<'_>,
    kind: Kind,
    selector: &Selector,
    faults: &mut Faults,
) -> Option<i64> {
    let (journey, same) = (sheet.column("max_journey_seconds"), sheet.column("same_station_seconds"));
    let week = 7 * 24 * 3600;
    let (longest, near) = (row.number(journey, 1, week, faults), row.number(same, 1, week, faults));
    let excluded = row.flag(sheet.column("limit_bound"), faults);
    if (kind == Kind::OverTime) == row.get(journey).is_empty() {
        row.error(journey, "given for the kind `over_time`, and only then", faults);
    }
    if kind != Kind::SameStation && !row.get(same).is_empty() {
        row.error(same, "given for the kind `same_station` only", faults);
    }
    let of_person = |(field, _): &(Field, Pick)| matches!(field, Field::Rider | Field::Medium);
    if kind == Kind::OverTime && selector.0.iter().any(of_person) {
        // Taps are paired before anybody knows who pays what.
        let message = "an over_time row may name a network, areas and a timeframe, no rider and no medium";
        row.error(sheet.column("kind"), message, faults);
    }
    let seconds = if kind == Kind::OverTime { longest } else { near };
    seconds.map(|seconds| seconds - i64::from(excluded))
}
