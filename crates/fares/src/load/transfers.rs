//! `fare_transfer_rules.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_TRANSFER_RULES;
use crate::transfers::{self, Charge, Event, Limit, Transfers};
use primitives::Text;

struct Columns {
    from: Column,
    to: Column,
    count: Column,
    limit: Column,
    limit_type: Column,
    limit_bound: Column,
    charge: Column,
    product: Column,
    product_behavior: Column,
    media_behavior: Column,
    looks_back: Column,
    filter: Column,
    compulsory: Column,
    scope: Column,
}

const CHARGES: &[(&str, Charge)] =
    &[("0", Charge::Transfer), ("1", Charge::TransferAndLeg), ("2", Charge::Both)];

/// The first words are meant by an empty field, and none of these may be empty where it is asked for.
const LIMIT_TYPES: &[(&str, (Event, Event))] = &[
    ("0", (Event::Departure, Event::Arrival)),
    ("1", (Event::Departure, Event::Departure)),
    ("2", (Event::Arrival, Event::Departure)),
    ("3", (Event::Arrival, Event::Arrival)),
];

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Transfers {
    let sheet = Sheet::read(common.files, FARE_TRANSFER_RULES, faults);
    let columns = Columns {
        from: sheet.column("from_leg_group_id"),
        to: sheet.column("to_leg_group_id"),
        count: sheet.column("transfer_count"),
        limit: sheet.column("duration_limit"),
        limit_type: sheet.column("duration_limit_type"),
        limit_bound: sheet.column("duration_limit_bound"),
        charge: sheet.column("fare_transfer_type"),
        product: sheet.column("fare_product_id"),
        product_behavior: sheet.column("fare_product_behavior"),
        media_behavior: sheet.column("fare_media_behavior"),
        looks_back: sheet.column("nonconsecutive_transfer_allowed"),
        filter: sheet.column("filter_fare_product_id"),
        compulsory: sheet.column("compulsory"),
        scope: sheet.column("product_scope"),
    };
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for row in sheet.rows() {
        if let Some(read) = read_row(row, &columns, common, faults) {
            let seconds = row.get(columns.limit);
            keys.push(((read.key, read.product, read.count, seconds, read.filter), row.line));
            rows.push(read);
        }
    }
    refuse_doubles(keys, sheet.file(), columns.to.name, faults);
    Transfers::new(rows)
}

fn read_row(
    row: Row<'_>,
    columns: &Columns,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<transfers::Row> {
    let ids = common.ids;
    let before = faults.count();
    let group = "leg group in fare_leg_rules.txt";
    let from = row.optional_pick(columns.from, ids.groups, group, faults);
    let to = row.optional_pick(columns.to, ids.groups, group, faults);
    let count = read_count(row, columns, faults);
    let limit = read_limit(row, columns, faults);
    row.refuse_empty(columns.charge, "", faults);
    let charge = row.word(columns.charge, CHARGES, faults);
    let product = "product in fare_products.txt";
    let filter = row.optional_pick(columns.filter, ids.products, product, faults);
    let product = row.optional_pick(columns.product, ids.products, product, faults);
    let scope = &[("per_transfer", false), ("per_chain", true)];
    let once_a_chain = row.word(columns.scope, scope, faults).unwrap_or(false);
    if once_a_chain && row.get(columns.product).is_empty() {
        row.error(columns.scope, "there is no product that could be bought once", faults);
    }
    let (same_product, any_medium) =
        (row.flag(columns.product_behavior, faults), row.flag(columns.media_behavior, faults));
    let (looks_back, compulsory) =
        (row.flag(columns.looks_back, faults), row.flag(columns.compulsory, faults));
    let charge = charge.filter(|_| faults.count() == before)?;
    let id = Text::new(&format!("fare_transfer_rules:{}", row.line))?;
    Some(transfers::Row {
        key: (from, to),
        count,
        limit,
        charge,
        product,
        same_product,
        any_medium,
        looks_back,
        filter,
        compulsory,
        once_a_chain,
        line: row.line,
        id,
    })
}

/// A number of changes belongs to a rule from a group to itself, and such a rule needs one. Where both groups are left
/// open it may stand.
fn read_count(row: Row<'_>, columns: &Columns, faults: &mut Faults) -> Option<u32> {
    let (from, to) = (row.get(columns.from), row.get(columns.to));
    let given = !row.get(columns.count).is_empty();
    if from == to && !from.is_empty() && !given {
        row.error(columns.count, "a rule from a group to itself needs a count, or -1 for no limit", faults);
    }
    if from != to && given {
        row.error(columns.count, "only a rule from a group to itself has a count", faults);
    }
    let count = row.number(columns.count, -1, i64::from(u32::MAX), faults)?;
    if count == 0 {
        row.error(columns.count, "0 changes are none; 1 or more, or -1 for no limit", faults);
    }
    u32::try_from(count).ok()
}

fn read_limit(row: Row<'_>, columns: &Columns, faults: &mut Faults) -> Option<Limit> {
    let (limit, limit_type) = (row.get(columns.limit), row.get(columns.limit_type));
    if !limit.is_empty() && limit_type.is_empty() {
        row.error(columns.limit_type, "a duration_limit needs a type", faults);
    }
    if limit.is_empty() && !limit_type.is_empty() {
        row.error(columns.limit_type, "there is no duration_limit that it could belong to", faults);
    }
    let excluded = row.flag(columns.limit_bound, faults);
    if limit.is_empty() && excluded {
        row.error(columns.limit_bound, "there is no duration_limit that it could belong to", faults);
    }
    let seconds = row.number(columns.limit, 1, i64::from(u32::MAX), faults);
    let (from, to) = row.word(columns.limit_type, LIMIT_TYPES, faults)?;
    seconds.map(|seconds| Limit { seconds: seconds - i64::from(excluded), from, to })
}
