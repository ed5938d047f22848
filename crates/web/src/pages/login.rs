//! Signing in and out.

use super::html;
use crate::cookie::Cookie;
use crate::form::Form;
use crate::guard::SIGN_IN_SECONDS;
use crate::people;
use crate::problem::Problem;
use crate::secret;
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    ui: &'a Visit,
    section: &'a str,
    csrf: String,
    next: String,
    failed: bool,
}

/// `GET /`: the days.
pub async fn home() -> Redirect {
    Redirect::to("/days")
}

/// `GET /login`: the form, with a token of its own that the sign-in must repeat.
pub async fn form(Visitor(ui): Visitor) -> Result<Response, Problem> {
    let next = ui.query.get("next").unwrap_or("/days").to_owned();
    if ui.person.is_some() {
        return Ok(Redirect::to(safe_target(&next)).into_response());
    }
    show(&ui, next, false)
}

fn show(ui: &Ui, next: String, failed: bool) -> Result<Response, Problem> {
    let token = secret::token().map_err(|cause| Problem::unavailable("making a token", &cause))?;
    let page = Page { ui, section: "", csrf: token.clone(), next, failed };
    let mut response = html(&page)?;
    if failed {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    set(&mut response, Cookie::SignIn, &token, SIGN_IN_SECONDS, ui);
    Ok(response)
}

fn set(response: &mut Response, cookie: Cookie, value: &str, seconds: u32, ui: &Ui) {
    if let Some(line) = cookie.set(value, seconds, ui.state.settings().secure_cookies) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}

/// `POST /login`. A wrong login and a wrong password look the same and take the same time.
pub async fn sign_in(Visitor(ui): Visitor, form: Form) -> Result<Response, Problem> {
    let (login, password) = (form.need("login")?, form.need("password")?);
    let next = form.get("next").unwrap_or("/days");
    match people::sign_in(&ui.state, login.trim(), password).await? {
        None => show(&ui, next.to_owned(), true),
        Some(token) => {
            let mut response = Redirect::to(safe_target(next)).into_response();
            set(&mut response, Cookie::Session, &token, engine::access::SESSION_AGE_SECONDS_MAX, &ui);
            set(&mut response, Cookie::SignIn, "", 0, &ui);
            Ok(response)
        }
    }
}

/// `POST /logout`.
pub async fn sign_out(Visitor(ui): Visitor, headers: axum::http::HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = Cookie::Session.read(&headers, ui.state.settings().secure_cookies) {
        people::sign_out(&ui.state, &token).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    set(&mut response, Cookie::Session, "", 0, &ui);
    Ok(response)
}

/// A page of ours to go on to; anything else leads to the days. `//host` and `/\host` are other sites to a browser.
fn safe_target(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if ours { next } else { "/days" }
}

#[cfg(test)]
mod tests {
    use super::safe_target;

    #[test]
    fn signing_in_leads_only_to_our_own_pages() {
        let check = |next: &str, expect: &str| assert_eq!(safe_target(next), expect);
        check("/days/2026-11-21?lang=en", "/days/2026-11-21?lang=en");
        check("//evil.example", "/days");
        check("/\\evil.example", "/days");
        check("https://evil.example", "/days");
        check("/\nevil", "/days");
        check("", "/days");
    }
}
