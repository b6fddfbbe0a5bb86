//! `serve`: the API and a worker in one process, with the jobs in one file.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hfd_admin::{Admin, serve_admin};
use hfd_api::{ApiConfig, ApiState, FeedTimes, Mode};
use hfd_shared::backend::{Backend, BackendConfig};
use hfd_shared::callback::CallbackPolicy;
use hfd_shared::config::Access;
use hfd_shared::metrics::{self, Exposition, Part};
use hfd_shared::readiness::Readiness;
use hfd_shared::shutdown;
use hfd_worker::Environment;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::args::ServeArgs;

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    if let Some(probe) = args.probe.probe {
        return Ok(probe.ask(args.listen.bind, args.listen.port).await?);
    }
    let _telemetry = args.log.start("hfdownloader", "info")?;
    let exposition = Exposition::install(&[Part::Api, Part::Worker])?;
    let access = args.listen.access.access()?;
    let folder = data_folder(&args)?;
    let backend = Backend::open(&BackendConfig::File(folder.join("jobs.redb")))?;
    // Whoever has the store is alone with the folder.
    let key = args.secret.key_or_kept_in(&folder.join("secret.key"))?;
    let (limits, callbacks) = (args.jobs.settings(), args.callback.policy()?);
    let settings = args.worker.settings(limits.max_active, &backend, Some(key))?;
    let env = Arc::new(Environment::open(settings, limits, callbacks.clone(), &backend)?);
    let (listener, admin) = (args.listen.listen()?, args.admin.listen()?);
    let stop = shutdown::on_signal().context("cannot handle signals")?;
    if let Some(admin) = &admin {
        info!(address = %format!("http://{}", admin.local_addr()?), "probes listening");
    }
    info!(address = %format!("http://{}", listener.local_addr()?), cache = %env.cache.root().display(), "listening");
    let readiness = Readiness::new(stop.clone()).needs_store(Arc::clone(&env.store));
    env.settings.refresh().await.context("cannot read the settings")?;
    let told = Admin { readiness: readiness.clone(), metrics: exposition.clone() };
    let api = hfd_api::serve(listener, api_state(access, callbacks, told.clone(), &env), stop.clone());
    let drained = CancellationToken::new();
    let work = async {
        let _drained = drained.clone().drop_guard();
        let serve = async {
            let served = api.await;
            stop.cancel();
            served
        };
        tokio::join!(serve, hfd_worker::run(Arc::clone(&env), stop.clone())).0
    };
    let sample = async {
        let process = metrics::sample_process(&exposition, env.store.as_ref(), &readiness);
        tokio::join!(process, metrics::sample_cache(&env.cache))
    };
    let admin = async {
        if let Some(listener) = admin {
            serve_admin(listener, told, drained.clone()).await;
        }
    };
    let (served, _, ()) = tokio::join!(work, drained.run_until_cancelled(sample), admin);
    served?;
    Ok(ExitCode::SUCCESS)
}

fn data_folder(args: &ServeArgs) -> anyhow::Result<PathBuf> {
    let folder = args.data.folder()?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    Ok(folder)
}

fn api_state(access: Access, callbacks: CallbackPolicy, told: Admin, env: &Environment) -> ApiState {
    ApiState {
        jobs: env.jobs.clone(),
        store: Arc::clone(&env.store),
        bus: Arc::clone(&env.bus),
        queue: Arc::clone(&env.queue),
        roster: Arc::clone(&env.roster),
        hub: env.hub.clone(),
        readiness: told.readiness,
        metrics: Some(told.metrics),
        settings: env.settings.clone(),
        config: ApiConfig {
            cache_dir: env.cache.root().to_owned(),
            access,
            mode: Mode::Single,
            callbacks,
            feed: FeedTimes::default(),
        },
    }
}
