//! What a rider pays of a price: own rows, formulas over another rider's price, fallbacks, and who funds the rest.

use crate::eligibility::Claim;
use crate::explain::Fact;
use crate::model::{Funded, UnknownFare};
use crate::policy::Policy;
use crate::products::ProductRow;
use crate::selector::Pick;
use crate::timeframes::Moment;
use primitives::{Minor, MoneyError, PartyNo, Rounding, Text};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// What one step of a formula does to the price.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Nothing; the row rounds or bounds only.
    Keep,
    Fixed(Minor),
    Minus(Minor),
    Multiply(Decimal),
}

/// One row of `rider_discounts.txt`.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) operation: Operation,
    /// To multiples of how many minor units, and which way.
    pub(crate) rounding: Option<(i64, Rounding)>,
    pub(crate) min: Option<Minor>,
    pub(crate) max: Option<Minor>,
    pub(crate) id: Text,
}

/// The formula of a rider, for one network or all and one timeframe or all.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    pub(crate) network: Option<u32>,
    pub(crate) frame: Option<u32>,
    /// The rider whose price the formula starts from.
    pub(crate) base: u32,
    /// Who pays what the formula takes off.
    pub(crate) funder: PartyNo,
    pub(crate) steps: Vec<Step>,
}

/// Rounds to a multiple of `step`. Values have few decimals (see `STEPS_MAX`), so nothing here is inexact.
pub(crate) fn round_to(value: Decimal, step: i64, rounding: Rounding) -> Option<Decimal> {
    let unit = Decimal::from(step);
    let below = value.checked_div(unit)?.floor();
    let rest = value.checked_sub(below.checked_mul(unit)?)?;
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => !rest.is_zero(),
        Rounding::HalfUp => rest.checked_add(rest)? >= unit,
        Rounding::HalfEven => {
            let double = rest.checked_add(rest)?;
            let odd = !below.checked_rem(Decimal::TWO)?.is_zero();
            double > unit || (double == unit && odd)
        }
    };
    let count = if up { below.checked_add(Decimal::ONE)? } else { below };
    count.checked_mul(unit)
}

impl Formula {
    /// The price after every step: whole minor units, never below nothing and never above `base`.
    fn apply(&self, base: Minor) -> Option<Minor> {
        // A discount is reduced as a price is: who pays half gets half of it off.
        if base.is_negative() {
            return self.apply(base.negated().ok()?)?.negated().ok();
        }
        let within = |price: Minor| price.clamp(Minor::ZERO, base.max(Minor::ZERO));
        // The commonest formula by far is one fixed price.
        if let [Step { operation: Operation::Fixed(price), rounding: None, min: None, max: None, .. }] =
            &self.steps[..]
        {
            return Some(within(*price));
        }
        let mut value = Decimal::from(base.units());
        for step in &self.steps {
            value = match &step.operation {
                Operation::Keep => value,
                Operation::Fixed(amount) => Decimal::from(amount.units()),
                Operation::Minus(amount) => value.checked_sub(Decimal::from(amount.units()))?,
                Operation::Multiply(rate) => value.checked_mul(*rate)?,
            };
            if let Some((unit, rounding)) = step.rounding {
                value = round_to(value, unit, rounding)?;
            }
            if let Some(min) = step.min {
                value = value.max(Decimal::from(min.units()));
            }
            if let Some(max) = step.max {
                value = value.min(Decimal::from(max.units()));
            }
        }
        // The loader makes sure that the last step leaves whole units.
        let units = value.is_integer().then(|| value.to_i64()).flatten()?;
        Some(within(Minor::new(units)))
    }
}

/// The formulas and fallbacks of every rider category.
#[derive(Debug, Clone, Default)]
pub(crate) struct Riders {
    /// By rider, the more specific first: with a network, then with a timeframe, then by number.
    pub(crate) formulas: Vec<Vec<Formula>>,
    /// By rider: (networks or any, the category that pays in its place), those with networks first.
    pub(crate) fallbacks: Vec<Vec<(Option<Pick>, u32)>>,
    /// Who may claim which category: the higher priority first, then by rider.
    pub(crate) claims: Vec<Claim>,
}

/// What is priced: a product, or an amount that a row names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Product(u32),
    Amount(Minor),
}

/// Who asks for a price, when and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) network: Option<u32>,
    pub(crate) rider: u32,
    pub(crate) medium: u32,
    pub(crate) start: &'a Moment,
    /// How far the ride went, in units of the network's distance method.
    pub(crate) units: Option<u32>,
    /// Added to the full price before any reduction.
    pub(crate) extra: Minor,
}

/// The sides of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amounts {
    pub(crate) gross: Minor,
    pub(crate) rider: Minor,
    /// The part of `rider` that distance does not change, before the rider's own reductions.
    pub(crate) base: Minor,
}

/// The way to a price: which rows fired and who funds what. Only the winning price is traced.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) rules: Vec<Text>,
    pub(crate) funded: Vec<Funded>,
    /// What is told of the way, when somebody asked for it.
    pub(crate) facts: Option<Vec<Fact>>,
}

impl Trace {
    /// A trace that collects the rows that fired, and facts when they are `told`.
    pub(crate) fn new(told: bool) -> Self {
        // Most fares are made by two to four rows.
        Trace { rules: Vec::with_capacity(4), funded: Vec::new(), facts: told.then(Vec::new) }
    }

    /// A row fired.
    pub(crate) fn rule(&mut self, id: &Text) {
        self.rules.push(id.clone());
    }

    /// Tells a fact; it is only put together when somebody asked.
    pub(crate) fn fact(&mut self, fact: impl FnOnce() -> Fact) {
        if let Some(facts) = &mut self.facts {
            facts.push(fact());
        }
    }

    /// True when somebody asked for facts.
    pub(crate) fn tells(&self) -> bool {
        self.facts.is_some()
    }

    /// How far it has come, to go [`back_to`](Trace::back_to) when the way turns out not to be taken.
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.rules.len(), self.facts.as_ref().map_or(0, Vec::len))
    }

    /// Forgets everything since the mark.
    pub(crate) fn back_to(&mut self, (rules, facts): (usize, usize)) {
        self.rules.truncate(rules);
        if let Some(held) = &mut self.facts {
            held.truncate(facts);
        }
    }

    /// Goes on where the other one ended.
    pub(crate) fn append(&mut self, mut other: Trace) {
        self.rules.append(&mut other.rules);
        if let (Some(facts), Some(mut more)) = (&mut self.facts, other.facts) {
            facts.append(&mut more);
        }
    }

    fn fund(&mut self, party: PartyNo, amount: Minor) -> Result<(), MoneyError> {
        if amount.is_zero() {
            return Ok(());
        }
        match self.funded.iter_mut().find(|funded| funded.party == party) {
            Some(funded) => funded.amount = funded.amount.plus(amount)?,
            None => {
                self.funded.push(Funded { party, amount });
                self.funded.sort_unstable();
            }
        }
        Ok(())
    }
}

impl Policy {
    /// What the source costs this rider, and what the operator earns. A row for exactly this rider comes first, then
    /// the rider's formula, then a row for any rider, then the category the rider falls back to.
    pub(crate) fn amounts(
        &self,
        source: Source,
        asker: Asker<'_>,
        mut trace: Option<&mut Trace>,
    ) -> Result<Amounts, UnknownFare> {
        let row = |rider| match source {
            Source::Product(product) => self.products.row(product, rider, asker.medium),
            Source::Amount(_) => None,
        };
        if let Some(row) = row(Some(asker.rider)) {
            if let Some(trace) = trace.as_deref_mut() {
                trace.rule(&row.id);
            }
            return self.own_row(source, asker, row, trace);
        }
        let formulas = &self.riders.formulas[asker.rider as usize];
        let held = |formula: &&Formula| {
            formula.network.is_none_or(|only| asker.network == Some(only))
                && formula.frame.is_none_or(|group| self.timeframes.holds(group, asker.start))
        };
        if let Some(formula) = formulas.iter().find(held) {
            let base = Asker { rider: formula.base, ..asker };
            let base = self.amounts(source, base, trace.as_deref_mut())?;
            return reduced(base, formula, trace);
        }
        match (source, row(None)) {
            (Source::Amount(amount), _) => {
                let full = amount.plus(asker.extra).map_err(|_| UnknownFare::Overflow)?;
                return Ok(Amounts { gross: full, rider: full, base: full });
            }
            (Source::Product(product), Some(row)) => {
                if let Some(trace) = trace.as_deref_mut() {
                    trace.rule(&row.id);
                }
                let (full, base) = self.row_price(product, row, asker, trace.as_deref_mut())?;
                if let Some(trace) = trace {
                    trace.fact(|| Fact::Price { row: row.id.clone(), amount: full });
                }
                return Ok(Amounts { gross: full, rider: full, base });
            }
            (Source::Product(_), None) => {}
        }
        let mut fallbacks = self.riders.fallbacks[asker.rider as usize].iter();
        match fallbacks.find(|(network, _)| network.as_ref().is_none_or(|pick| pick.takes(asker.network))) {
            Some((_, rider)) => {
                if let Some(trace) = trace.as_deref_mut() {
                    trace.fact(|| Fact::Fallback { rider: self.rider_ids.get(*rider).clone() });
                }
                self.amounts(source, Asker { rider: *rider, ..asker }, trace)
            }
            None => Err(UnknownFare::NoProduct),
        }
    }

    /// The price of a row made for this rider. With a funder the operator earns the default rider's price.
    fn own_row(
        &self,
        source: Source,
        asker: Asker<'_>,
        row: &ProductRow,
        mut trace: Option<&mut Trace>,
    ) -> Result<Amounts, UnknownFare> {
        let (amount, base) = match source {
            Source::Product(product) => self.row_price(product, row, asker, trace.as_deref_mut())?,
            Source::Amount(amount) => (amount, amount),
        };
        if let Some(trace) = trace.as_deref_mut() {
            trace.fact(|| Fact::Price { row: row.id.clone(), amount });
        }
        let own = Amounts { gross: amount, rider: amount, base };
        let funder = row.funder.filter(|_| asker.rider != self.default_rider);
        let Some(funder) = funder else { return Ok(own) };
        let full = match self.amounts(source, Asker { rider: self.default_rider, ..asker }, None) {
            // Of a discount the default rider may well get more.
            Ok(full) if amount.is_negative() => full.gross,
            Ok(full) => full.gross.max(amount),
            Err(_) => amount,
        };
        if let Some(trace) = trace {
            trace.fact(|| Fact::Formula { rows: vec![row.id.clone()], before: full, after: amount, funder });
            fund(trace, funder, full, amount)?;
        }
        Ok(Amounts { gross: full, rider: amount, base })
    }

    /// The price of a product's row: its amount, what distance adds, and what is added before any reduction. With it
    /// the part that distance does not change.
    fn row_price(
        &self,
        product: u32,
        row: &ProductRow,
        asker: Asker<'_>,
        trace: Option<&mut Trace>,
    ) -> Result<(Minor, Minor), UnknownFare> {
        let base = row.amount.plus(asker.extra).map_err(|_| UnknownFare::Overflow)?;
        if self.distances.has_no_steps() {
            return Ok((base, base));
        }
        let (fixed, added) = self.distances.step_price(product, row, asker.units, trace)?;
        let base = base.plus(fixed).map_err(|_| UnknownFare::Overflow)?;
        let full = base.plus(added).map_err(|_| UnknownFare::Overflow)?;
        Ok((full, base))
    }
}

fn reduced(base: Amounts, formula: &Formula, trace: Option<&mut Trace>) -> Result<Amounts, UnknownFare> {
    let rider = formula.apply(base.rider).ok_or(UnknownFare::Overflow)?;
    if let Some(trace) = trace {
        let rows = || formula.steps.iter().map(|step| step.id.clone());
        trace.rules.extend(rows());
        trace.fact(|| Fact::Formula {
            rows: rows().collect(),
            before: base.rider,
            after: rider,
            funder: formula.funder,
        });
        fund(trace, formula.funder, base.rider, rider)?;
    }
    Ok(Amounts { gross: base.gross, rider, base: base.base.min(rider) })
}

fn fund(trace: &mut Trace, funder: PartyNo, full: Minor, paid: Minor) -> Result<(), UnknownFare> {
    let rest = full.minus(paid).map_err(|_| UnknownFare::Overflow)?;
    trace.fund(funder, rest).map_err(|_| UnknownFare::Overflow)
}
