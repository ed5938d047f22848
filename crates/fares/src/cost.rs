//! What something costs, in its three parts.

use crate::model::{Fare, Funded};
use primitives::{Minor, MoneyError, PartyNo};

/// A cost, or the signed difference of two. Always `gross` = `rider` + the sum of `funded`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cost {
    /// What the operators earn.
    pub(crate) gross: Minor,
    /// What the rider pays of it.
    pub(crate) rider: Minor,
    /// Who pays the rest, by party number, no zero amounts.
    pub(crate) funded: Vec<Funded>,
}

impl Cost {
    /// A cost that the rider carries alone.
    pub(crate) fn of_rider(amount: Minor) -> Self {
        Cost { gross: amount, rider: amount, funded: Vec::new() }
    }

    /// True when nothing is owed by anybody.
    pub(crate) fn is_nothing(&self) -> bool {
        self.gross.is_zero() && self.rider.is_zero() && self.funded.is_empty()
    }

    pub(crate) fn plus(&self, other: &Cost) -> Result<Cost, MoneyError> {
        let mut sum = self.clone();
        sum.gross = sum.gross.plus(other.gross)?;
        sum.rider = sum.rider.plus(other.rider)?;
        for part in &other.funded {
            sum.fund(part.party, part.amount)?;
        }
        Ok(sum)
    }

    /// What was added since `before`.
    pub(crate) fn minus(&self, before: &Cost) -> Result<Cost, MoneyError> {
        let mut rest = self.clone();
        rest.gross = rest.gross.minus(before.gross)?;
        rest.rider = rest.rider.minus(before.rider)?;
        for part in &before.funded {
            rest.fund(part.party, part.amount.negated()?)?;
        }
        Ok(rest)
    }

    /// Takes `by` off the rider's part. The funder pays it; without one the operators go without.
    pub(crate) fn reduce(&mut self, by: Minor, funder: Option<PartyNo>) -> Result<(), MoneyError> {
        self.rider = self.rider.minus(by)?;
        match funder {
            Some(party) => self.fund(party, by),
            None => {
                self.gross = self.gross.minus(by)?;
                Ok(())
            }
        }
    }

    /// Adds to what a party pays; parties stay sorted and nobody stands there with nothing.
    fn fund(&mut self, party: PartyNo, amount: Minor) -> Result<(), MoneyError> {
        match self.funded.binary_search_by_key(&party, |part| part.party) {
            Ok(at) => {
                let sum = self.funded[at].amount.plus(amount)?;
                if sum.is_zero() {
                    self.funded.remove(at);
                } else {
                    self.funded[at].amount = sum;
                }
            }
            Err(_) if amount.is_zero() => {}
            Err(at) => self.funded.insert(at, Funded { party, amount }),
        }
        Ok(())
    }

    /// The same, as an answer.
    pub(crate) fn into_fare(self) -> Fare {
        Fare::Known { gross: self.gross, rider: self.rider, funded: self.funded }
    }
}
