//! Fare products: what a product costs a rider on a medium, before any formula.

use primitives::{Minor, PartyNo, Text};
use std::cmp::Ordering;

/// One row of `fare_products.txt`.
#[derive(Debug, Clone)]
pub(crate) struct ProductRow {
    /// The rider it is for; empty for any.
    pub(crate) rider: Option<u32>,
    /// The medium it is sold on; empty for any.
    pub(crate) medium: Option<u32>,
    pub(crate) amount: Minor,
    /// Who pays the difference to the default rider's price.
    pub(crate) funder: Option<PartyNo>,
    pub(crate) id: Text,
}

/// The rows of every product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Products {
    starts: Vec<u32>,
    rows: Vec<ProductRow>,
}

impl Products {
    /// The rows of `count` products; each row comes with its product's number.
    pub(crate) fn build(count: usize, mut rows: Vec<(u32, ProductRow)>) -> Self {
        rows.sort_by_key(|(product, row)| (*product, row.rider, row.medium));
        let starts =
            (0..=count).map(|product| rows.partition_point(|(of, _)| (*of as usize) < product) as u32);
        Products { starts: starts.collect(), rows: rows.into_iter().map(|(_, row)| row).collect() }
    }

    /// The rows of one product.
    pub(crate) fn rows(&self, product: u32) -> &[ProductRow] {
        let at = product as usize;
        &self.rows[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// The cheapest row for exactly this rider (`None`: a row for any rider) that the medium may use. A row without
    /// a medium serves every medium; at one price the row that names the medium wins.
    pub(crate) fn row(&self, product: u32, rider: Option<u32>, medium: u32) -> Option<&ProductRow> {
        let rows = self.rows(product);
        // Rows for any rider stand first: most products have no others.
        if rider.is_some() && rows.last().is_none_or(|row| row.rider.is_none()) {
            return None;
        }
        let of_rider = between(rows, |row| row.rider.cmp(&rider));
        let of_medium = |medium: Option<u32>| between(of_rider, move |row| row.medium.cmp(&medium));
        let fitting = of_medium(None).iter().chain(of_medium(Some(medium)));
        fitting.min_by_key(|row| (row.amount, row.medium.is_none()))
    }
}

/// The rows of a sorted slice for which the order is equal.
fn between(rows: &[ProductRow], order: impl Fn(&ProductRow) -> Ordering) -> &[ProductRow] {
    let from = rows.partition_point(|row| order(row).is_lt());
    let count = rows[from..].partition_point(|row| order(row).is_eq());
    &rows[from..from + count]
}
