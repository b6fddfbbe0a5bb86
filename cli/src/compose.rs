//! Puts a process together: ports, Hub, cache, worker.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use hfd_shared::backend::Backend;
use hfd_shared::cache::Cache;
use hfd_shared::control::Jobs;
use hfd_shared::hub::HubClient;
use hfd_shared::job::JobId;
use hfd_shared::settings::{DEFAULT_ENDPOINT, HubSettings};
use hfd_shared::telemetry;
use hfd_worker::{Environment, Patience};
use secrecy::ExposeSecret;
use url::Url;

use crate::args::{CommonArgs, UsageError};
use crate::locations;

/// Starts logging. Commands that show progress log only what goes wrong, unless told otherwise.
pub(crate) fn logging(args: &CommonArgs, default: &str) -> anyhow::Result<()> {
    let filter = args.log.as_deref().unwrap_or(default);
    telemetry::init(filter, args.log_format).map_err(|error| UsageError(error.to_string()))?;
    Ok(())
}

/// The cache folder that the flags or the environment name.
pub(crate) fn cache_dir(args: &CommonArgs) -> anyhow::Result<PathBuf> {
    let path = args.cache_dir.clone().or_else(|| locations::cache_dir(&locations::environment));
    let path = path.ok_or_else(|| UsageError("no cache folder: set --cache-dir, HF_HUB_CACHE or HOME".to_owned()))?;
    Ok(locations::absolute(&path))
}

/// A worker in this process.
pub(crate) fn environment(args: &CommonArgs, backend: &Backend, max_active: usize) -> anyhow::Result<Environment> {
    let transfer = args.transfer();
    let cache = Cache::open(cache_dir(args)?)?;
    let hub = HubClient::new(&hub_settings(args)?, &transfer).map_err(|error| UsageError(error.to_string()))?;
    Ok(Environment {
        name: format!("{}-{}", std::process::id(), JobId::random().context("no random number for the worker's name")?),
        store: Arc::clone(&backend.store),
        queue: Arc::clone(&backend.queue),
        bus: Arc::clone(&backend.bus),
        jobs: Jobs::new(Arc::clone(&backend.store), max_active),
        hub,
        cache: Arc::new(cache),
        transfer,
        slots: usize::from(args.slots),
        patience: Patience::default(),
        attempts: AtomicU64::default(),
    })
}

fn hub_settings(args: &CommonArgs) -> anyhow::Result<HubSettings> {
    let endpoint = args.endpoint.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(DEFAULT_ENDPOINT);
    let endpoint = Url::parse(endpoint).map_err(|error| {
        UsageError(format!("invalid --endpoint: {error}; expected a URL such as {DEFAULT_ENDPOINT}"))
    })?;
    let given = args.token.clone().filter(|token| !token.expose_secret().trim().is_empty());
    Ok(HubSettings { endpoint, token: given.or_else(|| locations::stored_token(&locations::environment)) })
}
