//! A week of taps of a few accounts: rides in and out, changes, second taps, missing ends, clocks that are set back, top-ups
//! and school payments.

use crate::city::{City, text};
use crate::dice::Dice;
use fares::PartyKind;
use primitives::{
    AcceptedTap, AccountId, DeviceId, Digest, Direction, EventTime, JournalId, MediumToken, Minor, Money,
    PartyNo, Sequence, ServiceDate, Tap, TapId, TapKind, Tender, Text,
};
use std::collections::BTreeMap;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// What the rich have from the start.
pub const ENDOWMENT: i64 = 1_000_000_000;

/// How an account's school payments come out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// So much money from the start that every payment is granted, in every order.
    Rich,
    /// Never a top-up: every payment is refused, in every order.
    Poor,
    /// Now and then a top-up: the order decides.
    Tight,
}

/// One account's plans.
struct Person {
    account: AccountId,
    rider: Text,
    /// Token, fare medium, tender.
    media: Vec<(MediumToken, Text, Tender)>,
}

/// What happened, before devices have numbered it.
struct Event {
    /// When it truly happened, in seconds of the week.
    at: i64,
    /// How far the device's clock was ahead.
    ahead: i64,
    person: usize,
    medium: usize,
    device: String,
    operator: PartyNo,
    kind: TapKind,
}

/// Draws a week. The records come in the order they were made.
pub fn week(city: &City, seed: u64, means: &[Means]) -> Vec<AcceptedTap> {
    let mut dice = Dice::new(seed);
    let people: Vec<Person> = (0..means.len()).map(|number| person(city, &mut dice, number)).collect();
    let mut events = Vec::new();
    for (number, means) in means.iter().enumerate() {
        // Everybody has a few ways of their own, so that the same machines and rules are met again.
        let all: Vec<&Text> = city.policy().route_ids().collect();
        let routes: Vec<Text> = (0..4).map(|_| (*dice.pick(&all)).clone()).collect();
        let media = people[number].media.len();
        let mut plan = Plan { city, person: number, media, routes: &routes, events: &mut events };
        plan.payments(&mut dice, *means);
        for day in 0..7 {
            plan.day(&mut dice, day);
        }
    }
    number(city, &people, events)
}

fn person(city: &City, dice: &mut Dice, number: usize) -> Person {
    let policy = city.policy();
    let (riders, media): (Vec<_>, Vec<_>) = (policy.rider_ids().collect(), policy.medium_ids().collect());
    let has_acquirer = !city.parties(PartyKind::Acquirer).is_empty();
    let medium = |dice: &mut Dice, second: u8| {
        let open = has_acquirer && dice.percent(25);
        let tender = if open { Tender::OpenLoop } else { Tender::Prepaid };
        (MediumToken::new([number as u8 * 2 + second; 16]), (*dice.pick(&media)).clone(), tender)
    };
    let second = dice.percent(40);
    let mut mine = vec![medium(dice, 0)];
    mine.extend(second.then(|| medium(dice, 1)));
    let account = AccountId::new(100 + number as u64).expect("small");
    Person { account, rider: (*dice.pick(&riders)).clone(), media: mine }
}

/// Where one person's events are written.
struct Plan<'a> {
    city: &'a City,
    person: usize,
    media: usize,
    routes: &'a [Text],
    events: &'a mut Vec<Event>,
}

impl Plan<'_> {
    fn add(
        &mut self,
        at: i64,
        medium: usize,
        device: String,
        operator: PartyNo,
        kind: TapKind,
        dice: &mut Dice,
    ) {
        // Now and then a clock runs ahead; the next tap of the device shows it.
        let ahead = if dice.percent(12) {
            dice.pick(&[30 * MINUTE, 2 * HOUR, 4 * HOUR, 6 * HOUR]) + dice.below(60)
        } else {
            0
        };
        self.events.push(Event { at, ahead, person: self.person, medium, device, operator, kind });
    }

    fn day(&mut self, dice: &mut Dice, day: i64) {
        for _ in 0..dice.below(4) {
            let mut at = day * 24 * HOUR + 5 * HOUR + dice.below(20 * 60) * MINUTE;
            // A ride, and now and then changes soon after.
            loop {
                at = self.ride(dice, at);
                if dice.percent(60) {
                    break;
                }
                at += dice.below(40) * MINUTE + if dice.percent(30) { dice.below(60) } else { 0 };
            }
        }
    }

    /// One ride; answers when it was over.
    fn ride(&mut self, dice: &mut Dice, at: i64) -> i64 {
        let policy = self.city.policy();
        let route = dice.pick(self.routes).clone();
        let operator = policy.route(route.as_str()).expect("a route of the policy").agency;
        let along: Vec<Text> = policy.route_stops(route.as_str(), 0).cloned().collect();
        let stops = if along.is_empty() { &self.city.stops } else { &along };
        let near = &stops[..stops.len().min(5)];
        let (from, to) = (dice.pick(near).clone(), dice.pick(stops).clone());
        let medium = dice.below(self.media as i64) as usize;
        if !policy.has_gates(route.as_str()) {
            let stop = dice.percent(70).then_some(from);
            let trip = dice.percent(60).then(|| text(&format!("T{}", at / (90 * MINUTE))));
            let kind = TapKind::Boarding { route: route.clone(), stop, trip, qr: dice.percent(20) };
            let device = |door: i64| format!("bus {route} {door}");
            self.add(at, medium, device(dice.below(2)), operator, kind.clone(), dice);
            if dice.percent(15) {
                let again = at + *dice.pick(&[5, 59, 60, 61, 90, HOUR, 7200, 7201]);
                self.add(again, medium, device(dice.below(2)), operator, kind, dice);
            }
            return at + 10 * MINUTE;
        }
        // Mostly a ride of some minutes, at times one about as long as rides may be.
        let long = dice.percent(6);
        let end = at + if long { 3 * HOUR + dice.below(3) - 1 } else { (1 + dice.below(70)) * MINUTE };
        let to = if dice.percent(8) { from.clone() } else { to };
        // A phone in, and the same holder's card out.
        let other = if dice.percent(10) { dice.below(self.media as i64) as usize } else { medium };
        for (direction, stop, at, medium) in
            [(Direction::Entry, from, at, medium), (Direction::Exit, to, end, other)]
        {
            if dice.percent(8) {
                continue;
            }
            let device = format!("gate {route} {stop}");
            let kind = TapKind::Gate { direction, route: route.clone(), stop };
            self.add(at, medium, device.clone(), operator, kind.clone(), dice);
            if dice.percent(8) {
                self.add(at + *dice.pick(&[1, 60, 61]), medium, device, operator, kind, dice);
            }
        }
        end
    }

    fn payments(&mut self, dice: &mut Dice, means: Means) {
        let (channels, schools) =
            (self.city.parties(PartyKind::Channel), self.city.parties(PartyKind::School));
        let currency = self.city.policy().currency();
        let money = |units: i64| Money::new(Minor::new(units), currency);
        let operator = self.city.parties(PartyKind::Operator)[0].0;
        let top_up = |plan: &mut Self, dice: &mut Dice, at: i64, units: i64| {
            let Some((_, channel)) = channels.get(dice.below(channels.len() as i64) as usize) else { return };
            let reference = text(&format!("R{at}"));
            let kind = TapKind::TopUp { channel: channel.clone(), reference, value: money(units) };
            plan.events.push(Event {
                at,
                ahead: 0,
                person: plan.person,
                medium: 0,
                device: format!("till {channel}"),
                operator,
                kind,
            });
        };
        let amounts = match means {
            Means::Rich => vec![(0, ENDOWMENT)],
            Means::Poor => vec![],
            Means::Tight => (0..7).map(|day| (day * 24 * HOUR + dice.below(24 * HOUR), 20_000)).collect(),
        };
        for (at, units) in amounts {
            top_up(self, dice, at, units);
        }
        for _ in 0..dice.below(4) {
            let at = 6 * HOUR + dice.below(6 * 24 * HOUR);
            let Some((school, id)) = schools.get(dice.below(schools.len() as i64) as usize) else { break };
            let (bill, price) = (text(&format!("B{at}")), money(1 + dice.below(15_000)));
            let kind = TapKind::SchoolPayment { school: id.clone(), bill, price };
            self.add(at, 0, format!("school {id}"), *school, kind, dice);
        }
    }
}

/// Lets every device number its taps in the order they truly happened, and read its clock.
fn number(city: &City, people: &[Person], mut events: Vec<Event>) -> Vec<AcceptedTap> {
    events.sort_by_key(|event| event.at);
    let mut devices: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut taps = Vec::with_capacity(events.len());
    for event in events {
        let next = devices.len() as u64 + 1;
        let (device, sequence) = devices.entry(event.device).or_insert((next, 0));
        *sequence += 1;
        let id = TapId {
            device: DeviceId::new(*device).expect("small"),
            journal: JournalId::new(1).expect("small"),
            sequence: Sequence::new(*sequence).expect("small"),
        };
        let person = &people[event.person];
        let (token, fare_medium, tender) = person.media[event.medium].clone();
        let at = moment(city, event.at + event.ahead);
        let tap = Tap { id, at, medium: token, kind: event.kind };
        taps.push(AcceptedTap {
            body_digest: Digest::of(format!("{tap:?}").as_bytes()),
            tap,
            account: person.account,
            rider: person.rider.clone(),
            fare_medium,
            tender,
            operator: event.operator,
            received_at: at,
        });
    }
    taps
}

/// So many seconds after the week's first service day began.
pub fn moment(city: &City, seconds: i64) -> EventTime {
    let start = city.policy().day_rule().at(city.first, 0).expect("a moment");
    EventTime::from_unix_ms(start.unix_ms() + seconds * 1_000).expect("a time")
}

/// The posting date a week begins with: that of its first service day.
pub fn first_posting_date(first: ServiceDate) -> primitives::PostingDate {
    primitives::PostingDate(first.0)
}

/// The records in another order: each arrives up to `delay` seconds after its own clock, some at once, some at the last moment.
/// What the rich have from the start is there at the start.
pub fn shuffled(taps: &[AcceptedTap], dice: &mut Dice, delay: i64) -> Vec<AcceptedTap> {
    let mut arrivals: Vec<(i64, i64, &AcceptedTap)> = taps
        .iter()
        .map(|tap| {
            let endowed = crate::passes::endows(tap);
            let late = match dice.below(4) {
                _ if endowed => 0,
                0 => 0,
                1 => dice.below(2 * HOUR),
                2 => dice.below(delay + 1),
                _ => delay,
            };
            (tap.tap.at.unix_ms() + late.min(delay) * 1_000, dice.below(i64::MAX), tap)
        })
        .collect();
    arrivals.sort_by_key(|(at, tie, _)| (*at, *tie));
    arrivals.into_iter().map(|(_, _, tap)| tap.clone()).collect()
}

/// The records with some of them again, anywhere after the first time.
pub fn repeated(taps: &[AcceptedTap], dice: &mut Dice) -> Vec<AcceptedTap> {
    let mut all = taps.to_vec();
    for (place, again) in taps.iter().enumerate() {
        if dice.percent(15) {
            let after = place as i64 + 1 + dice.below((all.len() - place) as i64);
            let first = all.iter().position(|tap| tap.tap.id == again.tap.id).expect("it is there") as i64;
            all.insert(after.max(first + 1) as usize, again.clone());
        }
    }
    all
}
