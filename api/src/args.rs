//! The flags of `hfd-api`.

use clap::Parser;
use hfd_shared::config::{
    AdmissionArgs, CacheArgs, CallbackArgs, ClusterArgs, HubArgs, ListenArgs, LogArgs, ProbeArgs, SecretArgs,
    TransferArgs,
};

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
