//! The rows of `fare_transfer_rules.txt`, found by the leg groups of a change.

use primitives::{DayRule, EventTime, Text};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What a change costs, with A and B the prices of the legs and AB that of the transfer product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Charge {
    /// A + AB: the later leg is covered.
    Transfer,
    /// A + AB + B: the transfer is an addition or, below zero, a discount.
    TransferAndLeg,
    /// AB: the transfer pays for both legs; after another transfer it is added to what was paid.
    Both,
}

/// Which event of a leg a time limit looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Departure,
    Arrival,
}

/// A time limit: whole seconds from an event of the first leg to an event of the last, the limit included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Limit {
    pub(crate) seconds: i64,
    pub(crate) from: Event,
    pub(crate) to: Event,
}

/// When an effective leg began and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Times {
    pub(crate) start: EventTime,
    pub(crate) end: Option<EventTime>,
}

/// The leg groups before and after a change, as the columns name them.
pub(crate) type Key = (Option<u32>, Option<u32>);

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: Key,
    /// How many changes in a row it spans; without limit when empty.
    pub(crate) count: Option<u32>,
    /// Without one, it holds within the service day.
    pub(crate) limit: Option<Limit>,
    pub(crate) charge: Charge,
    pub(crate) product: Option<u32>,
    /// Both legs are sold the same product.
    pub(crate) same_product: bool,
    /// The legs may be on two media.
    pub(crate) any_medium: bool,
    /// Other legs may lie between the two.
    pub(crate) looks_back: bool,
    /// Usable only when this was bought on the way from the first leg on.
    pub(crate) filter: Option<u32>,
    /// Whoever can take it, must.
    pub(crate) compulsory: bool,
    /// The product is bought once for all the legs that transfers bring together.
    pub(crate) once_a_chain: bool,
    pub(crate) line: u64,
    pub(crate) id: Text,
}

/// Why two legs do not lie within a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    TimeUp,
    /// An arrival that nobody saw cannot be measured from or to.
    NoArrival,
    NewDay,
}

impl Times {
    fn at(self, event: Event) -> Option<EventTime> {
        match event {
            Event::Departure => Some(self.start),
            Event::Arrival => self.end,
        }
    }
}

impl Row {
    /// Why the row cannot bring legs together that lie so far apart; nothing when it can.
    pub(super) fn late(&self, day: DayRule, first: Times, last: Times) -> Option<Late> {
        let Some(limit) = self.limit else {
            return (day.service_date(first.start) != day.service_date(last.start)).then_some(Late::NewDay);
        };
        let (Some(from), Some(to)) = (first.at(limit.from), last.at(limit.to)) else {
            return Some(Late::NoArrival);
        };
        (to.seconds_since(from) > limit.seconds).then_some(Late::TimeUp)
    }

    /// How far its first leg may begin before its last one, in seconds.
    fn reach_seconds(&self) -> i64 {
        // A ride is over within a day; the longest local day, when clocks go back, has 25 hours.
        const DAY_SECONDS_MAX: i64 = 25 * 3600;
        match self.limit {
            Some(Limit { seconds, from: Event::Departure, .. }) => seconds,
            Some(Limit { seconds, from: Event::Arrival, .. }) => seconds.saturating_add(DAY_SECONDS_MAX),
            None => DAY_SECONDS_MAX,
        }
    }

    /// The order that breaks ties: the row that says more first, then product and key in byte order (numbers of ids
    /// are in byte order).
    fn rank(&self) -> impl Ord + use<> {
        let fields = [
            self.key.0.is_some(),
            self.key.1.is_some(),
            self.count.is_some(),
            self.limit.is_some(),
            self.filter.is_some(),
            self.same_product,
        ];
        let filled: u8 = fields.into_iter().map(u8::from).sum();
        (Reverse(filled), self.product, self.key, self.count, self.limit, self.filter)
    }
}

/// The rows of one pair of groups.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) key: Key,
    /// Numbers of its rows, in the order that breaks ties.
    pub(crate) rows: Vec<u32>,
    /// True when it leads from a group to itself: its changes in a row are counted and timed together.
    pub(crate) runs: bool,
    /// True when nothing is lost by having started later: no row forces itself or hides another.
    pub(crate) later_is_better: bool,
}

/// The transfer rules of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transfers {
    /// In the order that breaks ties.
    pub(super) rows: Vec<Row>,
    /// By key.
    pub(super) pairs: Vec<Pair>,
    /// The groups that stand in each column, sorted: an empty field does not mean them.
    listed: [Vec<u32>; 2],
    /// What some row asks for, so that a leg remembers no more than that.
    pub(super) any_medium: bool,
    pub(super) looks_back: bool,
    pub(super) same_product: bool,
    pub(super) pays_both: bool,
    /// Products that rows are bound to, sorted.
    pub(super) filters: Vec<u32>,
}

impl Transfers {
    /// The table of these rows, in any order.
    pub(crate) fn new(mut rows: Vec<Row>) -> Self {
        rows.sort_by_cached_key(Row::rank);
        let mut by_key: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
        for (number, row) in (0_u32..).zip(&rows) {
            by_key.entry(row.key).or_default().push(number);
        }
        let pairs = by_key.into_iter().map(|(key, own)| Pair::new(key, own, &rows)).collect();
        let listed = |side: fn(&Row) -> Option<u32>| {
            let mut groups: Vec<u32> = rows.iter().filter_map(side).collect();
            groups.sort_unstable();
            groups
        };
        Transfers {
            pairs,
            listed: [listed(|row| row.key.0), listed(|row| row.key.1)],
            any_medium: rows.iter().any(|row| row.any_medium),
            looks_back: rows.iter().any(|row| row.looks_back),
            same_product: rows.iter().any(|row| row.same_product),
            pays_both: rows.iter().any(|row| row.charge == Charge::Both),
            filters: listed(|row| row.filter),
            rows,
        }
    }

    /// True when no change is ruled.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row, in no meaningful order.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// True when the row speaks of changes from legs of this group, or to them.
    pub(crate) fn row_takes(&self, row: &Row, group: Option<u32>, after: bool) -> bool {
        let (column, named) = if after { (1, row.key.1) } else { (0, row.key.0) };
        self.field(group, column) == named
    }

    /// True when a rider's legs on all media are looked at together.
    pub(crate) fn cross_media(&self) -> bool {
        self.any_medium
    }

    /// The longest time between two legs that these rules bring together, in seconds.
    pub(crate) fn reach_seconds(&self) -> i64 {
        self.rows.iter().map(Row::reach_seconds).max().unwrap_or(0)
    }

    /// The number of the pair that rules a change between these groups. A listed group is looked for by itself and by
    /// nothing else, so that there is at most one such pair. A leg without a group is not listed.
    pub(super) fn pair(&self, from: Option<u32>, to: Option<u32>) -> Option<u32> {
        let key = (self.field(from, 0), self.field(to, 1));
        let at = self.pairs.binary_search_by_key(&key, |pair| pair.key).ok()?;
        u32::try_from(at).ok()
    }

    /// True when changes from this group are ruled by the pair.
    pub(super) fn starts(&self, pair: u32, from: Option<u32>) -> bool {
        self.pairs[pair as usize].key.0 == self.field(from, 0)
    }

    /// What a column holds for this group: its id when that stands there, else the empty field.
    fn field(&self, group: Option<u32>, column: usize) -> Option<u32> {
        group.filter(|group| self.listed[column].binary_search(group).is_ok())
    }
}

impl Pair {
    fn new(key: Key, own: Vec<u32>, rows: &[Row]) -> Self {
        let of = |number: &u32| &rows[*number as usize];
        let first = own.first().map(|number| of(number).count);
        let later_is_better = own.iter().map(of).all(|row| !row.compulsory && Some(row.count) == first);
        Pair { key, runs: key.0 == key.1, later_is_better, rows: own }
    }
}
