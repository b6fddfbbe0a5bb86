//! The page where a WebSocket or an API without credentials is not to be had.

use anyhow::ensure;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};

use crate::script::{Script, plays};
use crate::workflows::{heals, slow};
use crate::world::{Shape, World};

const TOKEN: &str = "an-api-token-of-24-letters";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_websocket_the_page_is_live_by_events_and_heals() -> anyhow::Result<()> {
    let start =
        |world: &World, script: &str| Script::start_with(world.sandbox(), script, [world.api().address(), "events"]);
    heals(Shape::Single.start([slow()]).await?, start).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_renewed_only_when_it_has_missed_something() -> anyhow::Result<()> {
    let small = RepoBuilder::model("acme/small").file("config.json", "{}");
    let world = Shape::Single.start([slow(), small]).await?;
    world.hub().inject(Fault::new(Effect::Silence).on(Matcher::cdn().file("slow.bin")).always());
    plays(&world, "silence.mjs").await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_token_is_forgotten_where_a_password_is_wanted_now() -> anyhow::Result<()> {
    let (user, password) = ("admin", "a-password");
    let flags = ["--auth-user", user, "--auth-pass", password];
    let world = Shape::Single.start_with([], &flags).await?;
    let script = Script::start_with(world.sandbox(), "password.mjs", [world.api().address(), user, password])?;
    script.ends_well().await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_token_is_asked_for_checked_and_shown_nowhere() -> anyhow::Result<()> {
    let repo = RepoBuilder::model("acme/small").file("config.json", "{}");
    let world = Shape::Single.start_with([repo], &["--api-token", TOKEN]).await?;
    let script = Script::start_with(world.sandbox(), "token.mjs", [world.api().address(), TOKEN])?;
    script.ends_well().await?;
    ensure!(!world.log()?.contains(TOKEN), "the token is in the log");
    Ok(())
}
