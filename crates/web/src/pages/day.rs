//! One accounting day at a glance: what was ridden, what it cost, who carries it, what became of every tap, who is owed
//! what, and whether the bank agrees.

use super::names::sum;
use super::{Chunk, List, all_pages, pager};
use super::{
    Crumb, count_cell, crumbs, csv_href, days, fault, html, page_request, posting_date, wants_csv, whole,
};
use crate::chart::{self, Chart, Hour};
use crate::problem::Problem;
use crate::table::{Cell, Place, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use engine::report::{
    self, DayOverview, DayRow, HourRow, ItemRow, OperatorRow, PipelineRow, RideSums, SchoolRow,
};
use primitives::PostingDate;
use store::PgConnection;

/// The days before and after a known one; a day on which nothing happened is not found.
async fn neighbours(
    connection: &mut PgConnection,
    date: PostingDate,
) -> Result<(Option<String>, Option<String>), Problem> {
    let known = report::days(connection).await.map_err(fault)?;
    let index = known.iter().position(|day| day.date == date).ok_or_else(Problem::not_found)?;
    let link = |day: &DayRow| format!("/days/{}", day.date);
    let next = index.checked_sub(1).and_then(|index| known.get(index)).map(link);
    Ok((known.get(index + 1).map(link), next))
}

/// What became of every tap the house ever received, the gateway's refusals included.
#[derive(Debug, Default)]
pub(crate) struct Equation {
    pub accepted: i64,
    pub posted: i64,
    pub duplicate: i64,
    pub quarantined: i64,
    pub pending: i64,
    /// Whether it holds for every source by itself.
    pub holds: bool,
    /// Why a partition stands still.
    pub halted: Vec<String>,
}

impl Equation {
    fn of(rows: &[PipelineRow]) -> Self {
        let total = |pick: fn(&PipelineRow) -> u64| {
            i64::try_from(rows.iter().map(pick).fold(0, u64::saturating_add)).unwrap_or(i64::MAX)
        };
        Equation {
            accepted: total(|row| row.accepted),
            posted: total(|row| row.posted),
            duplicate: total(|row| row.duplicate),
            quarantined: total(|row| row.quarantined),
            pending: total(|row| row.pending),
            holds: rows.iter().all(PipelineRow::holds),
            halted: rows.iter().filter_map(|row| row.halted.clone()).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "day.html")]
struct Overview<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    date: PostingDate,
    state: Cell,
    previous: Option<String>,
    next: Option<String>,
    day: DayOverview,
    /// How the bank figure stands: it agrees, it agrees but something is open, it differs, or nothing is known yet.
    bank_tone: &'static str,
    breaks: i64,
    open_quarantine: i64,
    unpriced: i64,
    equation: Equation,
    chart: Chart,
    hours: Table,
    operators: Table,
    schools: Table,
    run: Option<(String, Cell)>,
}

/// `GET /days/{date}`.
pub async fn overview(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    // Asked before the snapshot, so that nothing the snapshot counts lies beyond it.
    let ends = ui.state.log_ends().await;
    let mut connection = ui.state.connection().await?;
    // Every figure of the page is of one moment.
    let mut moment = report::snapshot(&mut connection).await.map_err(fault)?;
    let (previous, next) = neighbours(&mut moment, date).await?;
    let day = report::day(&mut moment, date, &ui.state.day_rule(), &ends).await.map_err(fault)?;
    drop(moment);
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let run = day.run.as_ref();
    let page = Overview {
        ui: &ui,
        section: "days",
        crumbs: crumbs([(ui.t("nav-days"), Some("/days".to_owned())), (ui.date(date.0), None)]),
        date,
        state: days::state(&ui, day.day.state),
        previous,
        next,
        bank_tone: match (day.bank.as_of, day.bank.difference.is_zero(), day.open_breaks) {
            (None, _, _) => "",
            (Some(_), false, _) => "bad",
            (Some(_), true, 0) => "good",
            (Some(_), true, _) => "warn",
        },
        breaks: number(day.open_breaks),
        open_quarantine: number(day.open_quarantine.iter().map(|(_, count)| count).sum()),
        unpriced: number(day.unpriced),
        equation: Equation::of(&day.pipeline),
        chart: chart::draw(&in_service_order(&ui, &day.hours)),
        hours: hours_table(&ui, date, &day.hours)?,
        operators: operators_table(&ui, date, &day.operators)?,
        schools: schools_table(&ui, date, &day.schools)?,
        run: run.map(|run| (format!("/payouts/{}", run.id), super::payouts::state(&ui, &run.state))),
        day,
    };
    html(&page)
}

/// The hours from the start of the service day on, quiet ones included.
fn in_service_order(ui: &Visit, hours: &[HourRow]) -> Vec<Hour> {
    let start = ui.state.first_hour();
    let order = (0..24).map(|step| (start + step) % 24);
    let rides = |hour: u32| hours.iter().filter(|row| row.hour == hour).map(|row| row.sums.rides).sum();
    order.map(|hour| Hour { hour, rides: rides(hour) }).collect()
}

fn hours_table(ui: &Ui, date: PostingDate, hours: &[HourRow]) -> Result<Table, Problem> {
    let start = ui.state.first_hour();
    let mut ordered: Vec<&HourRow> = hours.iter().collect();
    ordered.sort_by_key(|row| (row.hour + 24 - start) % 24);
    let cells = |label: Cell, sums: &RideSums| {
        vec![
            label,
            Cell::count(sums.rides),
            Cell::amount(sums.gross),
            Cell::amount(sums.rider),
            Cell::amount(sums.subsidy),
        ]
    };
    let rows =
        ordered.iter().map(|row| cells(Cell::text(format!("{:02}:00", row.hour)), &row.sums)).collect();
    let total = super::names::ride_sums(hours.iter().map(|row| row.sums))?;
    let table = ride_columns(
        ui,
        Table::new("hours", ui.t("hours-caption"), ui.t("day-no-rides")).text("hour", ui.t("col-hour")),
    );
    Ok(table
        .rows(rows)
        .total(cells(Cell::text(ui.t("sum")), &total))
        .export(format!("/days/{date}/hours?format=csv")))
}

fn ride_columns(ui: &Visit, table: Table) -> Table {
    table
        .figure("rides", ui.t("col-rides"))
        .figure("gross", ui.in_currency("col-gross"))
        .figure("rider", ui.in_currency("col-rider"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
}

fn operators_table(ui: &Ui, date: PostingDate, operators: &[OperatorRow]) -> Result<Table, Problem> {
    let whole = super::names::ride_sums(operators.iter().map(|row| row.sums))?;
    let row = |row: &OperatorRow| {
        let href = format!("/days/{date}/operators/{}", row.party);
        let charges = format!("/days/{date}/charges?operator={}", row.party);
        let entries = |chart: ledger::Chart| {
            format!("/entries?from={date}&to={date}&account={}&owner={}", chart.number(), row.party)
        };
        vec![
            Cell::text(if row.name.is_empty() { ui.party(row.party) } else { row.name.clone() }).to(&href),
            Cell::of(Value::Share(row.sums.gross.units(), whole.gross.units())),
            Cell::count(row.sums.rides).to(&charges),
            Cell::amount(row.sums.gross).to(&charges),
            Cell::amount(row.sums.rider).to(&charges),
            Cell::amount(row.sums.subsidy).to(&charges),
            Cell::amount(row.cash).to(entries(ledger::Chart::CashInTransit)),
            Cell::amount(row.net).to(&href),
        ]
    };
    let table = Table::new("operators", ui.t("operators-caption"), ui.t("day-no-rides"))
        .text("operator", ui.t("col-operator"))
        .text("share", ui.t("col-share"))
        .only(Place::Page);
    let table = ride_columns(ui, table)
        .figure("cash_held", ui.in_currency("col-cash"))
        .figure("net", ui.in_currency("col-net"));
    let charges = format!("/days/{date}/charges");
    let total = vec![
        Cell::text(ui.t("sum")),
        Cell::of(Value::Empty),
        Cell::count(whole.rides).to(&charges),
        Cell::amount(whole.gross).to(&charges),
        Cell::amount(whole.rider).to(&charges),
        Cell::amount(whole.subsidy).to(&charges),
        Cell::amount(sum(operators.iter().map(|row| row.cash))?)
            .to(account(date, ledger::Chart::CashInTransit)),
        Cell::amount(sum(operators.iter().map(|row| row.net))?).to(format!("/days/{date}/operators")),
    ];
    Ok(table
        .rows(operators.iter().map(row).collect())
        .total(total)
        .export(format!("/days/{date}/operators?format=csv")))
}

/// The owners of an account over one day.
fn account(date: PostingDate, chart: ledger::Chart) -> String {
    format!("/trial-balance/{}?from={date}&to={date}", chart.number())
}

fn schools_table(ui: &Ui, date: PostingDate, schools: &[SchoolRow]) -> Result<Table, Problem> {
    let row = |row: &SchoolRow| {
        let account = ledger::Chart::SchoolPayable.number();
        let href = format!("/entries?from={date}&to={date}&account={account}&owner={}", row.party);
        vec![
            Cell::text(if row.name.is_empty() { ui.party(row.party) } else { row.name.clone() }).to(&href),
            count_cell(row.payments).to(&href),
            count_cell(row.refused),
            Cell::amount(row.amount).to(&href),
            Cell::amount(row.net).to(&href),
        ]
    };
    let payable = account(date, ledger::Chart::SchoolPayable);
    let total = |pick: fn(&SchoolRow) -> u64| count_cell(schools.iter().map(pick).sum());
    let totals = vec![
        Cell::text(ui.t("sum")),
        total(|row| row.payments),
        total(|row| row.refused),
        Cell::amount(sum(schools.iter().map(|row| row.amount))?).to(&payable),
        Cell::amount(sum(schools.iter().map(|row| row.net))?).to(&payable),
    ];
    Ok(Table::new("schools", ui.t("schools-caption"), ui.t("schools-empty"))
        .text("school", ui.t("col-school"))
        .figure("payments", ui.t("col-payments-count"))
        .figure("refused", ui.t("col-refused"))
        .figure("amount", ui.in_currency("col-amount"))
        .figure("net", ui.in_currency("col-net"))
        .rows(schools.iter().map(row).collect())
        .total(totals)
        .export(format!("/days/{date}/schools?format=csv")))
}

fn list(ui: &Ui, date: PostingDate, title: String, lead: String, table: Table) -> Result<Response, Problem> {
    if wants_csv(ui) {
        return whole(ui, &table);
    }
    let crumbs = day_crumbs(ui, date, &title);
    html(&List::new(ui, "days", crumbs, title, lead, table))
}

/// The way to a room under a day.
pub(crate) fn day_crumbs(ui: &Visit, date: PostingDate, title: &str) -> Vec<Crumb> {
    crumbs([
        (ui.t("nav-days"), Some("/days".to_owned())),
        (ui.date(date.0), Some(format!("/days/{date}"))),
        (title.to_owned(), None),
    ])
}

async fn load(ui: &Visit, date: PostingDate) -> Result<DayOverview, Problem> {
    let ends = ui.state.log_ends().await;
    let mut connection = ui.state.connection().await?;
    neighbours(&mut connection, date).await?;
    report::day(&mut connection, date, &ui.state.day_rule(), &ends).await.map_err(fault)
}

/// `GET /days/{date}/hours`.
pub async fn hours(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    let rows = load(&ui, date).await?.hours;
    list(&ui, date, ui.t("hours-caption"), ui.t("hours-lead"), hours_table(&ui, date, &rows)?)
}

/// `GET /days/{date}/operators`.
pub async fn operators(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    let rows = load(&ui, date).await?.operators;
    list(&ui, date, ui.t("operators-caption"), ui.t("operators-lead"), operators_table(&ui, date, &rows)?)
}

/// `GET /days/{date}/schools`.
pub async fn schools(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    let rows = load(&ui, date).await?.schools;
    list(&ui, date, ui.t("schools-caption"), ui.t("schools-lead"), schools_table(&ui, date, &rows)?)
}

fn items_table(ui: &Visit) -> Table {
    Table::new("items", ui.t("items-caption"), ui.t("items-empty"))
        .text("item", ui.t("col-item"))
        .text("kind", ui.t("col-kind"))
        .text("party", ui.t("col-party"))
        .text("reference", ui.t("col-reference"))
        .text("seen", ui.t("col-seen"))
        .figure("amount", ui.in_currency("col-amount"))
}

fn item_row(ui: &Visit, item: &ItemRow) -> Vec<Cell> {
    let seen = match &item.seen {
        Some((statement, ordinal, _)) => {
            ui.tag("item", "seen", Tone::Good).to(format!("/bank/statements/{statement}#line-{ordinal}"))
        }
        None => ui.tag("item", "awaited", Tone::Warn),
    };
    vec![
        Cell::code(&item.id),
        Cell::text(ui.word("item-kind", &item.kind)),
        Cell::text(ui.party(item.party)),
        Cell::code(&item.reference),
        seen,
        Cell::amount(item.amount),
    ]
}

/// `GET /days/{date}/bank`: what the ledger expects at the bank from this day.
pub async fn bank(Visitor(ui): Visitor, Path(date): Path<String>) -> Result<Response, Problem> {
    let date = posting_date(&date)?;
    if wants_csv(&ui) {
        return all_pages(&ui, items_table(&ui), move |ui, request| async move {
            let mut connection = ui.state.connection().await?;
            let page = report::items_of_day(&mut connection, date, request).await.map_err(fault)?;
            let rows = page.rows.iter().map(|item| item_row(&ui, item)).collect();
            Ok(Chunk { rows, total_rows: page.total_rows })
        });
    }
    let mut connection = ui.state.connection().await?;
    let page = report::items_of_day(&mut connection, date, page_request(&ui)).await.map_err(fault)?;
    let mut total = vec![Cell::text(ui.t("sum-of-all"))];
    total.extend((0..4).map(|_| Cell::of(Value::Empty)));
    total.push(Cell::amount(page.sums));
    let table = items_table(&ui)
        .rows(page.rows.iter().map(|item| item_row(&ui, item)).collect())
        .total(total)
        .export(csv_href(&ui));
    let (title, lead) = (ui.t("items-caption"), ui.t("items-lead"));
    let crumbs = day_crumbs(&ui, date, &title);
    html(&List { pager: Some(pager(&ui, &page)), ..List::new(&ui, "days", crumbs, title, lead, table) })
}
