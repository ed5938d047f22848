//! Prices that were worked out before. Most rides of a batch are one of a few hundred: the same line, ends, rider and medium
//! on the same day.

use crate::carried::Carried;
use crate::model::{Leg, Priced, Shape};
use crate::names::{hash, mixed};
use crate::policy::Policy;
use crate::rate::Rater;
use primitives::{Days, Digest, EventTime, ServiceDate, Text};

/// How many prices are kept, each at the place its hash says: the newer takes the place of the older.
const PLACES: usize = 1_024;

/// A [`Leg`] without stops on its way, its texts wherever they lie.
#[derive(Debug, Clone, Copy)]
pub struct LegView<'a> {
    /// The route.
    pub route: &'a Text,
    /// Where it began, when known.
    pub from: Option<&'a Text>,
    /// Where it ended, when known.
    pub to: Option<&'a Text>,
    /// When it began.
    pub start: EventTime,
    /// When it ended, when known.
    pub end: Option<EventTime>,
    /// How much of it is known.
    pub shape: Shape,
    /// The rider category.
    pub rider: &'a Text,
    /// The fare medium.
    pub medium: &'a Text,
}

impl LegView<'_> {
    /// The leg itself.
    pub fn leg(&self) -> Leg {
        Leg {
            route: self.route.clone(),
            from: self.from.cloned(),
            to: self.to.cloned(),
            via: Vec::new(),
            start: self.start,
            end: self.end,
            shape: self.shape,
            rider: self.rider.clone(),
            medium: self.medium.clone(),
        }
    }
}

/// Prices of legs that are priced by themselves, remembered by all they depend on.
#[derive(Debug, Default)]
pub struct Recall {
    places: Vec<Option<Box<Known>>>,
}

/// A price, and what was asked.
#[derive(Debug)]
struct Known {
    policy: Digest,
    date: ServiceDate,
    leg: Leg,
    priced: Priced,
}

impl Known {
    fn answers(&self, policy: &Policy, date: ServiceDate, leg: &LegView<'_>) -> bool {
        let known = &self.leg;
        self.date == date
            && (&known.route, known.from.as_ref(), known.to.as_ref()) == (leg.route, leg.from, leg.to)
            && (&known.rider, &known.medium, known.shape) == (leg.rider, leg.medium, leg.shape)
            && self.policy == policy.digest()
    }
}

impl Recall {
    /// The fare of a leg whose account has no other that says anything about it ([`Policy::prices_alone`]). `days` remembers
    /// the day of the last moment that was asked for.
    pub fn price_alone(
        &mut self,
        policy: &Policy,
        carried: &Carried,
        days: &Days,
        leg: &LegView<'_>,
    ) -> Priced {
        let work_out = || Rater::new(policy, carried.clone()).next(&leg.leg());
        if !policy.prices_all_day(leg.start, leg.end) {
            return work_out();
        }
        let date = days.service_date(policy.day_rule, leg.start);
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = &mut self.places[place_of(leg)];
        match place {
            Some(known) if known.answers(policy, date, leg) => known.priced.clone(),
            _ => {
                let priced = work_out();
                let (policy, leg) = (policy.digest(), leg.leg());
                *place = Some(Box::new(Known { policy, date, leg, priced: priced.clone() }));
                priced
            }
        }
    }
}

fn place_of(leg: &LegView<'_>) -> usize {
    let ends = [leg.from, leg.to].into_iter().map(|stop| stop.map_or(0, |stop| hash(stop.as_str())));
    let others = [leg.route, leg.rider, leg.medium].into_iter().map(|text| hash(text.as_str()));
    ends.chain(others).fold(leg.shape as u64, mixed) as usize % PLACES
}
