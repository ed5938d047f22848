//! A leg with every id looked up.

use crate::model::{Leg, Shape, UnknownFare};
use crate::policy::Policy;
use crate::selector::Pick;
use crate::timeframes::Moment;
use primitives::{PartyNo, Text};

/// One leg, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its place among the legs that were given.
    pub(crate) place: usize,
    pub(crate) shape: Shape,
    pub(crate) route: u32,
    pub(crate) agency: PartyNo,
    pub(crate) network: Option<u32>,
    pub(crate) from: Option<u32>,
    pub(crate) to: Option<u32>,
    /// Stops on the way that a tap proved.
    pub(crate) via: Vec<u32>,
    pub(crate) rider: u32,
    pub(crate) medium: u32,
    pub(crate) start: Moment,
    pub(crate) end: Option<Moment>,
    /// The products of passes in hand that leg rules may ask for; only filled where rules do.
    pub(crate) passes: Box<[u32]>,
}

impl Part {
    pub(crate) fn new(policy: &Policy, place: usize, leg: &Leg) -> Result<Self, UnknownFare> {
        let route = policy.route_ids.find(leg.route.as_str()).ok_or(UnknownFare::NoRoute)?;
        let row = &policy.routes[route as usize];
        let known = |id: &Text| policy.stop_ids.find(id.as_str()).ok_or(UnknownFare::NoStop);
        let from = leg.from.as_ref().map(known).transpose()?;
        let to = leg.to.as_ref().map(known).transpose()?;
        // Bands are read on the clock that hangs at the stop.
        let clock = |stop: Option<u32>| {
            stop.and_then(|stop| policy.stops[stop as usize].zone).unwrap_or(policy.day_rule.zone)
        };
        Ok(Part {
            place,
            shape: leg.shape,
            route,
            agency: row.agency,
            network: row.network,
            from,
            to,
            via: leg.via.iter().map(known).collect::<Result<_, _>>()?,
            rider: policy.rider_ids.find(leg.rider.as_str()).ok_or(UnknownFare::NoRider)?,
            medium: policy.medium_ids.find(leg.medium.as_str()).ok_or(UnknownFare::NoMedium)?,
            start: Moment::new(leg.start, clock(from)),
            end: leg.end.map(|end| Moment::new(end, clock(to))),
            passes: Box::default(),
        })
    }

    /// True when every stop it is known to have touched lies in one of these areas. A stop in no area at all, such as that
    /// of a bus where zones price trains, says nothing.
    pub(crate) fn lies_in(&self, policy: &Policy, areas: &Pick) -> bool {
        let ends = [self.from, self.to].into_iter().flatten();
        ends.chain(self.via.iter().copied()).all(|stop| {
            let of_stop = policy.areas_of(Some(stop));
            of_stop.is_empty() || of_stop.iter().any(|area| areas.takes(Some(*area)))
        })
    }

    /// True for a ride through a paid area whose entry and exit are one station.
    pub(crate) fn ends_where_it_began(&self, policy: &Policy) -> bool {
        let station = |stop: Option<u32>| stop.map(|stop| policy.stops[stop as usize].station);
        station(self.from).is_some()
            && station(self.from) == station(self.to)
            && policy.incomplete.gated[policy.network_slot(self.network)]
    }
}
