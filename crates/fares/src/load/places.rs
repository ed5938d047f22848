//! Agencies, routes, networks, stops and areas.

use super::head::Parties;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::{AGENCY, AREAS, NETWORKS, ROUTE_NETWORKS, ROUTE_STOPS, ROUTES, STOP_AREAS, STOPS};
use crate::limits::{AREAS_MAX, NETWORKS_MAX};
use crate::model::Files;
use crate::names::Names;
use crate::policy::{Position, RouteRow, StopRow};
use chrono_tz::Tz;
use primitives::{PartyNo, Text};
use std::collections::BTreeMap;

/// What the files of places say.
pub(crate) struct Places {
    pub(crate) network_ids: Names,
    pub(crate) route_ids: Names,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) stop_ids: Names,
    pub(crate) stops: Vec<StopRow>,
    pub(crate) area_ids: Names,
    /// The party number of each agency, by id.
    pub(crate) agencies: BTreeMap<String, u32>,
}

pub(crate) fn read(files: &Files, parties: &Parties, zone: Option<Tz>, faults: &mut Faults) -> Places {
    let agencies = read_agencies(files, parties, zone, faults);
    let routes_sheet = Sheet::read(files, ROUTES, faults);
    let network_ids = read_networks(files, &routes_sheet, faults);
    let (route_ids, mut routes) = read_routes(&routes_sheet, &agencies, &network_ids, faults);
    read_route_networks(files, &network_ids, &route_ids, &mut routes, faults);
    let area_ids = read_areas(files, faults);
    let (stop_ids, mut stops) = read_stops(files, faults);
    read_stop_areas(files, &area_ids, &stop_ids, &mut stops, faults);
    read_route_stops(files, &route_ids, &stop_ids, &mut routes, faults);
    let number = |(id, party): (&Text, &Option<PartyNo>)| party.map(|party| (id.to_string(), party.0));
    let agencies = agencies.iter().filter_map(number).collect();
    Places { network_ids, route_ids, routes, stop_ids, stops, area_ids, agencies }
}

/// The ids of a file's key column; an id that stands there twice is an error.
pub(super) fn read_ids(sheet: &Sheet, column: Column, faults: &mut Faults) -> Names {
    let mut ids: Vec<(Text, u64)> = Vec::new();
    for row in sheet.rows() {
        ids.extend(row.id(column, faults).map(|id| (id, row.line)));
    }
    refuse_doubles(ids.clone(), sheet.file(), column.name, faults);
    Names::build(ids.into_iter().map(|(id, _)| id).collect())
}

fn read_agencies(
    files: &Files,
    parties: &Parties,
    zone: Option<Tz>,
    faults: &mut Faults,
) -> BTreeMap<Text, Option<PartyNo>> {
    let sheet = Sheet::read(files, AGENCY, faults);
    let (id, name) = (sheet.column("agency_id"), sheet.column("agency_name"));
    let zone_column = sheet.column("agency_timezone");
    let mut agencies = BTreeMap::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        row.name(name, faults);
        same_zone(row, zone_column, zone, faults);
        // A feed of one agency need not name it.
        if row.get(id).is_empty()
            && sheet.rows().count() == 1
            && let Some((party, operator)) = parties.only_operator()
        {
            agencies.insert(party, Some(operator));
            continue;
        }
        if row.get(id).is_empty() {
            faults.error(
                sheet.file(),
                row.line,
                id.name,
                "the field is empty; only one agency with one operator in parties.txt needs no id",
            );
            continue;
        }
        let operator = parties.operator(row, id, faults);
        if let Some(id) = Text::new(row.get(id)) {
            keys.push((id.clone(), row.line));
            agencies.insert(id, operator);
        }
    }
    refuse_doubles(keys, sheet.file(), id.name, faults);
    agencies
}

/// One policy has one zone: days, bands and service dates are cut by it.
fn same_zone(row: Row<'_>, column: Column, zone: Option<Tz>, faults: &mut Faults) {
    let text = row.get(column);
    if let Some(zone) = zone
        && !text.is_empty()
        && text != zone.name()
    {
        row.error(column, format!("`{text}` differs from the policy's time zone {}", zone.name()), faults);
    }
}

/// The zone of a stop's clock, where it is given.
fn own_zone(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<Tz> {
    let text = row.get(column);
    let own = text.parse::<Tz>().ok();
    if own.is_none() && !text.is_empty() {
        row.error(column, format!("not a time zone of the tz database: `{text}`"), faults);
    }
    own
}

fn read_networks(files: &Files, routes: &Sheet, faults: &mut Faults) -> Names {
    let sheet = Sheet::read(files, NETWORKS, faults);
    let on_routes = routes.column("network_id");
    let (id, name) = (sheet.column("network_id"), sheet.column("network_name"));
    for row in sheet.rows() {
        row.name(name, faults);
    }
    let networks = if on_routes.present() {
        for file in [NETWORKS.name, ROUTE_NETWORKS.name] {
            if files.contains_key(file) {
                faults.error(
                    file,
                    0,
                    "",
                    "networks are given here and in routes.txt; one of the two is right",
                );
            }
        }
        let ids = routes.rows().filter_map(|row| row.optional_id(on_routes, faults)).collect();
        Names::build(ids)
    } else {
        read_ids(&sheet, id, faults)
    };
    if networks.len() > NETWORKS_MAX {
        faults.error(sheet.file(), 0, id.name, format!("more than {NETWORKS_MAX} networks"));
    }
    networks
}

fn read_routes(
    sheet: &Sheet,
    agencies: &BTreeMap<Text, Option<PartyNo>>,
    networks: &Names,
    faults: &mut Faults,
) -> (Names, Vec<RouteRow>) {
    let (id, agency) = (sheet.column("route_id"), sheet.column("agency_id"));
    let (short, long) = (sheet.column("route_short_name"), sheet.column("route_long_name"));
    let network = sheet.column("network_id");
    let ids = read_ids(sheet, id, faults);
    let mut routes = BTreeMap::new();
    for row in sheet.rows() {
        let names = (row.name(short, faults), row.name(long, faults));
        let text = row.get(agency);
        let only = || agencies.values().next().copied().filter(|_| text.is_empty() && agencies.len() == 1);
        let operator = Text::new(text).and_then(|agency| agencies.get(&agency).copied()).or_else(only);
        if operator.is_none() {
            faults.error(row.file, row.line, agency.name, format!("there is no agency `{text}`"));
        }
        let network = networks.find(row.get(network));
        if let (Some(number), Some(Some(agency))) = (ids.find(row.get(id)), operator) {
            let (short_name, long_name) = names;
            let (stops, travelled) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
            routes.insert(number, RouteRow { agency, network, short_name, long_name, stops, travelled });
        }
    }
    (ids, routes.into_values().collect())
}

fn read_route_networks(
    files: &Files,
    networks: &Names,
    route_ids: &Names,
    routes: &mut [RouteRow],
    faults: &mut Faults,
) {
    let sheet = Sheet::read(files, ROUTE_NETWORKS, faults);
    let (network, route) = (sheet.column("network_id"), sheet.column("route_id"));
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let network = row.pick(network, networks, "network in networks.txt", faults);
        let Some(number) = row.pick(route, route_ids, "route in routes.txt", faults) else { continue };
        keys.push((number, row.line));
        if let Some(route) = routes.get_mut(number as usize) {
            route.network = network;
        }
    }
    refuse_doubles(keys, sheet.file(), route.name, faults);
}

fn read_areas(files: &Files, faults: &mut Faults) -> Names {
    let sheet = Sheet::read(files, AREAS, faults);
    let (id, name) = (sheet.column("area_id"), sheet.column("area_name"));
    for row in sheet.rows() {
        row.name(name, faults);
    }
    let areas = read_ids(&sheet, id, faults);
    if areas.len() > AREAS_MAX {
        faults.error(sheet.file(), 0, id.name, format!("more than {AREAS_MAX} areas"));
    }
    areas
}

fn read_stops(files: &Files, faults: &mut Faults) -> (Names, Vec<StopRow>) {
    let sheet = Sheet::read(files, STOPS, faults);
    let (id, name) = (sheet.column("stop_id"), sheet.column("stop_name"));
    let (parent, stop_zone) = (sheet.column("parent_station"), sheet.column("stop_timezone"));
    let (latitude, longitude) = (sheet.column("stop_lat"), sheet.column("stop_lon"));
    let ids = read_ids(&sheet, id, faults);
    let mut stops = BTreeMap::new();
    let mut parents = Vec::new();
    for row in sheet.rows() {
        let zone = own_zone(row, stop_zone, faults);
        let name = row.name(name, faults);
        let above = row.optional_pick(parent, &ids, "stop in stops.txt", faults);
        if let Some(number) = ids.find(row.get(id)) {
            let latitude = read_degrees(row, latitude, 90, faults);
            let longitude = read_degrees(row, longitude, 180, faults);
            let position =
                latitude.zip(longitude).map(|(latitude, longitude)| Position { latitude, longitude });
            let station = above.unwrap_or(number);
            stops.insert(number, StopRow { name, station, areas: Vec::new(), position, zone });
            parents.extend(above.map(|above| (number, above, row)));
        }
    }
    let mut stops: Vec<StopRow> = stops.into_values().collect();
    resolve_stations(&mut stops, &parents, parent, faults);
    // A platform has the clock of its station.
    for number in 0..stops.len() {
        let station = stops.get(stops[number].station as usize).and_then(|station| station.zone);
        stops[number].zone = station.or(stops[number].zone);
    }
    (ids, stops)
}

/// Degrees in thousand-millionths; further digits say nothing about a stop and are dropped.
fn read_degrees(row: Row<'_>, column: Column, max: i64, faults: &mut Faults) -> Option<i64> {
    const PLACES: usize = 9;
    let text = row.get(column);
    if text.is_empty() {
        return None;
    }
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |plain| (-1, plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let found = (!whole.is_empty() && whole.len() <= 3 && digits(whole) && digits(fraction))
        .then(|| format!("{whole}{:0<PLACES$.PLACES$}", fraction))
        .and_then(|digits| digits.parse::<i64>().ok())
        .filter(|degrees| *degrees <= max * 1_000_000_000);
    if found.is_none() {
        row.error(column, format!("not decimal degrees between -{max} and {max}: `{text}`"), faults);
    }
    found.map(|degrees| sign * degrees)
}

/// A boarding area lies in a platform, a platform in a station: climbs to the top, at most a few steps.
fn resolve_stations(
    stops: &mut [StopRow],
    parents: &[(u32, u32, Row<'_>)],
    column: Column,
    faults: &mut Faults,
) {
    const DEPTH_MAX: usize = 4;
    let above: BTreeMap<u32, u32> = parents.iter().map(|(stop, above, _)| (*stop, *above)).collect();
    for (stop, _, row) in parents {
        let mut top = *stop;
        for _ in 0..DEPTH_MAX {
            top = above.get(&top).copied().unwrap_or(top);
        }
        if above.contains_key(&top) {
            row.error(column, "the stop lies in itself, or too deep in other stops", faults);
        }
        if let Some(stop) = stops.get_mut(*stop as usize) {
            stop.station = top;
        }
    }
}

fn read_stop_areas(
    files: &Files,
    areas: &Names,
    stop_ids: &Names,
    stops: &mut [StopRow],
    faults: &mut Faults,
) {
    let sheet = Sheet::read(files, STOP_AREAS, faults);
    let (area, stop) = (sheet.column("area_id"), sheet.column("stop_id"));
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let area = row.pick(area, areas, "area in areas.txt", faults);
        let stop = row.pick(stop, stop_ids, "stop in stops.txt", faults);
        if let (Some(area), Some(stop)) = (area, stop) {
            keys.push(((area, stop), row.line));
            if let Some(stop) = stops.get_mut(stop as usize) {
                stop.areas.push(area);
            }
        }
    }
    refuse_doubles(keys, sheet.file(), stop.name, faults);
    // A row of a station covers its platforms, unless a platform has rows of its own.
    for number in 0..stops.len() {
        let station = stops[number].station as usize;
        if stops[number].areas.is_empty() && station != number {
            stops[number].areas = stops.get(station).map(|station| station.areas.clone()).unwrap_or_default();
        }
    }
    for stop in stops {
        stop.areas.sort_unstable();
    }
}

fn read_route_stops(
    files: &Files,
    route_ids: &Names,
    stop_ids: &Names,
    routes: &mut [RouteRow],
    faults: &mut Faults,
) {
    let sheet = Sheet::read(files, ROUTE_STOPS, faults);
    let (route, direction) = (sheet.column("route_id"), sheet.column("direction_id"));
    let (sequence, stop) = (sheet.column("stop_sequence"), sheet.column("stop_id"));
    let units = sheet.column("fare_distance_units_traveled");
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for row in sheet.rows() {
        let before = faults.count();
        let back = row.flag(direction, faults);
        let place = row.number(sequence, 0, i64::from(u32::MAX), faults);
        row.refuse_empty(sequence, "", faults);
        let units =
            row.number(units, 0, i64::from(u32::MAX), faults).and_then(|units| u32::try_from(units).ok());
        let route = row.pick(route, route_ids, "route in routes.txt", faults);
        let stop = row.pick(stop, stop_ids, "stop in stops.txt", faults);
        if let (true, Some(route), Some(stop)) = (faults.count() == before, route, stop) {
            rows.push((route, back, place, stop, units));
            keys.push(((route, back, place), row.line));
        }
    }
    refuse_doubles(keys, sheet.file(), sequence.name, faults);
    rows.sort_unstable();
    for (route, back, _, stop, units) in rows {
        if let Some(route) = routes.get_mut(route as usize) {
            route.stops[usize::from(back)].push(stop);
            route.travelled[usize::from(back)].push(units);
        }
    }
}
