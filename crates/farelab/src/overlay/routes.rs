//! Routes: a case may name one the policy lacks, or only the network or the operator.

use super::{NoRoute, fresh};
use crate::cases::CaseLeg;
use crate::table::Table;
use fares::Files;
use primitives::Text;
use std::collections::{BTreeMap, BTreeSet};

const ROUTES: &str = "routes.txt";
const ROUTE_NETWORKS: &str = "route_networks.txt";

/// The routes of a policy, and those that cases need beside them.
pub(super) struct Routes {
    routes: Table,
    route_networks: Table,
    /// By id: operator and network; the network is empty for a route in none.
    declared: BTreeMap<String, (String, String)>,
    networks: BTreeSet<String>,
    agencies: Vec<String>,
    /// The stops of each route, where the policy lists them, with the stations they belong to.
    stops: BTreeMap<String, BTreeSet<String>>,
    made: BTreeMap<(String, String, String), Text>,
    made_ids: BTreeSet<String>,
}

impl Routes {
    pub(super) fn read(files: &Files) -> Self {
        let routes = Table::read(files, ROUTES);
        let route_networks = Table::read(files, ROUTE_NETWORKS);
        let network_of: BTreeMap<&str, &str> =
            route_networks.rows().map(|row| (row.get("route_id"), row.get("network_id"))).collect();
        let mut declared = BTreeMap::new();
        for row in routes.rows() {
            let route = row.get("route_id");
            let network = network_of.get(route).copied().unwrap_or(row.get("network_id"));
            declared.insert(route.to_owned(), (row.get("agency_id").to_owned(), network.to_owned()));
        }
        let ids = |file, column| {
            let table = Table::read(files, file);
            table.rows().map(|row| row.get(column).to_owned()).collect::<Vec<String>>()
        };
        let on_routes = declared.values().map(|(_, network)| network.clone());
        let networks = on_routes.chain(ids("networks.txt", "network_id"));
        Routes {
            networks: networks.filter(|network| !network.is_empty()).collect(),
            agencies: ids("agency.txt", "agency_id"),
            stops: stops_of_routes(files),
            declared,
            made: BTreeMap::new(),
            made_ids: BTreeSet::new(),
            routes,
            route_networks,
        }
    }

    /// The route that stands for a leg's. `unnamed` counts the legs of the case that name no route: nobody knows that two
    /// of them are the same route, so each has its own.
    pub(super) fn find(&mut self, leg: &CaseLeg, unnamed: usize) -> Result<Text, NoRoute> {
        let declared = leg.route.as_deref().and_then(|route| self.declared.get_key_value(route));
        if let Some((route, (_, network))) = declared
            && leg.network.as_ref().is_none_or(|wanted| wanted == network)
            && let Some(id) = Text::new(route)
        {
            return Ok(id);
        }
        let network = self.network(leg)?;
        if leg.route.is_none()
            && let Some(line) = self.line(leg, &network)
        {
            return Ok(line);
        }
        let agency = self.agency(leg, &network);
        let name = leg.route.clone().unwrap_or_else(|| {
            let place = if network.is_empty() { "route" } else { &network };
            format!("{place}#{unnamed}")
        });
        let key = (name, network, agency);
        if let Some(made) = self.made.get(&key) {
            return Ok(made.clone());
        }
        Ok(self.make(key))
    }

    fn make(&mut self, key: (String, String, String)) -> Text {
        let (name, network, agency) = &key;
        let id = fresh(name, 2, |id| self.declared.contains_key(id) || self.made_ids.contains(id));
        let mut fields = vec![("route_id", id.as_str()), ("agency_id", agency.as_str())];
        if self.routes.has("network_id") {
            fields.push(("network_id", network));
        } else if !network.is_empty() {
            self.route_networks.push(&[("network_id", network), ("route_id", id.as_str())]);
        }
        self.routes.push(&fields);
        self.made_ids.insert(id.to_string());
        self.made.insert(key, id.clone());
        id
    }

    /// The network a leg is priced in: the one it names, else one of the route's name, else its operator's only one.
    fn network(&self, leg: &CaseLeg) -> Result<String, NoRoute> {
        if let Some(network) = &leg.network {
            let known = self.networks.contains(network);
            let reason = || NoRoute(format!("the policy has no network `{network}`"));
            return if known { Ok(network.clone()) } else { Err(reason()) };
        }
        let named = [&leg.route, &leg.agency].into_iter().flatten().find(|id| self.networks.contains(*id));
        if let Some(network) = named {
            return Ok(network.clone());
        }
        let of = |agency: &str| {
            let routes = self.declared.values().filter(|(runs, _)| runs == agency);
            routes.map(|(_, network)| network).collect::<BTreeSet<&String>>()
        };
        let (networks, told) = match (&leg.agency, &leg.route) {
            (Some(agency), _) => (of(agency), format!("operator `{agency}`")),
            (None, Some(route)) => (BTreeSet::new(), format!("route `{route}`")),
            (None, None) => (self.declared.values().map(|(_, network)| network).collect(), "it".to_owned()),
        };
        let mut networks = networks.into_iter();
        match (networks.next(), networks.next()) {
            (Some(network), None) => Ok(network.clone()),
            (Some(_), Some(_)) => {
                Err(NoRoute(format!("the leg names no network, and {told} runs in more than one")))
            }
            (None, _) => Err(NoRoute(format!("the leg names no network, and the policy knows no {told}"))),
        }
    }

    /// The one declared line of a network that calls at both stops of a leg without a route.
    fn line(&self, leg: &CaseLeg, network: &str) -> Option<Text> {
        let (from, to) = (leg.from.stop.as_deref()?, leg.to.stop.as_deref()?);
        let calls = |route: &str| {
            self.stops.get(route).is_some_and(|stops| stops.contains(from) && stops.contains(to))
        };
        let mut lines = self.declared.iter().filter(|(route, (agency, of))| {
            let runs = leg.agency.as_ref().is_none_or(|wanted| wanted == agency);
            of == network && runs && calls(route)
        });
        match (lines.next(), lines.next()) {
            (Some((route, _)), None) => Text::new(route),
            _ => None,
        }
    }

    /// The operator of a made route: the leg's, else the first that runs in the network, else the first of all.
    fn agency(&self, leg: &CaseLeg, network: &str) -> String {
        let named = leg.agency.as_ref().filter(|agency| self.agencies.contains(agency));
        let in_network =
            || self.declared.values().find(|(_, of)| of == network).map(|(agency, _)| agency.clone());
        let first = || self.agencies.first().cloned();
        named.cloned().or_else(in_network).or_else(first).unwrap_or_default()
    }

    pub(super) fn write(&self, files: &mut Files) {
        self.routes.write(files, ROUTES);
        self.route_networks.write(files, ROUTE_NETWORKS);
    }
}

fn stops_of_routes(files: &Files) -> BTreeMap<String, BTreeSet<String>> {
    let stops = Table::read(files, "stops.txt");
    let parents: BTreeMap<&str, &str> =
        stops.rows().map(|row| (row.get("stop_id"), row.get("parent_station"))).collect();
    let mut of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in Table::read(files, "route_stops.txt").rows() {
        let calls = of.entry(row.get("route_id").to_owned()).or_default();
        let stop = row.get("stop_id");
        calls.insert(stop.to_owned());
        calls
            .extend(parents.get(stop).filter(|parent| !parent.is_empty()).map(|parent| (*parent).to_owned()));
    }
    of
}
