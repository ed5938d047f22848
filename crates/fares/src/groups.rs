//! An effective leg: what legs that are priced as one cost together.

use crate::cost::Cost;
use crate::explain::{Because, Fact};
use crate::joins::{JoinRow, PriceNetwork};
use crate::model::{Fare, Funded, Priced, Share, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use primitives::{Minor, MoneyError, PartyNo};

/// An effective leg: a run of legs priced as one.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    parts: Vec<Part>,
    /// The row by which the last leg joined; it says how the whole is priced.
    row: Option<u32>,
    /// The first of the legs that share a ticket with the last one.
    ticket: usize,
    /// The network whose rules price several legs.
    network: Option<u32>,
    /// The dearest price so far, kept where the price may not fall.
    dearest: Option<Box<Sold>>,
    /// What the legs cost one by one, kept where the price may not be above that and while every price is known.
    one_by_one: Option<Box<Cost>>,
}

/// The leg whose ticket another leg travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Its place among the legs.
    pub(crate) first: usize,
    /// Who runs it.
    pub(crate) seller: PartyNo,
    /// Who runs the other leg.
    pub(crate) carrier: PartyNo,
}

impl Group {
    pub(crate) fn alone(part: Part) -> Self {
        Group {
            network: part.network,
            parts: vec![part],
            row: None,
            ticket: 0,
            dearest: None,
            one_by_one: None,
        }
    }

    /// The same with one more leg, by this row.
    pub(crate) fn with(&self, policy: &Policy, part: Part, row: u32) -> Self {
        let rule = policy.joins.row(row);
        let mut parts = Vec::with_capacity(self.parts.len() + 1);
        parts.extend_from_slice(&self.parts);
        let ticket = if rule.tapped { parts.len() } else { self.ticket };
        parts.push(part);
        let network = match rule.price_network {
            PriceNetwork::AllSame => one_network(&parts),
            PriceNetwork::First => parts[0].network,
            PriceNetwork::Last | PriceNetwork::Dearest => parts[parts.len() - 1].network,
        };
        let (dearest, one_by_one) = (self.dearest.clone(), self.one_by_one.clone());
        Group { parts, row: Some(row), ticket, network, dearest, one_by_one }
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The leg that came first.
    pub(crate) fn first(&self) -> &Part {
        &self.parts[0]
    }

    /// The leg that came last.
    pub(crate) fn last(&self) -> &Part {
        &self.parts[self.parts.len() - 1]
    }

    /// The leg whose ticket the last leg travels on, when no tap lies between.
    pub(crate) fn ticket_of(&self) -> Option<Ticket> {
        let (first, last) = (&self.parts[self.ticket], self.last());
        let shared = self.ticket + 1 < self.parts.len();
        shared.then_some(Ticket { first: first.place, seller: first.agency, carrier: last.agency })
    }

    /// What the effective leg is asked a price for, as one: from the first leg's start to the last leg's end.
    pub(crate) fn query<'a>(&'a self, policy: &'a Policy, extra: Minor, changed: bool) -> Query<'a> {
        let Some(row) = self.row else {
            return Query { extra, changed, ..Query::of_part(policy, &self.parts[0]) };
        };
        let (first, last) = (self.first(), self.last());
        let distance = policy.distances.of_group(policy, &self.parts);
        let measured = distance.and_then(|distance| self.parts.get(distance.from_part));
        let start = measured.filter(|_| policy.joins.row(row).at_measured_start).unwrap_or(first);
        Query {
            policy,
            network: self.network,
            from: first.from,
            to: last.to,
            rider: first.rider,
            medium: first.medium,
            start: &start.start,
            end: last.end.as_ref(),
            units: distance.map(|distance| distance.units),
            extra,
            changed,
            parts: &self.parts,
        }
    }

    /// What the effective leg costs, windows and transfers aside.
    pub(crate) fn sell(
        mut self,
        policy: &Policy,
        extra: Minor,
        changed: bool,
        trace: &mut Trace,
    ) -> Result<(Group, Sold), UnknownFare> {
        let joins = &policy.joins;
        let mut sold = match self.row.map(|row| joins.row(row)) {
            Some(row) => self.sell_joined(policy, row, extra, changed, trace)?,
            None => self.query(policy, extra, changed).sell_best(trace)?,
        };
        if joins.any_ceiling {
            self.one_by_one = self.with_last_alone(policy, &sold);
        }
        let row = self.row.map(|row| joins.row(row));
        if let Some(row) = row.filter(|row| row.ceiling) {
            self.bound_above(row, &mut sold, trace);
        }
        if joins.any_ratchet {
            if let (Some(row), Some(before)) = (row.filter(|row| row.ratchet), &self.dearest)
                && dearer(&before.cost, &sold.cost)
            {
                let id = row.id.clone();
                let rider = Some(sold.cost.rider);
                let product = sold.product_id(policy);
                trace.fact(|| Fact::Lost { row: id, product, rider, because: Because::RanksLater });
                sold = Sold::clone(before);
            }
            self.dearest = Some(Box::new(sold.clone()));
        }
        Ok((self, sold))
    }

    /// The price of several legs by the rules of the network that the row chooses.
    fn sell_joined(
        &mut self,
        policy: &Policy,
        row: &JoinRow,
        extra: Minor,
        changed: bool,
        trace: &mut Trace,
    ) -> Result<Sold, UnknownFare> {
        if row.price_network == PriceNetwork::Dearest && one_network(&self.parts).is_none() {
            self.network = self.dearest_network(policy, extra, changed)?;
        }
        let mut sold = self.query(policy, extra, changed).sell_best(trace)?;
        // Standing apart is said of legs that are priced alone; this one is not.
        sold.stands_apart = false;
        Ok(sold)
    }

    /// The network of the legs by whose rules the whole costs the rider most; at one price that of the earlier leg.
    /// While one of the prices is not known, neither is the dearest.
    fn dearest_network(
        &self,
        policy: &Policy,
        extra: Minor,
        changed: bool,
    ) -> Result<Option<u32>, UnknownFare> {
        let query = self.query(policy, extra, changed);
        let mut dearest: Option<(Option<u32>, Cost)> = None;
        for (at, part) in self.parts.iter().enumerate() {
            if self.parts[..at].iter().any(|earlier| earlier.network == part.network) {
                continue;
            }
            let asked = Query { network: part.network, ..query };
            let cost = asked.sell_best(&mut Trace::new(false))?.cost;
            if dearest.as_ref().is_none_or(|(_, held)| dearer(&cost, held)) {
                dearest = Some((part.network, cost));
            }
        }
        Ok(dearest.and_then(|(network, _)| network))
    }

    /// What the legs cost one by one, each at its own time, now that the last one is known.
    fn with_last_alone(&self, policy: &Policy, sold: &Sold) -> Option<Box<Cost>> {
        if self.row.is_none() {
            return Some(Box::new(sold.cost.clone()));
        }
        let before = self.one_by_one.as_ref()?;
        let part = std::slice::from_ref(self.last());
        let silent = &mut Trace::new(false);
        let extra = policy.surcharges.before_reductions(policy, part, silent).ok()?;
        let alone = Query { extra, ..Query::of_part(policy, &part[0]) }.sell_best(silent).ok()?;
        before.plus(&alone.cost).ok().map(Box::new)
    }

    /// Replaces a price that is above that of the legs one by one.
    fn bound_above(&self, row: &JoinRow, sold: &mut Sold, trace: &mut Trace) {
        let Some(most) = &self.one_by_one else { return };
        if dearer(&sold.cost, most) {
            let rider = Some(sold.cost.rider);
            trace.fact(|| Fact::Lost { row: row.id.clone(), product: None, rider, because: Because::Dearer });
            sold.cost = Cost::clone(most);
            sold.base = sold.base.min(sold.cost.rider);
        }
    }
}

/// The rider's part decides; where it is the same, what the operators earn.
fn dearer(cost: &Cost, other: &Cost) -> bool {
    (cost.rider, cost.gross) > (other.rider, other.gross)
}

/// The network of all of these legs, when there is one.
fn one_network(parts: &[Part]) -> Option<u32> {
    let first = parts.first()?.network;
    parts.iter().all(|part| part.network == first).then_some(first).flatten()
}

/// Moves what a leg adds to the leg that carries its ticket. What the other leg's operator earns stays its own.
pub(crate) fn move_ticket(ticket: Ticket, first: &mut Priced, later: &mut Priced) {
    // A fare that is not known is not joined to anything, so there is nothing of it to move.
    let (Fare::Known { gross: to, rider: paid, funded }, Fare::Known { gross, rider, funded: more }) =
        (&first.fare, &later.fare)
    else {
        return;
    };
    let held = Cost { gross: *to, rider: *paid, funded: funded.clone() };
    let moved = Cost { gross: *gross, rider: *rider, funded: more.clone() };
    let shares = shares_of(ticket, first, *to, later, *gross);
    let sums = held.plus(&moved).and_then(|cost| Ok((cost, first.surcharge.plus(later.surcharge)?, shares?)));
    let Ok((cost, surcharge, shares)) = sums else {
        (first.fare, later.fare) =
            (Fare::Unknown(UnknownFare::Overflow), Fare::Unknown(UnknownFare::Overflow));
        (first.surcharge, later.surcharge) = (Minor::ZERO, Minor::ZERO);
        first.shares.clear();
        later.shares.clear();
        return;
    };
    (first.fare, first.surcharge, first.shares) = (cost.into_fare(), surcharge, shares);
    // The whole was sold last, by the rows that the last leg names.
    first.product = later.product.take();
    let news = later.rules.iter().filter(|rule| !first.rules.contains(rule)).cloned();
    let news: Vec<_> = news.collect();
    first.rules.extend(news);
    later.fare = Fare::Known { gross: Minor::ZERO, rider: Minor::ZERO, funded: Vec::<Funded>::new() };
    later.surcharge = Minor::ZERO;
    later.shares = Vec::new();
}

/// Who earns what of the fares of two legs that stand on one ticket; empty when the seller earns all of it.
fn shares_of(
    ticket: Ticket,
    first: &Priced,
    to: Minor,
    later: &Priced,
    gross: Minor,
) -> Result<Vec<Share>, MoneyError> {
    if first.shares.is_empty() && later.shares.is_empty() && ticket.seller == ticket.carrier {
        return Ok(Vec::new());
    }
    let of = |shares: &[Share], owner: PartyNo, all: Minor| match shares {
        [] => vec![Share { party: owner, amount: all }],
        shares => shares.to_vec(),
    };
    let mut sums = of(&first.shares, ticket.seller, to);
    for share in of(&later.shares, ticket.carrier, gross) {
        match sums.iter_mut().find(|sum| sum.party == share.party) {
            Some(sum) => sum.amount = sum.amount.plus(share.amount)?,
            None => sums.push(share),
        }
    }
    sums.retain(|share| !share.amount.is_zero());
    sums.sort_unstable();
    Ok(match sums[..] {
        [Share { party, .. }] if party == ticket.seller => Vec::new(),
        _ => sums,
    })
}
