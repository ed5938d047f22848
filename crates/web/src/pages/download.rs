//! Lists as files: whole ones at once, long ones page by page while the reader takes them.

use crate::export;
use crate::problem::Problem;
use crate::table::{Cell, Column, Table};
use crate::visit::Ui;
use axum::response::Response;
use engine::report::{PAGE_ROWS_MAX, PageRequest};

/// Some rows of a long list.
pub(crate) struct Chunk {
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows the whole list has.
    pub total_rows: u64,
}

/// What a file says about itself in its closing block.
fn notes(ui: &Ui, table: &Table) -> Vec<(&'static str, String)> {
    let filters: Vec<String> = ui
        .query
        .pairs()
        .iter()
        .filter(|(name, _)| name != "format" && name != "page")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let zone = ui.state.zone();
    vec![
        ("table", table.name.to_owned()),
        ("page", ui.path.clone()),
        ("filters", if filters.is_empty() { "none".to_owned() } else { filters.join(" ") }),
        ("as_of", crate::format::rfc3339(ui.state.now(), zone)),
        ("zone", zone.name().to_owned()),
        ("currency", format!("{} in units of 1e-{}", ui.currency(), ui.state.currency().exponent())),
        ("user", ui.login().to_owned()),
    ]
}

fn file_name(ui: &Ui, table: &Table) -> String {
    let place = ui.path.trim_matches('/').replace('/', "-");
    let filters: String = ui
        .query
        .pairs()
        .iter()
        .filter(|(name, _)| name != "format" && name != "page")
        .map(|(name, value)| format!("-{name}-{value}"))
        .collect();
    format!("farehouse-{place}{filters}-{}.csv", table.name)
}

/// A table that is loaded whole, as a file.
pub(crate) fn whole(ui: &Ui, table: &Table) -> Result<Response, Problem> {
    let write = || -> Result<Vec<u8>, csv::Error> {
        let mut bytes = export::head(&table.columns)?;
        bytes.extend(export::rows(&table.columns, &table.rows, ui.state.zone())?);
        bytes.extend(export::notes(&table.columns, &notes(ui, table))?);
        Ok(bytes)
    };
    let bytes = write().map_err(|cause| Problem::unavailable("writing a file", &cause))?;
    Ok(export::attachment(export::MEDIA_TYPE, &file_name(ui, table), bytes))
}

/// A list of any length as a file: `load` is asked for one page after the other while the reader takes them. When the
/// list changed its length meanwhile, the transfer is broken off rather than completed with a row missing or doubled.
pub(crate) fn all_pages<Load, Loading>(ui: &Ui, table: Table, load: Load) -> Result<Response, Problem>
where
    Load: Fn(Ui, PageRequest) -> Loading + Send + 'static,
    Loading: Future<Output = Result<Chunk, Problem>> + Send,
{
    let failed = |cause: csv::Error| Problem::unavailable("writing a file", &cause);
    let head = export::head(&table.columns).map_err(failed)?;
    let notes = export::notes(&table.columns, &notes(ui, &table)).map_err(failed)?;
    let (sink, response) = export::download(&file_name(ui, &table));
    let ui = ui.clone();
    tokio::spawn(async move {
        if let Err(cause) = send_pages(&ui, &sink, head, &table.columns, load).await {
            tracing::warn!(%cause, path = ui.path, "an export stopped before its end");
            return;
        }
        if sink.send(notes).await.is_ok() {
            // A reader that went away in the last moment needs no word.
            let _ = sink.done().await;
        }
    });
    Ok(response)
}

async fn send_pages<Load, Loading>(
    ui: &Ui,
    sink: &export::Sink,
    head: Vec<u8>,
    columns: &[Column],
    load: Load,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    Load: Fn(Ui, PageRequest) -> Loading,
    Loading: Future<Output = Result<Chunk, Problem>>,
{
    sink.send(head).await?;
    let (mut sent, mut number, mut total) = (0_u64, 1_u32, None);
    loop {
        let chunk = load(ui.clone(), PageRequest::new(number, PAGE_ROWS_MAX))
            .await
            .map_err(|problem| problem.detail)?;
        if *total.get_or_insert(chunk.total_rows) != chunk.total_rows {
            return Err("the list changed its length while it was sent".into());
        }
        sent += chunk.rows.len() as u64;
        sink.send(export::rows(columns, &chunk.rows, ui.state.zone())?).await?;
        if sent >= chunk.total_rows || chunk.rows.is_empty() {
            break;
        }
        number += 1;
    }
    if total != Some(sent) {
        return Err("the list lost rows while it was sent".into());
    }
    Ok(())
}
