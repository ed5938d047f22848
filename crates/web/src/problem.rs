//! What a caller is told when something is not done: one value, written as problem+json for machines and as a page for
//! people. It says a stable code and the request's id; never SQL, a stack, or whether a record of others exists.

use crate::i18n::{self, Lang};
use crate::request_id::RequestId;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use primitives::{Code, Refusal};
use serde_json::json;

/// Seconds a caller is asked to wait when a part of the house is away.
pub const RETRY_AFTER_S: u32 = 2;

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code.
    pub code: Code,
    /// What exactly, in English, for the person who looks after it. Never personal data, never internals.
    pub detail: String,
    /// Seconds until another try makes sense.
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem that another try does not heal.
    pub fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Problem { status, code, detail: detail.into(), retry_after_s: None }
    }

    /// Nothing here with this name, or not for this caller: the two look the same.
    pub fn not_found() -> Self {
        Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "nothing here with this name")
    }

    /// The request is not of the expected form.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, Code::BadRequest, detail)
    }

    /// A part the house needs is away. The cause goes to the log, not to the caller.
    pub fn unavailable(doing: &'static str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(doing, %cause, "a part of the house is away");
        Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: Code::Unavailable,
            detail: "a part the house needs is away; nothing was changed, try again".to_owned(),
            retry_after_s: Some(RETRY_AFTER_S),
        }
    }

    /// A refusal of a use case, with the status its code stands for.
    pub fn refused(refusal: Refusal) -> Self {
        let status = match refusal.code {
            Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Forbidden | Code::ApprovalSelf => StatusCode::FORBIDDEN,
            Code::ApprovalStale | Code::ApprovalUsed | Code::TapConflict => StatusCode::CONFLICT,
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Decode | Code::BadRequest => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, refusal.code, refusal.detail)
    }

    /// The problem as `application/problem+json`.
    fn to_json(&self, lang: Lang, instance: &str, request_id: &str) -> Response {
        let title = i18n::text(lang, &title_key(self.code));
        let body = json!({
            "type": format!("/errors/{}", self.code.as_str()),
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "code": self.code.as_str(),
            "errors": [],
            "request_id": request_id,
        });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.add_retry_after(&mut response);
        response
    }

    /// Adds `Retry-After` when another try makes sense.
    pub fn add_retry_after(&self, response: &mut Response) {
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// The key of a code's title in the language files.
pub fn title_key(code: Code) -> String {
    format!("code-{}", code.as_str().to_ascii_lowercase().replace('_', "-"))
}

impl IntoResponse for Problem {
    /// The problem travels in the response's extensions; the surface it leaves by ([`as_json`] or the finance web's
    /// page) gives it a body, because only there the language, the path and the request's id are known.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every problem that leaves the programming interface its JSON body.
pub async fn as_json(request: Request, next: Next) -> Response {
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let lang = Lang::accepted(accepted);
    let path = request.uri().path().to_owned();
    let id = RequestId::of(&request);
    let response = next.run(request).await;
    match problem_of(&response) {
        Some(problem) => problem.to_json(lang, &path, id.as_str()),
        None => response,
    }
}

/// The problem a response stands for, also when axum itself answered (405, a bad path).
pub fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    let plain = !response.headers().contains_key(header::CONTENT_TYPE)
        || response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let is_error = status.is_client_error() || status.is_server_error();
    let known = is_error && plain;
    known.then(|| match status {
        StatusCode::NOT_FOUND => Problem::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(status, Code::BadRequest, "this path takes another method")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, Code::TooLarge, "the body is above its limit"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => Problem {
            retry_after_s: Some(RETRY_AFTER_S),
            ..Problem::new(status, Code::Unavailable, "the request took too long")
        },
        status if status.is_server_error() => {
            Problem::new(status, Code::Unavailable, "the house could not carry this out")
        }
        status => Problem::new(status, Code::BadRequest, "the request is not of the expected form"),
    })
}
