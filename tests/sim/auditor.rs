//! The auditor: says what the books must show, from the whole history in memory and in the simplest way. It was written from
//! the rules, not from the code it checks, and shares nothing with `clearing`; only what a list of legs costs it asks `fares`.

use crate::books::{Books, Sold};
use crate::passes::{self, Bought, PaidByPass, held};
use fares::{Carried, Fare, Leg, PartyKind, Policies, Policy, Shape};
use ledger::Chart;
use primitives::{AcceptedTap, AccountId, Direction, EventTime, PartyNo, TapId, TapKind, Tender, Text};
use std::collections::{BTreeMap, BTreeSet};

/// A tap that comes so much later than the account's newest ride is priced alone, in seconds.
const LATE: i64 = 48 * 3600;
/// An entry and an exit further apart are two rides, in seconds.
const DAY: i64 = 24 * 3600;
/// A clock further ahead than this is not put right, in seconds.
const AHEAD: i64 = 4 * 3600;

/// A leg as the auditor pairs it, with what it costs.
pub struct Audited {
    first: AcceptedTap,
    sold: Sold,
    shares: Vec<(PartyNo, i64)>,
    /// The pass that paid it: its product, when it was bought, and how much.
    pass: Option<((Text, EventTime), i64)>,
}

/// What the books must show after these records, in the order they arrived.
pub fn audit(policies: &Policies, arrivals: &[AcceptedTap]) -> Books {
    audit_with(policies, arrivals, &[])
}

/// The same when these passes were bought before the first ride.
pub fn audit_with(policies: &Policies, arrivals: &[AcceptedTap], bought: &[Bought]) -> Books {
    let mut books = Books { posted: bought.len(), ..Books::default() };
    let mut taken: BTreeMap<TapId, &AcceptedTap> = BTreeMap::new();
    // The rides of each account that are priced together, the rides that came too late for that, and its payments.
    let mut together: BTreeMap<AccountId, Vec<AcceptedTap>> = BTreeMap::new();
    let mut alone: Vec<AcceptedTap> = Vec::new();
    let mut paid: BTreeMap<AccountId, i64> = BTreeMap::new();
    for tap in arrivals {
        if let Some(before) = taken.get(&tap.tap.id) {
            let same = before.body_digest == tap.body_digest;
            *(if same { &mut books.duplicate } else { &mut books.quarantined }) += 1;
            continue;
        }
        if !is_known(policies, tap) {
            books.quarantined += 1;
            continue;
        }
        taken.insert(tap.tap.id, tap);
        books.posted += 1;
        let policy = policies.at(tap.tap.at).expect("it was looked up");
        let day = policy.day_rule().service_date(tap.tap.at);
        let account = tap.account.as_i64();
        let party = |id: &Text| i64::from(policy.party(id.as_str()).expect("a party").no.0);
        match &tap.tap.kind {
            TapKind::Boarding { .. } | TapKind::Gate { .. } => {
                let rides = together.entry(tap.account).or_default();
                let newest = rides.iter().map(|ride| ride.tap.at).max();
                if newest.is_some_and(|newest| newest.seconds_since(tap.tap.at) > LATE) {
                    alone.push(tap.clone());
                } else {
                    rides.push(tap.clone());
                }
            }
            TapKind::TopUp { channel, value, .. } => {
                let amount = value.amount.units();
                let cash = channel.as_str().starts_with("cash");
                let (chart, owner) = if cash {
                    (Chart::CashInTransit, i64::from(tap.operator.0))
                } else {
                    (Chart::BankClearing, party(channel))
                };
                books.put((account, chart, owner, day), amount);
                books.put((account, Chart::CardValue, account, day), -amount);
                *paid.entry(tap.account).or_default() += amount;
            }
            TapKind::SchoolPayment { school, price, .. } => {
                let amount = price.amount.units();
                // What the account holds at this moment: its payments less its rides so far.
                let so_far = together.get(&tap.account).map_or(&[][..], Vec::as_slice);
                let mine = alone.iter().filter(|ride| ride.account == tap.account);
                let rides = all_legs(policies, so_far, mine, held(policies, bought, tap.account)).0;
                let fares: i64 = rides.iter().map(Audited::on_card).sum();
                let granted = paid.get(&tap.account).copied().unwrap_or(0) - fares >= amount;
                books.verdicts.insert(tap.tap.id, granted);
                if granted {
                    books.put((account, Chart::CardValue, account, day), amount);
                    books.put((account, Chart::SchoolPayable, party(school), day), -amount);
                    *paid.entry(tap.account).or_default() -= amount;
                }
            }
        }
    }
    let accounts: BTreeSet<AccountId> = taken.values().map(|tap| tap.account).collect();
    for account in accounts {
        let rides = together.remove(&account).unwrap_or_default();
        let mine = alone.iter().filter(|ride| ride.account == account);
        let (legs, counters) = all_legs(policies, &rides, mine, held(policies, bought, account));
        let mut by_pass = PaidByPass::new();
        for (pass, amount) in legs.iter().filter_map(|leg| leg.pass.clone()) {
            *by_pass.entry(pass).or_default() += amount;
        }
        let spent = passes::book(policies, bought, account, &by_pass, &mut books);
        let fares: i64 = legs.iter().map(Audited::on_card).sum();
        books.balances.insert(account, paid.get(&account).copied().unwrap_or(0) - spent - fares);
        books.counters.insert(account, counters);
        legs.into_iter().for_each(|leg| leg.post(policies, &mut books));
    }
    books
}

/// True when everything a tap names is known where and when it was made.
fn is_known(policies: &Policies, tap: &AcceptedTap) -> bool {
    let Some(policy) = policies.at(tap.tap.at) else { return false };
    let (route, stop) = match &tap.tap.kind {
        TapKind::Boarding { route, stop, .. } => (route, stop.as_ref()),
        TapKind::Gate { route, stop, .. } => (route, Some(stop)),
        TapKind::TopUp { .. } | TapKind::SchoolPayment { .. } => return true,
    };
    policy.route(route.as_str()).is_some_and(|route| route.agency == tap.operator)
        && stop.is_none_or(|stop| policy.has_stop(stop.as_str()))
}

/// The legs of an account: those priced together and those that came too late; and what the former leave counted.
fn all_legs<'a>(
    policies: &Policies,
    together: &[AcceptedTap],
    alone: impl Iterator<Item = &'a AcceptedTap>,
    held: Carried,
) -> (Vec<Audited>, Carried) {
    let (mut legs, counters) = sold(policies, pair(policies, together), held);
    for tap in alone {
        let single = sold(policies, pair(policies, std::slice::from_ref(tap)), Carried::default()).0;
        legs.extend(single.into_iter().map(|mut leg| {
            leg.sold.flags.push("before_window");
            leg
        }));
    }
    (legs, counters)
}

/// What is counted after these rides when that was counted before them.
pub fn counters_after(policies: &Policies, rides: &[AcceptedTap], before: Carried) -> Carried {
    sold(policies, pair(policies, rides), before).1
}

/// When a tap happened: a device numbers its taps in order, so not after one it numbered higher.
fn happened(tap: &AcceptedTap, all: &[AcceptedTap]) -> EventTime {
    let of_device = all.iter().filter(|other| {
        let (a, b) = (other.tap.id, tap.tap.id);
        (a.device, a.journal) == (b.device, b.journal)
            && a.sequence >= b.sequence
            && tap.tap.at.seconds_since(other.tap.at) <= AHEAD
    });
    of_device.map(|other| other.tap.at).min().unwrap_or(tap.tap.at)
}

/// One leg before it is priced.
struct Paired {
    first: AcceptedTap,
    exit: Option<TapId>,
    leg: Option<Leg>,
    shape: &'static str,
    flags: Vec<&'static str>,
    start: EventTime,
}

/// Finds the legs of an account's taps.
fn pair(policies: &Policies, taps: &[AcceptedTap]) -> Vec<Paired> {
    let mut timed: Vec<(EventTime, &AcceptedTap)> =
        taps.iter().map(|tap| (happened(tap, taps), tap)).collect();
    timed.sort_by_key(|(at, tap)| (*at, tap.tap.id));
    let mut found = Vec::new();
    let mut rides: Vec<(EventTime, &AcceptedTap)> = Vec::new();
    for (at, tap) in timed {
        if is_second(policies, &rides, at, tap) {
            found.push(Paired::new(at, tap, "second_tap", None));
        } else {
            rides.push((at, tap));
        }
    }
    let boardings = rides.iter().filter(|(_, tap)| matches!(tap.tap.kind, TapKind::Boarding { .. }));
    found.extend(boardings.map(|(at, tap)| Paired::new(*at, tap, "ride", None)));
    let gates: Vec<_> = rides.iter().filter(|(_, tap)| direction(tap).is_some()).collect();
    let mut place = 0;
    while place < gates.len() {
        let (at, tap) = gates[place];
        let next = gates.get(place + 1).filter(|next| is_one_ride(policies, (*at, tap), ***next));
        match (direction(tap), next) {
            (Some(Direction::Entry), Some((end, exit))) => {
                found.push(Paired::new(*at, tap, "ride", Some((*end, exit))));
                place += 1;
            }
            (Some(Direction::Entry), None) => found.push(Paired::new(*at, tap, "missing_exit", None)),
            _ => found.push(Paired::new(*at, tap, "missing_entry", None)),
        }
        place += 1;
    }
    found.sort_by_key(|paired| (paired.start, paired.first.tap.id));
    found
}

fn direction(tap: &AcceptedTap) -> Option<Direction> {
    match &tap.tap.kind {
        TapKind::Gate { direction, .. } => Some(*direction),
        _ => None,
    }
}

fn stop(tap: &AcceptedTap) -> Option<Text> {
    match &tap.tap.kind {
        TapKind::Gate { stop, .. } => Some(stop.clone()),
        TapKind::Boarding { stop, .. } => stop.clone(),
        _ => None,
    }
}

fn route(tap: &AcceptedTap) -> Text {
    match &tap.tap.kind {
        TapKind::Gate { route, .. } | TapKind::Boarding { route, .. } => route.clone(),
        _ => panic!("not a ride"),
    }
}

/// True when a medium was shown again so soon after a tap that was charged that it is no second ride.
fn is_second(
    policies: &Policies,
    charged: &[(EventTime, &AcceptedTap)],
    at: EventTime,
    tap: &AcceptedTap,
) -> bool {
    let rule = policies.at(at).map(Policy::passback).unwrap_or_default();
    let mine = || charged.iter().rev().filter(|(_, other)| other.tap.medium == tap.tap.medium);
    let soon = |before: EventTime, most: i64| most > 0 && at.seconds_since(before) <= most;
    match &tap.tap.kind {
        TapKind::Boarding { route, trip, .. } => mine().any(|(before, other)| match &other.tap.kind {
            TapKind::Boarding { route: on, trip: of, .. } if on == route => {
                soon(*before, rule.seconds)
                    || (trip.is_some() && of == trip && soon(*before, rule.trip_seconds))
            }
            _ => false,
        }),
        // The way through a gate: the last thing done with the medium was the same.
        kind => mine()
            .next()
            .is_some_and(|(before, other)| other.tap.kind == *kind && soon(*before, rule.seconds)),
    }
}

fn is_one_ride(
    policies: &Policies,
    (entered, entry): (EventTime, &AcceptedTap),
    (left, exit): (EventTime, &AcceptedTap),
) -> bool {
    let policy = policies.at(entered).expect("in force");
    let (from, to) = (stop(entry), stop(exit));
    let (from, to) = (from.as_ref().map(Text::as_str), to.as_ref().map(Text::as_str));
    let most = policy.journey_seconds_max(route(entry).as_str(), from, to, entered);
    direction(exit) == Some(Direction::Exit) && left.seconds_since(entered) <= most.min(DAY)
}

impl Paired {
    fn new(
        at: EventTime,
        tap: &AcceptedTap,
        shape: &'static str,
        end: Option<(EventTime, &AcceptedTap)>,
    ) -> Paired {
        let moved = at != tap.tap.at || end.is_some_and(|(at, exit)| at != exit.tap.at);
        let mut flags = Vec::new();
        flags.extend((shape == "second_tap").then_some("passback"));
        flags.extend(moved.then_some("clock_moved"));
        let exited = shape == "missing_entry";
        let leg = Leg {
            route: route(tap),
            from: if exited { None } else { stop(tap) },
            to: if exited { stop(tap) } else { end.and_then(|(_, exit)| stop(exit)) },
            via: Vec::new(),
            start: at,
            end: if exited { Some(at) } else { end.map(|(at, _)| at) },
            shape: match shape {
                "missing_exit" => Shape::MissingExit,
                "missing_entry" => Shape::MissingEntry,
                _ => Shape::Ride,
            },
            rider: tap.rider.clone(),
            medium: tap.fare_medium.clone(),
        };
        let exit = end.map(|(_, exit)| exit.tap.id);
        let leg = (shape != "second_tap").then_some(leg);
        Paired { first: tap.clone(), exit, leg, shape, flags, start: at }
    }
}

/// Prices legs: each version of the policy its own, in one call, what is counted handed on.
fn sold(policies: &Policies, pairs: Vec<Paired>, mut counters: Carried) -> (Vec<Audited>, Carried) {
    let mut audited = Vec::new();
    let mut pairs = pairs.into_iter().peekable();
    for policy in policies.iter() {
        let mut mine = Vec::new();
        while let Some(paired) = pairs.next_if(|paired| policy.holds_at(paired.start)) {
            mine.push(paired);
        }
        let legs: Vec<Leg> = mine.iter().filter_map(|paired| paired.leg.clone()).collect();
        let rated = fares::rate(policy, &counters, &legs);
        counters = rated.carried;
        let mut prices = rated.legs.into_iter();
        for Paired { first, exit, leg, shape, flags, .. } in mine {
            let priced = leg.and_then(|_| prices.next());
            let shares = priced.iter().flat_map(|priced| &priced.shares);
            let shares = shares.map(|share| (share.party, share.amount.units())).collect();
            let pass = priced.as_ref().and_then(|priced| Some((priced.pass?, priced.product.clone()?)));
            let pass = pass.map(|(part, product)| ((product, part.bought_at), part.amount.units()));
            let mut sold = Sold { shape, flags, exit, ..Sold::default() };
            if let Some(Fare::Known { gross, rider, funded }) = priced.map(|priced| priced.fare) {
                (sold.gross, sold.rider) = (gross.units(), rider.units());
                sold.funded = funded.iter().map(|part| (part.party, part.amount.units())).collect();
            }
            audited.push(Audited { first, sold, shares, pass });
        }
    }
    assert!(pairs.next().is_none(), "every leg has a policy");
    (audited, counters)
}

impl Audited {
    /// What the card account pays.
    fn on_card(&self) -> i64 {
        if self.first.tender == Tender::Prepaid { self.sold.rider } else { 0 }
    }

    /// Puts the leg into the books: the rider and the funders owe, the operator is owed, and hands on what others earned.
    fn post(self, policies: &Policies, books: &mut Books) {
        let tap = &self.first;
        let policy = policies.at(tap.tap.at).expect("in force");
        let day = policy.day_rule().service_date(tap.tap.at);
        let account = tap.account.as_i64();
        let operator = i64::from(tap.operator.0);
        let (payer, owner) = match tap.tender {
            Tender::Prepaid => (Chart::CardValue, account),
            Tender::OpenLoop => {
                let acquirer = policy.parties().iter().find(|party| party.kind == PartyKind::Acquirer);
                (Chart::AcquirerReceivable, i64::from(acquirer.expect("an acquirer").no.0))
            }
        };
        books.put((account, payer, owner, day), self.sold.rider);
        books.put((account, Chart::OperatorFare, operator, day), -self.sold.rider);
        for (party, amount) in &self.sold.funded {
            books.put((account, Chart::SubsidyReceivable, i64::from(party.0), day), *amount);
            books.put((account, Chart::OperatorSubsidy, operator, day), -amount);
        }
        for (party, amount) in self.shares.iter().filter(|(party, _)| *party != tap.operator) {
            books.put((account, Chart::OperatorFare, i64::from(party.0), day), -amount);
            books.put((account, Chart::OperatorFare, operator, day), *amount);
        }
        books.legs.insert(tap.tap.id, self.sold);
    }
}
