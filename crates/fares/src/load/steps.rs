//! `fare_distance_steps.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::distance::{AddStep, BandStep, Block, Steps, StepsOf};
use crate::format::FARE_DISTANCE_STEPS;
use crate::products::Products;
use crate::rules::Band;
use primitives::{Minor, Text};
use std::collections::BTreeMap;

struct Columns {
    product: Column,
    rider: Column,
    medium: Column,
    step: Column,
    from: Column,
    to: Column,
    bounds: Column,
    mode: Column,
    amount: Column,
    per_units: Column,
    per_amount: Column,
    count: Column,
}

/// A row on its way into the steps of a product.
struct Draft {
    step: i64,
    band: Band,
    adds: bool,
    amount: Minor,
    block: Option<Block>,
    id: Text,
    line: u64,
}

pub(super) fn read(common: &Common<'_>, products: &Products, faults: &mut Faults) -> Vec<(StepsOf, Steps)> {
    let sheet = Sheet::read(common.files, FARE_DISTANCE_STEPS, faults);
    let columns = Columns {
        product: sheet.column("fare_product_id"),
        rider: sheet.column("rider_category_id"),
        medium: sheet.column("fare_media_id"),
        step: sheet.column("step"),
        from: sheet.column("from_units"),
        to: sheet.column("to_units"),
        bounds: sheet.column("step_bounds"),
        mode: sheet.column("step_mode"),
        amount: sheet.column("amount"),
        per_units: sheet.column("per_units"),
        per_amount: sheet.column("per_amount"),
        count: sheet.column("count"),
    };
    let mut keys = Vec::new();
    let mut sets: BTreeMap<StepsOf, Vec<Draft>> = BTreeMap::new();
    for row in sheet.rows() {
        let of = read_owner(row, &columns, common, products, faults);
        let draft = read_row(row, &columns, common, faults);
        if let (Some(of), Some(draft)) = (of, draft) {
            keys.push(((of, draft.step), row.line));
            sets.entry(of).or_default().push(draft);
        }
    }
    refuse_doubles(keys, sheet.file(), columns.step.name, faults);
    sets.into_iter().map(|(of, drafts)| (of, gather(drafts, &sheet, &columns, faults))).collect()
}

/// The product's rows that the step belongs to.
fn read_owner(
    row: Row<'_>,
    columns: &Columns,
    common: &Common<'_>,
    products: &Products,
    faults: &mut Faults,
) -> Option<StepsOf> {
    let ids = common.ids;
    let before = faults.count();
    let product = row.pick(columns.product, ids.products, "product in fare_products.txt", faults);
    let rider = row.optional_pick(columns.rider, ids.riders, "category in rider_categories.txt", faults);
    let medium = row.optional_pick(columns.medium, ids.media, "medium in fare_media.txt", faults);
    let product = product.filter(|_| faults.count() == before)?;
    let rows = products.rows(product);
    let met = |own: Option<u32>, asked: Option<u32>| asked.is_none() || own == asked;
    if !rows.is_empty() && !rows.iter().any(|own| met(own.rider, rider) && met(own.medium, medium)) {
        let message = "no row of fare_products.txt names this product with this rider and medium";
        row.error(columns.product, message, faults);
    }
    Some(StepsOf { product, rider, medium })
}

fn read_row(row: Row<'_>, columns: &Columns, common: &Common<'_>, faults: &mut Faults) -> Option<Draft> {
    let before = faults.count();
    let units = |column: Column, min: i64, faults: &mut Faults| {
        let number = row.number(column, min, i64::from(u32::MAX), faults);
        number.and_then(|units| u32::try_from(units).ok())
    };
    row.refuse_empty(columns.step, "", faults);
    let step = row.number(columns.step, 0, i64::from(u32::MAX), faults);
    let (from, to) = (units(columns.from, 0, faults).unwrap_or(0), units(columns.to, 1, faults));
    let upper_included = row.flag(columns.bounds, faults);
    if to.is_some_and(|to| to <= from) {
        row.error(columns.to, "not above from_units: the step is empty", faults);
    }
    let adds = row.word(columns.mode, &[("band", false), ("add", true)], faults)?;
    let money = |column: Column, faults: &mut Faults| {
        let amount = row.amount(column, common.currency, faults);
        if amount.is_some_and(Minor::is_negative) {
            row.error(column, "below zero: a step never takes anything off", faults);
        }
        amount
    };
    let (amount, per_amount) = (money(columns.amount, faults), money(columns.per_amount, faults));
    let per_units = units(columns.per_units, 1, faults);
    let complete = row.word(columns.count, &[("started", false), ("complete", true)], faults)?;
    let block = per_units.zip(per_amount).map(|(units, amount)| Block { units, amount, complete });
    for (column, other) in [(columns.per_units, columns.per_amount), (columns.per_amount, columns.per_units)]
    {
        if row.get(column).is_empty() && !row.get(other).is_empty() {
            row.error(column, format!("empty, and {} is not", other.name), faults);
        }
    }
    if !row.get(columns.count).is_empty() && block.is_none() {
        row.error(columns.count, "there are no blocks to count without per_units and per_amount", faults);
    }
    if !adds && block.is_some() {
        row.error(columns.per_amount, "a band is one price; blocks are for `add`", faults);
    }
    if amount.is_none() && !(adds && block.is_some()) && row.get(columns.amount).is_empty() {
        row.error(columns.amount, "the field is empty, and nothing else says what the step costs", faults);
    }
    let step = step.filter(|_| faults.count() == before)?;
    let id = Text::new(&format!("fare_distance_steps:{}", row.line))?;
    let band = Band { from, to, upper_included };
    Some(Draft { step, band, adds, amount: amount.unwrap_or(Minor::ZERO), block, id, line: row.line })
}

/// The rows of one product, rider and medium: all bands or all to be added.
fn gather(mut drafts: Vec<Draft>, sheet: &Sheet, columns: &Columns, faults: &mut Faults) -> Steps {
    let adds = drafts.iter().any(|draft| draft.adds);
    if let Some(band) = drafts.iter().find(|draft| adds && !draft.adds) {
        let message = "other steps of the product are added up; a band among them is no whole price";
        faults.error(sheet.file(), band.line, columns.mode.name, message);
    }
    if adds {
        drafts.sort_by_key(|draft| draft.step);
        let step = |Draft { band, amount, block, id, .. }| AddStep { band, amount, block, id };
        return Steps::Adds(drafts.into_iter().map(step).collect());
    }
    drafts.sort_by_key(|draft| draft.band);
    if let Some(first) = drafts.first()
        && first.band.from > 0
    {
        let message = "no band begins at 0: the fare of a shorter ride would be unknown";
        faults.error(sheet.file(), first.line, columns.from.name, message);
    }
    for pair in drafts.windows(2) {
        if let [near, far] = pair
            && let Some(fault) = near.band.seam(&far.band)
        {
            let message = format!("{fault} line {}", near.line);
            faults.error(sheet.file(), far.line, columns.from.name, message);
        }
    }
    let step = |Draft { band, amount, id, .. }| BandStep { band, amount, id };
    Steps::Bands(drafts.into_iter().map(step).collect())
}
