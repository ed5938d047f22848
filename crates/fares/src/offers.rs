//! The price of one effective leg by the leg rules: which rules match, which of them wins, and what it costs the rider.

use crate::cost::Cost;
use crate::explain::{Because, Fact};
use crate::model::UnknownFare;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::{Amounts, Asker, Source, Trace};
use crate::rules::{LegRule, Span};
use crate::shares::Standing;
use crate::timeframes::Moment;
use primitives::{Minor, Text};

/// What a price is asked for: one leg, or several that are one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) policy: &'a Policy,
    /// The network whose rules price it.
    pub(crate) network: Option<u32>,
    pub(crate) from: Option<u32>,
    pub(crate) to: Option<u32>,
    pub(crate) rider: u32,
    pub(crate) medium: u32,
    /// The moments that timeframes look at.
    pub(crate) start: &'a Moment,
    pub(crate) end: Option<&'a Moment>,
    /// How far it went, in units of the network's distance method; none when nothing is measured or known.
    pub(crate) units: Option<u32>,
    /// Added to the full price before any reduction.
    pub(crate) extra: Minor,
    /// True after a change from another effective leg.
    pub(crate) changed: bool,
    /// The legs it is made of.
    pub(crate) parts: &'a [Part],
}

/// A rule that matches. Its price is worked out only when it has to be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub(crate) rule: &'a LegRule,
    pub(crate) amounts: Option<Result<Amounts, UnknownFare>>,
}

/// A price with everything that is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) product: Option<u32>,
    pub(crate) leg_group: Option<u32>,
    /// Joins, windows and transfers look past it.
    pub(crate) stands_apart: bool,
    pub(crate) cost: Cost,
    /// The part of the rider's price that distance does not change.
    pub(crate) base: Minor,
    pub(crate) standing: Standing,
}

impl<'a> Query<'a> {
    /// The question for one leg by itself.
    pub(crate) fn of_part(policy: &'a Policy, part: &'a Part) -> Self {
        Query {
            policy,
            network: part.network,
            from: part.from,
            to: part.to,
            rider: part.rider,
            medium: part.medium,
            start: &part.start,
            end: part.end.as_ref(),
            units: policy.distances.units(policy, part),
            extra: Minor::ZERO,
            changed: false,
            parts: std::slice::from_ref(part),
        }
    }

    fn asker(&self) -> Asker<'a> {
        Asker {
            network: self.network,
            rider: self.rider,
            medium: self.medium,
            start: self.start,
            units: self.units,
            extra: self.extra,
        }
    }

    fn span(&self) -> Span<'a> {
        Span {
            network: self.network,
            from: self.policy.areas_of(self.from),
            to: self.policy.areas_of(self.to),
        }
    }

    /// The cheapest match for the rider, sold.
    pub(crate) fn sell_best(&self, trace: &mut Trace) -> Result<Sold, UnknownFare> {
        let winner = self.best(self.span()).ok_or_else(|| self.why_nothing())?;
        let sold = self.sell(winner.rule, trace)?;
        if let Some(facts) = &mut trace.facts {
            facts.extend(self.losers(winner));
        }
        Ok(sold)
    }

    /// The best two of the other rules that match: those of the highest priority first, the cheapest of them first.
    fn losers(&self, winner: Offer<'a>) -> impl Iterator<Item = Fact> + use<'a> {
        let mut others: Vec<Offer<'a>> = Vec::new();
        self.each_match(self.span(), |rule| {
            if rule.rank != winner.rule.rank {
                others.push(self.with_amounts(Offer { rule, amounts: None }));
            }
        });
        others.sort_by_key(|offer| (std::cmp::Reverse(offer.rule.priority), offer.cost()));
        let (policy, winner) = (self.policy, self.with_amounts(winner));
        others.into_iter().take(2).map(move |offer| Fact::Lost {
            row: offer.rule.id.clone(),
            product: Some(policy.product_ids.get(offer.rule.product).clone()),
            rider: offer.rider(),
            because: if offer.rule.priority < winner.rule.priority {
                Because::LowerPriority
            } else if offer.rider() == winner.rider() {
                Because::RanksLater
            } else {
                Because::Dearer
            },
        })
    }

    /// Why no rule matches: one may have matched if the distance were known.
    pub(crate) fn why_nothing(&self) -> UnknownFare {
        let policy = self.policy;
        let mut by_distance = false;
        policy.rules.each_match(self.span(), &policy.timeframes, self.start, self.end, |rule| {
            by_distance |= rule.distance.is_some();
        });
        if by_distance && self.units.is_none() { UnknownFare::NoDistance } else { UnknownFare::NoRule }
    }

    /// What this rule costs, with the rows that say so.
    pub(crate) fn sell(&self, rule: &LegRule, trace: &mut Trace) -> Result<Sold, UnknownFare> {
        trace.rule(&rule.id);
        self.policy.distances.tell(self.parts, self.units, trace);
        let mut sold = self.buy(Source::Product(rule.product), trace)?;
        sold.leg_group = rule.group;
        sold.stands_apart = rule.stands_apart;
        let policy = self.policy;
        trace.fact(|| Fact::Rule {
            row: rule.id.clone(),
            product: policy.product_ids.get(rule.product).clone(),
            leg_group: rule.group.map(|group| policy.group_ids.get(group).clone()),
            timeframe: rule.from_frame.or(rule.to_frame).map(|frame| policy.frame_ids.get(frame).clone()),
            rider: sold.cost.rider,
        });
        Ok(sold)
    }

    /// What a product, or an amount that a row names, costs.
    pub(crate) fn buy(&self, source: Source, trace: &mut Trace) -> Result<Sold, UnknownFare> {
        let Amounts { gross, rider, base } = self.policy.amounts(source, self.asker(), Some(trace))?;
        let funded = std::mem::take(&mut trace.funded);
        let product = match source {
            Source::Product(product) => Some(product),
            Source::Amount(_) => None,
        };
        let cost = Cost { gross, rider, funded };
        Ok(Sold { product, leg_group: None, stands_apart: false, cost, base, standing: Standing::Ride })
    }

    /// Every rule that may price it: those of the highest priority that match, each with the rider's price, the
    /// cheapest first. Rules without a price for the rider are left out.
    pub(crate) fn all(&self) -> Vec<(&'a LegRule, Amounts)> {
        let mut found: Vec<Offer<'a>> = Vec::new();
        self.each_match(self.span(), |rule| {
            match found.first().map(|held| held.rule.priority.cmp(&rule.priority)) {
                Some(std::cmp::Ordering::Greater) => return,
                Some(std::cmp::Ordering::Less) => found.clear(),
                Some(std::cmp::Ordering::Equal) | None => {}
            }
            found.push(Offer { rule, amounts: None });
        });
        let priced = found.into_iter().map(|offer| self.with_amounts(offer));
        let mut priced: Vec<Offer<'a>> = priced.collect();
        priced.sort_by_key(|offer| offer.cost());
        let known = |offer: Offer<'a>| Some((offer.rule, offer.amounts?.ok()?));
        priced.into_iter().filter_map(known).collect()
    }

    /// The cheapest match for the asker; equal prices go to the rule that ranks first, whatever the file's order.
    pub(crate) fn best(&self, span: Span<'_>) -> Option<Offer<'a>> {
        let mut found: Option<Offer<'a>> = None;
        self.each_match(span, |rule| {
            let offer = Offer { rule, amounts: None };
            found = Some(match found {
                Some(held) if held.rule.priority > rule.priority => held,
                Some(held) if held.rule.priority == rule.priority => {
                    let (held, offer) = (self.with_amounts(held), self.with_amounts(offer));
                    if offer.cost() < held.cost() { offer } else { held }
                }
                _ => offer,
            });
        });
        found
    }

    fn each_match(&self, span: Span<'_>, mut visit: impl FnMut(&'a LegRule)) {
        let policy = self.policy;
        // Legs of several networks, priced by none of them: a rule that names one does not match, and an empty field
        // matches only where none of them is named.
        let named = |part: &Part| policy.rules.names_network(part.network);
        if self.network.is_none() && self.parts.len() > 1 && self.parts.iter().any(named) {
            return;
        }
        policy.rules.each_match(span, &policy.timeframes, self.start, self.end, |rule| {
            if rule.plain || self.fits(rule) {
                visit(rule);
            }
        });
    }

    /// The conditions that only few rules have.
    fn fits(&self, rule: &LegRule) -> bool {
        let areas = |stop: Option<u32>| self.policy.areas_of(stop);
        let stops = || {
            self.parts.iter().flat_map(|part| {
                [part.from, part.to].into_iter().chain(part.via.iter().map(|stop| Some(*stop)))
            })
        };
        let within = |pick: &crate::selector::Pick| {
            stops().all(|stop| areas(stop).iter().any(|area| pick.takes(Some(*area))))
        };
        let via = |area: u32| {
            self.parts.iter().flat_map(|part| &part.via).any(|stop| areas(Some(*stop)).contains(&area))
        };
        rule.distance.as_ref().is_none_or(|band| self.units.is_some_and(|units| band.holds(units)))
            && rule.within.as_ref().is_none_or(within)
            && rule.via.is_none_or(via)
            && (!rule.transfer_only || self.changed)
            && (!rule.joined_only || self.parts.len() > 1)
            && rule.with_pass.is_none_or(|pass| self.parts[0].passes.contains(&pass))
    }

    pub(crate) fn with_amounts(&self, offer: Offer<'a>) -> Offer<'a> {
        let source = Source::Product(offer.rule.product);
        let amounts = offer.amounts.unwrap_or_else(|| self.policy.amounts(source, self.asker(), None));
        Offer { amounts: Some(amounts), ..offer }
    }
}

impl Offer<'_> {
    /// For the cheapest: a rule without a price for the rider loses to one that has one.
    fn cost(&self) -> impl Ord + use<> {
        let known = self.amounts.and_then(Result::ok);
        (known.is_none(), known.map(|amounts| amounts.rider), self.rule.rank)
    }

    /// What the rider pays, when that is known.
    fn rider(&self) -> Option<Minor> {
        self.amounts.and_then(Result::ok).map(|amounts| amounts.rider)
    }

    /// For the dearest: a known price beats none, and at one price the rule that ranks first.
    pub(crate) fn worth(&self) -> impl Ord + use<> {
        (self.amounts.and_then(Result::ok), std::cmp::Reverse(self.rule.rank))
    }
}

impl Sold {
    /// The product's id.
    pub(crate) fn product_id(&self, policy: &Policy) -> Option<Text> {
        self.product.map(|product| policy.product_ids.get(product).clone())
    }
}
