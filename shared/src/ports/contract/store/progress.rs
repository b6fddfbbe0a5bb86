//! What is shown of work that goes on.

use super::fixture::{bytes, fetch, plan, plan_of_units};
use super::{LONG, StoreRig};
use crate::job::{Event, FileIndex, FileProgress, FileStatus};
use crate::ports::{Page, Report, Verdict};

/// A report that comes twice, or one that starts from zero after a crash, leaves the sum right.
pub async fn bytes_are_set_not_added(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[100], &[50]])).await;
    let downloaded = async || rig.snapshot(job.id).await.progress.downloaded_bytes;
    for (file, at, sum) in [(0, 60, 60), (0, 60, 60), (1, 5, 65), (0, 20, 25), (0, 80, 85)] {
        rig.report(&fetch(&job, file), bytes(file, at)).await;
        assert_eq!(downloaded().await, sum);
    }
    rig.finish(&job, 0, [0]).await;
    assert_eq!(downloaded().await, 105);
}

/// Neither by reports of too much nor by reports and ends that overlap.
pub async fn downloaded_bytes_never_exceed_the_total(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[100, 10], &[50]])).await;
    let check = async || {
        let progress = rig.snapshot(job.id).await.progress;
        assert!(progress.downloaded_bytes <= progress.total_bytes, "{progress:?}");
        progress.downloaded_bytes
    };
    rig.report(&fetch(&job, 0), bytes(0, 1_000_000)).await;
    assert_eq!(check().await, 100);
    rig.report(&fetch(&job, 0), bytes(7, 1_000_000)).await;
    assert_eq!(check().await, 100, "a file that is not in the plan");
    rig.report(&fetch(&job, 1), bytes(2, u64::MAX)).await;
    assert_eq!(check().await, 150);
    rig.finish(&job, 0, [0, 1, 0]).await;
    assert_eq!(check().await, 160);
    rig.report(&fetch(&job, 1), bytes(0, 1_000_000)).await;
    rig.finish(&job, 1, [2]).await;
    assert_eq!(check().await, 160);
}

/// A file with bytes in flight is shown as downloading, until it ends.
pub async fn files_show_bytes_in_flight(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[100], &[50]])).await;
    let shown = async || {
        let files = rig.store.files(job.id, Page::ALL).await.unwrap();
        files.into_iter().map(|state| (state.status, state.downloaded_bytes)).collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [(FileStatus::Pending, 0), (FileStatus::Pending, 0)]);
    rig.report(&fetch(&job, 0), bytes(0, 30)).await;
    assert_eq!(shown().await, [(FileStatus::Downloading, 30), (FileStatus::Pending, 0)]);
    rig.finish(&job, 0, [0]).await;
    assert_eq!(shown().await, [(FileStatus::Complete, 100), (FileStatus::Pending, 0)]);
}

/// The rate of a job is that of its tasks that are in work.
pub async fn rates_add_up_over_tasks(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(3)).await;
    let rate = async || rig.snapshot(job.id).await.progress.bytes_per_second;
    let reported = |bytes_per_second| Report { files: Vec::new(), bytes_per_second };
    rig.report(&fetch(&job, 0), reported(1000)).await;
    rig.report(&fetch(&job, 1), reported(200)).await;
    assert_eq!(rate().await, 1200);
    rig.report(&fetch(&job, 1), reported(300)).await;
    assert_eq!(rate().await, 1300);
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rate().await, 300);
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 1)), LONG, None).await.unwrap(), Verdict::Go);
    assert_eq!(rate().await, 0);
}

/// Such as the Hub's rate limit: it is over when bytes move again.
pub async fn a_reason_to_wait_is_shown_until_bytes_move(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(3)).await;
    let waiting = async || rig.snapshot(job.id).await.progress.waiting;
    let limited = Some("rate limited".to_owned());
    for _ in 0..2 {
        let verdict = rig.store.put_off(&rig.by(fetch(&job, 0)), LONG, limited.clone()).await.unwrap();
        assert_eq!(verdict, Verdict::Go);
        assert_eq!(waiting().await, limited);
        assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(1));
        rig.report(&fetch(&job, 0), Report::default()).await;
        assert_eq!(waiting().await, limited, "a report without bytes");
        one_more_byte(rig, &job, 1).await;
        assert_eq!(waiting().await, limited, "bytes of another task");
        one_more_byte(rig, &job, 0).await;
        assert_eq!(waiting().await, None);
    }
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 2)), LONG, limited.clone()).await.unwrap(), Verdict::Go);
    assert_eq!(rig.apply(job.id, &Event::Pause).await.id, job.id);
    assert_eq!(waiting().await, None, "a paused job waits for its user only");
}

/// Lets one more byte of a unit's file arrive.
async fn one_more_byte(rig: &StoreRig, job: &crate::job::Job, unit: u32) {
    let files = rig.store.files(job.id, Page::ALL).await.unwrap();
    rig.report(&fetch(job, unit), bytes(unit, files[unit as usize].downloaded_bytes + 1)).await;
}

/// Its bytes stay on the disk, so they stay in the sum; nothing arrives any more.
pub async fn a_paused_job_shows_how_far_it_came(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[100], &[50]])).await;
    let file = FileProgress { file: FileIndex(0), downloaded_bytes: 60 };
    rig.report(&fetch(&job, 0), Report { files: vec![file], bytes_per_second: 1000 }).await;
    rig.finish(&job, 1, [1]).await;
    rig.apply(job.id, &Event::Pause).await;
    let progress = rig.snapshot(job.id).await.progress;
    assert_eq!((progress.downloaded_bytes, progress.bytes_per_second), (110, 0));
    let files = rig.store.files(job.id, Page::ALL).await.unwrap();
    assert_eq!((files[0].status, files[0].downloaded_bytes), (FileStatus::Pending, 60));
    rig.apply(job.id, &Event::Resume).await;
    assert_eq!(rig.snapshot(job.id).await.progress.downloaded_bytes, 110);
}

/// Of two snapshots the later one has the higher version, or the same and the higher tick.
pub async fn ticks_order_the_snapshots_of_a_version(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(3)).await;
    let place = async || {
        let snapshot = rig.snapshot(job.id).await;
        (snapshot.job.version, snapshot.tick)
    };
    let mut places = vec![place().await];
    for at in [1, 2, 3] {
        rig.report(&fetch(&job, 0), bytes(0, at)).await;
        places.push(place().await);
    }
    rig.finish(&job, 0, [0]).await;
    places.push(place().await);
    rig.apply(job.id, &Event::Pause).await;
    places.push(place().await);
    assert!(places.is_sorted_by(|earlier, later| earlier < later), "{places:?}");
}
