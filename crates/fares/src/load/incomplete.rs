//! `incomplete_journeys.txt`.

use super::Ids;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use crate::format::INCOMPLETE_JOURNEYS;
use crate::incomplete::{Charge, Incomplete, IncompleteRow, Kind};
use crate::model::Files;
use crate::names::Names;
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

const KINDS: &[(&str, Kind)] = &[
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

/// The network a row speaks of, and the seconds it allows.
type TimeLimit = (Option<u32>, i64);

pub(super) fn read(
    files: &Files,
    ids: &Ids<'_>,
    product_ids: &Names,
    currency: Option<Currency>,
    faults: &mut Faults,
) -> Incomplete {
    let sheet = Sheet::read(files, INCOMPLETE_JOURNEYS, faults);
    let (mut rows, mut limits, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for row in sheet.rows() {
        let before = faults.count();
        let draft = read_row(&sheet, row, ids, product_ids, currency, faults);
        let limit = read_limit(&sheet, row, draft.as_ref(), faults);
        let Some(draft) = draft.filter(|_| faults.count() == before) else { continue };
        keys.push(((draft.network, draft.kind, draft.frame, draft.rider, draft.medium), row.line));
        match limit {
            Some(seconds) => limits.push((draft.network, seconds)),
            None => rows.push(draft),
        }
    }
    refuse_doubles(keys, sheet.file(), "kind", faults);
    rows.sort_by_cached_key(IncompleteRow::order);
    let networks =
        (0..=ids.networks.len()).map(|slot| u32::try_from(slot).ok().filter(|_| slot < ids.networks.len()));
    let seconds_max = networks.clone().map(|network| limit_of(network, &limits)).collect();
    let speaks = |network: Option<u32>| {
        let named = |only: Option<u32>| only.is_none() || only == network;
        rows.iter().any(|row| named(row.network)) || limits.iter().any(|(only, _)| named(*only))
    };
    let gated = networks.map(speaks).collect();
    Incomplete { rows, seconds_max, gated }
}

/// The limit of a network: its own row, else the row for all.
fn limit_of(network: Option<u32>, limits: &[TimeLimit]) -> Option<i64> {
    let of =
        |wanted: Option<u32>| limits.iter().find(|(only, _)| *only == wanted).map(|(_, seconds)| *seconds);
    network.and_then(|network| of(Some(network))).or_else(|| of(None))
}

fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    ids: &Ids<'_>,
    product_ids: &Names,
    currency: Option<Currency>,
    faults: &mut Faults,
) -> Option<IncompleteRow> {
    let kind_column = sheet.column("kind");
    if row.get(kind_column).is_empty() && kind_column.present() {
        row.error(kind_column, "the field is empty", faults);
    }
    let kind = row.word(kind_column, KINDS, faults)?;
    let network = row.optional_pick(sheet.column("network_id"), ids.networks, "network", faults);
    let frame = sheet.column("timeframe_group_id");
    let frame = row.optional_pick(frame, ids.frames, "group in timeframes.txt", faults);
    let rider = sheet.column("rider_category_id");
    let rider = row.optional_pick(rider, ids.riders, "category in rider_categories.txt", faults);
    let medium = sheet.column("fare_media_id");
    let medium = row.optional_pick(medium, ids.media, "medium in fare_media.txt", faults);
    let discountable = sheet.column("discountable");
    let discountable = row.word(discountable, &[("1", true), ("0", false)], faults).unwrap_or(true);
    let counts_to_cap =
        row.word(sheet.column("counts_to_cap"), &[("0", false), ("1", true)], faults).unwrap_or(false);
    let charge = read_charge(sheet, row, kind, product_ids, currency, faults)?;
    let id = Text::new(&format!("incomplete_journeys:{}", row.line))?;
    Some(IncompleteRow { network, kind, frame, rider, medium, charge, discountable, counts_to_cap, id })
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
        Word::Zero | Word::TwoMaximum => Some(Charge::Zero),
        Word::Ride => Some(Charge::Ride),
    }
}

/// The longest time from entry to exit, of an `over_time` row.
fn read_limit(
    sheet: &Sheet,
    row: Row<'_>,
    draft: Option<&IncompleteRow>,
    faults: &mut Faults,
) -> Option<i64> {
    let (seconds, bound) = (sheet.column("max_journey_seconds"), sheet.column("limit_bound"));
    let limit = row.number(seconds, 1, 7 * 24 * 3600, faults);
    let excluded = row.flag(bound, faults);
    let draft = draft?;
    let over_time = draft.kind == Kind::OverTime;
    if over_time == row.get(seconds).is_empty() {
        row.error(seconds, "given for the kind `over_time`, and only then", faults);
    }
    if over_time && (draft.frame, draft.rider, draft.medium) != (None, None, None) {
        let message =
            "an over_time row may name a network; other selectors are not part of the format that is read";
        row.error(sheet.column("kind"), message, faults);
    }
    limit.filter(|_| over_time).map(|limit| limit - i64::from(excluded))
}
