//! `download`: one job, no server. Jobs live in memory; what was downloaded stays, also when interrupted.

mod bars;
mod lines;
mod text;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use hfd_shared::backend::{Backend, BackendConfig};
use hfd_shared::callback::CallbackPolicy;
use hfd_shared::control::{ControlError, Submitted};
use hfd_shared::job::{FileState, JobId, Priority, Snapshot, Status};
use hfd_shared::ports::{JobStore, StoreError};
use hfd_shared::settings::JobSettings;
use hfd_shared::shutdown;
use hfd_worker::Environment;

use crate::args::DownloadArgs;

/// Interrupted by a signal, as shells report it.
const EXIT_INTERRUPTED: u8 = 130;

/// How often progress is shown. The end of the job is told by its doorbell.
const TICK: Duration = Duration::from_millis(250);

/// Files in work that are shown at most.
const MAX_LISTED_FILES: usize = 200;

/// Something that shows how a job goes on.
trait Display {
    /// Shows the job as it is now; `files` are those in work.
    fn update(&mut self, snapshot: &Snapshot, files: &[FileState]);
    /// Shows the end, and the folder of the snapshot if it is whole.
    fn finish(&mut self, snapshot: &Snapshot, folder: Option<&Path>);
    /// Makes room for what is said next.
    fn interrupt(&mut self) {
        _ = writeln!(io::stderr(), "stopping; what has arrived is kept (again to stop at once)");
    }
}

pub(crate) async fn run(args: DownloadArgs) -> anyhow::Result<ExitCode> {
    // Progress is shown anyway: only what goes wrong is logged, unless told otherwise.
    let _telemetry = args.log.start("hfdownloader", "error")?;
    let request = args.request()?;
    let backend = Backend::open(&BackendConfig::Memory)?;
    // People in front of it decide for themselves whether to try again.
    let limits = JobSettings { max_active: 1, max_outage: Duration::ZERO, ..JobSettings::default() };
    let settings = args.worker.settings(limits.max_active, &backend, None)?;
    let env = Arc::new(Environment::open(settings, limits, CallbackPolicy::default(), &backend)?);
    let interrupted = shutdown::on_signal().context("cannot handle signals")?;
    let stop = interrupted.child_token();
    let mut worker = tokio::spawn(hfd_worker::run(Arc::clone(&env), stop.clone()));
    let job = match env.jobs.submit(request, Priority::default()).await? {
        Submitted::Created(job) | Submitted::Existing(job) => job,
        Submitted::Blocked(other) => return Err(ControlError::Blocked(other.job.id).into()),
    };
    let mut display = display(args.json);
    let end = tokio::select! {
        // The signal ends the worker, too; a job that is whole by then is whole.
        biased;
        end = follow(&env, job.job.id, display.as_mut()) => Some(end?),
        () = interrupted.cancelled() => None,
        died = &mut worker => return Err(died.map_or_else(Into::into, |()| anyhow!("the worker stopped"))),
    };
    let folder = end.as_ref().and_then(|end| folder(&env, end));
    match &end {
        Some(end) => display.finish(end, folder.as_deref()),
        None => display.interrupt(),
    }
    stop.cancel();
    worker.await.context("the worker panicked")?;
    report(end, folder, args.json)
}

fn display(json: bool) -> Box<dyn Display> {
    if json {
        Box::new(lines::Json::default())
    } else if io::stderr().is_terminal() {
        Box::new(bars::Bars::new())
    } else {
        Box::new(lines::Plain::new())
    }
}

/// Shows the job until it ends.
async fn follow(env: &Environment, id: JobId, display: &mut dyn Display) -> anyhow::Result<Snapshot> {
    // Before the first look, so that no change is missed.
    let mut doorbells = env.bus.subscribe().await;
    let mut shown: Option<Instant> = None;
    loop {
        let snapshot = env.store.snapshot(id).await?.ok_or_else(|| anyhow!("the job is gone"))?;
        if snapshot.job.status.is_terminal() {
            return Ok(snapshot);
        }
        if shown.is_none_or(|shown| shown.elapsed() >= TICK) {
            display.update(&snapshot, &in_work(env.store.as_ref(), id).await?);
            shown = Some(Instant::now());
        }
        if tokio::time::timeout(TICK, doorbells.next()).await == Ok(None) {
            // A bus that is gone leaves the time.
            tokio::time::sleep(TICK).await;
        }
    }
}

/// The files that are being fetched.
async fn in_work(store: &dyn JobStore, id: JobId) -> Result<Vec<FileState>, StoreError> {
    let in_work = store.changed_files(id, None, MAX_LISTED_FILES).await?.files.into_iter().map(|(_, file)| file);
    Ok(in_work.filter(|file| file.downloaded_bytes < file.file.size_bytes).collect())
}

fn report(end: Option<Snapshot>, folder: Option<PathBuf>, json: bool) -> anyhow::Result<ExitCode> {
    let Some(Snapshot { job, .. }) = end else {
        writeln!(io::stderr(), "interrupted; the same command goes on from here")?;
        return Ok(ExitCode::from(EXIT_INTERRUPTED));
    };
    let Some(folder) = folder else {
        let error = job.error.as_deref().unwrap_or(job.status.as_str());
        let repo = job.request.repo.to_string();
        let names = if error.starts_with(&repo) { String::new() } else { format!("{repo}: ") };
        writeln!(io::stderr(), "error: {names}{error}")?;
        return Ok(ExitCode::FAILURE);
    };
    if !json {
        writeln!(io::stdout(), "{}", folder.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the snapshot of a completed job lies.
fn folder(env: &Environment, end: &Snapshot) -> Option<PathBuf> {
    let commit = end.job.commit.filter(|_| end.job.status == Status::Completed)?;
    Some(env.cache.repo(&end.job.request.repo).snapshot_dir(commit))
}
