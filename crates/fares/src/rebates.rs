//! What is given back after a period, by what was spent in it. It is no fare: nothing of it shows in the price of a leg.

use crate::model::Leg;
use crate::part::Part;
use crate::periods::Period;
use crate::policy::Policy;
use crate::selector::{Selector, Subject};
use primitives::{EventTime, Minor, MoneyError, PartyNo, Rounding, Text};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How a rebate reaches the rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaidAs {
    /// As value on the medium or account.
    Credit,
    /// As a line of a statement.
    Statement,
}

/// What one period gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebate {
    /// The rebate.
    pub id: Text,
    /// The medium, for rebates per medium.
    pub medium: Option<Text>,
    /// The first moment of the period.
    pub from: EventTime,
    /// The first moment after it.
    pub until: EventTime,
    /// What was paid in it for the legs that count.
    pub spent: Minor,
    /// What is given back.
    pub amount: Minor,
    /// Who pays it.
    pub funded_by: PartyNo,
    /// How it reaches the rider.
    pub paid_as: PaidAs,
}

/// One row of `fare_rebates.txt`.
#[derive(Debug, Clone)]
pub(crate) struct RebateRow {
    pub(crate) id: Text,
    pub(crate) selector: Selector,
    pub(crate) period: Period,
    pub(crate) threshold: Minor,
    pub(crate) rate: Decimal,
    pub(crate) most: Option<Minor>,
    pub(crate) rounding: Rounding,
    pub(crate) per_medium: bool,
    pub(crate) funder: PartyNo,
    pub(crate) paid_as: PaidAs,
}

/// What the rebates of a policy give back for these legs of one account and what its rider paid for each. A function of
/// the set of legs; periods that give nothing back are left out, and so are legs with an id that the policy does not
/// know. The answer is sorted by rebate, medium and period.
pub fn rebates(policy: &Policy, paid: &[(Leg, Minor)]) -> Result<Vec<Rebate>, MoneyError> {
    let parts: Vec<(Part, Minor)> = paid
        .iter()
        .enumerate()
        .filter_map(|(place, (leg, amount))| Some((Part::new(policy, place, leg).ok()?, *amount)))
        .collect();
    let mut given = Vec::new();
    for row in &policy.rebates {
        let mut spent: BTreeMap<(Option<u32>, EventTime, EventTime), Minor> = BTreeMap::new();
        for (part, amount) in &parts {
            if row.selector.takes(policy, Subject { part, leg_group: None, product: None }) {
                let (from, until) = row.period.around(policy.day_rule, &part.start);
                let medium = row.per_medium.then_some(part.medium);
                let sum = spent.entry((medium, from, until)).or_default();
                *sum = sum.plus(*amount)?;
            }
        }
        for ((medium, from, until), spent) in spent {
            let amount = row.amount(spent)?;
            if amount.is_positive() {
                let medium = medium.map(|medium| policy.medium_ids.get(medium).clone());
                let (id, funded_by, paid_as) = (row.id.clone(), row.funder, row.paid_as);
                given.push(Rebate { id, medium, from, until, spent, amount, funded_by, paid_as });
            }
        }
    }
    Ok(given)
}

impl RebateRow {
    /// What a sum gives back.
    fn amount(&self, spent: Minor) -> Result<Minor, MoneyError> {
        let above = spent.minus(self.threshold)?.max(Minor::ZERO);
        let part = above.scaled(self.rate, self.rounding)?;
        Ok(self.most.map_or(part, |most| part.min(most)))
    }
}
