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

/// Clocks of machines that are set by the network are closer to each other.
const CLOCKS_DIFFER_BY: Duration = Duration::from_secs(10);

/// How long ago a job counts to have ended whose end is still to come.
const AGE_BEFORE_ITS_TIME: Duration = Duration::from_mins(5);

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
        let age = age(job.ended_at, OffsetDateTime::now_utc());
        match sent.map_err(|error| (next_try(age).filter(|_| !error.is_final()), error)) {
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

/// How long ago a job has ended, by this machine's clock; where that is far behind, long enough that no receiver is asked each
/// second.
fn age(ended_at: Option<OffsetDateTime>, now: OffsetDateTime) -> Duration {
    let Some(ended_at) = ended_at else { return Duration::ZERO };
    let is_far_behind = ended_at - now > CLOCKS_DIFFER_BY;
    (now - ended_at).try_into().unwrap_or(if is_far_behind { AGE_BEFORE_ITS_TIME } else { Duration::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_behind_asks_a_receiver_only_now_and_then() {
        let ended_at = OffsetDateTime::UNIX_EPOCH;
        let pause = |seconds| next_try(age(Some(ended_at), ended_at + time::Duration::seconds(seconds))).unwrap();
        assert_eq!([pause(-1), pause(0), pause(1)], [1, 1, 5].map(Duration::from_secs));
        assert!(pause(-3600) >= Duration::from_mins(2), "{:?}", pause(-3600));
    }
}
