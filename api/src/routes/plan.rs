//! `POST /api/plan`

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::job::{JobRequest, Plan};
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Context;
use super::download::DownloadBody;
use crate::body::Strict;
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::PlanView;
use crate::written::Written;

/// How long a plan may take, the wait for other plans included.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How a plan fails.
struct PlanFailures;

impl Statuses for PlanFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "The request is wrong, or the filters match nothing"),
        (403, "The Hub denies access"),
        (404, "The Hub does not know the repository or the revision"),
        (408, "The request did not arrive in time"),
        (413, "The request is too large"),
        (429, "The Hub limits the rate; `Retry-After` says for how long"),
        (502, "The Hub failed"),
        STORE_AWAY,
        (504, "The Hub did not answer in time"),
    ];
}

/// Shows what a download would take.
pub(crate) struct PlanApi(pub(crate) Context);

#[OpenApi]
impl PlanApi {
    /// Get download plan without starting download
    ///
    /// Lists the repository on the Hub and shows the files that a download with the same body would take.
    #[oai(path = "/api/plan", method = "post", operation_id = "planDownload")]
    async fn plan(&self, body: Strict<DownloadBody>) -> Result<Written<PlanView>, Failure<PlanFailures>> {
        Ok(self.0.plan(body.0.into_request()?).await?)
    }
}

impl Context {
    /// Makes a plan as a worker would.
    pub(super) async fn plan(&self, request: JobRequest) -> Result<Written<PlanView>, ApiError> {
        tokio::time::timeout(TIMEOUT, self.plan_now(request)).await.unwrap_or_else(|_| {
            let details = format!("no plan within {} s; try again", TIMEOUT.as_secs());
            Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "Hub timed out", details))
        })
    }

    async fn plan_now(&self, request: JobRequest) -> Result<Written<PlanView>, ApiError> {
        let turn = Arc::clone(&self.plans).acquire_owned().await.map_err(|_| ApiError::internal())?;
        let hub = &self.state.hub;
        let commit = hub.commit(&request.repo, &request.revision).await?;
        let tree = hub.tree(&request.repo, commit).await?;
        let large_from_bytes = self.state.settings.in_force().transfer.multipart_threshold.0;
        // Many patterns over a long listing take seconds, and go on when the client is gone: the turn is theirs.
        let select = move || {
            let _turn = turn;
            Plan::new(&tree, &request, large_from_bytes).map(|plan| PlanView::new(&request, &plan).written())
        };
        Ok(blocking(select).await?)
    }
}
