//! Callback: tells the end of a job where its request wants it told.

use hfd_shared::job::Job;
use hfd_shared::ports::{Claimed, StoreError};
use tokio_util::sync::CancellationToken;

use super::Outcome;
use crate::environment::Environment;

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn perform(
    _env: &Environment,
    _job: &Job,
    _claimed: &Claimed,
    _stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("callbacks are not supported yet".to_owned()))
}
