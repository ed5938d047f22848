//! The whole service: the routes, and the layers around all of them.

use crate::state::State;
use crate::{guard, headers, problem, request_id, routes};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// How long anything may take until its answer begins: a little more than a route's own limit, so that the route
/// answers first and says why.
const SECONDS_MAX: u64 = routes::REQUEST_SECONDS_MAX + 15;

/// The service over this state.
pub fn app(state: State) -> Router {
    let nowhere = axum::routing::any(guard::nowhere).layer(from_fn(problem::as_json));
    routes::router(&state)
        .fallback_service(nowhere.with_state(state.clone()))
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(SECONDS_MAX),
        ))
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .layer(from_fn(request_id::assign))
        .with_state(state)
}
