//! Commands at the programming interface: payments, passes, refunds, blocks, top-ups. Each carries an `Idempotency-Key`;
//! the same key with the same body gets the first answer again, whenever it comes.

pub(crate) mod wanted;

use crate::form::read_body;
use crate::people::Asker;
use crate::problem::Problem;
use crate::state::State;
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use engine::command::{Ask, Found, Progress, Reply, Request, WAIT, WAIT_MAX};
use primitives::{Code, CommandId, CommandKind, Digest, Text, canonical::unhex};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use wanted::{Wanted, Whose};

type Shared = axum::extract::State<State>;
type By = Extension<Asker>;

/// Largest body of a command.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;

#[derive(Deserialize)]
struct ApproveBody {
    digest: String,
}

/// A route that asks for what its body says, as `read` understands it.
pub(crate) fn ask<T>(read: fn(T) -> Result<Wanted, Problem>) -> MethodRouter<State>
where
    T: DeserializeOwned + Send + 'static,
{
    post(move |shared: Shared, by: By, headers: HeaderMap, body: Body| asked(shared, by, headers, body, read))
}

/// A route about what an earlier command did: its id is in the path, the account in the body.
pub(crate) fn ask_about(kind: fn(CommandId) -> CommandKind) -> MethodRouter<State> {
    post(move |shared: Shared, Path(id): Path<String>, by: By, headers: HeaderMap, body: Body| async move {
        let kind = kind(command_id(&id)?);
        asked(shared, by, headers, body, |whose: Whose| whose.want(Ask::Plain(kind))).await
    })
}

/// Hands a command in: who asks, under which key, how long they wait, and what `read` makes of the body.
async fn asked<T: DeserializeOwned>(
    axum::extract::State(state): Shared,
    Extension(Asker(asker)): By,
    headers: HeaderMap,
    body: Body,
    read: impl FnOnce(T) -> Result<Wanted, Problem>,
) -> Result<Response, Problem> {
    let key = headers.get("idempotency-key").ok_or_else(|| {
        let detail = "a command carries an Idempotency-Key of 1 to 64 bytes";
        Problem::new(StatusCode::BAD_REQUEST, Code::IdempotencyMissing, detail)
    })?;
    let key = key.to_str().ok().and_then(Text::new);
    let key = key.ok_or_else(|| Problem::bad_request("the Idempotency-Key is not 1 to 64 bytes of text"))?;
    let wait = wait_of(&headers);
    let Wanted { subject, ask } = read(json_of(&headers, body).await?)?;
    let reply = state.door().ask(Request { asker, key, subject, ask, wait }).await;
    let reply = reply.map_err(|cause| Problem::unavailable("taking a command", &cause))?;
    let Reply { id, found } = reply.map_err(Problem::refused)?;
    Ok(answer(&state, id, &found))
}

async fn json_of<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        let detail = "a command is application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, detail));
    }
    let bytes = read_body(body, COMMAND_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))
}

/// `Prefer: wait=SECONDS` (RFC 7240); without it the house's own patience.
fn wait_of(headers: &HeaderMap) -> Duration {
    let preferred = headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or("");
    let seconds =
        preferred.split([',', ';']).find_map(|part| part.trim().strip_prefix("wait=")?.parse().ok());
    seconds.map_or(WAIT, |seconds| Duration::from_secs(seconds).min(WAIT_MAX))
}

fn command_id(id: &str) -> Result<CommandId, Problem> {
    CommandId::parse(id).ok_or_else(|| Problem::bad_request("a command's id is 32 hexadecimal characters"))
}

fn answer(state: &State, id: CommandId, found: &Found) -> Response {
    let mut body = json!({ "id": id.to_string() });
    let mut status = StatusCode::OK;
    match &found.progress {
        Progress::Proposed { maker } => {
            status = StatusCode::ACCEPTED;
            body["status"] = "awaiting_approval".into();
            body["asked_by"] = maker.as_str().into();
            body["digest"] = found.body_digest.hex().into();
        }
        Progress::Pending => {
            status = StatusCode::ACCEPTED;
            body["status"] = "pending".into();
        }
        Progress::Quarantined { code, detail } => {
            body["status"] = "quarantined".into();
            body["code"] = code.as_str().into();
            body["detail"] = detail.as_str().into();
        }
        Progress::Answered(answered) => {
            body["status"] = if answered.refused.is_some() { "refused" } else { "done" }.into();
            body["kind"] = answered.kind.as_str().into();
            body["account"] = answered.account.to_string().into();
            body["posting_date"] = answered.posting_date.to_string().into();
            if let Some(amount) = answered.amount {
                body["amount"] = amount.into();
                body["currency"] = state.currency().letters().into();
            }
            if let Some((code, detail)) = &answered.refused {
                body["code"] = code.as_str().into();
                body["detail"] = detail.as_str().into();
            }
        }
    }
    (status, Json(body)).into_response()
}

/// `GET /v1/commands/{id}`: what became of a command.
pub async fn look_up(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = command_id(&id)?;
    let found = state.door().command(id).await;
    let found = found.map_err(|cause| Problem::unavailable("looking up a command", &cause))?;
    Ok(answer(&state, id, &found.ok_or_else(Problem::not_found)?))
}

/// `POST /v1/commands/{id}/approve`: another person agrees with exactly what was shown.
pub async fn approve(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
    Extension(Asker(checker)): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = command_id(&id)?;
    let ApproveBody { digest } = json_of(&headers, body).await?;
    let digest = unhex(&digest).and_then(|bytes| bytes.try_into().ok()).map(Digest);
    let digest = digest.ok_or_else(|| Problem::bad_request("digest: 64 hexadecimal characters"))?;
    let reply = state.door().approve(id, digest, checker, wait_of(&headers)).await;
    let reply = reply.map_err(|cause| Problem::unavailable("approving a command", &cause))?;
    let Reply { id, found } = reply.map_err(Problem::refused)?;
    Ok(answer(&state, id, &found))
}
