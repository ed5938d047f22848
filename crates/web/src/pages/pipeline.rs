//! What became of every record, source by source: the rows behind the equation on the day's page.

use super::{List, count_cell, crumbs, csv_href, fault, html, wants_csv, whole};
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use axum::response::Response;
use engine::report::{self, PipelineRow, Source};

/// `GET /pipeline`.
pub async fn sources(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let ends = ui.state.log_ends().await;
    let mut connection = ui.state.connection().await?;
    let rows = report::pipeline(&mut connection, &ends).await.map_err(fault)?;
    let table = table(&ui, &rows);
    if wants_csv(&ui) {
        return whole(&ui, &table);
    }
    let title = ui.t("pipeline-caption");
    let crumbs = crumbs([(ui.t("nav-days"), Some("/days".to_owned())), (title.clone(), None)]);
    html(&List::new(&ui, "days", crumbs, title, ui.t("pipeline-lead"), table))
}

fn table(ui: &Ui, rows: &[PipelineRow]) -> Table {
    let total =
        |pick: fn(&PipelineRow) -> u64| count_cell(rows.iter().map(pick).fold(0, u64::saturating_add));
    Table::new("pipeline", ui.t("pipeline-caption"), ui.t("pipeline-empty"))
        .text("source", ui.t("col-source"))
        .text("state", ui.t("col-state"))
        .figure("accepted", ui.t("col-accepted"))
        .figure("posted", ui.t("col-posted-count"))
        .figure("duplicate", ui.t("col-duplicate"))
        .figure("quarantined", ui.t("col-quarantined"))
        .figure("pending", ui.t("col-pending"))
        .rows(rows.iter().map(|found| row(ui, found)).collect())
        .total(vec![
            Cell::text(ui.t("sum")),
            Cell::of(Value::Empty),
            total(|row| row.accepted),
            total(|row| row.posted),
            total(|row| row.duplicate),
            total(|row| row.quarantined),
            total(|row| row.pending),
        ])
        .export(csv_href(ui))
}

fn row(ui: &Visit, found: &PipelineRow) -> Vec<Cell> {
    let source = match &found.source {
        Source::Gateway => ui.word("source", "gateway"),
        Source::Partition { topic, part } => format!("{topic} · {part}"),
    };
    let state = match (&found.halted, found.holds()) {
        (Some(_), _) => ui.tag("pipeline", "halts", Tone::Bad),
        (None, false) => ui.tag("pipeline", "fails", Tone::Bad),
        (None, true) => ui.tag("pipeline", "holds", Tone::Good),
    };
    vec![
        Cell::text(source),
        state,
        count_cell(found.accepted),
        count_cell(found.posted),
        count_cell(found.duplicate),
        count_cell(found.quarantined).to("/quarantine?state=all"),
        count_cell(found.pending),
    ]
}
