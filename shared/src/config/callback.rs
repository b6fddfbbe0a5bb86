//! How the ends of jobs are told.

use clap::Args;
use clap::builder::FalseyValueParser;
use secrecy::SecretString;

use super::UsageError;
use super::secret::{given, secret};
use crate::callback::{CallbackPolicy, CallbackSecret};

/// Says whether and where the ends of jobs may be told.
#[derive(Debug, Clone, Args)]
pub struct CallbackArgs {
    /// Signs what is sent to the callbackUrl of a job: `whsec_` and 24 to 64 bytes in base64, the same for all processes
    #[arg(long, env = "HFD_CALLBACK_SECRET", hide_env_values = true, value_parser = secret())]
    pub callback_secret: Option<SecretString>,
    /// Callbacks may go to private addresses, such as those of one's own network
    #[arg(long, env = "HFD_CALLBACK_ALLOW_PRIVATE", value_parser = FalseyValueParser::new())]
    pub callback_allow_private: bool,
}

impl CallbackArgs {
    /// What the flags allow.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn policy(&self) -> Result<CallbackPolicy, UsageError> {
        let secret = given(self.callback_secret.as_ref()).as_ref().map(CallbackSecret::parse).transpose();
        let secret = secret.map_err(|error| UsageError(error.to_string()))?;
        Ok(CallbackPolicy { secret, allow_private: self.callback_allow_private })
    }
}
