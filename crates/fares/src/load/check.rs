//! Checks over files as a whole: names of files, and parts that no other part uses.

use super::places::Places;
use super::rules::Rules;
use super::sheet::Faults;
use crate::format::{FARE_LEG_RULES, FARE_PRODUCTS, FILES, IGNORED_FILES, NETWORKS};
use crate::incomplete::{Charge, Incomplete};
use crate::model::Files;
use crate::names::Names;

/// A file of rules that is not read would price rides wrongly in silence.
pub(super) fn file_names(files: &Files, faults: &mut Faults) {
    for name in files.keys().filter(|name| name.ends_with(".txt")) {
        let known = FILES.iter().any(|spec| spec.name == name) || IGNORED_FILES.contains(&name.as_str());
        if !known {
            faults.error(name, 0, "", "the file is not part of the format that is read");
        }
    }
}

/// Parts that stand in the files and reach nothing: warnings, because a policy may be prepared step by step.
pub(super) fn leftovers(
    places: &Places,
    products: &Names,
    rules: &Rules,
    incomplete: &Incomplete,
    faults: &mut Faults,
) {
    let mut travelled = vec![false; places.network_ids.len()];
    for network in places.routes.iter().filter_map(|route| route.network) {
        travelled[network as usize] = true;
    }
    for (number, _) in (0_u32..).zip(&travelled).filter(|(_, used)| !**used) {
        let network = places.network_ids.get(number);
        faults.warn(NETWORKS.name, 0, "network_id", format!("no route lies in network `{network}`"));
    }
    let mut stopped = vec![false; places.area_ids.len()];
    for area in places.stops.iter().flat_map(|stop| &stop.areas) {
        stopped[*area as usize] = true;
    }
    for (cell, line) in &rules.named {
        for (column, area) in [("from_area_id", cell.from), ("to_area_id", cell.to)] {
            if area.is_some_and(|area| !stopped[area as usize]) {
                faults.warn(
                    FARE_LEG_RULES.name,
                    *line,
                    column,
                    "the rule is never reached: no stop lies in the area",
                );
            }
        }
        if cell.network.is_some_and(|network| !travelled[network as usize]) {
            faults.warn(
                FARE_LEG_RULES.name,
                *line,
                "network_id",
                "the rule is never reached: no route lies there",
            );
        }
    }
    let charged = |product: u32| {
        incomplete.rows.iter().any(|row| matches!(row.charge, Charge::Product(only) if only == product))
    };
    for (number, _) in (0_u32..).zip(&rules.sold).filter(|(number, sold)| !**sold && !charged(*number)) {
        let product = products.get(number);
        faults.warn(FARE_PRODUCTS.name, 0, "fare_product_id", format!("no rule sells product `{product}`"));
    }
}
