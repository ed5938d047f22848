//! What commands left behind on an account, as bytes: look-alikes of the domain types, part of [`crate::state`].

use crate::state::{IdV1, id, id_v1};
use clearing::standing::{Concession, LegRefund, PendingTopUp, Purchase, Standing};
use clearing::{AccountState, PaidByPass};
use fares::Funded;
use primitives::{CommandId, EventTime, MediumToken, Minor, PartyNo, Text};
use serde::{Deserialize, Serialize};

/// Since version 4 of a state.
#[derive(Serialize, Deserialize)]
pub(crate) struct StandingV4 {
    blocked_ms: Option<i64>,
    closed_ms: Option<i64>,
    concessions: Vec<(String, i64, i64)>,
    blocked_media: Vec<[u8; 16]>,
    pending: Vec<PendingV4>,
    purchases: Vec<PurchaseV4>,
    refunds: Vec<(IdV1, i64)>,
}

#[derive(Serialize, Deserialize)]
struct PendingV4 {
    id: [u8; 16],
    channel: u32,
    reference: String,
    amount: i64,
}

#[derive(Serialize, Deserialize)]
struct PurchaseV4 {
    id: [u8; 16],
    product: String,
    medium: String,
    bought_at_ms: i64,
    rider: i64,
    funded: Vec<(u32, i64)>,
}

/// Since version 5 of a state: what passes paid of rides. Purchases and legs by their places.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct PassesV5 {
    /// One a purchase that paid anything or ended: its place, what it paid of rides, whether it ended.
    purchases: Vec<(usize, i64, bool)>,
    /// One a leg that a pass paid: its place, the purchase that paid, and how much.
    legs: Vec<(usize, [u8; 16], i64)>,
}

impl PassesV5 {
    pub(crate) fn of(state: &AccountState, standing: &Standing) -> Self {
        let purchases = standing.purchases.iter().enumerate();
        let told = |(_, purchase): &(usize, &Purchase)| !purchase.paid.is_zero() || purchase.ended;
        let legs = state.legs.iter().enumerate();
        PassesV5 {
            purchases: purchases
                .filter(told)
                .map(|(place, purchase)| (place, purchase.paid.units(), purchase.ended))
                .collect(),
            legs: legs
                .filter_map(|(place, leg)| leg.pass.map(|pass| (place, pass)))
                .map(|(place, pass)| (place, *pass.purchase.bytes(), pass.amount.units()))
                .collect(),
        }
    }

    /// Puts it where it belongs; none when a place is not there.
    pub(crate) fn put_into(self, state: &mut AccountState) -> Option<()> {
        for (place, paid, ended) in self.purchases {
            let purchase = state.standing.as_mut()?.purchases.get_mut(place)?;
            (purchase.paid, purchase.ended) = (Minor::new(paid), ended);
        }
        for (place, purchase, amount) in self.legs {
            let pass = PaidByPass { purchase: CommandId::new(purchase), amount: Minor::new(amount) };
            state.legs.get_mut(place)?.pass = Some(pass);
        }
        Some(())
    }
}

impl StandingV4 {
    pub(crate) fn of(standing: &Standing) -> Self {
        let words = |text: &Text| text.as_str().to_owned();
        StandingV4 {
            blocked_ms: standing.blocked.map(EventTime::unix_ms),
            closed_ms: standing.closed.map(EventTime::unix_ms),
            concessions: standing
                .concessions
                .iter()
                .map(|held| (words(&held.category), held.from.unix_ms(), held.until.unix_ms()))
                .collect(),
            blocked_media: standing.blocked_media.iter().map(|medium| *medium.bytes()).collect(),
            pending: standing
                .pending
                .iter()
                .map(|top_up| PendingV4 {
                    id: *top_up.id.bytes(),
                    channel: top_up.channel.0,
                    reference: words(&top_up.reference),
                    amount: top_up.amount.units(),
                })
                .collect(),
            purchases: standing
                .purchases
                .iter()
                .map(|purchase| PurchaseV4 {
                    id: *purchase.id.bytes(),
                    product: words(&purchase.product),
                    medium: words(&purchase.medium),
                    bought_at_ms: purchase.bought_at.unix_ms(),
                    rider: purchase.rider.units(),
                    funded: purchase.funded.iter().map(|part| (part.party.0, part.amount.units())).collect(),
                })
                .collect(),
            refunds: standing
                .refunds
                .iter()
                .map(|refund| (id_v1(refund.leg), refund.amount.units()))
                .collect(),
        }
    }

    /// The domain's value; none when a value is impossible.
    pub(crate) fn revive(self) -> Option<Standing> {
        let funded = |(party, amount)| Funded { party: PartyNo(party), amount: Minor::new(amount) };
        let pending = |top_up: PendingV4| {
            Some(PendingTopUp {
                id: CommandId::new(top_up.id),
                channel: PartyNo(top_up.channel),
                reference: Text::new(&top_up.reference)?,
                amount: Minor::new(top_up.amount),
            })
        };
        let purchase = |bought: PurchaseV4| {
            Some(Purchase {
                id: CommandId::new(bought.id),
                product: Text::new(&bought.product)?,
                medium: Text::new(&bought.medium)?,
                bought_at: EventTime::from_unix_ms(bought.bought_at_ms)?,
                rider: Minor::new(bought.rider),
                funded: bought.funded.into_iter().map(funded).collect(),
                paid: Minor::ZERO,
                ended: false,
            })
        };
        let concession = |(category, from, until): (String, i64, i64)| {
            let (from, until) = (EventTime::from_unix_ms(from)?, EventTime::from_unix_ms(until)?);
            Some(Concession { category: Text::new(&category)?, from, until })
        };
        let refund = |(leg, amount)| Some(LegRefund { leg: id(leg)?, amount: Minor::new(amount) });
        Some(Standing {
            blocked: moment(self.blocked_ms)?,
            closed: moment(self.closed_ms)?,
            concessions: self.concessions.into_iter().map(concession).collect::<Option<_>>()?,
            blocked_media: self.blocked_media.into_iter().map(MediumToken::new).collect(),
            pending: self.pending.into_iter().map(pending).collect::<Option<_>>()?,
            purchases: self.purchases.into_iter().map(purchase).collect::<Option<_>>()?,
            refunds: self.refunds.into_iter().map(refund).collect::<Option<_>>()?,
        })
    }
}

/// A time that may be missing: the outer nothing is damage.
fn moment(ms: Option<i64>) -> Option<Option<EventTime>> {
    match ms {
        None => Some(None),
        Some(ms) => EventTime::from_unix_ms(ms).map(Some),
    }
}

/// A bit of everything, for tests.
#[cfg(test)]
pub(crate) fn left_behind(id: primitives::TapId, moment: EventTime) -> Standing {
    let text = |text: &str| Text::new(text).expect("a text");
    let refund = LegRefund { leg: id, amount: Minor::new(2) };
    Standing {
        blocked: Some(moment),
        closed: Some(moment),
        concessions: vec![Concession { category: text("student"), from: moment, until: moment }],
        blocked_media: vec![MediumToken::new([9; 16])],
        pending: vec![PendingTopUp {
            id: CommandId::new([1; 16]),
            channel: PartyNo(21),
            reference: text("FH1"),
            amount: Minor::new(100),
        }],
        purchases: vec![Purchase {
            id: CommandId::new([2; 16]),
            product: text("month"),
            medium: text("card"),
            bought_at: moment,
            rider: Minor::new(90),
            funded: vec![Funded { party: PartyNo(10), amount: Minor::new(10) }],
            paid: Minor::new(30),
            ended: true,
        }],
        refunds: vec![refund],
    }
}
