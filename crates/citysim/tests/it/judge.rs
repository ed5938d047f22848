//! A small gateway and clearing core over the house's own readers, to judge a simulated day by: everything is kept in
//! memory, one step after the other, and rides are paired when the day is over.

use citysim::{MediumSpec, MoneySums, Options, RideSums, SimDay, TapCounts};
use fares::{Fare, Leg, Policy, Shape};
use primitives::{
    AccountId, Code, Digest, Direction, EventTime, MediumToken, Minor, PartyNo, Refusal, Tap, TapId, TapKind,
    Text,
};
use std::collections::BTreeMap;
use std::path::Path;
use wire::{BodyFormat, DeviceKey, Envelope, MasterKey};

/// The files of a city among the fixtures.
pub fn city_files(name: &str) -> fares::Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities").join(name);
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(path).expect("its bytes"))
    };
    std::fs::read_dir(folder).expect("the fixture").map(read).collect()
}

pub struct Judge {
    policy: Policy,
    devices: BTreeMap<u64, (DeviceKey, PartyNo)>,
    media: BTreeMap<MediumToken, (AccountId, Text, MediumSpec)>,
}

/// What the judge found.
#[derive(Default)]
pub struct Verdict {
    pub taps: TapCounts,
    pub rides: RideSums,
    pub operators: BTreeMap<PartyNo, RideSums>,
    pub schools: BTreeMap<PartyNo, MoneySums>,
    pub channels: BTreeMap<PartyNo, MoneySums>,
    pub duplicates_in_one_upload: u64,
    pub duplicates_later: u64,
    pub late_taps: u64,
    pub disordered_uploads: u64,
    pub exits_before_entries: u64,
    pub json_taps: u64,
    pub proto_taps: u64,
    pub qr_boardings: u64,
    pub missing_exits: u64,
    pub missing_entries: u64,
    /// The least that any account was sure to have left after a school payment.
    pub poorest_payer: Option<i64>,
}

/// Gate taps of one account: when, which way, route, station, rider, medium.
type Gates = BTreeMap<AccountId, Vec<(EventTime, Direction, Text, Text, Text, Text)>>;

impl Judge {
    pub fn new(files: &fares::Files, day: &SimDay, options: &Options) -> Self {
        let policy = fares::load(files).expect("a policy");
        let master = MasterKey::new(options.master_key);
        let devices = day.devices.iter().map(|spec| {
            let key = DeviceKey::derive(&master, &options.environment, spec.id, spec.key_version);
            (spec.id.number(), (key, spec.operator))
        });
        let mut media = BTreeMap::new();
        for account in &day.accounts {
            let rider = account.rider.clone().unwrap_or_else(|| policy.default_rider().clone());
            for medium in &account.media {
                let known = media.insert(medium.token, (account.id, rider.clone(), medium.clone()));
                assert!(known.is_none(), "two media look alike");
            }
        }
        Judge { devices: devices.collect(), media, policy }
    }

    /// Judges every upload in the order of arrival.
    pub fn hear(&self, day: &SimDay) -> Verdict {
        let mut verdict = Verdict::default();
        let mut seen: BTreeMap<TapId, (Digest, usize)> = BTreeMap::new();
        let (mut gates, mut purses): (Gates, BTreeMap<AccountId, i64>) = (BTreeMap::new(), BTreeMap::new());
        for (at, delivery) in day.deliveries.iter().enumerate() {
            let body = delivery.body();
            let envelopes = match delivery.format {
                BodyFormat::Proto => wire::split_batch(&body),
                BodyFormat::Json => wire::split_batch_json(&body),
            }
            .expect("an upload");
            assert_eq!(envelopes, delivery.taps);
            let mut last = None;
            let mut disordered = false;
            for bytes in envelopes {
                verdict.taps.sent += 1;
                verdict.taps.accepted += 1;
                let (tap, digest) = match self.judge(delivery.format, &bytes) {
                    Ok(judged) => judged,
                    Err(refusal) => {
                        *verdict.taps.quarantined.entry(refusal.code).or_default() += 1;
                        continue;
                    }
                };
                assert!(tap.at <= delivery.at, "a tap arrives before it is made");
                match seen.get(&tap.id) {
                    None => {}
                    Some((known, first)) if *known == digest => {
                        verdict.taps.duplicate += 1;
                        let counter = if *first == at {
                            &mut verdict.duplicates_in_one_upload
                        } else {
                            &mut verdict.duplicates_later
                        };
                        *counter += 1;
                        continue;
                    }
                    Some(_) => {
                        *verdict.taps.quarantined.entry(Code::TapConflict).or_default() += 1;
                        continue;
                    }
                }
                seen.insert(tap.id, (digest, at));
                disordered |= last.is_some_and(|last| last > tap.at);
                last = Some(tap.at);
                verdict.late_taps += u64::from(delivery.at.seconds_since(tap.at) > 2 * 3600);
                match delivery.format {
                    BodyFormat::Proto => verdict.proto_taps += 1,
                    BodyFormat::Json => verdict.json_taps += 1,
                }
                verdict.taps.posted += 1;
                self.post(&tap, &mut verdict, &mut gates, &mut purses);
            }
            verdict.disordered_uploads += u64::from(disordered);
        }
        for (_, taps) in gates {
            self.pair(taps, &mut verdict);
        }
        verdict
    }

    /// Envelope, device, signature, body, then what the body names.
    fn judge(&self, format: BodyFormat, bytes: &[u8]) -> Result<(Tap, Digest), Refusal> {
        let refuse = |code| Err(Refusal::new(code, "judged"));
        let envelope = match format {
            BodyFormat::Proto => Envelope::decode(bytes)?,
            BodyFormat::Json => Envelope::decode_json(bytes)?,
        };
        let Some((key, operator)) = self.devices.get(&envelope.device.number()) else {
            return refuse(Code::DeviceUnknown);
        };
        key.verify(&envelope)?;
        let tap = envelope.tap()?;
        let (route, stop) = match &tap.kind {
            TapKind::Boarding { route, stop, .. } => (Some(route), stop.as_ref()),
            TapKind::Gate { route, stop, .. } => (Some(route), Some(stop)),
            TapKind::SchoolPayment { school, .. } => {
                assert!(self.policy.party(school.as_str()).is_some());
                (None, None)
            }
            TapKind::TopUp { channel, .. } => {
                assert!(self.policy.party(channel.as_str()).is_some());
                (None, None)
            }
        };
        if let Some(route) = route {
            match self.policy.route(route.as_str()) {
                None => return refuse(Code::RouteUnknown),
                Some(route) => assert_eq!(route.agency, *operator),
            }
        }
        if stop.is_some_and(|stop| !self.policy.has_stop(stop.as_str())) {
            return refuse(Code::StopUnknown);
        }
        if !self.media.contains_key(&tap.medium) {
            return refuse(Code::MediumUnknown);
        }
        Ok((tap, envelope.body_digest()))
    }

    fn post(
        &self,
        tap: &Tap,
        verdict: &mut Verdict,
        gates: &mut Gates,
        purses: &mut BTreeMap<AccountId, i64>,
    ) {
        let (account, rider, medium) = &self.media[&tap.medium];
        let no = |party: &Text| self.policy.party(party.as_str()).expect("a party").no;
        match &tap.kind {
            TapKind::Boarding { route, stop, qr, .. } => {
                verdict.qr_boardings += u64::from(*qr);
                let leg = Leg {
                    route: route.clone(),
                    from: stop.clone(),
                    to: None,
                    via: Vec::new(),
                    start: tap.at,
                    end: None,
                    shape: Shape::Ride,
                    rider: rider.clone(),
                    medium: medium.fare_medium.clone(),
                };
                let charge = self.ride(leg, verdict);
                *purses.entry(*account).or_default() -= charge;
            }
            TapKind::Gate { direction, route, stop } => {
                let (rider, medium) = (rider.clone(), medium.fare_medium.clone());
                let gate = (tap.at, *direction, route.clone(), stop.clone(), rider, medium);
                let taps = gates.entry(*account).or_default();
                let before = taps.last().is_some_and(|last| last.0 > tap.at);
                verdict.exits_before_entries += u64::from(before && *direction == Direction::Entry);
                taps.push(gate);
                // Nothing on this line costs more, so this is what the account is sure to keep.
                *purses.entry(*account).or_default() -= 20_000;
            }
            TapKind::SchoolPayment { school, price, .. } => {
                let sums = verdict.schools.entry(no(school)).or_default();
                add(sums, price.amount);
                let purse = purses.entry(*account).or_default();
                *purse -= price.amount.units();
                verdict.poorest_payer = Some(verdict.poorest_payer.map_or(*purse, |least| least.min(*purse)));
            }
            TapKind::TopUp { channel, value, .. } => {
                add(verdict.channels.entry(no(channel)).or_default(), value.amount);
                *purses.entry(*account).or_default() += value.amount.units();
            }
        }
    }

    /// Pairs one account's gate taps by time.
    fn pair(&self, mut taps: Vec<(EventTime, Direction, Text, Text, Text, Text)>, verdict: &mut Verdict) {
        taps.sort_by_key(|tap| tap.0);
        // An entry that no exit has followed yet, as the ride it is if none does.
        let mut open: Option<Leg> = None;
        for (at, direction, route, stop, rider, medium) in taps {
            let longest = open.as_ref().map_or(0, |entry| {
                let from = entry.from.as_ref().map(Text::as_str);
                self.policy.journey_seconds_max(entry.route.as_str(), from, Some(stop.as_str()), entry.start)
            });
            let new = |shape| Leg {
                route: route.clone(),
                from: None,
                to: None,
                via: Vec::new(),
                start: at,
                end: None,
                shape,
                rider: rider.clone(),
                medium: medium.clone(),
            };
            match (direction, open.take()) {
                (Direction::Exit, Some(entry)) if at.seconds_since(entry.start) <= longest => {
                    self.ride(Leg { to: Some(stop), end: Some(at), shape: Shape::Ride, ..entry }, verdict);
                }
                (direction, lost) => {
                    verdict.missing_exits += u64::from(lost.is_some());
                    lost.map(|entry| self.ride(entry, verdict));
                    if direction == Direction::Entry {
                        open = Some(Leg { from: Some(stop), ..new(Shape::MissingExit) });
                    } else {
                        verdict.missing_entries += 1;
                        let exit = Leg { to: Some(stop), end: Some(at), ..new(Shape::MissingEntry) };
                        self.ride(exit, verdict);
                    }
                }
            }
        }
        verdict.missing_exits += u64::from(open.is_some());
        open.map(|entry| self.ride(entry, verdict));
    }

    /// Prices a ride with the fare engine and adds it up; what the rider pays.
    fn ride(&self, leg: Leg, verdict: &mut Verdict) -> i64 {
        let operator = self.policy.route(leg.route.as_str()).expect("a route").agency;
        let priced = fares::price(&self.policy, std::slice::from_ref(&leg));
        let Fare::Known { gross, rider, funded } = &priced[0].fare else {
            panic!("{leg:?}: {:?}", priced[0])
        };
        let subsidy = Minor::sum(funded.iter().map(|part| part.amount)).expect("a sum");
        for sums in [&mut verdict.rides, verdict.operators.entry(operator).or_default()] {
            sums.rides += 1;
            sums.gross = sums.gross.plus(*gross).expect("a sum");
            sums.rider = sums.rider.plus(*rider).expect("a sum");
            sums.subsidy = sums.subsidy.plus(subsidy).expect("a sum");
        }
        rider.units()
    }
}

fn add(sums: &mut MoneySums, amount: Minor) {
    sums.count += 1;
    sums.amount = sums.amount.plus(amount).expect("a sum");
}
