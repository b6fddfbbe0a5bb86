//! `/api/settings`

mod change;

use hfd_shared::control::{SealedChange, SettingsError};
use hfd_shared::settings::DEFAULT_ENDPOINT;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Context;
use crate::body::{Examined, Faults};
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::{Done, VerifyView};
use change::SettingsBody;

/// How reading the settings fails.
struct ReadFailures;

impl Statuses for ReadFailures {
    const LIST: &'static [(u16, &'static str)] = &[STORE_AWAY];
}

/// How changing the settings fails.
struct ChangeFailures;

impl Statuses for ChangeFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "Settings that cannot be, each named; nothing was changed"),
        (408, "The request did not arrive in time"),
        (413, "The request is too large"),
        STORE_AWAY,
    ];
}

/// The server's settings.
#[derive(Debug, Object)]
#[oai(rename = "Settings", rename_all = "camelCase")]
struct SettingsView {
    /// The Hub's token, masked: `********` and its last four characters, without these when it has fewer than twelve;
    /// empty when there is none.
    token: String,
    /// The cache's folder.
    cache_dir: String,
    /// Connections for each large file, or each batch of small ones.
    connections: u64,
    /// Jobs that run at a time.
    max_active: u64,
    /// Files of at least this size, such as `32MiB`, are fetched in parts.
    multipart_threshold: String,
    /// How content is checked before it is published.
    verify: VerifyView,
    /// How often a connection that fails without progress is tried again, until its file is given up.
    retries: u64,
    /// Bytes a second that all processes together receive at most, such as `100MiB`; `0` for no limit.
    max_bytes_per_second: String,
    /// The Hub's mirror; empty for the Hub itself.
    endpoint: String,
}

/// Shows and changes settings.
pub(crate) struct SettingsApi(pub(crate) Context);

#[OpenApi]
impl SettingsApi {
    /// Get current server settings
    ///
    /// The token is masked.
    #[oai(path = "/api/settings", method = "get", operation_id = "getSettings")]
    async fn get(&self) -> Result<Json<SettingsView>, Failure<ReadFailures>> {
        let state = &self.0.state;
        let effective = state.settings.effective().await?;
        let (token, transfer) = (effective.masked_token(), effective.transfer);
        let endpoint = state.hub.endpoint().as_str().trim_end_matches('/');
        Ok(Json(SettingsView {
            token,
            cache_dir: state.config.cache_dir.display().to_string(),
            connections: transfer.connections as u64,
            max_active: effective.max_active as u64,
            multipart_threshold: transfer.multipart_threshold.to_string(),
            verify: transfer.verify.into(),
            retries: transfer.retries as u64,
            max_bytes_per_second: transfer.max_bytes_per_second.to_string(),
            endpoint: if endpoint == DEFAULT_ENDPOINT { String::new() } else { endpoint.to_owned() },
        }))
    }

    /// Update server settings
    ///
    /// For all processes, within seconds and over restarts; what has begun goes on as it was. What is absent stays, `null`
    /// goes back to what the server was started with. All is changed or nothing.
    #[oai(path = "/api/settings", method = "post", operation_id = "updateSettings")]
    async fn update(&self, body: Examined<SettingsBody>) -> Result<Json<Done>, Failure<ChangeFailures>> {
        let Examined(body, mut faults) = body;
        let sealed = self.sealed(body, &mut faults).await?;
        faults.check("Invalid settings")?;
        if let Some(change) = sealed {
            let state = &self.0.state;
            state.settings.change(&change).await?;
            // There may be room for more jobs now.
            state.jobs.admit_or_log().await;
        }
        Ok(Json(Done::new("Settings updated")))
    }
}

impl SettingsApi {
    /// The change that may be stored; none when its token is at fault.
    async fn sealed(&self, body: SettingsBody, faults: &mut Faults) -> Result<Option<SealedChange>, ApiError> {
        let change = body.into_change(faults);
        match self.0.state.settings.seal(change).await {
            Ok(sealed) => Ok(Some(sealed)),
            Err(error @ (SettingsError::NoKey | SettingsError::Token(_))) => {
                faults.add("token", error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
