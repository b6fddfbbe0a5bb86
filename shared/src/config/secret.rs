//! Values that nobody may see.

use std::path::Path;

use clap::Args;
use clap::builder::{StringValueParser, TypedValueParser};
use secrecy::{ExposeSecret, SecretString};

use super::UsageError;
use crate::secret::SecretKey;

/// The key to what is secret in the store.
#[derive(Debug, Clone, Args)]
pub struct SecretArgs {
    /// Key that encrypts a token that is set over the API: 32 bytes as 64 hex digits or as base64, the same for all processes;
    /// `serve` makes itself one in its data folder
    #[arg(long, env = "HFD_SECRET_KEY", hide_env_values = true, value_parser = secret())]
    pub secret_key: Option<SecretString>,
}

impl SecretArgs {
    /// The key, unless it is empty.
    ///
    /// # Errors
    /// When it is no key.
    pub fn key(&self) -> Result<Option<SecretKey>, UsageError> {
        let key = given(self.secret_key.as_ref()).as_ref().map(SecretKey::parse).transpose();
        key.map_err(|error| UsageError(error.to_string()))
    }

    /// The key, or without one that in a file, for a process that shares its store with nobody.
    ///
    /// # Errors
    /// When it is no key, or the file cannot be used.
    pub fn key_or_kept_in(&self, path: &Path) -> Result<SecretKey, UsageError> {
        match self.key()? {
            Some(key) => Ok(key),
            None => SecretKey::kept_in(path).map_err(|error| UsageError(error.to_string())),
        }
    }
}

/// Takes any text, so that clap never has a reason to show it.
pub(super) fn secret() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}

/// A value that is set; one of blanks counts as absent, as an environment may hold it.
pub(super) fn given(value: Option<&SecretString>) -> Option<SecretString> {
    value.filter(|value| !value.expose_secret().trim().is_empty()).cloned()
}

/// A user's name without the end of the line that files of secrets have behind it.
pub(super) fn name(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).to_owned()
}
