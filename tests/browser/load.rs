//! Much at once.

use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::stage::Stage;

use crate::script::{Script, plays};
use crate::world::Shape;

const BUSY_JOBS: u64 = 20;
/// Progress of files of less than 4 MiB is told with every piece that arrives.
const BUSY_BYTES: u64 = 3 << 20;
const MANY_JOBS: usize = 500;
const MANY_FILES: usize = 70_000;

/// Slows each answer with content down.
fn slow_down(stage: &Stage, bytes_per_s: u64) {
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s }).on(Matcher::data()).always());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_load_is_small() -> anyhow::Result<()> {
    let world = Shape::Single.start([]).await?;
    plays(&world, "load.mjs").await.map(drop)
}

/// One after the other, for both measure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_at_once_keeps_the_page_responsive() -> anyhow::Result<()> {
    many_updates_a_second().await?;
    hundreds_of_jobs_and_70_000_files().await
}

async fn many_updates_a_second() -> anyhow::Result<()> {
    let name = |number: u64| format!("acme/busy-{number}");
    let repos =
        (0..BUSY_JOBS).map(|number| RepoBuilder::model(name(number)).random_file("model.bin", BUSY_BYTES, number));
    let flags = ["--max-active", "20", "--slots", "20"];
    let stage = Stage::new(repos, &flags).await?;
    slow_down(&stage, 32 << 10);
    for number in 0..BUSY_JOBS {
        stage.api().start(&Download::model(&name(number))).await?;
    }
    let address = stage.api().address();
    Script::start_with(&stage.sandbox, "busy.mjs", [address, &BUSY_JOBS.to_string()])?.ends_well().await.map(drop)
}

async fn hundreds_of_jobs_and_70_000_files() -> anyhow::Result<()> {
    let repo = RepoBuilder::dataset("acme/many").many_files("data", MANY_FILES);
    let stage = Stage::new([repo], &["--max-active", "1"]).await?;
    slow_down(&stage, 1);
    let many = stage.api().start(&Download::dataset("acme/many")).await?;
    for number in 1..MANY_JOBS {
        stage.api().start(&Download::model(&format!("acme/waiting-{number}"))).await?;
    }
    stage.api().wait_for(&many.id, "planned", |job| job.progress.total_files == MANY_FILES as u64).await?;
    let arguments = [stage.api().address(), &many.id, &MANY_JOBS.to_string(), &MANY_FILES.to_string()];
    Script::start_with(&stage.sandbox, "many.mjs", arguments)?.ends_well().await.map(drop)
}
