//! `serve`: the API and a worker in one process, with the jobs in one file.

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hfd_api::{ApiConfig, ApiState, BasicAuth};
use hfd_shared::backend::{Backend, BackendConfig};
use hfd_shared::shutdown;
use hfd_worker::Environment;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tracing::info;

use crate::args::{ServeArgs, UsageError};
use crate::{compose, locations};

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    compose::logging(&args.common, "info")?;
    let auth = basic_auth(&args)?;
    let backend = Backend::open(&BackendConfig::File(store_file(&args)?))?;
    let env = Arc::new(compose::environment(&args.common, &backend, usize::from(args.max_active))?);
    let listener = TcpListener::bind((args.bind, args.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}; choose another --bind or --port", args.bind, args.port))?;
    let stop = shutdown::on_signal().context("cannot handle signals")?;
    info!(address = %format!("http://{}", listener.local_addr()?), cache = %env.cache.root().display(), "listening");
    let api = hfd_api::serve(listener, api_state(auth, &env), stop.clone());
    let (served, ()) = tokio::join!(
        async {
            let served = api.await;
            stop.cancel();
            served
        },
        hfd_worker::run(Arc::clone(&env), stop.clone())
    );
    served?;
    Ok(ExitCode::SUCCESS)
}

fn store_file(args: &ServeArgs) -> anyhow::Result<std::path::PathBuf> {
    let folder = args.data_dir.clone().or_else(|| locations::data_dir(&locations::environment));
    let folder = folder.ok_or_else(|| UsageError("no data folder: set --data-dir or HOME".to_owned()))?;
    let folder = locations::absolute(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    Ok(folder.join("jobs.redb"))
}

/// The user and the password that clients must give, if any.
fn basic_auth(args: &ServeArgs) -> Result<Option<BasicAuth>, UsageError> {
    let Some((user, password)) = args.auth_user.clone().zip(args.auth_pass.clone()) else { return Ok(None) };
    if user.is_empty() || user.contains(':') || password.expose_secret().is_empty() {
        let rule = "--auth-user and --auth-pass must not be empty, and the user must not contain a colon";
        return Err(UsageError(rule.to_owned()));
    }
    Ok(Some(BasicAuth { user, password }))
}

fn api_state(auth: Option<BasicAuth>, env: &Environment) -> ApiState {
    ApiState {
        jobs: env.jobs.clone(),
        store: Arc::clone(&env.store),
        bus: Arc::clone(&env.bus),
        hub: env.hub.clone(),
        config: ApiConfig {
            cache_dir: env.cache.root().to_owned(),
            auth,
            large_from_bytes: env.transfer.multipart_threshold.0,
        },
    }
}
