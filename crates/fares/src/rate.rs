//! Prices the legs of one account together. Legs are taken in event-time order, whatever the order they come in, and
//! each pays what it adds to everything before it.

use crate::campaigns::{CampaignInput, Taken};
use crate::caps::CapInput;
use crate::carried::Carried;
use crate::cost::Cost;
use crate::explain::{Because, Explained, Fact};
use crate::groups::{Group, Ticket, move_ticket};
use crate::incomplete::Kind;
use crate::limits::GROUP_PARTS_MAX;
use crate::model::{Fare, Leg, PassPart, Priced, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Subject;
use crate::shares::{self, ShareInput};
use crate::surcharges::Surcharged;
use crate::{transfers, windows};
use primitives::{Minor, MoneyError};

/// What legs cost, and what is to be remembered of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    /// The fares, in the order of the legs that were given.
    pub legs: Vec<Priced>,
    /// What a later call needs to know when these legs are no longer given.
    pub carried: Carried,
}

/// The fares of the legs of one account. A function of the policy, what is carried, and the *set* of legs: their order
/// changes nothing. Joins, windows and transfers work among the legs that are given; see [`Policy::reach_seconds`].
pub fn rate<L: AsRef<Leg>>(policy: &Policy, carried: &Carried, legs: &[L]) -> Rated {
    let mut rater = Rater::new(policy, carried.clone());
    let explained = rater.all(legs);
    Rated { legs: explained.into_iter().map(|explained| explained.priced).collect(), carried: rater.carried }
}

/// The fares of these legs when nothing came before them.
pub fn price(policy: &Policy, legs: &[Leg]) -> Vec<Priced> {
    rate(policy, &Carried::default(), legs).legs
}

/// As [`rate`], with everything that led to each fare.
pub fn explain(policy: &Policy, carried: &Carried, legs: &[Leg]) -> Vec<Explained> {
    let mut rater = Rater { told: true, ..Rater::new(policy, carried.clone()) };
    rater.all(legs)
}

/// Prices legs one by one as they happen.
#[derive(Debug, Clone)]
pub struct Rater<'a> {
    policy: &'a Policy,
    told: bool,
    streams: Vec<Stream>,
    carried: Carried,
}

/// The legs of one rider on one medium, as far as they can still matter to the next leg.
#[derive(Debug, Clone, Default)]
struct Stream {
    rider: u32,
    medium: u32,
    open: Option<Box<Open>>,
    windows: windows::State,
    transfers: transfers::State,
    shares: shares::State,
}

/// The latest effective leg: a next leg may still join it.
#[derive(Debug, Clone)]
struct Open {
    group: Group,
    /// What it costs so far, windows and transfers included.
    cost: Cost,
    surcharged: Surcharged,
    /// What campaigns took off it so far.
    taken: Taken,
    /// What stood before it, to work it out again when a leg joins it.
    windows_before: windows::State,
    transfers_before: transfers::State,
}

/// A reading of the latest leg: the effective leg it belongs to, and what that adds.
struct Worked {
    group: Group,
    sold: Sold,
    growth: Cost,
    added: Surcharged,
    /// What the next leg has to know; nothing after a leg that stands apart.
    kept: Option<Kept>,
}

/// What an effective leg leaves behind.
struct Kept {
    cost: Cost,
    surcharged: Surcharged,
    windows_before: windows::State,
    transfers_before: transfers::State,
    windows: windows::State,
    transfers: transfers::State,
}

impl Worked {
    /// What the rider would pay for the leg, campaigns and caps aside.
    fn rider(&self) -> Result<Minor, MoneyError> {
        self.growth.rider.plus(self.added.rider()?)
    }
}

/// A leg that got a fare.
struct Charged {
    cost: Cost,
    surcharge: Minor,
    shares: Vec<crate::model::Share>,
    product: Option<primitives::Text>,
    pass: Option<PassPart>,
}

impl From<MoneyError> for UnknownFare {
    fn from(_: MoneyError) -> Self {
        UnknownFare::Overflow
    }
}

impl<'a> Rater<'a> {
    /// A rater for one account.
    pub fn new(policy: &'a Policy, carried: Carried) -> Self {
        Rater { policy, told: false, streams: Vec::new(), carried }
    }

    /// The fare of the next leg. Legs must come in event-time order; [`rate`] takes them in any order.
    pub fn next(&mut self, leg: &Leg) -> Priced {
        self.one(0, leg).priced
    }

    /// How many ways to combine legs by transfers are followed for one rider and medium, at most.
    #[cfg(test)]
    pub(crate) fn readings(&self) -> usize {
        self.streams.iter().map(|stream| stream.transfers.readings()).max().unwrap_or(0)
    }

    /// What a later call needs to know when these legs are no longer given.
    pub fn into_carried(self) -> Carried {
        self.carried
    }

    fn all<L: AsRef<Leg>>(&mut self, legs: &[L]) -> Vec<Explained> {
        if legs.is_sorted_by(|a, b| order(a.as_ref()) <= order(b.as_ref())) {
            let mut explained: Vec<Explained> =
                legs.iter().enumerate().map(|(place, leg)| self.one(place, leg.as_ref())).collect();
            self.collect_tickets(&mut explained);
            return explained;
        }
        let mut places: Vec<usize> = (0..legs.len()).collect();
        places.sort_by(|a, b| order(legs[*a].as_ref()).cmp(&order(legs[*b].as_ref())));
        let mut explained: Vec<Explained> =
            places.iter().enumerate().map(|(turn, place)| self.one(turn, legs[*place].as_ref())).collect();
        self.collect_tickets(&mut explained);
        let mut placed: Vec<(usize, Explained)> = places.into_iter().zip(explained).collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, explained)| explained).collect()
    }

    /// Legs without a tap between them are one ticket: the first leg carries the whole of it.
    fn collect_tickets(&self, explained: &mut [Explained]) {
        if self.policy.joins.are_all_tapped() {
            return;
        }
        for place in 0..explained.len() {
            let Some(ticket) = explained[place].ticket_of else { continue };
            let (earlier, later) = explained.split_at_mut(place);
            let (first, later) = (&mut earlier[ticket.first], &mut later[0]);
            move_ticket(ticket, &mut first.priced, &mut later.priced);
            first.take_facts(later);
        }
    }

    fn one(&mut self, place: usize, leg: &Leg) -> Explained {
        let mut trace = Trace::new(self.told);
        let mut ticket_of = None;
        trace.fact(|| Fact::ride(self.policy, leg));
        let priced = match self.charge(place, leg, &mut trace, &mut ticket_of) {
            Ok(Charged { cost, surcharge, shares, product, pass }) => {
                Priced { fare: cost.into_fare(), surcharge, shares, product, pass, rules: trace.rules }
            }
            Err(reason) => {
                trace.fact(|| Fact::Unknown { reason });
                Priced {
                    fare: Fare::Unknown(reason),
                    surcharge: Minor::ZERO,
                    shares: Vec::new(),
                    product: None,
                    pass: None,
                    rules: Vec::new(),
                }
            }
        };
        Explained { priced, facts: trace.facts.unwrap_or_default(), ticket_of }
    }

    fn charge(
        &mut self,
        place: usize,
        leg: &Leg,
        trace: &mut Trace,
        ticket_of: &mut Option<Ticket>,
    ) -> Result<Charged, UnknownFare> {
        let policy = self.policy;
        let mut part = Part::new(policy, place, leg)?;
        let kind = Kind::of(policy, &part);
        if !self.carried.passes.is_empty() {
            if policy.rules.ask_for_passes() {
                part.passes = policy.passes.running(policy, &self.carried.passes, &part);
            }
            if let Some(covered) = policy.passes.cover(policy, &mut self.carried, &part, kind, trace)? {
                let cost = covered.sold.cost.clone();
                let (surcharged, counts) = (Surcharged::default(), covered.counts_to_cap);
                let charged = self.finish(&part, &covered.sold, cost, surcharged, counts, None, trace)?;
                return Ok(Charged { pass: Some(covered.part), ..charged });
            }
        }
        if let Some(kind) = kind {
            return self.incomplete(kind, &part, trace);
        }
        if policy.has_no_groups() {
            return self.by_itself(&part, trace);
        }
        let at = self.stream_of(&part);
        let worked = self.best_reading(at, part, trace)?;
        *ticket_of = worked.group.ticket_of();
        self.settle(at, worked, trace)
    }

    /// The leg as part of the open effective leg, or as one of its own. Joining is compulsory unless the row says that
    /// it is for the rider to gain by it.
    fn best_reading(&self, at: usize, part: Part, trace: &mut Trace) -> Result<Worked, UnknownFare> {
        let policy = self.policy;
        let open = self.streams[at].open.as_deref();
        let Some(open) = open.filter(|open| open.group.parts().len() < GROUP_PARTS_MAX) else {
            return self.work_out(at, Group::alone(part), None, trace);
        };
        let mark = trace.mark();
        let Some(row) = policy.joins.next(policy, &open.group, &part, trace) else {
            return self.work_out(at, Group::alone(part), None, trace);
        };
        let group = open.group.with(policy, part, row);
        if !policy.joins.row(row).optional {
            return self.work_out(at, group, Some(open), trace);
        }
        let mut parting = Trace::new(self.told);
        let apart = self.work_out(at, Group::alone(group.last().clone()), None, &mut parting);
        let joined = self.work_out(at, group, Some(open), trace);
        let dearer = match (&joined, &apart) {
            (Ok(joined), Ok(apart)) => joined.rider()? > apart.rider()?,
            (Err(_), Ok(_)) => true,
            (_, Err(_)) => false,
        };
        if !dearer {
            return joined;
        }
        trace.back_to(mark);
        let row = policy.joins.row(row).id.clone();
        trace.fact(|| Fact::NotJoined { row, because: Because::Dearer });
        trace.append(parting);
        apart
    }

    /// Prices the effective leg that the stream's latest leg makes or makes longer. `before` is what it was before.
    fn work_out(
        &self,
        at: usize,
        group: Group,
        before: Option<&Open>,
        trace: &mut Trace,
    ) -> Result<Worked, UnknownFare> {
        let policy = self.policy;
        let stream = &self.streams[at];
        let (windows_before, transfers_before) = match before {
            Some(open) => (&open.windows_before, &open.transfers_before),
            None => (&stream.windows, &stream.transfers),
        };
        let extra = policy.surcharges.before_reductions(policy, group.parts(), trace)?;
        let changed = policy.rules.any_after_change()
            && (policy.transfers.have_time_for(policy, transfers_before, &group)
                || policy.windows.have_time_for(windows_before, &group));
        let mark = transfers::Mark::of(trace);
        let (group, mut sold) = group.sell(policy, extra, changed, trace)?;
        if sold.stands_apart {
            let added = policy.surcharges.of(policy, group.parts(), &sold, trace)?;
            let growth = sold.cost.clone();
            return Ok(Worked { group, sold, growth, added, kept: None });
        }
        let effective = windows::Effective { group: &group, sold: &sold };
        let windowed = policy.windows.apply(policy, windows_before, &effective, trace)?;
        let (cost, windows, transfers) = match windowed {
            Some((cost, windows)) => (cost, windows, transfers::State::default()),
            None => {
                let passed = policy.windows.passed_by(windows_before, &effective, trace);
                let asked = transfers::Asked { effective, extra, changed, mark };
                let taken = policy.transfers.apply(policy, transfers_before, &asked, trace)?;
                if let Some(other) = taken.sold {
                    sold = other;
                }
                (taken.cost, passed, taken.state)
            }
        };
        let surcharged = policy.surcharges.of(policy, group.parts(), &sold, trace)?;
        let (growth, added) = match before {
            Some(open) => (cost.minus(&open.cost)?, surcharged.minus(&open.surcharged)?),
            None => (cost.clone(), surcharged.clone()),
        };
        let (windows_before, transfers_before) = (windows_before.clone(), transfers_before.clone());
        let kept = Some(Kept { cost, surcharged, windows_before, transfers_before, windows, transfers });
        Ok(Worked { group, sold, growth, added, kept })
    }

    /// Charges what was worked out, and remembers it for the next leg.
    fn settle(&mut self, at: usize, worked: Worked, trace: &mut Trace) -> Result<Charged, UnknownFare> {
        let Worked { group, sold, growth, added, kept } = worked;
        let part = group.last().clone();
        let Some(kept) = kept else {
            return self.finish(&part, &sold, growth, added, true, None, trace);
        };
        let window = kept.windows.current();
        let stream = &mut self.streams[at];
        let before = stream.open.take().filter(|_| group.parts().len() > 1);
        let taken = before.map(|open| open.taken).unwrap_or_default();
        stream.windows = kept.windows;
        stream.transfers = kept.transfers;
        // What stood before is kept only where a leg could still join.
        stream.open = (self.policy.joins.reach_seconds() > 0).then(|| {
            Box::new(Open {
                group,
                cost: kept.cost,
                surcharged: kept.surcharged,
                taken,
                windows_before: kept.windows_before,
                transfers_before: kept.transfers_before,
            })
        });
        if self.policy.transfers.cross_media() {
            self.share_transfers(at);
        }
        self.finish(&part, &sold, growth, added, true, Some((at, window)), trace)
    }

    /// A ride that is not whole: priced by itself.
    fn incomplete(&mut self, kind: Kind, part: &Part, trace: &mut Trace) -> Result<Charged, UnknownFare> {
        let (mut sold, counts_to_cap) = Query::of_part(self.policy, part).incomplete(kind, trace)?;
        let cost = std::mem::take(&mut sold.cost);
        self.finish(part, &sold, cost, Surcharged::default(), counts_to_cap, None, trace)
    }

    /// A ride under a policy that never brings legs together: what [`work_out`](Self::work_out) comes to without anything
    /// before it, and with nothing to remember.
    fn by_itself(&mut self, part: &Part, trace: &mut Trace) -> Result<Charged, UnknownFare> {
        let (policy, parts) = (self.policy, std::slice::from_ref(part));
        let extra = policy.surcharges.before_reductions(policy, parts, trace)?;
        let mut sold = Query { extra, ..Query::of_part(policy, part) }.sell_best(trace)?;
        let surcharged = policy.surcharges.of(policy, parts, &sold, trace)?;
        let cost = std::mem::take(&mut sold.cost);
        self.finish(part, &sold, cost, surcharged, true, None, trace)
    }

    /// Campaigns, caps and shares: what is decided once the fare itself is known. Of what was sold, its price is not looked at:
    /// `cost` is what the leg adds.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place where everything known of a leg comes together"
    )]
    fn finish(
        &mut self,
        part: &Part,
        sold: &Sold,
        mut cost: Cost,
        surcharged: Surcharged,
        counts_to_cap: bool,
        window: Option<(usize, Option<windows::Current>)>,
        trace: &mut Trace,
    ) -> Result<Charged, UnknownFare> {
        let policy = self.policy;
        let subject = Subject { part, leg_group: sold.leg_group, product: sold.product };
        let full = cost.rider;
        let mut counts_to_cap = counts_to_cap;
        let open = window.and_then(|(at, _)| self.streams[at].open.as_ref());
        let position = open.map_or(0, |open| open.group.parts().len() - 1);
        let earlier = open.filter(|_| position > 0).map(|open| open.cost.rider.minus(full)).transpose()?;
        let mut campaigns = Vec::new();
        if !policy.campaigns.is_empty() {
            let mut alone = Taken::default();
            let open = window.and_then(|(at, _)| self.streams[at].open.as_mut());
            let taken = open.map_or(&mut alone, |open| &mut open.taken);
            let input = CampaignInput { subject, base: sold.base, position };
            let counters = &mut self.carried.campaigns;
            campaigns = policy.campaigns.apply(policy, counters, input, taken, &mut cost, trace)?;
            counts_to_cap &= policy.campaigns.count_to_cap(&campaigns);
        }
        let mut surcharge = surcharged.rider()?;
        if !policy.caps.is_empty() {
            let input = CapInput { subject, counts_to_cap, surcharged: &surcharged, earlier };
            let capped = policy.caps.apply(policy, &mut self.carried, input, &mut cost, trace)?;
            surcharge = surcharge.minus(capped)?;
        }
        let cost = surcharged.add_to(cost)?;
        let shares = if policy.shares.is_empty() {
            Vec::new()
        } else {
            let mut alone = shares::State::default();
            let (state, current) = match window {
                Some((at, current)) => (&mut self.streams[at].shares, current),
                None => (&mut alone, None),
            };
            let (standing, campaigns) = (sold.standing, &campaigns[..]);
            let input = ShareInput { subject, standing, campaigns, cost: &cost, window: current, position };
            policy.shares.split(policy, state, input, trace)?
        };
        Ok(Charged { cost, surcharge, shares, product: sold.product_id(policy), pass: None })
    }

    fn stream_of(&mut self, part: &Part) -> usize {
        let same = |stream: &Stream| stream.rider == part.rider && stream.medium == part.medium;
        self.streams.iter().position(same).unwrap_or_else(|| {
            let of_rider = self.streams.iter().find(|stream| stream.rider == part.rider);
            let shared = of_rider.filter(|_| self.policy.transfers.cross_media());
            let transfers = shared.map(|stream| stream.transfers.clone()).unwrap_or_default();
            let (rider, medium) = (part.rider, part.medium);
            // Most accounts have one medium; a vector that grows by itself would make room for four.
            self.streams.reserve_exact(1);
            self.streams.push(Stream { rider, medium, transfers, ..Stream::default() });
            self.streams.len() - 1
        })
    }

    /// Where transfers may lead from one medium to another, a rider's legs on all media are one sequence, and a leg on
    /// another medium closes the effective leg that was open.
    fn share_transfers(&mut self, at: usize) {
        let (rider, transfers) = (self.streams[at].rider, self.streams[at].transfers.clone());
        for (number, stream) in self.streams.iter_mut().enumerate() {
            if number != at && stream.rider == rider {
                stream.transfers = transfers.clone();
                stream.open = None;
            }
        }
    }
}

/// The order legs are priced in: by time, then by content, so that it does not depend on how they came.
fn order(leg: &Leg) -> impl Ord + use<'_> {
    (leg.start, leg.end, &leg.medium, &leg.rider, &leg.route, &leg.from, &leg.to, &leg.via, leg.shape)
}
