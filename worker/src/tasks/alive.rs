//! Signs of life of the tasks that move no data.

use std::convert::Infallible;
use std::time::Duration;

use hfd_shared::job::{Job, TaskKind, Work};
use hfd_shared::ports::{Claimed, Report, Verdict};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::slice::{TIME_SLICE, minutes};
use super::{Ending, until_volume};
use crate::environment::Environment;
use crate::fence::{Fence, Moment};

/// Signs of life before others take a task over.
const HEARTBEATS: u32 = 4;

const HEARTBEAT_MAX: Duration = Duration::from_secs(2);

/// How often a task shows that it is alive, at least.
pub(super) fn heartbeat(env: &Environment) -> Duration {
    HEARTBEAT_MAX.min(env.limits.lease_timeout / HEARTBEATS)
}

/// A volume that has not answered after so long hangs.
const VOLUME_PATIENCE: Duration = Duration::from_secs(30);

/// What looks through all of a repository may take so many slices of time: a network volume is asked for each file.
const SLICES_OF_CARE: u32 = 6;

/// Does a task beside the signs of its life. Cancels `stop` when it is void; fails it when it takes too long, unless it is the
/// volume that hangs: then it is done again when that answers.
pub(super) async fn alive<E>(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
    stop: &CancellationToken,
    work: impl Future<Output = Result<Ending, E>>,
) -> Result<Ending, E> {
    let is_care = job.request.work != Work::Download && matches!(claimed.task.kind, TaskKind::Plan | TaskKind::Finish);
    let slices = if is_care { SLICES_OF_CARE } else { 1 };
    tokio::select! {
        ended = work => ended,
        never = show(env, claimed, fence, stop) => match never {},
        late = overdue(env, claimed, slices) => {
            // What blocks goes on by itself.
            fence.close();
            Ok(late)
        }
    }
}

/// What becomes of a task that takes longer than it may.
async fn overdue(env: &Environment, claimed: &Claimed, slices: u32) -> Ending {
    for _ in 0..slices {
        tokio::time::sleep(TIME_SLICE).await;
        if timeout(VOLUME_PATIENCE, env.check_volume()).await.is_err() {
            return until_volume("the volume does not answer".to_owned());
        }
    }
    Ending::Failed(format!("{} did not end within {}", claimed.task.kind, minutes(TIME_SLICE * slices)))
}

async fn show(env: &Environment, claimed: &Claimed, fence: &Fence, stop: &CancellationToken) -> Infallible {
    loop {
        tokio::time::sleep(heartbeat(env)).await;
        let asked_at = Moment::now();
        match env.store.report(claimed, Report::default()).await {
            Ok(Verdict::Go) => fence.extend(asked_at, env.limits.lease_timeout),
            Ok(Verdict::Stop) => {
                fence.close();
                stop.cancel();
            }
            Err(error) => {
                warn!(task = %claimed.task, %error, "no sign of life given");
                if !fence.is_open() {
                    stop.cancel();
                }
            }
        }
    }
}
