//! Transfer rules of GTFS-Fares v2: the cheapest lawful way to combine effective legs.
//!
//! Every way to read the legs is followed that may still turn out cheapest; with each leg, each of them is continued by
//! every product the leg may be sold as, alone or by a transfer from a leg before. What the leg costs is what it adds to
//! the cheapest reading, so a later leg may also lower what earlier ones cost together.

mod moves;
mod rules;
mod state;
mod told;

pub(crate) use rules::{Charge, Event, Limit, Row, Transfers};
pub(crate) use state::State;
pub(crate) use told::Mark;

use crate::cost::Cost;
use crate::joins::Group;
use crate::limits::READINGS_MAX;
use crate::model::UnknownFare;
use crate::offers::{Query, Sold};
use crate::policy::Policy;
use crate::riders::Trace;
use crate::rules::LegRule;
use crate::windows::Effective;
use moves::{Found, Step};
use primitives::{DayRule, EventTime, Minor};
use rules::Times;
use state::{Held, Reading, Tail};

/// An effective leg that no window took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) effective: Effective<'a>,
    /// Added to its full price before any reduction.
    pub(crate) extra: Minor,
    /// True when a change from another effective leg is in time.
    pub(crate) changed: bool,
    /// Where the trace stood before the leg was sold.
    pub(crate) mark: Mark,
}

/// What the leg adds, what it is sold as when that is not its cheapest price alone, and the readings after it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) cost: Cost,
    pub(crate) sold: Option<Sold>,
    pub(crate) state: State,
}

/// Something the leg may be sold as.
struct Offer<'a> {
    rule: &'a LegRule,
    sold: Sold,
    /// May be sold without a transfer too.
    alone: bool,
}

impl Transfers {
    /// True when there is a leg from which a change to an effective leg that begins like this one would be in time.
    pub(crate) fn have_time_for(&self, policy: &Policy, before: &State, group: &Group) -> bool {
        let now = group.parts()[0].start.at();
        let mut tails = before.held().readings.iter().flat_map(|reading| &reading.tails);
        tails.any(|tail| self.may_start(policy.day_rule, tail, now, false))
    }

    /// True when a leg that begins now could still be reached by a transfer from this one. `passed`: other legs lie
    /// between.
    fn may_start(&self, day: DayRule, tail: &Tail, now: EventTime, passed: bool) -> bool {
        let last = Times { start: now, end: Some(now) };
        (0_u32..).zip(&self.pairs).any(|(number, pair)| {
            let (count, first) = tail.run(number);
            let alive = |row: &Row| {
                (row.looks_back || !passed)
                    && row.count.is_none_or(|most| count <= most)
                    && row.late(day, first, last).is_none()
            };
            self.starts(number, tail.group)
                && tail.granted.binary_search(&number).is_err()
                && pair.rows.iter().any(|row| alive(&self.rows[*row as usize]))
        })
    }

    /// What the effective leg adds to the cheapest reading of everything before it, and the readings after it.
    pub(crate) fn apply(
        &self,
        policy: &Policy,
        before: &State,
        asked: &Asked<'_>,
        trace: &mut Trace,
    ) -> Result<Taken, UnknownFare> {
        if self.is_empty() {
            let cost = asked.effective.sold.cost.clone();
            return Ok(Taken { cost, sold: None, state: State::default() });
        }
        let before = before.held();
        let offers = offers(policy, asked)?;
        let step = Step::new(self, policy, before, asked);
        let mut found: Vec<Found> = Vec::new();
        let fresh = [Reading::default()];
        let readings = if before.readings.is_empty() { &fresh[..] } else { &before.readings[..] };
        for (from, reading) in readings.iter().enumerate() {
            for (number, offer) in offers.iter().enumerate() {
                step.continue_by(from, reading, number, offer, &mut found)?;
            }
        }
        found.sort_by_cached_key(|found| found.order(readings));
        let Some(best) = found.first() else { return Err(UnknownFare::NoRule) };
        let sold = step.tell(&offers, readings, &found, trace)?;
        let (cost, purchases) = (best.above.clone(), best.purchases);
        let mut state = Held { readings: Vec::new(), turn: step.turn, latest: before.latest.clone() };
        state.set_latest(step.medium);
        let mut pasts = Vec::new();
        let later_is_better = |pair: u32| self.pairs[pair as usize].later_is_better;
        for next in &found {
            let tails = step.tails(&readings[next.from], &offers[next.offer], next);
            if state.readings.iter().any(|held| held.covers(&tails, later_is_better)) {
                continue;
            }
            pasts.push(next.choice(readings));
            state.readings.push(Reading {
                above: next.above.minus(&cost)?,
                purchases: next.purchases - purchases,
                past: 0,
                tails,
            });
            if state.readings.len() == READINGS_MAX {
                break;
            }
        }
        let mut places: Vec<usize> = (0..pasts.len()).collect();
        places.sort_by_key(|place| pasts[*place]);
        for (past, place) in (0_u32..).zip(places) {
            state.readings[place].past = past;
        }
        Ok(Taken { cost, sold, state: State::new(state) })
    }
}

/// Everything the leg may be sold as.
fn offers<'a>(policy: &'a Policy, asked: &Asked<'a>) -> Result<Vec<Offer<'a>>, UnknownFare> {
    let Asked { effective: Effective { group, sold }, extra, changed, .. } = *asked;
    let query = group.query(policy, extra, changed);
    let all = query.all();
    let mut offers: Vec<Offer<'a>> = Vec::with_capacity(all.len());
    for (number, (rule, _)) in all.into_iter().enumerate() {
        // The cheapest rule decides whether the leg stands apart. Another that would is dearer, and no transfer knows it.
        if rule.stands_apart && number > 0 {
            continue;
        }
        let own = if number == 0 { sold.clone() } else { joined_price(&query, rule, sold)? };
        offers.push(Offer { rule, sold: own, alone: !changed || !rule.transfer_only });
    }
    if changed && policy.rules.any_after_change() {
        // Rules for after a transfer do not match without one, and so hide no rules of a lower priority.
        let query = Query { changed: false, ..query };
        for offer in &mut offers {
            offer.alone = false;
        }
        for (rule, _) in query.all() {
            match offers.iter_mut().find(|offer| offer.rule.rank == rule.rank) {
                Some(offer) => offer.alone = true,
                None => {
                    let sold = joined_price(&query, rule, sold)?;
                    offers.push(Offer { rule, sold, alone: true });
                }
            }
        }
    }
    Ok(offers)
}

/// The price of another rule than the cheapest. Where several legs are one and its price is held up, it holds up every
/// rule's.
fn joined_price(query: &Query<'_>, rule: &LegRule, cheapest: &Sold) -> Result<Sold, UnknownFare> {
    let mut own = query.sell(rule, &mut Trace::new(false))?;
    if query.parts.len() > 1 && own.cost.rider < cheapest.cost.rider {
        own.cost = cheapest.cost.clone();
    }
    Ok(own)
}

/// When the whole effective leg began and ended.
fn times(asked: &Asked<'_>) -> Times {
    let group = asked.effective.group;
    let start = group.parts()[0].start.at();
    Times { start, end: group.last().end.as_ref().map(|end| end.at()) }
}
