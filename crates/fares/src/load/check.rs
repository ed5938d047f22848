//! Checks over files as a whole: names of files, and parts that no other part uses.

use super::Common;
use super::places::Places;
use super::rules::{Rules, Said};
use super::sheet::{Faults, Sheet};
use crate::format::{
    FARE_LEG_RULES, FARE_PASSES, FARE_PRODUCTS, FARE_TRANSFER_RULES, FARE_WINDOWS, FILES, IGNORED_FILES,
    NETWORKS,
};
use crate::incomplete::{self, Incomplete};
use crate::model::Files;
use crate::products::Products;
use crate::rules::Cell;
use crate::transfers::{self, Charge, Transfers};
use primitives::Minor;
use std::collections::{BTreeMap, BTreeSet};

/// A file of rules that is not read would price rides wrongly in silence.
pub(super) fn file_names(files: &Files, faults: &mut Faults) {
    for name in files.keys().filter(|name| name.ends_with(".txt")) {
        let known = FILES.iter().any(|spec| spec.name == name) || IGNORED_FILES.contains(&name.as_str());
        if !known {
            faults.error(name, 0, "", "the file is not part of the format that is read");
        }
    }
}

/// What can be said once every file is read.
pub(super) fn whole(
    common: &Common<'_>,
    places: &Places,
    products: &Products,
    rules: &Rules,
    incomplete: &Incomplete,
    between: &Transfers,
    faults: &mut Faults,
) {
    leftovers(common, places, rules, incomplete, faults);
    discounts(common, products, rules, incomplete, faults);
    transfers(common, between, products, rules, faults);
}

/// Parts that stand in the files and reach nothing: warnings, because a policy may be prepared step by step.
fn leftovers(
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
        if let incomplete::Charge::Product(product) = row.charge {
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
fn discounts(
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
        if let incomplete::Charge::Product(product) = row.charge
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

/// What the leg rules of one group sell.
#[derive(Default)]
struct Group {
    /// The lowest price of a leg.
    least: Option<Minor>,
    /// True when a rule sells only after a change.
    after_change: bool,
    products: BTreeSet<u32>,
}

/// The lowest amount in the rows of a product; nothing without rows.
fn least_amount(products: &Products, product: u32) -> Option<Minor> {
    products.rows(product).iter().map(|row| row.amount).min()
}

fn groups(rules: &Rules, products: &Products) -> BTreeMap<Option<u32>, Group> {
    let mut groups: BTreeMap<Option<u32>, Group> = BTreeMap::new();
    for said in &rules.said {
        let group = groups.entry(said.group).or_default();
        group.after_change |= said.transfer_only;
        if group.products.insert(said.product) {
            let price = least_amount(products, said.product);
            group.least = [group.least, price].into_iter().flatten().min();
        }
    }
    groups
}

/// Transfer rules that no ride can use, or that could be used too well.
fn transfers(
    common: &Common<'_>,
    transfers: &Transfers,
    products: &Products,
    rules: &Rules,
    faults: &mut Faults,
) {
    let groups = groups(rules, products);
    let bought = transfers.rows().iter().filter_map(|row| row.product);
    let bought: BTreeSet<u32> = bought.chain(rules.said.iter().map(|said| said.product)).collect();
    for row in transfers.rows() {
        let side = |after: bool| -> Vec<&Group> {
            let of = |(group, _): &(&Option<u32>, &Group)| transfers.row_takes(row, **group, after);
            groups.iter().filter(of).map(|(_, group)| group).collect()
        };
        let mut warn = |column: &str, message: &str| {
            faults.warn(FARE_TRANSFER_RULES.name, row.line, column, message);
        };
        let (before, after) = (side(false), side(true));
        for (side, column) in [(&before, "from_leg_group_id"), (&after, "to_leg_group_id")] {
            if side.is_empty() {
                warn(column, "the rule is never reached: every leg group is listed in this column");
            }
        }
        let shared = |group: &&Group| after.iter().any(|other| !group.products.is_disjoint(&other.products));
        if row.same_product && !before.iter().any(shared) {
            let message = "the rule is never reached: no product is sold both before and after the change";
            warn("fare_product_behavior", message);
        }
        if row.filter.is_some_and(|product| !bought.contains(&product)) {
            let message = "the rule is never reached: no rule sells this product on the way";
            warn("filter_fare_product_id", message);
        }
        let price = row.product.and_then(|product| least_amount(products, product));
        let forced = row.compulsory || after.iter().any(|group| group.after_change);
        if row.charge == Charge::TransferAndLeg && price.is_some_and(Minor::is_positive) && !forced {
            let message = "the rule is never used: the legs cost less one by one, and it is not compulsory";
            warn("fare_product_id", message);
        }
        let least = |side: &[&Group]| side.iter().filter_map(|group| group.least).min();
        if price.is_some_and(|price| may_sink(row, price, least(&before), least(&after))) {
            warn("fare_product_id", "the legs may cost less than nothing together");
        }
    }
    unled(common, transfers, rules, faults);
}

/// Leg rules for after a change that no change leads to. A window is a change too.
fn unled(common: &Common<'_>, transfers: &Transfers, rules: &Rules, faults: &mut Faults) {
    if common.files.contains_key(FARE_WINDOWS.name) {
        return;
    }
    for said in rules.said.iter().filter(|said| said.transfer_only) {
        if !transfers.rows().iter().any(|row| transfers.row_takes(row, said.group, true)) {
            let message = "the rule is never used: no transfer leads to its leg group";
            faults.warn(FARE_LEG_RULES.name, said.line, "transfer_only", message);
        }
    }
}

/// True when what two legs cost together can be below zero, or sinks with every further leg.
fn may_sink(row: &transfers::Row, price: Minor, before: Option<Minor>, after: Option<Minor>) -> bool {
    let (before, after) = (before.unwrap_or(Minor::ZERO), after.unwrap_or(Minor::ZERO));
    let (first, each) = match row.charge {
        Charge::Transfer => (before, Ok(price)),
        Charge::TransferAndLeg => (before, price.plus(after)),
        Charge::Both => (Minor::ZERO, Ok(price)),
    };
    let sinks = each.is_ok_and(Minor::is_negative);
    let repeats = row.key.0 == row.key.1 && row.count != Some(1);
    repeats && sinks || each.and_then(|each| first.plus(each)).is_ok_and(Minor::is_negative)
}
