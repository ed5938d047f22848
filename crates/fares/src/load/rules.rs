//! `fare_leg_rules.txt`.

use super::Ids;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_LEG_RULES;
use crate::model::Files;
use crate::names::Names;
use crate::rules::{Cell, LegRule, LegRules};
use primitives::Text;

/// The index, and what the last checks want to know of it.
pub(super) struct Rules {
    pub(super) index: LegRules,
    /// By product: whether a rule sells it.
    pub(super) sold: Vec<bool>,
    /// Networks and areas that rules name, with the line that names them first.
    pub(super) named: Vec<(Cell, u64)>,
}

struct Columns {
    group: Column,
    network: Column,
    from: Column,
    to: Column,
    from_frame: Column,
    to_frame: Column,
    product: Column,
    priority: Column,
}

/// A row on its way into the index.
struct Draft {
    cell: Cell,
    from_frame: Option<u32>,
    to_frame: Option<u32>,
    product: u32,
    priority: u32,
    line: u64,
}

impl Draft {
    fn key(&self) -> (Cell, Option<u32>, Option<u32>, u32) {
        (self.cell, self.from_frame, self.to_frame, self.product)
    }

    /// Ties go to the rule that says more: exact areas first, then more filled fields, then product and key in byte
    /// order (numbers of ids are in byte order).
    fn order(&self) -> impl Ord + use<> {
        let areas = u8::from(self.cell.from.is_some()) + u8::from(self.cell.to.is_some());
        let frames = u8::from(self.from_frame.is_some()) + u8::from(self.to_frame.is_some());
        let filled = areas + frames + u8::from(self.cell.network.is_some());
        let key = (self.product, self.cell, self.from_frame, self.to_frame);
        (std::cmp::Reverse(areas), std::cmp::Reverse(filled), key)
    }
}

pub(super) fn read(files: &Files, ids: &Ids<'_>, product_ids: &Names, faults: &mut Faults) -> Rules {
    let sheet = Sheet::read(files, FARE_LEG_RULES, faults);
    let columns = Columns {
        group: sheet.column("leg_group_id"),
        network: sheet.column("network_id"),
        from: sheet.column("from_area_id"),
        to: sheet.column("to_area_id"),
        from_frame: sheet.column("from_timeframe_group_id"),
        to_frame: sheet.column("to_timeframe_group_id"),
        product: sheet.column("fare_product_id"),
        priority: sheet.column("rule_priority"),
    };
    let mut drafts: Vec<Draft> =
        sheet.rows().filter_map(|row| read_row(row, &columns, ids, product_ids, faults)).collect();
    let keys = drafts.iter().map(|draft| (draft.key(), draft.line)).collect();
    refuse_doubles(keys, sheet.file(), columns.product.name, faults);
    let by_priority = columns.priority.present();
    if by_priority && !sheet.is_empty() && sheet.rows().all(|row| row.get(columns.priority).is_empty()) {
        let message =
            "the column is there but empty: empty fields of rules are ignored, not read as `all others`";
        faults.warn(sheet.file(), 1, columns.priority.name, message);
    }
    drafts.sort_by_cached_key(Draft::order);
    let mut sold = vec![false; product_ids.len()];
    for draft in &drafts {
        sold[draft.product as usize] = true;
    }
    let named = drafts.iter().map(|draft| (draft.cell, draft.line)).collect();
    let ranked = (0_u32..).zip(drafts);
    let rows = ranked.filter_map(|(rank, draft)| {
        let id = Text::new(&format!("fare_leg_rules:{}", draft.line))?;
        let Draft { cell, from_frame, to_frame, product, priority, .. } = draft;
        Some((cell, LegRule { priority, from_frame, to_frame, product, rank, id }))
    });
    Rules { index: LegRules::build(by_priority, rows.collect()), sold, named }
}

fn read_row(
    row: Row<'_>,
    columns: &Columns,
    ids: &Ids<'_>,
    product_ids: &Names,
    faults: &mut Faults,
) -> Option<Draft> {
    let before = faults.count();
    row.optional_id(columns.group, faults);
    let network = row.optional_pick(columns.network, ids.networks, "network", faults);
    let from = row.optional_pick(columns.from, ids.areas, "area in areas.txt", faults);
    let to = row.optional_pick(columns.to, ids.areas, "area in areas.txt", faults);
    let from_frame = row.optional_pick(columns.from_frame, ids.frames, "group in timeframes.txt", faults);
    let to_frame = row.optional_pick(columns.to_frame, ids.frames, "group in timeframes.txt", faults);
    let product = row.pick(columns.product, product_ids, "product in fare_products.txt", faults);
    let priority = row.number(columns.priority, 0, i64::from(u32::MAX), faults).unwrap_or(0);
    let priority = u32::try_from(priority).unwrap_or(u32::MAX);
    let cell = Cell { network, from, to };
    let product = product.filter(|_| faults.count() == before)?;
    Some(Draft { cell, from_frame, to_frame, product, priority, line: row.line })
}
