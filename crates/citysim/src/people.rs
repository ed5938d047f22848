//! Who rides: accounts with their categories and media, drawn one after the other.

use crate::SimError;
use crate::city::City;
use crate::machines::id;
use crate::random::Random;
use primitives::{AccountId, MediumToken, Tender, Text};

/// An account as the house has to know it before the day begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSpec {
    /// The account.
    pub id: AccountId,
    /// Its rider category, valid the whole day; `None` is the policy's default.
    pub rider: Option<Text>,
    /// Its media.
    pub media: Vec<MediumSpec>,
}

/// A medium of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediumSpec {
    /// What a reader sees.
    pub token: MediumToken,
    /// The policy's name for this kind of medium.
    pub fare_medium: Text,
    /// Who carries the rider's share.
    pub tender: Tender,
}

impl AccountSpec {
    /// True when the account keeps money at the house.
    pub fn is_prepaid(&self) -> bool {
        self.media.iter().any(|medium| medium.tender == Tender::Prepaid)
    }
}

/// Of a hundred riders: on bank cards, and of the rest with a concession.
const BANK_CARD_PERCENT: u64 = 8;
const CONCESSION_PERCENT: u64 = 30;
/// Of a hundred riders with a concession, how many have the first one the policy lists (students, as a rule).
const FIRST_CONCESSION_PERCENT: u64 = 70;
/// Of a hundred riders with a card, how many also show a phone.
const PHONE_PERCENT: u64 = 25;

/// Draws one more rider.
pub(crate) fn draw(city: &City, chance: &mut Random) -> Result<AccountSpec, SimError> {
    // 63 random bits: that two of some ten thousand accounts meet has a chance below one in a billion, and the same
    // seed would show it at once.
    let id = id(AccountId::new(chance.bits() >> 1))?;
    let medium = |chance: &mut Random, fare_medium: &Text, tender| MediumSpec {
        token: MediumToken::new(chance.token()),
        fare_medium: fare_medium.clone(),
        tender,
    };
    if let Some(bank_card) = &city.bank_card
        && chance.percent(BANK_CARD_PERCENT)
    {
        let media = vec![medium(chance, bank_card, Tender::OpenLoop)];
        return Ok(AccountSpec { id, rider: None, media });
    }
    let rider = if chance.percent(CONCESSION_PERCENT) {
        match city.concessions.first() {
            Some(first) if chance.percent(FIRST_CONCESSION_PERCENT) => Some(first.clone()),
            _ => chance.pick(city.concessions.get(1..).unwrap_or(&[])).cloned(),
        }
    } else {
        None
    };
    let mut media = vec![medium(chance, &city.card, Tender::Prepaid)];
    if chance.percent(PHONE_PERCENT) {
        media.push(medium(chance, &city.phone, Tender::Prepaid));
    }
    Ok(AccountSpec { id, rider, media })
}
