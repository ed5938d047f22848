//! `selector_sets.txt`, and the selector columns of every other file.

use super::Ids;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::SELECTOR_SETS;
use crate::model::Files;
use crate::names::Names;
use crate::selector::{Field, Pick, Selector};
use std::collections::BTreeMap;

/// The kinds of sets, by their word. Areas are looked at by rows that name them, not by selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SetKind {
    Of(Field),
    Area,
    Stop,
}

const KINDS: &[(&str, SetKind)] = &[
    ("network", SetKind::Of(Field::Network)),
    ("agency", SetKind::Of(Field::Agency)),
    ("route", SetKind::Of(Field::Route)),
    ("leg_group", SetKind::Of(Field::LegGroup)),
    ("rider_category", SetKind::Of(Field::Rider)),
    ("fare_media", SetKind::Of(Field::Medium)),
    ("fare_product", SetKind::Of(Field::Product)),
    ("timeframe_group", SetKind::Of(Field::Timeframe)),
    ("area", SetKind::Area),
    ("stop", SetKind::Stop),
];

/// The selector columns, by the name they have in every file.
const COLUMNS: &[(&str, Field)] = &[
    ("network_id", Field::Network),
    ("agency_id", Field::Agency),
    ("route_id", Field::Route),
    ("leg_group_id", Field::LegGroup),
    ("rider_category_id", Field::Rider),
    ("fare_media_id", Field::Medium),
    ("fare_product_id", Field::Product),
    ("timeframe_group_id", Field::Timeframe),
];

/// The sets of a policy by kind and id.
#[derive(Debug, Default)]
pub(super) struct Sets(BTreeMap<(SetKind, String), Pick>);

pub(super) fn read(files: &Files, ids: &Ids<'_>, faults: &mut Faults) -> Sets {
    let sheet = Sheet::read(files, SELECTOR_SETS, faults);
    let (set, kind) = (sheet.column("set_id"), sheet.column("set_kind"));
    let (element, exclude) = (sheet.column("element_id"), sheet.column("exclude"));
    let mut sets: BTreeMap<(SetKind, String), (Vec<u32>, bool)> = BTreeMap::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let set_id = row.id(set, faults);
        if row.refuse_empty(kind, "", faults) {
            continue;
        }
        let of = row.word(kind, KINDS, faults);
        let excluded = row.flag(exclude, faults);
        let (Some(set_id), Some(of)) = (set_id, of) else { continue };
        if find(of, set_id.as_str(), ids).is_some() {
            row.error(
                set,
                "the set has the id of one of its kind; a selector could not tell them apart",
                faults,
            );
        }
        let Some(number) = find(of, row.get(element), ids) else {
            row.error(element, format!("there is no {} `{}`", row.get(kind), row.get(element)), faults);
            continue;
        };
        keys.push(((of, set_id.clone(), number), row.line));
        let held = sets.entry((of, set_id.to_string())).or_insert_with(|| (Vec::new(), excluded));
        if held.1 != excluded {
            row.error(exclude, "differs from another row of this set", faults);
        }
        held.0.push(number);
    }
    refuse_doubles(keys, sheet.file(), element.name, faults);
    let finish = |(key, (mut ids, exclude)): ((SetKind, String), (Vec<u32>, bool))| {
        ids.sort_unstable();
        (key, Pick::Set { ids, exclude })
    };
    Sets(sets.into_iter().map(finish).collect())
}

fn find(kind: SetKind, id: &str, ids: &Ids<'_>) -> Option<u32> {
    let names: &Names = match kind {
        SetKind::Of(Field::Agency) => return ids.agencies.get(id).copied(),
        SetKind::Of(Field::Network) => ids.networks,
        SetKind::Of(Field::Route) => ids.routes,
        SetKind::Of(Field::LegGroup) => ids.groups,
        SetKind::Of(Field::Rider) => ids.riders,
        SetKind::Of(Field::Medium) => ids.media,
        SetKind::Of(Field::Product) => ids.products,
        SetKind::Of(Field::Timeframe) => ids.frames,
        SetKind::Area => ids.areas,
        SetKind::Stop => ids.stops,
    };
    names.find(id)
}

impl Sets {
    /// What a column that takes an id or a set of this kind says; nothing when it is empty.
    fn pick(
        &self,
        kind: SetKind,
        row: Row<'_>,
        column: Column,
        ids: &Ids<'_>,
        faults: &mut Faults,
    ) -> Option<Pick> {
        let text = row.get(column);
        if text.is_empty() {
            return None;
        }
        let set = || self.0.get(&(kind, text.to_owned())).cloned();
        let found = find(kind, text, ids).map(Pick::One).or_else(set);
        if found.is_none() {
            row.error(
                column,
                format!("there is no such id, and no set of them in selector_sets.txt: `{text}`"),
                faults,
            );
        }
        found
    }

    /// The areas a column names: one area or a set.
    pub(super) fn areas(
        &self,
        row: Row<'_>,
        column: Column,
        ids: &Ids<'_>,
        faults: &mut Faults,
    ) -> Option<Pick> {
        self.pick(SetKind::Area, row, column, ids, faults)
    }

    /// The stops a column names: one stop or station, or a set.
    pub(super) fn stops(
        &self,
        row: Row<'_>,
        column: Column,
        ids: &Ids<'_>,
        faults: &mut Faults,
    ) -> Option<Pick> {
        self.pick(SetKind::Stop, row, column, ids, faults)
    }

    /// One selector column by its name.
    pub(super) fn field(
        &self,
        field: Field,
        row: Row<'_>,
        column: Column,
        ids: &Ids<'_>,
        faults: &mut Faults,
    ) -> Option<Pick> {
        self.pick(SetKind::Of(field), row, column, ids, faults)
    }

    /// Every selector column that the file has, except those named, which mean something else there.
    pub(super) fn selector(
        &self,
        sheet: &Sheet,
        row: Row<'_>,
        except: &[&str],
        ids: &Ids<'_>,
        faults: &mut Faults,
    ) -> Selector {
        let mut picks = Vec::new();
        for (name, field) in COLUMNS.iter().filter(|(name, _)| sheet.has(name) && !except.contains(name)) {
            let pick = self.pick(SetKind::Of(*field), row, sheet.column(name), ids, faults);
            picks.extend(pick.map(|pick| (*field, pick)));
        }
        Selector(picks)
    }
}
