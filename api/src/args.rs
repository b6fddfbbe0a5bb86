//! The flags of `hfd-api`.

use std::net::IpAddr;

use clap::{Args, Parser};
use hfd_shared::config::{
    AdmissionArgs, CacheArgs, CallbackArgs, ClusterArgs, HubArgs, ListenArgs, ListenError, LogArgs, ProbeArgs,
    SecretArgs, TransferArgs, listen,
};
use tokio::net::TcpListener;

/// Serves the API of a cluster; holds no state, so any number of replicas answer alike.
#[derive(Debug, Parser)]
#[command(name = "hfd-api", version)]
#[expect(missing_docs, reason = "a doc comment on what is flattened would become help")]
pub struct Program {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub admin: AdminArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub hub: HubArgs,
    #[command(flatten)]
    pub transfer: TransferArgs,
    #[command(flatten)]
    pub admission: AdmissionArgs,
    #[command(flatten)]
    pub secret: SecretArgs,
    #[command(flatten)]
    pub callback: CallbackArgs,
    #[command(flatten)]
    pub probe: ProbeArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

/// Names the address of the probes and the metrics, if they have one of their own.
#[derive(Debug, Clone, Args)]
pub struct AdminArgs {
    /// Port of /healthz, /readyz and /metrics for those who run the service; none without it
    #[arg(long, env = "HFD_ADMIN_PORT")]
    pub admin_port: Option<u16>,
    /// Address of that port; it wants no credentials and tells nothing secret
    #[arg(long, env = "HFD_ADMIN_BIND", default_value = "0.0.0.0")]
    pub admin_bind: IpAddr,
}

impl AdminArgs {
    /// Begins to listen, if that is wanted.
    pub fn listen(&self) -> Result<Option<TcpListener>, ListenError> {
        let listen = |port| listen(self.admin_bind, port, "--admin-bind or --admin-port");
        self.admin_port.map(listen).transpose()
    }
}
