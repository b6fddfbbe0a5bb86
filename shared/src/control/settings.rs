//! The settings that all processes share. The store holds the Hub's token sealed.

mod change;
mod effective;
mod mask;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::hub::{HubClient, HubError, usable_token};
use crate::lock;
use crate::ports::{JobStore, SettingsCommitted, StoreError, StoredSettings};
use crate::secret::{SealedToken, SecretError, SecretKey};
use crate::settings::Overrides;

pub use change::{Set, SettingsChange};
pub use effective::Effective;

/// How often the store is asked for changes that other processes made.
const TICK: Duration = Duration::from_secs(3);

/// A change is given up after so many conflicts.
const MAX_CONFLICTS: usize = 100;

/// What the token is sealed for.
const PURPOSE: &str = "hub token";

/// Why the settings could not be changed or used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A token may only be stored sealed.
    #[error(
        "cannot be stored without a key; set HFD_SECRET_KEY (32 bytes, `openssl rand -base64 32`) on every process, then \
         set the token again"
    )]
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

/// A change whose token may be stored.
#[derive(Debug)]
pub struct SealedChange(SettingsChange<SealedToken>);

/// Changes the shared settings, and has this process go by them.
#[derive(Clone)]
pub struct Settings {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn JobStore>,
    hub: HubClient,
    key: Option<SecretKey>,
    configured: Effective,
    in_force: RwLock<Arc<Effective>>,
    /// Held while a change on its way from the store to the client must not be overtaken by a later one.
    refreshing: Mutex<()>,
    /// The version that this process goes by, as was said once; 0 as long as nothing was ever set.
    told: AtomicU64,
    /// The version whose token could not be opened, as was said once.
    warned: AtomicU64,
}

impl Settings {
    /// The settings in a store, for the process that this client asks the Hub for. It goes by what it is configured with
    /// where the store has nothing, or a token that this key does not open.
    ///
    /// # Errors
    /// [`HubError::BadToken`] when the configured token cannot be used.
    pub fn new(
        store: Arc<dyn JobStore>,
        hub: HubClient,
        key: Option<SecretKey>,
        configured: Effective,
    ) -> Result<Self, HubError> {
        let token = usable_token(configured.token.as_ref(), "the configured token")?;
        let configured = Effective { token, ..configured };
        let in_force = RwLock::new(Arc::new(configured.clone()));
        let (refreshing, told, warned) = (Mutex::default(), AtomicU64::default(), AtomicU64::default());
        Ok(Self { inner: Arc::new(Inner { store, hub, key, configured, in_force, refreshing, told, warned }) })
    }

    /// The settings as the store has them now.
    pub async fn effective(&self) -> Result<Effective, StoreError> {
        Ok(self.inner.over(&self.inner.store.settings().await?))
    }

    /// The settings that this process goes by: those of the last [refresh](Self::refresh). What works goes on by those
    /// that it began with.
    pub fn in_force(&self) -> Arc<Effective> {
        Arc::clone(&lock::read(&self.inner.in_force))
    }

    /// Seals the token of a change. An empty one is taken for [`Set::Configured`]. The
    /// [masked](Effective::masked_token) one changes nothing: a form may send back what it was given.
    ///
    /// # Errors
    /// [`SettingsError::NoKey`] or [`SettingsError::Token`] when this token cannot be stored or used.
    pub async fn seal(&self, mut change: SettingsChange) -> Result<SealedChange, SettingsError> {
        let token = match std::mem::take(&mut change.token) {
            Set::Keep => Set::Keep,
            Set::Configured => Set::Configured,
            Set::To(token) => match usable_token(Some(&token), "the new token")? {
                None => Set::Configured,
                Some(token) if mask::is_masked(&token) => self.present(&token).await.map(|()| Set::Keep)?,
                Some(token) => Set::To(self.inner.key.as_ref().ok_or(SettingsError::NoKey)?.seal(&token, PURPOSE)?),
            },
        };
        Ok(SealedChange(change.with_token(token)))
    }

    /// Whether this is the present token as it is shown.
    async fn present(&self, masked: &SecretString) -> Result<(), SettingsError> {
        if masked.expose_secret() == self.effective().await?.masked_token() {
            return Ok(());
        }
        let what = "a masked token that is not the present one".to_owned();
        Err(HubError::BadToken { what }.into())
    }

    /// Makes a change for all processes, whole or not at all. This one goes by it at once.
    pub async fn change(&self, SealedChange(change): &SealedChange) -> Result<(), SettingsError> {
        for _ in 0..MAX_CONFLICTS {
            let known = self.inner.store.settings().await?;
            let settings = StoredSettings {
                version: known.version,
                token: change.token_over(known.token.clone()),
                overrides: change.overrides_over(&known.overrides),
            };
            // What is known is not stored again, but gone by: it may be this very change, after its answer was lost.
            if settings != known {
                let SettingsCommitted::Applied(now) = self.inner.store.put_settings(settings).await? else { continue };
                info!(version = now.version, token = now.token.is_some(), set = ?now.overrides, "settings changed");
                self.inner.told.store(now.version, Ordering::Relaxed);
            }
            if let Err(error) = self.refresh().await {
                warn!(%error, "the settings are stored; this process goes by them as soon as it can read them");
            }
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("the settings changed {MAX_CONFLICTS} times in the meantime")).into())
    }

    /// Has this process go by the settings that are in the store now.
    pub async fn refresh(&self) -> Result<(), SettingsError> {
        let _in_order = self.inner.refreshing.lock().await;
        let stored = self.inner.store.settings().await?;
        let effective = self.inner.over(&stored);
        self.inner.hub.set_token(effective.token.as_ref())?;
        self.inner.hub.set_retries(effective.transfer.retries);
        *lock::write(&self.inner.in_force) = Arc::new(effective);
        let StoredSettings { version, token, overrides } = &stored;
        let is_news = self.inner.told.swap(*version, Ordering::Relaxed) != *version;
        if is_news && (token.is_some() || *overrides != Overrides::default()) {
            info!(version, token = token.is_some(), set = ?overrides, "what was set over the API beats the flags");
        }
        Ok(())
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
    /// What is stored, over the configuration.
    fn over(&self, stored: &StoredSettings) -> Effective {
        self.configured.with(&stored.overrides, self.token_of(stored))
    }

    fn token_of(&self, stored: &StoredSettings) -> Option<SecretString> {
        let Some(sealed) = &stored.token else { return self.configured.token.clone() };
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
                self.configured.token.clone()
            }
        }
    }
}
