//! Creating and listing jobs.

use std::sync::Arc;

use super::StoreRig;
use super::fixture::{job, plan_of_units};
use crate::job::{Event, JobId, Progress, UnitIndex};
use crate::ports::{Change, Committed, Condition, Creation, Page};

/// What goes in comes out.
pub async fn a_new_job_is_stored_as_it_was_made(rig: &StoreRig) {
    let job = job("a");
    assert_eq!(rig.store.create(job.clone()).await.unwrap(), Creation::Created(job.clone()));
    assert_eq!(rig.store.job(job.id).await.unwrap(), Some(job.clone()));
    let snapshot = rig.snapshot(job.id).await;
    let progress = Progress { position: Some(1), ..Progress::default() };
    assert_eq!((snapshot.job, snapshot.progress), (job.clone(), progress));
    assert!(rig.store.files(job.id, Page::ALL).await.unwrap().is_empty());
    assert_eq!(rig.store.next_waiting().await.unwrap(), Some(job.id));
}

/// Queued, running and paused jobs are live.
pub async fn a_live_job_is_not_made_twice(rig: &StoreRig) {
    let first = rig.queued("a").await;
    for event in [None, Some(Event::Admit), Some(Event::Pause), Some(Event::Resume)] {
        if let Some(event) = &event {
            rig.apply(first.id, event).await;
        }
        let present = rig.store.job(first.id).await.unwrap().unwrap();
        let again = rig.store.create(job("a")).await.unwrap();
        assert_eq!(again, Creation::Duplicate(present), "after {event:?}");
    }
    assert_eq!(rig.all().await.len(), 1);
}

/// The same may be asked for again once the job has ended, however it did.
pub async fn an_ended_job_makes_room_for_a_new_one(rig: &StoreRig) {
    let mut ended = Vec::new();
    for event in [0, 1, 2] {
        let job = rig.running("a").await;
        let event = match event {
            0 => Event::Cancel,
            1 => Event::Fail { epoch: job.epoch, error: "it broke".into() },
            _ => Event::Complete { epoch: job.epoch, outcome: None },
        };
        ended.push(rig.apply(job.id, &event).await.id);
    }
    let fresh = rig.queued("a").await;
    assert!(!ended.contains(&fresh.id));
    assert_eq!(rig.all().await.len(), 4);
}

/// Requests that race find one and the same job.
pub async fn of_many_equal_requests_at_once_one_creates(rig: &StoreRig) {
    let requests = (0..16).map(|_| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.create(job("a")).await.unwrap() })
    });
    let (mut created, mut found) = (Vec::new(), Vec::new());
    for request in requests.collect::<Vec<_>>() {
        match request.await.unwrap() {
            Creation::Created(job) => created.push(job.id),
            Creation::Duplicate(job) => found.push(job.id),
            blocked @ Creation::Blocked(_) => panic!("{blocked:?}"),
        }
    }
    assert_eq!(created.len(), 1);
    assert!(found.iter().all(|id| *id == created[0]));
    assert_eq!(rig.all().await.len(), 1);
}

/// The list begins with the job that was created last, whatever happened to the others since.
pub async fn jobs_are_listed_newest_first(rig: &StoreRig) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.insert(0, rig.queued(name).await.id);
    }
    rig.apply(ids[3], &Event::Admit).await;
    rig.apply(ids[2], &Event::Cancel).await;
    let listed: Vec<JobId> = rig.all().await.into_iter().map(|snapshot| snapshot.job.id).collect();
    assert_eq!(listed, ids);
}

/// Nothing is known of a job that never was, and nothing can be done to it.
pub async fn an_unknown_job_is_none(rig: &StoreRig) {
    rig.planned("a", plan_of_units(1)).await;
    let unknown = job("b");
    assert_eq!(rig.store.job(unknown.id).await.unwrap(), None);
    assert_eq!(rig.store.snapshot(unknown.id).await.unwrap(), None);
    assert!(rig.store.files(unknown.id, Page::ALL).await.unwrap().is_empty());
    assert_eq!(rig.store.unit(unknown.id, UnitIndex(0)).await.unwrap(), None);
    let change = Change { job: unknown, effects: Vec::new(), condition: Condition::Always };
    assert_eq!(rig.store.commit(change).await.unwrap(), Committed::Conflict);
}
