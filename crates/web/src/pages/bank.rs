//! What the bank says: files, statements with their proof, and each line with what it met.

use super::{Chunk, all_pages, carry_out, count_cell};
use super::{Crumb, Pager, crumbs, csv_href, fault, html, page_request, pager, row_id, wants_csv};
use crate::form::Form;
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use engine::reconcile;
use engine::report::{self, FileRow, LineRow, PageRequest, StatementRow};
use primitives::Minor;

/// Letters of a file's name that are kept.
const FILE_NAME_MAX: usize = 200;
/// Newest files on the bank page.
const FILES_SHOWN_MAX: u32 = 20;

#[derive(Template)]
#[template(path = "bank.html")]
struct Overview<'a> {
    ui: &'a Visit,
    section: &'a str,
    said: Option<Said>,
    statements: Table,
    pager: Pager,
    files: Table,
}

/// What the last import said, passed on by its redirect.
struct Said {
    tone: &'static str,
    text: String,
}

/// `GET /bank`.
pub async fn list(Visitor(ui): Visitor) -> Result<Response, Problem> {
    if wants_csv(&ui) {
        return all_pages(&ui, statement_columns(&ui), move |ui, request| async move {
            let mut connection = ui.state.connection().await?;
            let page = report::statements(&mut connection, request).await.map_err(fault)?;
            let rows = page.rows.iter().map(|found| statement_row(&ui, found)).collect();
            Ok(Chunk { rows, total_rows: page.total_rows })
        });
    }
    let mut connection = ui.state.connection().await?;
    let page = report::statements(&mut connection, page_request(&ui)).await.map_err(fault)?;
    let files = report::files(&mut connection, PageRequest::new(1, FILES_SHOWN_MAX)).await.map_err(fault)?;
    let statements = statement_columns(&ui)
        .rows(page.rows.iter().map(|found| statement_row(&ui, found)).collect())
        .export(csv_href(&ui));
    html(&Overview {
        ui: &ui,
        section: "bank",
        said: said(&ui),
        statements,
        pager: pager(&ui, &page),
        files: files_table(&ui, &files.rows),
    })
}

/// What the redirect after an import asks to be said; only words we know, so an address cannot make us say others.
fn said(ui: &Visit) -> Option<Said> {
    let code = ui.query.get("code").and_then(primitives::Code::parse);
    match (ui.query.get("said")?, code) {
        ("stored", _) => Some(Said { tone: "good", text: ui.t("import-stored") }),
        ("again", _) => Some(Said { tone: "warn", text: ui.t("import-again") }),
        ("refused", Some(code)) => {
            let args = [("reason", ui.word("code", code.as_str())), ("code", code.as_str().to_owned())];
            Some(Said { tone: "bad", text: ui.tf("import-refused", &args) })
        }
        _ => None,
    }
}

fn statement_columns(ui: &Ui) -> Table {
    Table::new("statements", ui.t("statements-caption"), ui.t("statements-empty"))
        .text("statement", ui.t("col-statement"))
        .text("account", ui.t("col-bank-account"))
        .text("from", ui.t("col-first-day"))
        .text("to", ui.t("col-last-day"))
        .text("proof", ui.t("col-proof"))
        .text("continuity", ui.t("col-continuity"))
        .text("posted", ui.t("col-posted"))
        .figure("lines", ui.t("col-lines"))
        .figure("matched", ui.t("col-matched"))
        .figure("opening", ui.in_currency("col-opening"))
        .figure("closing", ui.in_currency("col-closing"))
}

fn statement_row(ui: &Visit, found: &StatementRow) -> Vec<Cell> {
    let href = format!("/bank/statements/{}", found.id);
    let name = if found.revision > 1 {
        format!("{} r{}", found.bank_id, found.revision)
    } else {
        found.bank_id.clone()
    };
    vec![
        Cell::code(name).to(&href),
        Cell::code(&found.account),
        Cell::of(Value::Date(found.from)),
        Cell::of(Value::Date(found.to)),
        proof(ui, &found.proof),
        continuity(ui, &found.continuity),
        posted(ui, found.posted),
        count_cell(found.lines).to(&href),
        count_cell(found.matched).to(&href),
        Cell::amount(found.opening),
        Cell::amount(found.closing).to(&href),
    ]
}

fn posted(ui: &Visit, posted: bool) -> Cell {
    if posted {
        ui.tag("statement", "posted", Tone::Good)
    } else {
        ui.tag("statement", "not_posted", Tone::Warn)
    }
}

fn proof(ui: &Visit, word: &str) -> Cell {
    match word {
        "proven" => ui.tag("proof", "proven", Tone::Good),
        "failed" => ui.tag("proof", "failed", Tone::Bad),
        _ => ui.tag("proof", "not_provable", Tone::Warn),
    }
}

fn continuity(ui: &Visit, word: &str) -> Cell {
    match word {
        "follows" => ui.tag("continuity", "follows", Tone::Good),
        "first" => ui.tag("continuity", "first", Tone::Quiet),
        _ => ui.tag("continuity", "gap", Tone::Bad),
    }
}

fn files_table(ui: &Ui, files: &[FileRow]) -> Table {
    let row = |file: &FileRow| {
        let state = match &file.refused {
            None => ui.tag("file", "read", Tone::Good),
            Some(_) => ui.tag("file", "refused", Tone::Bad),
        };
        let reason =
            file.refused.as_ref().map(|(code, detail)| format!("{}: {detail}", ui.word("code", code)));
        vec![
            Cell::text(&file.name),
            Cell::of(Value::Moment(file.received_at)),
            state,
            Cell::maybe(reason),
            count_cell(file.statements),
            count_cell(file.bytes),
            Cell::code(&file.digest.hex()[..16]),
        ]
    };
    Table::new("files", ui.t("files-caption"), ui.t("files-empty"))
        .text("name", ui.t("col-file"))
        .text("received_at", ui.t("col-received"))
        .text("state", ui.t("col-state"))
        .text("reason", ui.t("col-reason"))
        .figure("statements", ui.t("col-statements"))
        .figure("bytes", ui.t("col-bytes"))
        .text("digest", ui.t("col-digest"))
        .rows(files.iter().map(row).collect())
}

/// `POST /bank/import`: a maker hands the bank's file in. A file that is refused is kept with its reason.
pub async fn import(Visitor(ui): Visitor, form: Form) -> Result<Response, Problem> {
    let upload = form.upload.ok_or_else(|| Problem::bad_request("no file was chosen"))?;
    let name: String =
        upload.name.chars().filter(|letter| !letter.is_control()).take(FILE_NAME_MAX).collect();
    let result = carry_out(async move {
        let mut connection = ui.state.connection().await?;
        let imported = reconcile::import(&mut connection, &name, &upload.bytes, ui.login()).await;
        imported.map_err(|cause| Problem::unavailable("importing a bank file", &cause))
    });
    let result = result.await?;
    let said = match (&result.outcome, result.repeated) {
        (Err(refusal), _) => format!("refused&code={}", refusal.code.as_str()),
        (Ok(_), true) => "again".to_owned(),
        (Ok(_), false) => "stored".to_owned(),
    };
    Ok(Redirect::to(&format!("/bank?said={said}")).into_response())
}

#[derive(Template)]
#[template(path = "statement.html")]
struct StatementPage<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    found: StatementRow,
    proof: Cell,
    continuity: Cell,
    posted: Cell,
    booked: Minor,
    table: Table,
    pager: Pager,
}

/// `GET /bank/statements/{statement}`.
pub async fn statement(Visitor(ui): Visitor, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = row_id(&id)?;
    let mut connection = ui.state.connection().await?;
    let found =
        report::statement(&mut connection, id).await.map_err(fault)?.ok_or_else(Problem::not_found)?;
    if wants_csv(&ui) {
        drop(connection);
        return all_pages(&ui, line_columns(&ui), move |ui, request| async move {
            let mut connection = ui.state.connection().await?;
            let page = report::statement_lines(&mut connection, id, request).await.map_err(fault)?;
            let rows = page.rows.iter().map(|line| line_row(&ui, line)).collect();
            Ok(Chunk { rows, total_rows: page.total_rows })
        });
    }
    let page = report::statement_lines(&mut connection, id, page_request(&ui)).await.map_err(fault)?;
    let mut total = vec![Cell::text(ui.t("sum-booked"))];
    total.extend((0..7).map(|_| Cell::of(Value::Empty)));
    total.push(Cell::amount(page.sums));
    let table = line_columns(&ui)
        .rows(page.rows.iter().map(|line| line_row(&ui, line)).collect())
        .total(total)
        .export(csv_href(&ui));
    html(&StatementPage {
        ui: &ui,
        section: "bank",
        crumbs: crumbs([(ui.t("nav-bank"), Some("/bank".to_owned())), (found.bank_id.clone(), None)]),
        proof: proof(&ui, &found.proof),
        continuity: continuity(&ui, &found.continuity),
        posted: posted(&ui, found.posted),
        booked: page.sums,
        pager: pager(&ui, &page),
        found,
        table,
    })
}

fn line_columns(ui: &Ui) -> Table {
    Table::new("lines", ui.t("bank-lines-caption"), ui.t("bank-lines-empty"))
        .figure("line", ui.t("col-line"))
        .text("booking_date", ui.t("col-booking-date"))
        .text("value_date", ui.t("col-value-date"))
        .text("met", ui.t("col-met"))
        .text("rule", ui.t("col-rule"))
        .text("end_to_end", ui.t("col-end-to-end"))
        .text("memo", ui.t("col-memo"))
        .text("party", ui.t("col-party"))
        .figure("amount", ui.in_currency("col-amount"))
}

fn line_row(ui: &Visit, line: &LineRow) -> Vec<Cell> {
    let met = match (&line.matched, &line.broken) {
        (Some(_), _) => ui.tag("line", "matched", Tone::Good),
        (None, Some(code)) => Cell::of(Value::Tag(Tone::Bad, "break", ui.word("code", code))).to("/breaks"),
        (None, None) if !line.booked => ui.tag("line", "pending", Tone::Quiet),
        (None, None) => ui.tag("line", "unmatched", Tone::Warn),
    };
    let matched = line.matched.as_ref();
    vec![
        Cell::count(i64::from(line.ordinal)),
        Cell::of(Value::Date(line.booking_date)),
        Cell::of(Value::Date(line.value_date)),
        met,
        Cell::maybe(matched.map(|matched| ui.word("rule", &matched.rule))),
        line.end_to_end.as_ref().map_or(Cell::of(Value::Empty), Cell::code),
        Cell::text(&line.memo),
        Cell::maybe(matched.map(|matched| ui.party(matched.party))),
        Cell::amount(line.amount),
    ]
}
