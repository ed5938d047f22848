//! The city as its policy files describe it: who runs what, where people board, which media exist.

use crate::SimError;
use crate::table::{Row, Table};
use chrono::NaiveTime;
use primitives::{Currency, DayRule, PartyNo, ServiceDate, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the simulation needs to know about a city.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) currency: Currency,
    pub(crate) day: DayRule,
    pub(crate) parties: Vec<Party>,
    /// Routes where one boarding is the whole ride.
    pub(crate) buses: Vec<Route>,
    /// Routes behind gates, where a ride has two ends.
    pub(crate) lines: Vec<Line>,
    /// The default rider category.
    pub(crate) adult: Text,
    /// Categories with a row of their own in the reductions that somebody may claim.
    pub(crate) concessions: Vec<Text>,
    /// The prepaid card.
    pub(crate) card: Text,
    /// What a phone shows as a QR code; the card when the policy has no such medium.
    pub(crate) phone: Text,
    /// The open-loop bank card, when there is one and somebody who acquires it.
    pub(crate) bank_card: Option<Text>,
}

/// A party of the scheme.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) no: PartyNo,
    pub(crate) id: Text,
    pub(crate) name: String,
    pub(crate) kind: String,
}

/// A route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) id: Text,
    pub(crate) operator: PartyNo,
    pub(crate) network: String,
    /// Its stops, when the policy lists them.
    pub(crate) stops: Vec<Text>,
}

/// A gated line with its stations.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) route: Route,
    pub(crate) stations: Vec<Text>,
}

impl City {
    /// Reads the policy files for a day.
    pub(crate) fn read(files: &fares::Files, date: ServiceDate) -> Result<City, SimError> {
        let parties = parties(files)?;
        let (currency, day) = scheme(files)?;
        let (buses, lines) = routes(files, &parties)?;
        let (adult, concessions) = riders(files, date)?;
        let has_acquirer = parties.iter().any(|party| party.kind == "acquirer");
        let medium = |kind: &str| medium(files, kind);
        let card =
            medium("2")?.ok_or_else(|| SimError::policy("fare_media.txt", "no transit card (type 2)"))?;
        Ok(City {
            currency,
            day,
            parties,
            buses,
            lines,
            adult,
            concessions,
            phone: medium("4")?.unwrap_or_else(|| card.clone()),
            bank_card: medium("3")?.filter(|_| has_acquirer),
            card,
        })
    }

    /// The parties of one kind, in the order of the file.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Party> {
        self.parties.iter().filter(|party| party.kind == kind).collect()
    }

    /// A party's name, as people read it.
    pub(crate) fn name(&self, no: PartyNo) -> &str {
        self.parties.iter().find(|party| party.no == no).map_or("", |party| party.name.as_str())
    }
}

/// A policy's id as an event may carry it.
pub(crate) fn text(id: &str) -> Result<Text, SimError> {
    Text::new(id).ok_or_else(|| SimError::Unsupported(format!("`{id}` cannot stand in an event")))
}

fn parties(files: &fares::Files) -> Result<Vec<Party>, SimError> {
    let mut parties = Vec::new();
    for row in Table::read(files, "parties.txt")?.rows() {
        let number = row.number("party_number")?.and_then(|number| u32::try_from(number).ok());
        parties.push(Party {
            no: PartyNo(number.ok_or_else(|| row.wrong("party_number", "is not a number"))?),
            id: text(row.need("party_id")?)?,
            name: row.get("party_name").to_owned(),
            kind: row.need("party_kind")?.to_owned(),
        });
    }
    Ok(parties)
}

/// Currency and service day, from the last policy version of the file.
fn scheme(files: &fares::Files) -> Result<(Currency, DayRule), SimError> {
    let policies = Table::read(files, "fare_policies.txt")?;
    let row = policies.rows().last().ok_or_else(|| SimError::policy("fare_policies.txt", "no version"))?;
    let currency = Currency::parse(row.need("currency")?)?;
    let zone = row.need("timezone")?.parse().map_err(|_| row.wrong("timezone", "is not a zone"))?;
    let start = match row.get("day_start_time") {
        "" => 0,
        clock => {
            let time = NaiveTime::parse_from_str(clock, "%H:%M:%S")
                .map_err(|_| row.wrong("day_start_time", "is not a time"))?;
            time.signed_duration_since(NaiveTime::MIN).num_seconds()
        }
    };
    let day_start_seconds = u32::try_from(start).map_err(|_| row.wrong("day_start_time", "is not a time"))?;
    Ok((currency, DayRule { zone, day_start_seconds }))
}

/// The stations of each network whose rules name where a ride ends: those networks are the gated ones.
fn stations(files: &fares::Files) -> Result<BTreeMap<String, BTreeSet<Text>>, SimError> {
    let mut stops_of_area: BTreeMap<String, Vec<Text>> = BTreeMap::new();
    for row in Table::read_if_there(files, "stop_areas.txt")?.rows() {
        stops_of_area.entry(row.get("area_id").to_owned()).or_default().push(text(row.need("stop_id")?)?);
    }
    let mut stations: BTreeMap<String, BTreeSet<Text>> = BTreeMap::new();
    for row in
        Table::read(files, "fare_leg_rules.txt")?.rows().filter(|row| !row.get("to_area_id").is_empty())
    {
        let of_network = stations.entry(row.get("network_id").to_owned()).or_default();
        for area in [row.get("from_area_id"), row.get("to_area_id")] {
            of_network.extend(stops_of_area.get(area).into_iter().flatten().cloned());
        }
    }
    Ok(stations)
}

/// The stops of each route in one direction, along the route.
fn stops_of_routes(files: &fares::Files) -> Result<BTreeMap<String, Vec<Text>>, SimError> {
    let mut stops: BTreeMap<String, Vec<(String, i64, Text)>> = BTreeMap::new();
    for row in Table::read_if_there(files, "route_stops.txt")?.rows() {
        let at = row.number("stop_sequence")?.unwrap_or(0);
        let stop = (row.get("direction_id").to_owned(), at, text(row.need("stop_id")?)?);
        stops.entry(row.need("route_id")?.to_owned()).or_default().push(stop);
    }
    let along = |mut stops: Vec<(String, i64, Text)>| {
        stops.sort();
        let first = stops.first().map(|(direction, ..)| direction.clone()).unwrap_or_default();
        stops.into_iter().filter(|(direction, ..)| *direction == first).map(|(.., stop)| stop).collect()
    };
    Ok(stops.into_iter().map(|(route, stops)| (route, along(stops))).collect())
}

fn routes(files: &fares::Files, parties: &[Party]) -> Result<(Vec<Route>, Vec<Line>), SimError> {
    let stations = stations(files)?;
    let mut stops_of_route = stops_of_routes(files)?;
    let mut networks: BTreeMap<String, String> = BTreeMap::new();
    for row in Table::read_if_there(files, "route_networks.txt")?.rows() {
        networks.insert(row.need("route_id")?.to_owned(), row.need("network_id")?.to_owned());
    }
    // How far a ride goes does not show in a boarding, so nobody rides where that makes the price.
    let measured = ids(files, "fare_distance_methods.txt", "network_id")?;
    let (mut buses, mut lines) = (Vec::new(), Vec::new());
    for row in Table::read(files, "routes.txt")?.rows() {
        let id = text(row.need("route_id")?)?;
        let agency = row.need("agency_id")?;
        let operator = parties.iter().find(|party| party.id.as_str() == agency);
        let operator = operator.ok_or_else(|| row.wrong("agency_id", "is not a party"))?.no;
        let network = match row.get("network_id") {
            "" => {
                networks.get(id.as_str()).cloned().ok_or_else(|| row.wrong("route_id", "is in no network"))?
            }
            network => network.to_owned(),
        };
        if measured.contains(&network) {
            continue;
        }
        let stops = stops_of_route.remove(id.as_str()).unwrap_or_default();
        match stations.get(&network) {
            Some(priced) if priced.len() >= 2 => {
                // Along the line when the policy says how it runs, else in the order of their ids.
                let mut along: Vec<Text> =
                    stops.iter().filter(|stop| priced.contains(stop)).cloned().collect();
                if along.is_empty() {
                    along = priced.iter().cloned().collect();
                }
                lines.push(Line { route: Route { id, operator, network, stops }, stations: along });
            }
            _ => buses.push(Route { id, operator, network, stops }),
        }
    }
    if buses.is_empty() && lines.is_empty() {
        return Err(SimError::policy(
            "routes.txt",
            "no route that a flat or a station-to-station price serves",
        ));
    }
    Ok((buses, lines))
}

/// The values of a column of a file that may be missing.
fn ids(files: &fares::Files, file: &str, column: &str) -> Result<BTreeSet<String>, SimError> {
    Ok(Table::read_if_there(files, file)?.rows().map(|row| row.get(column).to_owned()).collect())
}

/// Categories of which the policy says who may claim them, and those that somebody may claim on the day.
fn claimable(files: &fares::Files, date: ServiceDate) -> Result<[BTreeSet<String>; 2], SimError> {
    let rows = Table::read_if_there(files, "rider_eligibility.txt")?;
    let named = ids(files, "rider_eligibility.txt", "rider_category_id")?;
    // Dates of this form sort as days do.
    let today = date.0.format("%Y-%m-%d").to_string();
    let holds = |row: &Row<'_>| {
        let (from, until) = (row.get("valid_from"), row.get("valid_until"));
        !row.get("evidence_kind").is_empty()
            && from <= today.as_str()
            && (until.is_empty() || today.as_str() <= until)
    };
    let open = rows.rows().filter(holds).map(|row| row.get("rider_category_id").to_owned()).collect();
    Ok([named, open])
}

/// The default category, and the categories that have a reduction or a price of their own and that somebody may claim.
fn riders(files: &fares::Files, date: ServiceDate) -> Result<(Text, Vec<Text>), SimError> {
    let mut reduced = ids(files, "rider_discounts.txt", "rider_category_id")?;
    reduced.extend(ids(files, "fare_products.txt", "rider_category_id")?);
    let [named, open] = claimable(files, date)?;
    let (mut adult, mut concessions) = (None, Vec::new());
    for row in Table::read(files, "rider_categories.txt")?.rows() {
        let id = text(row.need("rider_category_id")?)?;
        if row.get("is_default_fare_category") == "1" {
            adult = Some(id);
        } else if reduced.contains(id.as_str())
            && (open.contains(id.as_str()) || !named.contains(id.as_str()))
        {
            concessions.push(id);
        }
    }
    let adult = adult.ok_or_else(|| SimError::policy("rider_categories.txt", "no default category"))?;
    Ok((adult, concessions))
}

/// The first medium of a type.
fn medium(files: &fares::Files, kind: &str) -> Result<Option<Text>, SimError> {
    let media = Table::read(files, "fare_media.txt")?;
    let row = media.rows().find(|row| row.get("fare_media_type") == kind);
    row.map(|row| text(row.need("fare_media_id")?)).transpose()
}
