//! What is carried from batch to batch for one card account.

use crate::outcome::{ChargeShape, Flags};
use crate::standing::Standing;
use fares::{Carried, Funded, Share};
use ledger::{Chart, Line};
use primitives::{
    AccountId, CommandId, Direction, EventTime, MediumToken, Minor, MoneyError, Tap, TapId, TapKind, Tender,
    Text,
};

/// How late a tap may come after the newest one and still be priced with its neighbours, in seconds. Older taps are
/// priced alone.
pub const WINDOW_SECONDS: i64 = 48 * 3600;
/// Longest time, in seconds, that a window keeps taps beyond [`WINDOW_SECONDS`] because a leg after them may reach back.
pub const MARGIN_SECONDS_MAX: i64 = 24 * 3600;
/// Longest time, in seconds, from an entry to the exit it pairs with, whatever a policy allows. A window keeps an entry so
/// long beyond [`WINDOW_SECONDS`].
pub const JOURNEY_SECONDS_MAX: i64 = 24 * 3600;
/// How far, in seconds, a device's clock is believed to have run ahead where its numbers contradict it. A window keeps taps
/// so long beyond [`WINDOW_SECONDS`], because one that comes late may be put right by an older one.
pub const CLOCK_SECONDS_MAX: i64 = 4 * 3600;
/// Most taps a window keeps; beyond it the oldest leave.
pub const WINDOW_TAPS_MAX: usize = 128;

/// The money of a card account: value or debt, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purse {
    /// What the holder owns.
    pub value: Minor,
    /// What the holder owes.
    pub debt: Minor,
}

impl Purse {
    /// Takes a positive amount: value first, the shortfall becomes debt. Returns the debit lines.
    pub fn charge(
        &mut self,
        account: AccountId,
        amount: Minor,
    ) -> Result<impl Iterator<Item = Line> + use<>, MoneyError> {
        let from_value = self.value.min(amount);
        let shortfall = amount.minus(from_value)?;
        self.value = self.value.minus(from_value)?;
        self.debt = self.debt.plus(shortfall)?;
        let lines = [(Chart::CardValue, from_value), (Chart::NegativeCard, shortfall)];
        Ok(nonzero(lines).map(move |(chart, part)| Line::debit(chart, account.as_i64(), part)))
    }

    /// Gives a positive amount: debt is recovered first. Returns the credit lines.
    pub fn credit(
        &mut self,
        account: AccountId,
        amount: Minor,
    ) -> Result<impl Iterator<Item = Line> + use<>, MoneyError> {
        let to_debt = self.debt.min(amount);
        let to_value = amount.minus(to_debt)?;
        self.debt = self.debt.minus(to_debt)?;
        self.value = self.value.plus(to_value)?;
        let lines = [(Chart::NegativeCard, to_debt), (Chart::CardValue, to_value)];
        Ok(nonzero(lines).map(move |(chart, part)| Line::credit(chart, account.as_i64(), part)))
    }
}

fn nonzero(parts: [(Chart, Minor); 2]) -> impl Iterator<Item = (Chart, Minor)> {
    parts.into_iter().filter(|(_, part)| part.is_positive())
}

/// Where in a ride a tap stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// The whole ride in one tap.
    Boarding {
        /// The stop, when known.
        stop: Option<Text>,
        /// The vehicle's trip, when known.
        trip: Option<Text>,
    },
    /// One end of a ride.
    Gate {
        /// Which end.
        direction: Direction,
        /// The station.
        stop: Text,
    },
}

/// A riding tap as the window remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowTap {
    /// Its identity.
    pub id: TapId,
    /// Device time.
    pub at: EventTime,
    /// Boarding or gate.
    pub moment: Moment,
    /// The route or line.
    pub route: Text,
    /// Rider category at the tap.
    pub rider: Text,
    /// Fare medium.
    pub medium: Text,
    /// What was shown: two taps of one token may be one ride.
    pub token: MediumToken,
    /// Who carries the rider's share.
    pub tender: Tender,
}

impl WindowTap {
    /// The window's view of a tap; `None` when it is no ride.
    pub fn of(tap: &Tap, rider: &Text, medium: &Text, tender: Tender) -> Option<Self> {
        let (route, moment) = match &tap.kind {
            TapKind::Boarding { route, stop, trip, .. } => {
                (route, Moment::Boarding { stop: stop.clone(), trip: trip.clone() })
            }
            TapKind::Gate { direction, route, stop } => {
                (route, Moment::Gate { direction: *direction, stop: stop.clone() })
            }
            TapKind::SchoolPayment { .. } | TapKind::TopUp { .. } => return None,
        };
        let (rider, medium) = (rider.clone(), medium.clone());
        let (token, route) = (tap.medium, route.clone());
        Some(WindowTap { id: tap.id, at: tap.at, moment, route, rider, medium, token, tender })
    }

    /// Sort key: device time, then identity, so that taps of the same moment have one order.
    pub const fn key(&self) -> (EventTime, TapId) {
        (self.at, self.id)
    }
}

/// What was last posted for a leg, or that it was cancelled: its next version must have another number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedLeg {
    /// The leg's identity: that of its first tap.
    pub id: TapId,
    /// Version, from 1.
    pub version: u32,
    /// The tap that ended it.
    pub exit: Option<TapId>,
    /// What is known of it.
    pub shape: ChargeShape,
    /// What somebody should look at.
    pub flags: Flags,
    /// Full price; `None` when there is no fare for it.
    pub gross: Option<Minor>,
    /// The rider's part.
    pub rider: Minor,
    /// The funders' parts.
    pub funded: Vec<Funded>,
    /// What each operator earned of it; empty when the leg's own operator earned it all.
    pub shares: Vec<Share>,
    /// What a pass paid of it, before anything was given back.
    pub pass: Option<PaidByPass>,
}

/// What a pass paid of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidByPass {
    /// The command that bought it.
    pub purchase: CommandId,
    /// How much.
    pub amount: Minor,
}

/// Everything carried for one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountState {
    /// Its money.
    pub purse: Purse,
    /// Its recent riding taps, by [`WindowTap::key`].
    pub window: Vec<WindowTap>,
    /// What was posted for the legs of the window, one entry at most for a tap.
    pub legs: Vec<PostedLeg>,
    /// What the legs before the window left behind: counters of caps, quotas and passes.
    pub carried: Carried,
    /// What commands left behind; most accounts have nothing.
    pub standing: Option<Box<Standing>>,
}
