//! The page of a problem: what happened, what may help, and the id under which the log knows the request.

use crate::i18n;
use crate::problem::{self, Problem};
use crate::visit::Visit;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    ui: &'a Visit,
    section: &'a str,
    title: String,
    help: String,
    status: u16,
    code: &'static str,
    detail: &'a str,
}

/// A problem as a page, with the problem's status.
pub fn page(ui: &Visit, problem: &Problem) -> Response {
    let help = format!("help-{}", problem.code.as_str().to_ascii_lowercase().replace('_', "-"));
    let page = Page {
        ui,
        section: "",
        title: i18n::text(ui.lang, &problem::title_key(problem.code)),
        help: if i18n::has(ui.lang, &help) { i18n::text(ui.lang, &help) } else { ui.t("help-other") },
        status: problem.status.as_u16(),
        code: problem.code.as_str(),
        detail: &problem.detail,
    };
    let mut response = match page.render() {
        Ok(text) => (problem.status, Html(text)).into_response(),
        Err(cause) => {
            tracing::error!(%cause, "the problem's page does not render");
            (problem.status, problem.code.as_str()).into_response()
        }
    };
    problem.add_retry_after(&mut response);
    response
}
