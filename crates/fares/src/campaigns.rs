//! Reductions for a time, with quotas.

use crate::carried::CampaignCounter;
use crate::cost::Cost;
use crate::explain::{Because, Fact};
use crate::model::{Funded, UnknownFare};
use crate::policy::Policy;
use crate::riders::{Trace, round_to};
use crate::selector::{Field, Selector, Subject};
use primitives::{EventTime, Minor, MoneyError, PartyNo, Rounding, ServiceDate, Text};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The campaigns of a policy: the higher priority first, then by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Campaigns(pub(crate) Vec<Campaign>);

/// One row of `fare_campaigns.txt`.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    pub(crate) id: Text,
    pub(crate) selector: Selector,
    pub(crate) days: Option<Days>,
    pub(crate) reduction: Reduction,
    /// Takes from the part of the price that distance does not change, and that part only.
    pub(crate) only_base: bool,
    /// Takes from the first leg of an effective leg only.
    pub(crate) only_first: bool,
    pub(crate) rides_per_day: Option<u32>,
    pub(crate) rides_total: Option<u32>,
    /// Quotas count for each medium of the person by itself.
    pub(crate) per_medium: bool,
    /// Stands beside other campaigns on one leg.
    pub(crate) combinable: bool,
    pub(crate) counts_to_cap: bool,
    pub(crate) funder: PartyNo,
    /// Its row.
    pub(crate) row: Text,
}

/// The service days of a campaign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    pub(crate) service: u32,
    /// Legs that start outside these moments need not be looked at: both lie beyond the first and last day.
    pub(crate) outer: (EventTime, EventTime),
}

/// What a campaign does to a price.
#[derive(Debug, Clone)]
pub(crate) enum Reduction {
    /// The part that is left, and how that is rounded.
    Percent {
        left: Decimal,
        rounding: (i64, Rounding),
    },
    Amount(Minor),
    /// What is left.
    Fixed(Minor),
}

impl Reduction {
    /// What is taken off a price above nothing: at least nothing, at most all of it.
    fn of(&self, price: Minor) -> Option<Minor> {
        let left = match self {
            Reduction::Percent { left, .. } if left.is_zero() => Minor::ZERO,
            Reduction::Percent { left, rounding: (step, mode) } => {
                let exact = Decimal::from(price.units()).checked_mul(*left)?;
                Minor::new(round_to(exact, *step, *mode)?.to_i64()?)
            }
            Reduction::Amount(amount) => price.minus(*amount).ok()?,
            Reduction::Fixed(amount) => *amount,
        };
        price.minus(left.clamp(Minor::ZERO, price)).ok()
    }
}

/// What a campaign looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CampaignInput<'a> {
    pub(crate) subject: Subject<'a>,
    /// The part of the rider's price that distance does not change.
    pub(crate) base: Minor,
    /// How many legs of the effective leg came before this one.
    pub(crate) position: usize,
}

/// What campaigns took off an effective leg so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// What the rider would have paid without them.
    full: Minor,
    /// Who paid in the rider's place.
    by: Vec<Funded>,
}

/// Whether a campaign speaks of a leg.
enum Fit {
    Yes(Minor),
    No,
    /// It would, were it not for this.
    But(Because),
}

impl Campaigns {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when a quota may count a leg that starts then.
    pub(crate) fn count_at(&self, policy: &Policy, start: EventTime, days: &primitives::Days) -> bool {
        let may = |campaign: &&Campaign| {
            (campaign.rides_per_day.is_some() || campaign.rides_total.is_some())
                && campaign
                    .days
                    .is_none_or(|Days { outer: (first, last), .. }| first <= start && start <= last)
        };
        let mut quotas = self.0.iter().filter(may).peekable();
        if quotas.peek().is_none() {
            return false;
        }
        let date = days.service_date(policy.day_rule, start);
        let runs = |days: &Days| policy.timeframes.services[days.service as usize].runs_on(date.0);
        quotas.any(|campaign| campaign.days.as_ref().is_none_or(runs))
    }

    /// Takes off what campaigns take off, and counts the quotas that are used. Gives the campaigns that did. Of the campaigns that stand alone the one that takes most is used, then all that may stand beside
    /// it, each on what is left.
    pub(crate) fn apply(
        &self,
        policy: &Policy,
        counters: &mut Vec<CampaignCounter>,
        input: CampaignInput<'_>,
        taken: &mut Taken,
        cost: &mut Cost,
        trace: &mut Trace,
    ) -> Result<Vec<Text>, UnknownFare> {
        if !cost.rider.is_positive() {
            taken.give_back(cost)?;
            return Ok(Vec::new());
        }
        taken.full = taken.full.plus(cost.rider)?;
        let alone = self.best_alone(policy, counters, input, cost.rider, trace);
        let beside = self.0.iter().filter(|campaign| campaign.combinable);
        let mut used = Vec::new();
        for campaign in alone.into_iter().chain(beside) {
            let reduction = match campaign.fit(policy, counters, input, cost.rider, trace.tells()) {
                Fit::Yes(reduction) => reduction,
                Fit::But(because) if campaign.combinable => {
                    trace.fact(|| Fact::NotCampaign { id: campaign.id.clone(), because });
                    continue;
                }
                Fit::No | Fit::But(_) => continue,
            };
            let (number, quota) = campaign.count(policy, counters, input.subject);
            cost.reduce(reduction, Some(campaign.funder))?;
            taken.add(campaign.funder, reduction)?;
            trace.rule(&campaign.row);
            trace.fact(|| Fact::Campaign {
                id: campaign.id.clone(),
                reduction,
                used: number,
                quota,
                funder: campaign.funder,
            });
            used.push(campaign.id.clone());
        }
        Ok(used)
    }

    /// False when one of these campaigns keeps its legs from counting towards caps.
    pub(crate) fn count_to_cap(&self, used: &[Text]) -> bool {
        self.0.iter().all(|campaign| campaign.counts_to_cap || !used.contains(&campaign.id))
    }

    /// What the rider would pay for a leg after every campaign; nothing is counted.
    pub(crate) fn left(
        &self,
        policy: &Policy,
        counters: &[CampaignCounter],
        input: CampaignInput<'_>,
        cost: &Cost,
    ) -> Result<Minor, UnknownFare> {
        if self.is_empty() {
            return Ok(cost.rider);
        }
        let mut after = cost.clone();
        let (mut counters, mut taken) = (counters.to_vec(), Taken::default());
        self.apply(policy, &mut counters, input, &mut taken, &mut after, &mut Trace::new(false))?;
        Ok(after.rider)
    }

    /// The campaign that takes most among those that do not stand beside others; at equal reductions the one of higher
    /// priority, then the first id.
    fn best_alone(
        &self,
        policy: &Policy,
        counters: &[CampaignCounter],
        input: CampaignInput<'_>,
        price: Minor,
        trace: &mut Trace,
    ) -> Option<&Campaign> {
        let mut best: Option<(&Campaign, Minor)> = None;
        let tells = trace.tells();
        let mut lost = |campaign: &Campaign, because| {
            trace.fact(|| Fact::NotCampaign { id: campaign.id.clone(), because });
        };
        for campaign in self.0.iter().filter(|campaign| !campaign.combinable) {
            match campaign.fit(policy, counters, input, price, tells) {
                Fit::No => {}
                Fit::But(because) => lost(campaign, because),
                Fit::Yes(reduction) => match best {
                    Some((_, most)) if reduction == most => lost(campaign, Because::RanksLater),
                    Some((_, most)) if reduction < most => lost(campaign, Because::Dearer),
                    _ => {
                        if let Some((earlier, _)) = best.replace((campaign, reduction)) {
                            lost(earlier, Because::Dearer);
                        }
                    }
                },
            }
        }
        best.map(|(campaign, _)| campaign)
    }
}

impl Campaign {
    /// What it takes off this price. A campaign that only another medium would have given is named where somebody is told,
    /// because the rider lost a gift by it.
    fn fit(
        &self,
        policy: &Policy,
        counters: &[CampaignCounter],
        input: CampaignInput<'_>,
        price: Minor,
        tells: bool,
    ) -> Fit {
        let subject = input.subject;
        let start = &subject.part.start;
        if let Some(Days { outer: (first, last), .. }) = self.days
            && (start.at() < first || last < start.at())
        {
            return Fit::No;
        }
        let missed = (!self.selector.takes(policy, subject))
            .then(|| tells && self.selector.only_miss(policy, subject) == Some(Field::Medium));
        if missed == Some(false) || self.only_first && input.position > 0 {
            return Fit::No;
        }
        let date = start.service_date(policy.day_rule);
        let runs = |days: &Days| policy.timeframes.services[days.service as usize].runs_on(date.0);
        if !self.days.as_ref().is_none_or(runs) {
            return Fit::No;
        }
        // Distance may add to the price with every leg; the rest is paid with the first.
        let price = match (self.only_base, input.position) {
            (true, 0) => price.min(input.base),
            (true, _) => Minor::ZERO,
            (false, _) => price,
        };
        let Some(reduction) = self.reduction.of(price).filter(|reduction| reduction.is_positive()) else {
            return Fit::No;
        };
        let medium = self.medium_of(policy, subject);
        let used_up = |quota: Option<u32>, day| {
            quota.is_some_and(|quota| used(counters, &self.id, medium, day) >= quota)
        };
        if missed.is_some() {
            Fit::But(Because::Medium)
        } else if used_up(self.rides_per_day, Some(date)) || used_up(self.rides_total, None) {
            Fit::But(Because::UsedUp)
        } else {
            Fit::Yes(reduction)
        }
    }

    fn medium_of<'p>(&self, policy: &'p Policy, subject: Subject<'_>) -> Option<&'p Text> {
        self.per_medium.then(|| policy.medium_ids.get(subject.part.medium))
    }

    /// Counts one ride; says which one of its quota it is, and the quota: that of the day, else that of all days.
    fn count(
        &self,
        policy: &Policy,
        counters: &mut Vec<CampaignCounter>,
        subject: Subject<'_>,
    ) -> (u32, Option<u32>) {
        let medium = self.medium_of(policy, subject);
        let total = self.rides_total.map(|_| count(counters, &self.id, medium, None));
        let date = subject.part.start.service_date(policy.day_rule);
        match self.rides_per_day {
            Some(quota) => (count(counters, &self.id, medium, Some(date)), Some(quota)),
            None => (total.unwrap_or(1), self.rides_total),
        }
    }
}

/// Where a counter stands, or would stand: counters are sorted by campaign, medium and day.
fn place(
    counters: &[CampaignCounter],
    id: &Text,
    medium: Option<&Text>,
    day: Option<ServiceDate>,
) -> Result<usize, usize> {
    counters.binary_search_by(|counter| {
        (&counter.campaign, counter.medium.as_ref(), counter.day).cmp(&(id, medium, day))
    })
}

fn used(counters: &[CampaignCounter], id: &Text, medium: Option<&Text>, day: Option<ServiceDate>) -> u32 {
    place(counters, id, medium, day).map_or(0, |at| counters[at].used)
}

fn count(
    counters: &mut Vec<CampaignCounter>,
    id: &Text,
    medium: Option<&Text>,
    day: Option<ServiceDate>,
) -> u32 {
    if let Ok(at) = place(counters, id, medium, day) {
        counters[at].used = counters[at].used.saturating_add(1);
        return counters[at].used;
    }
    // Legs come in the order of time, so that the counter of an earlier day is never asked for again.
    counters.retain(|counter| {
        counter.day.is_none_or(|earlier| {
            counter.campaign != *id
                || counter.medium.as_ref() != medium
                || day.is_none_or(|day| day <= earlier)
        })
    });
    let counter = CampaignCounter { campaign: id.clone(), medium: medium.cloned(), day, used: 1 };
    let at = place(counters, id, medium, day).unwrap_or_else(|at| at);
    counters.insert(at, counter);
    1
}

impl Taken {
    fn add(&mut self, party: PartyNo, amount: Minor) -> Result<(), MoneyError> {
        match self.by.iter_mut().find(|funded| funded.party == party) {
            Some(funded) => funded.amount = funded.amount.plus(amount)?,
            None => self.by.push(Funded { party, amount }),
        }
        Ok(())
    }

    /// A leg that made the effective leg cheaper: funders get back their part of what falls, in proportion to what they
    /// paid of it, so that no rider is paid for riding.
    fn give_back(&mut self, cost: &mut Cost) -> Result<(), MoneyError> {
        let paid = Minor::sum(self.by.iter().map(|funded| funded.amount))?;
        let fall = cost.rider.negated()?.min(self.full);
        let full = self.full;
        self.full = full.minus(fall)?;
        if fall.is_zero() || !paid.is_positive() || full < paid {
            return Ok(());
        }
        let weight = |amount: Minor| amount.units().unsigned_abs();
        let parts = fall.split(&[weight(paid), weight(full.minus(paid)?)])?;
        let back = parts.first().copied().unwrap_or_default().min(paid);
        let weights: Vec<u64> = self.by.iter().map(|funded| weight(funded.amount)).collect();
        for (funded, part) in self.by.iter_mut().zip(back.split(&weights)?) {
            cost.reduce(part.negated()?, Some(funded.party))?;
            funded.amount = funded.amount.minus(part)?;
        }
        Ok(())
    }
}
