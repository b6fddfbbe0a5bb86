//! `hfd-api`: the API of a cluster; any replica answers any request.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hfd_admin::{Admin, serve_admin};
use hfd_api::{ApiConfig, ApiState, FeedTimes, Mode, Program};
use hfd_shared::backend::{Backend, BackendConfig};
use hfd_shared::control::{Jobs, relay_outbox};
use hfd_shared::metrics::{self, Exposition, Part};
use hfd_shared::readiness::Readiness;
use hfd_shared::{process, shutdown};
use tokio_util::sync::CancellationToken;
use tracing::info;

fn main() -> ExitCode {
    process::main(run)
}

async fn run(program: Program) -> anyhow::Result<ExitCode> {
    if let Some(probe) = program.probe.probe {
        return Ok(probe.ask(program.listen.bind, program.listen.port).await?);
    }
    let _telemetry = program.log.start("hfd-api", "info")?;
    let exposition = Exposition::install(&[Part::Api])?;
    let cluster = program.cluster.config()?;
    let backend = Backend::open(&BackendConfig::Cluster(Box::new(cluster)))?;
    let max_active = program.admission.max_active();
    let (hub, settings) =
        program.hub.client(program.transfer.settings(), max_active, &backend, program.secret.key()?)?;
    let config = ApiConfig {
        // Only read: what changes the volume is the workers' business.
        cache_dir: program.cache.folder()?,
        access: program.listen.access.access()?,
        mode: Mode::Cluster,
        callbacks: program.callback.policy()?,
        feed: FeedTimes::default(),
    };
    let (listener, admin) = (program.listen.listen()?, program.admin.listen()?);
    let stop = shutdown::on_signal().context("cannot handle signals")?;
    let Backend { store, queue, bus, roster, .. } = backend.clone();
    let jobs = Jobs::new(Arc::clone(&store), max_active);
    // A broker that is away holds nothing up here: the store's outbox holds the tasks.
    let readiness = Readiness::new(stop.clone()).needs_store_to_answer(Arc::clone(&store));
    let told = Admin { readiness: readiness.clone(), metrics: exposition.clone() };
    let state = ApiState {
        jobs: jobs.clone(),
        store,
        bus,
        queue: Arc::clone(&queue),
        roster,
        hub,
        readiness: readiness.clone(),
        // They are not for those who use the API.
        metrics: None,
        settings: settings.clone(),
        config,
    };
    if let Some(admin) = &admin {
        info!(address = %format!("http://{}", admin.local_addr()?), "probes listening");
    }
    info!(address = %format!("http://{}", listener.local_addr()?), "listening");
    let drained = CancellationToken::new();
    let serve = async {
        let _drained = drained.clone().drop_guard();
        hfd_api::serve(listener, state, stop).await
    };
    let beside = async {
        let relay = relay_outbox(backend.store.as_ref(), queue.as_ref(), backend.bus.as_ref());
        let sample = metrics::sample_process(&exposition, backend.store.as_ref(), &readiness);
        tokio::join!(relay, jobs.tend(), settings.follow(), sample)
    };
    let admin = async {
        if let Some(listener) = admin {
            serve_admin(listener, told, drained.clone()).await;
        }
    };
    let (served, _, ()) = tokio::join!(serve, drained.run_until_cancelled(beside), admin);
    queue.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}
