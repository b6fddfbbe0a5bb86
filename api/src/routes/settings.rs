//! `/api/settings`

use hfd_shared::settings::DEFAULT_ENDPOINT;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use secrecy::SecretString;

use super::Context;
use crate::body::{Fields, FromFields, Strict};
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::Done;

/// How reading the settings fails.
struct ReadFailures;

impl Statuses for ReadFailures {
    const LIST: &'static [(u16, &'static str)] = &[STORE_AWAY];
}

/// How changing the settings fails.
struct ChangeFailures;

impl Statuses for ChangeFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "The request is wrong, or the server has no key to store a token with"),
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
    /// Files of at least this size are fetched in parts.
    multipart_threshold: String,
    /// How content is checked before it is published: none, size or sha256.
    verify: String,
    /// Failures of a connection in a row without progress after which its file is given up.
    retries: u64,
    /// The Hub's mirror; empty for the Hub itself.
    endpoint: String,
}

/// What to change; what is absent stays.
#[derive(Object)]
#[oai(rename = "SettingsChange", rename_all = "camelCase")]
struct SettingsBody {
    /// The Hub's token for all processes, stored encrypted; empty to go by the configured one again. The masked token
    /// changes nothing.
    #[oai(write_only)]
    token: Option<String>,
}

/// Settings that the server has but does not take over the API, with their flags.
const BY_FLAG: [(&str, &str); 6] = [
    ("connections", "it is set by the flag --connections"),
    ("maxActive", "it is set by the flag --max-active"),
    ("multipartThreshold", "it is set by the flag --multipart-threshold"),
    ("verify", "it is set by the flag --verify"),
    ("retries", "it is set by the flag --retries"),
    ("endpoint", "it is set by the flag --endpoint"),
];

/// Folders, which nobody may choose from outside.
const FOLDERS: [&str; 3] = ["cacheDir", "modelsDir", "datasetsDir"];

impl FromFields for SettingsBody {
    fn from_fields(fields: &mut Fields) -> Result<Self, ApiError> {
        for (name, why) in BY_FLAG {
            fields.refuse(name, why)?;
        }
        for name in FOLDERS {
            fields.refuse(name, "it cannot be changed over the API")?;
        }
        Ok(Self { token: fields.text("token")? })
    }
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
        let (config, transfer) = (&state.config, &state.config.transfer);
        let endpoint = state.hub.endpoint().as_str().trim_end_matches('/');
        Ok(Json(SettingsView {
            token: state.settings.masked().await?,
            cache_dir: config.cache_dir.display().to_string(),
            connections: transfer.connections as u64,
            max_active: config.max_active as u64,
            multipart_threshold: transfer.multipart_threshold.to_string(),
            verify: transfer.verify.to_string(),
            retries: transfer.retries as u64,
            endpoint: if endpoint == DEFAULT_ENDPOINT { String::new() } else { endpoint.to_owned() },
        }))
    }

    /// Update server settings
    ///
    /// Only the token can be changed; the server needs a key (`HFD_SECRET_KEY`) to store it with.
    #[oai(path = "/api/settings", method = "post", operation_id = "updateSettings")]
    async fn update(&self, body: Strict<SettingsBody>) -> Result<Json<Done>, Failure<ChangeFailures>> {
        if let Some(token) = body.0.token.map(SecretString::from) {
            self.0.state.settings.set_token(Some(&token)).await?;
        }
        Ok(Json(Done::new("Settings updated")))
    }
}
