//! Lists of the cache, each a look at all of its volume, which may take minutes. So few are made at a time, and whoever wants the
//! same waits for one look.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use hfd_shared::lock::lock;
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// How many lists are made at a time.
const MAX_LISTS: usize = 2;

/// What a look finds.
type Found<T> = Result<Arc<T>, ApiError>;

/// A look that several wait for; it is given up when nobody does.
type Look<T> = Shared<BoxFuture<'static, Found<T>>>;

/// Makes lists, by what is wanted of them.
pub(in crate::routes) struct Lists<K, T> {
    turns: Semaphore,
    /// The looks that have not begun: one that has may not see what was done before somebody asks.
    waiting: Mutex<HashMap<K, WeakShared<BoxFuture<'static, Found<T>>>>>,
}

impl<K, T> Default for Lists<K, T> {
    fn default() -> Self {
        Self { turns: Semaphore::new(MAX_LISTS), waiting: Mutex::default() }
    }
}

impl<K, T> Lists<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Send + Sync + 'static,
{
    /// Joins the look for the same that waits for its turn, or takes this one.
    pub(super) fn make<F>(self: &Arc<Self>, wanted: K, look: F) -> Look<T>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|_, look| look.upgrade().is_some());
        if let Some(look) = waiting.get(&wanted).and_then(WeakShared::upgrade) {
            return look;
        }
        let look = Arc::clone(self).look(wanted.clone(), look).boxed().shared();
        waiting.extend(look.downgrade().map(|look| (wanted, look)));
        look
    }

    async fn look<F>(self: Arc<Self>, wanted: K, look: F) -> Found<T>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let _turn = self.turns.acquire().await.map_err(|_| ApiError::internal())?;
        lock(&self.waiting).remove(&wanted);
        look.await.map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[tokio::test]
    async fn who_wants_the_same_waits_for_one_look_unless_it_has_begun() {
        let lists = Arc::new(Lists::<&str, u8>::default());
        let (begin, mut begun) = mpsc::unbounded_channel();
        let ask = |wanted, number| {
            let (end, ended) = oneshot::channel::<()>();
            let begin = begin.clone();
            let look = async move {
                begin.send(number).unwrap();
                ended.await.ok();
                Ok(number)
            };
            (end, tokio::spawn(lists.make(wanted, look)))
        };
        let (end_first, first) = ask("same", 1);
        assert_eq!(begun.recv().await, Some(1));
        let (end_second, second) = ask("same", 2);
        assert_eq!(begun.recv().await, Some(2), "the first may have passed by what is new");
        let (end_third, third) = ask("same", 3);
        let (_, fourth) = ask("same", 4);
        let (_, given_up) = ask("other", 5);
        given_up.abort();
        drop((end_first, end_second));
        for (look, expected) in [(first, 1), (second, 2)] {
            assert_eq!(*look.await.unwrap().unwrap(), expected);
        }
        assert_eq!(begun.recv().await, Some(3));
        drop(end_third);
        for look in [third, fourth] {
            assert_eq!(*look.await.unwrap().unwrap(), 3);
        }
        assert!(begun.try_recv().is_err(), "nobody waits for more");
    }
}
