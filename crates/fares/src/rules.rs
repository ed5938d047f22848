//! Which leg rules match a leg: an index over (network, from area, to area), made once at load.

use crate::names::{Slots, mixed};
use crate::selector::Pick;
use crate::timeframes::{Moment, Timeframes};
use primitives::Text;

/// One row of `fare_leg_rules.txt` without the fields that are its key in the index.
#[derive(Debug, Clone)]
pub(crate) struct LegRule {
    pub(crate) priority: u32,
    pub(crate) from_frame: Option<u32>,
    pub(crate) to_frame: Option<u32>,
    pub(crate) product: u32,
    /// Place in the order that breaks ties: the more specific rule first, then product and key in byte order.
    pub(crate) rank: u32,
    pub(crate) group: Option<u32>,
    /// Joins, windows and transfers look past a leg of this rule.
    pub(crate) stands_apart: bool,
    /// True when none of the conditions that follow is set.
    pub(crate) plain: bool,
    pub(crate) distance: Option<Band>,
    /// Every stop touched lies in one of these areas.
    pub(crate) within: Option<Pick>,
    /// A tap on the way lies in this area.
    pub(crate) via: Option<u32>,
    /// Usable only after a change.
    pub(crate) transfer_only: bool,
    /// Usable only for several legs that are one.
    pub(crate) joined_only: bool,
    /// Usable only with this pass in hand.
    pub(crate) with_pass: Option<u32>,
    pub(crate) id: Text,
}

/// A range of distance units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Band {
    pub(crate) from: u32,
    /// Open when empty.
    pub(crate) to: Option<u32>,
    /// False: `from` belongs to it and `to` does not. True: the other way about, and 0 belongs to a band from 0.
    pub(crate) upper_included: bool,
}

impl Band {
    pub(crate) fn holds(&self, units: u32) -> bool {
        if self.upper_included {
            (self.from < units || units == 0 && self.from == 0) && self.to.is_none_or(|to| units <= to)
        } else {
            self.from <= units && self.to.is_none_or(|to| units < to)
        }
    }

    /// What is wrong between this range and the next one, which does not begin before it: the beginning of a sentence
    /// that ends with where this range stands.
    pub(crate) fn seam(&self, next: &Band) -> Option<&'static str> {
        match self.to {
            None => Some("overlaps the range without an end on"),
            Some(to) if to > next.from => Some("overlaps the range on"),
            Some(to) if to < next.from => Some("leaves a gap after the range on"),
            Some(_) => match (self.upper_included, next.upper_included) {
                (true, false) => Some("its lower edge lies in it, and also in the range on"),
                (false, true) => Some("its lower edge lies neither in it nor in the range on"),
                _ => None,
            },
        }
    }
}

/// The three fields of the index, each a number or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) network: Option<u32>,
    pub(crate) from: Option<u32>,
    pub(crate) to: Option<u32>,
}

/// Zero for an empty field, so that one number holds a cell: 16 bits of network, 24 of each area.
fn code(field: Option<u32>) -> u64 {
    field.map_or(0, |number| u64::from(number) + 1)
}

impl Cell {
    fn packed(self) -> u64 {
        (code(self.network) << 48) | (code(self.from) << 24) | code(self.to)
    }

    /// Which of the fields are filled, as a number below 8.
    fn pattern(self) -> u8 {
        u8::from(self.network.is_some())
            | u8::from(self.from.is_some()) << 1
            | u8::from(self.to.is_some()) << 2
    }
}

/// The numbers that stand in one column of the file, sorted.
#[derive(Debug, Clone, Default)]
struct Listed(Vec<u32>);

impl Listed {
    fn new(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Listed(numbers)
    }

    fn has(&self, number: u32) -> bool {
        self.0.binary_search(&number).is_ok()
    }
}

/// The codes of some values, or the code of the empty field.
struct Choices<'v> {
    values: &'v [u32],
    empty: bool,
}

impl Iterator for Choices<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if let Some((first, rest)) = self.values.split_first() {
            self.values = rest;
            return Some(code(Some(*first)));
        }
        std::mem::take(&mut self.empty).then_some(code(None))
    }
}

/// Where a leg runs: its network and the areas of its ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) network: Option<u32>,
    pub(crate) from: &'a [u32],
    pub(crate) to: &'a [u32],
}

/// The leg rules of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct LegRules {
    /// True when the column `rule_priority` is there: an empty field is then ignored. Without the column an empty
    /// field means every value that stands nowhere in its column.
    by_priority: bool,
    /// True when a rule asks for a pass in hand.
    ask_for_passes: bool,
    cells: Vec<u64>,
    slots: Slots,
    /// `rules[starts[i]..starts[i + 1]]` are the rules of `cells[i]`.
    starts: Vec<u32>,
    rules: Vec<LegRule>,
    patterns: u8,
    /// True when some rule is usable only after a change.
    after_change: bool,
    /// True when a rule makes legs stand apart.
    any_apart: bool,
    networks: Listed,
    from: Listed,
    to: Listed,
}

impl LegRules {
    /// The index over these rules, in any order.
    pub(crate) fn build(by_priority: bool, mut rows: Vec<(Cell, LegRule)>) -> Self {
        rows.sort_by_key(|(cell, rule)| (cell.packed(), rule.rank));
        let listed = |field: fn(&Cell) -> Option<u32>| {
            Listed::new(rows.iter().filter_map(|(cell, _)| field(cell)).collect())
        };
        let mut index = LegRules {
            by_priority,
            after_change: rows.iter().any(|(_, rule)| rule.transfer_only),
            any_apart: rows.iter().any(|(_, rule)| rule.stands_apart),
            ask_for_passes: rows.iter().any(|(_, rule)| rule.with_pass.is_some()),
            networks: listed(|cell| cell.network),
            from: listed(|cell| cell.from),
            to: listed(|cell| cell.to),
            ..LegRules::default()
        };
        for (cell, rule) in rows {
            if index.cells.last() != Some(&cell.packed()) {
                index.cells.push(cell.packed());
                index.starts.push(index.rules.len() as u32);
                index.patterns |= 1 << cell.pattern();
            }
            index.rules.push(rule);
        }
        index.starts.push(index.rules.len() as u32);
        index.slots = Slots::build(index.cells.len(), |cell| mixed(0, index.cells[cell]));
        index
    }

    /// True when some rule is usable only after a change.
    pub(crate) fn any_after_change(&self) -> bool {
        self.after_change
    }

    /// True when a rule makes legs stand apart.
    pub(crate) fn any_apart(&self) -> bool {
        self.any_apart
    }

    /// True when no rule looks at more than network, areas and time.
    pub(crate) fn are_all_plain(&self) -> bool {
        self.rules.iter().all(|rule| rule.plain)
    }

    /// The number of a rule.
    pub(crate) fn number(&self, rule: &LegRule) -> Option<u32> {
        let at = self.rules.iter().position(|other| other.rank == rule.rank)?;
        u32::try_from(at).ok()
    }

    /// The rule with this number.
    pub(crate) fn rule(&self, number: u32) -> &LegRule {
        &self.rules[number as usize]
    }

    /// True when a rule asks for a pass in hand.
    pub(crate) fn ask_for_passes(&self) -> bool {
        self.ask_for_passes
    }

    /// True when an empty `network_id` does not match this network, because other rules name it.
    pub(crate) fn names_network(&self, network: Option<u32>) -> bool {
        !self.by_priority && network.is_some_and(|network| self.networks.has(network))
    }

    /// Every area that stands in the column of first areas.
    pub(crate) fn first_areas(&self) -> &[u32] {
        &self.from.0
    }

    /// Every area that stands in the column of last areas.
    pub(crate) fn last_areas(&self) -> &[u32] {
        &self.to.0
    }

    /// Shows every rule that matches, timeframes included, to `visit`, in no meaningful order.
    pub(crate) fn each_match<'a>(
        &'a self,
        span: Span<'_>,
        timeframes: &Timeframes,
        start: &Moment,
        end: Option<&Moment>,
        mut visit: impl FnMut(&'a LegRule),
    ) {
        let held = |rule: &LegRule| {
            rule.from_frame.is_none_or(|group| timeframes.holds(group, start))
                && rule.to_frame.is_none_or(|group| end.is_some_and(|end| timeframes.holds(group, end)))
        };
        // Only forms of rules that exist are looked for: most policies have two or three of the eight.
        let mut forms = self.patterns;
        while forms != 0 {
            let form = forms.trailing_zeros();
            forms &= forms - 1;
            for network in self.choices(form & 1 != 0, span.network.as_slice(), &self.networks) {
                for from in self.choices(form & 2 != 0, span.from, &self.from) {
                    for to in self.choices(form & 4 != 0, span.to, &self.to) {
                        for rule in self.of_cell(network << 48 | from << 24 | to) {
                            if held(rule) {
                                visit(rule);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The codes a field of a matching rule may hold for these values. Filled, it is one of them. Empty, it matches
    /// unless a value is listed and the empty field therefore means other values.
    fn choices<'v>(&self, filled: bool, values: &'v [u32], listed: &Listed) -> Choices<'v> {
        if filled {
            return Choices { values, empty: false };
        }
        let empty = self.by_priority || !values.iter().any(|value| listed.has(*value));
        Choices { values: &[], empty }
    }

    fn of_cell(&self, packed: u64) -> &[LegRule] {
        match self.slots.find(mixed(0, packed), |cell| self.cells[cell as usize] == packed) {
            Some(cell) => {
                let at = cell as usize;
                &self.rules[self.starts[at] as usize..self.starts[at + 1] as usize]
            }
            None => &[],
        }
    }
}
