//! Legs that are priced as one: which change keeps an effective leg going.

use crate::explain::{Because, Fact};
pub(crate) use crate::groups::Group;
use crate::limits::GROUP_PARTS_MAX;
use crate::offers::Query;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Pick;
use crate::timeframes::Moment;
use primitives::{DayRule, EventTime, Text};

/// A ride is over within a day: how far a gap after it reaches when nothing else says so.
const RIDE_SECONDS_MAX: i64 = 24 * 3600;
/// The longest local day, when clocks go back.
const DAY_SECONDS_MAX: i64 = 25 * 3600;

/// Which two events a time limit lies between: of the first leg, and of the leg that would join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    DepartureToArrival,
    DepartureToDeparture,
    ArrivalToDeparture,
    ArrivalToArrival,
}

/// What a change asks of the routes before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes {
    Any,
    Same,
    Different,
}

/// Whose network prices legs of several networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriceNetwork {
    /// A network that a rule names must be that of every leg.
    AllSame,
    First,
    Last,
    Dearest,
}

/// One row of `fare_leg_join_rules.txt`. Limits are whole seconds and hold inclusively: an excluded one is a second
/// less.
#[derive(Debug, Clone)]
pub(crate) struct JoinRow {
    pub(crate) from: Pick,
    pub(crate) to: Pick,
    /// Where one leaves and where one boards, each a stop or a station.
    pub(crate) stops: Option<(u32, u32)>,
    pub(crate) same_station: bool,
    /// Holds when the tap-off before the change lies in it.
    pub(crate) gap_frame: Option<u32>,
    pub(crate) duration: Option<(i64, Measure)>,
    pub(crate) max_gap: Option<i64>,
    pub(crate) max_joins: Option<usize>,
    pub(crate) routes: Routes,
    /// False: the change has no tap, and the legs are one ticket.
    pub(crate) tapped: bool,
    pub(crate) optional: bool,
    /// Seconds after midnight; no effective leg lies across it.
    pub(crate) day_start: Option<u32>,
    pub(crate) price_network: PriceNetwork,
    /// True: the tap that begins the measured distance chooses the timeframe, else the first one.
    pub(crate) at_measured_start: bool,
    /// True: the price never falls as legs join.
    pub(crate) ratchet: bool,
    /// True: never more than the legs cost one by one.
    pub(crate) ceiling: bool,
    pub(crate) id: Text,
}

/// The join rules of a policy, the more special ones first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joins {
    rows: Vec<JoinRow>,
    all_tapped: bool,
    /// True when a row asks what the legs before cost together, or one by one.
    pub(crate) any_ratchet: bool,
    pub(crate) any_ceiling: bool,
}

impl Joins {
    /// These rows, the one to be asked first standing first.
    pub(crate) fn new(rows: Vec<JoinRow>) -> Self {
        Joins {
            all_tapped: rows.iter().all(|row| row.tapped),
            any_ratchet: rows.iter().any(|row| row.ratchet),
            any_ceiling: rows.iter().any(|row| row.ceiling),
            rows,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The longest time between the starts of two legs in a row that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        self.rows.iter().map(JoinRow::reach_seconds).max().unwrap_or(0)
    }

    /// True when no row says that a change has no tap.
    pub(crate) fn are_all_tapped(&self) -> bool {
        self.all_tapped || self.is_empty()
    }

    pub(crate) fn row(&self, row: u32) -> &JoinRow {
        &self.rows[row as usize]
    }

    /// The row by which the leg continues the effective leg. The first row that speaks of the change decides alone:
    /// another row does not let through what that one refuses.
    pub(crate) fn next(&self, policy: &Policy, group: &Group, next: &Part, trace: &mut Trace) -> Option<u32> {
        let last = group.last();
        let (number, row) = (0_u32..).zip(&self.rows).find(|(_, row)| row.speaks_of(policy, last, next))?;
        if policy.rules.any_apart() {
            // A leg that stands apart leaves the open effective leg as it was.
            let alone = Query::of_part(policy, next).sell_best(&mut Trace::new(false));
            if alone.is_ok_and(|sold| sold.stands_apart) {
                return None;
            }
        }
        if let Some(because) = row.refusal(policy, group, next) {
            trace.fact(|| Fact::NotJoined { row: row.id.clone(), because });
            return None;
        }
        trace.rule(&row.id);
        trace.fact(|| Fact::Joined {
            row: row.id.clone(),
            legs: group.parts().len() + 1,
            gap_seconds: gap_seconds(last, next),
        });
        Some(number)
    }
}

/// Seconds from the tap-off to the next tap-on.
fn gap_seconds(last: &Part, next: &Part) -> Option<i64> {
    last.end.as_ref().map(|end| next.start.at().seconds_since(end.at()))
}

impl JoinRow {
    fn speaks_of(&self, policy: &Policy, last: &Part, next: &Part) -> bool {
        let of = |pick: &Pick, part: &Part| part.network.is_some_and(|network| pick.takes(Some(network)));
        of(&self.from, last)
            && of(&self.to, next)
            && self.is_place(policy, last.to, next.from)
            && self
                .gap_frame
                .is_none_or(|frame| last.end.as_ref().is_some_and(|end| policy.timeframes.holds(frame, end)))
    }

    /// True when the change is at a place that the row is for.
    fn is_place(&self, policy: &Policy, left: Option<u32>, boarded: Option<u32>) -> bool {
        let station = |stop: u32| policy.stops[stop as usize].station;
        if let Some((from, to)) = self.stops {
            let is = |stop: Option<u32>, named: u32| {
                stop.is_some_and(|stop| stop == named || station(stop) == named)
            };
            return is(left, from) && is(boarded, to);
        }
        !self.same_station || left.is_some() && left.map(station) == boarded.map(station)
    }

    /// Why the leg does not join although the row speaks of the change.
    fn refusal(&self, policy: &Policy, group: &Group, next: &Part) -> Option<Because> {
        let (first, last) = (group.first(), group.last());
        match self.routes {
            Routes::Same if last.route != next.route => return Some(Because::Interrupted),
            Routes::Different if last.route == next.route => return Some(Because::SameRoute),
            Routes::Any | Routes::Same | Routes::Different => {}
        }
        let legs = group.parts().len();
        if self.max_joins.is_some_and(|most| legs > most) || legs >= GROUP_PARTS_MAX {
            return Some(Because::UsedUp);
        }
        if let Some(most) = self.max_gap {
            match gap_seconds(last, next) {
                None => return Some(Because::NoTapOff),
                Some(gap) if gap > most => return Some(Because::TimeUp),
                Some(_) => {}
            }
        }
        if let Some((most, measure)) = self.duration {
            match measure.seconds(first, next) {
                None => return Some(Because::NoTapOff),
                Some(seconds) if seconds > most => return Some(Because::TimeUp),
                Some(_) => {}
            }
        }
        let day_start_seconds = self.day_start?;
        let day = DayRule { zone: policy.day_rule.zone, day_start_seconds };
        let date = |moment: &Moment| day.service_date(moment.at());
        (date(&first.start) != date(&next.start)).then_some(Because::NewDay)
    }

    fn reach_seconds(&self) -> i64 {
        let duration = self.duration.map(|(most, measure)| match measure {
            Measure::DepartureToArrival | Measure::DepartureToDeparture => most,
            Measure::ArrivalToDeparture | Measure::ArrivalToArrival => most.saturating_add(RIDE_SECONDS_MAX),
        });
        let gap = self.max_gap.map(|most| most.saturating_add(RIDE_SECONDS_MAX));
        let day = self.day_start.map(|_| DAY_SECONDS_MAX);
        [duration, gap, day].into_iter().flatten().min().unwrap_or(i64::MAX)
    }
}

impl Measure {
    /// The time that passed, when both events are known.
    fn seconds(self, first: &Part, next: &Part) -> Option<i64> {
        let arrival = |part: &Part| part.end.as_ref().map(Moment::at);
        let between = |from: EventTime, to: EventTime| to.seconds_since(from);
        Some(match self {
            Measure::DepartureToArrival => between(first.start.at(), arrival(next)?),
            Measure::DepartureToDeparture => between(first.start.at(), next.start.at()),
            Measure::ArrivalToDeparture => between(arrival(first)?, next.start.at()),
            Measure::ArrivalToArrival => between(arrival(first)?, arrival(next)?),
        })
    }
}
