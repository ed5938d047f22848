//! The true rides of the day: who rode what, when, and which ends of a gated ride left a tap.

use crate::SimError;
use crate::city::City;
use crate::people::{self, AccountSpec};
use crate::random::Random;
use crate::tariff::Ends;
use primitives::Text;

/// One ride as it really happened.
#[derive(Debug, Clone)]
pub(crate) struct Ride {
    /// Position of the rider in the list of accounts.
    pub(crate) account: usize,
    /// Position of the medium among the account's.
    pub(crate) medium: usize,
    /// Boarding or entry, in milliseconds after the local midnight of the service day.
    pub(crate) start: i64,
    pub(crate) trip: Trip,
}

/// How a ride went.
#[derive(Debug, Clone)]
pub(crate) enum Trip {
    /// On a vehicle, by one boarding.
    Bus { route: usize, vehicle: usize, stop: Option<Text>, trip: Text, qr: bool },
    /// Between two gates; `duration` in milliseconds.
    Metro { line: usize, from: Text, to: Text, duration: i64, ends: Ends },
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// First and last start of a ride by day.
const FIRST_START: i64 = 5 * HOUR;
const LAST_START: i64 = 22 * HOUR;
/// A rider's rides begin at least so far apart: longer than any ride, and never twice on one trip of a vehicle.
const GAP: i64 = 55 * MINUTE;
/// A trip of a vehicle from end to end.
const TRIP: i64 = 45 * MINUTE;
/// Of a hundred rides: by metro; of a hundred boardings by somebody with a phone, as a QR code.
const METRO_PERCENT: u64 = 15;
const QR_PERCENT: u64 = 60;
/// Of a hundred riders, how many ride once more after midnight.
const NIGHT_PERCENT: u64 = 1;

/// Draws riders until they have made exactly `count` rides.
pub(crate) fn draw(city: &City, count: u32, seed: u64) -> Result<(Vec<AccountSpec>, Vec<Ride>), SimError> {
    let mut people = Random::new(seed, "people");
    let mut chance = Random::new(seed, "rides");
    let popularity = Popularity::draw(city, count, &mut Random::new(seed, "routes"));
    let (mut accounts, mut rides) = (Vec::new(), Vec::new());
    while rides.len() < count as usize {
        let account = people::draw(city, &mut people)?;
        let wanted = (count as usize - rides.len()).min(1 + chance.index(4).min(2) + chance.index(2));
        for start in starts(city, wanted, &mut chance) {
            rides.push(one(city, &popularity, accounts.len(), &account, start, &mut chance));
        }
        accounts.push(account);
    }
    leave_ends_out(&mut rides, &mut Random::new(seed, "incomplete rides"));
    Ok((accounts, rides))
}

/// Start times of one rider's rides: mornings and evenings are full, and a few ride after midnight.
fn starts(city: &City, wanted: usize, chance: &mut Random) -> Vec<i64> {
    let mut starts: Vec<i64> = (0..wanted).map(|nth| start(nth, chance)).collect();
    starts.sort_unstable();
    let mut earliest = FIRST_START.max(i64::from(city.day.day_start_seconds) * 1000);
    for start in &mut starts {
        *start = (*start).max(earliest);
        earliest = *start + GAP;
    }
    // Only a city whose service day runs past midnight has such rides in this day.
    let night = 24 * HOUR + 20 * MINUTE;
    let day_end = 24 * HOUR + i64::from(city.day.day_start_seconds) * 1000;
    if starts.len() < 3
        && let Some(last) = starts.last_mut()
        && day_end >= night + 2 * HOUR
        && chance.percent(NIGHT_PERCENT)
    {
        *last = chance.between(night, night + HOUR);
    }
    starts
}

fn start(nth: usize, chance: &mut Random) -> i64 {
    match (nth % 2, chance.below(100)) {
        (0, 0..60) => chance.between(6 * HOUR, 8 * HOUR),
        (0, 60..70) => chance.between(FIRST_START, 6 * HOUR),
        (1, 0..60) => chance.between(16 * HOUR, 18 * HOUR),
        _ => chance.between(8 * HOUR, LAST_START),
    }
}

fn one(
    city: &City,
    popularity: &Popularity,
    account: usize,
    rider: &AccountSpec,
    start: i64,
    chance: &mut Random,
) -> Ride {
    let by_choice = start < LAST_START && chance.percent(METRO_PERCENT);
    let by_metro = !city.lines.is_empty() && (city.buses.is_empty() || by_choice);
    if by_metro {
        let line = chance.index(city.lines.len());
        let stations = &city.lines[line].stations;
        let from = chance.index(stations.len());
        let to = (from + 1 + chance.index(stations.len() - 1)) % stations.len();
        // Waiting and walking, and two minutes a station, which is about what such a line takes.
        let duration = chance.between(2 * MINUTE, 8 * MINUTE) + from.abs_diff(to).min(20) as i64 * 2 * MINUTE;
        let (from, to) = (stations[from].clone(), stations[to].clone());
        let trip = Trip::Metro { line, from, to, duration, ends: Ends::Both };
        return Ride { account, medium: 0, start, trip };
    }
    let (route, vehicle) = popularity.board(chance);
    let qr = rider.media.len() > 1 && chance.percent(QR_PERCENT);
    let stop = chance.pick(&city.buses[route].stops).cloned().filter(|_| chance.percent(90));
    let trip = trip_name(&city.buses[route].id, vehicle, start);
    Ride { account, medium: usize::from(qr), start, trip: Trip::Bus { route, vehicle, stop, trip, qr } }
}

/// The name of a vehicle's trip. Starts of one rider lie further apart than a trip lasts, so nobody boards one twice.
fn trip_name(route: &Text, vehicle: usize, start: i64) -> Text {
    let name = format!("{route}-{vehicle}-{}", start / TRIP);
    Text::new(&name).unwrap_or_else(|| route.clone())
}

/// How many vehicles each route has; a ride chooses a vehicle, so busy routes carry more.
struct Popularity(Vec<(usize, usize)>);

impl Popularity {
    fn draw(city: &City, count: u32, chance: &mut Random) -> Self {
        let weights: Vec<u64> = city.buses.iter().map(|_| 1 + chance.below(6)).collect();
        let total: u64 = weights.iter().sum::<u64>().max(1);
        let mut vehicles = Vec::new();
        for (route, weight) in weights.iter().enumerate() {
            // A bus carries some two hundred riders a day.
            let fleet = (u64::from(count) * weight / total / 200).clamp(1, 40);
            vehicles.extend((0..fleet as usize).map(|vehicle| (route, vehicle)));
        }
        Popularity(vehicles)
    }

    fn board(&self, chance: &mut Random) -> (usize, usize) {
        chance.pick(&self.0).copied().unwrap_or((0, 0))
    }
}

/// Takes one end from a few gated rides, at most one ride of each account: a lost exit never stands before another
/// lost entry of the same rider, where the two would look like one ride.
fn leave_ends_out(rides: &mut [Ride], chance: &mut Random) {
    let wanted = (rides.len() / 400).clamp(2, 200);
    let mut gated: Vec<usize> =
        (0..rides.len()).filter(|at| matches!(rides[*at].trip, Trip::Metro { .. })).collect();
    chance.shuffle(&mut gated);
    let mut touched = std::collections::BTreeSet::new();
    for at in gated {
        if touched.len() == wanted {
            break;
        }
        let missing = if touched.len().is_multiple_of(2) { Ends::NoExit } else { Ends::NoEntry };
        if touched.insert(rides[at].account)
            && let Trip::Metro { ends, .. } = &mut rides[at].trip
        {
            *ends = missing;
        }
    }
}
