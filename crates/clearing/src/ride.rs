//! Rides: a tap joins its account's window, the window is priced anew, and the signed differences are posted.

mod asked;
mod given_back;

pub(crate) use given_back::give_back;

use asked::{ask_changed, gone, nearby, price, price_alone};

use crate::command::taken_off;
use crate::decide::{Effect, Scene, poison};
use crate::earned::{self, Paid};
use crate::journey::{self, FoundLeg};
use crate::outcome::{Charge, ChargeShape, Delta, Flag, Flags, TapOutcome};
use crate::state::{AccountState, PaidByPass, PostedLeg, Purse, WINDOW_TAPS_MAX, WindowTap};
use fares::{Carried, Fare, Funded, PartyKind, Policies, Policy, Priced, Recall, Share};
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{AcceptedTap, AccountId, Code, Minor, MoneyError, PartyNo, Refusal, TapId, Tender, Text};
use std::collections::BTreeSet;

/// Judges a riding tap. On refusal the state is as it was.
pub fn judge(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    route: &Text,
    stop: Option<&Text>,
    state: &mut AccountState,
    changes: &mut Changes,
) -> Result<Effect, Refusal> {
    check_references(scene, accepted, route, stop)?;
    // A concession that a command gave holds from its place in the log on, whatever the gateway knew.
    let standing = state.standing.as_ref();
    let rider = standing.and_then(|standing| standing.rider(accepted.tap.at)).unwrap_or(&accepted.rider);
    let Some(tap) = WindowTap::of(&accepted.tap, rider, &accepted.fare_medium, accepted.tender) else {
        return Err(Refusal::new(Code::Poison, "not a riding tap"));
    };
    let alone = journey::is_before_window(state, &tap);
    if alone {
        // Its neighbours are gone, and counters that have moved on say nothing about its day: priced by itself, under
        // its own travel date, and flagged.
        let nothing = AccountState { purse: state.purse, ..AccountState::default() };
        let new = Some((accepted.tap.id, Flag::BeforeWindow));
        rate(scene, accepted.account, &[tap], &nothing, new, changes)?;
    } else {
        let place = state.window.partition_point(|other| other.key() < tap.key());
        make_room(&mut state.window);
        state.window.insert(place, tap);
        let new = Some((accepted.tap.id, Flag::Crowded));
        if let Err(refusal) = rate(scene, accepted.account, &state.window, state, new, changes) {
            state.window.remove(place);
            return Err(refusal);
        }
    }
    if state.standing.as_ref().is_some_and(|standing| standing.blocks(Some(&accepted.tap.medium))) {
        changes.flag(accepted.tap.id, Flag::Blocked);
    }
    state.purse = changes.purse;
    earned::note(state, &mut changes.paid);
    if !alone {
        remember(state, &mut changes.posted);
        forget(state, &changes.legs, scene.policies);
    }
    Ok(Effect { outcome: TapOutcome::Posted, payee: None, is_expected: false })
}

/// Prices an account's window anew after something but a tap changed what its legs cost.
pub(crate) fn reprice(
    scene: &Scene<'_>,
    account: AccountId,
    state: &mut AccountState,
) -> Result<(Vec<Charge>, Vec<Posting>), Refusal> {
    let mut changes = Changes::default();
    rate(scene, account, &state.window, state, None, &mut changes)?;
    state.purse = changes.purse;
    earned::note(state, &mut changes.paid);
    remember(state, &mut changes.posted);
    Ok((changes.charges, changes.postings))
}

/// What is carried once every leg of the window is over.
pub(crate) fn carried_after(state: &AccountState, policies: &Policies) -> Carried {
    let legs = journey::legs(&state.window, policies);
    price(policies, &state.carried, &state.window, legs.iter()).1
}

fn remember(state: &mut AccountState, posted: &mut Vec<PostedLeg>) {
    for posted in posted.drain(..) {
        match state.legs.iter_mut().find(|leg| leg.id == posted.id) {
            Some(leg) => *leg = posted,
            None => {
                make_room(&mut state.legs);
                state.legs.push(posted);
            }
        }
    }
}

/// Room for one more. A state is read with as much room as it needs, and few accounts have many taps in a batch: a vector that
/// grows by itself would double.
fn make_room<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(2);
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
    state.carried = price(policies, &state.carried, &state.window, over.iter()).1;
    // With its exit a leg takes along what was cancelled when the two were found to be one ride.
    let gone: BTreeSet<TapId> = over.iter().flat_map(|leg| [Some(leg.id), leg.exit]).flatten().collect();
    state.window.retain(|tap| !gone.contains(&tap.id));
    state.legs.retain(|leg| !gone.contains(&leg.id));
}

/// What pricing a window anew changes. One value serves many taps, so that its vectors are made once.
#[derive(Default)]
pub(crate) struct Changes {
    /// The legs of the window, in order of time.
    legs: Vec<FoundLeg>,
    /// Places among them of those that are priced.
    asked: Vec<usize>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) postings: Vec<Posting>,
    posted: Vec<PostedLeg>,
    purse: Purse,
    /// Prices of legs that were asked for before.
    recall: Recall,
    /// What passes have paid of rides, where that changed.
    paid: Paid,
}

/// Prices a window. `new` is the tap that came, if one did, and what is to be said of it: always when it is older than the window, and
/// when the window is too full otherwise.
fn rate(
    scene: &Scene<'_>,
    account: AccountId,
    window: &[WindowTap],
    state: &AccountState,
    new: Option<(TapId, Flag)>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let before = &state.legs;
    changes.purse = state.purse;
    // Both are read while the rest is written.
    let (mut legs, mut asked) = (std::mem::take(&mut changes.legs), std::mem::take(&mut changes.asked));
    journey::find(window, scene.policies, &mut legs);
    let alone = new.is_some() && ask_changed(scene, window, state, &legs, &mut asked);
    // Priced together all legs are asked for, else each of those that changed by itself.
    let mut together = None;
    if !alone {
        asked.extend(0..legs.len());
        together = Some(price(scene.policies, &state.carried, window, legs.iter()).0.into_iter());
    }
    // First what no longer stands, so that money is given back before it is taken.
    for old in gone(before, &legs) {
        if let Some(tap) = window.iter().find(|tap| tap.id == old.id) {
            changes.cancel(scene, account, tap, old)?;
        }
    }
    for place in &asked {
        let found = &legs[*place];
        let priced = match &mut together {
            Some(prices) => prices.next(),
            None => Some(price_alone(scene, &state.carried, window, found, &mut changes.recall)),
        };
        let Some(priced) = priced else { break };
        let old = nearby(before, *place, |old| old.id == found.id);
        let refunded = state.standing.as_ref().map_or(Minor::ZERO, |standing| standing.refunded(found.id));
        let pass = earned::paid_by_pass(state.standing.as_deref(), &window[found.first].medium, &priced);
        let priced = if refunded.is_zero() { priced } else { taken_off(priced, refunded).map_err(poison)? };
        changes.price(scene, account, window, found, (priced, pass), old)?;
    }
    if state.standing.is_some() {
        let (paid, postings) = earned::earn(scene, account, state, &changes.posted)?;
        changes.paid = paid;
        changes.postings.extend(postings);
    }
    (changes.legs, changes.asked) = (legs, asked);
    if let Some((tap, flag)) = new
        && (flag != Flag::Crowded || window.len() > WINDOW_TAPS_MAX)
    {
        changes.flag(tap, flag);
    }
    Ok(())
}

/// The parts of a price that are compared and posted.
struct Parts<'a> {
    gross: Minor,
    rider: Minor,
    funded: &'a [Funded],
    shares: &'a [Share],
}

const NOTHING: Parts<'static> = Parts { gross: Minor::ZERO, rider: Minor::ZERO, funded: &[], shares: &[] };

impl Parts<'_> {
    /// Who pays how much in the rider's place.
    fn payers(&self) -> impl Iterator<Item = (PartyNo, Minor)> {
        self.funded.iter().map(|part| (part.party, part.amount))
    }

    /// What others than this operator earn.
    fn earners_but(&self, operator: PartyNo) -> impl Iterator<Item = (PartyNo, Minor)> {
        let others = self.shares.iter().filter(move |share| share.party != operator);
        others.map(|share| (share.party, share.amount))
    }
}

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
            && (&self.funded, &self.shares, self.pass) == (&other.funded, &other.shares, other.pass)
    }
}

impl Changes {
    /// Forgets what an earlier tap changed, also one that was set aside halfway.
    pub(crate) fn clear(&mut self) {
        self.charges.clear();
        self.postings.clear();
        self.posted.clear();
        self.asked.clear();
        self.paid.clear();
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
            pass: None,
        };
        let charge = charge(scene, policy, account, operator, tap, (None, None), &posted, delta);
        self.post(scene, policy, &charge, &old.parts(), &NOTHING)?;
        self.charges.push(charge);
        self.posted.push(posted);
        Ok(())
    }

    fn price(
        &mut self,
        scene: &Scene<'_>,
        account: AccountId,
        window: &[WindowTap],
        found: &FoundLeg,
        (priced, pass): (Priced, Option<PaidByPass>),
        old: Option<&PostedLeg>,
    ) -> Result<(), Refusal> {
        let (gross, rider, funded, unknown) = match priced.fare {
            Fare::Known { gross, rider, funded } => (Some(gross), rider, funded, None),
            Fare::Unknown(why) => (None, Minor::ZERO, Vec::new(), Some(why.word())),
        };
        let version = old.map_or(1, |old| old.version.saturating_add(1));
        let (id, exit, shape, flags) = outline(found);
        let posted =
            PostedLeg { id, version, exit, shape, flags, gross, rider, funded, shares: priced.shares, pass };
        if old.is_some_and(|old| old.says_the_same(&posted)) {
            return Ok(());
        }
        let tap = &window[found.first];
        let (policy, operator) = owner_of(scene, tap)?;
        let before = old.map_or(NOTHING, PostedLeg::parts);
        let rides = posted.shape.rides().saturating_sub(old.map_or(0, |old| old.shape.rides()));
        let delta = delta(&before, &posted.parts(), rides).map_err(poison)?;
        let mut charge = charge(scene, policy, account, operator, tap, found.ends(window), &posted, delta);
        charge.unknown = unknown;
        charge.product = priced.product;
        charge.rules = priced.rules;
        self.post(scene, policy, &charge, &before, &posted.parts())?;
        self.charges.push(charge);
        self.posted.push(posted);
        Ok(())
    }

    /// Posts the signed difference of one leg; nothing when no part changed.
    fn post(
        &mut self,
        scene: &Scene<'_>,
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
        for (party, change) in moved(before.payers(), after.payers()).map_err(poison)? {
            let amount = magnitude(change)?;
            let owed = change.negated().map_err(poison)?;
            lines.push(towards(owed, Chart::SubsidyReceivable, Line::party(party), amount));
            lines.push(towards(change, Chart::OperatorSubsidy, operator, amount));
        }
        // The whole fare went to the leg's operator above; what others earn of it goes on to them.
        let (before, after) = (before.earners_but(charge.operator), after.earners_but(charge.operator));
        for (party, change) in moved(before, after).map_err(poison)? {
            let amount = magnitude(change)?;
            let given = change.negated().map_err(poison)?;
            lines.push(towards(given, Chart::OperatorFare, operator, amount));
            lines.push(towards(change, Chart::OperatorFare, Line::party(party), amount));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let kind = if charge.version == 1 { Kind::Fare } else { scene.correction };
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
                if change.is_positive() {
                    lines.extend(self.purse.charge(charge.account, amount).map_err(poison)?);
                } else {
                    lines.extend(self.purse.credit(charge.account, amount).map_err(poison)?);
                }
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
    let shape = if found.is_second_tap { ChargeShape::SecondTap } else { found.shape.into() };
    let flags = Flags::default()
        .with_if(Flag::Passback, found.is_second_tap)
        .with_if(Flag::ClockMoved, found.is_clock_moved);
    (found.id, found.exit, shape, flags)
}

/// What changed for each party, by party, parties without a change left out.
fn moved(
    before: impl Iterator<Item = (PartyNo, Minor)>,
    after: impl Iterator<Item = (PartyNo, Minor)>,
) -> Result<Vec<(PartyNo, Minor)>, MoneyError> {
    let mut changes: Vec<(PartyNo, Minor)> = Vec::new();
    let mut change = |party: PartyNo, by: &dyn Fn(Minor) -> Result<Minor, MoneyError>| {
        match changes.binary_search_by_key(&party, |(party, _)| *party) {
            Ok(at) => changes[at].1 = by(changes[at].1)?,
            Err(at) => changes.insert(at, (party, by(Minor::ZERO)?)),
        }
        Ok(())
    };
    for (party, amount) in after {
        change(party, &|sum| sum.plus(amount))?;
    }
    for (party, amount) in before {
        change(party, &|sum| sum.minus(amount))?;
    }
    changes.retain(|(_, change)| !change.is_zero());
    Ok(changes)
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
    (from, to): (Option<&Text>, Option<&Text>),
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
        from: from.cloned(),
        to: to.cloned(),
        rider_category: tap.rider.clone(),
        medium: tap.medium.clone(),
        tender: tap.tender,
        service_date: scene.service_date(policy, tap.at),
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
    Priced { fare, surcharge: Minor::ZERO, shares: Vec::new(), product: None, pass: None, rules: Vec::new() }
}
