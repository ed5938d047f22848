//! The versions of a city's policy, and which one holds when.

use crate::policy::Policy;
use primitives::EventTime;

/// Why versions cannot stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoliciesError {
    /// Two versions hold at one moment.
    #[error("policies {first} and {second} overlap")]
    Overlap {
        /// The one that begins earlier.
        first: String,
        /// The one that begins later.
        second: String,
    },
    /// A party has one number or kind in one version and another in the next.
    #[error("party {party} changes its number or kind between policies {first} and {second}")]
    Renumbered {
        /// The party's id, or the id of the party that took its number.
        party: String,
        /// The one that begins earlier.
        first: String,
        /// The one that begins later.
        second: String,
    },
    /// Two versions disagree on the currency.
    #[error("policies {first} and {second} have different currencies")]
    Currency {
        /// The one that begins earlier.
        first: String,
        /// The one that begins later.
        second: String,
    },
}

/// Policy versions that do not overlap, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// These versions, in any order. Gaps are allowed: a tap in a gap has no policy.
    pub fn new(mut versions: Vec<Policy>) -> Result<Self, PoliciesError> {
        versions.sort_by(|a, b| (a.valid_from(), a.id()).cmp(&(b.valid_from(), b.id())));
        for pair in versions.windows(2) {
            if let [first, second] = pair {
                Self::check_neighbours(first, second)?;
            }
        }
        for (index, later) in versions.iter().enumerate() {
            for earlier in versions.iter().take(index) {
                Self::check_parties(earlier, later)?;
            }
        }
        Ok(Policies(versions))
    }

    fn check_neighbours(a: &Policy, b: &Policy) -> Result<(), PoliciesError> {
        let (first, second) = (a.id().to_owned(), b.id().to_owned());
        if a.valid_until().is_none_or(|until| until > b.valid_from()) {
            return Err(PoliciesError::Overlap { first, second });
        }
        if a.currency() != b.currency() {
            return Err(PoliciesError::Currency { first, second });
        }
        Ok(())
    }

    fn check_parties(a: &Policy, b: &Policy) -> Result<(), PoliciesError> {
        let (first, second) = (a.id().to_owned(), b.id().to_owned());
        // Accounts of the ledger hang on the number, so it must mean one party for ever.
        for party in b.parties() {
            let by_id = a.party(party.id.as_str());
            let by_no = a.party_by_no(party.no);
            let same = |other: &crate::Party| {
                other.id == party.id && other.no == party.no && other.kind == party.kind
            };
            if ![by_id, by_no].into_iter().flatten().all(same) {
                return Err(PoliciesError::Renumbered { party: party.id.to_string(), first, second });
            }
        }
        Ok(())
    }

    /// The version in force at a moment.
    pub fn at(&self, at: EventTime) -> Option<&Policy> {
        let after = self.0.partition_point(|policy| policy.valid_from() <= at);
        after.checked_sub(1).and_then(|index| self.0.get(index)).filter(|policy| policy.holds_at(at))
    }

    /// The version that begins last.
    pub fn newest(&self) -> Option<&Policy> {
        self.0.last()
    }

    /// Every version, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter()
    }
}
