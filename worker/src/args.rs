//! The flags of everything that downloads, and those of `hfd-worker`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser};
use hfd_shared::backend::Backend;
use hfd_shared::config::{
    CacheArgs, CallbackArgs, ClusterArgs, HubArgs, JobArgs, ListenError, LogArgs, ProbeArgs, SecretArgs, TransferArgs,
    UsageError, listen,
};
use hfd_shared::control::Settings;
use hfd_shared::hub::HubClient;
use hfd_shared::secret::SecretKey;
use hfd_shared::settings::{ByteRate, Slots, TransferSettings};
use rustix::fs::Mode;
use tokio::net::TcpListener;

/// Downloads the jobs of a cluster: takes tasks from the broker, moves the bytes into the shared cache.
#[derive(Debug, Parser)]
#[command(name = "hfd-worker", version)]
#[expect(missing_docs, reason = "a doc comment on what is flattened would become help")]
pub struct Program {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    #[command(flatten)]
    pub admin: AdminArgs,
    #[command(flatten)]
    pub worker: WorkerArgs,
    #[command(flatten)]
    pub jobs: JobArgs,
    #[command(flatten)]
    pub secret: SecretArgs,
    #[command(flatten)]
    pub callback: CallbackArgs,
    #[command(flatten)]
    pub probe: ProbeArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

/// Names the address of the probes and the metrics.
#[derive(Debug, Clone, Args)]
pub struct AdminArgs {
    /// Port of /healthz, /readyz and /metrics
    #[arg(long, env = "HFD_ADMIN_PORT", default_value_t = 8081)]
    pub admin_port: u16,
    /// Address of /healthz, /readyz and /metrics; they tell nothing secret
    #[arg(long, env = "HFD_ADMIN_BIND", default_value = "0.0.0.0")]
    pub admin_bind: IpAddr,
}

impl AdminArgs {
    /// Begins to listen.
    pub fn listen(&self) -> Result<TcpListener, ListenError> {
        listen(self.admin_bind, self.admin_port, "--admin-bind or --admin-port")
    }
}

/// The flags of everything that downloads.
#[derive(Debug, Clone, Args)]
#[expect(missing_docs, reason = "a doc comment on what is flattened would become help")]
pub struct WorkerArgs {
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub hub: HubArgs,
    #[command(flatten)]
    pub transfer: TransferArgs,
    /// Bytes a second that this process receives at most, such as 20MiB; 0 for no limit
    #[arg(long, env = "HFD_MAX_PROCESS_BYTES_PER_SECOND", default_value = "0")]
    pub max_process_bytes_per_second: ByteRate,
    /// Large files, or batches of small ones, in work at a time, 1 to 64
    #[arg(long, env = "HFD_SLOTS", default_value = "4")]
    pub slots: Slots,
    /// Octal mask that takes permissions from new files and folders, such as 002 to let the group of the cache write
    /// [default: that of the process]
    #[arg(long, env = "HFD_UMASK", value_parser = umask)]
    pub umask: Option<u32>,
}

/// Reads a mask such as `002`. It leaves the user's own permissions alone, for the process needs what it makes.
fn umask(text: &str) -> Result<u32, String> {
    let mask = u32::from_str_radix(text, 8).ok().filter(|mask| mask & !0o077 == 0);
    mask.ok_or_else(|| "expected an octal mask from 000 to 077, such as 002".to_owned())
}

/// What a worker is told.
pub struct WorkerSettings {
    /// The cache's folder.
    pub cache_dir: PathBuf,
    /// The Hub.
    pub hub: HubClient,
    /// What all processes share.
    pub shared: Settings,
    /// How many Fetch tasks are done at a time.
    pub slots: usize,
    /// The process's umask, if not the one that it has.
    pub umask: Option<Mode>,
}

impl WorkerArgs {
    /// What the flags say.
    ///
    /// # Errors
    /// When they name no cache folder, or a Hub or a token that cannot be used.
    pub fn settings(
        &self,
        max_active: usize,
        backend: &Backend,
        key: Option<SecretKey>,
    ) -> Result<WorkerSettings, UsageError> {
        let transfer = TransferSettings {
            max_process_bytes_per_second: self.max_process_bytes_per_second,
            ..self.transfer.settings()
        };
        let (hub, shared) = self.hub.client(transfer, max_active, backend, key)?;
        let (cache_dir, umask) = (self.cache.folder()?, self.umask.map(Mode::from_raw_mode));
        Ok(WorkerSettings { cache_dir, hub, shared, slots: self.slots.get(), umask })
    }
}
