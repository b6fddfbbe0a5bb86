//! Finish: every unit is settled. Writes the manifest, then the ref, then ends the job.

use hfd_shared::job::{Event, FileStatus, Job, Task};
use hfd_shared::ports::{Page, StoreError};
use hfd_shared::repo::CommitHash;

use tokio_util::sync::CancellationToken;

use super::plan::{ListingError, listing};
use super::{Outcome, end_job};
use crate::blocking::blocking;
use crate::environment::Environment;

/// How many failed files the job's error names.
const NAMED_FAILURES: usize = 5;

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    task: &Task,
    stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    let files = env.store.files(job.id, Page::ALL).await?;
    let failed: Vec<String> = files
        .iter()
        .filter(|file| file.status == FileStatus::Failed)
        .map(|file| format!("{}: {}", file.file.path, file.error.as_deref().unwrap_or("unknown error")))
        .collect();
    if !failed.is_empty() {
        return Ok(Outcome::Failed(summary(&failed, files.len())));
    }
    let Some(commit) = job.commit else {
        return Ok(Outcome::Failed("the job has files but no commit; cancel it and post it again".to_owned()));
    };
    let published = tokio::select! {
        () = stop.cancelled() => return Ok(Outcome::Stopped),
        published = publish(env, job, commit) => published,
    };
    if let Err(error) = published {
        return Ok(error.outcome());
    }
    end_job(env, task, &Event::Complete { epoch: task.epoch }).await?;
    Ok(Outcome::Settled)
}

async fn publish(env: &Environment, job: &Job, commit: CommitHash) -> Result<(), ListingError> {
    // Staged by Plan; asked for again should it be gone.
    listing(env, job, commit).await?;
    let cache = env.cache.repo(&job.request.repo);
    let revision = job.request.revision.clone();
    let published = blocking(move || {
        cache.publish_tree(commit)?;
        cache.write_ref(&revision, commit)
    });
    Ok(published.await?)
}

fn summary(failed: &[String], total: usize) -> String {
    let named = failed[..failed.len().min(NAMED_FAILURES)].join("\n");
    match failed.len() - failed.len().min(NAMED_FAILURES) {
        0 => format!("{} of {total} files failed\n{named}", failed.len()),
        more => format!("{} of {total} files failed\n{named}\nand {more} more", failed.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_the_first_failures_and_counts_the_rest() {
        let failed: Vec<String> = (0..7).map(|i| format!("f{i}: broken")).collect();
        assert_eq!(summary(&failed[..1], 9), "1 of 9 files failed\nf0: broken");
        assert!(summary(&failed, 9).ends_with("f4: broken\nand 2 more"));
    }
}
