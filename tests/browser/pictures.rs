//! The pictures of the page in the README.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};

use crate::script::Script;
use crate::world::Shape;

/// A page that shows pictures must load them fast.
const LARGEST_BYTES: u64 = 150_000;
const PICTURES: usize = 10;

const MIB: u64 = 1 << 20;

/// What is there before the pictures are taken, with sizes in MiB.
const CACHED: [(&str, u64); 5] = [
    ("acme/whisper-small", 61),
    ("acme/vit-base", 43),
    ("acme/bge-base-en", 27),
    ("acme/all-MiniLM", 18),
    ("acme/bert-tiny", 9),
];
/// Of the quantized model.
const PARAMETERS: u64 = 134_515_008;
const CACHED_DATASET: &str = "acme/squad";

/// A GGUF file of this size: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
fn gguf(size_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let (text, number) = (8_u32, 4_u32);
    let numbers = [("context_length", 8192), ("block_count", 30), ("embedding_length", 576)];
    let heads = [("attention.head_count", 9_u32), ("attention.head_count_kv", 3)];
    let string = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = [&b"GGUF"[..], &3_u32.to_le_bytes(), &1_u64.to_le_bytes(), &6_u64.to_le_bytes()].concat();
    bytes.extend([string("general.architecture"), text.to_le_bytes().to_vec(), string("llama")].concat());
    for (name, value) in numbers.into_iter().chain(heads) {
        bytes.extend(string(&format!("llama.{name}")));
        bytes.extend([number.to_le_bytes(), value.to_le_bytes()].concat());
    }
    // One tensor stands for all: its name, dimensions, type and place.
    bytes.extend(
        [string("token_embd.weight"), 1_u32.to_le_bytes().to_vec(), PARAMETERS.to_le_bytes().to_vec()].concat(),
    );
    bytes.extend([&12_u32.to_le_bytes()[..], &0_u64.to_le_bytes()].concat());
    bytes.resize(usize::try_from(size_bytes)?, 0);
    Ok(bytes)
}

fn repos() -> anyhow::Result<Vec<RepoBuilder>> {
    let sizes = [("Q2_K", 88), ("Q5_K_M", 112), ("Q6_K", 138), ("Q8_0", 145)];
    let quantized = RepoBuilder::model("acme/SmolLM2-135M-Instruct-GGUF").file("config.json", "{}");
    let quantized = sizes.into_iter().fold(quantized.file("README.md", "# SmolLM2"), |repo, (name, mib)| {
        repo.random_file(format!("SmolLM2-135M-Instruct-{name}.gguf"), mib * MIB, mib)
    });
    let quantized = quantized.file("SmolLM2-135M-Instruct-Q4_K_M.gguf", gguf(105 * MIB)?);
    let weights = |name: &str, mib: u64| {
        RepoBuilder::model(name).file("config.json", "{}").random_file("model.safetensors", mib * MIB, mib)
    };
    let shards = (0..8).map(|number| (format!("data/train-{number:05}-of-00008.parquet"), 30 + 3 * number));
    let dataset = shards
        .fold(RepoBuilder::dataset("acme/fineweb-sample"), |repo, (path, mib)| repo.random_file(path, mib * MIB, mib));
    let cached = CACHED.iter().map(|(name, mib)| weights(name, *mib));
    let squad = RepoBuilder::dataset(CACHED_DATASET).random_file("train.parquet", 32 * MIB, 32);
    Ok(cached.chain([squad, quantized, weights("acme/gpt2-medium", 190), dataset]).collect())
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots")
}

#[ignore = "it takes the pictures of the README: make screenshots"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readme_has_pictures_of_the_page_at_work() -> anyhow::Result<()> {
    let world = Shape::Cluster.start_with(repos()?, &["--connections", "4"]).await?;
    for (name, _) in CACHED {
        world.downloaded(name).await?;
    }
    let squad = world.api().start(&Download::dataset(CACHED_DATASET)).await?;
    world.api().completed(&squad.id).await?;
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
