//! What is added to a fare.

use crate::cost::Cost;
use crate::explain::Fact;
use crate::model::UnknownFare;
use crate::offers::Sold;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::{Pick, Selector, Subject};
use primitives::{Minor, MoneyError, Text};

/// The surcharges of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surcharges {
    /// By surcharge id; of each the more special rows first.
    pub(crate) rows: Vec<Surcharge>,
}

/// One row of `fare_surcharges.txt`.
#[derive(Debug, Clone)]
pub(crate) struct Surcharge {
    pub(crate) surcharge: Text,
    pub(crate) from: End,
    pub(crate) to: End,
    /// Some leg of the effective leg is one of these.
    pub(crate) selector: Selector,
    pub(crate) amount: Minor,
    pub(crate) in_caps: bool,
    /// Added before the rider's reductions, so that they shrink it too.
    pub(crate) discountable: bool,
    pub(crate) id: Text,
}

/// Where an effective leg must begin or end.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    pub(crate) stop: Option<Pick>,
    pub(crate) area: Option<Pick>,
}

impl End {
    /// How much it says: a stop more than an area.
    pub(crate) fn weight(&self) -> u8 {
        u8::from(self.area.is_some()) + 2 * u8::from(self.stop.is_some())
    }

    fn takes(&self, policy: &Policy, stop: Option<u32>) -> bool {
        let station = stop.map(|stop| policy.stops[stop as usize].station);
        let areas = policy.areas_of(stop);
        self.stop.as_ref().is_none_or(|pick| pick.takes(stop) || pick.takes(station))
            && self.area.as_ref().is_none_or(|pick| areas.iter().any(|area| pick.takes(Some(*area))))
    }
}

/// The surcharges of an effective leg, or what a leg added to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surcharged {
    /// Those that count towards caps.
    pub(crate) in_caps: Cost,
    /// Those that do not.
    pub(crate) outside: Cost,
}

impl Surcharged {
    pub(crate) fn minus(&self, before: &Surcharged) -> Result<Surcharged, MoneyError> {
        Ok(Surcharged {
            in_caps: self.in_caps.minus(&before.in_caps)?,
            outside: self.outside.minus(&before.outside)?,
        })
    }

    /// The rider's part of all of them.
    pub(crate) fn rider(&self) -> Result<Minor, MoneyError> {
        self.in_caps.rider.plus(self.outside.rider)
    }

    /// A fare with its surcharges.
    pub(crate) fn add_to(&self, fare: Cost) -> Result<Cost, MoneyError> {
        if self.in_caps.is_nothing() && self.outside.is_nothing() {
            return Ok(fare);
        }
        fare.plus(&self.in_caps)?.plus(&self.outside)
    }
}

impl Surcharges {
    /// What is added to the full price before the rider's reductions.
    pub(crate) fn before_reductions(
        &self,
        policy: &Policy,
        parts: &[Part],
        trace: &mut Trace,
    ) -> Result<Minor, UnknownFare> {
        let mut sum = Minor::ZERO;
        for row in self.holding(policy, parts, None).filter(|row| row.discountable) {
            trace.rule(&row.id);
            trace.fact(|| Fact::Surcharge { id: row.surcharge.clone(), amount: row.amount });
            sum = sum.plus(row.amount)?;
        }
        Ok(sum)
    }

    /// The other surcharges of an effective leg.
    pub(crate) fn of(
        &self,
        policy: &Policy,
        parts: &[Part],
        sold: &Sold,
        trace: &mut Trace,
    ) -> Result<Surcharged, UnknownFare> {
        let mut surcharged = Surcharged::default();
        for row in self.holding(policy, parts, Some(sold)).filter(|row| !row.discountable) {
            trace.rule(&row.id);
            trace.fact(|| Fact::Surcharge { id: row.surcharge.clone(), amount: row.amount });
            let sum = if row.in_caps { &mut surcharged.in_caps } else { &mut surcharged.outside };
            *sum = sum.plus(&Cost::of_rider(row.amount))?;
        }
        Ok(surcharged)
    }

    /// Of each surcharge the first row that speaks of the effective leg.
    fn holding<'a>(
        &'a self,
        policy: &'a Policy,
        parts: &'a [Part],
        sold: Option<&'a Sold>,
    ) -> impl Iterator<Item = &'a Surcharge> {
        let (first, last) = (parts.first().and_then(|part| part.from), parts.last().and_then(|part| part.to));
        let taken = move |part: &Part, row: &Surcharge| {
            let leg_group = sold.and_then(|sold| sold.leg_group);
            let product = sold.and_then(|sold| sold.product);
            row.selector.takes(policy, Subject { part, leg_group, product })
        };
        let holds = move |row: &&Surcharge| {
            row.from.takes(policy, first)
                && row.to.takes(policy, last)
                && parts.iter().any(|part| taken(part, row))
        };
        self.rows.chunk_by(|a, b| a.surcharge == b.surcharge).filter_map(move |rows| rows.iter().find(holds))
    }
}
