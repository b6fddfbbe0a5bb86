use std::path::Path;

use hfd_shared::job::{DownloadRequest, Job, JobId, JobRequest, Progress, Snapshot, Status};
use time::OffsetDateTime;

use super::super::message::{MAX_DATA_BYTES, MAX_MESSAGE_BYTES};
use super::*;

fn file(number: usize, status: FileStatusView) -> FileView {
    FileView { path: format!("folder/{number:05}.bin"), total_bytes: 9, downloaded: 0, status, error: String::new() }
}

fn job(number: usize, status: Status, files: usize) -> JobView {
    let request = DownloadRequest { repo: format!("owner/model-{number}"), ..DownloadRequest::default() };
    let request = JobRequest::parse(&request).unwrap();
    let mut job = Job::new(JobId::random().unwrap(), request, OffsetDateTime::now_utc());
    job.status = status;
    let snapshot = Snapshot { job, progress: Progress::default(), tick: 0 };
    let mut view = JobView::new(&snapshot, Vec::new(), Path::new("/cache"));
    view.files = (0..files).map(|number| file(number, FileStatusView::Complete)).collect();
    view
}

fn data(message: &Message) -> Value {
    serde_json::from_str(message.data()).unwrap()
}

fn jobs_of(message: &Message) -> Vec<Value> {
    data(message)["jobs"].as_array().unwrap().clone()
}

fn files_of(job: &Value) -> usize {
    job["files"].as_array().unwrap().len()
}

#[test]
fn files_in_work_and_failed_ones_are_kept_and_the_order_stays() {
    use FileStatusView::{Complete, Downloading, Failed, Pending};
    let statuses = [Complete, Failed, Complete, Pending, Downloading, Pending, Complete, Failed];
    let files: Vec<FileView> = statuses.into_iter().enumerate().map(|(number, status)| file(number, status)).collect();
    let kept = |max| -> Vec<usize> {
        let number = |file: &FileView| files.iter().position(|other| other == file).unwrap();
        cap_files(files.clone(), max, |file| file.status).iter().map(number).collect()
    };
    assert_eq!(kept(1), [4]);
    assert_eq!(kept(3), [1, 4, 7]);
    assert_eq!(kept(5), [1, 2, 4, 6, 7], "then what was completed last");
    assert_eq!(kept(7), [0, 1, 2, 3, 4, 6, 7], "then what comes next");
    assert_eq!(kept(100).len(), 8);
}

#[test]
fn an_update_has_at_most_200_files_and_fewer_when_they_are_long() {
    let many = data(&job_update(job(1, Status::Running, 5000)));
    assert_eq!((files_of(&many), &many["filesTruncated"]), (MAX_FILES, &Value::Bool(true)));
    let mut long = job(1, Status::Running, 300);
    for file in &mut long.files {
        file.path = format!("{}{}", "x/".repeat(10_000), file.path);
    }
    let message = job_update(long);
    assert!(message.text(u64::MAX).len() <= MAX_MESSAGE_BYTES);
    assert!(files_of(&data(&message)) > 0);
}

#[test]
fn a_small_init_is_whole() {
    let jobs = vec![job(1, Status::Running, 3), job(2, Status::Completed, 2)];
    let jobs = jobs_of(&init(jobs, MAX_DATA_BYTES));
    assert_eq!(jobs.iter().map(files_of).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn a_tight_init_takes_files_from_the_oldest_ended_jobs_first() {
    let jobs: Vec<JobView> = vec![
        job(1, Status::Running, 10),
        job(2, Status::Completed, 10),
        job(3, Status::Paused, 10),
        job(4, Status::Failed, 10),
    ];
    let whole = init(jobs.clone(), usize::MAX).data().len();
    let mut without_files = jobs.clone();
    for job in &mut without_files {
        job.files.clear();
    }
    let bare = init(without_files, usize::MAX).data().len();
    let files = |limit| jobs_of(&init(jobs.clone(), limit)).iter().map(files_of).collect::<Vec<_>>();
    assert_eq!(files(whole + 1), [10, 10, 10, 10]);
    assert_eq!(files(whole - 1), [10, 10, 10, 0]);
    assert_eq!(files(bare + (whole - bare) / 3), [10, 0, 0, 0]);
    assert_eq!(files(bare), [0, 0, 0, 0]);
}

#[test]
fn no_job_is_smaller_than_the_smallest() {
    let length = init(vec![job(1, Status::Queued, 0)], usize::MAX).data().len() - Message::init(&[]).data().len();
    let names = "owner/model-1 main /cache".len();
    assert!(length - names >= MIN_JOB_BYTES, "{length}");
}

#[test]
fn a_very_tight_init_leaves_out_the_oldest_ended_jobs_then_live_ones() {
    let jobs: Vec<JobView> = (0..1500)
        .map(|number| job(number, if number % 2 == 0 { Status::Completed } else { Status::Queued }, 0))
        .collect();
    let message = init(jobs.clone(), MAX_DATA_BYTES);
    let length = message.text(u64::MAX).len();
    assert!(length <= MAX_MESSAGE_BYTES && length > MAX_MESSAGE_BYTES - 1000, "{length}");
    let kept = jobs_of(&message);
    let live = kept.iter().filter(|job| job["status"] == "queued").count();
    assert_eq!(live, 750, "live jobs stay");
    let newest: Vec<&Value> = kept.iter().filter(|job| job["status"] == "completed").collect();
    assert_eq!(newest[0]["id"], jobs[0].id.as_str());
    let live_only: Vec<JobView> = jobs.into_iter().filter(|job| !Status::from(job.status).is_terminal()).collect();
    assert!(init(live_only, 10_000).data().len() <= 10_000);
}
