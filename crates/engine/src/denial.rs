//! Who is denied at the gate, and who no longer: what a batch changed about it.

use crate::policy::Records;
use clearing::AccountState;
use fares::Policies;
use primitives::{AccountId, Minor, Record};
use std::collections::BTreeMap;
use wire::Denial;

type Accounts = BTreeMap<AccountId, AccountState>;

/// How an account stood before a batch, when it was denied or owed something; in the order of accounts.
pub(crate) struct Before {
    account: AccountId,
    denied: bool,
    owed: bool,
}

/// How much may be owed by the policy that held when the newest of these records came in: advice to gates is about today,
/// whenever the taps were made.
pub(crate) fn debt_allowed(policies: &Policies, records: &Records) -> Minor {
    let came_in = |record: &Record| match record {
        Record::Tap(accepted) => Some(accepted.received_at),
        Record::Command(command) => Some(command.at),
        Record::Day(_) | Record::Policy(_) => None,
    };
    let newest = records.iter().filter_map(|(_, record)| came_in(record.as_ref().ok()?)).max();
    let policy = newest.and_then(|newest| policies.at(newest)).or_else(|| policies.newest());
    policy.map_or(Minor::ZERO, fares::Policy::debt_allowed)
}

/// How the accounts stand that are denied or owe something.
pub(crate) fn before(allowed: Minor, accounts: &Accounts) -> Vec<Before> {
    let stands = |(account, state): (&AccountId, &AccountState)| {
        let (denied, owed) = (state.is_denied(allowed), state.purse.debt.is_positive());
        (denied || owed).then_some(Before { account: *account, denied, owed })
    };
    accounts.iter().filter_map(stands).collect()
}

/// What changed since. An account that owes nothing any more after it did is told as well: it may have been denied under an
/// earlier policy that allowed less.
pub(crate) fn changes(allowed: Minor, before: &[Before], after: &Accounts) -> Vec<Denial> {
    let change = |(account, state): (&AccountId, &AccountState)| {
        let place = before.binary_search_by_key(account, |before| before.account);
        let (was_denied, owed) =
            place.map_or((false, false), |place| (before[place].denied, before[place].owed));
        let denied = state.is_denied(allowed);
        let recovered = owed && !state.purse.debt.is_positive();
        (denied != was_denied || recovered).then_some(Denial { account: *account, denied })
    };
    after.iter().filter_map(change).collect()
}
