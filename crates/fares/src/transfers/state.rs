//! What is remembered of the effective legs so far: the lawful ways to read them that may still turn out cheapest.

use super::rules::Times;
use crate::cost::Cost;

/// What a stream remembers. Most policies have no transfer rules, and then it is one empty word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State(Option<Box<Held>>);

/// The readings of a stream, the best of them first. Without any, no leg came yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) readings: Vec<Reading>,
    /// How many effective legs came.
    pub(super) turn: u64,
    /// The turn of the latest leg on each medium.
    pub(super) latest: Vec<(u32, u64)>,
}

/// One lawful way to read the legs so far: what each was sold as, and which of them a transfer brought together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// What it costs above the best reading.
    pub(super) above: Cost,
    /// Products bought, above those of the best reading.
    pub(super) purchases: i64,
    /// Its place among the readings when their choices are compared leg by leg.
    pub(super) past: u32,
    /// The legs that a transfer may still start from, in order of time.
    pub(super) tails: Vec<Tail>,
}

/// A leg that a transfer may start from. Fields that no rule asks for are left empty, so that readings that cannot
/// differ any more are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) turn: u64,
    pub(super) medium: u32,
    pub(super) group: Option<u32>,
    pub(super) product: Option<u32>,
    pub(super) times: Times,
    /// Its own price, while nothing but itself was paid: a transfer that pays for both takes it back.
    pub(super) opener: Option<Cost>,
    pub(super) run: Option<Run>,
    /// Pairs whose transfer started here already: each starts once from one leg. Sorted.
    pub(super) granted: Vec<u32>,
    /// Products bought from the first leg on that rows are bound to. Sorted.
    pub(super) held: Vec<u32>,
    /// Products bought from the first leg on that are bought once. Sorted.
    pub(super) once: Vec<u32>,
}

/// The changes in a row, by one pair of rules, that led to a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) pair: u32,
    pub(super) count: u32,
    /// The leg it began with.
    pub(super) first: Times,
}

static NOTHING: Held = Held { readings: Vec::new(), turn: 0, latest: Vec::new() };

impl State {
    pub(super) fn new(held: Held) -> Self {
        State(Some(Box::new(held)))
    }

    pub(super) fn held(&self) -> &Held {
        self.0.as_deref().unwrap_or(&NOTHING)
    }

    #[cfg(test)]
    pub(crate) fn readings(&self) -> usize {
        self.held().readings.len()
    }
}

impl Held {
    /// The turn of the latest leg on a medium.
    pub(super) fn latest_on(&self, medium: u32) -> Option<u64> {
        self.latest.iter().find(|(on, _)| *on == medium).map(|(_, turn)| *turn)
    }

    pub(super) fn set_latest(&mut self, medium: u32) {
        match self.latest.iter_mut().find(|(on, _)| *on == medium) {
            Some((_, turn)) => *turn = self.turn,
            None => self.latest.push((medium, self.turn)),
        }
    }
}

impl Tail {
    /// Which change of a run by this pair would come next, counted from 1, and the leg that the run begins with.
    pub(super) fn run(&self, pair: u32) -> (u32, Times) {
        match self.run {
            Some(run) if run.pair == pair => (run.count.saturating_add(1), run.first),
            Some(_) | None => (1, self.times),
        }
    }

    /// True when whatever may follow `other` may follow this leg too, and at no higher cost.
    fn covers(&self, other: &Tail, later_is_better: impl Fn(u32) -> bool) -> bool {
        let runs = match (self.run, other.run) {
            (Some(run), Some(than)) if run.pair == than.pair && run.count == than.count => {
                run.first == than.first
                    || (later_is_better(run.pair)
                        && run.first.start >= than.first.start
                        && run.first.end >= than.first.end)
            }
            (None, None) => true,
            (Some(_) | None, Some(_) | None) => false,
        };
        runs && self.turn == other.turn
            && (self.medium, self.group, self.product) == (other.medium, other.group, other.product)
            && self.opener == other.opener
            && self.granted == other.granted
            && self.held == other.held
            && self.once == other.once
    }
}

impl Reading {
    /// True when a reading that ranks behind this one can never come before it again.
    pub(super) fn covers(&self, tails: &[Tail], later_is_better: impl Fn(u32) -> bool + Copy) -> bool {
        self.tails.len() == tails.len()
            && self.tails.iter().zip(tails).all(|(own, other)| own.covers(other, later_is_better))
    }
}

/// Puts a number into a sorted list.
pub(super) fn insert(sorted: &mut Vec<u32>, number: u32) {
    if let Err(at) = sorted.binary_search(&number) {
        sorted.insert(at, number);
    }
}
