//! Which Hub, and who we are there.

use std::fmt;
use std::sync::Arc;

use clap::Args;
use secrecy::SecretString;
use url::Url;

use super::secret::{given, secret};
use super::{UsageError, locations};
use crate::backend::Backend;
use crate::control::{Effective, Settings};
use crate::hub::HubClient;
use crate::secret::SecretKey;
use crate::settings::{DEFAULT_ENDPOINT, HubSettings, TransferSettings};

/// Names the Hub and the token.
#[derive(Debug, Clone, Args)]
pub struct HubArgs {
    /// The Hub, or a mirror of it [default: `$HF_ENDPOINT`, or the Hub]
    #[arg(long, env = "HFD_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Token for private and gated repositories [default: `$HF_TOKEN`, or the file that `hf auth login` writes]
    #[arg(short = 't', long, env = "HFD_TOKEN", hide_env_values = true, value_parser = secret())]
    pub token: Option<SecretString>,
}

impl HubArgs {
    /// A client of that Hub, and the settings that it and the process go by: these, unless the store has others. Nothing
    /// is sent yet.
    ///
    /// # Errors
    /// When the endpoint or the token cannot be used.
    pub fn client(
        &self,
        transfer: TransferSettings,
        max_active: usize,
        backend: &Backend,
        key: Option<SecretKey>,
    ) -> Result<(HubClient, Settings), UsageError> {
        let refused = |error: &dyn fmt::Display| UsageError(error.to_string());
        let hub = self.settings()?;
        let client = HubClient::new(&hub, &transfer, Arc::clone(&backend.limiter)).map_err(|error| refused(&error))?;
        let configured = Effective { token: hub.token, max_active, transfer };
        let settings = Settings::new(Arc::clone(&backend.store), client.clone(), key, configured);
        Ok((client, settings.map_err(|error| refused(&error))?))
    }

    fn settings(&self) -> Result<HubSettings, UsageError> {
        let endpoint = self.endpoint.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let name = if endpoint.is_some() { "--endpoint" } else { "HF_ENDPOINT" };
        let endpoint = endpoint.or_else(|| locations::text(&locations::environment, "HF_ENDPOINT"));
        let endpoint = Url::parse(endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT)).map_err(|error| {
            UsageError(format!("invalid {name}: {error}; expected a URL such as {DEFAULT_ENDPOINT}"))
        })?;
        let token = given(self.token.as_ref()).or_else(|| locations::token(&locations::environment));
        Ok(HubSettings { endpoint, token })
    }
}
