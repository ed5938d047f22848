//! Matching: which item a bank line is about. Pure, and never a guess.
//!
//! There are two rules: first the end-to-end id, then our reference code in the memo, each with the exact amount. The first
//! rule that names any item decides, and a later rule never undoes an earlier claim. A reference with another amount is a
//! difference for a person, not a reason to look further.

use primitives::Minor;
use std::collections::{BTreeMap, BTreeSet};
use store::bank::Item;

/// What matching sees of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    /// How much; above zero is to us.
    pub amount: Minor,
    /// The end-to-end id.
    pub end_to_end: Option<&'a str>,
    /// Our reference codes found in it.
    pub codes: Vec<&'a str>,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// It is about this item, to the đồng.
    Match {
        /// The item.
        item: &'a Item,
        /// The rule that says so.
        rule: &'static str,
    },
    /// It names this item and says another amount.
    AmountDiff {
        /// The item.
        item: &'a Item,
        /// The rule that names it.
        rule: &'static str,
    },
    /// It names several items.
    Ambiguous {
        /// Which.
        why: String,
    },
    /// It names nothing that is open.
    Unmatched,
}

/// The name of rule 1.
pub(super) const END_TO_END: &str = "end_to_end";
/// The name of rule 2.
pub(super) const REFERENCE: &str = "reference";

/// Judges lines, in their order, against the open items by reference.
pub(super) fn matching<'a>(lines: &[Seen<'_>], items: &'a BTreeMap<String, Vec<Item>>) -> Vec<Verdict<'a>> {
    let mut claimed: BTreeSet<&str> = BTreeSet::new();
    let mut verdicts = vec![Verdict::Unmatched; lines.len()];
    for rule in [END_TO_END, REFERENCE] {
        for (line, verdict) in lines.iter().zip(&mut verdicts) {
            if *verdict == Verdict::Unmatched {
                *verdict = judge(line, rule, items, &claimed);
                if let Verdict::Match { item, .. } = verdict {
                    claimed.insert(&item.id);
                }
            }
        }
    }
    verdicts
}

fn judge<'a>(
    line: &Seen<'_>,
    rule: &'static str,
    items: &'a BTreeMap<String, Vec<Item>>,
    claimed: &BTreeSet<&str>,
) -> Verdict<'a> {
    let references: BTreeSet<&str> = match rule {
        END_TO_END => line.end_to_end.into_iter().collect(),
        _ => line.codes.iter().copied().collect(),
    };
    let named: Vec<&Item> = references
        .iter()
        .filter_map(|reference| items.get(*reference))
        .flatten()
        .filter(|item| !claimed.contains(item.id.as_str()))
        .collect();
    let exact: Vec<&Item> = named.iter().copied().filter(|item| item.amount == line.amount).collect();
    match (named.first(), exact.as_slice()) {
        (None, _) => Verdict::Unmatched,
        // Two codes in one memo are two answers, even when only one of them is of an open item.
        _ if references.len() > 1 => {
            let codes: Vec<&str> = references.into_iter().collect();
            Verdict::Ambiguous { why: format!("it carries {}", codes.join(" and ")) }
        }
        (Some(item), []) => Verdict::AmountDiff { item, rule },
        (_, [item]) => Verdict::Match { item, rule },
        (Some(first), several) => {
            let why = format!("{} open items have {} and this amount", several.len(), first.reference);
            Verdict::Ambiguous { why }
        }
    }
}
