//! The dearest ride from or to a station: what a ride costs of which one end is not known.

use crate::limits::FARTHEST_MAX;
use crate::model::UnknownFare;
use crate::offers::{Offer, Query};
use crate::policy::Policy;
use crate::rules::{LegRule, Span};
use primitives::Minor;
use std::sync::OnceLock;

/// What was found before. Every ride through a gate begins as one without an exit, so the same few questions are asked
/// all day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Farthest(Vec<OnceLock<Option<u32>>>);

impl Farthest {
    /// Room for one answer a network, side, area, rider and medium. There is none where the time of a ride may change the
    /// answer, where a rule looks at more than the ends, or where that would be too many.
    pub(crate) fn room(policy: &Policy) -> Self {
        let plain = policy.timeframes.groups.is_empty() && policy.rules.are_all_plain();
        let sizes = [
            policy.network_ids.len() + 1,
            2,
            policy.area_ids.len(),
            policy.rider_ids.len(),
            policy.medium_ids.len(),
        ];
        let count = sizes.into_iter().try_fold(1_usize, usize::checked_mul);
        let count = count.filter(|count| plain && *count <= FARTHEST_MAX).unwrap_or(0);
        Farthest(vec![OnceLock::new(); count])
    }

    /// Where the answer to a question is kept; nowhere when it has more to it than station, rider and medium.
    fn place(&self, query: &Query<'_>, backwards: bool) -> Option<&OnceLock<Option<u32>>> {
        let policy = query.policy;
        let whole = query.units.is_none() && query.extra == Minor::ZERO && !query.changed;
        let known = policy.areas_of(if backwards { query.to } else { query.from });
        let (&[area], &[_], true) = (known, query.parts, whole) else { return None };
        let place = policy.network_slot(query.network) * 2 + usize::from(backwards);
        let place = place * policy.area_ids.len() + area as usize;
        let place = place * policy.rider_ids.len() + query.rider as usize;
        self.0.get(place * policy.medium_ids.len() + query.medium as usize)
    }
}

impl<'a> Query<'a> {
    /// The dearest of the fares between the known station and every area that the rules name, or none of them.
    /// `backwards`: the known station is where the ride ended.
    pub(crate) fn farthest(&self, backwards: bool) -> Result<&'a LegRule, UnknownFare> {
        let policy = self.policy;
        let rule = match policy.incomplete.farthest.place(self, backwards) {
            None => self.seek_farthest(backwards),
            Some(place) => {
                let sought = || self.seek_farthest(backwards).and_then(|rule| policy.rules.number(rule));
                place.get_or_init(sought).map(|number| policy.rules.rule(number))
            }
        };
        rule.ok_or(UnknownFare::NoRule)
    }

    fn seek_farthest(&self, backwards: bool) -> Option<&'a LegRule> {
        let rules = &self.policy.rules;
        let (known, others) = if backwards {
            (self.policy.areas_of(self.to), rules.first_areas())
        } else {
            (self.policy.areas_of(self.from), rules.last_areas())
        };
        let mut dearest: Option<Offer<'a>> = None;
        // Many areas share a product, and a product costs the asker the same wherever the ride goes.
        let mut priced: Vec<Offer<'a>> = Vec::new();
        for other in others.iter().map(std::slice::from_ref).chain([&[][..]]) {
            let (from, to) = if backwards { (other, known) } else { (known, other) };
            let Some(offer) = self.best(Span { network: self.network, from, to }) else { continue };
            let same = priced.iter().find(|known| known.rule.product == offer.rule.product);
            let offer = match same {
                Some(known) => Offer { amounts: known.amounts, ..offer },
                None => {
                    priced.push(self.with_amounts(offer));
                    priced[priced.len() - 1]
                }
            };
            if dearest.is_none_or(|held| held.worth() < offer.worth()) {
                dearest = Some(offer);
            }
        }
        dearest.map(|offer| offer.rule)
    }
}
