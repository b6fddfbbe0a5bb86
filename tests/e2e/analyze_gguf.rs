//! The analysis of true weight files says what the formats' own libraries read in them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use hfd_tests::fake_hub::{Origin, RepoBuilder};
use hfd_tests::python::Python;
use hfd_tests::stage::Stage;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// The fields of a header, and the keys that they come from; `x` stands for the architecture.
const KEYS: [(&str, &str); 14] = [
    ("architecture", "general.architecture"),
    ("name", "general.name"),
    ("file_type", "general.file_type"),
    ("quantization_version", "general.quantization_version"),
    ("tokenizer", "tokenizer.ggml.model"),
    ("context_length", "x.context_length"),
    ("block_count", "x.block_count"),
    ("embedding_length", "x.embedding_length"),
    ("head_count", "x.attention.head_count"),
    ("head_count_kv", "x.attention.head_count_kv"),
    ("sliding_window", "x.attention.sliding_window"),
    ("expert_count", "x.expert_count"),
    ("expert_used_count", "x.expert_used_count"),
    ("key_length", "x.attention.key_length"),
];
/// Kept beside the weights and the cache.
const OVERHEAD: u64 = 512 << 20;
/// The layers of all these models.
const LAYERS: u64 = 4;

struct Judged {
    stage: Stage,
    /// What the libraries say, by repository and file.
    facts: Map<String, Value>,
}

/// The repositories, served; and what Python says of them.
async fn judged() -> anyhow::Result<Judged> {
    let stage = Stage::new([], &[]).await?;
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("the folder's name")?;
    let facts = python.run(&stage.sandbox, "weight_files.py", &[path]).await?;
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        let mut repo = RepoBuilder::model(format!("acme/{}", entry.file_name().to_string_lossy()));
        for (name, content) in files_below(&entry.path(), "")? {
            repo = repo.file(name, content);
        }
        repo.write(&stage.sandbox.repos())?;
    }
    stage.hub.reload()?;
    let facts = facts.as_object().context("facts are an object")?.clone();
    Ok(Judged { stage, facts })
}

fn files_below(folder: &Path, prefix: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files_below(&entry.path(), &format!("{name}/"))?);
        } else {
            found.push((name, fs::read(entry.path())?));
        }
    }
    Ok(found)
}

impl Judged {
    async fn analyze(&self, repo: &str, query: &str) -> anyhow::Result<Value> {
        let path = format!("analyze/acme/{repo}{query}");
        let (status, answer) = self.stage.api().call(Method::GET, &path, None).await?;
        ensure!(status == 200, "{path}: {status} {answer}");
        Ok(answer)
    }

    /// What the libraries say of the files of a quantization.
    fn of_files(&self, repo: &str, quantization: &Value) -> anyhow::Result<Vec<&Value>> {
        let files = quantization["files"].as_array().context("no files")?;
        let fact = |file: &Value| self.facts.get(repo)?.get(file["path"].as_str()?);
        files.iter().map(|file| fact(file).with_context(|| format!("nothing is known of {file}"))).collect()
    }
}

/// A number stands for a list of one.
fn as_list(value: Value) -> Value {
    if value.is_array() { value } else { Value::Array(vec![value]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gguf_header_says_what_the_gguf_library_reads() -> anyhow::Result<()> {
    let judged = judged().await?;
    let repos: Vec<&String> = judged.facts.keys().filter(|repo| !repo.starts_with("tensors-")).collect();
    ensure!(repos.len() >= 7, "{repos:?}");
    for repo in repos {
        let answer = judged.analyze(repo, "").await?;
        ensure!(answer["type"] == "gguf", "{repo}: {}", answer["type"]);
        let quantizations = answer["gguf"]["quantizations"].as_array().context("no quantizations")?;
        let recommended = quantizations.iter().filter(|quantization| quantization["recommended"] == true);
        let [recommended] = recommended.collect::<Vec<_>>()[..] else { anyhow::bail!("{repo}: {quantizations:?}") };
        let facts = judged.of_files(repo, recommended)?;
        let fields = &facts[0]["fields"];
        let header = &answer["gguf"]["header"];
        let architecture = fields["general.architecture"].as_str().context("no architecture")?;
        for (field, key) in KEYS {
            let key = key.strip_prefix("x.").map_or_else(|| key.to_owned(), |rest| format!("{architecture}.{rest}"));
            let Some(expected) = fields.get(key.as_str()).cloned() else { continue };
            let expected = if field.starts_with("head_count") { as_list(expected) } else { expected };
            ensure!(header[field] == expected, "{repo} {field}: {} is not {expected}", header[field]);
        }
        let elements: u64 = facts.iter().filter_map(|fact| fact["elements"].as_u64()).sum();
        ensure!(header["parameters"] == json!(elements), "{repo}: {} is not {elements}", header["parameters"]);
        check_memory(&judged, repo, fields, architecture).await.context(repo.clone())?;
    }
    Ok(())
}

/// The cache of keys and values by its definition: f16 numbers for each head of each layer.
async fn check_memory(judged: &Judged, repo: &str, fields: &Value, architecture: &str) -> anyhow::Result<()> {
    let field = |name: &str| fields.get(format!("{architecture}.{name}").as_str());
    let width = field("embedding_length").and_then(Value::as_u64).context("no width")?;
    let heads = field("attention.head_count").and_then(Value::as_u64).context("no heads")?;
    let length = |name| field(name).and_then(Value::as_u64).unwrap_or(width / heads);
    let numbers = length("attention.key_length") + length("attention.value_length");
    let kv_heads = match field("attention.head_count_kv").context("no heads for keys")? {
        Value::Array(layers) => layers.iter().filter_map(Value::as_u64).sum(),
        heads => LAYERS * heads.as_u64().context("no number")?,
    };
    let per_token = 2 * kv_heads * numbers;
    for (query, context) in [("", 8192), ("?context=1000", 1000)] {
        let gguf = &judged.analyze(repo, query).await?["gguf"];
        ensure!(gguf["context"] == context, "{}", gguf["context"]);
        let told = &gguf["header"]["kv_cache_bytes_per_token"];
        ensure!(*told == json!(per_token), "{told} is not {per_token}");
        for quantization in gguf["quantizations"].as_array().context("no quantizations")? {
            let size = quantization["size"].as_u64().context("no size")?;
            let expected = size + per_token * context + OVERHEAD;
            ensure!(quantization["estimated_ram"] == json!(expected), "{quantization}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_gguf_item_is_downloaded_by_its_filter() -> anyhow::Result<()> {
    let judged = judged().await?;
    for repo in ["quants", "sharded", "moe"] {
        let answer = judged.analyze(repo, "").await?;
        let items = answer["selectable_items"].as_array().context("no items")?;
        ensure!(!items.is_empty(), "{repo} has nothing to choose");
        for item in items {
            let body = json!({ "repo": format!("acme/{repo}"), "filters": [item["filter_value"]] });
            let (_, plan) = judged.stage.api().call(Method::POST, "plan", Some(body)).await?;
            let planned = plan["files"].as_array().with_context(|| format!("{plan}"))?;
            let mut paths: Vec<&Value> = planned.iter().map(|file| &file["path"]).collect();
            paths.retain(|path| path.as_str().is_some_and(|path| path.ends_with(".gguf")));
            let wanted: Vec<&Value> = item["files"].as_array().context("no files")?.iter().collect();
            ensure!(paths == wanted, "{repo} {}: {paths:?} are not {wanted:?}", item["id"]);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_gguf_file_is_analysed_by_its_name() -> anyhow::Result<()> {
    let judged = judged().await?;
    let gguf = judged.analyze("broken", "").await?["gguf"].take();
    ensure!(gguf["header"].is_null() && gguf["quantizations"][0]["name"] == "Q4_0", "{gguf}");
    let note = gguf["notes"][0].as_str().context("no note")?;
    ensure!(note.contains("Tiny-Broken-Q4_0.gguf"), "{note}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_large_gguf_file_only_the_header_is_read() -> anyhow::Result<()> {
    let judged = judged().await?;
    let answer = judged.analyze("vocabulary", "").await?;
    let size = answer["gguf"]["quantizations"][0]["size"].as_u64().context("no size")?;
    let file = answer["gguf"]["quantizations"][0]["file"]["path"].as_str().context("no file")?;
    let sent = judged.stage.hub.bytes_sent(Origin::Cdn, file);
    ensure!(sent > 256 << 10 && sent < size, "{sent} of {size} bytes");
    Ok(())
}
