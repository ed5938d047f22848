//! Is the program alive, and can it take work?

use crate::problem::Problem;
use crate::state::State;
use axum::Json;
use serde_json::{Value, json};

/// `GET /healthz`: the program answers.
pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: the database answers, and its schema is there.
pub async fn ready(axum::extract::State(state): axum::extract::State<State>) -> Result<Json<Value>, Problem> {
    let mut connection = state.connection().await?;
    let days = engine::report::days(&mut connection).await;
    days.map_err(|cause| Problem::unavailable("asking whether the tables are there", &cause))?;
    Ok(Json(json!({ "status": "ready" })))
}
