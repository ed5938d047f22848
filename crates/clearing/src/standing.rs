//! What commands leave behind on a card account: blocks, announced top-ups, passes bought, fares given back.

use fares::Funded;
use primitives::{CommandId, EventTime, MediumToken, Minor, MoneyError, PartyNo, TapId, Text};

/// Most open things of one kind an account keeps; a command above it is refused.
pub const STANDING_MAX: usize = 64;

/// What commands left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Since when the whole account is on the deny list.
    pub blocked: Option<EventTime>,
    /// Since when the account is closed.
    pub closed: Option<EventTime>,
    /// Rider categories that commands gave the account, by their begin.
    pub concessions: Vec<Concession>,
    /// Media of the account that are on the deny list.
    pub blocked_media: Vec<MediumToken>,
    /// Top-ups that were announced and neither confirmed nor taken back.
    pub pending: Vec<PendingTopUp>,
    /// Passes bought and not given back.
    pub purchases: Vec<Purchase>,
    /// Fares given back: of legs that are still priced with their neighbours, and of older ones the latest.
    pub refunds: Vec<LegRefund>,
}

/// A rider category for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concession {
    /// The category.
    pub category: Text,
    /// From this moment.
    pub from: EventTime,
    /// Until before this moment.
    pub until: EventTime,
}

/// A top-up that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingTopUp {
    /// The announcement.
    pub id: CommandId,
    /// Through which channel.
    pub channel: PartyNo,
    /// The reference the bank's statement will carry.
    pub reference: Text,
    /// How much.
    pub amount: Minor,
}

/// A pass that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The command that bought it.
    pub id: CommandId,
    /// The fare product.
    pub product: Text,
    /// The fare medium it is on.
    pub medium: Text,
    /// When.
    pub bought_at: EventTime,
    /// What the holder paid.
    pub rider: Minor,
    /// What others paid.
    pub funded: Vec<Funded>,
    /// What it paid of rides, all together.
    pub paid: Minor,
    /// Its time was found to be over: what no ride earned of its price went to its funder too.
    pub ended: bool,
}

impl Purchase {
    /// What it cost: the holder's part and everybody else's.
    pub fn price(&self) -> Result<Minor, MoneyError> {
        Minor::sum(self.funded.iter().map(|part| part.amount).chain([self.rider]))
    }

    /// What is earned of its price: as much as it paid of rides, and all of it when its time is over.
    pub fn earned(&self) -> Result<Minor, MoneyError> {
        let price = self.price()?;
        Ok(if self.ended { price } else { self.paid.max(Minor::ZERO).min(price) })
    }
}

/// What was given back of a leg's full price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegRefund {
    /// The leg: identity of its first tap.
    pub leg: TapId,
    /// How much, all refunds together.
    pub amount: Minor,
}

impl Standing {
    /// True when a tap or request with this medium comes from somebody on the deny list.
    pub fn blocks(&self, medium: Option<&MediumToken>) -> bool {
        self.blocked.is_some() || medium.is_some_and(|medium| self.blocked_media.contains(medium))
    }

    /// The rider category that commands gave the account for a moment: of several, the one that began last.
    pub fn rider(&self, at: EventTime) -> Option<&Text> {
        let held = self.concessions.iter().rev().find(|held| held.from <= at && at < held.until);
        held.map(|held| &held.category)
    }

    /// What was given back of a leg.
    pub fn refunded(&self, leg: TapId) -> Minor {
        self.refunds.iter().find(|refund| refund.leg == leg).map_or(Minor::ZERO, |refund| refund.amount)
    }
}
