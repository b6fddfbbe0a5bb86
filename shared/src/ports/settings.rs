//! What is set for all processes, as the store keeps it.

use serde::{Deserialize, Serialize};

use crate::secret::SealedToken;
use crate::settings::Overrides;

/// The settings that all processes share. A field that nobody has set is absent: then each process goes by its own
/// configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredSettings {
    /// Raised by the store with each change; 0 when nothing was ever set.
    pub version: u64,
    /// The Hub's token.
    pub token: Option<SealedToken>,
    /// What beats the flags.
    pub overrides: Overrides,
}

/// What became of a change of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsCommitted {
    /// They are stored; this is what they are now, with the new version.
    Applied(StoredSettings),
    /// They have changed since: read them again and decide anew.
    Conflict,
}
