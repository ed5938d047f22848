//! Rides with their fares under one policy.

use crate::cases::Case;
use crate::overlay::overlays;
use crate::pricing::{self, LabError};
use crate::taps::RecordedTap;
use chrono::{TimeDelta, TimeZone as _};
use clearing::WindowTap;
use clearing::journey;
use fares::{Carried, Fare, Files, Leg, Policies, Policy, Priced};
use primitives::{AccountId, EventTime, Minor, TapId};
use std::collections::BTreeMap;

/// Which ride of which account: the same under both policies when it is the same ride.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) account: String,
    ride: RideId,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum RideId {
    /// Of a case, by its place.
    Leg(usize),
    /// Of recorded taps, by its first tap.
    Tap(TapId),
}

/// One ride.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ride {
    pub(super) route: String,
    pub(super) rider: String,
    /// Nothing when no fare is known.
    pub(super) paid: Option<Paid>,
}

/// What a ride cost, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paid {
    pub(super) gross: Minor,
    pub(super) rider: Minor,
    /// By the funder's id, because numbers of parties are the policy's own.
    pub(super) funded: BTreeMap<String, Minor>,
}

/// All rides under one policy.
pub(super) struct Rides(pub(super) BTreeMap<Key, Ride>);

impl Rides {
    /// The legs of cases; each case is an account.
    pub(super) fn of_cases(files: &Files, cases: &[Case], shift_days: i32) -> Result<Rides, LabError> {
        let zone = pricing::load(files)?.day_rule().zone;
        let mut moved = cases.to_vec();
        for leg in moved.iter_mut().flat_map(|case| &mut case.legs) {
            leg.start = shifted(leg.start, shift_days, zone);
            leg.end = leg.end.map(|end| shifted(end, shift_days, zone));
        }
        let mut rides = BTreeMap::new();
        for overlay in overlays(files, &moved) {
            let policy = pricing::load(&overlay.files)?;
            for (index, drafted) in &overlay.cases {
                let Some(case) = moved.get(*index) else { continue };
                let answers = pricing::answers(&policy, drafted);
                for (place, (leg, answer)) in case.legs.iter().zip(answers).enumerate() {
                    let named = [&leg.route, &leg.network, &leg.agency].into_iter().flatten().next();
                    let ride = Ride {
                        route: named.cloned().unwrap_or_default(),
                        rider: case.rider.to_string(),
                        paid: answer.priced().and_then(|priced| paid(&policy, priced)),
                    };
                    rides.insert(Key { account: case.id.clone(), ride: RideId::Leg(place) }, ride);
                }
            }
        }
        Ok(Rides(rides))
    }

    /// The rides of recorded taps, paired as the clearing core pairs them.
    pub(super) fn of_taps(files: &Files, taps: &[RecordedTap], shift_days: i32) -> Result<Rides, LabError> {
        let policies = Policies::new(vec![pricing::load(files)?]);
        let policies = policies.map_err(|error| LabError::Pair(error.to_string()))?;
        let Some(policy) = policies.newest() else { return Ok(Rides(BTreeMap::new())) };
        let zone = policy.day_rule().zone;
        // By identity, so that a tap that was sent twice counts once.
        let mut accounts: BTreeMap<AccountId, BTreeMap<TapId, WindowTap>> = BTreeMap::new();
        for RecordedTap { account, tap } in taps {
            let moved = WindowTap { at: shifted(tap.at, shift_days, zone), ..tap.clone() };
            accounts.entry(*account).or_default().entry(tap.id).or_insert(moved);
        }
        let mut rides = BTreeMap::new();
        for (account, taps) in accounts {
            let mut window: Vec<WindowTap> = taps.into_values().collect();
            window.sort_by_key(WindowTap::key);
            let mut found = journey::legs(&window, &policies);
            found.retain(|found| !found.is_second_tap);
            let legs: Vec<Leg> = found.iter().map(|found| found.leg(&window).leg()).collect();
            let rated = fares::rate(policy, &Carried::default(), &legs);
            for ((found, leg), priced) in found.iter().zip(&legs).zip(&rated.legs) {
                let ride = Ride {
                    route: leg.route.to_string(),
                    rider: leg.rider.to_string(),
                    paid: paid(policy, priced),
                };
                rides
                    .insert(Key { account: account.number().to_string(), ride: RideId::Tap(found.id) }, ride);
            }
        }
        Ok(Rides(rides))
    }
}

fn paid(policy: &Policy, priced: &Priced) -> Option<Paid> {
    let Fare::Known { gross, rider, funded } = &priced.fare else { return None };
    let party = |no| policy.party_by_no(no).map_or_else(|| no.to_string(), |party| party.id.to_string());
    let funded = funded.iter().map(|part| (party(part.party), part.amount)).collect();
    Some(Paid { gross: *gross, rider: *rider, funded })
}

/// The same wall clock some days later. Where a clock was put forward over it, the moment that many times 24 hours later.
fn shifted(at: EventTime, days: i32, zone: chrono_tz::Tz) -> EventTime {
    if days == 0 {
        return at;
    }
    let span = TimeDelta::days(i64::from(days));
    let local = at.local(zone).checked_add_signed(span);
    let moved = local.and_then(|local| zone.from_local_datetime(&local).earliest());
    let moved = moved.and_then(|moved| EventTime::from_unix_ms(moved.timestamp_millis()));
    let plain = at.unix_ms().saturating_add(span.num_milliseconds());
    moved.or_else(|| EventTime::from_unix_ms(plain)).unwrap_or(at)
}
