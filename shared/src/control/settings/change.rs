//! A change of the settings, before it is made.

use secrecy::SecretString;

use crate::secret::SealedToken;
use crate::settings::{ByteRate, ByteSize, Connections, MaxActive, Overrides, Retries, Verify};

/// What becomes of one setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Set<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// Each process goes by its configuration again.
    Configured,
    /// All processes go by this.
    To(T),
}

impl<T> Set<T> {
    /// The stored value as it is afterwards.
    fn over(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Keep => stored,
            Self::Configured => None,
            Self::To(value) => Some(value),
        }
    }
}

/// A change of some settings.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields of the settings")]
pub struct SettingsChange<Token = SecretString> {
    pub token: Set<Token>,
    pub connections: Set<Connections>,
    pub max_active: Set<MaxActive>,
    pub multipart_threshold: Set<ByteSize>,
    pub verify: Set<Verify>,
    pub retries: Set<Retries>,
    pub max_bytes_per_second: Set<ByteRate>,
}

impl<Token> SettingsChange<Token> {
    pub(super) fn with_token<Other>(self, token: Set<Other>) -> SettingsChange<Other> {
        let Self { token: _, connections, max_active, multipart_threshold, verify, retries, max_bytes_per_second } =
            self;
        SettingsChange { token, connections, max_active, multipart_threshold, verify, retries, max_bytes_per_second }
    }
}

impl SettingsChange<SealedToken> {
    pub(super) fn token_over(&self, stored: Option<SealedToken>) -> Option<SealedToken> {
        self.token.clone().over(stored)
    }

    pub(super) fn overrides_over(&self, stored: &Overrides) -> Overrides {
        Overrides {
            connections: self.connections.over(stored.connections),
            max_active: self.max_active.over(stored.max_active),
            multipart_threshold: self.multipart_threshold.over(stored.multipart_threshold),
            verify: self.verify.over(stored.verify),
            retries: self.retries.over(stored.retries),
            max_bytes_per_second: self.max_bytes_per_second.over(stored.max_bytes_per_second),
        }
    }
}
