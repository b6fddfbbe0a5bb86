//! The Hub says no, for now or for good.

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Job, Refused, Status};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RequestKind};
use hfd_tests::instance::Instance;
use hfd_tests::ports::claim_port;
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::Stage;
use hfd_tests::traffic;

const MODEL: &str = "acme/model";
const LARGE: &str = "weights/model.safetensors";
const SMALL: &str = "notes.txt";
const TOKEN: &str = "hf_test_token_valid";
const TOKEN_WITHOUT_GATE: &str = "hf_test_token_nogate";

fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL).file("config.json", "{}").file(SMALL, "small").random_file(LARGE, 3 << 20, 1)
}

/// Requests that were on their way when a refusal came are no fault.
const GRACE_MS: u64 = 700;

/// The job waits as it was told, stays running, says why, and completes.
async fn waits_for(effect: Effect, on: Matcher, kind: RequestKind, wait_ms: u64) -> anyhow::Result<()> {
    let stage = Stage::new([model()], &["--multipart-threshold", "1MiB"]).await?;
    stage.hub.inject(Fault::new(effect).on(on));
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let says_why = |job: &Job| job.status == Status::Running && !job.waiting_reason.is_empty();
    let waiting = stage.api().wait_for(&job.id, "running and waiting", says_why).await?;
    ensure!(waiting.error.is_empty(), "{}", waiting.error);
    let done = stage.api().completed(&job.id).await?;
    ensure!(done.waiting_reason.is_empty(), "still waiting for {}", done.waiting_reason);
    stage.check_model(MODEL)?;
    let requests = stage.hub.requests();
    let refused = requests.iter().find(|record| record.status == 429).context("no request was refused")?;
    let (from, to) = (refused.time_ms + GRACE_MS, refused.time_ms + wait_ms);
    let early = requests.iter().find(|record| record.kind == kind && (from..to).contains(&record.time_ms));
    ensure!(early.is_none(), "asked again after {} ms: {early:?}", early.map_or(0, |record| record.time_ms) - from);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_of_the_api_is_waited_for_as_its_headers_say() -> anyhow::Result<()> {
    waits_for(Effect::RateLimited { reset_s: 2 }, Matcher::api(), RequestKind::Api, 2000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_a_limit_interrupts_goes_on_with_its_next_page() -> anyhow::Result<()> {
    const PAGES: usize = 4;
    let model = RepoBuilder::model(MODEL).many_files("files", 38);
    let stage = Stage::with(|hub| hub.page_size(10), [model], &[]).await?;
    let limit = Fault::new(Effect::RateLimited { reset_s: 1 }).on(Matcher::api().path_contains("/tree/"));
    stage.hub.inject(limit.skip(2).times(1));
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    let asked = stage.hub.requests().iter().filter(|record| record.path.contains("/tree/")).count();
    ensure!(asked == PAGES + 1, "{asked} requests for {PAGES} pages");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_of_a_small_file_is_waited_for_as_its_headers_say() -> anyhow::Result<()> {
    waits_for(Effect::RateLimited { reset_s: 2 }, Matcher::resolve().file(SMALL), RequestKind::Resolve, 2000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_of_a_large_file_is_waited_for_as_retry_after_says() -> anyhow::Result<()> {
    waits_for(Effect::RetryAfter { seconds: 2 }, Matcher::resolve().file(LARGE), RequestKind::Resolve, 2000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_5xx_without_end_fails_its_file_and_no_other() -> anyhow::Result<()> {
    for lost in [LARGE, SMALL] {
        let stage = Stage::new([model()], &["--multipart-threshold", "1MiB", "--retries", "1"]).await?;
        stage.hub.inject(Fault::new(Effect::Status { code: 500 }).on(Matcher::data().file(lost)).always());
        let job = stage.api().start(&Download::model(MODEL)).await?;
        let job = stage.api().failed(&job.id).await?;
        ensure!(job.error.contains(lost) && job.error.contains("500"), "{}", job.error);
        for file in &job.files {
            let expected = if file.path == lost { "failed" } else { "complete" };
            ensure!(file.status == expected, "{file:?}");
        }
        ensure!(!stage.model(MODEL).blob(&stage.etag(MODEL, lost)?).exists());
        ensure!(stage.model(MODEL).reference("main")?.is_none(), "the branch names an incomplete snapshot");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_goes_to_the_hub_and_never_to_the_second_origin() -> anyhow::Result<()> {
    let flags = ["-t", TOKEN, "--multipart-threshold", "1MiB"];
    let stage = Stage::new([model().random_file("small.bin", 1000, 3).private()], &flags).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    let cdn = traffic::cdn_requests(&stage.hub);
    ensure!(cdn.len() >= 2, "large and small LFS files come from the CDN: {cdn:?}");
    ensure!(cdn.iter().all(|record| record.authorization.is_none()), "{cdn:?}");
    let authorized = format!("Bearer {TOKEN}");
    ensure!(stage.hub.requests().iter().any(|record| record.authorization.as_ref() == Some(&authorized)));
    ensure!(!stage.server.log()?.contains(TOKEN), "the token is in the log");
    Ok(())
}

/// The words that tell a user what is wrong and what to do.
async fn is_refused(token: Option<&str>, request: &Download, words: &[&str]) -> anyhow::Result<()> {
    let repos = [
        model(),
        RepoBuilder::model("acme/private").file("config.json", "{}").private(),
        RepoBuilder::model("acme/gated").file("config.json", "{}").gated(),
        RepoBuilder::model("acme/disabled").file("config.json", "{}").disabled(),
    ];
    let flags: Vec<&str> = token.into_iter().flat_map(|token| ["-t", token]).collect();
    let stage = Stage::new(repos, &flags).await?;
    let job = stage.api().start(request).await?;
    let job = stage.api().failed(&job.id).await?;
    let told = job.error.to_lowercase();
    ensure!(told.contains(&job.repo), "{told:?} does not say which repo");
    let missing: Vec<_> = words.iter().filter(|word| !told.contains(**word)).collect();
    ensure!(missing.is_empty(), "{told:?} does not say {missing:?}");
    ensure!(job.ended_at.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_repo_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(None, &Download::model("acme/absent"), &["no such repository", "token"]).await?;
    is_refused(Some(TOKEN), &Download::model("acme/absent"), &["no such repository"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_repo_without_token_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(None, &Download::model("acme/private"), &["private", "token"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gated_repo_without_access_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(Some(TOKEN_WITHOUT_GATE), &Download::model("acme/gated"), &["gated", "accept"]).await?;
    is_refused(None, &Download::model("acme/gated"), &["gated", "token"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_repo_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(None, &Download::model("acme/disabled"), &["disabled"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_revision_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(None, &Download::model(MODEL).revision("nowhere"), &["branch", "revision"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_token_fails_the_job_clearly() -> anyhow::Result<()> {
    is_refused(Some("hf_wrong"), &Download::model(MODEL), &["token", "not valid"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_refused_in_the_same_words() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    let refused =
        stage.api().plan(&Download::model("acme/absent")).await.err().context("planned a repo that is absent")?;
    let refused = refused.downcast::<Refused>()?;
    ensure!(refused.status == 404 && refused.details.contains("no such repository"), "{refused}");
    ensure!(stage.api().jobs().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_wait_for_a_hub_that_is_away() -> anyhow::Result<()> {
    let flags = ["--multipart-threshold", "1MiB", "--retries", "0"];
    // Asked for the revision, the listing, where a file is, and the files.
    for away in
        [Matcher::api(), Matcher::api().path_contains("/tree/"), Matcher::resolve().file(LARGE), Matcher::data()]
    {
        let stage = Stage::new([model()], &flags).await?;
        let away = stage.hub.inject(Fault::new(Effect::Status { code: 503 }).on(away).always());
        let job = stage.api().start(&Download::model(MODEL)).await?;
        let waits = |job: &Job| job.status == Status::Running && job.waiting_reason.contains("503");
        stage.api().wait_for(&job.id, "reason to wait", waits).await?;
        ensure!(stage.hub.fault_hits(away) > 0);
        stage.hub.clear_faults();
        let done = stage.api().completed(&job.id).await?;
        ensure!(done.waiting_reason.is_empty(), "still waiting for {}", done.waiting_reason);
        stage.check_model(MODEL)?;
    }
    Ok(())
}

/// Though others are answered, and though some bytes come each time that are of no use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_fails_the_job_in_the_end() -> anyhow::Result<()> {
    let flags = ["--multipart-threshold", "1MiB", "--retries", "0", "--max-outage", "3s"];
    let away = |on| Fault::new(Effect::Status { code: 503 }).on(on);
    for (fault, told) in [
        (away(Matcher::api().path_contains("/tree/")), "503"),
        (away(Matcher::data().file(LARGE)), LARGE),
        (Fault::new(Effect::Reset).after_bytes(3).on(Matcher::data().file(SMALL)), SMALL),
    ] {
        let stage = Stage::new([model()], &flags).await?;
        let fault = stage.hub.inject(fault.always());
        let job = stage.api().start(&Download::model(MODEL)).await?;
        let job = stage.api().failed(&job.id).await?;
        ensure!(stage.hub.fault_hits(fault) > 1, "it was not tried again");
        ensure!(job.error.contains(told), "{}", job.error);
        ensure!(job.files.iter().all(|file| file.path == told || file.status == "complete"), "{job:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_away_fails_the_job_clearly_where_no_job_waits() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let nobody = format!("http://127.0.0.1:{}", claim_port()?);
    let server = Instance::serve(&sandbox, &nobody, &["--retries", "1", "--max-outage", "0s"]).await?;
    let job = server.api().start(&Download::model(MODEL)).await?;
    let job = server.api().failed(&job.id).await?;
    ensure!(job.error.contains(MODEL) && job.error.contains("network"), "{}", job.error);
    Ok(())
}
