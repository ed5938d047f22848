//! An operator's statement: its rides of one accounting day by route, and how they become what it is owed.

use super::day::day_crumbs;
use super::names::sum;
use super::{Crumb, csv_href, fault, html, posting_date, wants_csv, whole};
use crate::problem::Problem;
use crate::query::encode;
use crate::table::{Cell, Table, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use engine::report::{self, OperatorStatement, RideSums, StatementItem};
use ledger::Chart;
use primitives::{Minor, PartyNo, PostingDate};

#[derive(Template)]
#[template(path = "operator.html")]
struct Statement<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    title: String,
    date: PostingDate,
    charges: String,
    fare_entries: String,
    subsidy_entries: String,
    cash_entries: String,
    net: Minor,
    statement: OperatorStatement,
    table: Table,
}

/// The number of a party in a path.
pub(crate) fn party_no(text: &str) -> Result<PartyNo, Problem> {
    let number = text.parse::<u32>().ok().filter(|number| number.to_string() == text);
    number.map(PartyNo).ok_or_else(Problem::not_found)
}

/// `GET /days/{date}/operators/{party}`.
pub async fn statement(
    Visitor(ui): Visitor,
    Path((date, party)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (date, party) = (posting_date(&date)?, party_no(&party)?);
    let mut connection = ui.state.connection().await?;
    let mut moment = report::snapshot(&mut connection).await.map_err(fault)?;
    let found = report::operator_statement(&mut moment, party, date).await.map_err(fault)?;
    drop(moment);
    let statement = found.filter(|found| found.party.kind == "operator").ok_or_else(Problem::not_found)?;
    let table = routes_table(&ui, date, party, &statement);
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    let title = statement.party.name.clone();
    let (earned, cash) = (statement.earned, statement.cash);
    let entries =
        |chart: Chart| format!("/entries?from={date}&to={date}&account={}&owner={party}", chart.number());
    html(&Statement {
        ui: &ui,
        section: "days",
        crumbs: day_crumbs(&ui, date, &title),
        title,
        date,
        charges: format!("/days/{date}/charges?operator={party}"),
        fare_entries: entries(Chart::OperatorFare),
        subsidy_entries: entries(Chart::OperatorSubsidy),
        cash_entries: entries(Chart::CashInTransit),
        net: sum([earned.rider, earned.subsidy, cash.negated().unwrap_or(Minor::ZERO)])?,
        statement,
        table,
    })
}

fn routes_table(ui: &Ui, date: PostingDate, party: PartyNo, statement: &OperatorStatement) -> Table {
    let cells = |first: [Cell; 2], sums: &RideSums, href: &str| {
        let mut cells = first.to_vec();
        cells.push(Cell::count(sums.rides).to(href));
        cells.extend([sums.gross, sums.rider, sums.subsidy].map(|amount| Cell::amount(amount).to(href)));
        cells
    };
    let row = |item: &StatementItem| {
        let StatementItem { service_date, route, sums } = item;
        let href =
            format!("/days/{date}/charges?operator={party}&route={}&service={service_date}", encode(route));
        let day = Cell::of(Value::Date(service_date.0));
        cells([Cell::text(ui.route(route)).to(&href), day], sums, &href)
    };
    let all = format!("/days/{date}/charges?operator={party}");
    Table::new("routes", ui.t("routes-caption"), ui.t("routes-empty"))
        .text("route", ui.t("col-route"))
        .text("service_date", ui.t("col-service-date"))
        .figure("rides", ui.t("col-rides"))
        .figure("gross", ui.in_currency("col-gross"))
        .figure("rider", ui.in_currency("col-rider"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
        .rows(statement.items.iter().map(row).collect())
        .total(cells([Cell::text(ui.t("sum")), Cell::of(Value::Empty)], &statement.earned, &all))
        .export(csv_href(ui))
}
