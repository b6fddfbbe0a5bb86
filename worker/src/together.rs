//! Does for many at once what costs about as much as for one.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::lock::lock;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio::task::yield_now;
use tokio::time::sleep;

/// A round that takes longer is not waited for: on a network volume each step takes its time, however many are done at once.
const LONG_ROUND: Duration = Duration::from_millis(5);

/// Who asks while a round is under way waits for the next, with all others who do.
pub(crate) struct Together<T, R> {
    waiting: Mutex<Vec<(T, oneshot::Sender<R>)>>,
    round: tokio::sync::Mutex<()>,
    perform: Arc<dyn Fn(Vec<T>) -> Vec<R> + Send + Sync>,
}

impl<T: Send + 'static, R: Send + 'static> Together<T, R> {
    /// `perform` blocks, and gives a result for each, in order.
    pub(crate) fn new(perform: impl Fn(Vec<T>) -> Vec<R> + Send + Sync + 'static) -> Self {
        Self { waiting: Mutex::default(), round: tokio::sync::Mutex::default(), perform: Arc::new(perform) }
    }

    /// Has one done, with those of others.
    pub(crate) async fn join(&self, one: T) -> R {
        let (sender, mut result) = oneshot::channel();
        self.lock().push((one, sender));
        let round = tokio::select! {
            biased;
            result = &mut result => return given(result).await,
            round = self.round.lock() => Some(round),
            () = sleep(LONG_ROUND) => None,
        };
        // Whoever can ask right now comes along, as long as more do.
        let mut coming = 0;
        while self.waiting() > coming {
            coming = self.waiting();
            yield_now().await;
        }
        let (all, senders): (Vec<_>, Vec<_>) = std::mem::take(&mut *self.lock()).into_iter().unzip();
        // Another round may have taken all of them along.
        if !all.is_empty() {
            let perform = Arc::clone(&self.perform);
            for (sender, result) in senders.into_iter().zip(blocking(move || perform(all)).await) {
                // Nobody waits for it any more.
                _ = sender.send(result);
            }
        }
        drop(round);
        given(result.await).await
    }

    fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(T, oneshot::Sender<R>)>> {
        lock(&self.waiting)
    }
}

/// The one whose round it was may be gone; so are those who wait beside him then.
async fn given<R>(result: Result<R, RecvError>) -> R {
    match result {
        Ok(result) => result,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures_util::future::join_all;

    use super::*;

    /// Numbers are doubled, in rounds that are counted and in which the number 0 waits to be let through.
    fn doubling() -> (Together<usize, usize>, Arc<AtomicUsize>, mpsc::Sender<()>) {
        let rounds = Arc::new(AtomicUsize::new(0));
        let (open, gate) = mpsc::channel::<()>();
        let (gate, counted) = (Mutex::new(gate), Arc::clone(&rounds));
        let together = Together::new(move |numbers: Vec<usize>| {
            counted.fetch_add(1, Ordering::SeqCst);
            if numbers.contains(&0) {
                gate.lock().unwrap().recv().unwrap();
            }
            numbers.into_iter().map(|number| number * 2).collect()
        });
        (together, rounds, open)
    }

    async fn begun(rounds: &AtomicUsize) {
        while rounds.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_during_a_round_share_the_next() {
        let (together, rounds, open) = doubling();
        let others = async {
            begun(&rounds).await;
            let others = join_all((1..100).map(|number| together.join(number)));
            tokio::join!(others, async { open.send(()).unwrap() }).0
        };
        let (first, others) = tokio::join!(together.join(0), others);
        assert_eq!((first, others), (0, (1..100).map(|number| number * 2).collect::<Vec<_>>()));
        assert_eq!(rounds.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_long_round_is_not_waited_for() {
        let (together, rounds, open) = doubling();
        let other = async {
            begun(&rounds).await;
            let other = together.join(1).await;
            open.send(()).unwrap();
            other
        };
        assert_eq!(tokio::join!(together.join(0), other), (0, 2));
    }
}
