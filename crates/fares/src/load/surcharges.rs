//! `fare_surcharges.txt`.

use super::Common;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_SURCHARGES;
use crate::surcharges::{End, Surcharge, Surcharges};
use primitives::{Minor, Text};
use std::cmp::Reverse;

/// The columns that tell rows of one surcharge apart.
const KEY: &[&str] = &[
    "surcharge_id",
    "from_stop_id",
    "to_stop_id",
    "from_area_id",
    "to_area_id",
    "network_id",
    "route_id",
    "rider_category_id",
    "fare_media_id",
    "timeframe_group_id",
];

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Surcharges {
    let sheet = Sheet::read(common.files, FARE_SURCHARGES, faults);
    let key =
        |row: Row<'_>| KEY.iter().map(|name| row.get(sheet.column(name)).to_owned()).collect::<Vec<_>>();
    refuse_doubles(
        sheet.rows().map(|row| (key(row), row.line)).collect(),
        sheet.file(),
        "surcharge_id",
        faults,
    );
    let read = |row| Some((key(row), read_row(&sheet, row, common, faults)?));
    let mut rows: Vec<(Vec<String>, Surcharge)> = sheet.rows().filter_map(read).collect();
    rows.sort_by_cached_key(|(key, row)| {
        let ends = row.from.weight() + row.to.weight();
        (row.surcharge.clone(), Reverse(ends), Reverse(row.selector.filled()), key.clone())
    });
    Surcharges { rows: rows.into_iter().map(|(_, row)| row).collect() }
}

fn read_row(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<Surcharge> {
    let before = faults.count();
    let (ids, sets) = (common.ids, common.sets);
    let surcharge = row.id(sheet.column("surcharge_id"), faults);
    row.name(sheet.column("surcharge_name"), faults);
    let from = End {
        stop: sets.stops(row, sheet.column("from_stop_id"), ids, faults),
        area: sets.areas(row, sheet.column("from_area_id"), ids, faults),
    };
    let to = End {
        stop: sets.stops(row, sheet.column("to_stop_id"), ids, faults),
        area: sets.areas(row, sheet.column("to_area_id"), ids, faults),
    };
    let selector = sets.selector(sheet, row, &[], ids, faults);
    let column = sheet.column("amount");
    let amount = row.amount(column, common.currency, faults);
    row.refuse_empty(column, "", faults);
    if amount.is_some_and(Minor::is_negative) {
        row.error(column, "below zero: what lowers a price is a campaign or a window", faults);
    }
    let in_caps = row.flag(sheet.column("in_caps"), faults);
    let discountable = row.flag(sheet.column("discountable"), faults);
    let id = Text::new(&format!("fare_surcharges:{}", row.line))?;
    let (true, Some(surcharge), Some(amount)) = (faults.count() == before, surcharge, amount) else {
        return None;
    };
    Some(Surcharge { surcharge, from, to, selector, amount, in_caps, discountable, id })
}
