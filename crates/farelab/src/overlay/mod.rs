//! What a case names and the policy does not have (routes, stops, areas, distances) is added to the policy's files before
//! they are loaded, so that the engine knows nothing but ids. Rows of the policy stay as they are.
//!
//! Cases that contradict each other, as two distances for one pair of stops, go into files of their own.

mod distances;
mod places;
mod routes;

use crate::cases::{Case, CaseLeg};
use distances::Matrix;
use fares::{Files, Leg, Policy, Shape};
use places::Places;
use primitives::{EventTime, Text};
use routes::Routes;
use std::collections::BTreeMap;

/// A policy's files with what some cases need, and those cases.
#[derive(Debug)]
pub struct Overlay {
    /// The files, to be loaded.
    pub files: Files,
    /// The cases, each by its place in the list that was given, with its legs.
    pub cases: Vec<(usize, Vec<Drafted>)>,
}

/// A leg of a case in the words of the overlaid policy; or why it cannot be put so.
pub type Drafted = Result<Draft, NoRoute>;

/// Cases of one overlay, as it lists them.
type Members = Vec<(usize, Vec<Drafted>)>;

/// Distances in metres, from one stop to another.
type Metres = BTreeMap<(String, String), u32>;

/// Why no route can stand for the one a leg names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoRoute(pub String);

/// A leg whose ids the policy knows. Whether it is whole depends on the policy's gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    route: Text,
    from: Option<Text>,
    to: Option<Text>,
    via: Vec<Text>,
    start: EventTime,
    end: Option<EventTime>,
    rider: Text,
    medium: Text,
}

impl Draft {
    /// The leg. Where rides pass gates, one without a tap-off is a missing exit, and one that ends somewhere and began
    /// nowhere a missing entry.
    pub fn leg(&self, policy: &Policy) -> Leg {
        let gates = policy.has_gates(self.route.as_str());
        let (shape, start) = match (gates, self.end, &self.from, &self.to) {
            (true, None, _, _) => (Shape::MissingExit, self.start),
            (true, Some(end), None, Some(_)) => (Shape::MissingEntry, end),
            _ => (Shape::Ride, self.start),
        };
        let to = if shape == Shape::MissingExit { None } else { self.to.clone() };
        Leg {
            route: self.route.clone(),
            from: self.from.clone(),
            to,
            via: self.via.clone(),
            start,
            end: self.end,
            shape,
            rider: self.rider.clone(),
            medium: self.medium.clone(),
        }
    }
}

/// The files for these cases: few, most often one, each with the cases that fit together in it.
pub fn overlays(files: &Files, cases: &[Case]) -> Vec<Overlay> {
    let mut places = Places::read(files, cases);
    let mut routes = Routes::read(files);
    let mut drafted = Vec::with_capacity(cases.len());
    for case in cases {
        let mut unnamed = 0;
        let legs = case.legs.iter().map(|leg| draft(case, leg, &mut unnamed, &mut routes, &mut places));
        drafted.push(legs.collect::<Vec<Drafted>>());
    }
    let matrix = Matrix::read(files);
    let mut common = files.clone();
    routes.write(&mut common);
    places.write(&mut common);
    let mut groups: Vec<(Metres, Members)> = Vec::new();
    for (index, (case, legs)) in cases.iter().zip(drafted).enumerate() {
        let distances = places.stops_of(&case.distances);
        let fits = |known: &Metres| {
            distances.iter().all(|(pair, metres)| known.get(pair).is_none_or(|other| other == metres))
        };
        let place = groups.iter().position(|(known, _)| fits(known)).unwrap_or(groups.len());
        if place == groups.len() {
            groups.push((Metres::new(), Vec::new()));
        }
        if let Some((known, members)) = groups.get_mut(place) {
            known.extend(distances);
            members.push((index, legs));
        }
    }
    let overlay = |(distances, cases)| {
        let mut files = common.clone();
        matrix.write(&distances, &mut files);
        Overlay { files, cases }
    };
    groups.into_iter().map(overlay).collect()
}

fn draft(
    case: &Case,
    leg: &CaseLeg,
    unnamed: &mut usize,
    routes: &mut Routes,
    places: &mut Places,
) -> Drafted {
    if leg.route.is_none() {
        *unnamed += 1;
    }
    let route = routes.find(leg, *unnamed)?;
    Ok(Draft {
        route,
        from: places.find(&leg.from),
        to: places.find_end(&leg.to),
        via: leg.via.iter().filter_map(|place| places.find(place)).collect(),
        start: leg.start,
        end: leg.end,
        rider: case.rider.clone(),
        medium: case.medium.clone(),
    })
}

/// An id nobody has: the wish itself, or its beginning with a number from `from` on.
fn fresh(wish: &str, from: u64, taken: impl Fn(&str) -> bool) -> Text {
    // Four bytes a letter at most, and room for any number.
    const BEGINNING_CHARS: usize = 10;
    let clean = wish.replace(char::is_control, "");
    let beginning: String = clean.trim().chars().take(BEGINNING_CHARS).collect();
    let beginning = match beginning.trim() {
        "" => "unnamed",
        _ if clean.len() <= 4 * BEGINNING_CHARS => clean.trim(),
        beginning => beginning,
    };
    let mut id = Text::new(wish);
    let mut number = from;
    loop {
        match id {
            Some(free) if !taken(free.as_str()) => return free,
            _ => id = Text::new(&format!("{beginning}#{number}")),
        }
        number = number.wrapping_add(1);
    }
}
