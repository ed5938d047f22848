//! `fare_media.txt` and `fare_products.txt`.

use super::head::read_currency;
use super::places::read_ids;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use super::{Ids, Named};
use crate::format::{FARE_MEDIA, FARE_PRODUCTS};
use crate::model::Files;
use crate::names::Names;
use crate::products::{ProductRow, Products};
use primitives::{Currency, Minor, Text};

pub(super) fn read_media(files: &Files, faults: &mut Faults) -> Named {
    let sheet = Sheet::read(files, FARE_MEDIA, faults);
    let (id, name) = (sheet.column("fare_media_id"), sheet.column("fare_media_name"));
    let kind = sheet.column("fare_media_type");
    let ids = read_ids(&sheet, id, faults);
    let mut names = vec![String::new(); ids.len()];
    for row in sheet.rows() {
        row.refuse_empty(kind, "", faults);
        let read = row.number(kind, 0, 4, faults);
        if matches!(read, Some(2 | 4)) && row.get(name).is_empty() {
            faults.warn(sheet.file(), row.line, name.name, "riders know a card or an app by its name");
        }
        if let Some(number) = ids.find(row.get(id)) {
            names[number as usize] = row.name(name, faults);
        }
    }
    Named { ids, names }
}

/// The ids of all products. A product whose row is wrong is declared all the same, or every rule that sells it would be
/// called wrong too.
pub(super) fn declared(files: &Files) -> Names {
    // What is wrong with the file is said when its rows are read.
    let sheet = Sheet::read(files, FARE_PRODUCTS, &mut Faults::default());
    let id = sheet.column("fare_product_id");
    Names::build(sheet.rows().filter_map(|row| Text::new(row.get(id))).collect())
}

/// A row of `fare_products.txt` on its way into the table.
struct Draft {
    product: Text,
    row: ProductRow,
    line: u64,
}

pub(super) fn read(
    files: &Files,
    ids: &Ids<'_>,
    currency: Option<Currency>,
    default_rider: Option<u32>,
    faults: &mut Faults,
) -> Products {
    let sheet = Sheet::read(files, FARE_PRODUCTS, faults);
    let id = sheet.column("fare_product_id");
    let drafts: Vec<Draft> =
        sheet.rows().filter_map(|row| read_row(&sheet, row, ids, currency, faults)).collect();
    let keys = drafts.iter().map(|draft| ((&draft.product, draft.row.rider, draft.row.medium), draft.line));
    refuse_doubles(keys.collect(), sheet.file(), id.name, faults);
    let product_ids = ids.products;
    check_products(&drafts, product_ids, default_rider, &sheet, faults);
    let number = |draft: Draft| product_ids.find(draft.product.as_str()).map(|product| (product, draft.row));
    let rows = drafts.into_iter().filter_map(number).collect();
    Products::build(product_ids.len(), rows)
}

fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    ids: &Ids<'_>,
    currency: Option<Currency>,
    faults: &mut Faults,
) -> Option<Draft> {
    let before = faults.count();
    let currency_column = sheet.column("currency");
    row.name(sheet.column("fare_product_name"), faults);
    let product = row.id(sheet.column("fare_product_id"), faults);
    let rider = sheet.column("rider_category_id");
    let rider = row.optional_pick(rider, ids.riders, "category in rider_categories.txt", faults);
    let medium = sheet.column("fare_media_id");
    let medium = row.optional_pick(medium, ids.media, "medium in fare_media.txt", faults);
    let funder = ids.parties.funder(row, sheet.column("funded_by"), faults);
    let own = read_currency(row, currency_column, faults);
    if let (Some(own), Some(policy)) = (own, currency)
        && own != policy
    {
        row.error(currency_column, format!("{own} in a policy in {policy}"), faults);
    }
    let amount = required_amount(row, sheet, currency, faults);
    let (true, Some(product), Some(amount)) = (faults.count() == before, product, amount) else {
        return None;
    };
    let id = Text::new(&format!("fare_products:{}", row.line))?;
    Some(Draft { product, row: ProductRow { rider, medium, amount, funder, id }, line: row.line })
}

fn required_amount(
    row: Row<'_>,
    sheet: &Sheet,
    currency: Option<Currency>,
    faults: &mut Faults,
) -> Option<Minor> {
    let column = sheet.column("amount");
    row.refuse_empty(column, "; a free product costs 0", faults);
    row.amount(column, currency, faults)
}

/// What holds for all rows of one product together.
fn check_products(
    drafts: &[Draft],
    product_ids: &Names,
    default_rider: Option<u32>,
    sheet: &Sheet,
    faults: &mut Faults,
) {
    let mut by_product: Vec<Vec<&Draft>> = vec![Vec::new(); product_ids.len()];
    for draft in drafts {
        if let Some(product) = product_ids.find(draft.product.as_str()) {
            by_product[product as usize].push(draft);
        }
    }
    let file = sheet.file();
    for rows in by_product {
        let Some(first) = rows.first() else { continue };
        let for_any = rows.iter().any(|draft| draft.row.rider.is_none());
        let for_default = rows.iter().any(|draft| draft.row.rider == default_rider);
        if default_rider.is_some() && !for_any && !for_default {
            let message = format!("product `{}` has no price for the default rider category", first.product);
            faults.error(file, first.line, "rider_category_id", message);
        }
        let named = rows.iter().any(|draft| draft.row.medium.is_some());
        if let (true, Some(open)) = (named, rows.iter().find(|draft| draft.row.medium.is_none())) {
            let message = "a row without a medium serves every medium, also those that other rows name";
            faults.warn(file, open.line, "fare_media_id", message);
        }
        for draft in &rows {
            let full = rows
                .iter()
                .filter(|other| other.row.rider.is_none() || other.row.rider == default_rider)
                .filter(|other| other.row.medium.is_none() || other.row.medium == draft.row.medium)
                .any(|other| other.row.amount > draft.row.amount);
            let own = draft.row.rider.is_some() && draft.row.rider != default_rider;
            if own && full && draft.row.funder.is_none() {
                let message = "nobody funds this reduction: the operator earns what the rider pays";
                faults.warn(file, draft.line, "funded_by", message);
            }
            if !own && draft.row.funder.is_some() {
                let message = "only a row of a rider category other than the default one is a reduction";
                faults.error(file, draft.line, "funded_by", message);
            }
        }
    }
}
