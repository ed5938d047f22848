//! The ledger as an accountant reads it: trial balance, the owners of an account, and single entries.

use super::names::sum;
use super::operator::party_no;
use super::{
    Chunk, Crumb, List, all_pages, crumbs, csv_href, fault, html, page_request, pager, tap_href, wants_csv,
    whole,
};
use crate::i18n::Lang;
use crate::problem::Problem;
use crate::table::{Cell, Table, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use engine::report::{self, EntryFilter, EntryRow, Stand, TrialBalance, TrialRow};
use ledger::Chart;
use primitives::{Minor, PostingDate};
use store::PgConnection;

#[derive(Template)]
#[template(path = "balance.html")]
struct Trial<'a> {
    ui: &'a Visit,
    section: &'a str,
    from: PostingDate,
    to: PostingDate,
    balanced: bool,
    table: Table,
}

/// The period the address asks for; by default everything up to the newest day.
async fn period(ui: &Visit, connection: &mut PgConnection) -> Result<(PostingDate, PostingDate), Problem> {
    let parse =
        |text: &str| PostingDate::parse(text).ok_or_else(|| Problem::bad_request("a day is YYYY-MM-DD"));
    let (from, to) =
        (ui.query.get("from").map(parse).transpose()?, ui.query.get("to").map(parse).transpose()?);
    if let (Some(from), Some(to)) = (from, to) {
        return Ok((from, to));
    }
    let days = report::days(connection).await.map_err(fault)?;
    let today = PostingDate(ui.state.now().with_timezone(&ui.state.zone()).date_naive());
    let newest = days.first().map_or(today, |day| day.date);
    let oldest = days.last().map_or(today, |day| day.date);
    Ok((from.unwrap_or(oldest), to.unwrap_or(newest)))
}

/// `GET /trial-balance`.
pub async fn trial(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let mut connection = ui.state.connection().await?;
    let (from, to) = period(&ui, &mut connection).await?;
    let balance = report::trial_balance(&mut connection, from, to).await.map_err(fault)?;
    let table = trial_table(&ui, &balance)?;
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    html(&Trial { ui: &ui, section: "balance", from, to, balanced: balance.totals.balances(), table })
}

/// Six columns: what each account stood at before, what moved, and what it stands at after, by side.
fn trial_table(ui: &Ui, balance: &TrialBalance) -> Result<Table, Problem> {
    let TrialBalance { from, to, rows, totals } = balance;
    let failed = |cause| Problem::unavailable("laying out the trial balance", &cause);
    let mut cells = Vec::new();
    for TrialRow { chart, vas_code, name_en, name_vi, stand } in rows {
        let href = format!("/trial-balance/{}?from={from}&to={to}", chart.number());
        let name = if ui.lang == Lang::Vi { name_vi } else { name_en };
        let (opening, closing) = (report::sides(stand.opening), report::sides(stand.closing));
        let (opening, closing) = (opening.map_err(failed)?, closing.map_err(failed)?);
        let figures = [opening.0, opening.1, stand.debit, stand.credit, closing.0, closing.1];
        let mut row = vec![Cell::code(chart.code()).to(&href), Cell::text(name), Cell::code(vas_code)];
        row.extend(figures.map(|amount| {
            if amount.is_zero() { Cell::amount(amount) } else { Cell::amount(amount).to(&href) }
        }));
        cells.push(row);
    }
    let sums = [
        totals.opening_debit,
        totals.opening_credit,
        totals.debit,
        totals.credit,
        totals.closing_debit,
        totals.closing_credit,
    ];
    let mut total = vec![Cell::text(ui.t("sum")), Cell::of(Value::Empty), Cell::of(Value::Empty)];
    total.extend(sums.map(Cell::amount));
    Ok(Table::new("trial_balance", ui.t("balance-caption"), ui.t("balance-empty"))
        .text("account", ui.t("col-account"))
        .text("name", ui.t("col-name"))
        .text("vas_code", ui.t("col-vas"))
        .figure("opening_debit", ui.t("col-opening-debit"))
        .figure("opening_credit", ui.t("col-opening-credit"))
        .figure("debit", ui.t("col-debit"))
        .figure("credit", ui.t("col-credit"))
        .figure("closing_debit", ui.t("col-closing-debit"))
        .figure("closing_credit", ui.t("col-closing-credit"))
        .rows(cells)
        .total(total)
        .export(csv_href(ui)))
}

fn stand_columns(ui: &Visit, table: Table) -> Table {
    table
        .figure("opening", ui.in_currency("col-opening"))
        .figure("debit", ui.in_currency("col-debit"))
        .figure("credit", ui.in_currency("col-credit"))
        .figure("closing", ui.in_currency("col-closing"))
}

fn stand_cells(stand: &Stand, href: &str) -> [Cell; 4] {
    [stand.opening, stand.debit, stand.credit, stand.closing].map(|amount| Cell::amount(amount).to(href))
}

fn stand_total(stands: &[Stand]) -> Result<Stand, Problem> {
    let total = |pick: fn(&Stand) -> Minor| sum(stands.iter().map(pick));
    Ok(Stand {
        opening: total(|stand| stand.opening)?,
        debit: total(|stand| stand.debit)?,
        credit: total(|stand| stand.credit)?,
        closing: total(|stand| stand.closing)?,
    })
}

fn total_row(ui: &Visit, total: &Stand, empty: usize) -> Vec<Cell> {
    let mut cells = vec![Cell::text(ui.t("sum"))];
    cells.extend((0..empty).map(|_| Cell::of(Value::Empty)));
    cells.extend([total.opening, total.debit, total.credit, total.closing].map(Cell::amount));
    cells
}

fn chart_of(text: &str) -> Result<Chart, Problem> {
    let number = text.parse::<i16>().ok().filter(|number| number.to_string() == text);
    number.and_then(Chart::from_number).ok_or_else(Problem::not_found)
}

fn ledger_crumbs(ui: &Visit, title: &str) -> Vec<Crumb> {
    crumbs([(ui.t("nav-balance"), Some("/trial-balance".to_owned())), (title.to_owned(), None)])
}

/// `GET /trial-balance/{account}`: the owners of one account.
pub async fn account(Visitor(ui): Visitor, Path(account): Path<String>) -> Result<Response, Problem> {
    let chart = chart_of(&account)?;
    let mut connection = ui.state.connection().await?;
    let (from, to) = period(&ui, &mut connection).await?;
    let rows = report::owners(&mut connection, chart, from, to).await.map_err(fault)?;
    let stands: Vec<Stand> = rows.iter().map(|row| row.stand).collect();
    let total = stand_total(&stands)?;
    let entries = format!("/entries?from={from}&to={to}&account={}", chart.number());
    let row = |row: &report::OwnerRow| {
        // Cards are summed under owner 0, so their entries are all of the account's.
        let one = chart.owner_kind() == ledger::Owner::Party;
        let href = if one { format!("{entries}&owner={}", row.owner) } else { entries.clone() };
        let name =
            row.name.clone().or_else(|| ui.owner(chart, row.owner)).unwrap_or_else(|| ui.account(chart));
        let mut cells = vec![Cell::text(name).to(&href)];
        cells.extend(stand_cells(&row.stand, &href));
        cells
    };
    let owners =
        Table::new("owners", ui.t("owners-caption"), ui.t("owners-empty")).text("owner", ui.t("col-owner"));
    let table = stand_columns(&ui, owners)
        .rows(rows.iter().map(row).collect())
        .total(total_row(&ui, &total, 0))
        .export(csv_href(&ui));
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    let title = format!("{} {}", chart.number(), ui.account(chart));
    let lead = ui.tf("period", &[("from", ui.date(from.0)), ("to", ui.date(to.0))]);
    html(&List::new(&ui, "balance", ledger_crumbs(&ui, &title), title, lead, table))
}

/// `GET /entries`: single debits and credits.
pub async fn entries(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let mut connection = ui.state.connection().await?;
    let (from, to) = period(&ui, &mut connection).await?;
    let chart = ui.query.get("account").map(chart_of).transpose()?;
    let owner = ui.query.get("owner").map(party_no).transpose()?.map(|party| i64::from(party.0));
    let filter = EntryFilter { from, to, chart, owner };
    if wants_csv(&ui) {
        return all_pages(&ui, entry_columns(&ui), move |ui, request| async move {
            let mut connection = ui.state.connection().await?;
            let page = report::entries(&mut connection, &filter, request).await.map_err(fault)?;
            let rows = page.rows.iter().map(|entry| entry_row(&ui, entry)).collect();
            Ok(Chunk { rows, total_rows: page.total_rows })
        });
    }
    let page = report::entries(&mut connection, &filter, page_request(&ui)).await.map_err(fault)?;
    let mut total = vec![Cell::text(ui.t("sum-of-all"))];
    total.extend((0..5).map(|_| Cell::of(Value::Empty)));
    total.extend([page.sums.debit, page.sums.credit].map(Cell::amount));
    let table = entry_columns(&ui)
        .rows(page.rows.iter().map(|entry| entry_row(&ui, entry)).collect())
        .total(total)
        .export(csv_href(&ui));
    let title = match (chart, owner) {
        (Some(chart), Some(owner)) => [Some(ui.account(chart)), ui.owner(chart, owner)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        (Some(chart), None) => ui.account(chart),
        _ => ui.t("entries-title"),
    };
    let lead = ui.tf("period", &[("from", ui.date(from.0)), ("to", ui.date(to.0))]);
    let list = List::new(&ui, "balance", ledger_crumbs(&ui, &title), title, lead, table);
    html(&List { pager: Some(pager(&ui, &page)), ..list })
}

fn entry_columns(ui: &Visit) -> Table {
    Table::new("entries", ui.t("entries-caption"), ui.t("entries-empty"))
        .text("cause", ui.t("col-cause"))
        .text("posting_date", ui.t("col-posting-date"))
        .text("service_date", ui.t("col-service-date"))
        .text("kind", ui.t("col-kind"))
        .text("account", ui.t("col-account"))
        .text("owner", ui.t("col-owner"))
        .figure("debit", ui.in_currency("col-debit"))
        .figure("credit", ui.in_currency("col-credit"))
}

fn entry_row(ui: &Visit, entry: &EntryRow) -> Vec<Cell> {
    let cause = match (entry.tap, &entry.office) {
        (Some(tap), _) => Cell::code(tap.to_string()).to(tap_href(tap)),
        (None, Some(act)) => Cell::code(act),
        (None, None) => Cell::of(Value::Empty),
    };
    vec![
        cause,
        Cell::of(Value::Date(entry.posting_date.0)),
        Cell::of(Value::Date(entry.service_date.0)),
        Cell::text(ui.word("posting", &entry.kind)),
        Cell::code(entry.chart.code()),
        Cell::maybe(ui.owner(entry.chart, entry.owner)),
        Cell::amount(entry.debit),
        Cell::amount(entry.credit),
    ]
}
