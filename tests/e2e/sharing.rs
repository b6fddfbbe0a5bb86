//! Content that several files or jobs have in common is fetched once.

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RepoKind, random_bytes};
use hfd_tests::stage::Stage;
use hfd_tests::traffic::{data_bytes_of, distinct_bytes};
use hfd_tests::{traffic, wait};

const MODEL: &str = "acme/model";
const LARGE: &str = "model.safetensors";
const SMALL: &str = "tokenizer.json";
const LARGE_BYTES: u64 = 40 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_that_share_blobs_fetch_each_blob_once() -> anyhow::Result<()> {
    let shared = |repo: RepoBuilder| repo.random_file(LARGE, LARGE_BYTES, 1).random_file(SMALL, 600_000, 2);
    let repo = shared(RepoBuilder::model(MODEL)).file("only-main.txt", "main");
    let repo = shared(repo.revision("dev")).file("only-dev.txt", "dev");
    // A connection that takes a part from another gets what was on the way a second time.
    let stage = Stage::new([repo], &["--connections", "1"]).await?;
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 16 << 20 }).on(Matcher::cdn()).always());
    let main = stage.api().start(&Download::model(MODEL)).await?;
    let dev = stage.api().start(&Download::model(MODEL).revision("dev")).await?;
    let both = || stage.hub.requests().iter().filter(|record| record.path.contains("/tree/")).count() >= 2;
    wait::until_true("both jobs to be planned", wait::LIMIT, both).await?;
    for job in [main, dev] {
        stage.api().completed(&job.id).await?;
    }
    for revision in ["main", "dev"] {
        stage.check(RepoKind::Model, MODEL, revision)?;
    }
    for (file, size) in [(LARGE, LARGE_BYTES), (SMALL, 600_000)] {
        let sent = data_bytes_of(&stage.hub, file);
        ensure!(sent == size, "{sent} bytes of {file} were fetched, it has {size}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_files_of_one_repo_are_fetched_once() -> anyhow::Result<()> {
    let large = random_bytes(3 << 20, 1);
    let repo = RepoBuilder::model(MODEL)
        .file("a.bin", large.clone())
        .file("copies/b.bin", large)
        .file("one.txt", "the same")
        .file("copies/two.txt", "the same");
    let stage = Stage::new([repo], &["--multipart-threshold", "2MiB"]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    let (sent, size) = (traffic::data_bytes(&stage.hub), distinct_bytes(&stage.hub, MODEL));
    ensure!(sent == size, "{sent} bytes were fetched for {size}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_cache_is_not_fetched_again() -> anyhow::Result<()> {
    let stage =
        Stage::new([RepoBuilder::model(MODEL).file("a.txt", "a").random_file(LARGE, LARGE_BYTES, 1)], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.hub.reset_log();
    let again = stage.downloaded(&Download::model(MODEL)).await?;
    ensure!(traffic::data_bytes(&stage.hub) == 0, "{:?}", stage.hub.requests());
    ensure!(again.progress.downloaded_bytes == again.progress.total_bytes && again.progress.completed_files == 2);
    stage.check_model(MODEL)
}
