//! The guard before every route: who is it, may they, and does a change really come from our own form?

use crate::cookie::Cookie;
use crate::form::Form;
use crate::headers;
use crate::i18n::Lang;
use crate::pages;
use crate::people::{self, Asker, Session};
use crate::problem::{self, Problem};
use crate::query::{self, Query};
use crate::request_id::RequestId;
use crate::role::Access;
use crate::secret;
use crate::state::State;
use crate::visit::{Ui, Visit};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use primitives::Code;
use std::sync::Arc;

/// How long a chosen language is remembered.
const LANG_SECONDS: u32 = 365 * 24 * 3600;
/// How long a sign-in form stays good.
pub const SIGN_IN_SECONDS: u32 = 3600;

/// Lets a visit of a page through when its access allows it, and gives every problem a page.
pub async fn page(state: State, access: Access, request: Request, next: Next) -> Response {
    let session = match session(&state, request.headers()).await {
        Ok(session) => session,
        Err(problem) => return dress(&Arc::new(visit(&state, &request, None)), problem.into_response()),
    };
    let ui = Arc::new(visit(&state, &request, session.as_ref()));
    let chosen = request_lang(&request);
    let mut response = match admit(&ui, access, session.as_ref(), request).await {
        Ok(request) => dress(&ui, next.run(request).await),
        Err(Stop::SignIn(target)) => Redirect::to(&target).into_response(),
        Err(Stop::Problem(problem)) => dress(&ui, problem.into_response()),
    };
    let cookie = chosen.and_then(|lang| Cookie::Lang.set(lang.tag(), LANG_SECONDS, secure(&state)));
    if let Some(line) = cookie {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

fn secure(state: &State) -> bool {
    state.settings().secure_cookies
}

enum Stop {
    SignIn(String),
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Problem(problem)
    }
}

async fn admit(
    ui: &Ui,
    access: Access,
    session: Option<&Session>,
    request: Request,
) -> Result<Request, Stop> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if access != Access::Open {
        let Some(session) = session else { return Err(sign_in(&request, changes)) };
        if !access.allows(session.person.role) {
            let detail = "this account may not do this";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail).into());
        }
    }
    let mut request = request;
    if changes {
        headers::from_our_pages(request.headers())?;
        let expected = expected_token(&ui.state, session, request.headers());
        let (mut parts, body) = request.into_parts();
        let form = Form::read(Request::from_parts(parts.clone(), body), access == Access::Make).await?;
        let given = form.get("csrf").unwrap_or("");
        if !expected.is_some_and(|expected| !expected.is_empty() && secret::same(&expected, given)) {
            let detail = "the form is out of date; open the page again";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail).into());
        }
        parts.extensions.insert(form);
        request = Request::from_parts(parts, axum::body::Body::empty());
    }
    request.extensions_mut().insert(Arc::clone(ui));
    Ok(request)
}

/// Lets a request of the programming interface through when the bearer of its token may ask for that. Whoever asks is
/// known by the token alone: a browser sends no such header by itself, so no other site can ask in its name.
pub async fn bearer(state: State, access: Access, mut request: Request, next: Next) -> Response {
    if access != Access::Open {
        match asker(&state, access, request.headers()).await {
            Ok(asker) => request.extensions_mut().insert(asker),
            Err(problem) => return problem.into_response(),
        };
    }
    next.run(request).await
}

async fn asker(state: &State, access: Access, headers: &HeaderMap) -> Result<Asker, Problem> {
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let known = match token {
        Some(token) => people::asker(state, token).await?,
        None => None,
    };
    let detail = "the request carries no token of somebody the house knows";
    let (asker, role) =
        known.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, detail))?;
    if !access.allows(role) {
        let detail = "this account may not do this";
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail));
    }
    Ok(asker)
}

/// The token a form must repeat: the session's, or before sign-in the one in the sign-in cookie.
fn expected_token(state: &State, session: Option<&Session>, headers: &HeaderMap) -> Option<String> {
    match session {
        Some(session) => Some(session.csrf.clone()),
        None => Cookie::SignIn.read(headers, secure(state)),
    }
}

/// Where somebody who is not signed in is sent: to the sign-in page and from there back, or, after a form whose session
/// had ended, only to the sign-in page.
fn sign_in(request: &Request, changes: bool) -> Stop {
    let back = request.uri().path_and_query().map_or("/", |target| target.as_str());
    if changes || back == "/" {
        return Stop::SignIn("/login".to_owned());
    }
    Stop::SignIn(format!("/login?next={}", query::encode(back)))
}

async fn session(state: &State, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
    match Cookie::Session.read(headers, secure(state)) {
        Some(token) => people::session(state, &token).await,
        None => Ok(None),
    }
}

fn request_lang(request: &Request) -> Option<Lang> {
    Query::parse(request.uri().query().unwrap_or("")).get("lang").and_then(Lang::parse)
}

fn visit(state: &State, request: &Request, session: Option<&Session>) -> Visit {
    let remembered = || Cookie::Lang.read(request.headers(), secure(state)).and_then(|tag| Lang::parse(&tag));
    Visit {
        state: state.clone(),
        lang: request_lang(request).or_else(remembered).unwrap_or_default(),
        person: session.map(|session| session.person.clone()),
        csrf: session.map(|session| session.csrf.clone()).unwrap_or_default(),
        path: request.uri().path().to_owned(),
        query: Query::parse(request.uri().query().unwrap_or("")).without("lang"),
        request_id: RequestId::of(request).as_str().to_owned(),
    }
}

/// Gives a problem its page.
pub fn dress(ui: &Ui, response: Response) -> Response {
    match problem::problem_of(&response) {
        Some(problem) => pages::problem::page(ui, &problem),
        None => response,
    }
}

/// Answers a path that no route has.
pub async fn nowhere(
    axum::extract::State(state): axum::extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    if request.uri().path().starts_with("/v1/") {
        return Err(Problem::not_found());
    }
    let session = session(&state, request.headers()).await.unwrap_or(None);
    let ui = Arc::new(visit(&state, &request, session.as_ref()));
    Ok(dress(&ui, Problem::not_found().into_response()))
}
