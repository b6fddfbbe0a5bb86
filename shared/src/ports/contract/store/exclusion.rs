//! Jobs that take files away, and the others of their repository.

use std::sync::Arc;

use super::StoreRig;
use super::fixture::{PRUNE, REMOVE, VERIFY, job, job_of};
use crate::job::{Event, Status, Work};
use crate::ports::{Committed, Condition, Creation};

async fn blocks(rig: &StoreRig, work: Work) {
    let other = rig.store.create(job_of("a", work)).await.unwrap();
    assert!(matches!(other, Creation::Blocked(_)), "{work:?}: {other:?}");
}

/// Whatever is live of the repository, waiting or paused, keeps it.
pub async fn exclusive_work_is_blocked_by_each_live_job_of_its_repository(rig: &StoreRig) {
    let first = rig.queued("a").await;
    for event in [None, Some(Event::Admit), Some(Event::Pause)] {
        if let Some(event) = &event {
            rig.apply(first.id, event).await;
        }
        let present = rig.store.job(first.id).await.unwrap().unwrap();
        assert_eq!(rig.store.create(job_of("a", REMOVE)).await.unwrap(), Creation::Blocked(present), "after {event:?}");
    }
    rig.queued_work("b", REMOVE).await;
    rig.apply(first.id, &Event::Cancel).await;
    rig.queued_work("a", REMOVE).await;
}

/// Nothing is brought into a repository while it is taken away.
pub async fn exclusive_work_blocks_each_other_job_of_its_repository(rig: &StoreRig) {
    let remove = rig.queued_work("a", REMOVE).await;
    for work in [Work::Download, VERIFY, PRUNE] {
        blocks(rig, work).await;
    }
    let remove = rig.apply(remove.id, &Event::Admit).await;
    blocks(rig, Work::Download).await;
    assert_eq!(rig.store.create(job_of("a", REMOVE)).await.unwrap(), Creation::Duplicate(remove.clone()));
    rig.apply(remove.id, &Event::Complete { epoch: remove.epoch, outcome: None }).await;
    rig.queued("a").await;
    rig.queued_work("a", VERIFY).await;
}

/// A download and a removal that are asked for at the same moment never live together.
pub async fn of_a_download_and_a_removal_at_once_one_is_made(rig: &StoreRig) {
    let requests = [job("a"), job_of("a", REMOVE)].map(|job| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.create(job).await.unwrap() })
    });
    let mut created = 0;
    for request in requests {
        created += usize::from(matches!(request.await.unwrap(), Creation::Created(_)));
    }
    assert_eq!(created, 1);
    assert_eq!(rig.all().await.len(), 1);
}

/// Exclusive work takes moments and must not wait for downloads, nor they for it.
pub async fn exclusive_work_takes_up_no_room(rig: &StoreRig) {
    let remove = rig.queued_work("a", REMOVE).await;
    assert_eq!(rig.apply(remove.id, &Event::Admit).await.status, Status::Running);
    let download = rig.queued("b").await;
    let room = Condition::Room { max_active: 1 };
    assert!(matches!(rig.try_apply(download.id, &Event::Admit, room.clone()).await, Committed::Applied(_)));
    let verify = rig.queued_work("c", VERIFY).await;
    assert_eq!(rig.try_apply(verify.id, &Event::Admit, room).await, Committed::Unmet);
}
