//! Passes and ticket books that are held, and the rides they pay.

use crate::campaigns::CampaignInput;
use crate::carried::{Carried, HeldPass};
use crate::explain::{Because, Fact};
use crate::incomplete::Kind;
use crate::model::{PassPart, UnknownFare};
use crate::offers::{Query, Sold};
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::{Field, Pick, Selector, Subject};
use crate::shares::Standing;
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use primitives::{DayRule, EventTime, Minor, PartyNo, ServiceDate, Text};
use std::cmp::Reverse;

/// The passes of a policy, by product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passes(pub(crate) Vec<Pass>);

/// What a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassKind {
    /// Any number of rides in a time.
    Period,
    /// A number of rides.
    Book,
    /// Pays no ride; it opens the leg rules that ask for it.
    Entitlement,
}

impl PassKind {
    /// The word of the format.
    pub const fn word(self) -> &'static str {
        match self {
            PassKind::Period => "period",
            PassKind::Book => "book",
            PassKind::Entitlement => "entitlement",
        }
    }
}

/// When the time of a pass begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activation {
    /// When it is bought.
    Purchase,
    /// With the first ride it pays.
    FirstUse,
    /// On a day the buyer names.
    FixedDate,
}

/// What is given back for a pass that is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refund {
    /// Nothing.
    None,
    /// The price, before the first ride and the first day.
    Unused,
    /// The part that is left.
    Prorata,
}

/// How long a pass lasts once its time began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Hours(u32),
    Days(u32),
    Months(u32),
    CalendarMonths(u32),
}

/// One row of `fare_passes.txt`.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) product: u32,
    pub(crate) kind: PassKind,
    /// Of a book.
    pub(crate) rides: Option<u32>,
    pub(crate) span: Option<Span>,
    pub(crate) activation: Activation,
    /// When its days begin.
    pub(crate) day_rule: DayRule,
    pub(crate) selector: Selector,
    /// Both ends of a ride lie in one of these areas.
    pub(crate) within: Option<Pick>,
    pub(crate) rides_per_day: Option<u32>,
    /// The fare up to which it pays.
    pub(crate) face_value: Option<Minor>,
    /// For a ride above the face value the rider pays the rest; else the pass does not pay it.
    pub(crate) difference: bool,
    pub(crate) counts_to_cap: bool,
    pub(crate) funder: PartyNo,
    pub(crate) transferable: bool,
    pub(crate) refund: Refund,
    pub(crate) sale_from: Option<EventTime>,
    pub(crate) sale_until: Option<EventTime>,
    /// Its row.
    pub(crate) row: Text,
}

/// A ride that a pass pays.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    /// The single fare with the pass as payer.
    pub(crate) sold: Sold,
    pub(crate) counts_to_cap: bool,
    pub(crate) part: PassPart,
}

/// A pass that may pay a ride.
struct Candidate<'a> {
    pass: &'a Pass,
    /// Its place among the passes that are held.
    at: usize,
    /// What it pays.
    paid: Minor,
    until: Option<EventTime>,
}

impl Passes {
    /// The terms of a product, when it is a pass.
    pub(crate) fn find(&self, product: u32) -> Option<&Pass> {
        self.0.binary_search_by_key(&product, |pass| pass.product).ok().map(|at| &self.0[at])
    }

    fn of<'a>(&'a self, policy: &Policy, held: &HeldPass) -> Option<&'a Pass> {
        self.find(policy.product_ids.find(held.product.as_str())?)
    }

    /// The products of the passes that are held and whose time runs when the leg begins: what leg rules may ask for.
    pub(crate) fn running(&self, policy: &Policy, held: &[HeldPass], part: &Part) -> Box<[u32]> {
        let running = |held: &&HeldPass| {
            self.of(policy, held)
                .is_some_and(|pass| held.active_from.is_some() && pass.refusal(policy, held, part).is_none())
        };
        let products = held.iter().filter(running);
        products.filter_map(|held| policy.product_ids.find(held.product.as_str())).collect()
    }

    /// The ride as a pass pays it, when one that is held covers it; the pass is used by that. Of several passes the one
    /// that leaves least to the rider pays, then a period before a book, then the one that ends first, then by product.
    pub(crate) fn cover(
        &self,
        policy: &Policy,
        carried: &mut Carried,
        part: &Part,
        kind: Option<Kind>,
        trace: &mut Trace,
    ) -> Result<Option<Covered>, UnknownFare> {
        let mut fare_trace = Trace::new(trace.facts.is_some());
        let query = Query::of_part(policy, part);
        let single = match kind {
            Some(kind) => query.incomplete(kind, &mut fare_trace).map(|(sold, _)| sold),
            None => query.sell_best(&mut fare_trace),
        };
        // A fare that nobody knows is not paid by a pass either; the caller finds that out again, and says why.
        let Ok(single) = single else { return Ok(None) };
        let subject = Subject { part, leg_group: single.leg_group, product: single.product };
        let input = CampaignInput { subject, base: single.base, position: 0 };
        // A ride that costs the rider nothing does not use a ticket up.
        let free = !policy.campaigns.left(policy, &carried.campaigns, input, &single.cost)?.is_positive();
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        for (at, held) in carried.passes.iter().enumerate() {
            let Some(pass) = self.of(policy, held) else { continue };
            match pass.candidate(policy, held, at, part, kind, single.cost.rider) {
                Ok(_) if free => trace.fact(|| not_pass(held, Because::NoGain)),
                Ok(candidate) => candidates.push(candidate),
                Err(Some(because)) => trace.fact(|| not_pass(held, because)),
                Err(None) => {}
            }
        }
        candidates.sort_by_cached_key(|candidate| candidate.order(policy));
        let mut candidates = candidates.into_iter();
        let Some(candidate) = candidates.next() else { return Ok(None) };
        for other in candidates {
            trace.fact(|| not_pass(&carried.passes[other.at], Because::RanksLater));
        }
        let bought_at = carried.passes[candidate.at].bought_at;
        let covered = candidate.pass.covered(single, &candidate, bought_at)?;
        candidate.pass.take_ride(&mut carried.passes[candidate.at], part);
        trace.rules.append(&mut fare_trace.rules);
        trace.rule(&candidate.pass.row);
        if let (Some(facts), Some(more)) = (&mut trace.facts, fare_trace.facts) {
            facts.extend(more);
        }
        let held = &carried.passes[candidate.at];
        trace.fact(|| Fact::Pass {
            product: held.product.clone(),
            rides_left: candidate.pass.rides.map(|rides| rides.saturating_sub(held.rides)),
            until: candidate.until,
        });
        Ok(Some(covered))
    }
}

fn not_pass(held: &HeldPass, because: Because) -> Fact {
    Fact::NotPass { product: held.product.clone(), because }
}

impl Candidate<'_> {
    /// The smallest pays.
    fn order(&self, policy: &Policy) -> impl Ord + use<> {
        let product = policy.product_ids.get(self.pass.product).clone();
        (Reverse(self.paid), self.pass.kind, self.until.is_none(), self.until, product, self.at)
    }
}

impl Pass {
    /// Whether a pass that is held may pay this ride; a reason is given when the rider may want to know it.
    fn candidate<'a>(
        &'a self,
        policy: &Policy,
        held: &HeldPass,
        at: usize,
        part: &Part,
        kind: Option<Kind>,
        fare: Minor,
    ) -> Result<Candidate<'a>, Option<Because>> {
        if self.kind == PassKind::Entitlement {
            return Err(None);
        }
        if let Some(because) = self.refusal(policy, held, part) {
            return Err(because);
        }
        let within = |pick: &Pick| {
            // Nobody knows where a ride that is not whole went.
            kind.is_none()
                && [part.from, part.to]
                    .into_iter()
                    .all(|stop| policy.areas_of(stop).iter().any(|area| pick.takes(Some(*area))))
        };
        if !self.within.as_ref().is_none_or(within) {
            return Err(None);
        }
        let date = self.day_rule.service_date(part.start.at());
        let today = if held.day == Some(date) { held.day_rides } else { 0 };
        if self.rides.is_some_and(|rides| held.rides >= rides)
            || self.rides_per_day.is_some_and(|rides| today >= rides)
        {
            return Err(Some(Because::UsedUp));
        }
        let paid = match self.face_value {
            Some(face) if face < fare && !self.difference => return Err(Some(Because::Dearer)),
            Some(face) => face.min(fare),
            None => fare,
        };
        let until = self.until(held.active_from.unwrap_or(part.start.at()));
        Ok(Candidate { pass: self, at, paid, until })
    }

    /// Why a pass that is held does not hold for this leg; the inner nothing is a reason that goes without saying.
    fn refusal(&self, policy: &Policy, held: &HeldPass, part: &Part) -> Option<Option<Because>> {
        let subject = Subject { part, leg_group: None, product: None };
        if !self.selector.takes(policy, subject) {
            return Some(match self.selector.only_miss(policy, subject) {
                Some(Field::Medium) => Some(Because::Medium),
                Some(Field::Rider) => Some(Because::Rider),
                _ => None,
            });
        }
        if held.medium.as_ref().is_some_and(|only| policy.medium_ids.get(part.medium) != only) {
            return Some(Some(Because::Medium));
        }
        let start = part.start.at();
        if start < held.bought_at || held.active_from.is_some_and(|from| start < from) {
            return Some(None);
        }
        let over = held.active_from.and_then(|from| self.until(from)).is_some_and(|until| until <= start);
        over.then_some(Some(Because::TimeUp))
    }

    /// The first moment a pass that began then no longer holds; nothing when it holds for ever.
    pub(crate) fn until(&self, from: EventTime) -> Option<EventTime> {
        let last = EventTime::from_unix_ms(EventTime::END_MS - 1);
        let date = self.day_rule.service_date(from).0;
        let day: Option<NaiveDate> = match self.span? {
            Span::Hours(hours) => {
                let ms = from.unix_ms().checked_add(i64::from(hours) * 3_600_000);
                return ms.and_then(EventTime::from_unix_ms).or(last);
            }
            Span::Days(days) => date.checked_add_signed(TimeDelta::days(i64::from(days))),
            Span::Months(months) => date.checked_add_months(Months::new(months)),
            Span::CalendarMonths(months) => {
                date.with_day(1).and_then(|first| first.checked_add_months(Months::new(months)))
            }
        };
        day.and_then(|day| self.day_start(ServiceDate(day))).or(last)
    }

    /// The first moment of a day of the pass.
    pub(crate) fn day_start(&self, date: ServiceDate) -> Option<EventTime> {
        self.day_rule.at(date, i64::from(self.day_rule.day_start_seconds))
    }

    /// The single fare, where the pass pays in the rider's place.
    fn covered(
        &self,
        mut single: Sold,
        candidate: &Candidate<'_>,
        bought_at: EventTime,
    ) -> Result<Covered, UnknownFare> {
        single.cost.reduce(candidate.paid, Some(self.funder))?;
        single.product = Some(self.product);
        single.standing = Standing::Pass(self.product);
        let part = PassPart { bought_at, amount: candidate.paid };
        Ok(Covered { sold: single, counts_to_cap: self.counts_to_cap, part })
    }

    fn take_ride(&self, held: &mut HeldPass, part: &Part) {
        let start = part.start.at();
        held.active_from.get_or_insert(start);
        held.rides = held.rides.saturating_add(1);
        let date = self.day_rule.service_date(start);
        if held.day != Some(date) {
            (held.day, held.day_rides) = (Some(date), 0);
        }
        held.day_rides = held.day_rides.saturating_add(1);
    }
}
