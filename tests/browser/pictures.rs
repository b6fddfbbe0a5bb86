//! The pictures of the page in the README.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};

use crate::script::Script;
use crate::world::Shape;

/// A page that shows pictures must load them fast.
const LARGEST_BYTES: u64 = 150_000;
const PICTURES: usize = 10;

const MIB: u64 = 1 << 20;

/// What is there before the pictures are taken.
const CACHED: [&str; 3] = ["acme/whisper-small", "acme/bge-base-en", "acme/vit-base"];

fn repos() -> Vec<RepoBuilder> {
    let sizes = [("Q2_K", 88), ("Q4_K_M", 105), ("Q5_K_M", 112), ("Q6_K", 138), ("Q8_0", 145)];
    let quantized = RepoBuilder::model("acme/SmolLM2-135M-Instruct-GGUF").file("config.json", "{}");
    let quantized = sizes.into_iter().fold(quantized.file("README.md", "# SmolLM2"), |repo, (name, mib)| {
        repo.random_file(format!("SmolLM2-135M-Instruct-{name}.gguf"), mib * MIB, mib)
    });
    let weights = |name: &str, mib: u64| {
        RepoBuilder::model(name).file("config.json", "{}").random_file("model.safetensors", mib * MIB, mib)
    };
    let shards = (0..8).map(|number| (format!("data/train-{number:05}-of-00008.parquet"), 30 + 3 * number));
    let dataset = shards
        .fold(RepoBuilder::dataset("acme/fineweb-sample"), |repo, (path, mib)| repo.random_file(path, mib * MIB, mib));
    let cached = CACHED.iter().zip([61, 27, 43]).map(|(name, mib)| weights(name, mib));
    cached.chain([quantized, weights("acme/gpt2-medium", 190), dataset]).collect()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots")
}

#[ignore = "it takes the pictures of the README: make screenshots"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readme_has_pictures_of_the_page_at_work() -> anyhow::Result<()> {
    let world = Shape::Cluster.start_with(repos(), &["--connections", "4"]).await?;
    for name in CACHED {
        world.downloaded(name).await?;
    }
    world.hub().inject(Fault::new(Effect::Throttle { bytes_per_s: MIB }).on(Matcher::cdn()).always());
    let folder = world.sandbox().path().join("pictures");
    fs::create_dir(&folder)?;
    let arguments = [world.api().address(), folder.to_str().context("an odd folder")?];
    Script::start_with(world.sandbox(), "pictures.mjs", arguments)?.ends_well().await?;
    let pictures = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    ensure!(pictures.len() == PICTURES, "{} pictures", pictures.len());
    for picture in &pictures {
        let bytes = picture.metadata()?.len();
        ensure!(bytes < LARGEST_BYTES, "{} has {bytes} bytes", picture.path().display());
    }
    fs::create_dir_all(docs())?;
    for picture in &pictures {
        fs::copy(picture.path(), docs().join(picture.file_name()))?;
    }
    Ok(())
}

#[test]
fn each_picture_of_the_readme_is_there() -> anyhow::Result<()> {
    let readme = fs::read_to_string(docs().join("../../README.md"))?;
    let names: Vec<&str> =
        readme.split("docs/screenshots/").skip(1).filter_map(|rest| rest.split(['"', ')']).next()).collect();
    ensure!(names.len() == PICTURES, "{names:?}");
    for name in names {
        ensure!(docs().join(name).exists(), "docs/screenshots/{name} is missing: make screenshots");
    }
    Ok(())
}
