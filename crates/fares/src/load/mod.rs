//! Files → policy. Everything that is wrong is found in one reading, and nothing that is wrong is ever used.

mod check;
mod head;
mod incomplete;
mod places;
mod products;
mod riders;
mod rules;
mod sheet;
mod times;

use crate::format::{FILES, IGNORED_FILES};
use crate::model::{Files, LoadError};
use crate::policy::Policy;
use primitives::{Canonical, Digest};
use sheet::Faults;

/// Reads one version of a city's policy, or says everything that is wrong with its files.
pub fn load(files: &Files) -> Result<Policy, Vec<LoadError>> {
    let mut faults = Faults::default();
    let policy = read(files, &mut faults);
    let warnings = faults.finish()?;
    match policy {
        Some(policy) => Ok(Policy { warnings, ..policy }),
        // Whatever keeps a part from being read is reported where it is read; this line is for a reader that forgot.
        None => Err(vec![LoadError {
            file: crate::format::FARE_POLICIES.name.into(),
            line: 0,
            field: String::new(),
            message: "the policy is not complete".into(),
        }]),
    }
}

fn read(files: &Files, faults: &mut Faults) -> Option<Policy> {
    check::file_names(files, faults);
    let head = head::read(files, faults);
    let parties = head::read_parties(files, faults);
    let places = places::read(files, &parties, head.zone, faults);
    let (frame_ids, timeframes) = times::read(files, faults);
    let (people, default_rider) = riders::read_categories(files, faults);
    let media = products::read_media(files, faults);
    let ids = Ids {
        parties: &parties,
        networks: &places.network_ids,
        areas: &places.area_ids,
        frames: &frame_ids,
        riders: &people.ids,
        media: &media.ids,
    };
    let (product_ids, products) = products::read(files, &ids, head.currency, default_rider, faults);
    let riders = riders::read(files, &ids, head.currency, default_rider, faults);
    let rules = rules::read(files, &ids, &product_ids, faults);
    let incomplete = incomplete::read(files, &ids, &product_ids, head.currency, faults);
    check::leftovers(&places, &product_ids, &rules, &incomplete, faults);
    Some(Policy {
        id: head.id?,
        digest: digest(files),
        currency: head.currency?,
        day_rule: head.day_rule?,
        valid_from: head.valid_from?,
        valid_until: head.valid_until,
        warnings: Vec::new(),
        parties: parties.into_list(),
        network_ids: places.network_ids,
        route_ids: places.route_ids,
        routes: places.routes,
        stop_ids: places.stop_ids,
        stops: places.stops,
        timeframes,
        rider_ids: people.ids,
        rider_names: people.names,
        default_rider: default_rider?,
        medium_ids: media.ids,
        medium_names: media.names,
        product_ids,
        products,
        riders,
        rules: rules.index,
        incomplete,
    })
}

/// The ids that later files refer to.
struct Ids<'a> {
    parties: &'a head::Parties,
    networks: &'a crate::names::Names,
    areas: &'a crate::names::Names,
    frames: &'a crate::names::Names,
    riders: &'a crate::names::Names,
    media: &'a crate::names::Names,
}

/// A small table of ids with names for people.
struct Named {
    ids: crate::names::Names,
    names: Vec<String>,
}

/// Digest of the files that are read, by name.
fn digest(files: &Files) -> Digest {
    let mut bytes = Canonical::tagged("farehouse/fare-policy");
    for (name, content) in files {
        if FILES.iter().any(|spec| spec.name == name) && !IGNORED_FILES.contains(&name.as_str()) {
            bytes.text(name).bytes(content);
        }
    }
    bytes.digest()
}
