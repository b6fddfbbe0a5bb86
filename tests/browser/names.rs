//! Names that come from outside.

use std::fs;

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};

use crate::script::plays;
use crate::world::Shape;

const MODEL: &str = "acme/hostile";
const MARKUP: &str = "<img src=x onerror=window.hurt=1>";

/// Names that are markup, end a string, or turn the direction of the text.
const HOSTILE: [&str; 4] = [
    "<img src=x onerror=window.hurt=1>.txt",
    "\"'><script>window.hurt=1<&script>.txt",
    "javascript:window.hurt=1",
    "safe\u{202e}gpj.exe",
];

fn repo() -> RepoBuilder {
    let repo = HOSTILE.iter().fold(RepoBuilder::model(MODEL), |repo, name| {
        repo.file(*name, "text").file(format!("in {name}/{name}.gguf"), "text")
    });
    let config = serde_json::json!({ "model_type": MARKUP, "architectures": [MARKUP], "torch_dtype": MARKUP });
    let card = format!("---\nlicense: \"{MARKUP}\"\ntags: [\"{MARKUP}\"]\n---\n{MARKUP}");
    let repo = repo.file("config.json", config.to_string()).file("README.md", card);
    let repo = repo.info("pipeline_tag", MARKUP).info("library_name", MARKUP).random_file("slow.bin", 8 << 20, 1);
    repo.revision("<b>\u{202e}'\"branch").file("config.json", "{}").tag(MARKUP).file("config.json", "{}")
}

/// What another program could have left in the cache.
fn strange_entries(cache: &std::path::Path) -> anyhow::Result<()> {
    // It is no repository's name, so nobody is to see it.
    fs::create_dir_all(cache.join(format!("models--acme--{MARKUP}")).join("blobs"))?;
    let folder = cache.join("models--acme--strange");
    let (commit, blob) = ("ab".repeat(20), "cd".repeat(32));
    let snapshot = folder.join("snapshots").join(&commit);
    for part in [folder.join("blobs"), folder.join("refs"), snapshot.clone()] {
        fs::create_dir_all(part)?;
    }
    fs::write(folder.join("blobs").join(&blob), "content")?;
    fs::write(folder.join("refs").join(MARKUP), &commit)?;
    std::os::unix::fs::symlink(format!("../../blobs/{blob}"), snapshot.join(MARKUP))?;
    std::os::unix::fs::symlink("/etc/passwd", snapshot.join(format!("outside {MARKUP}")))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_markup_do_nothing() -> anyhow::Result<()> {
    ensure!(HOSTILE[0].starts_with(MARKUP));
    let world = Shape::Single.start([repo()]).await?;
    strange_entries(&world.sandbox().cache())?;
    world
        .hub()
        .inject(Fault::new(Effect::Throttle { bytes_per_s: 64 << 10 }).on(Matcher::cdn().file("slow.bin")).always());
    world.api().start(&Download::model(MODEL)).await?;
    plays(&world, "hostile.mjs").await.map(drop)
}
