//! Writing plans and reading them back.

use super::StoreRig;
use super::fixture::{bytes, fetch, plan, plan_of_units, task};
use crate::job::{Event, FileIndex, FileState, FileStatus, TaskKind, UnitIndex, WINDOW};
use crate::ports::{Page, Verdict};

/// Files, sums and commit are there, and as many Fetch tasks as the window allows.
pub async fn a_plan_opens_its_first_units(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    let plan = plan_of_units(WINDOW + 8);
    let files = plan.files.len() as u64;
    let verdict = rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan.clone()).await.unwrap();
    assert_eq!(verdict, Verdict::Go);
    let expected: Vec<_> = (0..u32::try_from(WINDOW).unwrap()).map(|unit| fetch(&job, unit)).collect();
    assert_eq!(rig.drain().await, expected);
    let snapshot = rig.snapshot(job.id).await;
    assert_eq!(snapshot.job.commit, plan.commit);
    assert!(snapshot.job.version > job.version);
    assert_eq!((snapshot.progress.total_files, snapshot.progress.completed_files), (files, 0));
    assert_eq!((snapshot.progress.total_bytes, snapshot.progress.downloaded_bytes), (10 * files, 0));
    assert_eq!(rig.claim(&task(&job, TaskKind::Plan)).await, None);
    assert_eq!(rig.claim(&fetch(&job, u32::try_from(WINDOW).unwrap())).await, None, "beyond the window");
}

/// The second delivery of a Plan task finds it settled.
pub async fn a_plan_that_comes_twice_counts_once(rig: &StoreRig) {
    let job = rig.running("a").await;
    let task = task(&job, TaskKind::Plan);
    assert_eq!(rig.store.put_plan(&rig.by(task), plan_of_units(2)).await.unwrap(), Verdict::Go);
    rig.drain().await;
    rig.finish(&job, 0, [0]).await;
    let before = (rig.snapshot(job.id).await, rig.store.files(job.id, Page::ALL).await.unwrap());
    assert_eq!(rig.store.put_plan(&rig.by(task), plan_of_units(5)).await.unwrap(), Verdict::Stop);
    assert_eq!((rig.snapshot(job.id).await, rig.store.files(job.id, Page::ALL).await.unwrap()), before);
    assert!(rig.drain().await.is_empty());
}

/// Where nothing is to be fetched, the rest of the work is still to be done.
pub async fn an_empty_plan_opens_finish(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    assert_eq!(rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan(&[])).await.unwrap(), Verdict::Go);
    assert_eq!(rig.drain().await, [task(&job, TaskKind::Finish)]);
}

/// Files, units and sums begin anew; the commit of the first plan stays.
pub async fn a_resumed_job_is_planned_anew(rig: &StoreRig) {
    let first = rig.planned("a", plan_of_units(3)).await;
    rig.finish(&first, 0, [0]).await;
    rig.report(&fetch(&first, 1), bytes(1, 5)).await;
    let again = rig.restarted(first.id).await;
    rig.drain().await;
    let mut other = plan(&[&[7], &[8, 9]]);
    other.commit = Some("d2".repeat(20).parse().unwrap());
    assert_eq!(rig.store.put_plan(&rig.by(task(&again, TaskKind::Plan)), other).await.unwrap(), Verdict::Go);
    assert_eq!(rig.drain().await, [fetch(&again, 0), fetch(&again, 1)]);
    let snapshot = rig.snapshot(first.id).await;
    assert_eq!(snapshot.job.commit, first.commit);
    assert_eq!((snapshot.progress.total_files, snapshot.progress.completed_files), (3, 0));
    assert_eq!((snapshot.progress.total_bytes, snapshot.progress.downloaded_bytes), (24, 0));
    let files = rig.store.files(first.id, Page::ALL).await.unwrap();
    let sizes: Vec<u64> = files.iter().map(|state| state.file.size_bytes).collect();
    assert_eq!(sizes, [7, 8, 9]);
    assert!(files.iter().all(|state| state.status == FileStatus::Pending && state.downloaded_bytes == 0));
    assert_eq!(rig.store.unit(first.id, UnitIndex(2)).await.unwrap(), None);
    rig.apply(first.id, &Event::Cancel).await;
}

/// A worker reads what it has to fetch.
pub async fn a_unit_comes_with_its_files(rig: &StoreRig) {
    let plan = plan(&[&[1], &[2, 3, 4]]);
    let job = rig.planned("a", plan.clone()).await;
    let (unit, files) = rig.store.unit(job.id, UnitIndex(1)).await.unwrap().unwrap();
    assert_eq!(unit, plan.units[1]);
    let planned: Vec<_> = files.into_iter().map(|FileState { file, .. }| file).collect();
    assert_eq!(planned, plan.files[1..]);
    assert_eq!(rig.store.unit(job.id, UnitIndex(2)).await.unwrap(), None);
}

/// A long listing is read in parts, in the plan's order.
pub async fn files_come_in_pages(rig: &StoreRig) {
    let plan = plan(&[&[1; 300]]);
    let job = rig.planned("a", plan.clone()).await;
    let mut paths = Vec::new();
    for offset in (0..400).step_by(64) {
        let page = rig.store.files(job.id, Page { offset, limit: 64 }).await.unwrap();
        assert_eq!(page.len(), 300_usize.saturating_sub(offset).min(64));
        paths.extend(page.into_iter().map(|state| state.file.path));
    }
    let planned: Vec<_> = plan.files.iter().map(|file| file.path.clone()).collect();
    assert_eq!(paths, planned);
    let all = rig.store.files(job.id, Page::ALL).await.unwrap();
    assert_eq!(all.len(), 300);
    assert_eq!(plan.units[0].files.last(), Some(&FileIndex(299)));
}
