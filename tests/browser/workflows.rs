//! What people do with the page, against the single process and against a cluster.

use std::fs;

use anyhow::ensure;
use hfd_tests::cached_repo::CachedRepo;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RepoKind};
use hfd_tests::wait;

use crate::script::{Script, plays};
use crate::world::{Shape, World};

const MODEL: &str = "acme/mistral-GGUF";
const SLOW: &str = "acme/slow";
const SLOW_BYTES: u64 = 8 << 20;

/// A module a workflow, with a test a shape.
macro_rules! in_both_shapes {
    ($($workflow:ident),+) => {$(
        mod $workflow {
            use super::Shape;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_the_single_process() -> anyhow::Result<()> {
                super::$workflow(Shape::Single).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_a_cluster() -> anyhow::Result<()> {
                super::$workflow(Shape::Cluster).await
            }
        }
    )+};
}

in_both_shapes!(
    a_quantization_is_chosen_previewed_downloaded_and_watched,
    the_keyboard_alone_does_it_on_a_phone,
    jobs_are_found_paused_resumed_cancelled_retried_and_dismissed,
    the_cache_is_shown_verified_cleared_up_and_removed_from,
    settings_are_changed_and_the_token_is_never_shown,
    a_killed_and_restarted_api_is_followed_without_a_reload
);

pub(crate) fn slow() -> RepoBuilder {
    RepoBuilder::model(SLOW).random_file("slow.bin", SLOW_BYTES, 1)
}

fn mistral() -> RepoBuilder {
    let quantization = |repo: RepoBuilder, name: &str| repo.random_file(format!("mistral.{name}.gguf"), 2 << 20, 1);
    let main = RepoBuilder::model(MODEL).file("config.json", "{}");
    let main = quantization(quantization(main, "Q4_K_M"), "Q8_0");
    quantization(main.revision("next").file("config.json", "{}"), "Q5_K_M")
}

/// Slows each answer down, for as long as it lasts.
fn slow_down(world: &World, bytes_per_s: u64) {
    world.hub().inject(Fault::new(Effect::Throttle { bytes_per_s }).on(Matcher::cdn().file("slow.bin")).always());
}

fn small() -> RepoBuilder {
    RepoBuilder::model("acme/small").file("config.json", "{}")
}

async fn a_quantization_is_chosen_previewed_downloaded_and_watched(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([mistral(), small()]).await?;
    plays(&world, "download.mjs").await.map(drop)
}

async fn the_keyboard_alone_does_it_on_a_phone(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([mistral()]).await?;
    plays(&world, "keyboard.mjs").await.map(drop)
}

async fn jobs_are_found_paused_resumed_cancelled_retried_and_dismissed(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([slow(), small()]).await?;
    slow_down(&world, 64 << 10);
    plays(&world, "jobs.mjs").await.map(drop)
}

async fn the_cache_is_shown_verified_cleared_up_and_removed_from(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([mistral()]).await?;
    world.downloaded(MODEL).await?;
    let cached = CachedRepo::new(&world.sandbox().cache(), RepoKind::Model, MODEL);
    let unused = cached.blob(&"ab".repeat(32));
    fs::write(&unused, "nobody links to this")?;
    plays(&world, "cache.mjs").await?;
    ensure!(!cached.folder().exists(), "the page said that it had removed {}", cached.folder().display());
    Ok(())
}

async fn settings_are_changed_and_the_token_is_never_shown(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([]).await?;
    plays(&world, "settings.mjs").await.map(drop)
}

async fn a_killed_and_restarted_api_is_followed_without_a_reload(shape: Shape) -> anyhow::Result<()> {
    let world = shape.start([slow()]).await?;
    heals(world, Script::start).await
}

/// Kills the API in the middle of a download that a script watches. The workers of a cluster finish it meanwhile.
pub(crate) async fn heals(
    mut world: World,
    start: impl Fn(&World, &str) -> anyhow::Result<Script>,
) -> anyhow::Result<()> {
    slow_down(&world, 512 << 10);
    let mut script = start(&world, "heal.mjs")?;
    script.says("running").await?;
    world.kill_api().await?;
    script.says("lost").await?;
    world.hub().clear_faults();
    if let World::Cluster(cluster) = &world {
        let whole = async || Ok(cluster.check_model(SLOW).ok());
        wait::until("the workers to go on without an API", wait::LIMIT, whole).await?;
    }
    world.restart_api().await?;
    script.ends_well().await.map(drop)
}
