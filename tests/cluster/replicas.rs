//! Several API replicas: any of them answers any request.

use anyhow::ensure;
use hfd_tests::api::{Download, Posted, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::watcher::{Message, Watcher};

const MODEL: &str = "acme/model";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_made_on_one_replica_is_watched_on_the_other_and_no_update_goes_back() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file("model.safetensors", 64 << 20, 1);
    let cluster = Cluster::start(Shape::new(2, 1).hub(|hub| hub.rate_bytes_per_s(4 << 20)), [repo]).await?;
    let (first, second) = (cluster.apis[0].api(), cluster.apis[1].api());
    let mut watcher = Watcher::connect(second).await?;
    let Message::Init { jobs, .. } = watcher.next().await? else { anyhow::bail!("no init") };
    ensure!(jobs.is_empty());
    let job = first.start(&Download::model(MODEL)).await?;
    ensure!(matches!(second.post(&Download::model(MODEL)).await?, Posted::Existing(same) if same.id == job.id));
    let (mut bytes, mut asked, mut cancelled) = (0, false, false);
    loop {
        match watcher.next().await? {
            Message::JobUpdate(update) => {
                ensure!(update.id == job.id);
                ensure!(!cancelled || update.status == Status::Cancelled, "{:?} after the cancel", update.status);
                ensure!(update.progress.downloaded_bytes >= bytes, "{bytes} bytes were more than {update:?}");
                bytes = update.progress.downloaded_bytes;
                if !asked && bytes > 4 << 20 {
                    first.cancel(&job.id).await?;
                    asked = true;
                }
                cancelled |= update.status == Status::Cancelled;
            }
            Message::Event { event, job_id } => {
                ensure!(event == "download_cancelled" && job_id == job.id && cancelled);
                break;
            }
            // A client that was too slow to follow.
            Message::Init { .. } => {}
        }
    }
    ensure!(bytes > 4 << 20);
    Ok(())
}

/// Its clients go to another one, and `init` shows the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replica_takes_nothing_with_it() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file("model.safetensors", 64 << 20, 1);
    let mut cluster = Cluster::start(Shape::new(2, 1).hub(|hub| hub.rate_bytes_per_s(8 << 20)), [repo]).await?;
    let job = cluster.apis[0].api().start(&Download::model(MODEL)).await?;
    let mut watcher = Watcher::connect(cluster.apis[0].api()).await?;
    watcher.next().await?;
    cluster.apis[0].kill_9().await?;
    while watcher.next().await.is_ok() {}
    let mut watcher = Watcher::connect(cluster.apis[1].api()).await?;
    let Message::Init { jobs, .. } = watcher.next().await? else { anyhow::bail!("no init") };
    ensure!(jobs.iter().any(|listed| listed.id == job.id));
    cluster.apis[1].api().completed(&job.id).await?;
    cluster.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_cancelled_on_one_replica_is_retried_and_dismissed_on_the_other() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file("model.safetensors", 64 << 20, 1);
    let cluster = Cluster::start(Shape::new(2, 1).hub(|hub| hub.rate_bytes_per_s(16 << 20)), [repo]).await?;
    let (first, second) = (cluster.apis[0].api(), cluster.apis[1].api());
    let job = first.start(&Download::model(MODEL)).await?;
    first.moving(&job.id, 8 << 20).await?;
    first.cancel(&job.id).await?;
    second.retry(&job.id).await?;
    first.completed(&job.id).await?;
    cluster.check_model(MODEL)?;
    second.dismiss(&job.id).await?;
    ensure!(first.jobs().await?.is_empty());
    Ok(())
}
