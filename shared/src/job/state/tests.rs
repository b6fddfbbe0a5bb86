use proptest::prelude::*;

use super::*;
use crate::job::{DownloadRequest, JobId, JobRequest};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn job() -> Job {
    let request = DownloadRequest { repo: "owner/name".into(), ..DownloadRequest::default() };
    Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), NOW)
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
fn allowed(from: Status, to: Status) -> bool {
    use Status::{Cancelled, Completed, Failed, Paused, Queued, Running};
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
    fn random_repeated_and_reordered_events_never_leave_the_table(events in events()) {
        let mut job = job();
        for (kind, age) in events {
            let epoch = Epoch(job.epoch.0.saturating_sub(age));
            for _ in 0..2 {
                match transition(&job, &event(kind, epoch), NOW) {
                    Ok(Transition { job: next, effects }) => {
                        prop_assert!(allowed(job.status, next.status), "{:?} -> {:?}", job.status, next.status);
                        prop_assert!(next.epoch >= job.epoch);
                        prop_assert_eq!(next.status.is_terminal(), next.ended_at.is_some());
                        prop_assert_eq!(next.status == Status::Failed, next.error.is_some());
                        for Effect::Enqueue(task) in effects {
                            prop_assert_eq!((task.job, task.epoch), (next.id, next.epoch));
                        }
                        job = next;
                    }
                    Err(refused) => prop_assert!(matches!(refused, Refused::Stale | Refused::Status(_))),
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
