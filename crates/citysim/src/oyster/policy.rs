//! A policy made of what was learned, in the files of any other city.

use super::OysterError;
use super::learn::{Ends, Learned, PEAKS};
use super::rows::{Reading, Trip, each_row};
use primitives::{Currency, Minor, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The city's name.
pub const CITY: &str = "london-2009";
/// The default rider category: pays as it goes.
pub const PAY_AS_YOU_GO: &str = "payg";
/// Riders on a season ticket or pass.
pub const TICKET: &str = "ticket";
/// Riders who pay an extension of their ticket: what it costs is not learned, so it stays unknown.
pub const MIXED: &str = "mixed";
/// The card, and the card with a season ticket on it.
pub(super) const CARD: &str = "oyster";
pub(super) const SEASON: &str = "season";
/// A ride that lasts longer is two rides of which each lost one end.
const JOURNEY_SECONDS_MAX: u32 = 6 * 3600;

/// The networks and stations of some files. They are reference data: a station is known although no fare is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    networks: BTreeMap<Text, Uses>,
    stations: BTreeSet<Text>,
}

/// How a network is ridden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Uses {
    boarded: bool,
    gated: bool,
}

/// Collects the networks and stations of every file that will be learned from or cleared.
pub fn survey(files: &[&[u8]]) -> Result<Places, OysterError> {
    let mut places = Places::default();
    for file in files {
        each_row(file, |reading| {
            let Reading::Row(row) = reading else { return };
            let uses = match places.networks.get_mut(&row.subsystem) {
                Some(uses) => uses,
                None => places.networks.entry(row.subsystem).or_default(),
            };
            let boarded = matches!(row.trip, Trip::Boarding { .. });
            uses.boarded |= boarded;
            uses.gated |= !boarded;
            let (one, other) = match row.trip {
                Trip::Boarding { stop } => (stop, None),
                Trip::Gated { from, to } => (Some(from), Some(to)),
                Trip::Unfinished { from } => (Some(from), None),
                Trip::Unstarted { to } => (Some(to), None),
            };
            for station in [one, other].into_iter().flatten() {
                if !places.stations.contains(&station) {
                    places.stations.insert(station);
                }
            }
        })?;
    }
    Ok(places)
}

impl Places {
    /// The networks, in byte order.
    pub fn networks(&self) -> impl Iterator<Item = &Text> {
        self.networks.keys()
    }

    /// The stations' ids, in byte order.
    pub fn stations(&self) -> impl Iterator<Item = &Text> {
        self.stations.iter()
    }

    /// The route and network id of a subsystem. One that is both boarded and gated (trams) has two, because a
    /// boarding's flat fare must not fit a ride between gates.
    pub(super) fn route(&self, subsystem: &Text, boarding: bool) -> Option<Text> {
        match self.networks.get(subsystem)? {
            Uses { boarded: true, gated: true } if boarding => Text::new(&format!("{subsystem}-boarding")),
            _ => Some(subsystem.clone()),
        }
    }

    /// Number of the operator that runs a network: its place in byte order.
    pub(super) fn operator(&self, subsystem: &Text) -> Option<u32> {
        let before = self.networks.range::<Text, _>(..subsystem).count();
        self.networks.contains_key(subsystem).then(|| before as u32 + 1)
    }

    /// Every (subsystem, route, is it boarded).
    fn routes(&self) -> Vec<(&Text, Text, bool)> {
        let mut routes = Vec::new();
        for (subsystem, uses) in &self.networks {
            for boarding in [true, false] {
                let used = if boarding { uses.boarded } else { uses.gated };
                if let (true, Some(route)) = (used, self.route(subsystem, boarding)) {
                    routes.push((subsystem, route, boarding));
                }
            }
        }
        routes
    }
}

/// Above every operator's number: the sample knows fewer than twenty networks.
const ACQUIRER_NUMBER: &str = "900";

/// The policy's files.
pub fn policy_files(learned: &Learned, places: &Places) -> fares::Files {
    let mut files = fares::Files::new();
    let mut put = |name: &str, table: Table| files.insert(name.to_owned(), table.0.into_bytes());
    put(
        "fare_policies.txt",
        Table::new("policy_id,valid_from,valid_until,timezone,currency,day_start_time").row(&[
            CITY,
            "2009-10-01",
            "2010-01-01",
            "Europe/London",
            "GBP",
            "04:30:00",
        ]),
    );
    // The sample says nothing of balances, so every ride is taken on account and owed by one acquirer.
    let acquirer = ["card-acquirer", "Acquirer of all cards", "acquirer", ACQUIRER_NUMBER];
    put("parties.txt", operators(places, "party_id,party_name,party_kind,party_number").row(&acquirer));
    put("agency.txt", operators(places, "agency_id,agency_name"));
    let routes = places.routes();
    let mut routes_table = Table::new("route_id,agency_id,route_short_name,network_id");
    for (subsystem, route, _) in &routes {
        let agency = operator_id(subsystem);
        routes_table = routes_table.row(&[route.as_str(), &agency, route.as_str(), route.as_str()]);
    }
    put("routes.txt", routes_table);
    let (mut stops, mut areas, mut stop_areas) =
        (Table::new("stop_id,stop_name"), Table::new("area_id,area_name"), Table::new("area_id,stop_id"));
    for station in &places.stations {
        let pair = [station.as_str(), station.as_str()];
        stops = stops.row(&pair);
        areas = areas.row(&pair);
        stop_areas = stop_areas.row(&pair);
    }
    put("stops.txt", stops);
    put("areas.txt", areas);
    put("stop_areas.txt", stop_areas);
    put("calendar.txt", calendar());
    put("timeframes.txt", timeframes());
    put(
        "rider_categories.txt",
        Table::new("rider_category_id,rider_category_name,is_default_fare_category")
            .row(&[PAY_AS_YOU_GO, "Pay as you go", "1"])
            .row(&[TICKET, "Season ticket or pass", "0"])
            .row(&[MIXED, "Extension of a ticket", "0"]),
    );
    put(
        "fare_media.txt",
        Table::new("fare_media_id,fare_media_name,fare_media_type").row(&[CARD, "Oyster card", "2"]).row(&[
            SEASON,
            "Oyster card with a season ticket",
            "2",
        ]),
    );
    put("fare_products.txt", products(learned));
    put("fare_leg_rules.txt", rules(learned, places));
    put("incomplete_journeys.txt", incomplete(learned, places));
    files
}

/// Comma-separated rows under a header.
struct Table(String);

impl Table {
    fn new(header: &str) -> Self {
        Table(format!("{header}\n"))
    }

    fn row(mut self, fields: &[&str]) -> Self {
        for (at, field) in fields.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = match field.contains([',', '"']) {
                true => write!(self.0, "{comma}\"{}\"", field.replace('"', "\"\"")),
                false => write!(self.0, "{comma}{field}"),
            };
        }
        self.0.push('\n');
        self
    }
}

fn operator_id(subsystem: &Text) -> String {
    format!("op-{subsystem}")
}

/// One operator a network; the two tables differ in their last columns only.
fn operators(places: &Places, header: &str) -> Table {
    let columns = header.split(',').count();
    let mut table = Table::new(header);
    for subsystem in places.networks.keys() {
        let number = places.operator(subsystem).unwrap_or(0).to_string();
        let fields = [&operator_id(subsystem), subsystem.as_str(), "operator", &number];
        table = table.row(fields.get(..columns).unwrap_or(&fields));
    }
    table
}

fn calendar() -> Table {
    let header = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date";
    let days = |working: &'static str, weekend: &'static str| {
        [working, working, working, working, working, weekend, weekend, "20091001", "20100101"]
    };
    let row = |table: Table, id: &'static str, days: [&'static str; 9]| {
        let fields: Vec<&str> = std::iter::once(id).chain(days).collect();
        table.row(&fields)
    };
    row(row(Table::new(header), "working", days("1", "0")), "weekend", days("0", "1"))
}

/// Peak and off-peak bands; the end of a band is the minute after its last.
fn timeframes() -> Table {
    let clock = |minute: u32| format!("{:02}:{:02}:00", minute / 60, minute % 60);
    let mut table = Table::new("timeframe_group_id,start_time,end_time,service_id");
    let mut free_from = 0;
    for (first, last) in PEAKS {
        table = table.row(&["offpeak", &clock(free_from), &clock(first), "working"]);
        table = table.row(&["peak", &clock(first), &clock(last + 1), "working"]);
        free_from = last + 1;
    }
    table = table.row(&["offpeak", &clock(free_from), "24:00:00", "working"]);
    table.row(&["offpeak", "00:00:00", "24:00:00", "weekend"])
}

fn product_id(fare: Minor) -> String {
    format!("single-{}", fare.units())
}

/// The product of riders with a ticket: for anybody, but only on a card with a ticket on it.
const TICKET_PRODUCT: &str = "season-ticket";

fn products(learned: &Learned) -> Table {
    let mut table = Table::new("fare_product_id,rider_category_id,fare_media_id,amount,currency");
    table = table.row(&[TICKET_PRODUCT, "", SEASON, "0.00", "GBP"]);
    for fare in learned.cells.values().collect::<BTreeSet<_>>() {
        let amount = Currency::GBP.format_amount(*fare);
        table = table.row(&[&product_id(*fare), PAY_AS_YOU_GO, CARD, &amount, "GBP"]);
    }
    table
}

fn rules(learned: &Learned, places: &Places) -> Table {
    let mut table = Table::new(
        "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority",
    );
    for (_, route, _) in places.routes() {
        table = table.row(&[route.as_str(), "", "", "", TICKET_PRODUCT, "0"]);
    }
    for (cell, fare) in &learned.cells {
        let boarding = matches!(cell.ends, Ends::Boarding(_));
        let Some(network) = places.route(&cell.subsystem, boarding) else { continue };
        let frame = if cell.peak { "peak" } else { "offpeak" };
        let product = product_id(*fare);
        let row = |table: Table, from: &str, to: &str| {
            table.row(&[network.as_str(), from, to, frame, &product, "0"])
        };
        table = match &cell.ends {
            Ends::Boarding(stop) => row(table, stop.as_ref().map_or("", Text::as_str), ""),
            Ends::Pair(one, other) if one == other => row(table, one.as_str(), other.as_str()),
            Ends::Pair(one, other) => {
                row(row(table, one.as_str(), other.as_str()), other.as_str(), one.as_str())
            }
        };
    }
    table
}

/// A lost end costs what it cost most often, nothing with a ticket, and is unknown where the sample shows none. A
/// ride back to the same station is priced like any other.
fn incomplete(learned: &Learned, places: &Places) -> Table {
    let mut table =
        Table::new("network_id,kind,rider_category_id,fare_media_id,max_journey_seconds,charge,amount");
    let seconds = JOURNEY_SECONDS_MAX.to_string();
    for (subsystem, route, _) in places.routes().iter().filter(|(.., boarding)| !boarding) {
        for kind in ["missing_exit", "missing_entry"] {
            if let Some(fare) = learned.incomplete.get(*subsystem) {
                let amount = Currency::GBP.format_amount(*fare);
                table = table.row(&[route.as_str(), kind, PAY_AS_YOU_GO, CARD, "", "amount", &amount]);
            }
            table = table.row(&[route.as_str(), kind, "", SEASON, "", "zero", ""]);
        }
        table = table.row(&[route.as_str(), "same_station", "", "", "", "ride", ""]);
        table = table.row(&[route.as_str(), "over_time", "", "", &seconds, "two_maximum", ""]);
    }
    table
}
