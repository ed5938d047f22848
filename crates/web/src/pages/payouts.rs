//! Payout runs: proposed by a maker, approved by a checker over the digest of the exact proposal, then downloaded as the
//! bank's payment file.

use super::names::sum;
use super::{Chunk, all_pages, carry_out};
use super::{
    Crumb, Pager, count_cell, crumbs, csv_href, fault, html, page_request, pager, row_id, wants_csv, whole,
};
use crate::export;
use crate::form::Form;
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use engine::report::{self, DayState, PayoutRow, RunRow};
use engine::settle;
use primitives::canonical::unhex;
use primitives::{Digest, PostingDate};

#[derive(Template)]
#[template(path = "payouts.html")]
struct Overview<'a> {
    ui: &'a Visit,
    section: &'a str,
    /// Closed days without a run, newest first: value and name.
    proposable: Vec<(String, String)>,
    table: Table,
    pager: Pager,
}

/// `GET /payouts`.
pub async fn list(Visitor(ui): Visitor) -> Result<Response, Problem> {
    if wants_csv(&ui) {
        return all_pages(&ui, run_columns(&ui), move |ui, request| async move {
            let mut connection = ui.state.connection().await?;
            let page = report::runs(&mut connection, request).await.map_err(fault)?;
            let rows = page.rows.iter().map(|run| run_row(&ui, run)).collect();
            Ok(Chunk { rows, total_rows: page.total_rows })
        });
    }
    let mut connection = ui.state.connection().await?;
    let page = report::runs(&mut connection, page_request(&ui)).await.map_err(fault)?;
    let mut proposable = Vec::new();
    for day in report::days(&mut connection).await.map_err(fault)? {
        let closed = day.state == DayState::Closed;
        if closed && report::run_of_day(&mut connection, day.date).await.map_err(fault)?.is_none() {
            proposable.push((day.date.to_string(), ui.date(day.date.0)));
        }
    }
    let table =
        run_columns(&ui).rows(page.rows.iter().map(|run| run_row(&ui, run)).collect()).export(csv_href(&ui));
    html(&Overview { ui: &ui, section: "payouts", proposable, table, pager: pager(&ui, &page) })
}

fn run_columns(ui: &Ui) -> Table {
    Table::new("runs", ui.t("runs-caption"), ui.t("runs-empty"))
        .text("run", ui.t("col-run"))
        .text("posting_date", ui.t("col-posting-date"))
        .text("state", ui.t("col-state"))
        .text("maker", ui.t("col-maker"))
        .text("checker", ui.t("col-checker"))
        .figure("paid", ui.t("col-payees"))
        .figure("seen", ui.t("col-seen-at-bank"))
        .figure("total", ui.in_currency("col-total"))
}

fn run_row(ui: &Visit, run: &RunRow) -> Vec<Cell> {
    let href = format!("/payouts/{}", run.id);
    vec![
        Cell::code(&run.message_id).to(&href),
        Cell::of(Value::Date(run.posting_date.0)).to(format!("/days/{}", run.posting_date)),
        state(ui, &run.state),
        Cell::text(&run.maker),
        Cell::maybe(run.checker.as_deref()),
        count_cell(run.paid).to(&href),
        count_cell(run.seen).to(&href),
        Cell::amount(run.total).to(&href),
    ]
}

/// The mark of a run's state.
pub(crate) fn state(ui: &Visit, word: &str) -> Cell {
    match word {
        "proposed" => ui.tag("run", "proposed", Tone::Warn),
        "approved" => ui.tag("run", "approved", Tone::Quiet),
        "sent" => ui.tag("run", "sent", Tone::Quiet),
        "settled" => ui.tag("run", "settled", Tone::Good),
        "partial" => ui.tag("run", "partial", Tone::Bad),
        other => Cell::code(other),
    }
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    run: RunRow,
    state: Cell,
    own: bool,
    table: Table,
}

/// `GET /payouts/{run}`.
pub async fn run(Visitor(ui): Visitor, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = row_id(&id)?;
    let mut connection = ui.state.connection().await?;
    let mut moment = report::snapshot(&mut connection).await.map_err(fault)?;
    let found = report::run(&mut moment, id).await.map_err(fault)?;
    let run = found.ok_or_else(Problem::not_found)?;
    let payouts = report::payouts(&mut moment, id).await.map_err(fault)?;
    drop(moment);
    let table = payout_table(&ui, &run, &payouts)?;
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    html(&RunPage {
        ui: &ui,
        section: "payouts",
        crumbs: crumbs([(ui.t("nav-payouts"), Some("/payouts".to_owned())), (run.message_id.clone(), None)]),
        state: state(&ui, &run.state),
        own: run.maker == ui.login(),
        run,
        table,
    })
}

fn payout_table(ui: &Ui, run: &RunRow, payouts: &[PayoutRow]) -> Result<Table, Problem> {
    let date = run.posting_date;
    let row = |payout: &PayoutRow| {
        let statement = match payout.kind.as_str() {
            "operator" => format!("/days/{date}/operators/{}", payout.party),
            _ => {
                let account = ledger::Chart::SchoolPayable.number();
                format!("/entries?from={date}&to={date}&account={account}&owner={}", payout.party)
            }
        };
        let seen = match &payout.seen {
            Some((id, line)) => {
                ui.tag("item", "seen", Tone::Good).to(format!("/bank/statements/{id}#line-{line}"))
            }
            None if payout.net.is_positive() => ui.tag("item", "awaited", Tone::Quiet),
            None => ui.tag("item", "not_paid", Tone::Quiet),
        };
        vec![
            Cell::text(if payout.name.is_empty() { ui.party(payout.party) } else { payout.name.clone() })
                .to(&statement),
            Cell::text(ui.word("party-kind", &payout.kind)),
            Cell::code(format!("{} {}", payout.creditor_bic, payout.creditor_account)),
            Cell::code(&payout.end_to_end),
            seen,
            Cell::amount(payout.fare).to(&statement),
            Cell::amount(payout.subsidy).to(&statement),
            Cell::amount(payout.cash_held).to(&statement),
            Cell::amount(payout.net).to(&statement),
        ]
    };
    let mut total = vec![Cell::text(ui.t("sum"))];
    total.extend((0..4).map(|_| Cell::of(Value::Empty)));
    let columns: [fn(&PayoutRow) -> primitives::Minor; 4] =
        [|row| row.fare, |row| row.subsidy, |row| row.cash_held, |row| row.net];
    for column in columns {
        total.push(Cell::amount(sum(payouts.iter().map(column))?));
    }
    Ok(Table::new("payouts", ui.t("payouts-caption"), ui.t("payouts-empty"))
        .text("payee", ui.t("col-payee"))
        .text("kind", ui.t("col-kind"))
        .text("creditor", ui.t("col-creditor"))
        .text("end_to_end", ui.t("col-end-to-end"))
        .text("seen", ui.t("col-seen"))
        .figure("fare", ui.in_currency("col-fare-owed"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
        .figure("cash_held", ui.in_currency("col-cash"))
        .figure("net", ui.in_currency("col-net"))
        .rows(payouts.iter().map(row).collect())
        .total(total)
        .export(csv_href(ui)))
}

/// `POST /payouts/propose`: a maker proposes the run of a closed day.
pub async fn propose(Visitor(ui): Visitor, form: Form) -> Result<Response, Problem> {
    let date = PostingDate::parse(form.need("date")?);
    let date = date.ok_or_else(|| Problem::bad_request("a day is YYYY-MM-DD"))?;
    let run = carry_out(async move {
        let mut connection = ui.state.connection().await?;
        let proposed = settle::propose(&mut connection, date, ui.login()).await;
        proposed
            .map_err(|cause| Problem::unavailable("proposing a payout run", &cause))?
            .map_err(Problem::refused)
    });
    Ok(Redirect::to(&format!("/payouts/{}", run.await?.id)).into_response())
}

/// `POST /payouts/{run}/approve`: a checker approves exactly the proposal whose digest the page showed.
pub async fn approve(Visitor(ui): Visitor, Path(id): Path<String>, form: Form) -> Result<Response, Problem> {
    let id = row_id(&id)?;
    let shown = unhex(form.need("digest")?).and_then(|bytes| bytes.try_into().ok()).map(Digest);
    let shown = shown.ok_or_else(|| Problem::bad_request("a digest is 64 hexadecimal characters"))?;
    carry_out(async move {
        let mut connection = ui.state.connection().await?;
        let approved = settle::approve(&mut connection, id, shown, ui.login()).await;
        approved
            .map_err(|cause| Problem::unavailable("approving a payout run", &cause))?
            .map_err(Problem::refused)
    })
    .await?;
    Ok(Redirect::to(&format!("/payouts/{id}")).into_response())
}

/// `POST /payouts/{run}/file`: hands the payment file out, which is noted; so it is no GET.
pub async fn hand_over(Visitor(ui): Visitor, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = row_id(&id)?;
    let file = carry_out(async move {
        let mut connection = ui.state.connection().await?;
        let file = settle::hand_over(&mut connection, id, ui.login()).await;
        file.map_err(|cause| Problem::unavailable("handing a payment file over", &cause))
    });
    let file = file.await?.ok_or_else(Problem::not_found)?;
    Ok(export::attachment("application/xml", &format!("farehouse-payout-{id}.xml"), file))
}
