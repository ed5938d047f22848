//! One leg more: every lawful way to continue a reading, and what it costs.

use super::rules::{Charge, Late, Pair, Row, Times, Transfers};
use super::state::{Held, Reading, Run, Tail, insert};
use super::{Asked, Offer, times};
use crate::cost::Cost;
use crate::explain::Because;
use crate::limits::TRANSFER_TAILS_MAX;
use crate::model::UnknownFare;
use crate::offers::{Query, Sold};
use crate::policy::Policy;
use crate::riders::{Source, Trace};
use primitives::Minor;
use std::cell::RefCell;
use std::cmp::Reverse;

/// What a transfer product costs the rider of this leg; nothing when the rider cannot buy it.
type Price = Option<Cost>;

/// The leg that is added.
pub(super) struct Step<'a> {
    pub(super) transfers: &'a Transfers,
    pub(super) policy: &'a Policy,
    before: &'a Held,
    pub(super) asked: &'a Asked<'a>,
    pub(super) turn: u64,
    pub(super) medium: u32,
    times: Times,
    /// Transfer products that were asked for already.
    prices: RefCell<Vec<(u32, Price)>>,
}

/// A way to add the leg to a reading.
#[derive(Debug)]
pub(super) struct Found {
    /// The reading it continues.
    pub(super) from: usize,
    pub(super) offer: usize,
    pub(super) link: Option<Link>,
    pub(super) above: Cost,
    pub(super) purchases: i64,
    rank: u32,
}

/// A transfer that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The leg it starts from, by its place among the tails.
    pub(super) tail: usize,
    pub(super) row: u32,
    pub(super) pair: u32,
    pub(super) count: u32,
    turn: u64,
}

impl Found {
    /// What tells apart the choices made leg by leg: those made before, the rule that says more, the earlier purchase,
    /// product and key of the transfer rule, the nearer leg.
    pub(super) fn choice(&self, readings: &[Reading]) -> impl Ord + Copy + use<> {
        let link = self.link.map(|link| (link.row, Reverse(link.turn)));
        (readings[self.from].past, self.rank, link)
    }

    /// The cheapest for the rider first, then for whoever pays the rest, then the fewest purchases.
    pub(super) fn order(&self, readings: &[Reading]) -> impl Ord + use<> {
        (self.above.rider, self.above.gross, self.purchases, self.choice(readings))
    }
}

impl<'a> Step<'a> {
    pub(super) fn new(
        transfers: &'a Transfers,
        policy: &'a Policy,
        before: &'a Held,
        asked: &'a Asked<'a>,
    ) -> Self {
        let medium = asked.effective.group.last().medium;
        let (turn, times) = (before.turn.saturating_add(1), times(asked));
        Step { transfers, policy, before, asked, turn, medium, times, prices: RefCell::default() }
    }

    /// Every way to add the leg, sold so, to this reading.
    pub(super) fn continue_by(
        &self,
        from: usize,
        reading: &Reading,
        offer_number: usize,
        offer: &Offer<'_>,
        found: &mut Vec<Found>,
    ) -> Result<(), UnknownFare> {
        let mut must = false;
        for (number, tail) in reading.tails.iter().enumerate() {
            for link in self.links(number, tail, &offer.sold) {
                must |= self.row(link.row).compulsory;
                let (above, purchases) = self.linked(reading, tail, &offer.sold, link)?;
                let rank = offer.rule.rank;
                found.push(Found { from, offer: offer_number, link: Some(link), above, purchases, rank });
            }
        }
        if offer.alone && !must {
            let above = reading.above.plus(&offer.sold.cost)?;
            let (purchases, rank) = (reading.purchases.saturating_add(1), offer.rule.rank);
            found.push(Found { from, offer: offer_number, link: None, above, purchases, rank });
        }
        Ok(())
    }

    pub(super) fn row(&self, number: u32) -> &'a Row {
        &self.transfers.rows[number as usize]
    }

    fn pair(&self, number: u32) -> &'a Pair {
        &self.transfers.pairs[number as usize]
    }

    /// The transfers that may be taken from a leg to this one. Of rows that count, those of the smallest count.
    fn links(&self, number: usize, tail: &Tail, sold: &Sold) -> Vec<Link> {
        let Some(pair) = self.transfers.pair(tail.group, sold.leg_group) else { return Vec::new() };
        let (count, first) = tail.run(pair);
        let rows = self.pair(pair).rows.iter().copied();
        let usable = rows.filter(|row| {
            self.refusal(tail, pair, self.row(*row), sold, (count, first)).is_none()
                && self.row(*row).product.is_none_or(|product| self.price(product).is_some())
        });
        let mut usable: Vec<u32> = usable.collect();
        if self.pair(pair).runs {
            let most = |row: &u32| self.row(*row).count.unwrap_or(u32::MAX);
            let least = usable.iter().map(most).min();
            usable.retain(|row| Some(most(row)) == least);
        }
        let link = |row| Link { tail: number, row, pair, count, turn: tail.turn };
        usable.into_iter().map(link).collect()
    }

    /// Why a row that speaks of the two legs cannot be used; nothing when it can.
    pub(super) fn refusal(
        &self,
        tail: &Tail,
        pair: u32,
        row: &Row,
        sold: &Sold,
        (count, first): (u32, Times),
    ) -> Option<Because> {
        if !row.any_medium && tail.medium != self.medium {
            return Some(Because::Medium);
        }
        let latest = if row.any_medium { Some(self.before.turn) } else { self.before.latest_on(self.medium) };
        if !row.looks_back && latest != Some(tail.turn) {
            return Some(Because::Interrupted);
        }
        let held = |product: u32| tail.held.binary_search(&product).is_ok();
        if row.same_product && tail.product != sold.product
            || row.filter.is_some_and(|product| !held(product))
        {
            return Some(Because::Product);
        }
        let used = tail.granted.binary_search(&pair).is_ok();
        if used || self.pair(pair).runs && row.count.is_some_and(|most| count > most) {
            return Some(Because::UsedUp);
        }
        row.late(self.policy.day_rule, first, self.times).map(|late| match late {
            Late::TimeUp => Because::TimeUp,
            Late::NoArrival => Because::NoTapOff,
            Late::NewDay => Because::NewDay,
        })
    }

    /// What a transfer product costs the rider, without anything added.
    pub(super) fn buy(&self, product: u32, trace: &mut Trace) -> Result<Sold, UnknownFare> {
        let Asked { effective, changed, .. } = *self.asked;
        let query: Query<'_> = effective.group.query(self.policy, Minor::ZERO, changed);
        query.buy(Source::Product(product), trace)
    }

    fn price(&self, product: u32) -> Price {
        let held = self.prices.borrow().iter().find(|(of, _)| *of == product).map(|(_, price)| price.clone());
        held.unwrap_or_else(|| {
            let price = self.buy(product, &mut Trace::new(false)).ok().map(|sold| sold.cost);
            self.prices.borrow_mut().push((product, price.clone()));
            price
        })
    }

    /// What the reading costs with this transfer, and how many purchases that makes.
    fn linked(
        &self,
        reading: &Reading,
        tail: &Tail,
        sold: &Sold,
        link: Link,
    ) -> Result<(Cost, i64), UnknownFare> {
        let row = self.row(link.row);
        let mut above = reading.above.clone();
        let mut purchases = reading.purchases;
        if let Some(product) = row.product
            && !self.is_covered(tail, row)
            && let Some(price) = self.price(product)
        {
            above = above.plus(&price)?;
            purchases = purchases.saturating_add(1);
        }
        match (row.charge, &tail.opener) {
            (Charge::TransferAndLeg, _) => {
                above = above.plus(&sold.cost)?;
                purchases = purchases.saturating_add(1);
            }
            (Charge::Both, Some(opener)) => {
                above = above.minus(opener)?;
                purchases = purchases.saturating_sub(1);
            }
            (Charge::Transfer, _) | (Charge::Both, None) => {}
        }
        Ok((above, purchases))
    }

    /// True when the row's product was bought on the way already and need not be bought again.
    pub(super) fn is_covered(&self, tail: &Tail, row: &Row) -> bool {
        row.once_a_chain && row.product.is_some_and(|product| tail.once.binary_search(&product).is_ok())
    }

    /// The legs that a transfer may start from after this one.
    pub(super) fn tails(&self, reading: &Reading, offer: &Offer<'_>, found: &Found) -> Vec<Tail> {
        let mut tails: Vec<Tail> = Vec::new();
        for (number, tail) in reading.tails.iter().enumerate() {
            if !self.may_start(tail) {
                continue;
            }
            let mut tail = tail.clone();
            if let Some(link) = found.link.filter(|link| link.tail == number) {
                insert(&mut tail.granted, link.pair);
                tail.opener = None;
                if !self.may_start(&tail) {
                    continue;
                }
            }
            tails.push(tail);
        }
        tails.push(self.tail(reading, &offer.sold, found));
        let surplus = tails.len().saturating_sub(TRANSFER_TAILS_MAX);
        tails.drain(..surplus);
        tails
    }

    /// True when a later leg may still start a transfer from this one although the present leg lies between.
    fn may_start(&self, tail: &Tail) -> bool {
        let passed = self.before.latest_on(tail.medium) != Some(tail.turn) || tail.medium == self.medium;
        let (day, now) = (self.policy.day_rule, self.times.start);
        (!passed || self.transfers.looks_back) && self.transfers.may_start(day, tail, now, passed)
    }

    /// The leg itself.
    fn tail(&self, reading: &Reading, sold: &Sold, found: &Found) -> Tail {
        let transfers = self.transfers;
        let (mut held, mut once) = (Vec::new(), Vec::new());
        let mut hold = |product: Option<u32>| {
            if let Some(product) = product.filter(|of| transfers.filters.binary_search(of).is_ok()) {
                insert(&mut held, product);
            }
        };
        let mut run = None;
        let row = found.link.map(|link| self.row(link.row));
        if let (Some(link), Some(row)) = (found.link, row) {
            let from = &reading.tails[link.tail];
            from.held.iter().for_each(|product| hold(Some(*product)));
            once.clone_from(&from.once);
            hold(row.product);
            if let Some(product) = row.product.filter(|_| row.once_a_chain) {
                insert(&mut once, product);
            }
            let (count, first) = from.run(link.pair);
            run = self.pair(link.pair).runs.then_some(Run { pair: link.pair, count, first });
        }
        if row.is_none_or(|row| row.charge == Charge::TransferAndLeg) {
            hold(sold.product);
        }
        let opener = (found.link.is_none() && transfers.pays_both).then(|| sold.cost.clone());
        Tail {
            turn: self.turn,
            medium: self.medium,
            group: sold.leg_group,
            product: sold.product.filter(|_| transfers.same_product),
            times: self.times,
            opener,
            run,
            granted: Vec::new(),
            held,
            once,
        }
    }
}
