//! What is set over the API, in place of what each process is configured with.

use serde::{Deserialize, Serialize};

use super::{ByteRate, ByteSize, Connections, MaxActive, Retries, TransferSettings, Verify};

/// Settings that beat those of the flags. One that is absent leaves it to the flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// See [`TransferSettings::connections`].
    pub connections: Option<Connections>,
    /// See [`JobSettings::max_active`](super::JobSettings::max_active).
    pub max_active: Option<MaxActive>,
    /// See [`TransferSettings::multipart_threshold`].
    pub multipart_threshold: Option<ByteSize>,
    /// See [`TransferSettings::verify`].
    pub verify: Option<Verify>,
    /// See [`TransferSettings::retries`].
    pub retries: Option<Retries>,
    /// See [`TransferSettings::max_bytes_per_second`].
    pub max_bytes_per_second: Option<ByteRate>,
}

impl Overrides {
    /// How many jobs run at a time, where so many are configured.
    pub fn max_active(&self, configured: usize) -> usize {
        self.max_active.map_or(configured, MaxActive::get)
    }

    /// How data is moved, where this is configured.
    pub fn transfer(&self, configured: &TransferSettings) -> TransferSettings {
        TransferSettings {
            connections: self.connections.map_or(configured.connections, Connections::get),
            multipart_threshold: self.multipart_threshold.unwrap_or(configured.multipart_threshold),
            verify: self.verify.unwrap_or(configured.verify),
            retries: self.retries.map_or(configured.retries, Retries::get),
            max_bytes_per_second: self.max_bytes_per_second.unwrap_or(configured.max_bytes_per_second),
            ..configured.clone()
        }
    }
}
