use proptest::prelude::*;

use super::*;
use crate::job::{DownloadRequest, JobId, JobRequest, Removal};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn job() -> Job {
    let request = DownloadRequest { repo: "owner/name".into(), ..DownloadRequest::default() };
    Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), NOW)
}

fn job_of(work: Work) -> Job {
    let job = job();
    let request = JobRequest { work, ..job.request };
    Job { request, ..job }
}

fn works() -> impl Strategy<Value = Work> {
    prop::sample::select(vec![Work::Download, Work::Verify, Work::Remove(Removal::Revision), Work::Prune])
}

/// An event with its epoch relative to the job's: workers may report for any epoch that ever was.
fn events() -> impl Strategy<Value = Vec<(u8, u64)>> {
    prop::collection::vec((0..7u8, 0..4u64), 0..60)
}

fn event(kind: u8, epoch: Epoch) -> Event {
    match kind {
        0 => Event::Admit,
        1 => Event::Pause,
        2 => Event::Resume,
        3 => Event::Cancel,
        4 => Event::Complete { epoch, outcome: None },
        5 => Event::Retry,
        _ => Event::Fail { epoch, error: "it broke".into() },
    }
}

/// The table of the module's documentation, written a second time as data.
fn allowed(from: Status, to: Status, work: Work) -> bool {
    use Status::{Cancelled, Completed, Failed, Paused, Queued, Running};
    if work.is_exclusive() && from == Running {
        return matches!(to, Completed | Failed);
    }
    matches!(
        (from, to),
        (Queued, Running | Cancelled)
            | (Running, Paused | Cancelled | Completed | Failed)
            | (Paused, Queued | Cancelled)
            | (Failed | Cancelled, Queued)
    )
}

proptest! {
    #[test]
    fn random_repeated_and_reordered_events_never_leave_the_table(events in events(), work in works()) {
        let mut job = job_of(work);
        for (kind, age) in events {
            let epoch = Epoch(job.epoch.0.saturating_sub(age));
            for _ in 0..2 {
                match transition(&job, &event(kind, epoch), NOW) {
                    Ok(Transition { job: next, effects }) => {
                        prop_assert!(allowed(job.status, next.status, work), "{:?} -> {:?}", job.status, next.status);
                        prop_assert!(next.epoch >= job.epoch);
                        prop_assert_eq!(next.status.is_terminal(), next.ended_at.is_some());
                        prop_assert_eq!(next.status == Status::Failed, next.error.is_some());
                        for Effect::Enqueue(task) in effects {
                            prop_assert_eq!((task.job, task.epoch), (next.id, next.epoch));
                        }
                        job = next;
                    }
                    Err(refused) => prop_assert!(matches!(refused, Refused::Stale | Refused::Status(_) | Refused::Exclusive(_))),
                }
            }
        }
    }

    #[test]
    fn the_report_of_an_older_epoch_changes_nothing(fail in any::<bool>()) {
        let run = |job: &Job, event: &Event| transition(job, event, NOW).unwrap().job;
        let first = run(&job(), &Event::Admit);
        let again = run(&run(&run(&first, &Event::Pause), &Event::Resume), &Event::Admit);
        let late = event(if fail { 6 } else { 4 }, first.epoch);
        prop_assert_eq!(transition(&again, &late, NOW), Err(Refused::Stale));
    }
}

#[test]
fn admission_plans_and_cancelling_cleans_up() {
    let admitted = transition(&job(), &Event::Admit, NOW).unwrap();
    assert!(matches!(admitted.effects[..], [Effect::Enqueue(Task { kind: TaskKind::Plan, .. })]));
    let cancelled = transition(&admitted.job, &Event::Cancel, NOW).unwrap();
    assert!(matches!(cancelled.effects[..], [Effect::Enqueue(Task { kind: TaskKind::Clean, epoch: Epoch(1), .. })]));
}

fn apply(job: &Job, event: &Event) -> Transition {
    transition(job, event, NOW).unwrap()
}

#[test]
fn only_a_cancelled_download_leaves_something_to_clean() {
    for (work, effects) in [(Work::Download, 1), (Work::Verify, 0), (Work::Prune, 0)] {
        assert_eq!(apply(&job_of(work), &Event::Cancel).effects.len(), effects, "{work:?}");
    }
}

#[test]
fn what_removes_files_cannot_be_stopped_once_it_runs() {
    for work in [Work::Remove(Removal::Repo), Work::Prune] {
        let running = apply(&job_of(work), &Event::Admit).job;
        for event in [Event::Pause, Event::Cancel] {
            assert_eq!(transition(&running, &event, NOW), Err(Refused::Exclusive(work.kind())));
        }
    }
}

#[test]
fn each_end_of_a_job_with_a_callback_is_told() {
    let mut job = job();
    job.request.callback = Some("http://example.org/".parse().unwrap());
    let running = apply(&job, &Event::Admit).job;
    let epoch = running.epoch;
    for event in
        [Event::Cancel, Event::Fail { epoch, error: "it broke".into() }, Event::Complete { epoch, outcome: None }]
    {
        let Transition { job: ended, effects } = apply(&running, &event);
        let callback = Effect::Enqueue(Task { job: ended.id, epoch: ended.epoch, kind: TaskKind::Callback });
        assert_eq!(effects.last(), Some(&callback), "{event:?}");
    }
    assert_eq!(apply(&running, &Event::Pause).effects, []);
}

#[test]
fn a_retry_begins_anew_and_counts() {
    let mut job = job();
    assert_eq!(job.attempts, 0);
    job = apply(&job, &Event::Admit).job;
    job.commit = Some("c1".repeat(20).parse().unwrap());
    assert_eq!(job.attempts, 1);
    job = apply(&apply(&apply(&job, &Event::Pause).job, &Event::Resume).job, &Event::Admit).job;
    assert_eq!((job.attempts, job.commit.is_some()), (1, true), "a resumed job goes on");
    let epoch = job.epoch;
    job = apply(&job, &Event::Fail { epoch, error: "it broke".into() }).job;
    job = apply(&job, &Event::Retry).job;
    assert_eq!((job.attempts, job.commit, job.started_at), (2, None, None));
    assert_eq!(apply(&job, &Event::Admit).job.attempts, 2);
}
