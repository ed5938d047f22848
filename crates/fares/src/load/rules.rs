//! `fare_leg_rules.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_LEG_RULES;
use crate::model::Files;
use crate::names::Names;
use crate::rules::{Band, Cell, LegRule, LegRules};
use crate::selector::Pick;
use primitives::Text;
use std::collections::BTreeMap;

/// The index, and what the last checks want to know of it.
pub(super) struct Rules {
    pub(super) index: LegRules,
    /// What each rule says, as far as other files and rules must know.
    pub(super) said: Vec<Said>,
}

/// One rule, for the last checks.
pub(super) struct Said {
    pub(super) cell: Cell,
    pub(super) product: u32,
    pub(super) priority: u32,
    pub(super) group: Option<u32>,
    pub(super) transfer_only: bool,
    /// The pass it asks for.
    pub(super) with_pass: Option<u32>,
    /// True when nothing but network and areas restricts it.
    pub(super) always: bool,
    pub(super) line: u64,
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
    min: Column,
    max: Column,
    bounds: Column,
    apart: Column,
    within: Column,
    via: Column,
    transfer_only: Column,
    joined_only: Column,
    with_pass: Column,
}

/// A row on its way into the index.
struct Draft {
    cell: Cell,
    from_frame: Option<u32>,
    to_frame: Option<u32>,
    product: u32,
    priority: u32,
    group: Option<u32>,
    stands_apart: bool,
    distance: Option<Band>,
    within: Option<Pick>,
    via: Option<u32>,
    transfer_only: bool,
    joined_only: bool,
    with_pass: Option<u32>,
    line: u64,
}

/// What tells rules apart besides the cell: timeframes, distance, area of the way, product.
type Rest = (Option<u32>, Option<u32>, Option<Band>, Option<u32>, u32);

impl Draft {
    fn key(&self) -> (Cell, Rest) {
        (self.cell, (self.from_frame, self.to_frame, self.distance, self.via, self.product))
    }

    fn said(&self) -> Said {
        let Draft { cell, product, priority, group, transfer_only, with_pass, line, .. } = *self;
        let frames = self.from_frame.is_some() || self.to_frame.is_some();
        let places = self.distance.is_some() || self.within.is_some() || self.via.is_some();
        let always = !frames && !places && !transfer_only && !self.joined_only && self.with_pass.is_none();
        Said { cell, product, priority, group, transfer_only, with_pass, always, line }
    }

    /// Ties go to the rule that says more: exact areas first, then more filled fields, then product and key in byte
    /// order (numbers of ids are in byte order).
    fn order(&self) -> impl Ord + use<> {
        let areas = u8::from(self.cell.from.is_some()) + u8::from(self.cell.to.is_some());
        let frames = u8::from(self.from_frame.is_some()) + u8::from(self.to_frame.is_some());
        let conditions = [self.distance.is_some(), self.within.is_some(), self.via.is_some()];
        let conditions: u8 = conditions.into_iter().map(u8::from).sum();
        let filled = areas + frames + conditions + u8::from(self.cell.network.is_some());
        let key = (self.product, self.cell, self.from_frame, self.to_frame, self.distance, self.via);
        (std::cmp::Reverse(areas), std::cmp::Reverse(filled), key)
    }
}

/// The leg groups that rules name.
pub(super) fn declared_groups(files: &Files) -> Names {
    // What is wrong with the file is said when its rows are read.
    let sheet = Sheet::read(files, FARE_LEG_RULES, &mut Faults::default());
    let group = sheet.column("leg_group_id");
    Names::build(sheet.rows().filter_map(|row| Text::new(row.get(group))).collect())
}

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Rules {
    let files = common.files;
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
        min: sheet.column("min_distance_units"),
        max: sheet.column("max_distance_units"),
        bounds: sheet.column("distance_bounds"),
        apart: sheet.column("stands_apart"),
        within: sheet.column("within_area_set_id"),
        via: sheet.column("via_area_id"),
        transfer_only: sheet.column("transfer_only"),
        joined_only: sheet.column("joined_only"),
        with_pass: sheet.column("filter_fare_product_id"),
    };
    let mut drafts: Vec<Draft> =
        sheet.rows().filter_map(|row| read_row(row, &columns, common, faults)).collect();
    let keys = drafts.iter().map(|draft| (draft.key(), draft.line)).collect();
    refuse_doubles(keys, sheet.file(), columns.product.name, faults);
    let by_priority = columns.priority.present();
    if by_priority && !sheet.is_empty() && sheet.rows().all(|row| row.get(columns.priority).is_empty()) {
        let message =
            "the column is there but empty: empty fields of rules are ignored, not read as `all others`";
        faults.warn(sheet.file(), 1, columns.priority.name, message);
    }
    warn_bands(&drafts, &sheet, columns.min, faults);
    drafts.sort_by_cached_key(Draft::order);
    let said = drafts.iter().map(Draft::said).collect();
    let ranked = (0_u32..).zip(drafts);
    let rows = ranked.filter_map(|(rank, draft)| {
        let id = Text::new(&format!("fare_leg_rules:{}", draft.line))?;
        let Draft { cell, from_frame, to_frame, product, priority, group, stands_apart, .. } = draft;
        let Draft { distance, within, via, transfer_only, joined_only, with_pass, .. } = draft;
        let anywhere = distance.is_none() && within.is_none() && via.is_none();
        let plain = anywhere && !transfer_only && !joined_only && with_pass.is_none();
        let rule = LegRule {
            priority,
            from_frame,
            to_frame,
            product,
            rank,
            group,
            stands_apart,
            plain,
            distance,
            within,
            via,
            transfer_only,
            joined_only,
            with_pass,
            id,
        };
        Some((cell, rule))
    });
    Rules { index: LegRules::build(by_priority, rows.collect()), said }
}

fn read_row(row: Row<'_>, columns: &Columns, common: &Common<'_>, faults: &mut Faults) -> Option<Draft> {
    let ids = common.ids;
    let before = faults.count();
    row.optional_id(columns.group, faults);
    let group = ids.groups.find(row.get(columns.group));
    let network = row.optional_pick(columns.network, ids.networks, "network", faults);
    let from = row.optional_pick(columns.from, ids.areas, "area in areas.txt", faults);
    let to = row.optional_pick(columns.to, ids.areas, "area in areas.txt", faults);
    let from_frame = row.optional_pick(columns.from_frame, ids.frames, "group in timeframes.txt", faults);
    let to_frame = row.optional_pick(columns.to_frame, ids.frames, "group in timeframes.txt", faults);
    let product = row.pick(columns.product, ids.products, "product in fare_products.txt", faults);
    let priority = row.number(columns.priority, 0, i64::from(u32::MAX), faults).unwrap_or(0);
    let priority = u32::try_from(priority).unwrap_or(u32::MAX);
    let distance = read_band(row, columns, faults);
    let stands_apart = row.flag(columns.apart, faults);
    let within = common.sets.areas(row, columns.within, ids, faults);
    let via = row.optional_pick(columns.via, ids.areas, "area in areas.txt", faults);
    let transfer_only = row.flag(columns.transfer_only, faults);
    let joined_only = row.flag(columns.joined_only, faults);
    let with_pass =
        row.optional_pick(columns.with_pass, ids.products, "product in fare_products.txt", faults);
    let cell = Cell { network, from, to };
    let product = product.filter(|_| faults.count() == before)?;
    Some(Draft {
        cell,
        from_frame,
        to_frame,
        product,
        priority,
        group,
        stands_apart,
        distance,
        within,
        via,
        transfer_only,
        joined_only,
        with_pass,
        line: row.line,
    })
}

/// Ranges of distance that stand in rules which are alike otherwise should meet: a gap has no fare, and where two of
/// them overlap the cheaper product wins.
fn warn_bands(drafts: &[Draft], sheet: &Sheet, column: Column, faults: &mut Faults) {
    let mut alike = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.within.is_none()) {
        let Some(band) = draft.distance else { continue };
        let key = (draft.cell, draft.from_frame, draft.to_frame, draft.via, draft.priority);
        let held: &mut Vec<(Band, u64)> =
            alike.entry((key, draft.transfer_only, draft.joined_only, draft.with_pass)).or_default();
        held.push((band, draft.line));
    }
    for mut bands in alike.into_values() {
        bands.sort_unstable();
        for pair in bands.windows(2) {
            if let [(near, near_line), (far, line)] = pair
                && let Some(fault) = near.seam(far)
            {
                faults.warn(sheet.file(), *line, column.name, format!("{fault} line {near_line}"));
            }
        }
    }
}

/// A range of distance units; nothing when neither end is given.
fn read_band(row: Row<'_>, columns: &Columns, faults: &mut Faults) -> Option<Band> {
    let units = |column: Column, faults: &mut Faults| {
        let number = row.number(column, 0, i64::from(u32::MAX), faults);
        number.and_then(|units| u32::try_from(units).ok())
    };
    let (min, max) = (units(columns.min, faults), units(columns.max, faults));
    let upper_included = row.flag(columns.bounds, faults);
    if min.is_none() && max.is_none() {
        return None;
    }
    let from = min.unwrap_or(0);
    if max.is_some_and(|max| max <= from) {
        row.error(columns.max, "not above min_distance_units: the range is empty", faults);
    }
    Some(Band { from, to: max, upper_included })
}
