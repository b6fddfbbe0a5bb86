//! Working a plan off.

use std::sync::Arc;

use super::StoreRig;
use super::fixture::{bytes, done, fetch, plan, plan_of_units, task};
use crate::job::{FileIndex, FileStatus, TaskKind, UnitIndex, WINDOW};
use crate::ports::{FileEnd, Page, Verdict};

/// Each settled unit opens the next one, so the window stays full until the plan ends.
pub async fn the_window_moves_with_each_unit(rig: &StoreRig) {
    let window = u32::try_from(WINDOW).unwrap();
    let job = rig.planned("a", plan_of_units(WINDOW + 2)).await;
    for (settled, opened) in [(5, Some(window)), (0, Some(window + 1)), (window, None)] {
        rig.finish(&job, settled, [settled]).await;
        let expected: Vec<_> = opened.map(|unit| fetch(&job, unit)).into_iter().collect();
        assert_eq!(rig.drain().await, expected, "after unit {settled}");
    }
}

/// However often and however simultaneously the units are settled.
pub async fn finish_comes_once_after_the_last_unit(rig: &StoreRig) {
    let units = 2 * u32::try_from(WINDOW).unwrap() + 5;
    let job = rig.planned("a", plan_of_units(units as usize)).await;
    let mut open: Vec<u32> = (0..u32::try_from(WINDOW).unwrap()).collect();
    let mut finishes = 0;
    let mut settled = 0;
    while !open.is_empty() {
        let attempts = open.iter().flat_map(|&unit| [unit; 3]).map(|unit| {
            let store = Arc::clone(&rig.store);
            let claimed = rig.by(fetch(&job, unit));
            tokio::spawn(async move { store.finish_unit(&claimed, done([unit])).await.unwrap() })
        });
        for attempt in attempts.collect::<Vec<_>>() {
            settled += u32::from(attempt.await.unwrap() == Verdict::Go);
        }
        open.clear();
        for task in rig.drain().await {
            match task.kind {
                TaskKind::Fetch(UnitIndex(unit)) => open.push(unit),
                kind => {
                    assert_eq!(kind, TaskKind::Finish);
                    assert_eq!(settled, units, "not before the last unit");
                    finishes += 1;
                }
            }
        }
    }
    assert_eq!((settled, finishes), (units, 1));
    let progress = rig.snapshot(job.id).await.progress;
    assert_eq!((progress.completed_files, progress.downloaded_bytes), (u64::from(units), progress.total_bytes));
    assert_eq!(rig.claim(&task(&job, TaskKind::Finish)).await, Some(1));
}

/// A unit that is settled cannot be settled again, nor reported on, nor put off.
pub async fn a_unit_counts_once(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    let first = fetch(&job, 0);
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rig.store.finish_unit(&rig.by(first), done([0])).await.unwrap(), Verdict::Stop);
    assert_eq!(rig.store.report(&rig.by(first), bytes(0, 3)).await.unwrap(), Verdict::Stop);
    assert_eq!(rig.store.put_off(&rig.by(first), super::LONG, None).await.unwrap(), Verdict::Stop);
    assert_eq!(rig.claim(&first).await, None);
    let progress = rig.snapshot(job.id).await.progress;
    assert_eq!((progress.completed_files, progress.downloaded_bytes), (1, 10));
}

/// One file fails, the others finish.
pub async fn a_failed_file_keeps_its_reason(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[10, 20], &[30]])).await;
    rig.report(&fetch(&job, 0), bytes(1, 4)).await;
    let mut ends = done([0]);
    ends.push(FileEnd { file: FileIndex(1), result: Err("it broke".into()) });
    assert_eq!(rig.store.finish_unit(&rig.by(fetch(&job, 0)), ends).await.unwrap(), Verdict::Go);
    rig.finish(&job, 1, [2]).await;
    assert_eq!(rig.drain().await, [task(&job, TaskKind::Finish)]);
    let files = rig.store.files(job.id, Page::ALL).await.unwrap();
    let states: Vec<_> = files.iter().map(|state| (state.status, state.error.as_deref())).collect();
    let complete = (FileStatus::Complete, None);
    assert_eq!(states, [complete, (FileStatus::Failed, Some("it broke")), complete]);
    let progress = rig.snapshot(job.id).await.progress;
    assert_eq!((progress.total_files, progress.completed_files), (3, 2));
    assert!((40..60).contains(&progress.downloaded_bytes), "{progress:?}");
}

/// A file whose end was recorded before that of its unit.
pub async fn a_file_that_ends_before_its_unit_counts_once(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[10, 20]])).await;
    let task = fetch(&job, 0);
    for _ in 0..2 {
        assert_eq!(rig.store.checkpoint(&rig.by(task), done([0])).await.unwrap(), Verdict::Go);
        let progress = rig.snapshot(job.id).await.progress;
        assert_eq!((progress.completed_files, progress.downloaded_bytes), (1, 10));
    }
    rig.finish(&job, 0, [0, 1]).await;
    let progress = rig.snapshot(job.id).await.progress;
    assert_eq!((progress.completed_files, progress.downloaded_bytes), (2, 30));
    assert_eq!(rig.store.checkpoint(&rig.by(task), done([0])).await.unwrap(), Verdict::Stop);
}
