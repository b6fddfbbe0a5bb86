//! The analysis of repositories that the field's own libraries made says what these libraries say of them.
//!
//! `make fixtures` makes them, and `expected.json` beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// By repository: the type, and the facts of each section.
type Expected = BTreeMap<String, Map<String, Value>>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos")
}

fn expected() -> anyhow::Result<Expected> {
    let expected: Expected = serde_json::from_slice(&fs::read(fixtures().join("expected.json"))?)?;
    ensure!(expected.len() >= 19, "{:?}", expected.keys());
    Ok(expected)
}

fn is_dataset(facts: &Map<String, Value>) -> bool {
    facts.get("type") == Some(&json!("dataset"))
}

/// All repositories, served.
async fn stage(expected: &Expected) -> anyhow::Result<Stage> {
    let repo = |(name, facts): (&String, &Map<String, Value>)| {
        let id = format!("acme/{name}");
        let repo = if is_dataset(facts) { RepoBuilder::dataset(id) } else { RepoBuilder::model(id) };
        repo.folder(&fixtures().join(name))
    };
    let repos: Vec<RepoBuilder> = expected.iter().map(repo).collect::<anyhow::Result<_>>()?;
    Stage::new(repos, &[]).await
}

async fn analyze(stage: &Stage, name: &str) -> anyhow::Result<Value> {
    let path = format!("analyze/acme/{name}");
    let (status, answer) = stage.api().call(Method::GET, &path, None).await?;
    ensure!(status == 200, "{path}: {status} {answer}");
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_type_is_told_with_the_facts_of_its_own_library() -> anyhow::Result<()> {
    let expected = expected()?;
    let stage = stage(&expected).await?;
    let mut wrong = Vec::new();
    for (name, facts) in &expected {
        let answer = analyze(&stage, name).await?;
        for (section, facts) in facts {
            let found = &answer[section];
            let same = if section == "type" {
                vec![(section.clone(), found.clone(), facts.clone())]
            } else {
                pairs(section, found, facts)?
            };
            let differs = same.into_iter().filter(|(_, found, expected)| !equal(found, expected));
            wrong.extend(
                differs.map(|(field, found, expected)| format!("{name} {section}.{field}: {found} is not {expected}")),
            );
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Whether two values are the same; numbers by their value, `8` and `8.0` alike.
fn equal(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
        _ => found == expected,
    }
}

/// What was found and what was expected, by field.
fn pairs(section: &str, found: &Value, facts: &Value) -> anyhow::Result<Vec<(String, Value, Value)>> {
    let facts = facts.as_object().context("facts are an object")?;
    let mut pairs = Vec::new();
    for (field, expected) in facts {
        let (found, expected) = match (section, field.as_str()) {
            ("transformers", "parameters") => {
                pairs.push(("parameters_exact".to_owned(), found["parameters_exact"].clone(), json!(true)));
                (found["estimated_parameters_num"].clone(), expected.clone())
            }
            ("transformers", "dtype") => (found["torch_dtype"].clone(), expected.clone()),
            ("lora", "target_modules") => (sorted(&found[field])?, expected.clone()),
            ("diffusers", "components") => {
                (table(&found[field], &["name", "library", "class_name"])?, expected.clone())
            }
            ("onnx", "models") => (
                sorted(&table(&found[field], &["path", "variant", "size"])?)?,
                sorted(&table(expected, &["path", "variant", "size"])?)?,
            ),
            ("dataset", "configs") => (splits_of_configs(&found["config_details"])?, expected.clone()),
            _ => (found[field].clone(), expected.clone()),
        };
        pairs.push((field.clone(), found, expected));
    }
    Ok(pairs)
}

/// Some fields of each entry of a list.
fn table(list: &Value, fields: &[&str]) -> anyhow::Result<Value> {
    let rows = list.as_array().with_context(|| format!("{list} is no list"))?;
    Ok(rows.iter().map(|row| fields.iter().map(|field| row[*field].clone()).collect::<Value>()).collect())
}

fn sorted(list: &Value) -> anyhow::Result<Value> {
    let mut list = list.as_array().with_context(|| format!("{list} is no list"))?.clone();
    list.sort_by_key(ToString::to_string);
    Ok(Value::Array(list))
}

/// The files of each split of each configuration.
fn splits_of_configs(details: &Value) -> anyhow::Result<Value> {
    let mut configs = Map::new();
    for config in details.as_array().context("config_details is no list")? {
        let mut splits = Map::new();
        for split in config["splits"].as_array().context("splits is no list")? {
            splits.insert(split["name"].as_str().context("no name")?.to_owned(), sorted(&split["files"])?);
        }
        configs.insert(config["name"].as_str().context("no name")?.to_owned(), Value::Object(splits));
    }
    Ok(Value::Object(configs))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_with_the_filter_of_an_item_takes_its_files_and_no_other_weights() -> anyhow::Result<()> {
    let expected = expected()?;
    let stage = stage(&expected).await?;
    let mut tried = 0;
    for (name, facts) in &expected {
        let answer = analyze(&stage, name).await?;
        for item in answer["selectable_items"].as_array().context("no items")? {
            let wanted: BTreeSet<&str> =
                item["files"].as_array().context("no files")?.iter().filter_map(Value::as_str).collect();
            let request = json!({ "repo": format!("acme/{name}"), "dataset": is_dataset(facts), "dryRun": true,
                "filters": [item["filter_value"]] });
            let (status, plan) = stage.api().call(Method::POST, "download", Some(request)).await?;
            ensure!(status == 200, "{name} {item}: {status} {plan}");
            let files = plan["files"].as_array().context("no plan")?;
            let taken: BTreeSet<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
            let large = files.iter().filter(|file| file["lfs"] == true).filter_map(|file| file["path"].as_str());
            ensure!(taken.is_superset(&wanted), "{name} {item}: {taken:?}");
            ensure!(large.clone().all(|path| wanted.contains(path)), "{name} {item}: {:?}", large.collect::<Vec<_>>());
            tried += 1;
        }
    }
    ensure!(tried >= 10, "only {tried} items");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_headers_parameters_are_estimated_close_to_the_true_number() -> anyhow::Result<()> {
    let expected = expected()?;
    let names = ["llama", "mixtral", "mistral"];
    let without = |name: &&str| -> anyhow::Result<RepoBuilder> {
        let config = fs::read(fixtures().join(name).join("config.json"))?;
        Ok(RepoBuilder::model(format!("acme/{name}")).file("config.json", config).file("pytorch_model.bin", "weights"))
    };
    let stage = Stage::new(names.iter().map(without).collect::<anyhow::Result<Vec<_>>>()?, &[]).await?;
    for name in names {
        let found = &analyze(&stage, name).await?["transformers"];
        ensure!(found["parameters_exact"] == false, "{name}: {found}");
        let estimate = found["estimated_parameters_num"].as_f64().with_context(|| format!("{name}: no estimate"))?;
        let exact = expected[name]["transformers"]["parameters"].as_f64().context("no number")?;
        ensure!((estimate / exact - 1.0).abs() < 0.05, "{name}: {estimate} is not close to {exact}");
    }
    Ok(())
}
