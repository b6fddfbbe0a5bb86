//! How often to try again, and how long to wait before it.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use hfd_shared::hub::{HubError, Retry};
use hfd_shared::metrics;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::TransferError;

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Failures in a row that are still allowed. Progress refills it.
pub(super) struct Budget {
    retries: usize,
    tries: usize,
    delays: ExponentialBackoff,
    /// The pause before one more try than that.
    spare: Option<Duration>,
}

impl Budget {
    pub(super) fn new(retries: usize) -> Self {
        Self { retries, tries: 0, delays: delays(retries), spare: None }
    }

    /// To be called when others bring the file closer to its end.
    pub(super) fn allow_one_more(&mut self) {
        self.spare = Some(LONGEST_DELAY);
    }

    /// To be called when bytes have arrived.
    pub(super) fn refill(&mut self) {
        if self.tries > 0 {
            *self = Self::new(self.retries);
        }
    }

    /// Waits before the next try, or says that there is none.
    pub(super) async fn spend(&mut self, error: HubError, stop: &CancellationToken) -> Result<(), TransferError> {
        self.tries += 1;
        match error.retry() {
            Retry::Never => return Err(TransferError::Hub(error)),
            Retry::After(delay) => {
                metrics::retried((&error).into());
                return Err(TransferError::Later { delay, reason: error.to_string() });
            }
            Retry::Soon | Retry::Resolve => {}
        }
        let Some(delay) = self.delays.next().or_else(|| self.spare.take()) else {
            let tries = self.tries;
            return Err(match error {
                HubError::RangeIgnored { .. } => TransferError::NoRanges { tries, last: error },
                _ => TransferError::GaveUp { tries, last: error },
            });
        };
        metrics::retried((&error).into());
        debug!(%error, ?delay, tries = self.tries, "trying again");
        tokio::select! {
            () = stop.cancelled() => Err(TransferError::Stopped),
            () = tokio::time::sleep(delay) => Ok(()),
        }
    }
}

fn delays(retries: usize) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .with_max_times(retries)
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn failures_until_given_up(budget: &mut Budget) -> usize {
        let stop = CancellationToken::new();
        let mut failures = 1;
        while budget.spend(HubError::Timeout { what: "a file".into() }, &stop).await.is_ok() {
            failures += 1;
        }
        failures
    }

    #[tokio::test(start_paused = true)]
    async fn progress_refills_the_budget() {
        let mut budget = Budget::new(3);
        assert_eq!(failures_until_given_up(&mut budget).await, 4);
        budget.refill();
        assert_eq!(failures_until_given_up(&mut budget).await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_tried_often_goes_on_as_long_as_others_come_on() {
        let mut budget = Budget::new(3);
        assert_eq!(failures_until_given_up(&mut budget).await, 4);
        for _ in 0..10 {
            budget.allow_one_more();
            assert_eq!(failures_until_given_up(&mut budget).await, 2);
        }
        assert_eq!(failures_until_given_up(&mut budget).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_retries_the_first_failure_is_the_last() {
        assert_eq!(failures_until_given_up(&mut Budget::new(0)).await, 1);
    }
}
