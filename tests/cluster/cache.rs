//! The API of a cluster only reads the cache's volume; a worker does what changes it.

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use reqwest::Method;
use serde_json::json;

const MODEL: &str = "acme/model";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_with_a_read_only_volume_has_workers_remove_and_prune() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).file("a.txt", "main").revision("dev").file("a.txt", "dev");
    let mut cluster = Cluster::start(Shape::new(0, 1), [repo]).await?;
    let cache = cluster.sandbox.cache();
    let path = cache.display();
    let mount = format!("mount --bind {path} {path} && mount -o remount,bind,ro {path} && exec \"$@\"");
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", &mount, "sh"].map(str::to_owned).to_vec();
    cluster.add_api_below(wrapper).await?;
    let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", cluster.apis[0].pid()))?;
    let mounted = mounts.lines().find(|line| line.contains(&format!(" {path} "))).context("no mount of its own")?;
    ensure!(mounted.split(' ').nth(5).is_some_and(|options| options.starts_with("ro")), "{mounted}");

    for revision in ["main", "dev"] {
        cluster.downloaded(&Download::model(MODEL).revision(revision)).await?;
    }
    let call = async |method: Method, path: &str, body| cluster.api().call(method, path, body).await;
    let (status, repo) = call(Method::GET, &format!("cache/{MODEL}"), None).await?;
    ensure!(status == 200 && repo["snapshots"] == json!(["dev", "main"]), "{status} {repo}");

    let (status, removed) = call(Method::DELETE, &format!("cache/{MODEL}?revision=dev"), None).await?;
    ensure!(status == 200 && removed["freedBytes"] == json!(3), "{status} {removed}");
    cluster.check_model(MODEL)?;

    let blob = cache.join("models--acme--model/blobs").join("ab".repeat(20));
    std::fs::write(&blob, "unlinked")?;
    let (status, pruned) = call(Method::POST, "cache/prune", Some(json!({ "repo": MODEL }))).await?;
    ensure!(status == 200 && pruned["freedBytes"] == json!(8) && !blob.exists(), "{status} {pruned}");

    let (status, job) = call(Method::POST, &format!("cache/{MODEL}/verify"), None).await?;
    ensure!(status == 202, "{status} {job}");
    cluster.api().completed(job["id"].as_str().context("no id")?).await?;

    let (status, removed) = call(Method::DELETE, &format!("cache/{MODEL}"), None).await?;
    ensure!(status == 200 && !cache.join("models--acme--model").exists(), "{status} {removed}");
    let (_, list) = call(Method::GET, "cache", None).await?;
    ensure!(list["count"] == json!(0), "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_worker_a_removal_is_handed_out_as_a_job() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).file("a.txt", "main");
    let mut cluster = Cluster::start(Shape::new(1, 1), [repo]).await?;
    cluster.downloaded(&Download::model(MODEL)).await?;
    cluster.workers[0].terminate().await?;
    let (status, job) = cluster.api().call(Method::DELETE, &format!("cache/{MODEL}"), None).await?;
    ensure!(status == 202 && job["kind"] == json!("remove"), "{status} {job}");
    ensure!(cluster.sandbox.cache().join("models--acme--model").exists());
    cluster.restart_worker(0).await?;
    cluster.api().completed(job["id"].as_str().context("no id")?).await?;
    ensure!(!cluster.sandbox.cache().join("models--acme--model").exists());
    Ok(())
}
