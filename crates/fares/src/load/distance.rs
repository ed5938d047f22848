//! `fare_distance_methods.txt`, `fare_distances.txt` and `fare_distance_steps.txt`.

use super::Common;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use super::steps;
use crate::distance::{Distances, GroupWay, Method, PairKey, Pairs, UnitRounding, Way};
use crate::format::{FARE_DISTANCE_METHODS, FARE_DISTANCE_STEPS, FARE_DISTANCES, ROUTE_STOPS};
use crate::products::Products;
use std::collections::BTreeMap;

const UNIT_METRES_MAX: i64 = 1_000_000;

pub(super) fn read(common: &Common<'_>, products: &Products, faults: &mut Faults) -> Distances {
    let methods = read_methods(common, faults);
    let measures = |way| methods.iter().flatten().any(|method: &Method| method.way == way);
    let pairs = read_pairs(common, faults);
    if !pairs.is_empty() && !measures(Way::Matrix) {
        faults.warn(
            FARE_DISTANCES.name,
            0,
            "",
            "no network measures by `matrix`: the file is never looked at",
        );
    }
    let steps = steps::read(common, products, faults);
    if !steps.is_empty() && methods.iter().all(Option::is_none) {
        let message = "no network measures distances: the fare of every ride with such a product is unknown";
        faults.warn(FARE_DISTANCE_STEPS.name, 0, "", message);
    }
    if measures(Way::AlongRoute) {
        check_travelled(common, faults);
    }
    Distances::build(methods, Pairs::build(pairs), steps)
}

fn read_methods(common: &Common<'_>, faults: &mut Faults) -> Vec<Option<Method>> {
    let sheet = Sheet::read(common.files, FARE_DISTANCE_METHODS, faults);
    let network_column = sheet.column("network_id");
    let mut methods = vec![None; common.ids.networks.len()];
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let network = row.pick(network_column, common.ids.networks, "network", faults);
        let method = read_method(&sheet, row, faults);
        if let Some(network) = network {
            keys.push((network, row.line));
            methods[network as usize] = method;
        }
    }
    refuse_doubles(keys, sheet.file(), network_column.name, faults);
    if methods.iter().all(Option::is_none) { Vec::new() } else { methods }
}

fn read_method(sheet: &Sheet, row: Row<'_>, faults: &mut Faults) -> Option<Method> {
    let way = sheet.column("distance_method");
    if row.get(way).is_empty() {
        row.refuse_empty(way, "", faults);
        return None;
    }
    let ways = [Way::Matrix, Way::AlongRoute, Way::GreatCircle, Way::Stops, Way::Zones];
    let way = row.word(way, &ways.map(|way| (way.word(), way)), faults)?;
    let unit_column = sheet.column("unit_metres");
    let unit_metres = row.number(unit_column, 1, UNIT_METRES_MAX, faults).unwrap_or(1);
    if !way.is_length() && !row.get(unit_column).is_empty() {
        row.error(unit_column, format!("a unit of `{}` is no length", way.word()), faults);
    }
    let rounding_column = sheet.column("unit_rounding");
    let roundings =
        [("half_up", UnitRounding::HalfUp), ("up", UnitRounding::Up), ("down", UnitRounding::Down)];
    let rounding = row.word(rounding_column, &roundings, faults)?;
    if way != Way::GreatCircle && !row.get(rounding_column).is_empty() {
        row.error(rounding_column, "only great_circle measures metres; the others give units", faults);
    }
    let group_column = sheet.column("group_distance");
    let (by_stops, by_legs) = (("first_last", GroupWay::FirstLast), ("leg_sum", GroupWay::LegSum));
    let longest = ("max_pair", GroupWay::MaxPair);
    let group = match way.needs_no_route() {
        true => row.word(group_column, &[by_stops, longest, by_legs], faults)?,
        false => row.word(group_column, &[by_legs, by_stops, longest], faults)?,
    };
    if !way.needs_no_route() && group != GroupWay::LegSum {
        let message = "stops of two routes have no such distance; only leg_sum can be known";
        row.error(group_column, message, faults);
    }
    let unit_metres = if way.is_length() { u32::try_from(unit_metres).ok()? } else { 0 };
    Some(Method { way, unit_metres, rounding, group })
}

fn read_pairs(common: &Common<'_>, faults: &mut Faults) -> Vec<(PairKey, u32)> {
    let sheet = Sheet::read(common.files, FARE_DISTANCES, faults);
    let network = sheet.column("network_id");
    let (from, to) = (sheet.column("from_stop_id"), sheet.column("to_stop_id"));
    let (units, symmetric) = (sheet.column("units"), sheet.column("symmetric"));
    let mut pairs: Vec<(PairKey, u32)> = Vec::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let network = row.optional_pick(network, common.ids.networks, "network", faults);
        let first = row.pick(from, common.ids.stops, "stop in stops.txt", faults);
        let last = row.pick(to, common.ids.stops, "stop in stops.txt", faults);
        row.refuse_empty(units, "; a pair that is not known has no row", faults);
        let distance = row.number(units, 0, i64::from(u32::MAX), faults);
        let both = row.word(symmetric, &[("1", true), ("0", false)], faults).unwrap_or(true);
        let distance = distance.and_then(|units| u32::try_from(units).ok());
        let (Some(first), Some(last), Some(distance)) = (first, last, distance) else { continue };
        if first == last && distance != 0 {
            row.error(units, "a stop is 0 away from itself", faults);
        }
        let back = (both && first != last).then_some((network, last, first));
        for key in [Some((network, first, last)), back].into_iter().flatten() {
            keys.push((key, row.line));
            pairs.push((key, distance));
        }
    }
    refuse_doubles(keys, sheet.file(), to.name, faults);
    pairs
}

/// Sequence, units and line of a stop on its route.
type Travelled = (u64, u64, u64);

/// Along a route the travelled units may stand still and never fall.
fn check_travelled(common: &Common<'_>, faults: &mut Faults) {
    // What else is wrong with the file is said where its rows are read.
    let sheet = Sheet::read(common.files, ROUTE_STOPS, &mut Faults::default());
    let (route, direction) = (sheet.column("route_id"), sheet.column("direction_id"));
    let (sequence, units) = (sheet.column("stop_sequence"), sheet.column("fare_distance_units_traveled"));
    let mut ways: BTreeMap<(&str, &str), Vec<Travelled>> = BTreeMap::new();
    for row in sheet.rows() {
        let numbers = row.get(sequence).parse::<u64>().ok().zip(row.get(units).parse::<u64>().ok());
        if let Some((sequence, units)) = numbers {
            let way = ways.entry((row.get(route), row.get(direction))).or_default();
            way.push((sequence, units, row.line));
        }
    }
    for mut way in ways.into_values() {
        way.sort_unstable();
        for pair in way.windows(2) {
            if let [(_, before, _), (_, after, line)] = pair
                && after < before
            {
                let message = format!("{after} after {before}: the way already travelled grows");
                faults.error(sheet.file(), *line, units.name, message);
            }
        }
    }
}
