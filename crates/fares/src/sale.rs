//! What a shop needs to know of passes and ticket books: terms, prices, and the pass that somebody holds once it is bought.

use crate::carried::HeldPass;
use crate::model::{Funded, UnknownFare};
use crate::passes::{Activation, Pass, PassKind, Refund};
use crate::policy::Policy;
use crate::riders::{Amounts, Asker, Source, Trace};
use crate::selector::Field;
use crate::timeframes::Moment;
use primitives::{EventTime, Minor, PartyNo, ServiceDate, Text};

/// The terms of a pass or ticket book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassTerms {
    /// The fare product.
    pub product: Text,
    /// What it is.
    pub kind: PassKind,
    /// The rides of a book.
    pub rides: Option<u32>,
    /// The most rides of one day.
    pub rides_per_day: Option<u32>,
    /// When its time begins.
    pub activation: Activation,
    /// Who pays for the rides on it.
    pub funder: PartyNo,
    /// True when it may be handed to somebody else.
    pub transferable: bool,
    /// What is given back for it.
    pub refund: Refund,
    /// The first moment of its sale; none when it was always sold.
    pub sale_from: Option<EventTime>,
    /// The first moment it is no longer sold.
    pub sale_until: Option<EventTime>,
}

impl PassTerms {
    /// True when it is on sale at this moment.
    pub fn on_sale(&self, at: EventTime) -> bool {
        self.sale_from.is_none_or(|from| from <= at) && self.sale_until.is_none_or(|until| at < until)
    }
}

/// A pass somebody wants to buy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The fare product.
    pub product: Text,
    /// The buyer's rider category.
    pub rider: Text,
    /// The medium that the pass is put on.
    pub medium: Text,
    /// When it is bought.
    pub at: EventTime,
    /// The first day, for a pass that begins on a day the buyer names; none for all others.
    pub first_day: Option<ServiceDate>,
}

/// What a pass costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassPrice {
    /// What the seller earns.
    pub gross: Minor,
    /// What the buyer pays of it.
    pub rider: Minor,
    /// Who pays the rest.
    pub funded: Vec<Funded>,
}

/// A pass that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// What the buyer now holds, to be carried with the account.
    pub pass: HeldPass,
    /// What it costs.
    pub price: PassPrice,
    /// The first moment it no longer holds, when that is known already.
    pub until: Option<EventTime>,
}

/// Why a pass cannot be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoSale {
    /// The policy knows no such pass.
    NoPass,
    /// It is not on sale at that moment.
    NotOnSale,
    /// It is not for this rider category.
    Rider,
    /// It cannot be put on this medium.
    Medium,
    /// It has no price for this rider and medium.
    Price(UnknownFare),
    /// A first day is missing, was given for a pass that takes none, or has begun before the purchase.
    FirstDay,
}

impl NoSale {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            NoSale::NoPass => "no_pass",
            NoSale::NotOnSale => "not_on_sale",
            NoSale::Rider => "not_for_rider",
            NoSale::Medium => "not_on_medium",
            NoSale::Price(reason) => reason.word(),
            NoSale::FirstDay => "first_day",
        }
    }
}

impl Policy {
    /// The passes and ticket books of the policy, by product.
    pub fn passes(&self) -> impl Iterator<Item = PassTerms> {
        self.passes.0.iter().map(|pass| pass.terms(self))
    }

    /// The terms of one pass.
    pub fn pass(&self, product: &str) -> Option<PassTerms> {
        self.pass_row(product).map(|pass| pass.terms(self))
    }

    /// What a pass costs a rider who has it put on a medium, or why it is not sold to them at that moment.
    pub fn pass_price(
        &self,
        product: &str,
        rider: &str,
        medium: &str,
        at: EventTime,
    ) -> Result<PassPrice, NoSale> {
        let pass = self.pass_row(product).ok_or(NoSale::NoPass)?;
        if !pass.terms(self).on_sale(at) {
            return Err(NoSale::NotOnSale);
        }
        let rider = self.rider_ids.find(rider);
        let rider = rider.filter(|rider| pass.admits(Field::Rider, *rider)).ok_or(NoSale::Rider)?;
        let medium = self.medium_ids.find(medium);
        let medium = medium.filter(|medium| pass.admits(Field::Medium, *medium)).ok_or(NoSale::Medium)?;
        let start = Moment::new(at, self.day_rule.zone);
        let asker = Asker { network: None, rider, medium, start: &start, units: None, extra: Minor::ZERO };
        let mut trace = Trace::default();
        let price = self.amounts(Source::Product(pass.product), asker, Some(&mut trace));
        let Amounts { gross, rider, .. } = price.map_err(NoSale::Price)?;
        Ok(PassPrice { gross, rider, funded: trace.funded })
    }

    /// The first moment from which a pass that is held pays no ride any more: its time is up, or it has no end and its rides
    /// are taken. None when that cannot be told yet, and for a pass that the policy does not know.
    pub fn pass_over(&self, held: &HeldPass) -> Option<EventTime> {
        let pass = self.pass_row(held.product.as_str())?;
        let until = pass.until(held.active_from?);
        let used_up = || {
            let day = held.day.filter(|_| pass.rides.is_some_and(|rides| held.rides >= rides))?;
            pass.day_start(ServiceDate(day.0.succ_opt()?))
        };
        until.or_else(used_up)
    }

    fn pass_row(&self, product: &str) -> Option<&Pass> {
        self.passes.find(self.product_ids.find(product)?)
    }
}

impl Pass {
    /// True when the pass says nothing against this value of a field.
    fn admits(&self, field: Field, value: u32) -> bool {
        self.selector.0.iter().all(|(of, pick)| *of != field || pick.takes(Some(value)))
    }

    fn terms(&self, policy: &Policy) -> PassTerms {
        PassTerms {
            product: policy.product_ids.get(self.product).clone(),
            kind: self.kind,
            rides: self.rides,
            rides_per_day: self.rides_per_day,
            activation: self.activation,
            funder: self.funder,
            transferable: self.transferable,
            refund: self.refund,
            sale_from: self.sale_from,
            sale_until: self.sale_until,
        }
    }
}

/// Sells a pass: what the buyer holds then and what it costs, or why it cannot be sold.
pub fn buy_pass(policy: &Policy, purchase: &Purchase) -> Result<Bought, NoSale> {
    let Purchase { product, rider, medium, at, first_day } = purchase;
    let price = policy.pass_price(product.as_str(), rider.as_str(), medium.as_str(), *at)?;
    let pass = policy.pass_row(product.as_str()).ok_or(NoSale::NoPass)?;
    let active_from = match (pass.activation, first_day) {
        (Activation::Purchase, None) => Some(*at),
        (Activation::FirstUse, None) => None,
        (Activation::FixedDate, Some(day)) if pass.day_rule.service_date(*at) <= *day => {
            Some(pass.day_start(*day).ok_or(NoSale::FirstDay)?.max(*at))
        }
        _ => return Err(NoSale::FirstDay),
    };
    let until = active_from.and_then(|from| pass.until(from));
    let pass = HeldPass {
        product: product.clone(),
        medium: Some(medium.clone()),
        bought_at: *at,
        active_from,
        rides: 0,
        day: None,
        day_rides: 0,
    };
    Ok(Bought { pass, price, until })
}
