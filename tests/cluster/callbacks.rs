//! Callbacks of a cluster.

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::receiver::{Receiver, SECRET};

const MODEL: &str = "acme/model";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_between_two_tries_leaves_the_callback_to_another() -> anyhow::Result<()> {
    let receiver = Receiver::start([500, 500]).await?;
    let shape = Shape::new(1, 1).flags(&["--callback-secret", SECRET, "--callback-allow-private"]);
    let mut cluster = Cluster::start(shape, [RepoBuilder::model(MODEL).file("config.json", "{}")]).await?;
    cluster.downloaded(&Download::model(MODEL).callback(receiver.url())).await?;
    receiver.wait_for(1).await?;
    cluster.workers[0].kill_9().await?;
    cluster.add_worker(&[]).await?;
    let told = receiver.wait_for(3).await?;
    ensure!(told.iter().all(|received| *received == told[0]), "{told:?}");
    Ok(())
}
