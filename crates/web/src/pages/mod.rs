//! The pages of the finance web, in the order of the navigation. A page loads rows, puts them into tables, and renders;
//! `?format=csv` writes the same tables as a file.

pub mod balance;
pub mod bank;
pub mod breaks;
pub mod charges;
pub mod day;
pub mod days;
pub mod login;
pub mod operator;
pub mod payouts;
pub mod pipeline;
pub mod problem;
pub mod quarantine;
pub mod tap;

mod download;
mod names;

pub(crate) use download::{Chunk, all_pages, whole};

use crate::problem::Problem;
use crate::table::{Cell, Table};
use crate::visit::Visit;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use engine::report::{Page, PageRequest};
use primitives::{PostingDate, TapId};

/// Rows of a list on one page of the screen.
pub const SCREEN_ROWS: u32 = 50;

/// Renders a page.
pub(crate) fn html(template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|cause| Problem::unavailable("rendering a page", &cause))?;
    Ok(Html(text).into_response())
}

/// The problem a fault of the database is answered with.
pub(crate) fn fault(cause: impl std::fmt::Display) -> Problem {
    Problem::unavailable("reading for a page", &cause)
}

/// Carries a change out in a task of its own, so that a browser that goes away cannot leave it half-way.
pub(crate) async fn carry_out<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.map_err(|cause| Problem::unavailable("carrying a change out", &cause))?
}

/// The accounting day a path names.
pub(crate) fn posting_date(text: &str) -> Result<PostingDate, Problem> {
    // Two texts for one day would make two pages of it.
    PostingDate::parse(text).filter(|date| date.to_string() == text).ok_or_else(Problem::not_found)
}

/// The address of a tap's page.
pub(crate) fn tap_href(tap: TapId) -> String {
    format!("/taps/{tap}")
}

/// The page of a list that the address asks for.
pub(crate) fn page_request(ui: &Visit) -> PageRequest {
    let number = ui.query.get("page").and_then(|text| text.parse().ok()).unwrap_or(1);
    PageRequest::new(number, SCREEN_ROWS)
}

/// True when the address asks for the rows as a file.
pub(crate) fn wants_csv(ui: &Visit) -> bool {
    ui.query.get("format") == Some("csv")
}

/// This page's rows as a file.
pub(crate) fn csv_href(ui: &Visit) -> String {
    ui.query.without("page").with("format", "csv").href(&ui.path)
}

/// One step of the way from the start to this page.
#[derive(Debug, Clone)]
pub(crate) struct Crumb {
    /// What it is called.
    pub label: String,
    /// Where it is; none for this page itself.
    pub href: Option<String>,
}

/// The way to this page: each step with its address, the last without.
pub(crate) fn crumbs<const N: usize>(steps: [(String, Option<String>); N]) -> Vec<Crumb> {
    steps.into_iter().map(|(label, href)| Crumb { label, href }).collect()
}

/// The line under a list that is cut into pages.
#[derive(Debug, Clone)]
pub(crate) struct Pager {
    /// Which rows of how many.
    pub shown: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

/// The pager of a list.
pub(crate) fn pager<Row, Sums>(ui: &Visit, page: &Page<Row, Sums>) -> Pager {
    let first = u64::from(page.number - 1) * u64::from(page.page_rows) + 1;
    let last = first + (page.rows.len() as u64).saturating_sub(1);
    let link = |number: u32| ui.query.with("page", &number.to_string()).href(&ui.path);
    let count = |number: u64| ui.count(i64::try_from(number).unwrap_or(i64::MAX));
    let shown = if page.rows.is_empty() {
        ui.t("pager-none")
    } else {
        let args = [("first", count(first)), ("last", count(last)), ("total", count(page.total_rows))];
        ui.tf("pager-shown", &args)
    };
    Pager {
        shown,
        previous: (page.number > 1).then(|| link(page.number - 1)),
        next: (u64::from(page.number) < page.pages()).then(|| link(page.number + 1)),
    }
}

/// Turns a count of the database into a cell.
pub(crate) fn count_cell(number: u64) -> Cell {
    Cell::count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Parses the id of a row in a path.
pub(crate) fn row_id(text: &str) -> Result<uuid::Uuid, Problem> {
    uuid::Uuid::try_parse(text).ok().filter(|id| id.to_string() == text).ok_or_else(Problem::not_found)
}

/// A page with one list and little else.
#[derive(Template)]
#[template(path = "list.html")]
pub(crate) struct List<'a> {
    pub ui: &'a Visit,
    pub section: &'a str,
    pub crumbs: Vec<Crumb>,
    pub title: String,
    pub lead: String,
    pub subs: Vec<Sub>,
    pub table: Table,
    pub pager: Option<Pager>,
}

/// A choice above a list.
#[derive(Debug, Clone)]
pub(crate) struct Sub {
    /// What it shows.
    pub label: String,
    /// How many rows that is.
    pub count: Option<String>,
    /// Where it is.
    pub href: String,
    /// Whether it is shown now.
    pub current: bool,
}

impl<'a> List<'a> {
    /// A list that fits one page and has no choices.
    pub(crate) fn new(
        ui: &'a Visit,
        section: &'a str,
        crumbs: Vec<Crumb>,
        title: String,
        lead: String,
        table: Table,
    ) -> Self {
        List { ui, section, crumbs, title, lead, subs: Vec::new(), table, pager: None }
    }
}
