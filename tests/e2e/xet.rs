//! Files over Xet: whole and right like all others, and over plain HTTP when Xet fails.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::fake_hub::{Effect, FakeHub, Fault, Matcher, RepoBuilder, random_bytes};
use hfd_tests::ports::claim_port;
use hfd_tests::stage::Stage;
use hfd_tests::traffic::{data_bytes_of, distinct_bytes};
use hfd_tests::wait;

use crate::xet_server::XetServer;

const MODEL: &str = "acme/model";
const LARGE: &str = "model.safetensors";
const LARGE_BYTES: u64 = 18 << 20;
const SMALL: &str = "small.bin";

/// Slow enough to be caught in the middle.
const SLOW: [&str; 2] = ["--max-process-bytes-per-second", "6MiB"];

const FLAGS: [&str; 4] = ["--retries", "1", "--stall-timeout", "1"];

fn large() -> Vec<u8> {
    random_bytes(18 << 20, 1)
}

/// A model whose files are in Xet, but for one that no Hub keeps there. Nobody says where.
fn model(large_hash: &str, small_hash: &str) -> RepoBuilder {
    RepoBuilder::model(MODEL)
        .file(LARGE, large())
        .file(SMALL, random_bytes(300_000, 2))
        .file("config.json", "{}")
        .xet(LARGE, large_hash)
        .xet(SMALL, small_hash)
}

async fn in_xet(xet: &XetServer) -> anyhow::Result<RepoBuilder> {
    let small = xet.add(random_bytes(300_000, 2)).await?;
    Ok(model(&xet.add(large()).await?, &small).xet_server(xet.url()))
}

/// A model with nothing but one large file.
async fn alone_in_xet(xet: &XetServer) -> anyhow::Result<RepoBuilder> {
    let hash = xet.add(large()).await?;
    Ok(RepoBuilder::model(MODEL).file(LARGE, large()).xet(LARGE, hash).xet_server(xet.url()))
}

fn token_requests(hub: &FakeHub) -> usize {
    hub.requests().iter().filter(|request| request.path.contains("/xet-read-token/")).count()
}

/// The bytes that the server has downloaded since it was started.
async fn downloaded_bytes(stage: &Stage) -> anyhow::Result<u64> {
    stage.metric("hfd_downloaded_bytes_total").await
}

/// Downloads over Xet, and everything is right in the end without a byte that came twice.
async fn completes(stage: &Stage) -> anyhow::Result<()> {
    stage.downloaded(&Download::model(MODEL).over("xet")).await?;
    stage.check_model(MODEL)?;
    let (downloaded, size) = (downloaded_bytes(stage).await?, distinct_bytes(&stage.hub, MODEL));
    ensure!(downloaded == size, "{downloaded} bytes were downloaded for {size}");
    Ok(())
}

/// The same where nothing at all comes over Xet.
async fn completes_over_http(stage: &Stage) -> anyhow::Result<()> {
    completes(stage).await?;
    ensure!(data_bytes_of(&stage.hub, LARGE) == LARGE_BYTES);
    ensure!(stage.server.log()?.contains("comes over plain HTTP"), "the log does not say why");
    ensure!(stage.metric("hfd_retries_total{reason=\"xet\"}").await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_over_xet_alone_when_asked_to() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let stage = Stage::new([in_xet(&xet).await?], &FLAGS).await?;
    completes(&stage).await?;
    for file in [LARGE, SMALL] {
        let requests = stage.hub.requests_for(file);
        ensure!(requests.is_empty(), "asked over HTTP, too: {requests:?}");
    }
    ensure!(token_requests(&stage.hub) == 1);
    ensure!(!stage.server.log()?.contains("xet_test_"), "the token is in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_many_parts_needs_little_memory() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    // Repeated, so that it is taken in fast; it comes in as many parts as any other.
    let content = random_bytes(16 << 20, 3).repeat(5);
    let hash = xet.add(content.clone()).await?;
    let repo = RepoBuilder::model(MODEL).file(LARGE, content).xet(LARGE, hash).xet_server(xet.url());
    let stage = Stage::new([repo], &[]).await?;
    completes(&stage).await?;
    let peak = stage.server.peak_memory_bytes()?;
    println!("peak memory: {} MiB", peak >> 20);
    ensure!(peak <= 96 << 20, "{peak} bytes of memory were in use");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_that_is_about_to_end_is_renewed_in_the_middle_of_a_file() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    // Three parts, one after the other; the last one begins less than two minutes before the first token ends.
    let flags = ["--connections", "1", "--max-process-bytes-per-second", "1MiB"];
    let stage = Stage::new([alone_in_xet(&xet).await?.xet_token_s(132)], &flags).await?;
    completes(&stage).await?;
    let (asked, over_http) = (token_requests(&stage.hub), data_bytes_of(&stage.hub, LARGE));
    ensure!((asked, over_http) == (2, 0), "access was asked for {asked} times, {over_http} bytes came over HTTP");
    Ok(())
}

/// So it looks where this machine's clock is ahead of the Hub's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_that_seems_to_have_ended_is_used() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let stage = Stage::new([alone_in_xet(&xet).await?.xet_token_s(0)], &FLAGS).await?;
    completes(&stage).await?;
    let over_http = data_bytes_of(&stage.hub, LARGE);
    ensure!(over_http == 0, "{over_http} bytes came over HTTP");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_wish_files_come_over_http() -> anyhow::Result<()> {
    let hash = "ab".repeat(32);
    let stage = Stage::new([model(&hash, &hash).xet_server("http://127.0.0.1:9")], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    ensure!(data_bytes_of(&stage.hub, LARGE) == LARGE_BYTES && token_requests(&stage.hub) == 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_nothing_that_was_recorded_comes_again() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let mut stage = Stage::new([alone_in_xet(&xet).await?], &SLOW).await?;
    let job = stage.api().start(&Download::model(MODEL).over("xet")).await?;
    wait::until_true("records", wait::LIMIT, || recorded_bytes(&stage).is_ok_and(|bytes| bytes >= 4 << 20)).await?;
    stage.server.kill_9().await?;
    let recorded = recorded_bytes(&stage)?;
    stage.restart().await?;
    stage.api().completed(&job.id).await?;
    let downloaded = downloaded_bytes(&stage).await?;
    ensure!(downloaded == LARGE_BYTES - recorded, "{downloaded} bytes after {recorded} were recorded");
    ensure!(data_bytes_of(&stage.hub, LARGE) == 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_download_over_xet_goes_on_where_it_was() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let stage = Stage::new([alone_in_xet(&xet).await?], &SLOW).await?;
    let job = stage.api().start(&Download::model(MODEL).over("xet")).await?;
    wait::until_true("records", wait::LIMIT, || recorded_bytes(&stage).is_ok_and(|bytes| bytes >= 4 << 20)).await?;
    stage.api().pause(&job.id).await?;
    stage.api().wait_for(&job.id, "pause", |job| job.status == Status::Paused).await?;
    wait::until("the worker to stop", wait::LIMIT, async || {
        Ok((stage.metric("hfd_tasks_in_work{kind=\"fetch\"}").await? == 0).then_some(()))
    })
    .await?;
    let (recorded, before) = (recorded_bytes(&stage)?, downloaded_bytes(&stage).await?);
    stage.api().resume(&job.id).await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    let downloaded = downloaded_bytes(&stage).await? - before;
    ensure!(downloaded == LARGE_BYTES - recorded, "{downloaded} bytes after {recorded} were recorded");
    ensure!(data_bytes_of(&stage.hub, LARGE) == 0);
    Ok(())
}

/// What the records of the large file's partial say is there: a line for each range.
fn recorded_bytes(stage: &Stage) -> anyhow::Result<u64> {
    let partial = stage.sandbox.cache().join("models--acme--model/.hfd").join(stage.etag(MODEL, LARGE)?);
    let mut total = 0;
    for entry in fs::read_dir(partial)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "parts") {
            let text = fs::read_to_string(path)?;
            let ranges = text.lines().filter_map(|line| {
                let mut words = line.split(' ').map(str::parse::<u64>);
                Some((words.next()?.ok()?, words.next()?.ok()?))
            });
            total += ranges.map(|(start, end)| end - start).sum::<u64>();
        }
    }
    Ok(total)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_from_xet_are_never_published() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let repo = in_xet(&xet).await?;
    xet.spoil()?;
    let stage = Stage::new([repo], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL).over("xet")).await?;
    stage.check_model(MODEL)?;
    ensure!(stage.metric("hfd_hash_failures_total").await? > 0);
    ensure!(data_bytes_of(&stage.hub, LARGE) == LARGE_BYTES, "it did not come over HTTP in the end");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_hashed_wrong_comes_over_http_also_after_a_kill() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let repo = alone_in_xet(&xet).await?;
    xet.spoil()?;
    let mut stage = Stage::new([repo], &SLOW).await?;
    let job = stage.api().start(&Download::model(MODEL).over("xet")).await?;
    wait::until_true("plain HTTP", wait::LIMIT, || data_bytes_of(&stage.hub, LARGE) > 0).await?;
    stage.server.kill_9().await?;
    stage.restart().await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    ensure!(stage.metric("hfd_hash_failures_total").await? == 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_on_access_is_waited_for() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    let stage = Stage::new([in_xet(&xet).await?], &[]).await?;
    stage
        .hub
        .inject(Fault::new(Effect::RateLimited { reset_s: 1 }).on(Matcher::api().path_contains("/xet-read-token/")));
    completes(&stage).await?;
    ensure!(data_bytes_of(&stage.hub, LARGE) == 0, "it came over HTTP");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_xet_has_lost_comes_over_http() -> anyhow::Result<()> {
    let xet = XetServer::start().await?;
    // The first half is kept apart: only the second is lost.
    xet.add(large()[..9 << 20].to_vec()).await?;
    let kept = xet.contents()?;
    let repo = in_xet(&xet).await?;
    let stage = Stage::new([repo], &FLAGS).await?;
    for lost in xet.contents()?.iter().filter(|path| !kept.contains(path)) {
        fs::remove_file(lost)?;
    }
    completes(&stage).await?;
    let over_http = data_bytes_of(&stage.hub, LARGE);
    ensure!((9 << 20..12 << 20).contains(&over_http), "{over_http} bytes came over HTTP");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_without_xet_is_asked_for_the_files_themselves() -> anyhow::Result<()> {
    let hash = "ab".repeat(32);
    completes_over_http(&Stage::new([model(&hash, &hash)], &FLAGS).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_hub_is_asked_for_the_files_themselves() -> anyhow::Result<()> {
    let hash = "ab".repeat(32);
    let stage = Stage::new([model(&hash, &hash).xet_server("http://127.0.0.1:9")], &FLAGS).await?;
    stage
        .hub
        .inject(Fault::new(Effect::Status { code: 503 }).on(Matcher::api().path_contains("/xet-read-token/")).always());
    completes_over_http(&stage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_xet_that_is_away_is_gone_round() -> anyhow::Result<()> {
    let hash = "ab".repeat(32);
    let closed = format!("http://127.0.0.1:{}", claim_port()?);
    let stage = Stage::new([model(&hash, &hash).xet_server(closed)], &FLAGS).await?;
    completes_over_http(&stage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_of_xet_is_gone_round_and_holds_no_end_up() -> anyhow::Result<()> {
    let hash = "ab".repeat(32);
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let repo = || model(&hash, &hash).xet_server(format!("http://{}", silent.local_addr().unwrap()));
    completes_over_http(&Stage::new([repo()], &FLAGS).await?).await?;

    let mut stage = Stage::new([repo()], &[]).await?;
    stage.api().start(&Download::model(MODEL).over("xet")).await?;
    wait::until_true("the question for access", wait::LIMIT, || token_requests(&stage.hub) > 0).await?;
    let asked = Instant::now();
    ensure!(stage.server.terminate().await?.success());
    ensure!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    Ok(())
}
