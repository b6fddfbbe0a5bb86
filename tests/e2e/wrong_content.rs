//! Answers that lie about what they hold, and content that is not what the Hub says it is: nothing wrong is published.

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RequestKind};
use hfd_tests::stage::Stage;
use hfd_tests::traffic;

const MODEL: &str = "acme/model";

/// In two parts, from the CDN.
const LARGE: &str = "weights/model.safetensors";
const LARGE_BYTES: u64 = 20 << 20;

/// In one go, from the Hub.
const SMALL: &str = "notes.txt";

/// In one go, from the CDN.
const SMALL_LFS: &str = "small.bin";

/// One connection, so that the second part comes after the first.
const FLAGS: [&str; 6] = ["--multipart-threshold", "1MiB", "--connections", "1", "--retries", "1"];

fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL)
        .random_file(LARGE, LARGE_BYTES, 1)
        .random_file(SMALL, 500_000, 2)
        .random_file(SMALL_LFS, 500_000, 3)
}

/// The fault hits once; then the job is done and all is right.
async fn completes_after(fault: Fault) -> anyhow::Result<Stage> {
    let stage = Stage::new([model()], &FLAGS).await?;
    let id = stage.hub.inject(fault.clone());
    stage.downloaded(&Download::model(MODEL)).await?;
    ensure!(stage.hub.fault_hits(id) == 1, "{fault:?} hit {} times", stage.hub.fault_hits(id));
    stage.check_model(MODEL)?;
    Ok(stage)
}

/// The fault never ends: its file fails with these words, all others arrive, and nothing wrong is in the cache.
async fn fails_one_file(file: &str, fault: Fault, words: &[&str]) -> anyhow::Result<Stage> {
    let stage = Stage::new([model()], &FLAGS).await?;
    stage.hub.inject(fault.always());
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let job = stage.api().failed(&job.id).await?;
    ensure!(job.error.contains(file), "{:?} does not say which file", job.error);
    let missing: Vec<_> = words.iter().filter(|word| !job.error.contains(**word)).collect();
    ensure!(missing.is_empty(), "{:?} does not say {missing:?}", job.error);
    for shown in &job.files {
        ensure!(shown.status == if shown.path == file { "failed" } else { "complete" }, "{shown:?}");
    }
    let names = stage.model(MODEL).blob_names()?;
    ensure!(names.len() == 2 && !names.contains(&stage.etag(MODEL, file)?), "published: {names:?}");
    ensure!(stage.model(MODEL).reference("main")?.is_none());
    Ok(stage)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ignored_range_is_not_written_at_its_place() -> anyhow::Result<()> {
    completes_after(Fault::new(Effect::IgnoreRange).on(Matcher::data().file(LARGE)).skip(1)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_gives_no_ranges_is_asked_for_the_whole_file() -> anyhow::Result<()> {
    let flags = ["--multipart-threshold", "1MiB", "--retries", "1"];
    let stage = Stage::new([RepoBuilder::model(MODEL).random_file(LARGE, 40 << 20, 1)], &flags).await?;
    stage.hub.inject(Fault::new(Effect::IgnoreRange).on(Matcher::data()).always());
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_gives_no_ranges_for_a_while_costs_no_part_that_came() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &FLAGS).await?;
    let ignored = stage.hub.inject(Fault::new(Effect::IgnoreRange).on(Matcher::data().file(LARGE)).skip(1).always());
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let failed = stage.api().failed(&job.id).await?;
    ensure!(failed.error.contains("the whole file in place of a part"), "{:?}", failed.error);
    ensure!(stage.hub.fault_hits(ignored) > 1, "it was not tried again");
    stage.hub.clear_faults();
    stage.hub.reset_log();
    stage.api().retry(&job.id).await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    let sent = traffic::data_bytes_of(&stage.hub, LARGE);
    ensure!(sent < LARGE_BYTES / 2, "{sent} bytes were fetched for the second of two parts");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_range_than_asked_for_is_not_written() -> anyhow::Result<()> {
    let wrong = Effect::WrongContentRange { start_by: -4096, total_by: 0 };
    completes_after(Fault::new(wrong).on(Matcher::data().file(LARGE)).skip(1)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_of_another_total_is_not_written() -> anyhow::Result<()> {
    let wrong = Effect::WrongContentRange { start_by: 0, total_by: 1 };
    completes_after(Fault::new(wrong).on(Matcher::data().file(LARGE)).skip(1)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_size_is_noticed_before_a_byte_is_taken() -> anyhow::Result<()> {
    completes_after(Fault::new(Effect::WrongSize { by: 7 }).on(Matcher::resolve().file(LARGE))).await?;
    completes_after(Fault::new(Effect::WrongSize { by: 7 }).on(Matcher::data().file(SMALL))).await?;
    completes_after(Fault::new(Effect::WrongSize { by: -7 }).on(Matcher::data().file(SMALL_LFS))).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_byte_is_quarantined_and_the_file_fetched_once_more() -> anyhow::Result<()> {
    for file in [LARGE, SMALL, SMALL_LFS] {
        let stage =
            completes_after(Fault::new(Effect::FlipByte { offset: 400_000 }).on(Matcher::data().file(file))).await?;
        let kept = stage.model(MODEL).quarantined(&stage.etag(MODEL, file)?);
        ensure!(kept.exists(), "the wrong bytes of {file} are not at {}", kept.display());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_stay_wrong_fail_their_file_and_nothing_is_published() -> anyhow::Result<()> {
    for file in [LARGE, SMALL, SMALL_LFS] {
        let flipped = Fault::new(Effect::FlipByte { offset: 400_000 }).on(Matcher::data().file(file));
        let stage = fails_one_file(file, flipped, &["wrong content"]).await?;
        let size = stage.hub.requests_for(file).iter().filter(|record| record.kind == RequestKind::Data).count();
        ensure!(size <= 4, "fetched more than once more: {size} requests");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_between_its_parts_is_never_mixed() -> anyhow::Result<()> {
    let stage = completes_after(Fault::new(Effect::ChangedEtag).on(Matcher::data().file(LARGE)).skip(1)).await?;
    let sent = traffic::data_bytes_of(&stage.hub, LARGE);
    ensure!(sent > LARGE_BYTES + (8 << 20), "the first part of the other version was kept: {sent} bytes fetched");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_the_listed_one_fails() -> anyhow::Result<()> {
    for file in [LARGE, SMALL_LFS] {
        let changed = Fault::new(Effect::ChangedEtag).on(Matcher::resolve().file(file));
        let stage = fails_one_file(file, changed, &[]).await?;
        let sent = traffic::data_bytes_of(&stage.hub, file);
        ensure!(sent == 0, "{sent} bytes of another file were fetched");
    }
    Ok(())
}
