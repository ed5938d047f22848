//! Every route of the house, in one table: method, path, who may, and who answers. The router is built from it, and the
//! access test prints it; a route that is not here does not exist.

use crate::commands::{ask, ask_about, wanted};
use crate::guard;
use crate::role::Access;
use crate::state::State;
use crate::{assets, commands, gateway, health, pages, problem};
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use std::convert::Infallible;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// How long an answer may take to begin, a batch's body included.
pub const REQUEST_SECONDS_MAX: u64 = 30;

/// How a route's problems look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    /// problem+json.
    Api,
    /// A page, behind the guard.
    Page,
}

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    surface: Surface,
    handler: MethodRouter<State>,
}

fn api(method: Method, path: &'static str, handler: MethodRouter<State>) -> Route {
    Route { method, path, access: Access::Open, surface: Surface::Api, handler }
}

fn asked(method: Method, access: Access, path: &'static str, handler: MethodRouter<State>) -> Route {
    Route { method, path, access, surface: Surface::Api, handler }
}

fn read(path: &'static str, handler: MethodRouter<State>) -> Route {
    Route { method: Method::GET, path, access: Access::Read, surface: Surface::Page, handler }
}

fn open(method: Method, path: &'static str, handler: MethodRouter<State>) -> Route {
    Route { method, path, access: Access::Open, surface: Surface::Page, handler }
}

fn change(access: Access, path: &'static str, handler: MethodRouter<State>) -> Route {
    Route { method: Method::POST, path, access, surface: Surface::Page, handler }
}

/// The table.
pub fn table() -> Vec<Route> {
    vec![
        api(Method::GET, "/healthz", get(health::alive)),
        api(Method::GET, "/readyz", get(health::ready)),
        api(Method::POST, "/v1/taps", post(gateway::hand_in)),
        api(Method::GET, "/v1/taps/{device}/{journal}/{sequence}", get(gateway::tap)),
        asked(Method::POST, Access::Counter, "/v1/payments", ask(wanted::pay)),
        asked(Method::POST, Access::Counter, "/v1/passes", ask(wanted::buy_pass)),
        asked(Method::POST, Access::Counter, "/v1/passes/{id}/refund", ask_about(wanted::refund_pass)),
        asked(Method::POST, Access::Make, "/v1/refunds", ask(wanted::refund_fare)),
        asked(Method::POST, Access::Counter, "/v1/blocks", ask(wanted::block)),
        asked(Method::POST, Access::Counter, "/v1/unblocks", ask(wanted::unblock)),
        asked(Method::POST, Access::Counter, "/v1/moves", ask(wanted::move_medium)),
        asked(Method::POST, Access::Make, "/v1/concessions", ask(wanted::grant_concession)),
        asked(Method::POST, Access::Make, "/v1/concessions/lapse", ask(wanted::lapse_concession)),
        asked(Method::POST, Access::Make, "/v1/closures", ask(wanted::close)),
        asked(Method::POST, Access::Make, "/v1/corrections", ask(wanted::correct)),
        asked(Method::POST, Access::Channel, "/v1/top-ups", ask(wanted::announce_top_up)),
        asked(Method::POST, Access::Channel, "/v1/top-ups/{id}/confirm", ask_about(wanted::confirm_top_up)),
        asked(Method::POST, Access::Channel, "/v1/top-ups/{id}/cancel", ask_about(wanted::cancel_top_up)),
        asked(Method::GET, Access::Known, "/v1/commands/{id}", get(commands::look_up)),
        asked(Method::POST, Access::Check, "/v1/commands/{id}/approve", post(commands::approve)),
        api(Method::GET, "/assets/{name}", get(assets::serve)),
        open(Method::GET, "/login", get(pages::login::form)),
        open(Method::POST, "/login", post(pages::login::sign_in)),
        change(Access::Read, "/logout", post(pages::login::sign_out)),
        read("/", get(pages::login::home)),
        read("/days", get(pages::days::list)),
        read("/days/{date}", get(pages::day::overview)),
        read("/days/{date}/hours", get(pages::day::hours)),
        read("/days/{date}/operators", get(pages::day::operators)),
        read("/days/{date}/operators/{party}", get(pages::operator::statement)),
        read("/days/{date}/schools", get(pages::day::schools)),
        read("/days/{date}/charges", get(pages::charges::list)),
        read("/days/{date}/bank", get(pages::day::bank)),
        read("/pipeline", get(pages::pipeline::sources)),
        read("/taps/{device}/{journal}/{sequence}", get(pages::tap::detail)),
        read("/breaks", get(pages::breaks::list)),
        read("/bank", get(pages::bank::list)),
        read("/bank/statements/{statement}", get(pages::bank::statement)),
        change(Access::Make, "/bank/import", post(pages::bank::import)),
        read("/payouts", get(pages::payouts::list)),
        read("/payouts/{run}", get(pages::payouts::run)),
        change(Access::Handle, "/payouts/{run}/file", post(pages::payouts::hand_over)),
        change(Access::Make, "/payouts/propose", post(pages::payouts::propose)),
        change(Access::Check, "/payouts/{run}/approve", post(pages::payouts::approve)),
        read("/trial-balance", get(pages::balance::trial)),
        read("/trial-balance/{account}", get(pages::balance::account)),
        read("/entries", get(pages::balance::entries)),
        read("/quarantine", get(pages::quarantine::list)),
        read("/quarantine/{id}", get(pages::quarantine::one)),
        change(Access::Make, "/quarantine/retry", post(pages::quarantine::retry)),
    ]
}

/// The router of the table: each route behind the guard of its access and the surface of its problems.
pub fn router(state: &State) -> Router<State> {
    let mut router = Router::new();
    for route in table() {
        let seconds = Duration::from_secs(REQUEST_SECONDS_MAX);
        let limit = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, seconds);
        let caught =
            route.handler.layer::<_, Infallible>(limit).layer::<_, Infallible>(CatchPanicLayer::new());
        let (state, access) = (state.clone(), route.access);
        let handler = match route.surface {
            Surface::Api => {
                let guarded = caught.layer::<_, Infallible>(from_fn(move |request: Request, next: Next| {
                    let state = state.clone();
                    async move { guard::bearer(state, access, request, next).await as Response }
                }));
                guarded.layer(from_fn(problem::as_json))
            }
            Surface::Page => caught.layer(from_fn(move |request: Request, next: Next| {
                let state = state.clone();
                async move { guard::page(state, access, request, next).await as Response }
            })),
        };
        router = router.route(route.path, handler);
    }
    router
}
