//! Stops: a case may name one the feed lacks, put one elsewhere, or give a place that has no id.

use super::{Metres, fresh};
use crate::cases::{Case, Place};
use crate::table::Table;
use fares::Files;
use primitives::Text;
use std::collections::{BTreeMap, BTreeSet};

const STOPS: &str = "stops.txt";
const AREAS: &str = "areas.txt";
const STOP_AREAS: &str = "stop_areas.txt";

/// Every place of the cases, and the stop of the overlaid policy that stands for it.
pub(super) struct Places {
    stops: Table,
    areas: Table,
    stop_areas: Table,
    /// Every stop id there is.
    taken: BTreeSet<String>,
    found: BTreeMap<Place, Text>,
    /// The stops that stand for a leg's end where `found` stands for its beginning: nobody says that they are one stop.
    ends: BTreeMap<Place, Text>,
    /// The stop that stands for an id of the cases when no position is asked.
    base: BTreeMap<String, Text>,
    nameless: u64,
}

/// A stop as the policy has it.
struct Known {
    position: Option<(String, String)>,
    parent: String,
}

impl Places {
    pub(super) fn read(files: &Files, cases: &[Case]) -> Self {
        let stops = Table::read(files, STOPS);
        let known: BTreeMap<String, Known> = stops
            .rows()
            .map(|row| {
                let position = (row.get("stop_lat").to_owned(), row.get("stop_lon").to_owned());
                let position = Some(position).filter(|(lat, lon)| !lat.is_empty() && !lon.is_empty());
                let parent = row.get("parent_station").to_owned();
                (row.get("stop_id").to_owned(), Known { position, parent })
            })
            .collect();
        let mut places = Places {
            taken: known.keys().cloned().collect(),
            stops,
            areas: Table::read(files, AREAS),
            stop_areas: Table::read(files, STOP_AREAS),
            found: BTreeMap::new(),
            ends: BTreeMap::new(),
            base: BTreeMap::new(),
            nameless: 0,
        };
        let lies_in = places.areas_of_stops(&known);
        let mut by_stop: BTreeMap<Option<&str>, BTreeSet<&Place>> = BTreeMap::new();
        let legs = cases.iter().flat_map(|case| &case.legs);
        for place in legs.flat_map(|leg| [&leg.from, &leg.to].into_iter().chain(&leg.via)) {
            if !place.is_nowhere() {
                by_stop.entry(place.stop.as_deref()).or_default().insert(place);
            }
        }
        // Ids that distances speak of are stops too, even when no leg begins or ends there.
        let named = cases.iter().flat_map(|case| case.distances.keys()).flat_map(|(from, to)| [from, to]);
        for stop in named {
            by_stop.entry(Some(stop)).or_default();
        }
        places.add_areas(by_stop.values().flatten().flat_map(|place| &place.areas));
        for (stop, wanted) in by_stop {
            match stop {
                Some(stop) => places.add_stop(stop, &wanted, known.get(stop), lies_in.get(stop)),
                None => wanted.into_iter().for_each(|place| places.add_nameless(place)),
            }
        }
        places
    }

    /// The areas each stop of the policy lies in; a station's are those of its platforms that have none themselves.
    fn areas_of_stops(&self, known: &BTreeMap<String, Known>) -> BTreeMap<String, BTreeSet<String>> {
        let mut own: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in self.stop_areas.rows() {
            own.entry(row.get("stop_id").to_owned()).or_default().insert(row.get("area_id").to_owned());
        }
        let mut all = own.clone();
        for (stop, row) in known.iter().filter(|(stop, _)| !own.contains_key(*stop)) {
            if let Some(areas) = own.get(&row.parent) {
                all.insert(stop.clone(), areas.clone());
            }
        }
        all
    }

    fn add_areas<'a>(&mut self, wanted: impl Iterator<Item = &'a String>) {
        let known: BTreeSet<String> = self.areas.rows().map(|row| row.get("area_id").to_owned()).collect();
        let missing: BTreeSet<&String> = wanted.filter(|area| !known.contains(*area)).collect();
        for area in missing {
            self.areas.push(&[("area_id", area)]);
        }
    }

    /// The places of one stop id. The first is the stop itself, unless the policy has it; the others are its platforms,
    /// so that whatever is said of the stop holds for them.
    fn add_stop(
        &mut self,
        stop: &str,
        wanted: &BTreeSet<&Place>,
        known: Option<&Known>,
        lies_in: Option<&BTreeSet<String>>,
    ) {
        let mut wanted: Vec<&Place> = wanted.iter().copied().collect();
        // A platform without areas takes its station's, so the place with the fewest areas is the station.
        wanted.sort_by_key(|place| (place.areas.len(), &place.areas, &place.position));
        let mut wanted = wanted.into_iter().peekable();
        let empty = BTreeSet::new();
        let lies_in = lies_in.unwrap_or(&empty);
        let base = match known {
            Some(_) => fresh(stop, 2, |_| false),
            None => {
                let id = fresh(stop, 2, |id| self.taken.contains(id));
                let first = wanted.next();
                self.put(&id, first.and_then(|place| place.position.as_ref()), None);
                self.lie_in(&id, first.into_iter().flat_map(|place| &place.areas));
                self.found.extend(first.map(|place| (place.clone(), id.clone())));
                id
            }
        };
        for place in wanted {
            let extra = place.areas.iter().any(|area| !lies_in.contains(area));
            let here = known.and_then(|known| known.position.as_ref());
            let moved = place.position.as_ref().is_some_and(|there| !same(here, there));
            let id = if known.is_some() && !extra && !moved {
                base.clone()
            } else {
                let id = fresh(stop, 2, |id| id == stop || self.taken.contains(id));
                self.put(&id, place.position.as_ref().or(here), Some(&base));
                let areas: BTreeSet<&String> = lies_in.iter().chain(&place.areas).collect();
                self.lie_in(&id, areas.into_iter());
                id
            };
            self.found.insert(place.clone(), id);
        }
        self.base.insert(stop.to_owned(), base);
    }

    fn add_nameless(&mut self, place: &Place) {
        let id = self.add_numbered(place);
        self.found.insert(place.clone(), id);
        if place.position.is_none() {
            let id = self.add_numbered(place);
            self.ends.insert(place.clone(), id);
        }
    }

    fn add_numbered(&mut self, place: &Place) -> Text {
        self.nameless += 1;
        let id = fresh("place", self.nameless, |id| id == "place" || self.taken.contains(id));
        self.put(&id, place.position.as_ref(), None);
        self.lie_in(&id, place.areas.iter());
        id
    }

    fn put(&mut self, id: &Text, position: Option<&(String, String)>, parent: Option<&Text>) {
        let (lat, lon) = position.map_or(("", ""), |(lat, lon)| (lat, lon));
        let mut fields = vec![("stop_id", id.as_str()), ("stop_name", id.as_str())];
        if position.is_some() {
            fields.extend([("stop_lat", lat), ("stop_lon", lon)]);
        }
        fields.extend(parent.map(|parent| ("parent_station", parent.as_str())));
        self.stops.push(&fields);
        self.taken.insert(id.to_string());
    }

    fn lie_in<'a>(&mut self, id: &Text, areas: impl Iterator<Item = &'a String>) {
        for area in areas {
            self.stop_areas.push(&[("area_id", area), ("stop_id", id.as_str())]);
        }
    }

    /// The stop that stands for a place; nothing when the place says nothing.
    pub(super) fn find(&self, place: &Place) -> Option<Text> {
        self.found.get(place).cloned()
    }

    /// The same for the place where a leg ended. A leg from one area to the same area did not end where it began.
    pub(super) fn find_end(&self, place: &Place) -> Option<Text> {
        self.ends.get(place).cloned().or_else(|| self.find(place))
    }

    /// Distances by pairs of stops of the overlaid policy.
    pub(super) fn stops_of(&self, distances: &Metres) -> Metres {
        let stop = |id: &String| self.base.get(id).map_or_else(|| id.clone(), Text::to_string);
        distances.iter().map(|((from, to), metres)| ((stop(from), stop(to)), *metres)).collect()
    }

    pub(super) fn write(&self, files: &mut Files) {
        self.stops.write(files, STOPS);
        self.areas.write(files, AREAS);
        self.stop_areas.write(files, STOP_AREAS);
    }
}

/// True when both positions are the same numbers, however many zeros end them.
fn same(here: Option<&(String, String)>, there: &(String, String)) -> bool {
    here.is_some_and(|here| plain(&here.0) == plain(&there.0) && plain(&here.1) == plain(&there.1))
}

fn plain(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}
