//! The versions of a city's policy, and which one holds when.

use crate::policy::Policy;
use primitives::{Canonical, Digest, EventTime};
use std::sync::Arc;

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
    /// A version that does not hold at the moment it is to take effect.
    #[error("policy {policy} is not valid at the moment it is to take effect")]
    NotInForce {
        /// The version.
        policy: String,
    },
    /// A version that is to take effect before the one it follows.
    #[error("policy {policy} would take effect before {newest} does")]
    TooEarly {
        /// The one that is to take effect.
        policy: String,
        /// The newest one there is.
        newest: String,
    },
}

/// A version, and when it is in force: at most as long as it says it is valid.
#[derive(Debug, Clone)]
struct Version {
    from: EventTime,
    until: Option<EventTime>,
    policy: Arc<Policy>,
}

/// Policy versions that do not overlap, oldest first. A copy shares the versions.
#[derive(Debug, Clone, Default)]
pub struct Policies(Vec<Version>);

impl Policies {
    /// These versions, in any order, each for as long as it says it is valid. Gaps are allowed: a tap in a gap has no policy.
    pub fn new(versions: Vec<Policy>) -> Result<Self, PoliciesError> {
        let whole = |policy: Policy| Version {
            from: policy.valid_from(),
            until: policy.valid_until(),
            policy: Arc::new(policy),
        };
        let mut versions: Vec<Version> = versions.into_iter().map(whole).collect();
        versions.sort_by(|a, b| (a.from, a.policy.id()).cmp(&(b.from, b.policy.id())));
        Self::checked(versions)
    }

    /// These and one more from a moment on; the version before it ends there. The new one must hold at that moment, and begin
    /// after every other.
    pub fn activate(&self, policy: Arc<Policy>, from: EventTime) -> Result<Self, PoliciesError> {
        let name = || policy.id().to_owned();
        if !policy.holds_at(from) {
            return Err(PoliciesError::NotInForce { policy: name() });
        }
        let mut versions = self.0.clone();
        if let Some(last) = versions.last_mut() {
            if last.from >= from {
                return Err(PoliciesError::TooEarly { policy: name(), newest: last.policy.id().to_owned() });
            }
            last.until = Some(last.until.map_or(from, |until| until.min(from)));
        }
        let until = policy.valid_until();
        versions.push(Version { from, until, policy });
        Self::checked(versions)
    }

    fn checked(versions: Vec<Version>) -> Result<Self, PoliciesError> {
        for pair in versions.windows(2) {
            if let [first, second] = pair {
                Self::check_neighbours(first, second)?;
            }
        }
        for (index, later) in versions.iter().enumerate() {
            for earlier in versions.iter().take(index) {
                Self::check_parties(&earlier.policy, &later.policy)?;
            }
        }
        Ok(Policies(versions))
    }

    fn check_neighbours(a: &Version, b: &Version) -> Result<(), PoliciesError> {
        let (first, second) = (a.policy.id().to_owned(), b.policy.id().to_owned());
        if a.until.is_none_or(|until| until > b.from) {
            return Err(PoliciesError::Overlap { first, second });
        }
        if a.policy.currency() != b.policy.currency() {
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
        let after = self.0.partition_point(|version| version.from <= at);
        let last = after.checked_sub(1).and_then(|index| self.0.get(index))?;
        last.until.is_none_or(|until| at < until).then_some(&*last.policy)
    }

    /// The version that begins last.
    pub fn newest(&self) -> Option<&Policy> {
        self.0.last().map(|version| &*version.policy)
    }

    /// Every version, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter().map(|version| &*version.policy)
    }

    /// Every version with the moment it takes effect, oldest first.
    pub fn since(&self) -> impl Iterator<Item = (EventTime, &Policy)> {
        self.0.iter().map(|version| (version.from, &*version.policy))
    }

    /// Digest of which versions take effect when.
    pub fn digest(&self) -> Digest {
        let mut bytes = Canonical::tagged("policies/1");
        for (from, policy) in self.since() {
            bytes.i64(from.unix_ms()).bytes(&policy.digest().0);
        }
        bytes.digest()
    }
}
