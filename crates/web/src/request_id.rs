//! Every request has an id: 128 random bits, in the answer's `x-request-id`, in every problem and in the logs.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use primitives::canonical::hex;
use tracing::Instrument;

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request at hand.
#[derive(Debug, Clone, Default)]
pub struct RequestId(String);

impl RequestId {
    /// The id that [`assign`] gave this request.
    pub fn of(request: &Request) -> Self {
        request.extensions().get::<RequestId>().cloned().unwrap_or_default()
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives the request its id, and writes it on the answer.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let mut bytes = [0_u8; 16];
    if let Err(cause) = getrandom::fill(&mut bytes) {
        // An id of zeros only makes this one request harder to find; it is no secret.
        tracing::warn!(%cause, "no randomness for a request id");
    }
    let id = hex(&bytes);
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
