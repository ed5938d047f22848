//! Breaks: what the ledger and the bank do not agree on, each with a name, an age and a way to look at both sides.

use super::{Chunk, List, Sub, all_pages, crumbs, csv_href, fault, html, page_request, pager, wants_csv};
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use axum::response::Response;
use engine::report::{self, BreakFilter, BreakRow};

/// `GET /breaks`.
pub async fn list(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let filter = BreakFilter {
        state: match ui.query.get("state") {
            Some("all") => None,
            Some(state) => Some(state.to_owned()),
            None => Some("open".to_owned()),
        },
        code: ui.query.get("code").map(str::to_owned),
    };
    if wants_csv(&ui) {
        return all_pages(&ui, columns(&ui), move |ui, request| {
            let filter = filter.clone();
            async move {
                let mut connection = ui.state.connection().await?;
                let page = report::breaks(&mut connection, &filter, request).await.map_err(fault)?;
                let rows = page.rows.iter().map(|found| row(&ui, found)).collect();
                Ok(Chunk { rows, total_rows: page.total_rows })
            }
        });
    }
    let mut connection = ui.state.connection().await?;
    let page = report::breaks(&mut connection, &filter, page_request(&ui)).await.map_err(fault)?;
    let mut total = vec![Cell::text(ui.t("sum-of-all"))];
    total.extend((0..6).map(|_| Cell::of(Value::Empty)));
    total.push(Cell::amount(page.sums));
    let table = columns(&ui)
        .rows(page.rows.iter().map(|found| row(&ui, found)).collect())
        .total(total)
        .export(csv_href(&ui));
    let title = ui.t("breaks-title");
    let list = List::new(&ui, "breaks", crumbs([(title.clone(), None)]), title, ui.t("breaks-lead"), table);
    html(&List { subs: states(&ui, &filter), pager: Some(pager(&ui, &page)), ..list })
}

fn states(ui: &Visit, filter: &BreakFilter) -> Vec<Sub> {
    let sub = |state: Option<&str>, key: &str| Sub {
        label: ui.t(key),
        count: None,
        href: ui.query.without("page").with("state", state.unwrap_or("all")).href("/breaks"),
        current: filter.state.as_deref() == state,
    };
    vec![sub(Some("open"), "breaks-open"), sub(Some("closed"), "breaks-closed"), sub(None, "breaks-all")]
}

fn columns(ui: &Ui) -> Table {
    Table::new("breaks", ui.t("breaks-caption"), ui.t("breaks-empty"))
        .text("code", ui.t("col-code"))
        .text("first_seen", ui.t("col-first-seen"))
        .figure("age_days", ui.t("col-age"))
        .text("state", ui.t("col-state"))
        .text("detail", ui.t("col-detail"))
        .text("where", ui.t("col-where"))
        .text("owner", ui.t("col-break-owner"))
        .figure("amount", ui.in_currency("col-amount"))
}

fn row(ui: &Visit, found: &BreakRow) -> Vec<Cell> {
    let today = ui.state.now().with_timezone(&ui.state.zone()).date_naive();
    let age = found.closed_on.unwrap_or(today).signed_duration_since(found.first_seen).num_days().max(0);
    let place = match (found.statement, found.ordinal) {
        (Some(statement), Some(line)) => Cell::text(ui.tn("statement-line", i64::from(line)))
            .to(format!("/bank/statements/{statement}#line-{line}")),
        (Some(statement), None) => {
            Cell::text(ui.t("statement-title")).to(format!("/bank/statements/{statement}"))
        }
        _ => found.item.as_deref().map_or(Cell::of(Value::Empty), Cell::code),
    };
    let state = match found.closed_on {
        Some(_) => ui.tag("break", "closed", Tone::Good),
        None => ui.tag("break", "open", Tone::Bad),
    };
    vec![
        Cell::text(ui.word("code", &found.code)),
        Cell::of(Value::Date(found.first_seen)),
        Cell::count(age),
        state,
        Cell::text(&found.detail),
        place,
        Cell::maybe(found.owner.as_deref()),
        Cell::amount(found.amount),
    ]
}
