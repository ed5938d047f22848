//! What an effective leg costs in an open window.

use super::rules::Action;
use super::state::Open;
use super::{Effective, Window};
use crate::model::UnknownFare;
use crate::policy::Policy;
use crate::riders::{Operation, Trace};
use primitives::{Minor, MoneyError, Rounding};
use rust_decimal::Decimal;

/// How later legs of a window are priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pricing {
    Free,
    /// All legs together cost what the dearest of them costs.
    BestFare,
    /// A leg costs what is missing to its fare in the payments that are still valid.
    BestPaid,
    DifferenceToLast,
    Discount(Discount),
    /// Only the window's rules say so.
    Table,
}

/// What is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discount {
    Amount(Minor),
    Percent(Decimal),
}

/// Which later legs get the discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiscountOn {
    EachLeg,
    NetworkChange,
    AgencyChange,
    Once,
}

/// What becomes of an effective leg that an open window may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Stays { paid: Minor, discounted: bool },
    Passes,
    Opens,
}

impl Window {
    /// What the window and its rules do with the effective leg.
    pub(super) fn step(
        &self,
        policy: &Policy,
        open: &Open,
        effective: &Effective<'_>,
        trace: &mut Trace,
    ) -> Result<Step, UnknownFare> {
        let rule = self.rules.iter().find(|rule| rule.takes(policy, &open.last, effective));
        if rule.is_none() && self.pricing == Pricing::Table {
            return Ok(Step::Opens);
        }
        trace.rule(&self.row);
        if let Some(rule) = rule {
            trace.rule(&rule.id);
        }
        let full = effective.sold.cost.rider;
        let price = match rule.map(|rule| &rule.action) {
            Some(Action::End) => return Ok(Step::Opens),
            Some(Action::Skip) => return Ok(Step::Passes),
            Some(Action::Free) => Minor::ZERO,
            Some(Action::Full) => full,
            Some(Action::Amount(amount)) => *amount,
            Some(Action::DifferenceToBest) => full.minus(open.best)?,
            Some(Action::DifferenceToLast) => full.minus(open.last.full)?,
            Some(Action::Discount(discount)) => full.minus(self.off(policy, *discount, effective)?)?,
            None => self.price(policy, open, effective)?,
        };
        let lowest = if self.may_fall { price } else { self.floor };
        let paid = price.max(lowest).min(full);
        Ok(Step::Stays { paid, discounted: paid < full })
    }

    /// The window's own pricing, before its floor.
    fn price(&self, policy: &Policy, open: &Open, effective: &Effective<'_>) -> Result<Minor, MoneyError> {
        let full = effective.sold.cost.rider;
        match &self.pricing {
            Pricing::Free => Ok(Minor::ZERO),
            Pricing::BestFare => full.minus(open.best),
            Pricing::BestPaid => {
                let in_time = |since| self.limits.in_time(since, effective.group);
                let valid = open.payments.iter().filter(|payment| in_time(payment.since));
                full.minus(Minor::sum(valid.map(|payment| payment.amount))?)
            }
            Pricing::DifferenceToLast => full.minus(open.last.full),
            Pricing::Discount(discount) if self.reduces(open, effective) => {
                full.minus(self.off(policy, *discount, effective)?)
            }
            Pricing::Discount(_) | Pricing::Table => Ok(full),
        }
    }

    fn reduces(&self, open: &Open, effective: &Effective<'_>) -> bool {
        match self.discount_on {
            DiscountOn::EachLeg => true,
            DiscountOn::NetworkChange => open.last.network != effective.first().network,
            DiscountOn::AgencyChange => open.last.agency != effective.first().agency,
            DiscountOn::Once => !open.discounted,
        }
    }

    /// What a discount takes off for this rider.
    fn off(
        &self,
        policy: &Policy,
        discount: Discount,
        effective: &Effective<'_>,
    ) -> Result<Minor, MoneyError> {
        match discount {
            Discount::Amount(amount) if self.scaled_by_rider => {
                amount.scaled(own_percentage(policy, effective), Rounding::HalfUp)
            }
            Discount::Amount(amount) => Ok(amount),
            Discount::Percent(percent) => effective.sold.cost.rider.scaled(percent, Rounding::HalfUp),
        }
    }
}

/// The part of the full price that the rider's formula keeps by percentages; all of it for a rider whose price is not
/// made by one. It looks for the formula as pricing does.
fn own_percentage(policy: &Policy, effective: &Effective<'_>) -> Decimal {
    let part = effective.first();
    let mut rider = part.rider;
    let mut kept = Decimal::ONE;
    // A formula starts from another rider's price, whose formula may start from a third one's.
    for _ in 0..policy.riders.formulas.len() {
        let product = effective.sold.product;
        if product.is_some_and(|product| policy.products.row(product, Some(rider), part.medium).is_some()) {
            break;
        }
        let formula = policy.riders.formulas[rider as usize].iter().find(|formula| {
            formula.network.is_none_or(|only| part.network == Some(only))
                && formula.frame.is_none_or(|group| policy.timeframes.holds(group, &part.start))
        });
        let Some(formula) = formula else { break };
        for step in &formula.steps {
            if let Operation::Multiply(rate) = &step.operation {
                kept = kept.checked_mul(*rate).unwrap_or(Decimal::ONE);
            }
        }
        rider = formula.base;
    }
    kept
}
