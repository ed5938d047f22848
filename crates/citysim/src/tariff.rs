//! What a ride costs, read plainly from the policy files: the city's own sum, made without the fare engine.
//!
//! It knows flat prices per network, station-to-station prices, reductions by rider category, and what an incomplete
//! ride costs. A policy that needs more than that is refused here, because a wrong answer would be worse than none.

use crate::SimError;
use crate::city::City;
use crate::table::{Row, Table};
use primitives::{Currency, Minor, PartyNo, Text};
use std::collections::BTreeMap;

/// The price of one ride.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// The full price.
    pub(crate) gross: Minor,
    /// What the rider pays of it.
    pub(crate) rider: Minor,
    /// Who pays the rest.
    pub(crate) funder: Option<PartyNo>,
}

/// Which ends of a gated ride were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ends {
    Both,
    NoExit,
    NoEntry,
}

/// Where the ride went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way<'a> {
    /// A boarding at a flat price.
    Boarding,
    /// A gated ride.
    Gated { from: &'a Text, to: &'a Text, ends: Ends },
}

/// The policy's prices.
#[derive(Debug, Default)]
pub(crate) struct Tariff {
    /// (network, from area, to area) → product; both areas are empty for a flat price.
    rules: BTreeMap<(String, String, String), String>,
    /// Stop → its areas.
    areas: BTreeMap<String, Vec<String>>,
    /// (product, rider category, medium) → amount and who pays the rest; an empty category or medium means any.
    prices: BTreeMap<(String, String, String), (Minor, Option<PartyNo>)>,
    /// (rider category, network) → reduction; an empty network means any.
    reductions: BTreeMap<(String, String), Reduction>,
    /// (network, kind) → what an incomplete ride costs, and whether reductions hold for it.
    incomplete: BTreeMap<(String, String), (Charge, bool)>,
    adult: String,
}

#[derive(Debug, Clone, Default)]
struct Reduction {
    base: String,
    minus: Minor,
    basis_points: i64,
    rounding: Round,
    /// Rounded to multiples of so many minor units.
    coin: i64,
    fixed: Option<Minor>,
    funder: Option<PartyNo>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Round {
    #[default]
    Exact,
    HalfUp,
    Down,
    Up,
}

/// A whole, in basis points.
const WHOLE: i64 = 10_000;

#[derive(Debug, Clone)]
enum Charge {
    Farthest,
    Product(String),
    Amount(Minor),
}

/// Columns of leg rules that ask for more than network and stations.
const CONDITIONS: [&str; 8] = [
    "from_timeframe_group_id",
    "to_timeframe_group_id",
    "min_distance_units",
    "max_distance_units",
    "within_area_set_id",
    "via_area_id",
    "filter_fare_product_id",
    "transfer_only",
];

impl Tariff {
    /// Reads the policy files.
    pub(crate) fn read(files: &fares::Files, city: &City) -> Result<Tariff, SimError> {
        let mut tariff = Tariff { adult: city.adult.to_string(), ..Tariff::default() };
        for row in Table::read_if_there(files, "stop_areas.txt")?.rows() {
            tariff
                .areas
                .entry(row.need("stop_id")?.to_owned())
                .or_default()
                .push(row.need("area_id")?.to_owned());
        }
        for row in Table::read(files, "fare_leg_rules.txt")?.rows() {
            refuse_filled(&row, &CONDITIONS)?;
            if !matches!(row.get("rule_priority"), "" | "0") {
                return Err(
                    row.wrong("rule_priority", "ranks rules, which citysim's plain reader does not know")
                );
            }
            let field = |column: &str| row.get(column).to_owned();
            let key = (field("network_id"), field("from_area_id"), field("to_area_id"));
            if tariff.rules.insert(key, row.need("fare_product_id")?.to_owned()).is_some() {
                return Err(
                    row.wrong("network_id", "has two rules for one ride, which citysim does not know")
                );
            }
        }
        for row in Table::read(files, "fare_products.txt")?.rows() {
            let field = |column: &str| row.get(column).to_owned();
            let key =
                (row.need("fare_product_id")?.to_owned(), field("rider_category_id"), field("fare_media_id"));
            let price = amount(&row, "amount", city.currency)?.unwrap_or_default();
            tariff.prices.insert(key, (price, party(&row, city)?));
        }
        tariff.read_reductions(files, city)?;
        tariff.read_incomplete(files, city)?;
        Ok(tariff)
    }

    fn read_reductions(&mut self, files: &fares::Files, city: &City) -> Result<(), SimError> {
        for row in Table::read_if_there(files, "rider_discounts.txt")?.rows() {
            refuse_filled(&row, &["timeframe_group_id", "min_amount", "max_amount"])?;
            let reduction = Reduction {
                base: row.get("base_rider_category_id").to_owned(),
                minus: amount(&row, "minus_amount", city.currency)?.unwrap_or_default(),
                basis_points: row.number("multiply_percent")?.unwrap_or(WHOLE),
                rounding: match row.get("rounding_mode") {
                    "" => Round::Exact,
                    "half_up" => Round::HalfUp,
                    "down" => Round::Down,
                    "up" => Round::Up,
                    _ => return Err(row.wrong("rounding_mode", "is not one citysim knows")),
                },
                coin: row.number("rounding_step")?.unwrap_or(1).max(1),
                fixed: amount(&row, "fixed_amount", city.currency)?,
                funder: Some(party(&row, city)?.ok_or_else(|| row.wrong("funded_by", "is empty"))?),
            };
            let key = (row.need("rider_category_id")?.to_owned(), row.get("network_id").to_owned());
            if self.reductions.insert(key, reduction).is_some() {
                return Err(row.wrong("rider_category_id", "has two steps, which citysim does not know"));
            }
        }
        Ok(())
    }

    fn read_incomplete(&mut self, files: &fares::Files, city: &City) -> Result<(), SimError> {
        for row in Table::read_if_there(files, "incomplete_journeys.txt")?.rows() {
            let kind = row.need("kind")?;
            if !matches!(kind, "missing_exit" | "missing_entry") {
                continue;
            }
            let conditions =
                ["timeframe_group_id", "rider_category_id", "fare_media_id", "within_area_set_id"];
            refuse_filled(&row, &conditions)?;
            let charge = match row.need("charge")? {
                "farthest" => Charge::Farthest,
                "product" => Charge::Product(row.need("fare_product_id")?.to_owned()),
                "amount" => Charge::Amount(amount(&row, "amount", city.currency)?.unwrap_or_default()),
                "zero" => Charge::Amount(Minor::ZERO),
                _ => return Err(row.wrong("charge", "is not one citysim knows")),
            };
            let key = (row.get("network_id").to_owned(), kind.to_owned());
            self.incomplete.insert(key, (charge, row.get("discountable") != "0"));
        }
        Ok(())
    }

    /// The price of one ride, or `None` when the policy gives none.
    pub(crate) fn price(&self, network: &str, way: Way<'_>, rider: &Text, medium: &Text) -> Option<Price> {
        let asker = Asker { network, rider: rider.as_str(), medium: medium.as_str() };
        match way {
            Way::Boarding => self.ruled("", "", asker),
            Way::Gated { from, to, ends: Ends::Both } => {
                let areas = |stop: &Text| self.areas.get(stop.as_str()).map_or(&[][..], Vec::as_slice);
                let mut found = None;
                for from in areas(from) {
                    for to in areas(to) {
                        found = found.or_else(|| self.ruled(from, to, asker));
                    }
                }
                found
            }
            Way::Gated { from, ends: Ends::NoExit, .. } => self.unfinished("missing_exit", from, asker),
            Way::Gated { to, ends: Ends::NoEntry, .. } => self.unfinished("missing_entry", to, asker),
        }
    }

    fn ruled(&self, from: &str, to: &str, asker: Asker<'_>) -> Option<Price> {
        let key = (asker.network.to_owned(), from.to_owned(), to.to_owned());
        self.sold(self.rules.get(&key)?, asker)
    }

    fn unfinished(&self, kind: &str, stop: &Text, asker: Asker<'_>) -> Option<Price> {
        let rows = [asker.network, ""];
        let mut rows = rows.iter().map(|network| ((*network).to_owned(), kind.to_owned()));
        let (charge, discountable) = rows.find_map(|key| self.incomplete.get(&key))?;
        let asker = if *discountable { asker } else { Asker { rider: &self.adult, ..asker } };
        match charge {
            Charge::Amount(amount) => self.reduced(*amount, asker),
            Charge::Product(product) => self.sold(product, asker),
            Charge::Farthest => {
                let areas = self.areas.get(stop.as_str())?;
                let of_stop = |(network, from, to): &(String, String, String)| {
                    network == asker.network && areas.contains(if kind == "missing_exit" { from } else { to })
                };
                let rules = self.rules.iter().filter(|(key, _)| of_stop(key));
                rules.filter_map(|(_, product)| self.sold(product, asker)).max_by_key(|price| price.gross)
            }
        }
    }

    /// A product's price: a row made for the rider, else the rider's reduction, else a row for anybody.
    fn sold(&self, product: &str, asker: Asker<'_>) -> Option<Price> {
        let row = |rider: &str| {
            let key = |medium: &str| (product.to_owned(), rider.to_owned(), medium.to_owned());
            self.prices.get(&key(asker.medium)).or_else(|| self.prices.get(&key(""))).copied()
        };
        if let Some((rider, funder)) = row(asker.rider) {
            let Some(funder) = funder.filter(|_| asker.rider != self.adult) else {
                return Some(Price { gross: rider, rider, funder: None });
            };
            let full = self.sold(product, Asker { rider: &self.adult, ..asker })?.gross.max(rider);
            return Some(Price { gross: full, rider, funder: Some(funder).filter(|_| full != rider) });
        }
        if let Some(reduction) = self.reduction(asker) {
            let base = self.sold(product, Asker { rider: reduction.base(&self.adult), ..asker })?;
            return reduction.of(base.gross);
        }
        row("").map(|(amount, _)| Price { gross: amount, rider: amount, funder: None })
    }

    fn reduced(&self, amount: Minor, asker: Asker<'_>) -> Option<Price> {
        match self.reduction(asker) {
            Some(reduction) => reduction.of(amount),
            None => Some(Price { gross: amount, rider: amount, funder: None }),
        }
    }

    fn reduction(&self, asker: Asker<'_>) -> Option<&Reduction> {
        let mut networks = [asker.network, ""].into_iter();
        networks.find_map(|network| self.reductions.get(&(asker.rider.to_owned(), network.to_owned())))
    }
}

/// Who asks for a price, on which network.
#[derive(Debug, Clone, Copy)]
struct Asker<'a> {
    network: &'a str,
    rider: &'a str,
    medium: &'a str,
}

impl Reduction {
    fn base<'a>(&'a self, adult: &'a str) -> &'a str {
        if self.base.is_empty() { adult } else { &self.base }
    }

    /// A full price shared between the rider and the funder.
    fn of(&self, gross: Minor) -> Option<Price> {
        let share = match self.fixed {
            Some(fixed) => fixed,
            None => {
                let scaled = gross.minus(self.minus).ok()?.units().checked_mul(self.basis_points)?;
                let coins = WHOLE.checked_mul(self.coin)?;
                let (whole, rest) = (scaled.div_euclid(coins), scaled.rem_euclid(coins));
                let up = match self.rounding {
                    // The format wants a way to round wherever a rest is possible.
                    Round::Exact if rest != 0 => return None,
                    Round::Exact | Round::Down => false,
                    Round::Up => rest > 0,
                    Round::HalfUp => rest.checked_mul(2)? >= coins,
                };
                Minor::new(self.coin).times(whole + i64::from(up)).ok()?
            }
        };
        let rider = share.clamp(Minor::ZERO, gross);
        Some(Price { gross, rider, funder: self.funder.filter(|_| rider != gross) })
    }
}

fn party(row: &Row<'_>, city: &City) -> Result<Option<PartyNo>, SimError> {
    let id = row.get("funded_by");
    let party = city.parties.iter().find(|party| party.id.as_str() == id);
    match party {
        None if !id.is_empty() => Err(row.wrong("funded_by", "is not a party")),
        party => Ok(party.map(|party| party.no)),
    }
}

fn amount(row: &Row<'_>, column: &str, currency: Currency) -> Result<Option<Minor>, SimError> {
    match row.get(column) {
        "" => Ok(None),
        text => currency.parse_amount(text).map(Some).map_err(|_| row.wrong(column, "is not an amount")),
    }
}

fn refuse_filled(row: &Row<'_>, columns: &[&str]) -> Result<(), SimError> {
    match columns.iter().find(|column| !row.get(column).is_empty()) {
        Some(column) => Err(row.wrong(column, "is filled, which citysim's plain reader does not know")),
        None => Ok(()),
    }
}
