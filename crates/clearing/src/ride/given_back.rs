//! What is given back of a ride that no window holds any more.

use super::{Changes, Parts, delta, unpriced};
use crate::command::taken_off;
use crate::decide::{Scene, poison};
use crate::outcome::{Charge, ChargeShape, Flags};
use crate::state::Purse;
use fares::{Fare, Funded, Priced, Share};
use ledger::Posting;
use primitives::{AccountId, Code, Minor, PartyNo, PostedRide, Refusal, TapId};

/// What came of giving back a part of an old ride: its new version, the postings, and the purse after them.
type GivenBack = (Vec<Charge>, Vec<Posting>, Purse);

/// Gives back a part of a ride that no window holds any more, on its own day of travel.
pub(crate) fn give_back(
    scene: &Scene<'_>,
    account: AccountId,
    (leg, ride): (TapId, &PostedRide),
    amount: Minor,
    purse: Purse,
) -> Result<GivenBack, Refusal> {
    let funded = |(party, amount): &(PartyNo, Minor)| Funded { party: *party, amount: *amount };
    let share = |(party, amount): &(PartyNo, Minor)| Share { party: *party, amount: *amount };
    let funded: Vec<Funded> = ride.funded.iter().map(funded).collect();
    let mut shares: Vec<Share> = ride.shares.iter().map(share).collect();
    if !shares.is_empty() {
        let others = Minor::sum(shares.iter().map(|share| share.amount)).map_err(poison)?;
        let amount = ride.gross.minus(others).map_err(poison)?;
        shares.push(Share { party: ride.operator, amount });
    }
    let whole = Fare::Known { gross: ride.gross, rider: ride.rider, funded: funded.clone() };
    let less = Priced { shares: shares.clone(), ..unpriced(whole) };
    let less = taken_off(less, amount).map_err(poison)?;
    let Fare::Known { gross, rider, funded: less_funded } = less.fare else {
        return Err(Refusal::new(Code::Poison, "a known fare became unknown"));
    };
    let before = Parts { gross: ride.gross, rider: ride.rider, funded: &funded, shares: &shares };
    let after = Parts { gross, rider, funded: &less_funded, shares: &less.shares };
    let shape = ChargeShape::parse(ride.shape.as_str())
        .ok_or_else(|| Refusal::new(Code::RefundUnknown, "the ride has no shape that is known"))?;
    let charge = Charge {
        account,
        leg,
        version: ride.version.saturating_add(1),
        exit: None,
        operator: ride.operator,
        route: ride.route.clone(),
        from: ride.from.clone(),
        to: ride.to.clone(),
        rider_category: ride.rider_category.clone(),
        medium: ride.medium.clone(),
        tender: ride.tender,
        service_date: ride.service_date,
        posting_date: scene.posting_date,
        shape,
        flags: Flags::default(),
        unknown: None,
        gross,
        rider,
        funded: less_funded.clone(),
        delta: delta(&before, &after, 0).map_err(poison)?,
        product: ride.product.clone(),
        rules: less.rules,
        offset: scene.offset,
    };
    let mut changes = Changes { purse, ..Changes::default() };
    changes.post(scene, scene.policy, &charge, &before, &after)?;
    Ok((vec![charge], changes.postings, changes.purse))
}
