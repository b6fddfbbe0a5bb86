//! The time of a Fetch. What can go on later makes room for others when the slice is over. What cannot, the hash of a large file,
//! a small file under way or one from a server without ranges, may come to its end.

use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::alive::TIME_SLICE;

/// How long work may go on when the slice is over. Together they are less than the 30 minutes after which RabbitMQ takes a
/// delivery back that was not acknowledged.
pub(super) const OVERTIME: Duration = Duration::from_mins(15);

/// A task's slice of time.
pub(super) struct Slice {
    /// Cancelled when the slice is over, and with the next one.
    pub(super) over: CancellationToken,
    /// Cancelled when all work is to end: the task is void, or the overtime is over, too.
    pub(super) stop: CancellationToken,
}

/// When the work was through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// In time, or because the task is void or its worker ends.
    InTime,
    /// When the slice was over.
    Over,
    /// When the overtime was over, too.
    Stopped,
}

impl Slice {
    /// A slice that ends early with `stop`.
    pub(super) fn new(stop: &CancellationToken) -> Self {
        let stop = stop.child_token();
        Self { over: stop.child_token(), stop }
    }

    /// Does work that obeys the tokens.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> (T, End) {
        let mut work = pin!(work);
        if let Ok(done) = timeout(TIME_SLICE, &mut work).await {
            return (done, End::InTime);
        }
        self.over.cancel();
        let in_overtime = timeout(OVERTIME, &mut work).await;
        let is_void = self.stop.is_cancelled();
        let (done, ended) = if let Ok(done) = in_overtime {
            (done, End::Over)
        } else {
            self.stop.cancel();
            (work.await, End::Stopped)
        };
        (done, if is_void { End::InTime } else { ended })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_can_go_on_later_ends_with_the_slice_and_what_cannot_has_overtime() {
        let (slice, begun) = (Slice::new(&CancellationToken::new()), Instant::now());
        let work = async {
            slice.over.cancelled().await;
            let over = begun.elapsed();
            sleep(Duration::from_mins(10)).await;
            over
        };
        let (over, ended) = slice.run(work).await;
        assert_eq!((over, ended), (TIME_SLICE, End::Over));
        assert!(!slice.stop.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_on_for_longer_than_a_delivery_may_wait() {
        let (slice, begun) = (Slice::new(&CancellationToken::new()), Instant::now());
        let ((), ended) = slice.run(slice.stop.cancelled()).await;
        assert_eq!(ended, End::Stopped);
        assert!(begun.elapsed() < Duration::from_mins(30));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stopped_in_the_overtime_has_not_run_out_of_time() {
        let task = CancellationToken::new();
        let slice = Slice::new(&task);
        let stopping = async {
            sleep(TIME_SLICE + OVERTIME / 2).await;
            task.cancel();
        };
        let (((), ended), ()) = tokio::join!(slice.run(slice.stop.cancelled()), stopping);
        assert_eq!(ended, End::InTime);
    }

    #[tokio::test(start_paused = true)]
    async fn a_void_task_ends_all_of_it_at_once() {
        let task = CancellationToken::new();
        let slice = Slice::new(&task);
        task.cancel();
        assert_eq!(
            slice.run(async { tokio::join!(slice.over.cancelled(), slice.stop.cancelled()) }).await.1,
            End::InTime
        );
    }
}
