//! The time of a Fetch. What can go on later makes room for others when the slice is over. What cannot, the hash of a large file,
//! a small file under way or one from a server without ranges, comes to its end, however long that takes: it would begin anew.

use std::pin::pin;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::alive::TIME_SLICE;

/// A task's slice of time.
pub(super) struct Slice {
    /// Cancelled when the slice is over, and with the next one.
    pub(super) over: CancellationToken,
    /// Cancelled when all work is to end: the task is void, or its worker ends.
    pub(super) stop: CancellationToken,
}

impl Slice {
    /// A slice that ends early with `stop`.
    pub(super) fn new(stop: &CancellationToken) -> Self {
        let stop = stop.child_token();
        Self { over: stop.child_token(), stop }
    }

    /// Does work that obeys the tokens.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Ok(done) = timeout(TIME_SLICE, &mut work).await {
            return done;
        }
        self.over.cancel();
        work.await
    }

    /// Whether work ends because its time is over, not because all of it is to end.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled() && !self.stop.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_can_go_on_later_ends_with_the_slice_and_what_cannot_comes_to_its_end() {
        let (slice, begun) = (Slice::new(&CancellationToken::new()), Instant::now());
        let work = async {
            slice.over.cancelled().await;
            let over = begun.elapsed();
            sleep(Duration::from_hours(2)).await;
            over
        };
        assert_eq!(slice.run(work).await, TIME_SLICE);
        assert!(slice.is_over() && !slice.stop.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stopped_after_its_slice_has_not_run_out_of_time() {
        let task = CancellationToken::new();
        let slice = Slice::new(&task);
        let stopping = async {
            sleep(2 * TIME_SLICE).await;
            task.cancel();
        };
        tokio::join!(slice.run(slice.stop.cancelled()), stopping);
        assert!(!slice.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn a_void_task_ends_all_of_it_at_once() {
        let task = CancellationToken::new();
        let slice = Slice::new(&task);
        task.cancel();
        slice.run(async { tokio::join!(slice.over.cancelled(), slice.stop.cancelled()) }).await;
        assert!(!slice.is_over());
    }
}
