//! Tells the store how far a task is, at most four times a second, and obeys when it says stop.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hfd_shared::job::{FileIndex, FileProgress};
use hfd_shared::lock::lock;
use hfd_shared::ports::{Claimed, FileEnd, Report, Verdict};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::alive::heartbeat;
use crate::environment::Environment;
use crate::fence::Moment;
use crate::rate::Rate;
use crate::transfer::Meter;

const TICK: Duration = Duration::from_millis(250);

/// What a task has durably done.
#[derive(Default)]
pub(super) struct Done {
    /// Set when something of a file has become durable.
    pub(super) advanced: AtomicBool,
    ended: Mutex<Vec<FileIndex>>,
}

impl Done {
    /// Notes that a file is in the cache.
    pub(super) fn add(&self, file: FileIndex) {
        lock(&self.ended).push(file);
    }

    fn take_ended(&self) -> Vec<FileEnd> {
        let files = std::mem::take(&mut *lock(&self.ended));
        files.into_iter().map(|file| FileEnd { file, result: Ok(()) }).collect()
    }
}

/// Reports until it is dropped; cancels `stop` when the task is void. Files that are in the cache, and the first time that
/// something has become durable, are a checkpoint: attempts that advance are not counted.
pub(super) async fn report(
    env: &Environment,
    claimed: &Claimed,
    meters: &[(FileIndex, Meter)],
    received: &AtomicU64,
    done: &Done,
    stop: &CancellationToken,
) -> Infallible {
    // A task that moves nothing still shows that it is alive.
    let heartbeat = heartbeat(env);
    let mut told = vec![0; meters.len()];
    let mut rate = Rate::default();
    let mut is_counted_anew = false;
    let mut last_answer = Moment::now();
    let mut last_failure = last_answer;
    let mut last_report = Moment::now();
    loop {
        tokio::time::sleep(TICK).await;
        let bytes_per_second = rate.observe(received.load(Ordering::Relaxed));
        let ended = done.take_ended();
        if !ended.is_empty() || (done.advanced.load(Ordering::Relaxed) && !is_counted_anew) {
            is_counted_anew = env.store.checkpoint(claimed, ended).await.is_ok();
        }
        let files = moved(meters, &told);
        if files.is_empty() && last_report.elapsed() < heartbeat {
            continue;
        }
        last_report = Moment::now();
        let asked_at = last_report;
        let report = Report { files: files.iter().map(|(_, progress)| *progress).collect(), bytes_per_second };
        match env.store.report(claimed, report).await {
            Ok(Verdict::Go) => {
                last_answer = asked_at;
                for (index, progress) in files {
                    told[index] = progress.downloaded_bytes;
                }
            }
            Ok(Verdict::Stop) => stop.cancel(),
            Err(error) => {
                if last_answer >= last_failure {
                    warn!(task = %claimed.task, %error, "progress not reported");
                }
                last_failure = Moment::now();
                // It may be somebody else's by then.
                if last_answer.elapsed() > env.limits.lease_timeout {
                    stop.cancel();
                }
            }
        }
    }
}

fn moved(meters: &[(FileIndex, Meter)], told: &[u64]) -> Vec<(usize, FileProgress)> {
    meters
        .iter()
        .enumerate()
        .map(|(index, (file, meter))| (index, FileProgress { file: *file, downloaded_bytes: meter.bytes() }))
        .filter(|(index, progress)| progress.downloaded_bytes != told[*index])
        .collect()
}
