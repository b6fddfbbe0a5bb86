//! Following the files of a job.

use std::collections::BTreeMap;

use super::StoreRig;
use super::fixture::{bytes, done, fetch, plan, plan_of_units, task};
use crate::job::{Event, FileIndex, FileProgress, FileState, FileStatus, Job, JobId, TaskKind};
use crate::ports::{CHANGES_REMEMBERED, Extent, FileChanges, FileEnd, FileMark, Page, Report, Verdict};

/// More than any case changes, unless it says so.
const PLENTY: usize = 1000;

impl StoreRig {
    async fn changed(&self, job: &Job, since: FileMark, limit: usize) -> FileChanges {
        self.store.changed_files(job.id, Some(since), limit).await.unwrap()
    }

    /// The mark of now.
    async fn mark(&self, job: &Job) -> FileMark {
        self.store.changed_files(job.id, None, 0).await.unwrap().mark
    }
}

fn indices(changes: &FileChanges) -> Vec<u32> {
    changes.files.iter().map(|(index, _)| index.0).collect()
}

/// Each once, as it is now; and nothing once that is known.
pub async fn only_files_that_changed_are_told(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[100, 10], &[50], &[7]])).await;
    let begin = rig.mark(&job).await;
    assert_eq!(rig.changed(&job, begin, PLENTY).await, FileChanges { files: vec![], mark: begin, extent: Extent::All });
    rig.report(&fetch(&job, 0), bytes(0, 30)).await;
    rig.report(&fetch(&job, 0), bytes(0, 60)).await;
    rig.finish(&job, 2, [3]).await;
    let told = rig.changed(&job, begin, PLENTY).await;
    let states: Vec<_> = told.files.iter().map(|(_, state)| (state.status, state.downloaded_bytes)).collect();
    assert_eq!(indices(&told), [0, 3]);
    assert_eq!(states, [(FileStatus::Downloading, 60), (FileStatus::Complete, 7)]);
    assert_eq!(told.files[1].1.file.path.as_str(), "folder/file-3.bin");
    rig.report(&fetch(&job, 0), bytes(0, 60)).await;
    let after = rig.changed(&job, told.mark, PLENTY).await;
    assert_eq!((indices(&after), after.extent), (vec![], Extent::All), "a report of the same bytes changes no file");
    rig.report(&fetch(&job, 1), bytes(2, 0)).await;
    assert_eq!(indices(&rig.changed(&job, told.mark, PLENTY).await), [2], "it is in work now");
}

/// Those in work are what a user looks at; they take half of the room at most, so that the others get their turn.
pub async fn files_in_work_come_first_and_the_others_in_the_order_of_their_change(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(10)).await;
    let begin = rig.mark(&job).await;
    for unit in [9, 4, 6] {
        rig.finish(&job, unit, [unit]).await;
    }
    for unit in [5, 2, 3] {
        rig.report(&fetch(&job, unit), bytes(unit, 1)).await;
    }
    assert_eq!(indices(&rig.changed(&job, begin, PLENTY).await), [2, 3, 5, 9, 4, 6]);
    let part = rig.changed(&job, begin, 4).await;
    assert_eq!((indices(&part), part.extent), (vec![2, 3, 9, 4], Extent::Part));
    assert_eq!(indices(&rig.store.changed_files(job.id, None, 2).await.unwrap()), [2, 3]);
}

/// Even when all of them happened in one step.
pub async fn many_changes_come_in_parts_and_none_is_left_out(rig: &StoreRig) {
    const FILES: u32 = 250;
    let job = rig.planned("a", plan(&[&[1; FILES as usize], &[10]])).await;
    let mut mark = rig.mark(&job).await;
    rig.finish(&job, 0, 0..FILES).await;
    rig.report(&fetch(&job, 1), bytes(FILES, 5)).await;
    let mut told = Vec::new();
    for part in 1.. {
        assert!(part < 10, "no end of it");
        let changes = rig.changed(&job, mark, 100).await;
        assert!(changes.mark > mark && changes.files.len() <= 100);
        mark = changes.mark;
        told.extend(indices(&changes));
        if changes.extent == Extent::All {
            break;
        }
        assert_eq!(told[0], FILES, "the one in work comes at once");
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, (0..=FILES).collect::<Vec<_>>());
}

/// They are pending again.
pub async fn a_job_that_stops_tells_of_the_files_in_work(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(3)).await;
    rig.report(&fetch(&job, 1), bytes(1, 4)).await;
    let mark = rig.mark(&job).await;
    rig.apply(job.id, &Event::Pause).await;
    let told = rig.changed(&job, mark, PLENTY).await;
    assert_eq!(indices(&told), [1]);
    assert_eq!((told.files[0].1.status, told.files[0].1.downloaded_bytes), (FileStatus::Pending, 4));
}

/// The files are others then, or all pending again.
pub async fn a_new_plan_loses_what_changed_before(rig: &StoreRig) {
    let job = rig.running("a").await;
    let before = rig.mark(&job).await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(2)).await.unwrap();
    let told = rig.changed(&job, before, PLENTY).await;
    assert_eq!((indices(&told), told.extent), (vec![], Extent::Lost));
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rig.changed(&job, before, PLENTY).await.extent, Extent::Lost);
    assert_eq!(indices(&rig.changed(&job, told.mark, PLENTY).await), [0]);
    let job = rig.restarted(job.id).await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(2)).await.unwrap();
    assert_eq!(rig.changed(&job, told.mark, PLENTY).await.extent, Extent::Lost);
    let ahead = FileMark(told.mark.0 + 1_000_000);
    assert_eq!(rig.changed(&job, ahead, PLENTY).await.extent, Extent::Lost, "a mark that this store never gave");
}

/// A store does not remember without limit.
pub async fn of_too_many_changes_the_first_are_lost(rig: &StoreRig) {
    let files = u32::try_from(CHANGES_REMEMBERED).unwrap();
    let job = rig.planned("a", plan(&[&vec![9; CHANGES_REMEMBERED + 1][..]])).await;
    let begin = rig.mark(&job).await;
    let reports = (0..files).map(|file| FileProgress { file: FileIndex(file), downloaded_bytes: 1 }).collect();
    rig.report(&fetch(&job, 0), Report { files: reports, bytes_per_second: 0 }).await;
    let told = rig.changed(&job, begin, 2).await;
    assert_eq!((indices(&told), told.extent), (vec![0, 1], Extent::Part));
    rig.report(&fetch(&job, 0), bytes(files, 1)).await;
    assert_eq!(rig.changed(&job, begin, 2).await.extent, Extent::Lost);
    assert_eq!(rig.changed(&job, told.mark, 2).await.extent, Extent::Part, "only the first was forgotten");
}

/// As of one that was forgotten.
pub async fn nothing_is_told_of_an_unknown_job(rig: &StoreRig) {
    let unknown = JobId::random().unwrap();
    for since in [None, Some(FileMark(5))] {
        let told = rig.store.changed_files(unknown, since, PLENTY).await.unwrap();
        assert_eq!((told.files, told.extent), (vec![], Extent::Lost));
    }
}

/// Whatever happens: what was told last of each file is how it is.
pub async fn who_follows_the_changes_knows_every_file(rig: &StoreRig) {
    let job = rig.planned("a", plan(&[&[10, 10, 10], &[100], &[100], &[0, 0]])).await;
    let mut known = Known { files: BTreeMap::new(), mark: rig.mark(&job).await };
    for (index, state) in (0..).map(FileIndex).zip(rig.store.files(job.id, Page::ALL).await.unwrap()) {
        known.files.insert(index, state);
    }
    let first = rig.by(fetch(&job, 0));
    rig.report(&fetch(&job, 0), bytes(0, 7)).await;
    rig.report(&fetch(&job, 0), bytes(1, 2)).await;
    known.follow(rig, &job).await;
    assert_eq!(rig.store.checkpoint(&first, done([0])).await.unwrap(), Verdict::Go);
    known.follow(rig, &job).await;
    let failed = FileEnd { file: FileIndex(1), result: Err("it broke".into()) };
    assert_eq!(rig.store.finish_unit(&first, vec![failed]).await.unwrap(), Verdict::Go);
    rig.report(&fetch(&job, 1), bytes(3, 60)).await;
    rig.report(&fetch(&job, 2), bytes(4, 90)).await;
    known.follow(rig, &job).await;
    rig.finish(&job, 2, []).await;
    rig.finish(&job, 3, [5, 6]).await;
    known.follow(rig, &job).await;
    rig.apply(job.id, &Event::Cancel).await;
    known.follow(rig, &job).await;
}

/// What a follower knows.
struct Known {
    files: BTreeMap<FileIndex, FileState>,
    mark: FileMark,
}

impl Known {
    async fn follow(&mut self, rig: &StoreRig, job: &Job) {
        let changes = rig.changed(job, self.mark, PLENTY).await;
        assert_eq!(changes.extent, Extent::All);
        self.mark = changes.mark;
        self.files.extend(changes.files);
        let now = rig.store.files(job.id, Page::ALL).await.unwrap();
        assert_eq!(self.files.values().cloned().collect::<Vec<_>>(), now);
    }
}
