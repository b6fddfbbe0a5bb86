//! What a [`TaskQueue`](crate::ports::TaskQueue) promises.

use std::time::Duration;

use time::OffsetDateTime;

use super::{MOMENT, PATIENCE, QueueRig, eventually};
use crate::job::{Epoch, JobId, Task, TaskKind, UnitIndex};
use crate::ports::{Delivery, Lane, Message, TaskConsumer};
use crate::trace::TraceContext;

fn fetches(count: u32) -> Vec<Task> {
    let job = JobId::random().unwrap();
    (0..count).map(|unit| Task { job, epoch: Epoch(3), kind: TaskKind::Fetch(UnitIndex(unit)) }).collect()
}

async fn publish(rig: &QueueRig, tasks: &[Task]) {
    for task in tasks {
        rig.queue.publish(&Message { task: *task, trace: None }).await.unwrap();
    }
}

async fn consumer(rig: &QueueRig, prefetch: usize) -> Box<dyn TaskConsumer> {
    rig.queue.consume(Lane::Fetch, prefetch).await.unwrap()
}

async fn next(consumer: &mut dyn TaskConsumer) -> Delivery {
    tokio::time::timeout(PATIENCE, consumer.next()).await.unwrap().unwrap()
}

async fn nothing(consumer: &mut dyn TaskConsumer) {
    if let Ok(delivery) = tokio::time::timeout(MOMENT, consumer.next()).await {
        panic!("unexpected {:?}", delivery.map(|delivery| delivery.task));
    }
}

/// Acknowledges so many tasks as they come.
async fn work(consumer: &mut dyn TaskConsumer, count: usize) -> Vec<Task> {
    let mut tasks = Vec::new();
    while tasks.len() < count {
        let delivery = next(consumer).await;
        tasks.push(delivery.task);
        delivery.acknowledge().await.unwrap();
    }
    tasks
}

/// First published, first delivered.
pub async fn tasks_come_in_the_order_of_their_publication(rig: &QueueRig) {
    let tasks = fetches(50);
    publish(rig, &tasks).await;
    let mut consumer = consumer(rig, 4).await;
    assert_eq!(work(consumer.as_mut(), 50).await, tasks);
    nothing(consumer.as_mut()).await;
}

/// Nobody has to ask again.
pub async fn a_task_comes_to_a_consumer_that_waits(rig: &QueueRig) {
    let tasks = fetches(1);
    let mut consumer = consumer(rig, 1).await;
    let (delivery, ()) = tokio::join!(next(consumer.as_mut()), async {
        tokio::time::sleep(MOMENT / 4).await;
        publish(rig, &tasks).await;
    });
    assert_eq!(delivery.task, tasks[0]);
    delivery.acknowledge().await.unwrap();
}

/// What is out is told where the queue knows it.
pub async fn its_depth_is_told_by_lane(rig: &QueueRig) {
    let depth = async || {
        let depths = rig.queue.depths().await.unwrap();
        assert_eq!(depths.iter().map(|depth| depth.lane).collect::<Vec<_>>(), Lane::ALL);
        let empty = depths.iter().filter(|depth| depth.lane != Lane::Fetch);
        assert!(
            empty.into_iter().all(|depth| depth.ready == 0 && depth.unacknowledged.unwrap_or(0) == 0),
            "{depths:?}"
        );
        depths[2]
    };
    assert_eq!(depth().await.ready, 0);
    publish(rig, &fetches(3)).await;
    eventually(async || (depth().await.ready == 3).then_some(())).await;
    let mut consumer = consumer(rig, 1).await;
    let delivery = next(consumer.as_mut()).await;
    let taken = eventually(async || Some(depth().await).filter(|depth| depth.ready == 2)).await;
    assert!(taken.unacknowledged.is_none_or(|out| out == 1), "{taken:?}");
    delivery.give_back().await.unwrap();
    drop(consumer);
    let back = eventually(async || Some(depth().await).filter(|depth| depth.ready == 3)).await;
    assert!(back.unacknowledged.is_none_or(|out| out == 0), "{back:?}");
}

/// A consumer that is busy leaves the rest to others.
pub async fn no_more_deliveries_are_out_than_the_prefetch(rig: &QueueRig) {
    let tasks = fetches(5);
    publish(rig, &tasks).await;
    let mut busy = consumer(rig, 2).await;
    let (first, second) = (next(busy.as_mut()).await, next(busy.as_mut()).await);
    nothing(busy.as_mut()).await;
    let mut idle = consumer(rig, 1).await;
    assert_eq!(next(idle.as_mut()).await.task, tasks[2]);
    first.acknowledge().await.unwrap();
    let third = next(busy.as_mut()).await;
    nothing(busy.as_mut()).await;
    second.acknowledge().await.unwrap();
    third.acknowledge().await.unwrap();
}

/// It comes to nobody any more.
pub async fn an_acknowledged_task_is_gone(rig: &QueueRig) {
    publish(rig, &fetches(1)).await;
    let mut first = consumer(rig, 1).await;
    next(first.as_mut()).await.acknowledge().await.unwrap();
    nothing(first.as_mut()).await;
    drop(first);
    nothing(consumer(rig, 1).await.as_mut()).await;
}

/// To whoever takes next.
pub async fn a_task_that_is_given_back_comes_again(rig: &QueueRig) {
    let tasks = fetches(1);
    publish(rig, &tasks).await;
    let mut first = consumer(rig, 1).await;
    next(first.as_mut()).await.give_back().await.unwrap();
    let again = next(first.as_mut()).await;
    assert_eq!(again.task, tasks[0]);
    again.give_back().await.unwrap();
    drop(first);
    assert_eq!(work(consumer(rig, 1).await.as_mut(), 1).await, tasks);
}

/// A worker that dies answers for nothing.
pub async fn a_dropped_delivery_comes_again(rig: &QueueRig) {
    let tasks = fetches(2);
    publish(rig, &tasks).await;
    let mut first = consumer(rig, 2).await;
    let deliveries = [next(first.as_mut()).await, next(first.as_mut()).await];
    drop(first);
    drop(deliveries);
    let mut again = work(consumer(rig, 1).await.as_mut(), 2).await;
    again.sort_by_key(ToString::to_string);
    assert_eq!(again, tasks);
}

/// It comes to nobody any more, and holds nobody up.
pub async fn a_rejected_task_is_gone(rig: &QueueRig) {
    let tasks = fetches(2);
    publish(rig, &tasks).await;
    let mut first = consumer(rig, 1).await;
    next(first.as_mut()).await.reject().await.unwrap();
    assert_eq!(work(first.as_mut(), 1).await, tasks[1..]);
    nothing(first.as_mut()).await;
    drop(first);
    nothing(consumer(rig, 1).await.as_mut()).await;
}

/// Each time that it comes.
pub async fn the_trace_comes_with_the_task(rig: &QueueRig) {
    let (task, trace) =
        (fetches(1)[0], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse::<TraceContext>().unwrap());
    rig.queue.publish(&Message { task, trace: Some(trace) }).await.unwrap();
    let mut consumer = consumer(rig, 1).await;
    let delivery = next(consumer.as_mut()).await;
    assert_eq!(delivery.trace, Some(trace));
    delivery.give_back().await.unwrap();
    assert_eq!(next(consumer.as_mut()).await.trace, Some(trace));
}

/// For who wants to know how long tasks wait.
pub async fn the_time_of_publication_comes_with_the_task(rig: &QueueRig) {
    let before = OffsetDateTime::now_utc() - Duration::from_millis(1);
    publish(rig, &fetches(1)).await;
    let mut consumer = consumer(rig, 1).await;
    let delivery = next(consumer.as_mut()).await;
    let published_at = delivery.published_at.unwrap();
    assert!((before..=OffsetDateTime::now_utc()).contains(&published_at), "{published_at}");
    delivery.give_back().await.unwrap();
    assert_eq!(next(consumer.as_mut()).await.published_at, Some(published_at), "it waits since then");
}

/// What it was to take next goes to others, while what it gave out is still in work.
pub async fn a_dropped_consumer_keeps_nothing_back(rig: &QueueRig) {
    let tasks = fetches(3);
    publish(rig, &tasks).await;
    let mut first = consumer(rig, 3).await;
    let in_work = next(first.as_mut()).await;
    drop(first);
    let mut second = consumer(rig, 1).await;
    let mut rest = work(second.as_mut(), 2).await;
    rest.sort_by_key(ToString::to_string);
    assert_eq!(rest, tasks[1..]);
    nothing(second.as_mut()).await;
    in_work.acknowledge().await.unwrap();
}

/// A worker that drains has stopped to take tasks, and ends those in work.
pub async fn a_delivery_can_be_settled_without_its_consumer(rig: &QueueRig) {
    let tasks = fetches(2);
    publish(rig, &tasks).await;
    let mut first = consumer(rig, 2).await;
    let (done, undone) = (next(first.as_mut()).await, next(first.as_mut()).await);
    drop(first);
    done.acknowledge().await.unwrap();
    undone.give_back().await.unwrap();
    let mut second = consumer(rig, 1).await;
    assert_eq!(work(second.as_mut(), 1).await, tasks[1..]);
    nothing(second.as_mut()).await;
}

/// Waiting for the next task may be given up at any time.
pub async fn a_consumer_that_stops_waiting_loses_nothing(rig: &QueueRig) {
    let tasks = fetches(20);
    let mut consumer = consumer(rig, 1).await;
    let mut taken = Vec::new();
    for task in &tasks {
        nothing_yet(consumer.as_mut()).await;
        publish(rig, &[*task]).await;
        while taken.last() != Some(task) {
            let waited = tokio::time::timeout(MOMENT / 100, consumer.next()).await;
            if let Ok(delivery) = waited {
                let delivery = delivery.unwrap();
                taken.push(delivery.task);
                delivery.acknowledge().await.unwrap();
            }
        }
    }
    assert_eq!(taken, tasks);
}

/// Begins to wait and gives up at once.
async fn nothing_yet(consumer: &mut dyn TaskConsumer) {
    tokio::select! {
        biased;
        delivery = consumer.next() => panic!("unexpected {:?}", delivery.map(|delivery| delivery.task)),
        () = tokio::task::yield_now() => {}
    }
}

/// Each task comes to one of them, and none of them waits while there are tasks.
pub async fn several_consumers_share_a_lane(rig: &QueueRig) {
    let tasks = fetches(200);
    let mut workers = Vec::new();
    for _ in 0..4 {
        let mut consumer = consumer(rig, 1).await;
        workers.push(tokio::spawn(async move { work(consumer.as_mut(), 50).await }));
    }
    publish(rig, &tasks).await;
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    done.sort_by_key(|task| tasks.iter().position(|other| other == task));
    assert_eq!(done, tasks);
}

/// Short tasks never wait behind data.
pub async fn lanes_are_apart(rig: &QueueRig) {
    let fetch = fetches(1)[0];
    let control: Vec<_> = [TaskKind::Plan, TaskKind::Finish, TaskKind::Clean].map(|kind| Task { kind, ..fetch }).into();
    let callback = Task { kind: TaskKind::Callback, ..fetch };
    publish(rig, &[fetch, callback]).await;
    publish(rig, &control).await;
    let mut short = rig.queue.consume(Lane::Control, 1).await.unwrap();
    assert_eq!(work(short.as_mut(), 3).await, control);
    nothing(short.as_mut()).await;
    let mut callbacks = rig.queue.consume(Lane::Callback, 1).await.unwrap();
    assert_eq!(work(callbacks.as_mut(), 1).await, [callback]);
    assert_eq!(work(consumer(rig, 1).await.as_mut(), 1).await, [fetch]);
}

/// For readiness probes.
pub async fn a_queue_that_works_is_ready(rig: &QueueRig) {
    rig.queue.ready().await.unwrap();
}
