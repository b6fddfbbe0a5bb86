//! The control endpoint: faults and the log of a hub that runs as a process of its own.

use poem::Body;
use poem::http::StatusCode;
use serde_json::json;

use super::fault::Fault;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::HttpMethod;
use super::state::HubState;

/// Largest fault read.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Answers `METHOD /__control/{command}`; these requests are neither logged nor subject to faults.
pub(crate) async fn answer(state: &std::sync::Arc<HubState>, method: HttpMethod, command: &str, body: Body) -> Reply {
    let ok = |value: serde_json::Value| Reply::json(StatusCode::OK, &value);
    match (method, command) {
        (HttpMethod::Post, "faults") => match read_fault(body).await {
            Ok(fault) => ok(json!({ "id": state.faults.inject(fault) })),
            Err(error) => Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": format!("{error:#}") })),
        },
        (HttpMethod::Delete, "faults") => {
            state.faults.clear();
            ok(json!({}))
        }
        (HttpMethod::Get, "requests") => Reply::json(StatusCode::OK, &state.log.records()),
        (HttpMethod::Delete, "requests") => {
            state.log.reset();
            ok(json!({}))
        }
        (HttpMethod::Post, "reload") => {
            let state = std::sync::Arc::clone(state);
            match tokio::task::spawn_blocking(move || state.reload()).await {
                Ok(Ok(())) => ok(json!({})),
                Ok(Err(error)) => Refusal::Internal(format!("{error:#}")).into(),
                Err(error) => Refusal::Internal(error.to_string()).into(),
            }
        }
        _ => Refusal::NotFound.into(),
    }
}

async fn read_fault(body: Body) -> anyhow::Result<Fault> {
    let bytes = body.into_bytes_limit(MAX_BODY_BYTES).await?;
    Ok(serde_json::from_slice(&bytes)?)
}
