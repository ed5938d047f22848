//! Checks over files as a whole: names of files, and parts that no other part uses.

use super::Common;
use super::places::Places;
use super::rules::{Rules, Said};
use super::sheet::{Faults, Sheet};
use crate::format::{
    FARE_LEG_RULES, FARE_PASSES, FARE_PRODUCTS, FARE_TRANSFER_RULES, FARE_WINDOWS, FILES, IGNORED_FILES,
    NETWORKS,
};
use crate::incomplete::{Charge, Incomplete};
use crate::model::Files;
use crate::products::Products;
use crate::rules::Cell;
use crate::transfers::{self, Transfers};
use primitives::Minor;
use std::collections::BTreeMap;

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
    common: &Common<'_>,
    places: &Places,
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
    let mut unreached = |said: &Said, column: &str, message: &str| {
        let message = format!("the rule is never reached: {message}");
        faults.warn(FARE_LEG_RULES.name, said.line, column, message);
    };
    for said in &rules.said {
        for (column, area) in [("from_area_id", said.cell.from), ("to_area_id", said.cell.to)] {
            if area.is_some_and(|area| !stopped[area as usize]) {
                unreached(said, column, "no stop lies in the area");
            }
        }
        if said.cell.network.is_some_and(|network| !travelled[network as usize]) {
            unreached(said, "network_id", "no route lies there");
        }
    }
    for (said, line) in hidden(&rules.said) {
        let message = format!("line {line} matches wherever it does, and has the higher priority");
        unreached(said, "rule_priority", &message);
    }
    unsold(common, rules, incomplete, faults);
}

/// Rules that another one hides, with its line. An unconditional rule hides every rule of a lower priority that
/// restricts the same fields to the same values, and others besides. Without priorities no rule hides another.
fn hidden(said: &[Said]) -> Vec<(&Said, u64)> {
    let lowest = said.iter().map(|said| said.priority).min();
    let mut highest: BTreeMap<Cell, (u32, u64)> = BTreeMap::new();
    for said in said.iter().filter(|said| said.always && Some(said.priority) > lowest) {
        let held = highest.entry(said.cell).or_insert((said.priority, said.line));
        *held = (*held).max((said.priority, said.line));
    }
    if highest.is_empty() {
        return Vec::new();
    }
    let wider = |cell: Cell| {
        (0_u8..8).map(move |form| Cell {
            network: cell.network.filter(|_| form & 1 != 0),
            from: cell.from.filter(|_| form & 2 != 0),
            to: cell.to.filter(|_| form & 4 != 0),
        })
    };
    let by = |said: &Said| {
        let found = wider(said.cell).filter_map(|cell| highest.get(&cell));
        found.filter(|(priority, _)| *priority > said.priority).map(|(_, line)| *line).min()
    };
    said.iter().filter_map(|said| Some((said, by(said)?))).collect()
}

/// Products that nothing sells.
fn unsold(common: &Common<'_>, rules: &Rules, incomplete: &Incomplete, faults: &mut Faults) {
    let products = common.ids.products;
    let mut sold = vec![false; products.len()];
    for said in &rules.said {
        sold[said.product as usize] = true;
    }
    for row in &incomplete.rows {
        if let Charge::Product(product) = row.charge {
            sold[product as usize] = true;
        }
    }
    for spec in [FARE_TRANSFER_RULES, FARE_PASSES] {
        // What is wrong with the file is said when it is read.
        let sheet = Sheet::read(common.files, spec, &mut Faults::default());
        let column = sheet.column("fare_product_id");
        for product in sheet.rows().filter_map(|row| products.find(row.get(column))) {
            sold[product as usize] = true;
        }
    }
    for (number, _) in (0_u32..).zip(&sold).filter(|(_, sold)| !**sold) {
        let product = products.get(number);
        faults.warn(FARE_PRODUCTS.name, 0, "fare_product_id", format!("no rule sells product `{product}`"));
    }
}

/// A product below zero is a discount on a transfer and nothing else.
pub(super) fn products(
    common: &Common<'_>,
    products: &Products,
    rules: &Rules,
    incomplete: &Incomplete,
    faults: &mut Faults,
) {
    let negative = |product: u32| products.rows(product).iter().any(|row| row.amount.is_negative());
    let negative: Vec<bool> = (0_u32..).take(common.ids.products.len()).map(negative).collect();
    if !negative.contains(&true) {
        return;
    }
    let message = "costs less than nothing; only a transfer rule sells such a product";
    for said in rules.said.iter().filter(|said| negative[said.product as usize]) {
        faults.error(FARE_LEG_RULES.name, said.line, "fare_product_id", format!("the product {message}"));
    }
    for row in &incomplete.rows {
        if let Charge::Product(product) = row.charge
            && negative[product as usize]
        {
            faults.error(
                crate::format::INCOMPLETE_JOURNEYS.name,
                0,
                "fare_product_id",
                format!("product `{}` {message}", common.ids.products.get(product)),
            );
        }
    }
    let sheet = Sheet::read(common.files, FARE_PASSES, &mut Faults::default());
    let column = sheet.column("fare_product_id");
    for row in sheet.rows() {
        if common.ids.products.find(row.get(column)).is_some_and(|product| negative[product as usize]) {
            row.error(column, format!("the product {message}"), faults);
        }
    }
}

/// The least and the most that rows of a product cost; nothing without rows.
fn range(products: &Products, product: u32) -> Option<(Minor, Minor)> {
    let amounts = || products.rows(product).iter().map(|row| row.amount);
    amounts().min().zip(amounts().max())
}

/// Transfer rules that no ride can use, or that could be used too well.
pub(super) fn transfers(
    common: &Common<'_>,
    transfers: &Transfers,
    products: &Products,
    rules: &Rules,
    faults: &mut Faults,
) {
    let file = FARE_TRANSFER_RULES.name;
    for row in transfers.rows() {
        let legs =
            |after: bool| rules.said.iter().filter(move |said| transfers.row_takes(row, said.group, after));
        for (after, column) in [(false, "from_leg_group_id"), (true, "to_leg_group_id")] {
            if legs(after).next().is_none() {
                let message = "the rule is never reached: every leg group is listed in this column";
                faults.warn(file, row.line, column, message);
            }
        }
        let both = |said: &Said| legs(true).any(|other| other.product == said.product);
        if row.same_product && !legs(false).any(both) {
            let message = "the rule is never reached: no product is sold both before and after the change";
            faults.warn(file, row.line, "fare_product_behavior", message);
        }
        let bought = |product: u32| {
            rules.said.iter().any(|said| said.product == product)
                || transfers.rows().iter().any(|other| other.product == Some(product))
        };
        if row.filter.is_some_and(|product| !bought(product)) {
            let message = "the rule is never reached: no rule sells this product on the way";
            faults.warn(file, row.line, "filter_fare_product_id", message);
        }
        let dearer = row
            .product
            .and_then(|product| range(products, product))
            .is_some_and(|(least, _)| least.is_positive());
        let forced = row.compulsory || legs(true).any(|said| said.transfer_only);
        if row.charge == transfers::Charge::TransferAndLeg && dearer && !forced {
            let message = "the rule is never used: the legs cost less one by one, and it is not compulsory";
            faults.warn(file, row.line, "fare_product_id", message);
        }
        let least = |after: bool| {
            legs(after).filter_map(|said| range(products, said.product)).map(|(least, _)| least).min()
        };
        if may_sink(row, products, least(false), least(true)) {
            let message = "the legs may cost less than nothing together";
            faults.warn(file, row.line, "fare_product_id", message);
        }
    }
    let windows = common.files.contains_key(FARE_WINDOWS.name);
    for said in rules.said.iter().filter(|said| said.transfer_only && !windows) {
        if !transfers.rows().iter().any(|row| transfers.row_takes(row, said.group, true)) {
            let message = "the rule is never used: no transfer leads to its leg group";
            faults.warn(FARE_LEG_RULES.name, said.line, "transfer_only", message);
        }
    }
}

/// True when what two legs cost together can be below zero, or sinks with every further leg.
fn may_sink(row: &transfers::Row, products: &Products, before: Option<Minor>, after: Option<Minor>) -> bool {
    let Some((discount, _)) = row.product.and_then(|product| range(products, product)) else { return false };
    let (before, after) = (before.unwrap_or(Minor::ZERO), after.unwrap_or(Minor::ZERO));
    let each = match row.charge {
        transfers::Charge::Transfer | transfers::Charge::Both => Some(discount),
        transfers::Charge::TransferAndLeg => discount.plus(after).ok(),
    };
    let first = match row.charge {
        transfers::Charge::Both => Some(Minor::ZERO),
        transfers::Charge::Transfer | transfers::Charge::TransferAndLeg => Some(before),
    };
    let repeats = row.key.0 == row.key.1 && row.count != Some(1);
    let total = each.zip(first).and_then(|(each, first)| first.plus(each).ok());
    total.is_some_and(Minor::is_negative) || repeats && each.is_some_and(Minor::is_negative)
}
