//! One version of a city's fare policy, loaded and indexed.

use crate::campaigns::Campaigns;
use crate::caps::Caps;
use crate::carried::Carried;
use crate::distance::Distances;
use crate::incomplete::Incomplete;
use crate::joins::Joins;
use crate::labels::{Labels, Named};
use crate::model::{LoadError, Party, Passback, Route};
use crate::names::Names;
use crate::passes::Passes;
use crate::products::Products;
use crate::rebates::RebateRow;
use crate::riders::Riders;
use crate::rules::LegRules;
use crate::shares::Shares;
use crate::surcharges::Surcharges;
use crate::timeframes::Timeframes;
use crate::transfers::Transfers;
use crate::windows::Windows;
use chrono_tz::Tz;
use primitives::{Currency, DayRule, Days, Digest, EventTime, Minor, PartyNo, Text};
use std::fmt;

/// A route's row.
#[derive(Debug, Clone)]
pub(crate) struct RouteRow {
    pub(crate) agency: PartyNo,
    pub(crate) network: Option<u32>,
    pub(crate) short_name: String,
    pub(crate) long_name: String,
    /// Stop numbers in the order of travel, by direction.
    pub(crate) stops: [Vec<u32>; 2],
    /// Distance units travelled at each of those stops, where the route says so.
    pub(crate) travelled: [Vec<Option<u32>>; 2],
}

/// A stop's row.
#[derive(Debug, Clone)]
pub(crate) struct StopRow {
    pub(crate) name: String,
    /// The station it belongs to, or itself.
    pub(crate) station: u32,
    /// The areas it lies in, sorted.
    pub(crate) areas: Vec<u32>,
    /// Where it lies, when that is known.
    pub(crate) position: Option<Position>,
    /// The zone of its clock; the policy's when empty.
    pub(crate) zone: Option<Tz>,
}

/// A place on the globe, in thousand-millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) latitude: i64,
    pub(crate) longitude: i64,
}

/// One version of a city's fare policy. It never changes after it was loaded.
#[derive(Clone)]
pub struct Policy {
    pub(crate) id: Text,
    pub(crate) digest: Digest,
    pub(crate) currency: Currency,
    pub(crate) day_rule: DayRule,
    pub(crate) debt_allowed: Minor,
    pub(crate) valid_from: EventTime,
    pub(crate) valid_until: Option<EventTime>,
    pub(crate) passback: Passback,
    pub(crate) warnings: Vec<LoadError>,
    /// By number.
    pub(crate) parties: Vec<Party>,
    pub(crate) network_ids: Names,
    pub(crate) route_ids: Names,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) stop_ids: Names,
    pub(crate) stops: Vec<StopRow>,
    pub(crate) area_ids: Names,
    pub(crate) frame_ids: Names,
    pub(crate) timeframes: Timeframes,
    pub(crate) rider_ids: Names,
    pub(crate) rider_names: Vec<String>,
    pub(crate) default_rider: u32,
    pub(crate) medium_ids: Names,
    pub(crate) medium_names: Vec<String>,
    pub(crate) product_ids: Names,
    pub(crate) products: Products,
    pub(crate) riders: Riders,
    pub(crate) rules: LegRules,
    pub(crate) incomplete: Incomplete,
    pub(crate) group_ids: Names,
    pub(crate) distances: Distances,
    pub(crate) joins: Joins,
    pub(crate) windows: Windows,
    pub(crate) transfers: Transfers,
    pub(crate) surcharges: Surcharges,
    pub(crate) campaigns: Campaigns,
    pub(crate) caps: Caps,
    /// By id.
    pub(crate) rebates: Vec<RebateRow>,
    pub(crate) passes: Passes,
    pub(crate) shares: Shares,
    pub(crate) labels: Labels,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A policy may hold a hundred thousand rules; its name says which one it is.
        write!(f, "policy {} {:?}", self.id, self.digest)
    }
}

impl Policy {
    /// The version's id.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Digest of the names and bytes of the files it was loaded from.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The currency of every amount.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Zone and start of the service day.
    pub fn day_rule(&self) -> DayRule {
        self.day_rule
    }

    /// How much a card account may owe before its media are denied at the gate, in minor units.
    pub fn debt_allowed(&self) -> Minor {
        self.debt_allowed
    }

    /// The first moment it holds.
    pub fn valid_from(&self) -> EventTime {
        self.valid_from
    }

    /// The first moment it no longer holds; `None` until further notice.
    pub fn valid_until(&self) -> Option<EventTime> {
        self.valid_until
    }

    /// When a second presentation of a medium is no second ride.
    pub fn passback(&self) -> Passback {
        self.passback
    }

    /// True when it is in force at this moment.
    pub fn holds_at(&self, at: EventTime) -> bool {
        self.valid_from <= at && self.valid_until.is_none_or(|until| at < until)
    }

    /// What the author should look at although it is no error.
    pub fn warnings(&self) -> &[LoadError] {
        &self.warnings
    }

    /// Every party, by number.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// The party with this id.
    pub fn party(&self, id: &str) -> Option<&Party> {
        self.parties.iter().find(|party| party.id.as_str() == id)
    }

    /// The party with this number.
    pub fn party_by_no(&self, no: PartyNo) -> Option<&Party> {
        self.parties.binary_search_by_key(&no, |party| party.no).ok().map(|index| &self.parties[index])
    }

    /// The route with this id.
    pub fn route(&self, route: &str) -> Option<Route<'_>> {
        self.route_row(route).map(|row| Route {
            agency: row.agency,
            network: row.network.map_or("", |network| self.network_ids.get(network).as_str()),
            name: if row.long_name.is_empty() { &row.short_name } else { &row.long_name },
            short_name: &row.short_name,
        })
    }

    /// The ids of all routes, in byte order.
    pub fn route_ids(&self) -> impl Iterator<Item = &Text> {
        self.route_ids.iter()
    }

    /// The stops of a route in the order of travel, direction 0 (out) or 1 (back); empty when none are declared.
    pub fn route_stops(&self, route: &str, direction: usize) -> impl Iterator<Item = &Text> {
        let row = self.route_row(route);
        let stops = row.and_then(|row| row.stops.get(direction)).map_or(&[][..], Vec::as_slice);
        stops.iter().map(|stop| self.stop_ids.get(*stop))
    }

    /// True when the policy knows the stop.
    pub fn has_stop(&self, stop: &str) -> bool {
        self.stop_ids.find(stop).is_some()
    }

    /// The stop's name.
    pub fn stop_name(&self, stop: &str) -> Option<&str> {
        self.stop_ids.find(stop).map(|stop| self.stops[stop as usize].name.as_str())
    }

    /// The category of a rider of whom nothing is known; its price is the gross fare.
    pub fn default_rider(&self) -> &Text {
        self.rider_ids.get(self.default_rider)
    }

    /// The ids of all rider categories, in byte order.
    pub fn rider_ids(&self) -> impl Iterator<Item = &Text> {
        self.rider_ids.iter()
    }

    /// True when the policy knows the rider category.
    pub fn has_rider(&self, rider: &str) -> bool {
        self.rider_ids.find(rider).is_some()
    }

    /// The rider category's name.
    pub fn rider_name(&self, rider: &str) -> Option<&str> {
        self.rider_ids.find(rider).map(|rider| self.rider_names[rider as usize].as_str())
    }

    /// The ids of all fare media, in byte order.
    pub fn medium_ids(&self) -> impl Iterator<Item = &Text> {
        self.medium_ids.iter()
    }

    /// True when the policy knows the fare medium.
    pub fn has_medium(&self, medium: &str) -> bool {
        self.medium_ids.find(medium).is_some()
    }

    /// The fare medium's name.
    pub fn medium_name(&self, medium: &str) -> Option<&str> {
        self.medium_ids.find(medium).map(|medium| self.medium_names[medium as usize].as_str())
    }

    /// What people call a row with an id: a network, product, window, surcharge, campaign, cap or rebate.
    pub fn name_of(&self, kind: Named, id: &str) -> Option<&str> {
        self.labels.get(kind, id)
    }

    /// How long before a leg another leg can have begun that still changes its price, in seconds: joins, windows and
    /// transfers do not reach further. Periods of caps, quotas and passes are carried and not counted here.
    pub fn reach_seconds(&self) -> i64 {
        let reach =
            [self.joins.reach_seconds(), self.windows.reach_seconds(), self.transfers.reach_seconds()];
        reach.into_iter().max().unwrap_or(0)
    }

    /// True when a leg that starts then and the other legs of its account say nothing about each other's price: nothing joins
    /// legs, no cap, rebate or share counts them together, no quota runs, and no pass is held. Then it may be priced by
    /// itself. `days` remembers the day of the last moment that was asked for.
    pub fn prices_alone(&self, carried: &Carried, start: EventTime, days: &Days) -> bool {
        self.reach_seconds() == 0
            && self.caps.is_empty()
            && self.rebates.is_empty()
            && self.shares.is_empty()
            && carried.passes.is_empty()
            && !self.campaigns.count_at(self, start, days)
    }

    /// True when a leg of this time costs what any other of its service day costs that is as it is otherwise.
    pub(crate) fn prices_all_day(&self, start: EventTime, end: Option<EventTime>) -> bool {
        self.timeframes.hours_are_alike
            && end.is_none_or(|end| end.seconds_since(start) <= self.incomplete.short_seconds)
    }

    /// True when nothing ever brings legs together: no join, window, transfer or share.
    pub(crate) fn has_no_groups(&self) -> bool {
        self.joins.is_empty()
            && self.windows.is_empty()
            && self.transfers.is_empty()
            && self.shares.is_empty()
    }

    /// True when rides of the route pass gates: the policy says what one without an entry or an exit costs.
    pub fn has_gates(&self, route: &str) -> bool {
        let network = self.route_row(route).and_then(|row| row.network);
        self.incomplete.gated[self.network_slot(network)]
    }

    pub(crate) fn route_row(&self, route: &str) -> Option<&RouteRow> {
        self.route_ids.find(route).map(|route| &self.routes[route as usize])
    }

    pub(crate) fn areas_of(&self, stop: Option<u32>) -> &[u32] {
        stop.map_or(&[], |stop| &self.stops[stop as usize].areas)
    }

    /// The place of a network in tables by network: routes without one stand last.
    pub(crate) fn network_slot(&self, network: Option<u32>) -> usize {
        network.map_or(self.network_ids.len(), |network| network as usize)
    }
}
