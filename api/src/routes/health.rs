//! `GET /api/health`

use hfd_shared::moment::whole_seconds;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use time::OffsetDateTime;

use crate::state::VERSION;

/// Where it is.
pub(super) const HEALTH_PATH: &str = "/api/health";

/// The server's state.
#[derive(Debug, Object)]
#[oai(rename = "Health")]
struct HealthView {
    /// Always `ok`: a server that is not cannot answer.
    status: String,
    /// The server's version.
    version: String,
    /// The server's clock.
    time: OffsetDateTime,
}

/// Tells that the server runs.
pub(crate) struct HealthApi;

#[OpenApi]
impl HealthApi {
    /// Check server status
    ///
    /// Says that the server runs, its version and its time. `/readyz` says whether it can work.
    #[oai(path = "/api/health", method = "get", operation_id = "getHealth")]
    #[expect(clippy::unused_async, reason = "poem-openapi wants it")]
    async fn health(&self) -> Json<HealthView> {
        Json(HealthView {
            status: "ok".to_owned(),
            version: VERSION.to_owned(),
            time: whole_seconds(OffsetDateTime::now_utc()),
        })
    }
}
