//! `hfd-worker`: a worker of a cluster; any number of them share the work of every job.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hfd_admin::{Admin, serve_admin};
use hfd_shared::backend::{Backend, BackendConfig};
use hfd_shared::metrics::{self, Exposition, Part};
use hfd_shared::readiness::Readiness;
use hfd_shared::{process, shutdown};
use hfd_worker::{Environment, Program};
use tokio_util::sync::CancellationToken;
use tracing::info;

fn main() -> ExitCode {
    process::main(run)
}

async fn run(program: Program) -> anyhow::Result<ExitCode> {
    if let Some(probe) = program.probe.probe {
        return Ok(probe.ask(program.admin.admin_bind, program.admin.admin_port).await?);
    }
    let _telemetry = program.log.start("hfd-worker", "info")?;
    let exposition = Exposition::install(&[Part::Worker])?;
    let cluster = program.cluster.config()?;
    let backend = Backend::open(&BackendConfig::Cluster(Box::new(cluster)))?;
    let limits = program.jobs.settings();
    let settings = program.worker.settings(limits.max_active, &backend, program.secret.key()?)?;
    let admin = program.admin.listen()?;
    let stop = shutdown::on_signal().context("cannot handle signals")?;
    let env = Arc::new(Environment::open(settings, limits, program.callback.policy()?, &backend)?);
    let readiness = Readiness::new(stop.clone())
        .needs_store(Arc::clone(&backend.store))
        .needs_queue(backend.queue)
        .needs_volume(Arc::clone(&env.cache));
    info!(address = %format!("http://{}", admin.local_addr()?), "probes listening");
    let drained = CancellationToken::new();
    let work = async {
        let _drained = drained.clone().drop_guard();
        hfd_worker::run(Arc::clone(&env), stop).await;
    };
    let told = Admin { readiness: readiness.clone(), metrics: exposition.clone() };
    let sample = async {
        let process = metrics::sample_process(&exposition, backend.store.as_ref(), &readiness);
        tokio::join!(process, metrics::sample_cache(&env.cache))
    };
    tokio::join!(work, serve_admin(admin, told, drained.clone()), drained.run_until_cancelled(sample));
    Ok(ExitCode::SUCCESS)
}
