//! The named promises that sums show, whoever wrote what is added up.

use ledger::{Chart, Ring};
use store::verify::{AtBank, Sums};

/// One named promise, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The invariant, as docs/architecture.md lists it.
    pub id: &'static str,
    /// What holds, in words.
    pub says: &'static str,
    /// The figures.
    pub figures: String,
    /// Whether it holds.
    pub holds: bool,
}

fn check(id: &'static str, says: &'static str, left: i128, right: i128) -> Check {
    Check { id, says, figures: format!("{left} and {right}"), holds: left == right }
}

/// What must hold of the rings at every moment (L-4, L-5); a day closes only when it does.
pub(crate) fn ring_checks(sums: &Sums) -> Vec<Check> {
    vec![
        check("L-4", "debits less credits of the trust ring are 0", sums.ring(Ring::Trust), 0),
        check("L-4", "debits less credits of own money are 0", sums.ring(Ring::Own), 0),
        check(
            "L-5",
            "what own money owes the trust ring is the same in both rings",
            sums.net(Chart::DueFromOwn),
            -sums.net(Chart::DueToTrust),
        ),
    ]
}

/// Control accounts against the sums of card accounts (L-6).
pub(super) fn control_checks(sums: &Sums, (value, debt): (i128, i128)) -> Vec<Check> {
    vec![
        check(
            "L-6",
            "card value in the ledger is the sum of the card accounts' value",
            -sums.net(Chart::CardValue),
            value,
        ),
        check(
            "L-6",
            "card debt in the ledger is the sum of the card accounts' debt",
            sums.net(Chart::NegativeCard),
            debt,
        ),
    ]
}

/// The book at the bank against the bank's own statements (E-6, L-8).
pub(super) fn bank_checks(at_bank: &AtBank) -> Vec<Check> {
    vec![
        check(
            "E-6",
            "the book at the bank is what approved openings and booked lines of posted statements moved",
            at_bank.book,
            at_bank.moved,
        ),
        check(
            "L-8",
            "the book at the bank misses the last statements' closings by the open gaps alone",
            at_bank.closings.saturating_sub(at_bank.book),
            at_bank.gaps,
        ),
    ]
}

/// The legal float (L-7): what the bank proved against what is owed to holders of cards. None while nothing is proven.
pub(super) fn float_check(at_bank: &AtBank) -> Option<Check> {
    let day = at_bank.as_of?;
    Some(Check {
        id: "L-7",
        says: "proven closings at the bank cover what is owed to holders of cards",
        figures: format!("{} and {} on {day}", at_bank.proven, at_bank.held),
        holds: at_bank.proven >= at_bank.held,
    })
}
