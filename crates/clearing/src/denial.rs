//! Who is denied at the gate. A denied medium still travels where a validator has not heard of it, and such a tap is a
//! fact like any other: denial is advice to gates, never a reason to refuse a tap.

use crate::state::AccountState;
use primitives::Minor;

impl AccountState {
    /// The account's media are to be denied: it owes more than the policy lets it, or a command blocked it.
    pub fn is_denied(&self, debt_allowed: Minor) -> bool {
        let blocked = self.standing.as_ref().is_some_and(|standing| standing.blocks(None));
        blocked || self.purse.debt > debt_allowed
    }
}
