//! Flags and environment variables: flag > environment > file of a secret > default.
//!
//! A file a concern: the flags as a [`clap::Args`] that programs flatten into their own, and what they are parsed into.
//! Whatever may be secret is taken as text and checked later, for clap shows the values that it refuses.

mod access;
mod cache;
mod callback;
mod cluster;
mod data;
mod hub;
mod jobs;
mod listen;
mod locations;
mod log;
mod origin;
mod probe;
mod secret;
mod secret_files;
#[cfg(test)]
mod tests;
mod transfer;
mod usage;

pub use access::{Access, AccessArgs, BasicAuth};
pub use cache::CacheArgs;
pub use callback::CallbackArgs;
pub use cluster::{ClusterArgs, ClusterConfig};
pub use data::DataArgs;
pub use hub::HubArgs;
pub use jobs::{AdmissionArgs, JobArgs};
pub use listen::{ListenArgs, ListenError, listen};
pub use log::LogArgs;
pub use origin::{InvalidOrigin, WebOrigin};
pub use probe::{Probe, ProbeArgs};
pub use secret::SecretArgs;
pub use secret_files::file_variable;
pub(crate) use secret_files::with_files;
pub use transfer::TransferArgs;
pub use usage::UsageError;
