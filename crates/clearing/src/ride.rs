//! Rides: a tap joins its account's window, the window is priced anew, and the signed differences are posted.

use crate::command::taken_off;
use crate::decide::{Effect, RowParts, Scene, poison};
use crate::journey::{self, FoundLeg};
use crate::outcome::{Charge, ChargeShape, Delta, Flag, Flags, TapOutcome};
use crate::state::{AccountState, PostedLeg, Purse, WINDOW_TAPS_MAX, WindowTap};
use fares::{Carried, Fare, Funded, PartyKind, Policies, Policy, Priced, Share, UnknownFare};
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{
    AcceptedTap, AccountId, Code, Minor, MoneyError, PartyNo, PostedRide, Refusal, TapId, Tender, Text,
};
use std::collections::{BTreeMap, BTreeSet};

/// Judges a riding tap. On refusal the state is as it was.
pub fn judge(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    route: &Text,
    stop: Option<&Text>,
    state: &mut AccountState,
) -> Result<Effect, Refusal> {
    check_references(scene, accepted, route, stop)?;
    // A concession that a command gave holds from its place in the log on, whatever the gateway knew.
    let standing = state.standing.as_ref();
    let rider = standing.and_then(|standing| standing.rider(accepted.tap.at)).unwrap_or(&accepted.rider);
    let Some(tap) = WindowTap::of(&accepted.tap, rider, &accepted.fare_medium, accepted.tender) else {
        return Err(Refusal::new(Code::Poison, "not a riding tap"));
    };
    let row = RowParts { route: Some(route.clone()), stop: stop.cloned(), ..RowParts::default() };
    let alone = journey::is_before_window(state, &tap);
    let mut changes = if alone {
        // Its neighbours are gone, and counters that have moved on say nothing about its day: priced by itself, under
        // its own travel date, and flagged.
        let nothing = AccountState { purse: state.purse, ..AccountState::default() };
        rate(scene, accepted.account, &[tap], &nothing, Some((accepted.tap.id, Flag::BeforeWindow)))?
    } else {
        let place = state.window.partition_point(|other| other.key() < tap.key());
        state.window.insert(place, tap);
        match rate(scene, accepted.account, &state.window, state, Some((accepted.tap.id, Flag::Crowded))) {
            Ok(changes) => changes,
            Err(refusal) => {
                state.window.remove(place);
                return Err(refusal);
            }
        }
    };
    if state.standing.as_ref().is_some_and(|standing| standing.blocks(Some(&accepted.tap.medium))) {
        changes.flag(accepted.tap.id, Flag::Blocked);
    }
    state.purse = changes.purse;
    if !alone {
        remember(state, changes.posted);
        forget(state, &changes.legs, scene.policies);
    }
    let Changes { charges, postings, .. } = changes;
    Ok(Effect { row, outcome: TapOutcome::Posted, charges, postings, expected: None })
}

/// Prices an account's window anew after something but a tap changed what its legs cost.
pub(crate) fn reprice(
    scene: &Scene<'_>,
    account: AccountId,
    state: &mut AccountState,
) -> Result<(Vec<Charge>, Vec<Posting>), Refusal> {
    let changes = rate(scene, account, &state.window, state, None)?;
    state.purse = changes.purse;
    remember(state, changes.posted);
    Ok((changes.charges, changes.postings))
}

/// What is carried once every leg of the window is over.
pub(crate) fn carried_after(state: &AccountState, policies: &Policies) -> Carried {
    price(policies, &state.carried, &journey::legs(&state.window, policies).iter().collect::<Vec<_>>()).1
}

fn remember(state: &mut AccountState, posted: Vec<PostedLeg>) {
    for posted in posted {
        match state.legs.iter_mut().find(|leg| leg.id == posted.id) {
            Some(leg) => *leg = posted,
            None => state.legs.push(posted),
        }
    }
}

fn check_references(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    route: &Text,
    stop: Option<&Text>,
) -> Result<(), Refusal> {
    let refuse = |code, detail| Err(Refusal::new(code, detail));
    let Some(found) = scene.policy.route(route.as_str()) else {
        return refuse(Code::RouteUnknown, format!("no route {route:?} in the policy in force"));
    };
    if found.agency != accepted.operator {
        let detail =
            format!("the device belongs to party {}, the route to {}", accepted.operator, found.agency);
        return refuse(Code::DeviceOperator, detail);
    }
    match stop {
        Some(stop) if !scene.policy.has_stop(stop.as_str()) => {
            refuse(Code::StopUnknown, format!("no stop {stop:?} in the policy in force"))
        }
        _ => Ok(()),
    }
}

/// Forgets the legs that are over. What they leave behind is carried.
fn forget(state: &mut AccountState, legs: &[FoundLeg], policies: &Policies) {
    let over = &legs[..journey::settled(&state.window, legs, policies)];
    if over.is_empty() {
        return;
    }
    state.carried = price(policies, &state.carried, &over.iter().collect::<Vec<_>>()).1;
    // With its exit a leg takes along what was cancelled when the two were found to be one ride.
    let gone: BTreeSet<TapId> = over.iter().flat_map(|leg| [Some(leg.id), leg.exit]).flatten().collect();
    state.window.retain(|tap| !gone.contains(&tap.id));
    state.legs.retain(|leg| !gone.contains(&leg.id));
}

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
    let mut changes = Changes::none(scene, purse);
    changes.post(scene.policy, &charge, &before, &after)?;
    Ok((vec![charge], changes.postings, changes.purse))
}

/// What pricing a window anew changes.
struct Changes {
    /// The legs of the window, in order of time.
    legs: Vec<FoundLeg>,
    charges: Vec<Charge>,
    postings: Vec<Posting>,
    posted: Vec<PostedLeg>,
    purse: Purse,
    /// What a posting that is not a leg's first is.
    correction: Kind,
}

/// Prices a window. `new` is the tap that came, if one did, and what is to be said of it: always when it is older than the window, and
/// when the window is too full otherwise.
fn rate(
    scene: &Scene<'_>,
    account: AccountId,
    window: &[WindowTap],
    state: &AccountState,
    new: Option<(TapId, Flag)>,
) -> Result<Changes, Refusal> {
    let (before, purse) = (&state.legs, state.purse);
    let legs = journey::legs(window, scene.policies);
    let asked = match new {
        Some(_) => to_be_priced(scene.policies, window, state, &legs),
        None => legs.iter().collect(),
    };
    let (prices, _) = price(scene.policies, &state.carried, &asked);
    let mut changes = Changes::none(scene, purse);
    // First what no longer stands, so that money is given back before it is taken.
    for old in gone(before, &legs) {
        if let Some(tap) = window.iter().find(|tap| tap.id == old.id) {
            changes.cancel(scene, account, tap, old)?;
        }
    }
    for (found, priced) in asked.into_iter().zip(prices) {
        let old = before.iter().find(|old| old.id == found.id);
        let refunded = state.standing.as_ref().map_or(Minor::ZERO, |standing| standing.refunded(found.id));
        let priced = taken_off(priced, refunded).map_err(poison)?;
        changes.price(scene, account, &window[found.first], found, priced, old)?;
    }
    changes.legs = legs;
    if let Some((tap, flag)) = new
        && (flag != Flag::Crowded || window.len() > WINDOW_TAPS_MAX)
    {
        changes.flag(tap, flag);
    }
    Ok(changes)
}

/// The posted legs that stand no longer.
fn gone<'a>(before: &'a [PostedLeg], legs: &'a [FoundLeg]) -> impl Iterator<Item = &'a PostedLeg> {
    let stands = |old: &&PostedLeg| old.shape != ChargeShape::Cancelled;
    before.iter().filter(stands).filter(|old| !legs.iter().any(|found| found.id == old.id))
}

/// The legs whose price a tap may have changed: all of them, unless it changed only legs that are priced alone.
fn to_be_priced<'a>(
    policies: &Policies,
    window: &[WindowTap],
    state: &AccountState,
    legs: &'a [FoundLeg],
) -> Vec<&'a FoundLeg> {
    let is_same =
        |found: &FoundLeg, old: &PostedLeg| (old.id, old.exit, old.shape, old.flags) == outline(found);
    let is_new = |found: &&FoundLeg| !state.legs.iter().any(|old| is_same(found, old));
    let changed: Vec<&FoundLeg> = legs.iter().filter(is_new).collect();
    // A leg with a moved clock may begin at another time than before although nothing else is new.
    let was_moved = |old: &PostedLeg| old.flags.has(Flag::ClockMoved);
    let is_moved = legs.iter().any(|found| found.is_clock_moved) || state.legs.iter().any(was_moved);
    let gone_at = |old: &PostedLeg| window.iter().find(|tap| tap.id == old.id).map(|tap| tap.at);
    let mut starts =
        changed.iter().map(|found| found.leg.start).chain(gone(&state.legs, legs).filter_map(gone_at));
    let alone = |at| policies.at(at).is_some_and(|policy| policy.prices_alone(&state.carried, at));
    if !is_moved && starts.all(alone) { changed } else { legs.iter().collect() }
}

/// Prices legs in runs of one policy, each run in one call, because a policy prices legs together. What one run leaves
/// behind is carried to the next.
fn price(policies: &Policies, carried: &Carried, legs: &[&FoundLeg]) -> (Vec<Priced>, Carried) {
    let policy_of = |found: &&FoundLeg| policies.at(found.leg.start);
    let mut prices = Vec::with_capacity(legs.len());
    let mut carried = carried.clone();
    let same = |a: &&FoundLeg, b: &&FoundLeg| match (policy_of(a), policy_of(b)) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        (None, None) => true,
        _ => false,
    };
    for run in legs.chunk_by(same) {
        let rides = run.iter().filter(|found| !found.is_second_tap);
        let batch: Vec<&fares::Leg> = rides.map(|found| &found.leg).collect();
        let rated = match run.first().and_then(policy_of) {
            Some(policy) => {
                let rated = fares::rate(policy, &carried, &batch);
                carried = rated.carried;
                rated.legs
            }
            None => batch.iter().map(|_| unpriced(Fare::Unknown(UnknownFare::NoRule))).collect(),
        };
        let mut rated = rated.into_iter();
        let nothing = || Fare::Known { gross: Minor::ZERO, rider: Minor::ZERO, funded: Vec::new() };
        prices.extend(
            run.iter().filter_map(
                |found| {
                    if found.is_second_tap { Some(unpriced(nothing())) } else { rated.next() }
                },
            ),
        );
    }
    (prices, carried)
}

/// The parts of a price that are compared and posted.
struct Parts<'a> {
    gross: Minor,
    rider: Minor,
    funded: &'a [Funded],
    shares: &'a [Share],
}

const NOTHING: Parts<'static> = Parts { gross: Minor::ZERO, rider: Minor::ZERO, funded: &[], shares: &[] };

impl PostedLeg {
    fn parts(&self) -> Parts<'_> {
        Parts {
            gross: self.gross.unwrap_or(Minor::ZERO),
            rider: self.rider,
            funded: &self.funded,
            shares: &self.shares,
        }
    }

    /// True when nothing but the version differs.
    fn says_the_same(&self, other: &PostedLeg) -> bool {
        (self.id, self.exit, self.shape, self.flags) == (other.id, other.exit, other.shape, other.flags)
            && (self.gross, self.rider) == (other.gross, other.rider)
            && (&self.funded, &self.shares) == (&other.funded, &other.shares)
    }
}

impl Changes {
    /// Nothing has changed yet.
    fn none(scene: &Scene<'_>, purse: Purse) -> Self {
        let (legs, charges, postings, posted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Changes { legs, charges, postings, posted, purse, correction: scene.correction }
    }

    /// Says something of the charges that a tap caused.
    fn flag(&mut self, tap: TapId, flag: Flag) {
        let of_tap = |charge: &&mut Charge| charge.leg == tap || charge.exit == Some(tap);
        self.charges.iter_mut().filter(of_tap).for_each(|charge| charge.flags = charge.flags.with(flag));
    }

    fn cancel(
        &mut self,
        scene: &Scene<'_>,
        account: AccountId,
        tap: &WindowTap,
        old: &PostedLeg,
    ) -> Result<(), Refusal> {
        let (policy, operator) = owner_of(scene, tap)?;
        let delta = delta(&old.parts(), &NOTHING, 0_i32.saturating_sub(old.shape.rides())).map_err(poison)?;
        let posted = PostedLeg {
            id: old.id,
            version: old.version.saturating_add(1),
            exit: None,
            shape: ChargeShape::Cancelled,
            flags: Flags::default(),
            gross: None,
            rider: Minor::ZERO,
            funded: Vec::new(),
            shares: Vec::new(),
        };
        let charge = charge(scene, policy, account, operator, tap, &bare_leg(tap), &posted, delta);
        self.post(policy, &charge, &old.parts(), &NOTHING)?;
        self.charges.push(charge);
        self.posted.push(posted);
        Ok(())
    }

    fn price(
        &mut self,
        scene: &Scene<'_>,
        account: AccountId,
        tap: &WindowTap,
        found: &FoundLeg,
        priced: Priced,
        old: Option<&PostedLeg>,
    ) -> Result<(), Refusal> {
        let (gross, rider, funded, unknown) = match priced.fare {
            Fare::Known { gross, rider, funded } => (Some(gross), rider, funded, None),
            Fare::Unknown(why) => (None, Minor::ZERO, Vec::new(), Some(why.word())),
        };
        let version = old.map_or(1, |old| old.version.saturating_add(1));
        let (id, exit, shape, flags) = outline(found);
        let posted =
            PostedLeg { id, version, exit, shape, flags, gross, rider, funded, shares: priced.shares };
        if old.is_some_and(|old| old.says_the_same(&posted)) {
            return Ok(());
        }
        let (policy, operator) = owner_of(scene, tap)?;
        let before = old.map_or(NOTHING, PostedLeg::parts);
        let rides = posted.shape.rides().saturating_sub(old.map_or(0, |old| old.shape.rides()));
        let delta = delta(&before, &posted.parts(), rides).map_err(poison)?;
        let mut charge = charge(scene, policy, account, operator, tap, &found.leg, &posted, delta);
        charge.unknown = unknown;
        charge.product = priced.product;
        charge.rules = priced.rules;
        self.post(policy, &charge, &before, &posted.parts())?;
        self.charges.push(charge);
        self.posted.push(posted);
        Ok(())
    }

    /// Posts the signed difference of one leg; nothing when no part changed.
    fn post(
        &mut self,
        policy: &Policy,
        charge: &Charge,
        before: &Parts<'_>,
        after: &Parts<'_>,
    ) -> Result<(), Refusal> {
        let mut lines = Vec::with_capacity(4);
        let operator = Line::party(charge.operator);
        let rider = charge.delta.rider;
        if !rider.is_zero() {
            self.rider_lines(policy, charge, &mut lines)?;
            let amount = magnitude(rider)?;
            lines.push(towards(rider, Chart::OperatorFare, operator, amount));
        }
        let funded =
            |parts: &Parts<'_>| parts.funded.iter().map(|part| (part.party, part.amount)).collect::<Vec<_>>();
        for (party, change) in moved(&funded(before), &funded(after)).map_err(poison)? {
            let amount = magnitude(change)?;
            let owed = change.negated().map_err(poison)?;
            lines.push(towards(owed, Chart::SubsidyReceivable, Line::party(party), amount));
            lines.push(towards(change, Chart::OperatorSubsidy, operator, amount));
        }
        // The whole fare went to the leg's operator above; what others earn of it goes on to them.
        let shares = |parts: &Parts<'_>| {
            let others = parts.shares.iter().filter(|share| share.party != charge.operator);
            others.map(|share| (share.party, share.amount)).collect::<Vec<_>>()
        };
        for (party, change) in moved(&shares(before), &shares(after)).map_err(poison)? {
            let amount = magnitude(change)?;
            let given = change.negated().map_err(poison)?;
            lines.push(towards(given, Chart::OperatorFare, operator, amount));
            lines.push(towards(change, Chart::OperatorFare, Line::party(party), amount));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let kind = if charge.version == 1 { Kind::Fare } else { self.correction };
        let cause = Cause::Tap { account: charge.account, tap: charge.leg };
        let posting = Posting::new(kind, charge.posting_date, charge.service_date, cause, lines)
            .map_err(|error| Refusal::new(Code::Poison, error.to_string()))?;
        self.postings.push(posting);
        Ok(())
    }

    /// The rider's side: the card account's purse, or the acquirer of an open-loop medium.
    fn rider_lines(
        &mut self,
        policy: &Policy,
        charge: &Charge,
        lines: &mut Vec<Line>,
    ) -> Result<(), Refusal> {
        let change = charge.delta.rider;
        let amount = magnitude(change)?;
        match charge.tender {
            Tender::Prepaid => {
                let moved = if change.is_positive() {
                    self.purse.charge(charge.account, amount)
                } else {
                    self.purse.credit(charge.account, amount)
                };
                lines.extend(moved.map_err(poison)?);
            }
            Tender::OpenLoop => {
                let acquirer = policy.parties().iter().find(|party| party.kind == PartyKind::Acquirer);
                let acquirer = acquirer
                    .ok_or_else(|| Refusal::new(Code::PartyUnknown, "the policy names no acquirer"))?;
                let opposite = change.negated().map_err(poison)?;
                lines.push(towards(opposite, Chart::AcquirerReceivable, Line::party(acquirer.no), amount));
            }
        }
        Ok(())
    }
}

/// What is said of a leg beside its price.
fn outline(found: &FoundLeg) -> (TapId, Option<TapId>, ChargeShape, Flags) {
    let shape = if found.is_second_tap { ChargeShape::SecondTap } else { found.leg.shape.into() };
    let flags = Flags::default()
        .with_if(Flag::Passback, found.is_second_tap)
        .with_if(Flag::ClockMoved, found.is_clock_moved);
    (found.id, found.exit, shape, flags)
}

/// What changed for each party, parties without a change left out.
fn moved(
    before: &[(PartyNo, Minor)],
    after: &[(PartyNo, Minor)],
) -> Result<Vec<(PartyNo, Minor)>, MoneyError> {
    let mut changes: BTreeMap<PartyNo, Minor> = BTreeMap::new();
    for (party, amount) in after {
        let change = changes.entry(*party).or_insert(Minor::ZERO);
        *change = change.plus(*amount)?;
    }
    for (party, amount) in before {
        let change = changes.entry(*party).or_insert(Minor::ZERO);
        *change = change.minus(*amount)?;
    }
    Ok(changes.into_iter().filter(|(_, change)| !change.is_zero()).collect())
}

/// A credit line where the change is above zero, a debit line where it is below: the payable's point of view.
fn towards(change: Minor, chart: Chart, owner: i64, amount: Minor) -> Line {
    if change.is_positive() { Line::credit(chart, owner, amount) } else { Line::debit(chart, owner, amount) }
}

fn magnitude(change: Minor) -> Result<Minor, Refusal> {
    if change.is_negative() { change.negated().map_err(poison) } else { Ok(change) }
}

fn delta(before: &Parts<'_>, after: &Parts<'_>, rides: i32) -> Result<Delta, MoneyError> {
    let funded = |parts: &Parts<'_>| Minor::sum(parts.funded.iter().map(|part| part.amount));
    Ok(Delta {
        rides,
        gross: after.gross.minus(before.gross)?,
        rider: after.rider.minus(before.rider)?,
        funded: funded(after)?.minus(funded(before)?)?,
    })
}

fn owner_of<'a>(scene: &Scene<'a>, tap: &WindowTap) -> Result<(&'a Policy, PartyNo), Refusal> {
    let policy = scene.policies.at(tap.at).unwrap_or(scene.policy);
    let route = policy.route(tap.route.as_str());
    let route = route
        .ok_or_else(|| Refusal::new(Code::RouteUnknown, format!("no route {:?} any more", tap.route)))?;
    Ok((policy, route.agency))
}

fn bare_leg(tap: &WindowTap) -> fares::Leg {
    fares::Leg {
        route: tap.route.clone(),
        from: None,
        to: None,
        via: Vec::new(),
        start: tap.at,
        end: None,
        shape: fares::Shape::MissingEntry,
        rider: tap.rider.clone(),
        medium: tap.medium.clone(),
    }
}

/// A charge with everything but the reasons of its price. Its day of travel is the device's, so that every version of a
/// leg stands on one day.
#[expect(
    clippy::too_many_arguments,
    reason = "one place builds a charge, from everything that is known of it"
)]
fn charge(
    scene: &Scene<'_>,
    policy: &Policy,
    account: AccountId,
    operator: PartyNo,
    tap: &WindowTap,
    leg: &fares::Leg,
    posted: &PostedLeg,
    delta: Delta,
) -> Charge {
    Charge {
        account,
        leg: posted.id,
        version: posted.version,
        exit: posted.exit,
        operator,
        route: tap.route.clone(),
        from: leg.from.clone(),
        to: leg.to.clone(),
        rider_category: tap.rider.clone(),
        medium: tap.medium.clone(),
        tender: tap.tender,
        service_date: policy.day_rule().service_date(tap.at),
        posting_date: scene.posting_date,
        shape: posted.shape,
        flags: posted.flags,
        unknown: None,
        gross: posted.gross.unwrap_or(Minor::ZERO),
        rider: posted.rider,
        funded: posted.funded.clone(),
        delta,
        product: None,
        rules: Vec::new(),
        offset: scene.offset,
    }
}

/// An amount no rule was asked for.
fn unpriced(fare: Fare) -> Priced {
    Priced { fare, surcharge: Minor::ZERO, shares: Vec::new(), product: None, rules: Vec::new() }
}
