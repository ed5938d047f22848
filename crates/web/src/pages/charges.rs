//! The rides behind a figure: every version of a price that was posted on a day, filtered as the figure was, with the
//! sum line that must equal it.

use super::day::day_crumbs;
use super::operator::party_no;
use super::{
    Chunk, List, Sub, all_pages, csv_href, fault, html, page_request, pager, posting_date, tap_href,
    wants_csv,
};
use crate::problem::Problem;
use crate::table::{Cell, Place, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use axum::extract::Path;
use axum::response::Response;
use engine::report::{self, ChargeFilter, ChargeRow};
use primitives::{PostingDate, ServiceDate};

/// `GET /days/{date}/charges`.
pub async fn list(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    let filter = filter(&ui, date)?;
    if wants_csv(&ui) {
        return all_pages(&ui, columns(&ui), move |ui, request| {
            let filter = filter.clone();
            async move {
                let mut connection = ui.state.connection().await?;
                let page = report::charges(&mut connection, &filter, request).await.map_err(fault)?;
                let rows = page.rows.iter().map(|charge| row(&ui, charge)).collect();
                Ok(Chunk { rows, total_rows: page.total_rows })
            }
        });
    }
    let mut connection = ui.state.connection().await?;
    let page = report::charges(&mut connection, &filter, page_request(&ui)).await.map_err(fault)?;
    let mut total = vec![Cell::text(ui.t("sum-of-all"))];
    total.extend((0..TEXT_COLUMNS - 1).map(|_| Cell::of(Value::Empty)));
    total.push(Cell::count(page.sums.rides));
    total.extend([page.sums.gross, page.sums.rider, page.sums.subsidy].map(Cell::amount));
    let table = columns(&ui)
        .rows(page.rows.iter().map(|charge| row(&ui, charge)).collect())
        .total(total)
        .export(csv_href(&ui));
    let title = ui.t("charges-title");
    let crumbs = day_crumbs(&ui, date, &title);
    let list = List::new(&ui, "days", crumbs, title, ui.t("charges-lead"), table);
    html(&List { subs: chosen(&ui, &filter), pager: Some(pager(&ui, &page)), ..list })
}

/// Columns of text before the figures.
const TEXT_COLUMNS: usize = 8;

fn filter(ui: &Visit, date: PostingDate) -> Result<ChargeFilter, Problem> {
    let service_date = |text: &str| ServiceDate::parse(text).ok_or_else(Problem::not_found);
    Ok(ChargeFilter {
        operator: ui.query.get("operator").map(party_no).transpose()?,
        route: ui.query.get("route").map(str::to_owned),
        service_date: ui.query.get("service").map(service_date).transpose()?,
        unpriced: ui.query.get("unpriced") == Some("1"),
        ..ChargeFilter::of_day(date)
    })
}

/// The filters in force, each with the way to drop it.
fn chosen(ui: &Visit, filter: &ChargeFilter) -> Vec<Sub> {
    let drop = |name: &str, label: String| Sub {
        label: ui.tf("filter-drop", &[("filter", label)]),
        count: None,
        href: ui.query.without(name).without("page").href(&ui.path),
        current: true,
    };
    let operator = filter.operator.map(|party| drop("operator", ui.party(party)));
    let route = filter.route.as_ref().map(|route| drop("route", ui.route(route)));
    let service = filter.service_date.map(|date| drop("service", ui.date(date.0)));
    let unpriced = filter.unpriced.then(|| drop("unpriced", ui.t("filter-unpriced")));
    operator.into_iter().chain(route).chain(service).chain(unpriced).collect()
}

fn columns(ui: &Ui) -> Table {
    Table::new("charges", ui.t("charges-caption"), ui.t("charges-empty"))
        .text("at", ui.t("col-time"))
        .text("tap", ui.t("col-ride"))
        .only(Place::File)
        .text("operator", ui.t("col-operator"))
        .text("route", ui.t("col-route"))
        .text("from", ui.t("col-from"))
        .text("to", ui.t("col-to"))
        .text("rider_category", ui.t("col-rider-category"))
        .text("shape", ui.t("col-shape"))
        .figure("rides", ui.t("col-rides"))
        .figure("gross", ui.in_currency("col-gross"))
        .figure("rider", ui.in_currency("col-rider"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
}

fn row(ui: &Visit, charge: &ChargeRow) -> Vec<Cell> {
    let tap = tap_href(charge.leg);
    vec![
        charge
            .at
            .map_or_else(|| Cell::code(charge.leg.to_string()), |at| Cell::of(Value::Moment(at)))
            .to(tap),
        Cell::code(charge.leg.to_string()),
        Cell::text(ui.party(charge.operator)),
        Cell::text(&charge.route),
        Cell::maybe(charge.from_stop.as_deref().map(|stop| ui.stop(stop))),
        Cell::maybe(charge.to_stop.as_deref().map(|stop| ui.stop(stop))),
        Cell::text(ui.rider(&charge.rider_category)),
        shape(ui, &charge.shape, charge.unknown.as_deref()),
        Cell::count(charge.sums.rides),
        Cell::amount(charge.sums.gross),
        Cell::amount(charge.sums.rider),
        Cell::amount(charge.sums.subsidy),
    ]
}

/// The mark of a ride's shape; a ride without a fare is marked before all else.
pub(crate) fn shape(ui: &Visit, shape: &str, unknown: Option<&str>) -> Cell {
    if unknown.is_some() {
        return ui.tag("shape", "no_fare", Tone::Bad);
    }
    match shape {
        "ride" => ui.tag("shape", "ride", Tone::Good),
        "missing_exit" => ui.tag("shape", "missing_exit", Tone::Warn),
        "missing_entry" => ui.tag("shape", "missing_entry", Tone::Warn),
        "second_tap" => ui.tag("shape", "second_tap", Tone::Quiet),
        "cancelled" => ui.tag("shape", "cancelled", Tone::Quiet),
        other => Cell::code(other),
    }
}
