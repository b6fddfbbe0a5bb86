//! Callback: tells the end of a job where its request wants it told.

use std::time::Duration;

use hfd_shared::job::Job;
use hfd_shared::ports::{Claimed, StoreError};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Ending;
use crate::callback::{Message, next_try};
use crate::environment::Environment;

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let message = match env.store.snapshot(job.id).await? {
        Some(snapshot) => Message::new(&snapshot.job, &snapshot.progress),
        None => None,
    };
    if let (Some(url), Some(message)) = (&job.request.callback, message) {
        let sent = tokio::select! {
            () = stop.cancelled() => return Ok(Ending::Stopped),
            sent = env.callbacks.send(url, &message) => sent,
        };
        let (receiver, id) = (url.as_url().origin().ascii_serialization(), &message.id);
        match sent.map_err(|error| (next_try(age(job)).filter(|_| !error.is_final()), error)) {
            Ok(()) => info!(job = %job.id, receiver, id, "callback delivered"),
            Err((Some(delay), error)) => {
                info!(job = %job.id, receiver, id, %error, ?delay, "callback not delivered, will be tried again");
                return Ok(Ending::Later { delay, waiting: None });
            }
            Err((None, error)) => warn!(job = %job.id, receiver, id, %error, "callback given up"),
        }
    }
    env.store.settle(claimed).await?;
    Ok(Ending::Settled)
}

/// How long ago the job has ended, by this machine's clock.
fn age(job: &Job) -> Duration {
    let age = job.ended_at.map(|ended_at| OffsetDateTime::now_utc() - ended_at);
    age.and_then(|age| age.try_into().ok()).unwrap_or_default()
}
