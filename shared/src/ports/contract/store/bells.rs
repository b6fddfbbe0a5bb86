//! Doorbells.

use std::time::{Duration, Instant};

use super::fixture::{bytes, fetch, plan_of_units, task};
use super::{LONG, MOMENT, PATIENCE, StoreRig};
use crate::job::{Event, JobId, TaskKind};
use crate::ports::{Heard, Retention, Subscription};

/// Waits for a doorbell of the job, and for the silence after it.
async fn rung(ear: &mut dyn Subscription, id: JobId, what: &str) {
    let heard = tokio::time::timeout(PATIENCE, ear.next()).await;
    assert_eq!(heard.ok().flatten(), Some(Heard::Changed(id)), "{what}");
    while let Ok(heard) = tokio::time::timeout(MOMENT, ear.next()).await {
        assert_eq!(heard, Some(Heard::Changed(id)), "{what}");
    }
}

/// Who subscribes and reads on each doorbell misses no change.
pub async fn each_change_rings(rig: &StoreRig) {
    let mut ear = rig.bus.subscribe().await;
    let ear = ear.as_mut();
    let job = rig.queued("a").await;
    rung(ear, job.id, "create").await;
    let job = rig.apply(job.id, &Event::Admit).await;
    rung(ear, job.id, "commit").await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(2)).await.unwrap();
    rung(ear, job.id, "put_plan").await;
    rig.report(&fetch(&job, 0), bytes(0, 1)).await;
    rig.finish(&job, 0, [0]).await;
    rung(ear, job.id, "finish_unit").await;
    rig.store.put_off(&rig.by(fetch(&job, 1)), LONG, None).await.unwrap();
    rung(ear, job.id, "put_off").await;
    let job = rig.apply(job.id, &Event::Cancel).await;
    rung(ear, job.id, "commit").await;
    rig.drain().await;
    rig.emit_lost(Duration::ZERO).await;
    rung(ear, job.id, "emit_lost").await;
    rig.store.settle(&rig.by(task(&job, TaskKind::Clean))).await.unwrap();
    rung(ear, job.id, "settle").await;
    rig.store.trim(Retention { jobs: 0, age: LONG }).await.unwrap();
    rung(ear, job.id, "trim").await;
}

/// At most four times a second; a report that did not ring is read at the next doorbell.
pub async fn reports_ring_seldom_and_the_last_is_heard(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    let mut ear = rig.bus.subscribe().await;
    let began = Instant::now();
    let mut reports = 0_u64;
    while began.elapsed() < Duration::from_millis(600) {
        reports += 1;
        rig.report(&fetch(&job, 0), bytes(0, reports % 10)).await;
    }
    let most = began.elapsed().as_millis() / 250 + 1;
    let mut rings = 0;
    while let Ok(heard) = tokio::time::timeout(MOMENT, ear.next()).await {
        assert_eq!(heard, Some(Heard::Changed(job.id)));
        rings += 1;
    }
    assert!((1..=most).contains(&rings), "{rings} rings for {reports} reports");
    rig.finish(&job, 0, [0]).await;
    rung(ear.as_mut(), job.id, "after the last report").await;
}
