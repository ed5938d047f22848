//! `fare_leg_join_rules.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_LEG_JOIN_RULES;
use crate::joins::{JoinRow, Joins, Measure, PriceNetwork, Routes};
use crate::selector::{Field, Pick};
use primitives::Text;
use std::cmp::Reverse;

/// The longest limit that a row may set, in seconds.
const SECONDS_MAX: i64 = 7 * 24 * 3600;

const MEASURES: &[(&str, Measure)] = &[
    ("0", Measure::DepartureToArrival),
    ("1", Measure::DepartureToDeparture),
    ("2", Measure::ArrivalToDeparture),
    ("3", Measure::ArrivalToArrival),
];
const ROUTES: &[(&str, Routes)] = &[("0", Routes::Any), ("1", Routes::Same), ("2", Routes::Different)];
const PRICE_NETWORKS: &[(&str, PriceNetwork)] = &[
    ("all_same", PriceNetwork::AllSame),
    ("first", PriceNetwork::First),
    ("last", PriceNetwork::Last),
    ("dearest", PriceNetwork::Dearest),
];

/// The order rows are asked in: those that say more of the change first, then by the text of the key.
type Rank<'a> = (bool, Reverse<bool>, bool, u8, Key<'a>);
/// Networks, stops, the station rule and the timeframe, as they are written.
type Key<'a> = ([&'a str; 4], Reverse<bool>, &'a str);

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Joins {
    let sheet = Sheet::read(common.files, FARE_LEG_JOIN_RULES, faults);
    let mut keys = Vec::new();
    let mut ranked: Vec<(Rank<'_>, JoinRow)> = Vec::new();
    for row in sheet.rows() {
        let before = faults.count();
        let draft = read_row(&sheet, row, common, faults);
        let Some(draft) = draft.filter(|_| faults.count() == before) else { continue };
        let texts = ["from_network_id", "to_network_id", "from_stop_id", "to_stop_id"];
        let texts = texts.map(|name| row.get(sheet.column(name)));
        let frame = row.get(sheet.column("gap_timeframe_group_id"));
        let key = (texts, Reverse(draft.same_station), frame);
        let sets = [&draft.from, &draft.to].map(|pick| u8::from(matches!(pick, Pick::Set { .. })));
        let rank =
            (draft.stops.is_none(), Reverse(draft.same_station), frame.is_empty(), sets[0] + sets[1], key);
        keys.push((key, row.line));
        ranked.push((rank, draft));
    }
    refuse_doubles(keys, sheet.file(), "from_network_id", faults);
    ranked.sort_by_key(|(rank, _)| *rank);
    Joins::new(ranked.into_iter().map(|(_, row)| row).collect())
}

fn read_row(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<JoinRow> {
    let column = |name| sheet.column(name);
    let from = read_network(row, column("from_network_id"), common, faults);
    let to = read_network(row, column("to_network_id"), common, faults);
    let stops = read_stops(sheet, row, common, faults);
    let named = !row.get(column("from_stop_id")).is_empty();
    let same_station = column("same_station");
    if named && !row.get(same_station).is_empty() {
        row.error(same_station, "left empty when stops are given: they say where one changes", faults);
    }
    let same_station = row.word(same_station, &[("1", true), ("0", false)], faults).unwrap_or(true) && !named;
    let gap_frame = column("gap_timeframe_group_id");
    let gap_frame = row.optional_pick(gap_frame, common.ids.frames, "group in timeframes.txt", faults);
    let duration = read_duration(sheet, row, faults);
    let max_gap = read_limit(sheet, row, "max_gap", "gap_bound", 0, faults);
    let max_joins = row.number(column("max_joins"), 1, i64::from(u32::MAX), faults);
    let routes = row.word(column("same_route"), ROUTES, faults);
    let tapped = row.word(column("tap_between"), &[("1", true), ("0", false)], faults);
    let optional = row.flag(column("join_optional"), faults);
    let day_start = row.time(column("day_start_time"), faults);
    let price_network = row.word(column("price_network"), PRICE_NETWORKS, faults);
    let frames = [("first", false), ("distance_pair", true)];
    let at_measured_start = row.word(column("timeframe_leg"), &frames, faults);
    let ratchet = row.flag(column("price_ratchet"), faults);
    let ceiling = row.word(column("ceiling"), &[("none", false), ("sum_of_legs", true)], faults);
    if duration.is_none() && max_gap.is_none() && day_start.is_none() {
        let message = "no limit of time: the row joins legs however far apart; give max_gap, duration_limit or \
                       day_start_time";
        faults.warn(sheet.file(), row.line, "max_gap", message);
    }
    Some(JoinRow {
        from: from?,
        to: to?,
        stops,
        same_station,
        gap_frame,
        duration,
        max_gap,
        max_joins: max_joins.and_then(|most| usize::try_from(most).ok()),
        routes: routes?,
        tapped: tapped?,
        optional,
        day_start,
        price_network: price_network?,
        at_measured_start: at_measured_start?,
        ratchet,
        ceiling: ceiling?,
        id: Text::new(&format!("fare_leg_join_rules:{}", row.line))?,
    })
}

fn read_network(row: Row<'_>, column: Column, common: &Common<'_>, faults: &mut Faults) -> Option<Pick> {
    if row.refuse_empty(column, "; it names a network or a set of networks", faults) {
        return None;
    }
    common.sets.field(Field::Network, row, column, common.ids, faults)
}

fn read_stops(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<(u32, u32)> {
    let (from, to) = (sheet.column("from_stop_id"), sheet.column("to_stop_id"));
    if row.get(from).is_empty() != row.get(to).is_empty() {
        let empty = if row.get(from).is_empty() { from } else { to };
        row.error(empty, "from_stop_id and to_stop_id are given both or neither", faults);
    }
    let left = row.optional_pick(from, common.ids.stops, "stop", faults);
    left.zip(row.optional_pick(to, common.ids.stops, "stop", faults))
}

fn read_duration(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<(i64, Measure)> {
    let (limit, measure) = (sheet.column("duration_limit"), sheet.column("duration_limit_type"));
    if row.get(limit).is_empty() != row.get(measure).is_empty() {
        let message = "duration_limit and duration_limit_type are given both or neither";
        row.error(if row.get(limit).is_empty() { limit } else { measure }, message, faults);
    }
    let seconds = read_limit(sheet, row, "duration_limit", "duration_limit_bound", 1, faults);
    let measure = row.word(measure, MEASURES, faults);
    seconds.zip(measure)
}

/// A limit as the last whole second that it allows.
fn read_limit(
    sheet: &Sheet,
    row: Row<'_>,
    name: &'static str,
    bound: &'static str,
    least: i64,
    faults: &mut Faults,
) -> Option<i64> {
    let (limit, bound) = (sheet.column(name), sheet.column(bound));
    let seconds = row.number(limit, least, SECONDS_MAX, faults);
    if row.get(limit).is_empty() && !row.get(bound).is_empty() {
        row.error(bound, format!("given without {name}"), faults);
    }
    let excluded = row.flag(bound, faults);
    seconds.map(|seconds| seconds - i64::from(excluded))
}
