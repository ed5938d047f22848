//! The accounting days, newest first, each with its headline figures.

use super::{csv_href, fault, html, wants_csv, whole};
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::response::Response;
use engine::report::{self, DayRow, DayState};
use store::PgConnection;

/// Most days the list shows; older ones are reached by their address.
const DAYS_SHOWN_MAX: usize = 14;

#[derive(Template)]
#[template(path = "days.html")]
struct Page<'a> {
    ui: &'a Visit,
    section: &'a str,
    table: Table,
}

/// `GET /days`.
pub async fn list(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let mut connection = ui.state.connection().await?;
    let days = report::days(&mut connection).await.map_err(fault)?;
    let mut rows = Vec::new();
    for day in days.iter().take(DAYS_SHOWN_MAX) {
        rows.push(row(&ui, &mut connection, day).await?);
    }
    let table = Table::new("days", ui.t("days-caption"), ui.t("days-empty"))
        .text("date", ui.t("col-day"))
        .text("state", ui.t("col-state"))
        .figure("rides", ui.t("col-rides"))
        .figure("gross", ui.in_currency("col-gross"))
        .figure("rider", ui.in_currency("col-rider"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
        .figure("payments", ui.in_currency("col-payments"))
        .rows(rows)
        .export(csv_href(&ui));
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    html(&Page { ui: &ui, section: "days", table })
}

async fn row(ui: &Ui, connection: &mut PgConnection, day: &DayRow) -> Result<Vec<Cell>, Problem> {
    let sums = store::report::rides(connection, day.date).await.map_err(fault)?;
    let schools = store::report::schools(connection, day.date).await.map_err(fault)?;
    let payments = primitives::Minor::sum(schools.iter().map(|school| school.amount));
    let href = format!("/days/{}", day.date);
    let charges = format!("{href}/charges");
    Ok(vec![
        Cell::of(Value::Date(day.date.0)).to(&href),
        state(ui, day.state),
        Cell::count(sums.rides).to(&charges),
        Cell::amount(sums.gross).to(&charges),
        Cell::amount(sums.rider).to(&charges),
        Cell::amount(sums.subsidy).to(&charges),
        payments
            .map_or_else(|_| Cell::of(Value::Empty), |sum| Cell::amount(sum).to(format!("{href}/schools"))),
    ])
}

/// The mark of a day's state.
pub(crate) fn state(ui: &Visit, state: DayState) -> Cell {
    match state {
        DayState::Open => ui.tag("day", "open", Tone::Quiet),
        DayState::Closing => ui.tag("day", "closing", Tone::Warn),
        DayState::Closed => ui.tag("day", "closed", Tone::Good),
    }
}
