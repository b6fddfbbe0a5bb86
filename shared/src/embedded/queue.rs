//! Tasks within one process.
//!
//! The queue holds each task at most once while it waits, and the store opens at most
//! [`WINDOW`](crate::job::WINDOW) tasks a job, so its memory is bounded by the running jobs.

use std::collections::{HashSet, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use crate::job::Task;
use crate::lock::lock;
use crate::ports::{Acknowledge, Delivery, Depth, Lane, Message, QueueError, TaskConsumer, TaskQueue};

/// A [`TaskQueue`] for the consumers of this process. A clone is the same queue.
#[derive(Debug, Default, Clone)]
pub struct MemoryQueue {
    control: Arc<Line>,
    callback: Arc<Line>,
    fetch: Arc<Line>,
}

impl MemoryQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    fn line(&self, lane: Lane) -> &Arc<Line> {
        match lane {
            Lane::Control => &self.control,
            Lane::Callback => &self.callback,
            Lane::Fetch => &self.fetch,
        }
    }
}

#[async_trait]
impl TaskQueue for MemoryQueue {
    async fn publish(&self, message: &Message) -> Result<(), QueueError> {
        let entry = Entry { message: *message, published_at: OffsetDateTime::now_utc() };
        self.line(Lane::of(&message.task)).put(entry, VecDeque::push_back);
        Ok(())
    }

    async fn consume(&self, lane: Lane, prefetch: usize) -> Result<Box<dyn TaskConsumer>, QueueError> {
        let room = Arc::new(Semaphore::new(prefetch.clamp(1, Semaphore::MAX_PERMITS)));
        Ok(Box::new(Consumer { line: Arc::clone(self.line(lane)), room }))
    }

    async fn ready(&self) -> Result<(), QueueError> {
        Ok(())
    }

    async fn takes(&self) -> Result<(), QueueError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Vec<Depth>, QueueError> {
        Ok(Lane::ALL.map(|lane| self.line(lane).depth(lane)).into())
    }

    fn delivery_timeout(&self) -> Option<Duration> {
        None
    }

    async fn close(&self) {}
}

/// The tasks of one lane that wait.
#[derive(Debug, Default)]
struct Line {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    /// Deliveries that are not answered for.
    out: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    message: Message,
    published_at: OffsetDateTime,
}

#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<Entry>,
    present: HashSet<Task>,
}

impl Line {
    /// A task that waits already is not put a second time: one delivery serves both.
    fn put(&self, entry: Entry, end: fn(&mut VecDeque<Entry>, Entry)) {
        let mut waiting = self.lock();
        if waiting.present.insert(entry.message.task) {
            end(&mut waiting.order, entry);
            drop(waiting);
            self.arrived.notify_one();
        }
    }

    fn pop(&self) -> Option<Entry> {
        let mut waiting = self.lock();
        let entry = waiting.order.pop_front()?;
        waiting.present.remove(&entry.message.task);
        Some(entry)
    }

    async fn take(&self) -> Entry {
        loop {
            let mut arrived = pin!(self.arrived.notified());
            // Registered before the look, so that each of several consumers gets the notice of its own task.
            arrived.as_mut().enable();
            if let Some(entry) = self.pop() {
                return entry;
            }
            arrived.await;
        }
    }

    fn depth(&self, lane: Lane) -> Depth {
        let ready = self.lock().order.len() as u64;
        Depth { lane, ready, unacknowledged: Some(self.out.load(Ordering::Relaxed)) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }
}

struct Consumer {
    line: Arc<Line>,
    room: Arc<Semaphore>,
}

#[async_trait]
impl TaskConsumer for Consumer {
    async fn next(&mut self) -> Option<Delivery> {
        // The semaphore is never closed, so there is always something to wait for.
        let room = Arc::clone(&self.room).acquire_owned().await.ok()?;
        let entry = self.line.take().await;
        self.line.out.fetch_add(1, Ordering::Relaxed);
        let receipt = Receipt { entry, line: Arc::clone(&self.line), _room: room };
        Some(Delivery::new(entry.message, Some(entry.published_at), Box::new(receipt)))
    }
}

/// Holds the consumer's room until the delivery is answered for.
struct Receipt {
    entry: Entry,
    line: Arc<Line>,
    _room: OwnedSemaphorePermit,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.line.out.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Acknowledge for Receipt {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        self.abandon();
        Ok(())
    }

    async fn reject(self: Box<Self>) -> Result<(), QueueError> {
        warn!(task = %self.entry.message.task, "task rejected and forgotten");
        Ok(())
    }

    fn abandon(self: Box<Self>) {
        self.line.put(self.entry, VecDeque::push_front);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Epoch, JobId, TaskKind, UnitIndex};

    fn tasks<const N: usize>() -> [Task; N] {
        let job = JobId::random().unwrap();
        std::array::from_fn(|unit| {
            let unit = UnitIndex(u32::try_from(unit).unwrap());
            Task { job, epoch: Epoch(0), kind: TaskKind::Fetch(unit) }
        })
    }

    #[tokio::test]
    async fn what_comes_back_goes_to_the_front() {
        let queue = MemoryQueue::new();
        let tasks: [Task; 3] = tasks();
        for task in &tasks {
            queue.publish(&Message { task: *task, trace: None }).await.unwrap();
        }
        let mut consumer = queue.consume(Lane::Fetch, 1).await.unwrap();
        consumer.next().await.unwrap().give_back().await.unwrap();
        drop(consumer.next().await.unwrap());
        for task in tasks {
            let delivery = consumer.next().await.unwrap();
            assert_eq!(delivery.task, task);
            delivery.acknowledge().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_task_waits_once_but_may_follow_itself() {
        let queue = MemoryQueue::new();
        let [task] = tasks();
        for _ in 0..3 {
            queue.publish(&Message { task, trace: None }).await.unwrap();
        }
        let mut consumer = queue.consume(Lane::Fetch, 2).await.unwrap();
        let in_work = consumer.next().await.unwrap();
        assert!(queue.fetch.pop().is_none());
        queue.publish(&Message { task, trace: None }).await.unwrap();
        in_work.acknowledge().await.unwrap();
        assert_eq!(consumer.next().await.unwrap().task, task, "it was put off and is due again");
    }
}
