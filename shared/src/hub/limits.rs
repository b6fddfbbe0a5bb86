//! Asking the limiter before each request to the Hub, and telling it what the Hub says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::timeout;
use tracing::debug;

use super::rate_limit;
use crate::ports::{Account, Bucket, HubLimiter, Permit, StoreError};

/// A limiter that takes longer is gone on without: it saves refused requests, and no correctness rests on it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The Hub's limits, which all processes of one token share.
pub(super) struct Limits(pub(super) Arc<dyn HubLimiter>);

impl Limits {
    /// How long a request must wait, if at all. One that need not is counted.
    pub(super) async fn wait_for(&self, account: &Account, bucket: Bucket) -> Option<Duration> {
        match patiently(self.0.take(account, bucket)).await? {
            Permit::Go => None,
            Permit::Wait(wait) => Some(wait),
        }
    }

    /// Notes what an answer says is left.
    pub(super) async fn note(&self, account: &Account, headers: &HeaderMap) {
        for (bucket, budget) in rate_limit::budgets(headers) {
            patiently(self.0.announce(account, bucket, budget)).await;
        }
    }

    /// Notes that the Hub has refused a request and wants nothing for so long.
    pub(super) async fn hold(&self, account: &Account, bucket: Bucket, wait: Duration) {
        patiently(self.0.hold(account, bucket, wait)).await;
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Limits")
    }
}

async fn patiently<T>(asking: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match timeout(PATIENCE, asking).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            debug!(%error, "going on without the limiter");
            None
        }
        Err(_) => {
            debug!(patience = ?PATIENCE, "going on without the limiter: no answer in time");
            None
        }
    }
}
