//! How data is moved.

use std::time::Duration;

use clap::Args;

use crate::settings::{ByteRate, ByteSize, Connections, Retries, TransferSettings, Verify};

/// How data is moved, unless the store says otherwise. Plans and settings show it too, so every process of a cluster should
/// say the same.
#[derive(Debug, Clone, Args)]
pub struct TransferArgs {
    /// Connections for each large file, or each batch of small ones, 1 to 64
    #[arg(long, env = "HFD_CONNECTIONS", default_value = "8")]
    pub connections: Connections,
    /// Files of at least this size are fetched in parts
    #[arg(long, env = "HFD_MULTIPART_THRESHOLD", default_value = "32MiB")]
    pub multipart_threshold: ByteSize,
    /// How content is checked before it is published: none, size or sha256
    #[arg(long, env = "HFD_VERIFY", default_value = "sha256")]
    pub verify: Verify,
    /// How often a connection that fails without progress is tried again, until its file is given up, 0 to 20
    #[arg(long, env = "HFD_RETRIES", default_value = "4")]
    pub retries: Retries,
    /// Bytes a second that all processes over one job store receive together at most, such as 100MiB; 0 for no limit
    #[arg(long, env = "HFD_MAX_BYTES_PER_SECOND", default_value = "0")]
    pub max_bytes_per_second: ByteRate,
    /// Seconds without a byte after which a connection is dropped and tried again, 1 to 3600
    #[arg(long, env = "HFD_STALL_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub stall_timeout: u64,
    /// Bytes a second below which a connection counts as stalled; 0 for never
    #[arg(long, env = "HFD_MIN_SPEED", default_value = "1KiB")]
    pub min_speed: ByteSize,
}

impl TransferArgs {
    /// What the flags set.
    pub fn settings(&self) -> TransferSettings {
        TransferSettings {
            connections: self.connections.get(),
            multipart_threshold: self.multipart_threshold,
            verify: self.verify,
            retries: self.retries.get(),
            max_bytes_per_second: self.max_bytes_per_second,
            max_process_bytes_per_second: ByteRate::default(),
            stall_timeout: Duration::from_secs(self.stall_timeout),
            min_bytes_per_second: self.min_speed.0,
        }
    }
}
