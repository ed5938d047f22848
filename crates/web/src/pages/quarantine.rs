//! Quarantine: what was refused, by code, with the raw bytes and a way back.

use super::tap::position;
use super::{Chunk, Crumb, Pager, Sub, all_pages, carry_out, crumbs, csv_href, fault, html};
use super::{page_request, pager, row_id, wants_csv};
use crate::form::Form;
use crate::problem::Problem;
use crate::query::Query;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use engine::intake::Retried;
use engine::report::{self, QuarantineFilter, QuarantineRow};
use primitives::Code;

/// Bytes of a row of the hex view.
const HEX_ROW: usize = 16;

/// `GET /quarantine`.
pub async fn list(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let state = match ui.query.get("state") {
        Some("all") => None,
        Some(state) => Some(state.to_owned()),
        None => Some("open".to_owned()),
    };
    let filter = QuarantineFilter { state, code: ui.query.get("code").map(str::to_owned) };
    if wants_csv(&ui) {
        return all_pages(&ui, columns(&ui), move |ui, request| {
            let filter = filter.clone();
            async move {
                let mut connection = ui.state.connection().await?;
                let page = report::quarantine(&mut connection, &filter, request).await.map_err(fault)?;
                let rows = page.rows.iter().map(|found| row(&ui, found)).collect();
                Ok(Chunk { rows, total_rows: page.total_rows })
            }
        });
    }
    let mut connection = ui.state.connection().await?;
    let shown = filter.state.as_deref().unwrap_or("open");
    let codes = report::quarantine_codes(&mut connection, shown).await.map_err(fault)?;
    let page = report::quarantine(&mut connection, &filter, page_request(&ui)).await.map_err(fault)?;
    let table =
        columns(&ui).rows(page.rows.iter().map(|found| row(&ui, found)).collect()).export(csv_href(&ui));
    html(&Overview {
        ui: &ui,
        section: "quarantine",
        said: said(&ui),
        states: states(&ui, &filter),
        codes: by_code(&ui, &filter, &codes),
        retry: filter.code.filter(|_| shown == "open" && !page.rows.is_empty()),
        pager: pager(&ui, &page),
        table,
    })
}

#[derive(Template)]
#[template(path = "quarantine.html")]
struct Overview<'a> {
    ui: &'a Visit,
    section: &'a str,
    said: Option<String>,
    states: Vec<Sub>,
    codes: Vec<Sub>,
    /// The code whose open refusals can be tried again.
    retry: Option<String>,
    pager: Pager,
    table: Table,
}

/// What the redirect after a retry asks to be said: two numbers.
fn said(ui: &Visit) -> Option<String> {
    let number = |name: &str| ui.query.get(name).and_then(|text| text.parse::<i64>().ok());
    let (tried, received) = (number("tried")?, number("received")?);
    Some(ui.tf("retry-said", [("tried", ui.count(tried)), ("received", ui.count(received))]))
}

/// `POST /quarantine/retry`: tries everything again that was set aside with one code.
pub async fn retry(Visitor(ui): Visitor, form: Form) -> Result<Response, Problem> {
    let code = Code::parse(form.need("code")?).ok_or_else(|| Problem::bad_request("no such code"))?;
    let retried = carry_out(async move {
        let retried = ui.state.door().retry(code, ui.login()).await;
        retried.map_err(|cause| Problem::unavailable("trying set-aside taps again", &cause))
    });
    let Retried { tried, received } = retried.await?;
    let target = format!("/quarantine?code={}&tried={tried}&received={received}", code.as_str());
    Ok(Redirect::to(&target).into_response())
}

/// This page's address without what the last retry said and without a page number.
fn plain(ui: &Visit) -> Query {
    ui.query.without("page").without("tried").without("received")
}

fn states(ui: &Visit, filter: &QuarantineFilter) -> Vec<Sub> {
    let state = |state: Option<&str>, key: &str| Sub {
        label: ui.t(key),
        count: None,
        href: plain(ui).without("code").with("state", state.unwrap_or("all")).href("/quarantine"),
        current: filter.state.as_deref() == state,
    };
    vec![
        state(Some("open"), "quarantine-open"),
        state(Some("retried"), "quarantine-retried"),
        state(Some("dismissed"), "quarantine-dismissed"),
        state(None, "quarantine-all"),
    ]
}

/// The codes of the state that is shown, each with its number of refusals; the chosen one leads back to all.
fn by_code(ui: &Visit, filter: &QuarantineFilter, codes: &[(String, u64)]) -> Vec<Sub> {
    let sub = |(code, count): &(String, u64)| {
        let current = filter.code.as_deref() == Some(code);
        let query = if current { plain(ui).without("code") } else { plain(ui).with("code", code) };
        Sub {
            label: ui.word("code", code),
            count: Some(ui.count(i64::try_from(*count).unwrap_or(i64::MAX))),
            href: query.href("/quarantine"),
            current,
        }
    };
    codes.iter().map(sub).collect()
}

fn columns(ui: &Ui) -> Table {
    Table::new("quarantine", ui.t("quarantine-caption"), ui.t("quarantine-empty"))
        .text("id", ui.t("col-refusal"))
        .text("received_at", ui.t("col-received"))
        .text("code", ui.t("col-code"))
        .text("detail", ui.t("col-detail"))
        .text("tap", ui.t("col-tap"))
        .text("source", ui.t("col-source"))
        .text("position", ui.t("col-position"))
        .text("state", ui.t("col-state"))
}

fn row(ui: &Visit, found: &QuarantineRow) -> Vec<Cell> {
    vec![
        Cell::code(found.id.to_string()).to(format!("/quarantine/{}", found.id)),
        Cell::of(Value::Moment(found.received_at)),
        Cell::text(ui.word("code", &found.code)),
        Cell::text(&found.detail),
        found.tap.map_or(Cell::of(Value::Empty), |tap| Cell::code(tap.to_string())),
        Cell::text(ui.word("source", &found.source)),
        found.position.map_or(Cell::of(Value::Empty), |place| Cell::code(position(place))),
        state(ui, &found.state),
    ]
}

fn state(ui: &Visit, word: &str) -> Cell {
    match word {
        "retried" => ui.tag("refusal", "retried", Tone::Good),
        "dismissed" => ui.tag("refusal", "dismissed", Tone::Quiet),
        _ => ui.tag("refusal", "open", Tone::Warn),
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct One<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    row: QuarantineRow,
    title: String,
    place: String,
    state: Cell,
    bytes: usize,
    hex: String,
}

/// `GET /quarantine/{id}`.
pub async fn one(Visitor(ui): Visitor, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = row_id(&id)?;
    let mut connection = ui.state.connection().await?;
    let found = report::quarantined(&mut connection, id).await.map_err(fault)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let title = ui.word("code", &found.row.code);
    html(&One {
        ui: &ui,
        section: "quarantine",
        crumbs: crumbs([(ui.t("nav-quarantine"), Some("/quarantine".to_owned())), (title.clone(), None)]),
        title,
        place: found.row.position.map(position).unwrap_or_default(),
        state: state(&ui, &found.row.state),
        bytes: found.raw.len(),
        hex: hex_view(&found.raw),
        row: found.row,
    })
}

/// Offset, bytes and printable letters, as a hex editor shows them.
fn hex_view(bytes: &[u8]) -> String {
    let mut view = String::new();
    for (index, row) in bytes.chunks(HEX_ROW).enumerate() {
        let digits: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let letters: String = row
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' })
            .collect();
        view.push_str(&format!("{:06x}  {:<47}  {letters}\n", index * HEX_ROW, digits.join(" ")));
    }
    view
}

#[cfg(test)]
mod tests {
    use super::hex_view;

    #[test]
    fn bytes_are_shown_as_a_hex_editor_shows_them() {
        assert_eq!(hex_view(b""), "");
        let expect = "000000  00 41 ff                                         ·A·\n";
        assert_eq!(hex_view(&[0, 0x41, 0xff]), expect);
        assert_eq!(hex_view(&[0x20; 17]).lines().count(), 2);
    }
}
