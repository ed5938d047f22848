//! Files → policy. Everything that is wrong is found in one reading, and nothing that is wrong is ever used.

mod campaigns;
mod caps;
mod check;
mod distance;
mod eligibility;
mod head;
mod incomplete;
mod joins;
mod labels;
mod passes;
mod places;
mod products;
mod rebates;
mod riders;
mod rules;
mod selectors;
mod shares;
mod sheet;
mod steps;
mod surcharges;
mod times;
mod transfers;
mod windows;

use crate::farthest::Farthest;
use crate::format::{FILES, IGNORED_FILES};
use crate::labels::Labels;
use crate::model::{Files, LoadError};
use crate::names::Names;
use crate::policy::Policy;
use primitives::{Canonical, Currency, Digest};
use sheet::Faults;
use std::collections::BTreeMap;

/// Reads one version of a city's policy, or says everything that is wrong with its files.
pub fn load(files: &Files) -> Result<Policy, Vec<LoadError>> {
    let mut faults = Faults::default();
    check::file_names(files, &mut faults);
    let policy = read(files, &mut faults);
    let labels = labels::read(files, &mut faults);
    let warnings = faults.finish()?;
    match policy {
        Some(mut policy) => {
            policy.incomplete.farthest = Farthest::room(&policy);
            Ok(Policy { warnings, labels, ..policy })
        }
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
    let head = head::read(files, faults);
    let parties = head::read_parties(files, faults);
    let places = places::read(files, &parties, head.zone, faults);
    let (service_ids, frame_ids, timeframes) = times::read(files, &places.stops, faults);
    let (people, default_rider) = riders::read_categories(files, faults);
    let media = products::read_media(files, faults);
    let (product_ids, group_ids) = (products::declared(files), rules::declared_groups(files));
    let ids = Ids {
        parties: &parties,
        agencies: &places.agencies,
        networks: &places.network_ids,
        routes: &places.route_ids,
        stops: &places.stop_ids,
        areas: &places.area_ids,
        frames: &frame_ids,
        services: &service_ids,
        riders: &people.ids,
        media: &media.ids,
        products: &product_ids,
        groups: &group_ids,
    };
    let sets = selectors::read(files, &ids, faults);
    let common = Common { files, ids: &ids, sets: &sets, currency: head.currency, default_rider };
    let products = products::read(files, &ids, head.currency, default_rider, faults);
    let (riders, rules) = (riders::read(&common, faults), rules::read(&common, faults));
    let incomplete = incomplete::read(&common, faults);
    let distances = distance::read(&common, &products, faults);
    let (joins, windows) = (joins::read(&common, faults), windows::read(&common, faults));
    let (transfers, surcharges) = (transfers::read(&common, faults), surcharges::read(&common, faults));
    let campaigns = campaigns::read(&common, &timeframes, faults);
    let (caps, rebates) = (caps::read(&common, faults), rebates::read(&common, faults));
    let passes = passes::read(&common, head.day_rule, faults);
    passes::check_rules(&passes, &rules.said, faults);
    let named = shares::Named { windows: &windows, campaigns: &campaigns, passes: &passes };
    let shares = shares::read(&common, &named, faults);
    check::whole(&common, &places, &products, &rules, &incomplete, &transfers, faults);
    Some(Policy {
        id: head.id?,
        digest: digest(files),
        currency: head.currency?,
        day_rule: head.day_rule?,
        valid_from: head.valid_from?,
        valid_until: head.valid_until,
        passback: head.passback,
        debt_allowed: head.debt_allowed,
        warnings: Vec::new(),
        parties: parties.into_list(),
        network_ids: places.network_ids,
        route_ids: places.route_ids,
        routes: places.routes,
        stop_ids: places.stop_ids,
        stops: places.stops,
        area_ids: places.area_ids,
        frame_ids,
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
        group_ids,
        distances,
        joins,
        windows,
        transfers,
        surcharges,
        campaigns,
        caps,
        rebates,
        passes,
        shares,
        labels: Labels::default(),
    })
}

/// The ids that later files refer to.
struct Ids<'a> {
    parties: &'a head::Parties,
    /// Party numbers by agency id.
    agencies: &'a BTreeMap<String, u32>,
    networks: &'a Names,
    routes: &'a Names,
    stops: &'a Names,
    areas: &'a Names,
    frames: &'a Names,
    services: &'a Names,
    riders: &'a Names,
    media: &'a Names,
    products: &'a Names,
    groups: &'a Names,
}

/// What every reader of a later file needs.
struct Common<'a> {
    files: &'a Files,
    ids: &'a Ids<'a>,
    sets: &'a selectors::Sets,
    currency: Option<Currency>,
    default_rider: Option<u32>,
}

/// A small table of ids with names for people.
struct Named {
    ids: Names,
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
