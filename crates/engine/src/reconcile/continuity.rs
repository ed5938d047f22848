//! Continuity: each statement of an account opens with what the one before it closed with (B5).

use bank::Statement;
use chrono::NaiveDate;
use primitives::Minor;
use store::bank::Span;
use uuid::Uuid;

/// The word for the first statement of an account, when it opens with the approved balance.
pub(super) const FIRST: &str = "first";
/// The word for a statement that opens with the closing before it.
pub(super) const FOLLOWS: &str = "follows";
/// The word for one that does not.
pub(super) const GAP: &str = "gap";

/// How a statement continues the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    /// [`FIRST`], [`FOLLOWS`] or [`GAP`].
    pub word: &'static str,
    /// The opening it should have.
    pub expected: Minor,
}

/// Where a statement would stand in its account's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// How it would continue the ones before it.
    pub continuity: &'static str,
    /// True when it continues none and covers days that another statement covers: posting both would count them twice.
    pub overlaps: bool,
}

/// Judges the statements of an account, which come in the order of its history.
pub(super) fn judge(approved: Minor, history: &[Span]) -> Vec<Judged> {
    let mut expected = approved;
    let mut judged = Vec::with_capacity(history.len());
    for (index, span) in history.iter().enumerate() {
        let word = match span.opening == expected {
            false => GAP,
            true if index == 0 => FIRST,
            true => FOLLOWS,
        };
        judged.push(Judged { word, expected });
        expected = span.closing;
    }
    judged
}

/// Where this statement would stand among the posted ones.
pub(super) fn place(id: Uuid, statement: &Statement, approved: Minor, history: &[Span]) -> Place {
    type Key = (NaiveDate, NaiveDate, Option<u64>);
    let key: Key = (statement.to, statement.from, statement.sequence);
    let index = history.partition_point(|span| (span.to, span.from, span.sequence) <= key);
    let mut with = history.to_vec();
    with.insert(
        index,
        Span {
            id,
            from: statement.from,
            to: statement.to,
            sequence: statement.sequence,
            opening: statement.opening,
            closing: statement.closing,
            continuity: String::new(),
        },
    );
    let continuity = judge(approved, &with).get(index).map_or(GAP, |judged| judged.word);
    let shares_days = history.iter().any(|span| span.from <= statement.to && statement.from <= span.to);
    Place { continuity, overlaps: continuity == GAP && shares_days }
}
