//! Prices legs. Each leg is priced by itself: the cheapest of the rules that match, then the rider's own part of it.

use crate::incomplete::{Charge, IncompleteRow, Kind};
use crate::model::{Fare, Leg, Priced, Shape, UnknownFare};
use crate::policy::{Policy, RouteRow};
use crate::riders::{Amounts, Asker, Source, Trace};
use crate::rules::{LegRule, Span};
use crate::timeframes::Moment;
use primitives::{Minor, Text};

/// The fares of these legs, in their order.
pub fn price(policy: &Policy, legs: &[Leg]) -> Vec<Priced> {
    legs.iter()
        .map(|leg| match price_leg(policy, leg) {
            Ok(priced) => priced,
            Err(reason) => Priced { fare: Fare::Unknown(reason), product: None, rules: Vec::new() },
        })
        .collect()
}

fn price_leg(policy: &Policy, leg: &Leg) -> Result<Priced, UnknownFare> {
    let ride = Ride::new(policy, leg)?;
    match leg.shape {
        Shape::MissingExit => ride.incomplete(Kind::MissingExit),
        Shape::MissingEntry => ride.incomplete(Kind::MissingEntry),
        Shape::Ride if ride.ends_where_it_began() => ride.incomplete(Kind::SameStation),
        Shape::Ride => ride.by_rules(None, ride.asker()),
    }
}

/// A leg with every id looked up.
struct Ride<'a> {
    policy: &'a Policy,
    network: Option<u32>,
    from: Option<u32>,
    to: Option<u32>,
    rider: u32,
    medium: u32,
    start: Moment,
    end: Option<Moment>,
}

/// The rule that wins among those that match. Its price is worked out only when it has to be compared.
#[derive(Clone, Copy)]
struct Winner<'a> {
    rule: &'a LegRule,
    amounts: Option<Result<Amounts, UnknownFare>>,
}

impl<'a> Ride<'a> {
    fn new(policy: &'a Policy, leg: &Leg) -> Result<Self, UnknownFare> {
        let route: &RouteRow = policy.route_row(leg.route.as_str()).ok_or(UnknownFare::NoRoute)?;
        let stop = |stop: &Option<Text>| match stop {
            None => Ok(None),
            Some(id) => policy.stop_ids.find(id.as_str()).map(Some).ok_or(UnknownFare::NoStop),
        };
        let zone = policy.day_rule.zone;
        Ok(Ride {
            policy,
            network: route.network,
            from: stop(&leg.from)?,
            to: stop(&leg.to)?,
            rider: policy.rider_ids.find(leg.rider.as_str()).ok_or(UnknownFare::NoRider)?,
            medium: policy.medium_ids.find(leg.medium.as_str()).ok_or(UnknownFare::NoMedium)?,
            start: Moment::new(leg.start, zone),
            end: leg.end.map(|end| Moment::new(end, zone)),
        })
    }

    fn asker(&self) -> Asker<'_> {
        Asker { network: self.network, rider: self.rider, medium: self.medium, start: &self.start }
    }

    /// True for a ride through a paid area whose entry and exit are one station.
    fn ends_where_it_began(&self) -> bool {
        let station = |stop: Option<u32>| stop.map(|stop| self.policy.stops[stop as usize].station);
        station(self.from).is_some()
            && station(self.from) == station(self.to)
            && self.policy.incomplete.gated[self.policy.network_slot(self.network)]
    }

    /// The fare by the leg rules; `row` is the row that sent the ride here, when one did.
    fn by_rules(&self, row: Option<&IncompleteRow>, asker: Asker<'_>) -> Result<Priced, UnknownFare> {
        let span = Span {
            network: self.network,
            from: self.policy.areas_of(self.from),
            to: self.policy.areas_of(self.to),
        };
        let winner = self.best(span, asker).ok_or(UnknownFare::NoRule)?;
        self.sold(row, Some(&winner.rule.id), Source::Product(winner.rule.product), asker)
    }

    /// The cheapest match for the asker; equal prices go to the rule that ranks first, whatever the file's order.
    fn best(&self, span: Span<'_>, asker: Asker<'_>) -> Option<Winner<'a>> {
        let mut found: Option<Winner<'a>> = None;
        let policy = self.policy;
        policy.rules.each_match(span, &policy.timeframes, &self.start, self.end.as_ref(), |rule| {
            let offer = Winner { rule, amounts: None };
            found = Some(match found {
                Some(held) if held.rule.priority > rule.priority => held,
                Some(held) if held.rule.priority == rule.priority => {
                    let (held, offer) = (self.with_amounts(held, asker), self.with_amounts(offer, asker));
                    if offer.cost() < held.cost() { offer } else { held }
                }
                _ => offer,
            });
        });
        found
    }

    fn with_amounts(&self, winner: Winner<'a>, asker: Asker<'_>) -> Winner<'a> {
        let source = Source::Product(winner.rule.product);
        let amounts = winner.amounts.unwrap_or_else(|| self.policy.amounts(source, asker, None));
        Winner { amounts: Some(amounts), ..winner }
    }

    /// The fare of a ride that is not whole.
    fn incomplete(&self, kind: Kind) -> Result<Priced, UnknownFare> {
        let row = self.row(kind).ok_or(kind.unknown())?;
        let rider = if row.discountable { self.rider } else { self.policy.default_rider };
        let asker = Asker { rider, ..self.asker() };
        match row.charge {
            Charge::Zero => self.sold(Some(row), None, Source::Amount(Minor::ZERO), asker),
            Charge::Amount(amount) => self.sold(Some(row), None, Source::Amount(amount), asker),
            Charge::Product(product) => self.sold(Some(row), None, Source::Product(product), asker),
            Charge::Ride => self.by_rules(Some(row), asker),
            Charge::Farthest => {
                let winner = self.farthest(kind, asker)?;
                self.sold(Some(row), Some(&winner.rule.id), Source::Product(winner.rule.product), asker)
            }
        }
    }

    /// The row for such a ride: rows that say more come first.
    fn row(&self, kind: Kind) -> Option<&'a IncompleteRow> {
        let policy = self.policy;
        let fits = |only: Option<u32>, value: Option<u32>| only.is_none() || only == value;
        policy.incomplete.rows.iter().find(|row| {
            row.kind == kind
                && fits(row.network, self.network)
                && fits(row.rider, Some(self.rider))
                && fits(row.medium, Some(self.medium))
                && row.frame.is_none_or(|group| policy.timeframes.holds(group, &self.start))
        })
    }

    /// The dearest of the fares between the known station and every area that the rules name, or none of them.
    fn farthest(&self, kind: Kind, asker: Asker<'_>) -> Result<Winner<'a>, UnknownFare> {
        let rules = &self.policy.rules;
        let (known, others) = match kind {
            Kind::MissingEntry => (self.policy.areas_of(self.to), rules.first_areas()),
            Kind::MissingExit | Kind::SameStation | Kind::OverTime => {
                (self.policy.areas_of(self.from), rules.last_areas())
            }
        };
        let mut dearest: Option<Winner<'a>> = None;
        for other in others.iter().map(std::slice::from_ref).chain([&[][..]]) {
            let (from, to) = if kind == Kind::MissingEntry { (other, known) } else { (known, other) };
            let Some(offer) = self.best(Span { network: self.network, from, to }, asker) else { continue };
            let offer = self.with_amounts(offer, asker);
            if dearest.is_none_or(|held| held.worth() < offer.worth()) {
                dearest = Some(offer);
            }
        }
        dearest.ok_or(UnknownFare::NoRule)
    }

    /// The answer: what the source costs the asker, with the rows that say so.
    fn sold(
        &self,
        row: Option<&IncompleteRow>,
        rule: Option<&Text>,
        source: Source,
        asker: Asker<'_>,
    ) -> Result<Priced, UnknownFare> {
        // Most fares are made by two to four rows.
        let mut trace = Trace { rules: Vec::with_capacity(4), funded: Vec::new() };
        if let Some(row) = row {
            trace.rules.push(row.id.clone());
        }
        if let Some(rule) = rule {
            trace.rules.push(rule.clone());
        }
        let Amounts { gross, rider } = self.policy.amounts(source, asker, Some(&mut trace))?;
        let product = match source {
            Source::Product(product) => Some(self.policy.product_ids.get(product).clone()),
            Source::Amount(_) => None,
        };
        Ok(Priced { fare: Fare::Known { gross, rider, funded: trace.funded }, product, rules: trace.rules })
    }
}

impl Winner<'_> {
    /// For the cheapest: a rule without a price for the rider loses to one that has one.
    fn cost(&self) -> impl Ord + use<> {
        let known = self.amounts.and_then(Result::ok);
        (known.is_none(), known.map(|amounts| amounts.rider), self.rule.rank)
    }

    /// For the dearest: a known price beats none, and at one price the rule that ranks first.
    fn worth(&self) -> impl Ord + use<> {
        (self.amounts.and_then(Result::ok), std::cmp::Reverse(self.rule.rank))
    }
}
