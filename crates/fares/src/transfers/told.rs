//! What is told of a leg that transfer rules look at: the rows that made its price, and what did not come of others.

use super::Offer;
use super::moves::{Found, Link, Step};
use super::rules::Charge;
use super::state::Reading;
use crate::explain::{Because, Fact};
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::riders::Trace;
use primitives::{Minor, Text};

/// How many ways that did not win are told.
const LOST_MAX: usize = 2;

/// A point in a trace that one can go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    rules: usize,
    facts: usize,
}

impl Mark {
    pub(crate) fn of(trace: &Trace) -> Self {
        Mark { rules: trace.rules.len(), facts: trace.facts.as_ref().map_or(0, Vec::len) }
    }

    fn go_back(self, trace: &mut Trace) {
        trace.rules.truncate(self.rules);
        if let Some(facts) = &mut trace.facts {
            facts.truncate(self.facts);
        }
    }
}

impl Step<'_> {
    /// Puts the rows of the best way into the trace. Returns what the leg is sold as, unless that is what the trace
    /// says already.
    pub(super) fn tell(
        &self,
        offers: &[Offer<'_>],
        readings: &[Reading],
        found: &[Found],
        trace: &mut Trace,
    ) -> Result<Option<Sold>, UnknownFare> {
        let Some(best) = found.first() else { return Ok(None) };
        let offer = &offers[best.offer];
        let mut sold = None;
        if best.offer != 0 {
            self.asked.mark.go_back(trace);
            let query = self.asked.effective.group.query(self.policy, self.asked.extra, self.asked.changed);
            query.sell(offer.rule, trace)?;
            sold = Some(offer.sold.clone());
        }
        if let Some(link) = best.link {
            sold = Some(self.tell_link(link, best, offer, readings, trace)?);
        }
        if trace.facts.is_some() {
            let change = readings[best.from].above.rider;
            if !change.is_zero() {
                trace.fact(|| Fact::Reread { change });
            }
            self.tell_lost(offers, found, trace);
            self.tell_refused(readings, offer, best, trace);
        }
        Ok(sold)
    }

    /// The rows of a transfer that is taken. The leg's own price is part of it only when it is paid.
    fn tell_link(
        &self,
        link: Link,
        best: &Found,
        offer: &Offer<'_>,
        readings: &[Reading],
        trace: &mut Trace,
    ) -> Result<Sold, UnknownFare> {
        let row = self.row(link.row);
        let pays_leg = row.charge == Charge::TransferAndLeg;
        if !pays_leg {
            trace.rules.truncate(self.asked.mark.rules);
            trace.rule(&offer.rule.id);
        }
        trace.rule(&row.id);
        let covered = self.is_covered(&readings[best.from].tails[link.tail], row);
        if let Some(product) = row.product.filter(|_| !covered) {
            self.buy(product, trace)?;
        }
        let (full, paid) = (offer.sold.cost.rider, best.above.rider);
        trace.fact(|| Fact::Transfer { row: row.id.clone(), product: self.product(row.product), full, paid });
        let own = offer.sold.clone();
        Ok(if pays_leg { own } else { Sold { product: row.product, base: Minor::ZERO, ..own } })
    }

    fn product(&self, product: Option<u32>) -> Option<Text> {
        product.map(|product| self.policy.product_ids.get(product).clone())
    }

    /// The best of the other ways, where a transfer is the difference.
    fn tell_lost(&self, offers: &[Offer<'_>], found: &[Found], trace: &mut Trace) {
        let Some((best, others)) = found.split_first() else { return };
        let row = |found: &Found| found.link.map(|link| link.row);
        let mut told = vec![(row(best), best.offer)];
        for other in others {
            let way = (row(other), other.offer);
            if told.len() > LOST_MAX || told.contains(&way) || way.0 == told[0].0 {
                continue;
            }
            told.push(way);
            let offer = &offers[other.offer];
            let (id, product) = match way.0.map(|row| self.row(row)) {
                Some(row) => (row.id.clone(), self.product(row.product)),
                None => (offer.rule.id.clone(), offer.sold.product_id(self.policy)),
            };
            let rider = other.above.rider;
            let dearer = rider > best.above.rider;
            let because = if dearer { Because::Dearer } else { Because::RanksLater };
            trace.fact(|| Fact::Lost { row: id, product, rider: Some(rider), because });
        }
    }

    /// The rules that speak of the change but could not be used.
    fn tell_refused(&self, readings: &[Reading], offer: &Offer<'_>, best: &Found, trace: &mut Trace) {
        for tail in &readings[best.from].tails {
            let Some(pair) = self.transfers.pair(tail.group, offer.sold.leg_group) else { continue };
            let run = tail.run(pair);
            for row in &self.transfers.pairs[pair as usize].rows {
                let row = self.row(*row);
                if let Some(because) = self.refusal(tail, pair, row, &offer.sold, run) {
                    trace.fact(|| Fact::NotTransfer { row: row.id.clone(), because });
                }
            }
        }
    }
}
