//! The time of a Fetch. What can go on later makes room for others, if any wait, when the slice is over. What cannot, the hash
//! of a large file, a small file under way or one from a server without ranges, comes to its end, however long that takes: it
//! would begin anew.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// No task is held longer than this, but for a Fetch while no other waits, for what a Fetch or a Verify cannot go on with
/// later, and for what looks through all of a repository.
pub(super) const TIME_SLICE: Duration = Duration::from_mins(10);

/// A time in words.
pub(super) fn minutes(time: Duration) -> String {
    format!("{} minutes", time.as_secs() / 60)
}

/// A task's slice of time.
pub(super) struct Slice {
    /// Cancelled when the slice is over, and with the next one.
    pub(super) over: CancellationToken,
    /// Cancelled when all work is to end: the task is void, or its worker ends. It is the task's own.
    pub(super) stop: CancellationToken,
}

impl Slice {
    /// A slice that ends early with `stop`.
    pub(super) fn new(stop: &CancellationToken) -> Self {
        Self { over: stop.child_token(), stop: stop.clone() }
    }

    /// Does work that obeys the tokens. When its time is over it is asked whether it may have as much again.
    pub(super) async fn run<'a, T>(
        &self,
        work: impl Future<Output = T>,
        may_go_on: impl Fn() -> BoxFuture<'a, bool>,
    ) -> T {
        let mut work = pin!(work);
        let over = async {
            loop {
                sleep(TIME_SLICE).await;
                if !may_go_on().await {
                    return;
                }
            }
        };
        tokio::select! {
            done = &mut work => return done,
            () = over => self.over.cancel(),
        }
        work.await
    }

    /// Whether work ends because its time is over, not because all of it is to end.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled() && !self.stop.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt as _;
    use futures_util::future::ready;
    use tokio::time::Instant;

    use super::*;

    fn never<'a>() -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_go_on_later_ends_with_the_slice_and_what_cannot_comes_to_its_end() {
        let (slice, begun) = (Slice::new(&CancellationToken::new()), Instant::now());
        let work = async {
            slice.over.cancelled().await;
            let over = begun.elapsed();
            sleep(Duration::from_hours(2)).await;
            over
        };
        assert_eq!(slice.run(work, never).await, TIME_SLICE);
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
        tokio::join!(slice.run(slice.stop.cancelled(), never), stopping);
        assert!(!slice.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn a_void_task_ends_all_of_it_at_once() {
        let task = CancellationToken::new();
        let slice = Slice::new(&task);
        task.cancel();
        slice.run(async { tokio::join!(slice.over.cancelled(), slice.stop.cancelled()) }, never).await;
        assert!(!slice.is_over());
    }

    #[test]
    fn a_task_hears_that_its_slice_was_stopped() {
        let task = CancellationToken::new();
        Slice::new(&task).stop.cancel();
        assert!(task.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slice_lasts_as_long_as_it_may() {
        let (slice, begun) = (Slice::new(&CancellationToken::new()), Instant::now());
        let asked = Cell::new(0);
        let twice = || {
            asked.set(asked.get() + 1);
            ready(asked.get() < 3).boxed()
        };
        slice.run(slice.over.cancelled(), twice).await;
        assert_eq!(begun.elapsed(), 3 * TIME_SLICE);
    }
}
