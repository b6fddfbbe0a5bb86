//! The settings that a process goes by.

use secrecy::SecretString;

use super::mask::mask;
use crate::settings::{Overrides, TransferSettings};

/// What a process goes by: what is set in the store, else what it was configured with.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The Hub's token.
    pub token: Option<SecretString>,
    /// How many jobs run at a time.
    pub max_active: usize,
    /// How data is moved.
    pub transfer: TransferSettings,
}

impl Effective {
    /// The token as it may be shown: `********` and its last four characters, without these when it has fewer than twelve;
    /// empty when there is none.
    pub fn masked_token(&self) -> String {
        self.token.as_ref().map(mask).unwrap_or_default()
    }

    /// With what beats the configuration, and another token.
    pub(super) fn with(&self, overrides: &Overrides, token: Option<SecretString>) -> Self {
        Self { token, max_active: overrides.max_active(self.max_active), transfer: overrides.transfer(&self.transfer) }
    }
}
