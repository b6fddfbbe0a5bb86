//! What happens to jobs, told to everybody who listens.
//!
//! One [`follower`] a process hears the doorbells, reads the store through the [`reader`] and puts messages into the
//! [`backlog`]; each client has a [`Follow`], its place there. [`message`] shapes the messages, [`size`] keeps them below
//! their limit. How they get to a client is the business of `ws` and `sse`.

mod backlog;
mod follow;
mod follower;
mod message;
mod reader;
mod relay;
mod size;
mod times;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use hfd_shared::job::JobId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::ApiError;
use crate::state::ApiState;
use relay::Relay;

pub(crate) use follow::{End, Follow, Told};
pub(crate) use message::MAX_MESSAGE_BYTES;
pub use times::FeedTimes;

/// What sessions need, and what ends them.
#[derive(Clone)]
pub(crate) struct Feed {
    state: Arc<ApiState>,
    relay: Relay,
    /// Tells the numbers of this relay from those of others.
    run: u64,
    /// Holds what a shutdown has to wait for.
    pub(crate) sessions: TaskTracker,
    /// The server stops.
    pub(crate) stop: CancellationToken,
}

impl Feed {
    /// Starts the relay. The tracker holds it and every session; all end soon after `stop`.
    pub(crate) fn start(state: &Arc<ApiState>, sessions: TaskTracker, stop: CancellationToken) -> Self {
        let relay = Relay::start(Arc::clone(state), &sessions, stop.clone());
        // Its seeds are random.
        let run = RandomState::new().hash_one(0);
        Self { state: Arc::clone(state), relay, run, sessions, stop }
    }

    /// Follows all jobs, or the one that is named, from now on.
    ///
    /// # Errors
    /// When there is no such job, or nobody knows.
    pub(crate) async fn follow(&self, job: Option<&str>) -> Result<Follow, ApiError> {
        Ok(Follow::new(&self.relay, self.find(job).await?))
    }

    /// The same behind the message of an id, if all after it is still there.
    ///
    /// # Errors
    /// When there is no such job, or nobody knows.
    pub(crate) async fn follow_behind(&self, job: Option<&str>, id: &str) -> Result<Follow, ApiError> {
        let job = self.find(job).await?;
        Ok(Follow::behind(&self.relay, job, self.number(id)))
    }

    /// The id of a message that was told, for whoever may want to go on behind it.
    pub(crate) fn id(&self, told: &Told) -> String {
        format!("{:016x}-{}", self.run, told.number)
    }

    /// When it does what nothing else makes it do.
    pub(crate) fn times(&self) -> FeedTimes {
        self.state.config.feed
    }

    fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        (u64::from_str_radix(run, 16) == Ok(self.run)).then(|| number.parse().ok()).flatten()
    }

    async fn find(&self, job: Option<&str>) -> Result<Option<JobId>, ApiError> {
        let Some(job) = job else { return Ok(None) };
        let known = match job.parse::<JobId>() {
            Ok(id) => self.state.store.job(id).await?.map(|job| job.id),
            Err(_) => None,
        };
        let unknown = || ApiError::not_found("Job not found", format!("there is no job {job:?}"));
        Ok(Some(known.ok_or_else(unknown)?))
    }
}
