//! Every city of the repository, and legs that its own ids make: what properties and hostile inputs are tried on.

use crate::support::{city_files, read_folder};
use fares::{Carried, Files, HeldPass, Leg, Policy, Shape, load};
use primitives::{EventTime, Text};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A policy with what is needed to ride in it.
pub struct World {
    pub name: String,
    pub files: Files,
    pub policy: Policy,
    routes: Vec<Text>,
    stops: Vec<Text>,
    riders: Vec<Text>,
    media: Vec<Text>,
    passes: Vec<Text>,
    /// By network: first and last stops that its rules or distances name together.
    pairs: BTreeMap<String, Vec<(Text, Text)>>,
    /// Seconds after local midnight at which something changes.
    edges: Vec<i64>,
}

/// Numbers that are the same for the same seed on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// True in so many of a hundred throws.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for place in (1..values.len()).rev() {
            values.swap(place, self.below(place + 1));
        }
    }
}

static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| folders().into_iter().map(World::read).collect());

/// Every city, in the order of their names.
pub fn worlds() -> &'static [World] {
    &WORLDS
}

/// The folders of cities; none is left out.
fn folders() -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities");
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 2, "{names:?}");
    names
}

/// The rows of a file as column to field.
pub fn rows(files: &Files, name: &str) -> Vec<BTreeMap<String, String>> {
    let Some(bytes) = files.get(name) else { return Vec::new() };
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes.as_slice());
    reader.deserialize_rows()
}

/// Reading rows without a derive.
trait Rows {
    fn deserialize_rows(&mut self) -> Vec<BTreeMap<String, String>>;
}

impl Rows for csv::Reader<&[u8]> {
    fn deserialize_rows(&mut self) -> Vec<BTreeMap<String, String>> {
        let header = self.headers().unwrap().clone();
        let named = |record: csv::StringRecord| {
            header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
        };
        self.records().map(|record| named(record.unwrap())).collect()
    }
}

fn field<'a>(row: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn column(files: &Files, file: &str, name: &str) -> Vec<Text> {
    let mut values: Vec<Text> =
        rows(files, file).iter().filter_map(|row| Text::new(field(row, name))).collect();
    values.sort();
    values.dedup();
    values
}

fn seconds(time: &str) -> Option<i64> {
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    Some(parts.next()?? * 3_600 + parts.next()?? * 60 + parts.next()??)
}

impl World {
    fn read(name: String) -> World {
        let files = city_files(&name);
        let policy = load(&files).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        World {
            routes: policy.route_ids().cloned().collect(),
            stops: column(&files, "stops.txt", "stop_id"),
            riders: policy.rider_ids().cloned().collect(),
            media: policy.medium_ids().cloned().collect(),
            passes: column(&files, "fare_passes.txt", "fare_product_id"),
            pairs: pairs(&files),
            edges: edges(&files),
            name,
            files,
            policy,
        }
    }

    /// The same city from other files; nothing when they do not load.
    pub fn with_files(&self, files: &Files) -> Option<Policy> {
        load(files).ok()
    }

    /// One to `count` legs of one account, close together in time.
    pub fn some_legs(&self, seed: u64, count: usize) -> Vec<Leg> {
        let mut dice = Dice::new(seed);
        let start = self.some_start(&mut dice);
        self.legs_from(&mut dice, start, count)
    }

    /// What somebody may hold before the first leg.
    pub fn some_carried(&self, seed: u64, legs: &[Leg]) -> Carried {
        let mut dice = Dice::new(seed ^ 0xca_11_ed);
        let mut carried = Carried::default();
        if let (Some(product), Some(leg), true) = (dice.pick(&self.passes), legs.first(), dice.chance(40)) {
            carried.passes.push(HeldPass {
                product: product.clone(),
                medium: dice.chance(50).then(|| leg.medium.clone()),
                bought_at: leg.start,
                active_from: None,
                rides: 0,
                day: None,
                day_rides: 0,
            });
        }
        carried
    }

    fn some_start(&self, dice: &mut Dice) -> EventTime {
        let day = self.policy.day_rule().service_date(self.policy.valid_from());
        let noon = self.policy.day_rule().at(day, 12 * 3_600).unwrap();
        let second = match (dice.pick(&self.edges), dice.chance(40)) {
            (Some(edge), true) => edge + [-1_800, -1, 0, 1, -600][dice.below(5)],
            _ => dice.below(86_400) as i64,
        };
        // Some way into the version, so that every day of the week and some holidays come up.
        moved(noon, (dice.below(120) as i64 + 2) * 86_400 - 12 * 3_600 + second)
    }

    /// One to `count` legs of one account from this moment on.
    pub fn legs_from(&self, dice: &mut Dice, start: EventTime, count: usize) -> Vec<Leg> {
        let rider = dice.pick(&self.riders).unwrap().clone();
        let medium = dice.pick(&self.media).unwrap().clone();
        let mut now = start;
        let mut last: Option<Leg> = None;
        let mut legs = Vec::new();
        for _ in 0..=dice.below(count) {
            let mut leg = self.leg(dice, now, last.as_ref());
            leg.rider =
                if dice.chance(92) { rider.clone() } else { dice.pick(&self.riders).unwrap().clone() };
            leg.medium =
                if dice.chance(92) { medium.clone() } else { dice.pick(&self.media).unwrap().clone() };
            let gap = [
                0, 1, 60, 300, 600, 899, 900, 901, 1_740, 1_799, 1_800, 1_801, 2_699, 2_700, 2_701, 3_540,
                3_599, 3_600, 3_601, 7_199, 7_200, 7_201, 14_400, 40_000, 86_400, -120,
            ];
            now = moved(leg.end.unwrap_or(leg.start), gap[dice.below(gap.len())]);
            last = Some(leg.clone());
            legs.push(leg);
        }
        legs
    }

    fn leg(&self, dice: &mut Dice, start: EventTime, last: Option<&Leg>) -> Leg {
        let route = match last {
            Some(last) if dice.chance(15) => last.route.clone(),
            _ => dice.pick(&self.routes).unwrap().clone(),
        };
        let (from, to) = self.stops_of(dice, &route);
        // Changes happen where the leg before ended.
        let from = match last {
            Some(last) if dice.chance(30) => last.to.clone().or(from),
            _ => from,
        };
        let ride = [60, 300, 600, 1_200, 1_800, 2_700, 3_600, 5_400, 9_000][dice.below(9)];
        let end = dice.chance(85).then(|| moved(start, ride));
        let shape = match dice.below(20) {
            0 => Shape::MissingExit,
            1 => Shape::MissingEntry,
            _ => Shape::Ride,
        };
        let via =
            if dice.chance(5) { dice.pick(&self.stops).cloned().into_iter().collect() } else { Vec::new() };
        let mut leg = Leg {
            route,
            from,
            to,
            via,
            start,
            end,
            shape,
            rider: self.riders[0].clone(),
            medium: self.media[0].clone(),
        };
        match shape {
            Shape::Ride => {}
            Shape::MissingExit => (leg.to, leg.end) = (None, None),
            Shape::MissingEntry => (leg.from, leg.end) = (None, Some(leg.start)),
        }
        leg
    }

    /// First and last stop of a ride on a route: such as the rules speak of, mostly.
    fn stops_of(&self, dice: &mut Dice, route: &Text) -> (Option<Text>, Option<Text>) {
        let network = self.policy.route(route.as_str()).map_or("", |route| route.network);
        let on_route: Vec<Text> = self.policy.route_stops(route.as_str(), dice.below(2)).cloned().collect();
        let pairs = self.pairs.get(network).map_or(&[][..], Vec::as_slice);
        match dice.below(100) {
            0..=49 if !pairs.is_empty() => {
                let (from, to) = dice.pick(pairs).unwrap().clone();
                (Some(from), Some(to))
            }
            0..=79 if !on_route.is_empty() => (dice.pick(&on_route).cloned(), dice.pick(&on_route).cloned()),
            80..=85 => (None, None),
            86..=88 => (dice.pick(&self.stops).cloned(), None),
            _ => (dice.pick(&self.stops).cloned(), dice.pick(&self.stops).cloned()),
        }
    }
}

/// A moment so many seconds later; the same one beyond the end of time.
pub fn moved(at: EventTime, seconds: i64) -> EventTime {
    EventTime::from_unix_ms(at.unix_ms() + seconds * 1_000).unwrap_or(at)
}

fn pairs(files: &Files) -> BTreeMap<String, Vec<(Text, Text)>> {
    let mut stops: BTreeMap<String, Vec<Text>> = BTreeMap::new();
    for row in rows(files, "stop_areas.txt") {
        let lying = stops.entry(field(&row, "area_id").to_owned()).or_default();
        if lying.len() < 4 {
            lying.extend(Text::new(field(&row, "stop_id")));
        }
    }
    let networks: Vec<String> = rows(files, "routes.txt")
        .iter()
        .chain(rows(files, "route_networks.txt").iter())
        .map(|row| field(row, "network_id").to_owned())
        .collect();
    let mut pairs: BTreeMap<String, Vec<(Text, Text)>> = BTreeMap::new();
    let mut add = |network: &str, from: Text, to: Text| {
        let known = if network.is_empty() { networks.clone() } else { vec![network.to_owned()] };
        for network in known {
            let list = pairs.entry(network).or_default();
            if list.len() < 4_000 && list.last() != Some(&(from.clone(), to.clone())) {
                list.push((from.clone(), to.clone()));
            }
        }
    };
    for row in rows(files, "fare_leg_rules.txt") {
        let of = |name: &str| stops.get(field(&row, name)).cloned().unwrap_or_default();
        for from in of("from_area_id").iter().take(2) {
            for to in of("to_area_id").iter().rev().take(2) {
                add(field(&row, "network_id"), from.clone(), to.clone());
            }
        }
    }
    for row in rows(files, "fare_distances.txt").iter().chain(rows(files, "fare_surcharges.txt").iter()) {
        let (from, to) = (Text::new(field(row, "from_stop_id")), Text::new(field(row, "to_stop_id")));
        if let (Some(from), Some(to)) = (from, to) {
            add(field(row, "network_id"), to.clone(), from.clone());
            add(field(row, "network_id"), from, to);
        }
    }
    pairs
}

fn edges(files: &Files) -> Vec<i64> {
    let mut edges = Vec::new();
    for file in files.keys() {
        for row in rows_of_text(files, file) {
            for name in ["start_time", "end_time", "day_start_time"] {
                edges.extend(seconds(field(&row, name)));
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Rows of small files that may hold times.
fn rows_of_text(files: &Files, file: &str) -> Vec<BTreeMap<String, String>> {
    let timed =
        ["timeframes.txt", "fare_caps.txt", "fare_policies.txt", "fare_windows.txt", "fare_passes.txt"];
    if timed.contains(&file) { rows(files, file) } else { Vec::new() }
}

/// The files of a folder with every city in it; used to make sure that none is left out.
#[test]
fn every_city_is_a_world_in_which_most_legs_have_a_fare() {
    assert!(read_folder("fixtures/cities/minitown").contains_key("routes.txt"));
    for world in worlds() {
        let (mut known, mut all) = (0, 0);
        for seed in 0..60 {
            for priced in fares::price(&world.policy, &world.some_legs(seed, 6)) {
                all += 1;
                known += usize::from(matches!(priced.fare, fares::Fare::Known { .. }));
            }
        }
        println!("{}: {known} of {all} legs have a fare", world.name);
        assert!(known * 3 > all, "{}: {known} of {all}", world.name);
    }
}
