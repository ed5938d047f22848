//! Riding taps for measuring: any number of them, of any number of accounts, under any policy, the same for the same seed.
//!
//! Taps come in order of time, as a stream that never has to lie in memory as a whole. They are signed as devices sign and
//! stand in the log as the gateway leaves them.

use anyhow::{Context as _, bail};
use citysim::Random;
use fares::{PartyKind, Policy};
use primitives::{
    AcceptedTap, AccountId, DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, Money, PartyNo,
    Record, Sequence, ServiceDate, Tap, TapId, TapKind, Tender, Text,
};
use std::collections::VecDeque;
use wire::{BodyFormat, DeviceKey, Envelope, MasterKey};

/// What the traffic is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many accounts ride.
    pub accounts: u64,
    /// Partitions of the log.
    pub partitions: u32,
    /// The fare medium everybody holds, as the policy names it.
    pub medium: Text,
    /// Only the operator with the most routes carries anybody.
    pub one_operator: bool,
}

/// Taps an account makes in a day, on average, in tenths.
const TAPS_PER_DAY_TENTHS: u64 = 25;
/// A service day of traffic: from 05:00 to 23:00 in the city.
const DAY_FROM_SECONDS: i64 = 5 * 3_600;
const DAY_MS: i64 = 18 * 3_600_000;
const CALENDAR_DAY_MS: i64 = 24 * 3_600_000;
/// How long a ride between gates takes.
const GATED_RIDE_MS: i64 = 20 * 60_000;
/// Machines of a route.
const DEVICES_PER_ROUTE: u64 = 30;
/// Of 100 rides, where there are both, so many pass gates; so many taps are top-ups; so many riders have a category.
const GATED_PERCENT: u64 = 40;
const TOP_UP_PERCENT: u64 = 2;
const CATEGORY_PERCENT: u64 = 25;
const TOP_UP: i64 = 100_000;
/// Keys of a measurement protect nothing.
const MASTER: [u8; 32] = *b"measured taps are signed by this";

struct Line {
    id: Text,
    operator: PartyNo,
    stops: Vec<Text>,
    first_device: u64,
}

/// The stream.
pub struct Traffic {
    options: Options,
    random: Random,
    buses: Vec<Line>,
    gated: Vec<Line>,
    default_rider: Text,
    riders: Vec<Text>,
    channel: Option<Text>,
    currency: primitives::Currency,
    devices: Vec<(DeviceKey, u64)>,
    /// Exits that are due, in order of time.
    riding: VecDeque<(EventTime, u64, usize)>,
    start_ms: i64,
    made: u64,
}

impl Traffic {
    /// Traffic under a policy, from the morning of `date` on.
    pub fn new(policy: &Policy, date: ServiceDate, options: Options) -> anyhow::Result<Self> {
        if !policy.has_medium(options.medium.as_str()) {
            bail!("the policy has no fare medium {:?}", options.medium);
        }
        let mut lines: Vec<(bool, Line)> = Vec::new();
        for id in policy.route_ids() {
            let route = policy.route(id.as_str()).context("a route of the policy")?;
            let gated = policy.has_gates(id.as_str());
            let stops: Vec<Text> = policy.route_stops(id.as_str(), 0).cloned().collect();
            if gated && stops.len() < 2 {
                continue;
            }
            let first_device = lines.len() as u64 * DEVICES_PER_ROUTE;
            lines.push((gated, Line { id: id.clone(), operator: route.agency, stops, first_device }));
        }
        if options.one_operator {
            let count = |operator| lines.iter().filter(|(_, line)| line.operator == operator).count();
            let busiest = lines.iter().map(|(_, line)| line.operator).max_by_key(|operator| count(*operator));
            lines.retain(|(_, line)| Some(line.operator) == busiest);
        }
        let master = MasterKey::new(MASTER);
        let device_count =
            lines.iter().map(|(_, line)| line.first_device + DEVICES_PER_ROUTE).max().unwrap_or(0);
        let devices = (0..device_count)
            .map(|number| {
                let device = DeviceId::new(number + 1).context("a device's number")?;
                Ok((DeviceKey::derive(&master, "bench", device, 1), 0))
            })
            .collect::<anyhow::Result<_>>()?;
        let (gated, buses): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(gated, _)| *gated);
        if gated.is_empty() && buses.is_empty() {
            bail!("the policy has no routes");
        }
        let start_ms = policy.day_rule().at(date, DAY_FROM_SECONDS).context("the day's start")?.unix_ms();
        let of_kind = |kind| policy.parties().iter().find(|party| party.kind == kind);
        Ok(Traffic {
            random: Random::new(1, "traffic"),
            buses: buses.into_iter().map(|(_, line)| line).collect(),
            gated: gated.into_iter().map(|(_, line)| line).collect(),
            default_rider: policy.default_rider().clone(),
            riders: policy.rider_ids().cloned().collect(),
            channel: of_kind(PartyKind::Channel).and_then(|party| Text::new(party.id.as_str())),
            currency: policy.currency(),
            devices,
            riding: VecDeque::new(),
            start_ms,
            made: 0,
            options,
        })
    }

    /// What it is like.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The next taps, as partition and record.
    pub fn next(&mut self, count: u64) -> anyhow::Result<Vec<(u32, Vec<u8>)>> {
        (0..count).map(|_| self.tap()).collect()
    }

    /// The moment of the tap that is made now: an account's days follow each other, whatever the number of accounts.
    pub fn now(&self) -> anyhow::Result<EventTime> {
        let per_day = (self.options.accounts * TAPS_PER_DAY_TENTHS / 10).max(1);
        let (day, into) = ((self.made / per_day) as i64, self.made % per_day);
        let into_ms = (into as i128 * DAY_MS as i128 / per_day as i128) as i64;
        let ms = self.start_ms + day * CALENDAR_DAY_MS + into_ms;
        EventTime::from_unix_ms(ms).context("the range of times")
    }

    fn tap(&mut self) -> anyhow::Result<(u32, Vec<u8>)> {
        let now = self.now()?;
        self.made += 1;
        if self.riding.front().is_some_and(|(due, _, _)| *due <= now)
            && let Some((at, account, line)) = self.riding.pop_front()
        {
            return self.gate(at, account, line, Direction::Exit);
        }
        let account = self.random.below(self.options.accounts);
        if self.random.percent(TOP_UP_PERCENT) && self.channel.is_some() {
            return self.top_up(now, account);
        }
        let through_gates =
            !self.gated.is_empty() && (self.buses.is_empty() || self.random.percent(GATED_PERCENT));
        if through_gates {
            let line = self.random.index(self.gated.len());
            let exit =
                EventTime::from_unix_ms(now.unix_ms() + GATED_RIDE_MS).context("the range of times")?;
            self.riding.push_back((exit, account, line));
            return self.gate(now, account, line, Direction::Entry);
        }
        let line = &self.buses[self.random.index(self.buses.len())];
        let stop = (!line.stops.is_empty()).then(|| line.stops[self.random.index(line.stops.len())].clone());
        let kind = TapKind::Boarding { route: line.id.clone(), stop, trip: None, qr: false };
        let (operator, first) = (line.operator, line.first_device);
        self.sign(now, account, operator, first, kind)
    }

    fn gate(
        &mut self,
        at: EventTime,
        account: u64,
        line: usize,
        direction: Direction,
    ) -> anyhow::Result<(u32, Vec<u8>)> {
        let line = &self.gated[line];
        let stop = line.stops[self.random.index(line.stops.len())].clone();
        let kind = TapKind::Gate { direction, route: line.id.clone(), stop };
        let (operator, first) = (line.operator, line.first_device);
        self.sign(at, account, operator, first, kind)
    }

    fn top_up(&mut self, at: EventTime, account: u64) -> anyhow::Result<(u32, Vec<u8>)> {
        let line = self.buses.first().or(self.gated.first()).context("a route")?;
        let (operator, first) = (line.operator, line.first_device);
        let kind = TapKind::TopUp {
            channel: self.channel.clone().context("a channel")?,
            reference: Text::new(&format!("B{}", self.made)).context("a reference")?,
            value: Money::new(Minor::new(TOP_UP), self.currency),
        };
        self.sign(at, account, operator, first, kind)
    }

    fn sign(
        &mut self,
        at: EventTime,
        account: u64,
        operator: PartyNo,
        first_device: u64,
        kind: TapKind,
    ) -> anyhow::Result<(u32, Vec<u8>)> {
        let number = first_device + self.random.below(DEVICES_PER_ROUTE);
        let device = DeviceId::new(number + 1).context("a device's number")?;
        let (key, sequence) = &mut self.devices[number as usize];
        *sequence += 1;
        let id = TapId {
            device,
            journal: JournalId::new(1).context("a journal's number")?,
            sequence: Sequence::new(*sequence).context("a sequence")?,
        };
        let mut token = [0; 16];
        token[8..].copy_from_slice(&account.to_be_bytes());
        let tap = Tap { id, at, medium: MediumToken::new(token), kind };
        let body = wire::encode_tap(&tap);
        let mac = key.sign(BodyFormat::Proto, &body).to_vec();
        let envelope = Envelope { device, key_version: 1, format: BodyFormat::Proto, body, mac };
        let account_id = AccountId::new(account + 1).context("an account's number")?;
        // What an account is does not change between its taps.
        let rider = match account % 100 < CATEGORY_PERCENT {
            true => &self.riders[(account / 100) as usize % self.riders.len()],
            false => &self.default_rider,
        };
        let accepted = AcceptedTap {
            tap,
            body_digest: envelope.body_digest(),
            account: account_id,
            rider: rider.clone(),
            fare_medium: self.options.medium.clone(),
            tender: Tender::Prepaid,
            operator,
            received_at: at,
        };
        let record = wire::encode_record(&Record::Tap(Box::new(accepted)), &envelope.encode());
        Ok((wire::partition_of(account_id, self.options.partitions), record))
    }
}
