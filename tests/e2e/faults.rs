//! Transfers that break, stall or are slow: they go on from the last byte.

use std::time::Duration;

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, HttpMethod, Matcher, Origin, RepoBuilder, RequestKind};
use hfd_tests::stage::Stage;
use hfd_tests::traffic::{data_bytes_of, distinct_bytes, requests_of};
use hfd_tests::{traffic, wait};

const MODEL: &str = "acme/model";

/// In two parts, from the CDN.
const LARGE: &str = "weights/model.safetensors";
const LARGE_BYTES: u64 = 20 << 20;

/// In one go, from the Hub.
const SMALL: &str = "notes.txt";
const SMALL_BYTES: u64 = 700 << 10;

/// Where a body breaks in the middle.
const LARGE_BREAK: u64 = 14 << 20;
const SMALL_BREAK: u64 = 300 << 10;

/// What a broken connection may lose on its way: it was sent and never read.
const LOST_BYTES: u64 = 8 << 20;

/// Flags that make 20 MiB a large file and let nobody wait for long.
const FLAGS: [&str; 6] = ["--multipart-threshold", "1MiB", "--stall-timeout", "1", "--min-speed", "1KiB"];

fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL).file("config.json", "{}").random_file(LARGE, LARGE_BYTES, 1).random_file(
        SMALL,
        SMALL_BYTES,
        2,
    )
}

/// Both files meet the fault in the middle of their bodies, once each; the job completes all the same and fetches no
/// more than what was lost again.
async fn goes_on_after(effect: Effect) -> anyhow::Result<()> {
    let stage = Stage::new([model()], &FLAGS).await?;
    let faults = [(LARGE, LARGE_BREAK), (SMALL, SMALL_BREAK)]
        .map(|(file, at)| stage.hub.inject(Fault::new(effect.clone()).on(Matcher::data().file(file)).after_bytes(at)));
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    for fault in faults {
        ensure!(stage.hub.fault_hits(fault) == 1, "{effect:?} hit {} times", stage.hub.fault_hits(fault));
    }
    let (sent, size) = (traffic::data_bytes(&stage.hub), distinct_bytes(&stage.hub, MODEL));
    ensure!(sent <= size + LOST_BYTES, "{sent} bytes were fetched for {size} after {effect:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_connection_goes_on_from_the_last_byte() -> anyhow::Result<()> {
    goes_on_after(Effect::Reset).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_body_goes_on_from_the_last_byte() -> anyhow::Result<()> {
    goes_on_after(Effect::Truncate).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_dropped_and_goes_on_from_the_last_byte() -> anyhow::Result<()> {
    goes_on_after(Effect::Silence).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickling_connection_is_dropped_and_goes_on_from_the_last_byte() -> anyhow::Result<()> {
    goes_on_after(Effect::Trickle { bytes: 10, every_ms: 50 }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_further_connections_gets_no_more_of_them() -> anyhow::Result<()> {
    // What is refused is tried again for a shorter time than the others take for their parts.
    let flags = ["--multipart-threshold", "1MiB", "--retries", "1"];
    let few = |hub: hfd_tests::fake_hub::HubConfig| hub.rate_bytes_per_s(8 << 20).cdn_answers(2);
    let stage = Stage::with(few, [RepoBuilder::model(MODEL).random_file(LARGE, 60 << 20, 1)], &flags).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    ensure!(stage.metric("hfd_retries_total{reason=\"server\"}").await? > 0, "nothing was refused");
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_only_takes_time() -> anyhow::Result<()> {
    let stage = Stage::with(|hub| hub.latency(Duration::from_millis(200)), [model()], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_connections_beat_a_rate_limit_on_each() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file(LARGE, 64 << 20, 1);
    let stage = Stage::with(|hub| hub.rate_bytes_per_s(16 << 20), [repo], &["--connections", "4"]).await?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let four = || stage.hub.open_answers(Origin::Cdn) == 4;
    wait::until_true("four connections at a time", wait::LIMIT, four).await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_connection_gives_its_part_to_the_others() -> anyhow::Result<()> {
    const PART_BYTES: u64 = 16 << 20;
    let repo = RepoBuilder::model(MODEL).random_file(LARGE, 2 * PART_BYTES, 1);
    let stage = Stage::new([repo], &[&FLAGS[..], &["--connections", "2"]].concat()).await?;
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 256 << 10 }).on(Matcher::data().file(LARGE)));
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    let answers = requests_of(&stage.hub, RequestKind::Data, LARGE);
    ensure!(answers > 2, "nobody helped: each part came in one answer");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_refills_the_retries() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[&FLAGS[..], &["--retries", "1"]].concat()).await?;
    let reset = Fault::new(Effect::Reset).on(Matcher::data().file(LARGE)).after_bytes(2 << 20).times(6);
    let reset = stage.hub.inject(reset);
    stage.downloaded(&Download::model(MODEL)).await?;
    ensure!(stage.hub.fault_hits(reset) == 6);
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_url_is_resolved_anew_and_the_same_part_goes_on() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[&FLAGS[..], &["--connections", "1"]].concat()).await?;
    let data = Matcher::data().file(LARGE);
    stage.hub.inject(Fault::new(Effect::Reset).on(data.clone()).after_bytes(LARGE_BREAK));
    let expired = stage.hub.inject(Fault::new(Effect::ExpiredUrl).on(data).skip(1));
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    ensure!(stage.hub.fault_hits(expired) == 1);
    ensure!(requests_of(&stage.hub, RequestKind::Resolve, LARGE) == 2, "{:#?}", stage.hub.requests_for(LARGE));
    let sent = data_bytes_of(&stage.hub, LARGE);
    ensure!(sent <= LARGE_BYTES + LOST_BYTES, "{sent} bytes were fetched again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_is_renewed_before_it_expires() -> anyhow::Result<()> {
    let configure = |hub: hfd_tests::fake_hub::HubConfig| {
        hub.rate_bytes_per_s(16 << 20).signed_url_lifetime(Duration::from_secs(2))
    };
    // Five lifetimes: whoever asks for a new one when it is refused is refused four times.
    let repo = RepoBuilder::model(MODEL).random_file(LARGE, 160 << 20, 1);
    let stage = Stage::with(configure, [repo], &["--connections", "1"]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    ensure!(requests_of(&stage.hub, RequestKind::Resolve, LARGE) >= 4);
    let refused = traffic::cdn_requests(&stage.hub).into_iter().filter(|record| record.status == 403).count();
    ensure!(refused <= 1, "{refused} requests went to an expired URL");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_5xx_is_tried_again_wherever_it_comes() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &FLAGS).await?;
    let on = [
        Matcher::api(),
        Matcher::api().path_contains("/tree/"),
        Matcher::resolve().file(LARGE),
        Matcher::resolve().file(SMALL),
        Matcher::data().file(LARGE).method(HttpMethod::Get),
        Matcher::data().file(SMALL),
    ];
    let faults = on.map(|matcher| stage.hub.inject(Fault::new(Effect::Status { code: 503 }).on(matcher)));
    stage.downloaded(&Download::model(MODEL)).await?;
    for fault in faults {
        ensure!(stage.hub.fault_hits(fault) == 1, "a fault did not hit");
    }
    stage.check_model(MODEL)
}
