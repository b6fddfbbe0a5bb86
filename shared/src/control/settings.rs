//! The settings that all processes share. So far that is the Hub's token, which the store holds sealed.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::hub::{HubClient, HubError, usable_token};
use crate::ports::{JobStore, SettingsCommitted, StoreError, StoredSettings};
use crate::secret::{SecretError, SecretKey};

/// How often the store is asked for changes that other processes made.
const TICK: Duration = Duration::from_secs(3);

/// A change is given up after so many conflicts.
const MAX_CONFLICTS: usize = 100;

/// What the token is sealed for.
const PURPOSE: &str = "hub token";

const MASK: &str = "********";
/// What is shown of a token, and how long it must be for that.
const SHOWN_CHARS: usize = 4;
const SHOWN_FROM_CHARS: usize = 12;

/// Why the settings could not be changed or used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A token may only be stored sealed.
    #[error("set HFD_SECRET_KEY (32 bytes, `openssl rand -base64 32`) on every process, then set the token again")]
    NoKey,
    /// The token cannot be sealed or opened.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The token cannot be sent to the Hub.
    #[error(transparent)]
    Token(#[from] HubError),
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the shared settings, and has this process go by them.
#[derive(Clone)]
pub struct Settings {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn JobStore>,
    hub: HubClient,
    key: Option<SecretKey>,
    configured: Option<SecretString>,
    /// Held while a change on its way from the store to the client must not be overtaken by a later one.
    refreshing: Mutex<()>,
    /// The version whose token could not be opened, as was said once.
    warned: AtomicU64,
}

impl Settings {
    /// The settings in a store, for the process that this client asks the Hub for. It goes by its configured token while
    /// the store has none that it can open with its key.
    ///
    /// # Errors
    /// [`HubError::BadToken`] when the configured token cannot be used.
    pub fn new(
        store: Arc<dyn JobStore>,
        hub: HubClient,
        key: Option<SecretKey>,
        configured: Option<&SecretString>,
    ) -> Result<Self, HubError> {
        let configured = usable_token(configured, "the configured token")?;
        let (refreshing, warned) = (Mutex::default(), AtomicU64::default());
        Ok(Self { inner: Arc::new(Inner { store, hub, key, configured, refreshing, warned }) })
    }

    /// The token in use: the store's, else the configured one.
    pub async fn token(&self) -> Result<Option<SecretString>, StoreError> {
        let stored = self.inner.store.settings().await?;
        Ok(self.inner.token_of(&stored))
    }

    /// The token in use as it may be shown: `********` and its last four characters, without these when it has fewer than
    /// twelve; empty when there is none.
    pub async fn masked(&self) -> Result<String, StoreError> {
        Ok(self.token().await?.as_ref().map(mask).unwrap_or_default())
    }

    /// Stores a token for all processes, or with none (or an empty one) removes the stored one. The [masked](Self::masked)
    /// token changes nothing: a form may send back what it was given.
    pub async fn set_token(&self, token: Option<&SecretString>) -> Result<(), SettingsError> {
        let token = usable_token(token, "the new token")?;
        if let Some(token) = token.as_ref().filter(|token| token.expose_secret().starts_with(MASK)) {
            return if token.expose_secret() == self.masked().await? { Ok(()) } else { Err(masked_before().into()) };
        }
        self.store_token(token.as_ref()).await?;
        self.refresh().await
    }

    async fn store_token(&self, token: Option<&SecretString>) -> Result<(), SettingsError> {
        let sealed = match token {
            Some(token) => Some(self.inner.key.as_ref().ok_or(SettingsError::NoKey)?.seal(token, PURPOSE)?),
            None => None,
        };
        for _ in 0..MAX_CONFLICTS {
            let known = self.inner.store.settings().await?;
            if sealed.is_none() && known.token.is_none() {
                return Ok(());
            }
            let settings = StoredSettings { token: sealed.clone(), ..known };
            if let SettingsCommitted::Applied(now) = self.inner.store.put_settings(settings).await? {
                info!(version = now.version, stored = now.token.is_some(), "token changed");
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("the settings changed {MAX_CONFLICTS} times in the meantime")).into())
    }

    /// Has this process use the token that is in force now.
    pub async fn refresh(&self) -> Result<(), SettingsError> {
        let _in_order = self.inner.refreshing.lock().await;
        Ok(self.inner.hub.set_token(self.token().await?.as_ref())?)
    }

    /// Goes by what other processes set, until it is dropped.
    pub async fn follow(&self) {
        let mut has_failed = false;
        loop {
            let refreshed = self.refresh().await;
            if let Err(error) = &refreshed
                && !has_failed
            {
                warn!(%error, "settings not read; the last known ones stay");
            }
            has_failed = refreshed.is_err();
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Inner {
    fn token_of(&self, stored: &StoredSettings) -> Option<SecretString> {
        let Some(sealed) = &stored.token else { return self.configured.clone() };
        let opened = match &self.key {
            Some(key) => key.open(sealed, PURPOSE).map_err(SettingsError::from),
            None => Err(SettingsError::NoKey),
        };
        match opened {
            Ok(token) => Some(token),
            Err(error) => {
                if self.warned.swap(stored.version, Ordering::Relaxed) != stored.version {
                    warn!(%error, "the stored token is not used; going on with the configured one, if any");
                }
                self.configured.clone()
            }
        }
    }
}

fn masked_before() -> HubError {
    HubError::BadToken { what: "a masked token that is not the present one".to_owned() }
}

fn mask(token: &SecretString) -> String {
    let token = token.expose_secret();
    let length = token.chars().count();
    let hidden = if length < SHOWN_FROM_CHARS { length } else { length - SHOWN_CHARS };
    format!("{MASK}{}", token.chars().skip(hidden).collect::<String>())
}
