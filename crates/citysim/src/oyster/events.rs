//! The rows as signed taps, in the order of the day, and the truth about each row to compare the house with.

use super::OysterError;
use super::learn::Learned;
use super::policy::{CARD, MIXED, Places, SEASON, TICKET};
use super::rows::{Journey, Reading, Row, Trip, each_row};
use crate::machines::DeviceSpec;
use crate::people::{AccountSpec, MediumSpec};
use chrono::{Days, NaiveDate};
use primitives::{
    AccountId, DayRule, DeviceId, Digest, Direction, EventTime, JournalId, MediumToken, Minor, PartyNo,
    Sequence, ServiceDate, Tap, TapId, TapKind, Tender, Text,
};
use std::collections::{BTreeMap, BTreeSet};
use wire::{BodyFormat, DeviceKey, Envelope, MasterKey};

/// With which keys the taps are signed.
#[derive(Clone)]
pub struct EventOptions {
    /// The environment the devices' keys are made for.
    pub environment: String,
    /// The key the devices' keys are derived from.
    pub master_key: [u8; 32],
    /// The version of the devices' keys.
    pub key_version: u32,
}

/// A file of the sample as a day of events.
pub struct OysterDay {
    /// The devices.
    pub devices: Vec<DeviceSpec>,
    /// The truth about every row that could be understood, in the order of the file.
    pub rows: Vec<RowTruth>,
    /// Rows that could not be understood, as they stood; each is sent as it is and must end in quarantine.
    pub odd: Vec<Vec<u8>>,
    keys: Vec<DeviceKey>,
    order: Vec<Touch>,
}

/// What is known of a row, and the taps that were made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTruth {
    /// The row.
    pub row: Row,
    /// The account that stands for the row: the sample has no card numbers, so every row is a rider of its own.
    pub account: AccountId,
    /// True when a fare was learned for the row's network, stations and time of day.
    pub cell_learned: bool,
    /// The tap in (or the boarding).
    pub entry: Option<TapId>,
    /// The tap out.
    pub exit: Option<TapId>,
}

/// How the charge of a row compares with what was really charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The full fare really charged.
    Equal,
    /// Really charged half: a rider with a half fare.
    HalfFare,
    /// Really charged nothing: a rider who rides free, or a free transfer.
    FreeRider,
    /// No fare was learned for this ride (a ride with a lost end is in no cell).
    NotLearned,
    /// Anything else.
    Other,
}

impl Class {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Equal => "equal",
            Class::HalfFare => "half_fare",
            Class::FreeRider => "free_rider",
            Class::NotLearned => "not_learned",
            Class::Other => "other",
        }
    }
}

/// Half fares were rounded to five pence, one way or the other.
const HALF_ROUNDING: i64 = 5;

/// Compares what the house charged the rider of a row (nothing when its fare is unknown) with the sample.
pub fn classify(truth: &RowTruth, charged: Option<Minor>) -> Class {
    let Some((charged, full)) = charged.zip(truth.row.full_fare) else {
        return if truth.cell_learned { Class::Other } else { Class::NotLearned };
    };
    let (charged, full) = (charged.units(), full.units());
    match () {
        () if !truth.cell_learned => Class::NotLearned,
        () if charged == full => Class::Equal,
        () if full == 0 => Class::FreeRider,
        () if full.saturating_mul(2).abs_diff(charged) <= HALF_ROUNDING.unsigned_abs() => Class::HalfFare,
        () => Class::Other,
    }
}

/// One end of a row on its way to a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Touch {
    at: EventTime,
    /// Position among the rows that were understood.
    row: u32,
    exit: bool,
    /// Position among the devices.
    device: u32,
}

/// The traffic day of the sample ended at 04:30.
const DAY_RULE: DayRule = DayRule { zone: chrono_tz::Europe::London, day_start_seconds: 4 * 3600 + 1800 };

/// The Sunday the sample's week begins with.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2009, 11, 1);

/// Makes taps of every row. `places` must have been surveyed from this file too.
pub fn events(
    file: &[u8],
    places: &Places,
    learned: &Learned,
    options: &EventOptions,
) -> Result<OysterDay, OysterError> {
    let mut maker = Maker {
        places,
        learned,
        day_rule: DAY_RULE,
        names: BTreeSet::new(),
        by_post: BTreeMap::new(),
        ids: BTreeSet::new(),
        key_version: options.key_version,
        day: OysterDay {
            devices: Vec::new(),
            rows: Vec::new(),
            odd: Vec::new(),
            keys: Vec::new(),
            order: Vec::new(),
        },
    };
    let mut failed = None;
    each_row(file, |reading| {
        if failed.is_none() {
            failed = maker.take(reading).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut day = maker.day;
    day.order.sort_unstable();
    day.number()?;
    let master = MasterKey::new(options.master_key);
    let key = |spec: &DeviceSpec| DeviceKey::derive(&master, &options.environment, spec.id, spec.key_version);
    day.keys = day.devices.iter().map(key).collect();
    Ok(day)
}

/// Where a device stands: route, place, and whether it lets people out.
type Post = (Text, Text, bool);

struct Maker<'a> {
    places: &'a Places,
    learned: &'a Learned,
    day_rule: DayRule,
    /// One copy of each name, shared by all rows.
    names: BTreeSet<Text>,
    by_post: BTreeMap<Post, u32>,
    ids: BTreeSet<DeviceId>,
    key_version: u32,
    day: OysterDay,
}

impl Maker<'_> {
    fn take(&mut self, reading: Reading) -> Result<(), OysterError> {
        let row = match reading {
            Reading::Odd(bytes) => {
                self.day.odd.push(bytes);
                return Ok(());
            }
            Reading::Row(row) => self.with_shared_names(row),
        };
        let index = u32::try_from(self.day.rows.len()).map_err(|_| too_many())?;
        // Room for a thousand million rows a day keeps the accounts of two days apart.
        let account = u64::from(row.day) * 1_000_000_000 + u64::from(row.number);
        let account = AccountId::new(account).ok_or_else(too_many)?;
        for exit in [false, true] {
            if let Some(place) = place(&row, exit) {
                let at = self.moment(&row, exit)?;
                let device = self.device(&row, place, exit)?;
                self.day.order.push(Touch { at, row: index, exit, device });
            }
        }
        let cell_learned = row.cell().is_some_and(|cell| self.learned.cells.contains_key(&cell));
        self.day.rows.push(RowTruth { row, account, cell_learned, entry: None, exit: None });
        Ok(())
    }

    /// The sample knows minutes. A touch-out is taken to be half a minute into its minute, so that a ride within one
    /// minute still ends after it began.
    fn moment(&self, row: &Row, exit: bool) -> Result<EventTime, OysterError> {
        let second =
            if exit { i64::from(row.exit_minute) * 60 + 30 } else { i64::from(row.entry_minute) * 60 };
        let date = FIRST_DAY.and_then(|first| first.checked_add_days(Days::new(u64::from(row.day) - 1)));
        let at = date.and_then(|date| self.day_rule.at(ServiceDate(date), second));
        at.ok_or_else(|| OysterError::Events(format!("row {} has no such moment", row.number)))
    }

    fn device(&mut self, row: &Row, place: Text, exit: bool) -> Result<u32, OysterError> {
        let boarding = matches!(row.trip, Trip::Boarding { .. });
        let unknown = || OysterError::Events(format!("`{}` was not surveyed", row.subsystem));
        let route = self.places.route(&row.subsystem, boarding).ok_or_else(unknown)?;
        let post = (route, place, exit);
        if let Some(device) = self.by_post.get(&post) {
            return Ok(*device);
        }
        // The id follows from the place, so the same gate has the same id in every file.
        let name = format!("{} {}{}", post.0, post.1, if exit { " out" } else { "" });
        let digest = Digest::of(name.as_bytes()).0;
        let number = digest.iter().take(6).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let id = DeviceId::new(number).ok_or_else(too_many)?;
        if !self.ids.insert(id) {
            return Err(OysterError::Events(format!("two devices would have the id {id}")));
        }
        let operator = PartyNo(self.places.operator(&row.subsystem).ok_or_else(unknown)?);
        let next = u32::try_from(self.day.devices.len()).map_err(|_| too_many())?;
        self.day.devices.push(DeviceSpec { id, operator, key_version: self.key_version, label: name });
        self.by_post.insert(post, next);
        Ok(next)
    }

    fn with_shared_names(&mut self, row: Row) -> Row {
        let mut share = |name: Text| match self.names.get(&name) {
            Some(known) => known.clone(),
            None => {
                self.names.insert(name.clone());
                name
            }
        };
        let trip = match row.trip {
            Trip::Boarding { stop } => Trip::Boarding { stop: stop.map(&mut share) },
            Trip::Gated { from, to } => Trip::Gated { from: share(from), to: share(to) },
            Trip::Unfinished { from } => Trip::Unfinished { from: share(from) },
            Trip::Unstarted { to } => Trip::Unstarted { to: share(to) },
        };
        Row { trip, subsystem: share(row.subsystem), route: share(row.route), ..row }
    }
}

fn too_many() -> OysterError {
    OysterError::Events("more rows than can be numbered".to_owned())
}

/// Where a row was touched in or out: the station, or for a bus its route.
fn place(row: &Row, exit: bool) -> Option<Text> {
    match (&row.trip, exit) {
        (Trip::Boarding { stop }, false) => Some(stop.clone().unwrap_or_else(|| row.route.clone())),
        (Trip::Gated { from, .. } | Trip::Unfinished { from }, false) => Some(from.clone()),
        (Trip::Gated { to, .. } | Trip::Unstarted { to }, true) => Some(to.clone()),
        _ => None,
    }
}

impl OysterDay {
    /// How many envelopes there are.
    pub fn envelope_count(&self) -> usize {
        self.order.len() + self.odd.len()
    }

    /// The service date of the first tap and the moment of the last.
    pub fn span(&self) -> Option<(ServiceDate, EventTime)> {
        let (first, last) = self.order.first().zip(self.order.last())?;
        Some((DAY_RULE.service_date(first.at), last.at))
    }

    /// The accounts, one a row.
    pub fn accounts(&self) -> impl Iterator<Item = AccountSpec> + '_ {
        self.rows.iter().map(|truth| {
            let (rider, medium) = match truth.row.journey {
                Journey::PayAsYouGo => (None, CARD),
                Journey::Ticket => (Text::new(TICKET), SEASON),
                Journey::Mixed => (Text::new(MIXED), CARD),
            };
            let media = Text::new(medium).map(|fare_medium| MediumSpec {
                token: token(truth.account),
                fare_medium,
                tender: Tender::OpenLoop,
            });
            AccountSpec { id: truth.account, rider, media: media.into_iter().collect() }
        })
    }

    /// Every envelope, signed when it is asked for: the taps by their time, then the rows that are none.
    pub fn envelopes(&self, places: &Places) -> impl Iterator<Item = (BodyFormat, Vec<u8>)> {
        let taps = self.order.iter().filter_map(|touch| self.envelope(places, *touch));
        taps.chain(self.odd.iter().cloned()).map(|bytes| (BodyFormat::Proto, bytes))
    }

    /// Numbers the taps of each device in the order of its clock.
    fn number(&mut self) -> Result<(), OysterError> {
        let mut next: Vec<u64> = vec![0; self.devices.len()];
        for touch in &self.order {
            let (device, truth) = (touch.device as usize, &mut self.rows[touch.row as usize]);
            next[device] += 1;
            // One journal a day: the same numbers on another day are other taps.
            let journal = JournalId::new(20_091_100 + u64::from(truth.row.day)).ok_or_else(too_many)?;
            let sequence = Sequence::new(next[device]).ok_or_else(too_many)?;
            let id = Some(TapId { device: self.devices[device].id, journal, sequence });
            *if touch.exit { &mut truth.exit } else { &mut truth.entry } = id;
        }
        Ok(())
    }

    fn envelope(&self, places: &Places, touch: Touch) -> Option<Vec<u8>> {
        let truth = &self.rows[touch.row as usize];
        let row = &truth.row;
        let route = places.route(&row.subsystem, matches!(row.trip, Trip::Boarding { .. }))?;
        let kind = match &row.trip {
            Trip::Boarding { stop } => TapKind::Boarding { route, stop: stop.clone(), trip: None, qr: false },
            _ => {
                let direction = if touch.exit { Direction::Exit } else { Direction::Entry };
                TapKind::Gate { direction, route, stop: place(row, touch.exit)? }
            }
        };
        let id = if touch.exit { truth.exit? } else { truth.entry? };
        let tap = Tap { id, at: touch.at, medium: token(truth.account), kind };
        let (spec, key) = (&self.devices[touch.device as usize], &self.keys[touch.device as usize]);
        let body = wire::encode_tap(&tap);
        let mac = key.sign(BodyFormat::Proto, &body).to_vec();
        let envelope =
            Envelope { device: spec.id, key_version: spec.key_version, format: BodyFormat::Proto, body, mac };
        Some(envelope.encode())
    }
}

/// What the card of a row shows to a reader.
fn token(account: AccountId) -> MediumToken {
    let digest = Digest::of(format!("oyster card {account}").as_bytes()).0;
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    MediumToken::new(bytes)
}
