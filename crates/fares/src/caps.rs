//! The most that is paid in a period.
//!
//! What a period costs is a function of what its legs cost: their sum, less what goes beyond the limit. Each leg pays the
//! growth of that, so a leg that makes earlier ones cheaper lowers it, and one that leaves the areas of a limit raises it.

use crate::carried::{CapCounter, Carried};
use crate::cost::Cost;
use crate::explain::Fact;
use crate::model::UnknownFare;
use crate::part::Part;
use crate::periods::Period;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::{Pick, Selector, Subject};
use crate::surcharges::Surcharged;
use primitives::{Minor, MoneyError, PartyNo, Rounding, Text};
use rust_decimal::Decimal;

/// The caps of a policy, in the order they are applied: shorter periods first, a cap before the one it is nested in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps(pub(crate) Vec<Cap>);

/// One cap: rows of one `cap_id` differ in their areas and limits only.
#[derive(Debug, Clone)]
pub(crate) struct Cap {
    pub(crate) id: Text,
    pub(crate) selector: Selector,
    /// Only legs whose day belongs to this service.
    pub(crate) service: Option<u32>,
    pub(crate) period: Period,
    pub(crate) counts: Counts,
    /// True: the gross fares are held against the limit, not what the rider is charged.
    pub(crate) by_gross: bool,
    pub(crate) per_medium: bool,
    /// True: a leg that costs nothing is a ride too.
    pub(crate) zero_legs: bool,
    /// The part of what lies beyond the limit that is not paid.
    pub(crate) beyond: Decimal,
    /// Who pays it in the rider's place; nobody: the operators earn less.
    pub(crate) funder: Option<PartyNo>,
    /// The smallest areas first; a limit for any areas stands last.
    pub(crate) limits: Vec<LimitRow>,
}

/// Which money of a leg a cap looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Fares,
    FaresAndSurcharges,
    Surcharges,
}

/// The limit while all travel of the period lies in some areas.
#[derive(Debug, Clone)]
pub(crate) struct LimitRow {
    /// The id of the area or set, and its areas.
    pub(crate) within: Option<(Text, Pick)>,
    pub(crate) limit: Limit,
    pub(crate) row: Text,
}

/// After what the rest of the period is cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Amount(Minor),
    Rides(u32),
}

/// What a cap looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CapInput<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) counts_to_cap: bool,
    pub(crate) surcharged: &'a Surcharged,
    /// What the rider's legs before this one cost of the same effective leg; none for the first of it.
    pub(crate) earlier: Option<Minor>,
}

/// What caps before have left of a leg.
#[derive(Debug, Clone, Copy)]
struct Rest {
    fare: Minor,
    surcharge: Minor,
    gross_fare: Minor,
    gross_surcharge: Minor,
}

/// A leg as one cap counts it.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// What the rider would pay.
    amount: Minor,
    /// What is held against the limit.
    against_limit: Minor,
    is_ride: bool,
}

impl Rest {
    fn of(cost: &Cost, surcharged: &Surcharged) -> Self {
        Rest {
            fare: cost.rider,
            surcharge: surcharged.in_caps.rider,
            gross_fare: cost.gross,
            gross_surcharge: surcharged.in_caps.gross,
        }
    }

    fn counted(&self, cap: &Cap, earlier: Option<Minor>) -> Result<Counted, MoneyError> {
        let (amount, gross) = match cap.counts {
            Counts::Fares => (self.fare, self.gross_fare),
            Counts::FaresAndSurcharges => {
                (self.fare.plus(self.surcharge)?, self.gross_fare.plus(self.gross_surcharge)?)
            }
            Counts::Surcharges => (self.surcharge, self.gross_surcharge),
        };
        // A leg that continues an effective leg is part of a ride that was counted, if that cost anything.
        let is_ride = match earlier {
            None => amount.is_positive() || cap.zero_legs,
            Some(before) => amount.is_positive() && !before.is_positive() && !cap.zero_legs,
        };
        Ok(Counted { amount, against_limit: if cap.by_gross { gross } else { amount }, is_ride })
    }

    /// Takes a reduction off what the cap looks at.
    fn reduce(&mut self, counts: Counts, by: Minor) -> Result<(), MoneyError> {
        match counts {
            Counts::Fares => self.fare = self.fare.minus(by)?,
            Counts::Surcharges => self.surcharge = self.surcharge.minus(by)?,
            Counts::FaresAndSurcharges => {
                let of_fare = by.min(self.fare.max(Minor::ZERO));
                self.fare = self.fare.minus(of_fare)?;
                self.surcharge = self.surcharge.minus(by.minus(of_fare)?)?;
            }
        }
        Ok(())
    }
}

impl Caps {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes off what goes beyond the caps that cover the leg, and counts the leg; gives how much of it was taken off the
    /// rider's surcharges. What one cap leaves counts for the next. Nothing is counted when an amount overflows.
    pub(crate) fn apply(
        &self,
        policy: &Policy,
        carried: &mut Carried,
        input: CapInput<'_>,
        cost: &mut Cost,
        trace: &mut Trace,
    ) -> Result<Minor, UnknownFare> {
        let at = input.subject.part.start.at();
        carried.caps.retain(|counter| counter.until >= at);
        if !input.counts_to_cap {
            return Ok(Minor::ZERO);
        }
        let mut rest = Rest::of(cost, input.surcharged);
        let mut reduced = cost.clone();
        let mut counters: Vec<CapCounter> = Vec::new();
        for cap in self.0.iter().filter(|cap| cap.covers(policy, input.subject)) {
            let counted = rest.counted(cap, input.earlier)?;
            let Some(counter) = cap.counter(policy, carried, input.subject.part, counted.is_ride) else {
                continue;
            };
            let (counter, reduction) = cap.count(policy, counter, input.subject.part, counted, trace)?;
            rest.reduce(cap.counts, reduction)?;
            reduced.reduce(reduction, cap.funder)?;
            counters.push(counter);
        }
        let of_surcharges = input.surcharged.in_caps.rider.minus(rest.surcharge)?;
        *cost = reduced;
        for counter in counters {
            put(&mut carried.caps, counter);
        }
        Ok(of_surcharges)
    }
}

/// Keeps a counter in the place of the one it continues; they stay sorted by cap, medium and period.
fn put(counters: &mut Vec<CapCounter>, counter: CapCounter) {
    let found = counters.binary_search_by(|held| {
        (&held.cap, &held.medium, held.from).cmp(&(&counter.cap, &counter.medium, counter.from))
    });
    match found {
        Ok(at) => counters[at] = counter,
        Err(at) => {
            // An account has a few; a vector that grows by itself would make room for four.
            counters.reserve_exact(1);
            counters.insert(at, counter);
        }
    }
}

impl Cap {
    fn covers(&self, policy: &Policy, subject: Subject<'_>) -> bool {
        let on_day = |service: u32| {
            let day = self.period.day_of(policy.day_rule, &subject.part.start);
            policy.timeframes.services[service as usize].runs_on(day)
        };
        self.selector.takes(policy, subject) && self.service.is_none_or(on_day)
    }

    /// The counter of the leg's period: the one that is open, or a new one. Days that roll from a leg begin with a leg
    /// that is a ride.
    fn counter(&self, policy: &Policy, carried: &Carried, part: &Part, is_ride: bool) -> Option<CapCounter> {
        let medium = self.per_medium.then(|| policy.medium_ids.get(part.medium));
        let at = part.start.at();
        let open = carried.caps.iter().find(|held| {
            held.cap == self.id
                && held.medium.as_ref() == medium
                && self.period.holds(held.from, held.until, at)
        });
        if open.is_some() || !is_ride && self.period.rolls() {
            return open.cloned();
        }
        let (from, until) = self.period.around(policy.day_rule, &part.start);
        Some(CapCounter {
            cap: self.id.clone(),
            medium: medium.cloned(),
            from,
            until,
            counted: Minor::ZERO,
            uncapped: Minor::ZERO,
            charged: Minor::ZERO,
            rides: 0,
            left: Vec::new(),
        })
    }

    /// The counter with this leg, and what the cap takes off the leg.
    fn count(
        &self,
        policy: &Policy,
        before: CapCounter,
        part: &Part,
        leg: Counted,
        trace: &mut Trace,
    ) -> Result<(CapCounter, Minor), UnknownFare> {
        let mut after = before.clone();
        after.left.extend(self.newly_left(policy, &before, part));
        after.left.sort_unstable();
        after.counted = before.counted.plus(leg.against_limit)?;
        after.uncapped = before.uncapped.plus(leg.amount)?;
        after.rides = before.rides.saturating_add(u32::from(leg.is_ride));
        let (old, row) = (self.limit(&before), self.limit(&after));
        let limit = row.map(|row| row.limit);
        let reduction = match limit {
            Some(Limit::Rides(most)) if after.rides > most => self.beyond(leg.amount)?,
            Some(Limit::Rides(_)) => Minor::ZERO,
            Some(Limit::Amount(_)) | None => {
                let growth = self.taken(row, after.counted)?.minus(self.taken(old, before.counted)?)?;
                // Never more than the leg costs, and never more back than was taken off.
                let given = before.uncapped.minus(before.charged)?;
                growth.min(leg.amount.max(Minor::ZERO)).max(given.negated()?)
            }
        };
        after.charged = before.charged.plus(leg.amount.minus(reduction)?)?;
        if let Some(row) = row.filter(|_| !reduction.is_zero()) {
            trace.rule(&row.row);
        }
        trace.fact(|| Fact::Cap {
            id: self.id.clone(),
            from: after.from,
            until: after.until,
            limit: limit.and_then(|limit| if let Limit::Amount(most) = limit { Some(most) } else { None }),
            rides_limit: limit
                .and_then(|limit| if let Limit::Rides(most) = limit { Some(most) } else { None }),
            before: before.charged,
            after: after.charged,
            reduction,
        });
        Ok((after, reduction))
    }

    /// The sets of areas that held all of the period's travel and do not hold this leg.
    fn newly_left(&self, policy: &Policy, counter: &CapCounter, part: &Part) -> Vec<Text> {
        let sets = self.limits.iter().filter_map(|row| row.within.as_ref());
        let left = sets.filter(|(id, areas)| !counter.left.contains(id) && !part.lies_in(policy, areas));
        left.map(|(id, _)| id.clone()).collect()
    }

    /// The limit of the smallest areas that hold all of the period's travel.
    fn limit(&self, counter: &CapCounter) -> Option<&LimitRow> {
        self.limits.iter().find(|row| row.within.as_ref().is_none_or(|(id, _)| !counter.left.contains(id)))
    }

    /// What a limit takes off a sum.
    fn taken(&self, row: Option<&LimitRow>, sum: Minor) -> Result<Minor, MoneyError> {
        match row.map(|row| row.limit) {
            Some(Limit::Amount(most)) => self.beyond(sum.minus(most)?.max(Minor::ZERO)),
            Some(Limit::Rides(_)) | None => Ok(Minor::ZERO),
        }
    }

    /// What is not paid of an amount beyond the limit; a fraction of a unit is paid.
    fn beyond(&self, amount: Minor) -> Result<Minor, MoneyError> {
        if self.beyond == Decimal::ONE { Ok(amount) } else { amount.scaled(self.beyond, Rounding::Down) }
    }
}
