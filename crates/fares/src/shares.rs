//! How operators share what was paid. A window, or the legs that are one, is shared as a whole: with each leg everybody's
//! part of the whole is worked out anew, and the leg posts what changed.

use crate::cost::Cost;
use crate::explain::Fact;
use crate::incomplete::Kind;
use crate::model::{Share, UnknownFare};
use crate::offers::Query;
use crate::part::Part;
use crate::policy::Policy;
use crate::riders::Trace;
use crate::selector::Subject;
use crate::windows::Current;
use primitives::{Minor, MoneyError, PartyNo, Text};

/// The rules of a policy: those that name what they apply to before those for all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares(pub(crate) Vec<ShareRule>);

/// The rows of one share.
#[derive(Debug, Clone)]
pub(crate) struct ShareRule {
    pub(crate) applies: Applies,
    pub(crate) method: Method,
    /// Who gets a unit that cannot be split: the operator of the lower number, else the one that carried first.
    pub(crate) ties_by_party: bool,
    /// Its first row.
    pub(crate) row: Text,
}

/// What is shared; with nothing named, all of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Applies {
    /// Rides on this product.
    Pass(Option<u32>),
    Incomplete(Option<Kind>),
    /// Legs that this campaign, by its id, took something off.
    Campaign(Option<Text>),
    /// By number.
    Window(Option<u32>),
    /// Legs that are one, from the second on.
    Join,
    /// By leg group.
    Leg(Option<u32>),
}

/// How something is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Method {
    OwnLeg,
    FullFareRatio,
    DistanceRatio,
    RideCount,
    Equal,
    FirstLeg,
    LastLeg,
    /// Basis points; nobody is the leg's own operator.
    FixedPercent(Vec<(Option<PartyNo>, u64)>),
    /// Of each leg; the rest is the leg's own operator's.
    FixedAmount(Vec<(PartyNo, Minor)>),
}

impl Method {
    /// The word of the format.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Method::OwnLeg => "own_leg",
            Method::FullFareRatio => "full_fare_ratio",
            Method::DistanceRatio => "distance_ratio",
            Method::RideCount => "ride_count",
            Method::Equal => "equal",
            Method::FirstLeg => "first_leg",
            Method::LastLeg => "last_leg",
            Method::FixedPercent(_) => "fixed_percent",
            Method::FixedAmount(_) => "fixed_amount",
        }
    }
}

/// What a leg is, to those who share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    #[default]
    Ride,
    Incomplete(Kind),
    /// Paid by the pass that was sold as this product.
    Pass(u32),
}

/// What a stream remembers of the runs of legs that are shared as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    window: Option<(Current, Box<Run>)>,
    group: Option<Box<Run>>,
}

/// Legs that are shared as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Run {
    total: Minor,
    /// Operators in the order in which they first carried, with their weight.
    weights: Vec<(PartyNo, u64)>,
    /// What each was given so far.
    given: Vec<Share>,
}

/// A leg that is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShareInput<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) standing: Standing,
    /// The campaigns that took something off.
    pub(crate) campaigns: &'a [Text],
    /// What it added in the end, surcharges included.
    pub(crate) cost: &'a Cost,
    pub(crate) window: Option<Current>,
    /// How many legs of the effective leg came before this one.
    pub(crate) position: usize,
}

impl Shares {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What each operator earns more, or less, by this leg: nothing is said when its own operator earns it all. The sum
    /// is the leg's gross fare.
    pub(crate) fn split(
        &self,
        policy: &Policy,
        state: &mut State,
        input: ShareInput<'_>,
        trace: &mut Trace,
    ) -> Result<Vec<Share>, UnknownFare> {
        let part = input.subject.part;
        let own = Share { party: part.agency, amount: input.cost.gross };
        let rule = self.rule(&input);
        let mut shares = match rule {
            Some(rule @ ShareRule { applies: Applies::Window(_), .. }) => match input.window {
                Some(current) => state.run_of(current).post(policy, rule, part, own)?,
                None => vec![own],
            },
            Some(rule @ ShareRule { applies: Applies::Join, .. }) => {
                state.group.get_or_insert_default().post(policy, rule, part, own)?
            }
            Some(rule) => Run::default().post(policy, rule, part, own)?,
            None => vec![own],
        };
        if input.position == 0 {
            state.group = self.begun(policy, rule, part, own.amount, &shares)?;
        }
        shares.retain(|share| !share.amount.is_zero());
        shares.sort_unstable();
        if shares.is_empty() || shares == [own] {
            return Ok(Vec::new());
        }
        if let Some(rule) = rule {
            trace.rule(&rule.row);
            for Share { party, amount } in &shares {
                let (party, amount, method) = (*party, *amount, rule.method.word());
                trace.fact(|| Fact::Share { party, amount, method });
            }
        }
        Ok(shares)
    }

    /// The rule that shares a leg: what is more special comes first.
    fn rule(&self, input: &ShareInput<'_>) -> Option<&ShareRule> {
        let fits = |applies: &Applies| match (applies, input.standing) {
            (Applies::Pass(only), Standing::Pass(product)) => only.is_none_or(|only| only == product),
            (Applies::Incomplete(only), Standing::Incomplete(kind)) => only.is_none_or(|only| only == kind),
            (Applies::Pass(_) | Applies::Incomplete(_), _) => false,
            (Applies::Campaign(None), _) => !input.campaigns.is_empty(),
            (Applies::Campaign(Some(id)), _) => input.campaigns.contains(id),
            (Applies::Window(only), _) => {
                input.window.is_some_and(|current| only.is_none_or(|only| only == current.window))
            }
            (Applies::Join, _) => input.position > 0,
            (Applies::Leg(only), _) => only.is_none_or(|only| input.subject.leg_group == Some(only)),
        };
        self.0.iter().find(|rule| fits(&rule.applies))
    }

    /// An effective leg whose first leg is still alone: what it earned went by the rule for legs, or to its operator, and
    /// is kept in mind for the legs that join it.
    fn begun(
        &self,
        policy: &Policy,
        rule: Option<&ShareRule>,
        part: &Part,
        total: Minor,
        given: &[Share],
    ) -> Result<Option<Box<Run>>, UnknownFare> {
        let by_itself = rule.is_none_or(|rule| matches!(rule.applies, Applies::Leg(_)));
        let joined = self.0.iter().find(|rule| rule.applies == Applies::Join);
        let Some(joined) = joined.filter(|_| by_itself) else { return Ok(None) };
        let mut run = Run { total, given: given.to_vec(), ..Run::default() };
        run.weigh(policy, &joined.method, part)?;
        Ok(Some(Box::new(run)))
    }
}

impl State {
    fn run_of(&mut self, current: Current) -> &mut Run {
        let open = self.window.take().filter(|(open, _)| *open == current);
        &mut self.window.insert(open.unwrap_or_else(|| (current, Box::default()))).1
    }
}

impl Run {
    /// Adds a leg, and says what changes for whom.
    fn post(
        &mut self,
        policy: &Policy,
        rule: &ShareRule,
        part: &Part,
        own: Share,
    ) -> Result<Vec<Share>, UnknownFare> {
        self.total = self.total.plus(own.amount)?;
        self.weigh(policy, &rule.method, part)?;
        let parts = match &rule.method {
            Method::OwnLeg => {
                add(&mut self.given, own)?;
                return Ok(vec![own]);
            }
            Method::FixedAmount(amounts) => return Ok(fixed(amounts, own)?),
            Method::FixedPercent(percents) => {
                let weights = percents.iter().map(|(party, points)| (party.unwrap_or(own.party), *points));
                shared(self.total, weights.collect(), rule.ties_by_party)?
            }
            _ => shared(self.total, self.weights.clone(), rule.ties_by_party)?,
        };
        let mut change = parts.clone();
        for share in &self.given {
            add(&mut change, Share { party: share.party, amount: share.amount.negated()? })?;
        }
        self.given = parts;
        Ok(change)
    }

    /// Counts a leg by its method.
    fn weigh(&mut self, policy: &Policy, method: &Method, part: &Part) -> Result<(), MoneyError> {
        let first = self.weights.is_empty();
        let at = self.weights.iter().position(|(party, _)| *party == part.agency).unwrap_or_else(|| {
            self.weights.push((part.agency, 0));
            self.weights.len() - 1
        });
        let added = match method {
            Method::FullFareRatio => full_fare(policy, part).units().unsigned_abs(),
            Method::DistanceRatio => policy.distances.weight(policy, part).unwrap_or(0),
            Method::RideCount => 1,
            Method::Equal => u64::from(self.weights[at].1 == 0),
            Method::FirstLeg => u64::from(first),
            Method::LastLeg => {
                self.weights.iter_mut().for_each(|(_, weight)| *weight = 0);
                1
            }
            Method::OwnLeg | Method::FixedPercent(_) | Method::FixedAmount(_) => 0,
        };
        let sum = self.weights[at].1.checked_add(added).ok_or(MoneyError::Overflow)?;
        self.weights[at].1 = sum;
        Ok(())
    }
}

/// What the leg by itself costs a rider who pays the full price.
fn full_fare(policy: &Policy, part: &Part) -> Minor {
    let query = Query { rider: policy.default_rider, ..Query::of_part(policy, part) };
    query.sell_best(&mut Trace::new(false)).map_or(Minor::ZERO, |sold| sold.cost.gross)
}

/// The total by weight. Without any weight all count the same.
fn shared(
    total: Minor,
    mut weights: Vec<(PartyNo, u64)>,
    ties_by_party: bool,
) -> Result<Vec<Share>, MoneyError> {
    if ties_by_party {
        weights.sort_by_key(|(party, _)| *party);
    }
    let nobody = weights.iter().all(|(_, weight)| *weight == 0);
    let numbers: Vec<u64> = weights.iter().map(|(_, weight)| if nobody { 1 } else { *weight }).collect();
    let down = total.is_negative();
    let size = if down { total.negated()? } else { total };
    let mut shares: Vec<Share> = Vec::with_capacity(weights.len());
    for ((party, _), part) in weights.iter().zip(size.split(&numbers)?) {
        let amount = if down { part.negated()? } else { part };
        add(&mut shares, Share { party: *party, amount })?;
    }
    Ok(shares)
}

/// Fixed amounts, as far as the fare goes; the rest is the leg's own operator's.
fn fixed(amounts: &[(PartyNo, Minor)], own: Share) -> Result<Vec<Share>, MoneyError> {
    let (mut rest, mut shares) = (own.amount, Vec::new());
    for (party, amount) in amounts {
        let amount = (*amount).min(rest.max(Minor::ZERO));
        rest = rest.minus(amount)?;
        add(&mut shares, Share { party: *party, amount })?;
    }
    add(&mut shares, Share { party: own.party, amount: rest })?;
    Ok(shares)
}

fn add(shares: &mut Vec<Share>, more: Share) -> Result<(), MoneyError> {
    match shares.iter_mut().find(|share| share.party == more.party) {
        Some(share) => share.amount = share.amount.plus(more.amount)?,
        None => shares.push(more),
    }
    Ok(())
}
