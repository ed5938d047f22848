//! `fare_rebates.txt`.

use super::Common;
use super::caps::{read_per, read_period};
use super::riders::ROUNDING;
use super::sheet::{Faults, Row, Sheet, refuse_doubles};
use crate::format::FARE_REBATES;
use crate::rebates::{PaidAs, RebateRow};
use primitives::Minor;
use rust_decimal::Decimal;

/// The rows, by id.
pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Vec<RebateRow> {
    let sheet = Sheet::read(common.files, FARE_REBATES, faults);
    let mut rows = Vec::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        if let Some(rebate) = read_row(&sheet, row, common, faults) {
            keys.push((rebate.id.clone(), row.line));
            rows.push(rebate);
        }
    }
    refuse_doubles(keys, sheet.file(), "rebate_id", faults);
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows
}

fn read_row(sheet: &Sheet, row: Row<'_>, common: &Common<'_>, faults: &mut Faults) -> Option<RebateRow> {
    let id = row.id(sheet.column("rebate_id"), faults);
    row.name(sheet.column("rebate_name"), faults);
    let selector = common.sets.selector(sheet, row, &[], common.ids, faults);
    let period = read_period(sheet, row, faults);
    let mut amount = |name| {
        let column = sheet.column(name);
        let amount = row.amount(column, common.currency, faults);
        if amount.is_some_and(Minor::is_negative) {
            row.error(column, "below zero", faults);
        }
        amount
    };
    let (threshold, most) = (amount("threshold_amount"), amount("max_amount"));
    let percent = sheet.column("percent");
    let points = row.number(percent, 1, 10_000, faults);
    row.refuse_empty(percent, "", faults);
    // A fraction of a unit is not given back unless the row says so.
    let mode = sheet.column("rounding_mode");
    let rounding = if row.get(mode).is_empty() {
        Some(primitives::Rounding::Down)
    } else {
        row.word(mode, ROUNDING, faults)
    };
    let per_medium = read_per(sheet, row, faults);
    let funded_by = sheet.column("funded_by");
    let funder = common.ids.parties.funder(row, funded_by, faults);
    row.refuse_empty(funded_by, ": what is given back is paid by somebody", faults);
    let paid_as = [("credit", PaidAs::Credit), ("statement", PaidAs::Statement)];
    let paid_as = row.word(sheet.column("paid_as"), &paid_as, faults);
    Some(RebateRow {
        id: id?,
        selector,
        period: period?,
        threshold: threshold.unwrap_or(Minor::ZERO),
        rate: Decimal::new(points?, 4),
        most,
        rounding: rounding?,
        per_medium,
        funder: funder?,
        paid_as: paid_as?,
    })
}
