//! `GET /healthz` and `GET /readyz`, for whatever starts the process and sends it requests. They need no password.

use hfd_shared::readiness::{Readiness, Report};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// Paths that are not guarded.
pub(crate) const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The answer to a probe.
#[derive(Debug, Object)]
#[oai(rename = "Probe", skip_serializing_if_is_none)]
struct ProbeView {
    /// `ok`, `ready` or `not ready`.
    status: String,
    /// Why the process is not ready, each in a sentence.
    reasons: Option<Vec<String>>,
}

#[derive(ApiResponse)]
enum ReadyResponse {
    /// Send requests
    #[oai(status = 200)]
    Ready(Json<ProbeView>),
    /// Send none: `reasons` say what is missing
    #[oai(status = 503)]
    NotReady(Json<ProbeView>),
}

/// Tells whether to restart the process, and whether to send it requests.
pub(crate) struct ProbesApi(pub(crate) Readiness);

#[OpenApi]
impl ProbesApi {
    /// Check that the process is alive
    ///
    /// For whatever restarts processes that do not answer. It needs no credentials.
    #[oai(path = "/healthz", method = "get", operation_id = "getLiveness")]
    #[expect(clippy::unused_async, reason = "poem-openapi wants it")]
    async fn alive(&self) -> Json<ProbeView> {
        Json(ProbeView { status: "ok".to_owned(), reasons: None })
    }

    /// Check that the process can do its work
    ///
    /// It can when its store answers and it is not stopping. Send it requests only then. It needs no credentials.
    #[oai(path = "/readyz", method = "get", operation_id = "getReadiness")]
    async fn ready(&self) -> ReadyResponse {
        match self.0.report().await {
            Report::Ready => ReadyResponse::Ready(Json(ProbeView { status: "ready".to_owned(), reasons: None })),
            Report::NotReady { reasons } => {
                ReadyResponse::NotReady(Json(ProbeView { status: "not ready".to_owned(), reasons: Some(reasons) }))
            }
        }
    }
}
