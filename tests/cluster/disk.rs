//! The cache's volume is full, or nearly.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::cached_repo::CachedRepo;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RepoKind};
use hfd_tests::stage::{check_against, etag};
use hfd_tests::traffic::data_bytes_of;
use hfd_tests::wait;

const FIRST_BYTES: u64 = 64 << 20;
const SECOND_BYTES: u64 = 128 << 20;

/// Enough for both files and the reserve, as the preflight wants it.
const VOLUME_BYTES: u64 = 272 << 20;

/// Enough for the second file and the reserve, not for another of its size.
const TIGHT_VOLUME_BYTES: u64 = 208 << 20;

/// Leaves too little for the second file, but more than the reserve.
const FILLER_BYTES: u64 = 100 << 20;

/// A folder of the worker's own view of the file system, where its cache is a small volume.
fn seen_by(cluster: &Cluster, path: &str) -> PathBuf {
    let root = format!("/proc/{}/root{}", cluster.workers[0].pid(), cluster.sandbox.cache().display());
    PathBuf::from(root).join(path)
}

/// A worker whose cache is a volume of its own.
async fn add_worker_on_volume(cluster: &mut Cluster, size_bytes: u64) -> anyhow::Result<()> {
    add_worker_on(cluster, size_bytes, "true").await
}

/// The same, with a command that is run in the volume before.
async fn add_worker_on(cluster: &mut Cluster, size_bytes: u64, before: &str) -> anyhow::Result<()> {
    let cache = cluster.sandbox.cache();
    let mount = format!(
        "mount -t tmpfs -o size={size_bytes} tmpfs '{0}' && (cd '{0}'; {before}) && exec \"$0\" \"$@\"",
        cache.display()
    );
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", &mount].map(str::to_owned).to_vec();
    let redis = cluster.redis.url();
    cluster.add_worker_below(wrapper, &redis, &["--slots", "1", "--connections", "1"]).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_that_fills_up_fails_its_job_and_no_other_and_keeps_what_is_there() -> anyhow::Result<()> {
    let large = RepoBuilder::model("acme/large");
    let large = large.random_file("a.bin", FIRST_BYTES, 1).random_file("b.bin", SECOND_BYTES, 2);
    let small = RepoBuilder::model("acme/small").many_files("small", 5);
    let shape = Shape::new(1, 0).hub(|hub| hub.rate_bytes_per_s(16 << 20));
    let mut cluster = Cluster::start(shape, [large, small]).await?;
    add_worker_on_volume(&mut cluster, VOLUME_BYTES).await?;
    let job = cluster.api().start(&Download::model("acme/large")).await?;
    cluster.api().moving(&job.id, 8 << 20).await?;
    let filler = seen_by(&cluster, "filler");
    rustix::fs::fallocate(&File::create(&filler)?, rustix::fs::FallocateFlags::empty(), 0, FILLER_BYTES)?;
    let failed = cluster.api().failed(&job.id).await?;
    ensure!(
        failed.error.contains("1 of 2 files failed") && failed.error.to_lowercase().contains("space"),
        "{failed:?}"
    );
    let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, "acme/large");
    let partial = cached.partial(&etag(&cluster.hub, "acme/large", "b.bin")?);
    ensure!(!partial.exists(), "the reservation that failed holds its room");
    cluster.downloaded(&Download::model("acme/small")).await?;
    fs::remove_file(&filler)?;
    cluster.downloaded(&Download::model("acme/large")).await?;
    ensure!(data_bytes_of(&cluster.hub, "a.bin") == FIRST_BYTES, "what was there was fetched again");
    for model in ["acme/large", "acme/small"] {
        let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, model);
        check_against(&cluster.hub, &cached, RepoKind::Model, model, "main")?;
    }
    Ok(())
}

/// Runs a command where the worker is, with its view of the file system.
fn run_beside(cluster: &Cluster, command: &[&str]) -> anyhow::Result<()> {
    let pid = cluster.workers[0].pid().to_string();
    let enter = ["--target", &pid, "--user", "--mount", "--preserve-credentials"];
    let status = Command::new("nsenter").args(enter).args(command).status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Who is to make room is needed most then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_starts_on_a_full_volume_and_goes_on_when_there_is_room() -> anyhow::Result<()> {
    let small = RepoBuilder::model("acme/small").many_files("small", 5);
    let mut cluster = Cluster::start(Shape::new(1, 0), [small]).await?;
    add_worker_on(&mut cluster, TIGHT_VOLUME_BYTES, "cat /dev/zero 2>/dev/null >filler; true").await?;
    let job = cluster.api().start(&Download::model("acme/small")).await?;
    let failed = cluster.api().failed(&job.id).await?;
    ensure!(failed.error.contains("space"), "{failed:?}");
    fs::remove_file(seen_by(&cluster, "filler"))?;
    cluster.downloaded(&Download::model("acme/small")).await?;
    let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, "acme/small");
    check_against(&cluster.hub, &cached, RepoKind::Model, "acme/small", "main")
}

/// The folder below would take everything, and nobody else would see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_volume_is_gone_takes_nothing_until_it_is_back() -> anyhow::Result<()> {
    let small = RepoBuilder::model("acme/small").many_files("small", 5);
    let mut cluster = Cluster::start(Shape::new(1, 0), [small]).await?;
    add_worker_on_volume(&mut cluster, TIGHT_VOLUME_BYTES).await?;
    let cache = cluster.sandbox.cache().display().to_string();
    run_beside(&cluster, &["umount", "--lazy", &cache])?;
    cluster.workers[0].wait_ready(false).await?;
    let job = cluster.api().start(&Download::model("acme/small")).await?;
    wait::until("the worker to say why", wait::LIMIT, async || {
        Ok(cluster.workers[0].log()?.contains("is not on the volume any more").then_some(()))
    })
    .await?;
    ensure!(!cluster.api().job(&job.id).await?.status.is_end(), "the job ended without a volume");
    ensure!(!cluster.sandbox.cache().join("models--acme--small").exists(), "written beside the volume");
    run_beside(&cluster, &["mount", "-t", "tmpfs", "tmpfs", &cache])?;
    cluster.api().completed(&job.id).await?;
    let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, "acme/small");
    check_against(&cluster.hub, &cached, RepoKind::Model, "acme/small", "main")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_went_with_their_volume_do_not_count_as_complete() -> anyhow::Result<()> {
    let files = |model: RepoBuilder, number: u64| model.random_file(format!("{number}.bin"), 512 << 10, number);
    let model = (0..8).fold(RepoBuilder::model("acme/model"), files);
    let shape = Shape::new(1, 0).hub(|hub| hub.rate_bytes_per_s(1 << 20));
    let mut cluster = Cluster::start(shape, [model]).await?;
    add_worker_on_volume(&mut cluster, TIGHT_VOLUME_BYTES).await?;
    let job = cluster.api().start(&Download::model("acme/model")).await?;
    cluster.api().moving(&job.id, 1 << 20).await?;
    let cache = cluster.sandbox.cache().display().to_string();
    run_beside(&cluster, &["umount", "--lazy", &cache])?;
    wait::until("the worker to say why", wait::LIMIT, async || {
        Ok(cluster.workers[0].log()?.contains("is not on the volume any more").then_some(()))
    })
    .await?;
    ensure!(!cluster.sandbox.cache().join("models--acme--model").exists(), "written beside the volume");
    run_beside(&cluster, &["mount", "-t", "tmpfs", "tmpfs", &cache])?;
    let failed = cluster.api().failed(&job.id).await?;
    ensure!(failed.error.contains("gone from the cache"), "{failed:?}");
    cluster.api().retry(&job.id).await?;
    cluster.api().completed(&job.id).await?;
    let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, "acme/model");
    check_against(&cluster.hub, &cached, RepoKind::Model, "acme/model", "main")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_make_room_for_right_ones() -> anyhow::Result<()> {
    let model = RepoBuilder::model("acme/model").random_file("b.bin", SECOND_BYTES, 2);
    let mut cluster = Cluster::start(Shape::new(1, 0), [model]).await?;
    add_worker_on_volume(&mut cluster, TIGHT_VOLUME_BYTES).await?;
    let flipped = cluster.hub.inject(Fault::new(Effect::FlipByte { offset: 400_000 }).on(Matcher::data()));
    cluster.downloaded(&Download::model("acme/model")).await?;
    ensure!(cluster.hub.fault_hits(flipped) == 1, "no byte was wrong");
    let cached = CachedRepo::new(&seen_by(&cluster, ""), RepoKind::Model, "acme/model");
    check_against(&cluster.hub, &cached, RepoKind::Model, "acme/model", "main")
}
