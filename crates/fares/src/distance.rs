//! How far a ride went, and what distance adds to a product's price.

use crate::explain::Fact;
use crate::geo::great_circle_metres;
use crate::model::UnknownFare;
use crate::names::{Slots, mixed};
use crate::part::Part;
use crate::policy::{Policy, Position, RouteRow};
use crate::products::ProductRow;
use crate::riders::Trace;
use crate::rules::Band;
use primitives::{Minor, MoneyError, Text};

/// Where a network's distances come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Published for pairs of stops.
    Matrix,
    /// Travelled units at the stops of the route.
    AlongRoute,
    /// Measured on the globe.
    GreatCircle,
    /// Stops passed on the route.
    Stops,
    /// Borders between areas passed on the route.
    Zones,
}

impl Way {
    /// The word of the format.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Way::Matrix => "matrix",
            Way::AlongRoute => "along_route",
            Way::GreatCircle => "great_circle",
            Way::Stops => "stops",
            Way::Zones => "zones",
        }
    }

    /// True when two stops are enough to know how far they lie apart; else it takes a route.
    pub(crate) const fn needs_no_route(self) -> bool {
        matches!(self, Way::Matrix | Way::GreatCircle)
    }

    /// True when a unit is a number of metres.
    pub(crate) const fn is_length(self) -> bool {
        !matches!(self, Way::Stops | Way::Zones)
    }
}

/// How far several legs went as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupWay {
    /// From the first stop to the last.
    FirstLast,
    /// The longest of the distances from a leg's first stop to its own or a later leg's last stop.
    MaxPair,
    /// Each leg by itself, added up.
    LegSum,
}

/// How metres become units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitRounding {
    HalfUp,
    Up,
    Down,
}

/// How one network measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) way: Way,
    /// Metres a unit; 0 when a unit is a stop or a border.
    pub(crate) unit_metres: u32,
    pub(crate) rounding: UnitRounding,
    pub(crate) group: GroupWay,
}

/// The distance of an effective leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupDistance {
    /// In units of the first leg's network.
    pub(crate) units: u32,
    /// The leg whose first stop begins the pair that was measured.
    pub(crate) from_part: usize,
}

/// Published distances: (network or any, from, to) to units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    keys: Vec<PairKey>,
    units: Vec<u32>,
    slots: Slots,
}

/// Network, first stop, last stop.
pub(crate) type PairKey = (Option<u32>, u32, u32);

fn hash((network, from, to): PairKey) -> u64 {
    let network = network.map_or(0, |network| u64::from(network) + 1);
    mixed(mixed(0, network), u64::from(from) << 32 | u64::from(to))
}

impl Pairs {
    /// The pairs, each given once.
    pub(crate) fn build(rows: Vec<(PairKey, u32)>) -> Self {
        let (keys, units): (Vec<PairKey>, Vec<u32>) = rows.into_iter().unzip();
        let slots = Slots::build(keys.len(), |at| hash(keys[at]));
        Pairs { keys, units, slots }
    }

    fn exact(&self, key: PairKey) -> Option<u32> {
        let at = self.slots.find(hash(key), |at| self.keys[at as usize] == key)?;
        Some(self.units[at as usize])
    }

    /// The network's own distance of the pair, else the one that holds everywhere.
    fn find(&self, network: Option<u32>, from: u32, to: u32) -> Option<u32> {
        let own = network.and_then(|_| self.exact((network, from, to)));
        own.or_else(|| self.exact((None, from, to)))
    }
}

/// What the steps of one product's row are made of.
#[derive(Debug, Clone)]
pub(crate) enum Steps {
    /// The one that holds the distance is the price. From the nearest to the farthest.
    Bands(Vec<BandStep>),
    /// All that the distance reaches are added up, in the order of `step`.
    Adds(Vec<AddStep>),
}

/// One price for a range of distances.
#[derive(Debug, Clone)]
pub(crate) struct BandStep {
    pub(crate) band: Band,
    pub(crate) amount: Minor,
    pub(crate) id: Text,
}

/// Something to add from a distance on.
#[derive(Debug, Clone)]
pub(crate) struct AddStep {
    pub(crate) band: Band,
    /// Once, as soon as the step is reached.
    pub(crate) amount: Minor,
    /// For each block of the way that lies in the step.
    pub(crate) block: Option<Block>,
    pub(crate) id: Text,
}

/// So much for so many units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) units: u32,
    pub(crate) amount: Minor,
    /// True when only whole blocks count; else each that was begun.
    pub(crate) complete: bool,
}

impl AddStep {
    fn price(&self, units: u32) -> Result<Option<Minor>, MoneyError> {
        let Band { from, to, upper_included } = self.band;
        let reached = if upper_included { from < units || from == 0 } else { from <= units };
        if !reached {
            return Ok(None);
        }
        let Some(block) = self.block else { return Ok(Some(self.amount)) };
        let inside = to.is_none_or(|to| units < to);
        let way = to.map_or(units, |to| units.min(to)) - from;
        let count = match block.complete {
            true => way / block.units,
            // The end of a block belongs to it, or begins the next one.
            false if upper_included || !inside => way.div_ceil(block.units),
            false => way / block.units + 1,
        };
        Ok(Some(self.amount.plus(block.amount.times(i64::from(count))?)?))
    }
}

/// Whose steps they are: product, then rider and medium as the product's row names them, or empty for all its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StepsOf {
    pub(crate) product: u32,
    pub(crate) rider: Option<u32>,
    pub(crate) medium: Option<u32>,
}

/// The distances of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distances {
    /// By network; empty when none measures.
    methods: Vec<Option<Method>>,
    pairs: Pairs,
    /// By product, the more special first: with a rider, then with a medium.
    steps: Vec<(StepsOf, Steps)>,
}

impl Distances {
    pub(crate) fn build(
        methods: Vec<Option<Method>>,
        pairs: Pairs,
        mut steps: Vec<(StepsOf, Steps)>,
    ) -> Self {
        steps.sort_by_key(|(of, _)| (of.product, of.rider.is_none(), of.medium.is_none(), *of));
        Distances { methods, pairs, steps }
    }

    fn method(&self, network: Option<u32>) -> Option<&Method> {
        self.methods.get(network? as usize)?.as_ref()
    }

    /// How far a leg went, in units of its network's method; nothing when nothing is measured there or a distance is
    /// not known.
    pub(crate) fn units(&self, policy: &Policy, part: &Part) -> Option<u32> {
        let method = self.method(part.network)?;
        let (from, to) = (part.from?, part.to?);
        if from == to {
            return Some(0);
        }
        let row = || &policy.routes[part.route as usize];
        match method.way {
            Way::Matrix | Way::GreatCircle => self.between(policy, method, part.network, from, to),
            Way::AlongRoute => along(policy, row(), from, to, |direction, first, last| {
                let travelled = &row().travelled[direction];
                travelled[last]?.checked_sub(travelled[first]?)
            }),
            Way::Stops => along(policy, row(), from, to, |_, first, last| u32::try_from(last - first).ok()),
            Way::Zones => along(policy, row(), from, to, |direction, first, last| {
                borders(policy, &row().stops[direction][first..=last])
            }),
        }
    }

    /// How far a leg went, to be compared with legs of other networks: in metres where its network measures lengths.
    pub(crate) fn weight(&self, policy: &Policy, part: &Part) -> Option<u64> {
        let (method, units) = (self.method(part.network)?, self.units(policy, part)?);
        let unit = if method.way.is_length() { method.unit_metres } else { 1 };
        u64::from(units).checked_mul(u64::from(unit))
    }

    /// The distance of two stops that needs no route.
    fn between(
        &self,
        policy: &Policy,
        method: &Method,
        network: Option<u32>,
        from: u32,
        to: u32,
    ) -> Option<u32> {
        if from == to {
            return Some(0);
        }
        let station = |stop: u32| policy.stops[stop as usize].station;
        match method.way {
            Way::Matrix => self.pairs.find(network, from, to).or_else(|| {
                let (from, to) = (station(from), station(to));
                if from == to { Some(0) } else { self.pairs.find(network, from, to) }
            }),
            Way::GreatCircle => {
                let metres = great_circle_metres(position(policy, from)?, position(policy, to)?);
                Some(in_units(metres, method))
            }
            Way::AlongRoute | Way::Stops | Way::Zones => None,
        }
    }

    /// How far the legs of an effective leg went as one, by the way of the first leg's network; nothing when nothing is
    /// measured there or a distance is not known.
    pub(crate) fn of_group(&self, policy: &Policy, parts: &[Part]) -> Option<GroupDistance> {
        let [first, .., last] = parts else {
            let units = self.units(policy, parts.first()?)?;
            return Some(GroupDistance { units, from_part: 0 });
        };
        let method = self.method(first.network)?;
        match method.group {
            GroupWay::FirstLast => {
                let units = self.between(policy, method, first.network, first.from?, last.to?)?;
                Some(GroupDistance { units, from_part: 0 })
            }
            GroupWay::MaxPair => self.max_pair(policy, method, parts),
            GroupWay::LegSum => {
                let units = self.leg_sum(policy, method, parts)?;
                Some(GroupDistance { units, from_part: 0 })
            }
        }
    }

    /// The longest pair of a first and a last stop, whichever leg came earlier; of equal ones the one that begins first.
    fn max_pair(&self, policy: &Policy, method: &Method, parts: &[Part]) -> Option<GroupDistance> {
        let network = parts.first()?.network;
        let mut longest = GroupDistance { units: 0, from_part: 0 };
        for (from_part, begun) in parts.iter().enumerate() {
            for ended in parts {
                let units = self.between(policy, method, network, begun.from?, ended.to?)?;
                if units > longest.units {
                    longest = GroupDistance { units, from_part };
                }
            }
        }
        Some(longest)
    }

    /// Units of other networks are turned into those of the first by way of metres; stops and borders only add to their
    /// like.
    fn leg_sum(&self, policy: &Policy, first: &Method, parts: &[Part]) -> Option<u32> {
        let (mut same, mut metres) = (0_u32, 0_u32);
        for part in parts {
            let units = self.units(policy, part)?;
            let method = self.method(part.network)?;
            if method.unit_metres == first.unit_metres && (method.way.is_length() || method.way == first.way)
            {
                same = same.checked_add(units)?;
            } else if method.way.is_length() && first.way.is_length() {
                metres = metres.checked_add(units.checked_mul(method.unit_metres)?)?;
            } else {
                return None;
            }
        }
        if metres == 0 { Some(same) } else { same.checked_add(in_units(metres, first)) }
    }

    /// Tells how far it went.
    pub(crate) fn tell(&self, parts: &[Part], units: Option<u32>, trace: &mut Trace) {
        let method = parts.first().and_then(|part| self.method(part.network));
        if let (Some(units), Some(Method { way, unit_metres, .. })) = (units, method) {
            trace.fact(|| Fact::Distance { units, unit_metres: *unit_metres, method: way.word() });
        }
    }

    /// True when no product has steps.
    pub(crate) fn has_no_steps(&self) -> bool {
        self.steps.is_empty()
    }

    fn steps_of(&self, product: u32, row: &ProductRow) -> Option<&Steps> {
        let start = self.steps.partition_point(|(of, _)| of.product < product);
        self.steps[start..]
            .iter()
            .take_while(|(of, _)| of.product == product)
            .find(|(of, _)| {
                (of.rider.is_none() || of.rider == row.rider)
                    && (of.medium.is_none() || of.medium == row.medium)
            })
            .map(|(_, steps)| steps)
    }

    /// What the steps of a product's row add: the part of the first block, and the rest.
    pub(crate) fn step_price(
        &self,
        product: u32,
        row: &ProductRow,
        units: Option<u32>,
        trace: Option<&mut Trace>,
    ) -> Result<(Minor, Minor), UnknownFare> {
        let Some(steps) = self.steps_of(product, row) else { return Ok((Minor::ZERO, Minor::ZERO)) };
        let units = units.ok_or(UnknownFare::NoDistance)?;
        let mut fired = trace.map(|trace| &mut trace.rules);
        let mut fire = |id: &Text| {
            if let Some(rules) = &mut fired {
                rules.push(id.clone());
            }
        };
        match steps {
            Steps::Bands(bands) => {
                let first = bands.first().ok_or(UnknownFare::NoProduct)?.amount;
                let held = bands.iter().find(|step| step.band.holds(units)).ok_or(UnknownFare::NoProduct)?;
                fire(&held.id);
                Ok((first, held.amount.minus(first)?))
            }
            Steps::Adds(adds) => {
                let (mut fixed, mut whole) = (Minor::ZERO, Minor::ZERO);
                for step in adds {
                    let Some(price) = step.price(units)? else { continue };
                    whole = whole.plus(price)?;
                    if step.band.from == 0 {
                        fixed = fixed.plus(step.amount)?;
                    }
                    if !price.is_zero() {
                        fire(&step.id);
                    }
                }
                Ok((fixed, whole.minus(fixed)?))
            }
        }
    }
}

fn in_units(metres: u32, method: &Method) -> u32 {
    let unit = method.unit_metres.max(1);
    match method.rounding {
        UnitRounding::Down => metres / unit,
        UnitRounding::Up => metres.div_ceil(unit),
        UnitRounding::HalfUp => metres / unit + u32::from(metres % unit >= unit.div_ceil(2)),
    }
}

/// Where a stop lies, or else its station.
fn position(policy: &Policy, stop: u32) -> Option<Position> {
    let row = &policy.stops[stop as usize];
    row.position.or_else(|| policy.stops[row.station as usize].position)
}

/// The shortest way from one stop to another that a route knows, in the direction in which the one comes before the
/// other. A platform stands for its station.
fn along(
    policy: &Policy,
    route: &RouteRow,
    from: u32,
    to: u32,
    measure: impl Fn(usize, usize, usize) -> Option<u32>,
) -> Option<u32> {
    let station = |stop: u32| policy.stops[stop as usize].station;
    let (from, to) = (station(from), station(to));
    if from == to {
        return Some(0);
    }
    let mut shortest: Option<u32> = None;
    for (direction, stops) in route.stops.iter().enumerate() {
        let mut first = None;
        for (place, stop) in stops.iter().enumerate() {
            let stop = station(*stop);
            if stop == from {
                first = Some(place);
            }
            if let (true, Some(first)) = (stop == to, first) {
                let found = measure(direction, first, place);
                shortest = shortest.into_iter().chain(found).min();
            }
        }
    }
    shortest
}

/// How many borders lie between these stops at least. A stop on a border lies in the areas of both sides.
fn borders(policy: &Policy, stops: &[u32]) -> Option<u32> {
    let mut count = 0;
    let mut inside: Vec<u32> = Vec::new();
    for (place, stop) in stops.iter().enumerate() {
        let areas = &policy.stops[*stop as usize].areas;
        if areas.is_empty() {
            return None;
        }
        inside.retain(|area| areas.contains(area));
        if inside.is_empty() {
            inside.clone_from(areas);
            count += u32::from(place > 0);
        }
    }
    Some(count)
}
