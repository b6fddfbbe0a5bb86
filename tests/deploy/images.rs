//! The Dockerfile and docker-compose.yml. `deploy/try-compose` runs them for real.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_yaml::{Mapping, Value};

/// What of ours a service runs, with the program's section in docs/configuration.md.
const PROGRAMS: [(&str, &str); 2] = [("api", "hfd-api"), ("worker", "hfd-worker")];

/// Has no program that could ask whether it is well.
const WITHOUT_HEALTHCHECK: &str = "otel-collector";

/// How long a worker may take to end, and some.
const DRAIN_SECONDS: u64 = 30;

#[test]
fn compose_sets_only_variables_that_the_program_knows() -> anyhow::Result<()> {
    let services = services()?;
    for (service, program) in PROGRAMS {
        let known = variables(program)?;
        for name in environment(&services[service])?.keys().filter(|name| name.starts_with("HFD_")) {
            ensure!(known.contains(name), "{service} sets {name}, which {program} does not know");
        }
    }
    let mut all = BTreeSet::from(["HFD_COMMIT".to_owned()]);
    for program in ["hfdownloader serve", "hfd-api", "hfd-worker"] {
        all.extend(variables(program)?);
    }
    for word in dockerfile()?.split([' ', '\n']).filter(|word| word.starts_with("HFD_") && word.contains('=')) {
        let name = word.split('=').next().unwrap_or_default();
        ensure!(all.contains(name), "the Dockerfile sets {name}, which no program knows");
    }
    Ok(())
}

#[test]
fn secrets_reach_the_services_as_files_alone() -> anyhow::Result<()> {
    for (service, content) in services()? {
        let mounted: BTreeSet<_> = list(&content["secrets"]).iter().map(secret_name).collect();
        for (name, value) in environment(&content)? {
            let is_secret = ["PASS", "PASSWORD", "TOKEN", "SECRET", "KEY"].iter().any(|end| name.ends_with(end));
            ensure!(!is_secret, "{service}: {name} is no file");
            let has_password = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            ensure!(!has_password, "{service}: there is a password in {name}");
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                ensure!(mounted.contains(secret), "{service}: {name} names a secret that is not mounted");
            } else {
                ensure!(!name.ends_with("_FILE"), "{service}: {name} is not among the secrets");
            }
        }
    }
    Ok(())
}

#[test]
fn the_secrets_are_made_once_and_only_their_owner_finds_them() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let secrets = folder.path().join("secrets");
    let make = || -> anyhow::Result<BTreeMap<String, String>> {
        let made = Command::new(root().join("deploy/compose/make-secrets")).arg(&secrets).output()?;
        ensure!(made.status.success(), "{made:?}");
        let names = fs::read_dir(&secrets)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names
            .map(|name: anyhow::Result<_>| {
                name.and_then(|name| Ok((name.clone(), fs::read_to_string(secrets.join(name))?)))
            })
            .collect()
    };
    let first = make()?;
    ensure!(first == make()?, "the second run has changed something");
    let wanted: BTreeSet<String> = match &compose()?["secrets"] {
        Value::Mapping(secrets) => secrets.keys().map(text).collect(),
        _ => BTreeSet::new(),
    };
    ensure!(first.keys().cloned().collect::<BTreeSet<_>>() == wanted, "made {:?}, wanted {wanted:?}", first.keys());
    ensure!(fs::metadata(&secrets)?.permissions().mode() & 0o777 == 0o700);
    for (name, content) in first {
        ensure!(name == "hub-token" || content.len() >= 40, "{name} can be guessed");
        // The containers' users are not the owner.
        ensure!(fs::metadata(secrets.join(&name))?.permissions().mode() & 0o004 != 0, "{name}");
    }
    Ok(())
}

#[test]
fn every_service_is_confined_limited_and_watched() -> anyhow::Result<()> {
    let dockerfile = dockerfile()?;
    for (service, content) in services()? {
        let limits = &content["deploy"]["resources"]["limits"];
        ensure!(!limits["cpus"].is_null() && !limits["memory"].is_null(), "{service} has no limits");
        ensure!(content["read_only"] == true, "{service} may write to its root");
        ensure!(content["cap_drop"] == Value::from(vec!["ALL"]), "{service} has capabilities");
        ensure!(
            content["security_opt"] == Value::from(vec!["no-new-privileges:true"]),
            "{service} may get more rights"
        );
        ensure!(content["container_name"].is_null(), "{service} cannot be scaled");
        let watched = match text(&content["build"]["target"]).as_str() {
            "" => !content["healthcheck"]["test"].is_null(),
            target => stage(&dockerfile, target)?.contains("HEALTHCHECK"),
        };
        ensure!(watched || service == WITHOUT_HEALTHCHECK, "nobody sees whether {service} is well");
    }
    let worker = &services()?["worker"];
    let grace = text(&worker["stop_grace_period"]).trim_end_matches('s').parse::<u64>()?;
    ensure!(grace >= DRAIN_SECONDS, "a worker is killed while it drains");
    ensure!(worker["ports"].is_null(), "workers cannot share a port of the machine");
    Ok(())
}

#[test]
fn images_are_named_by_a_version_and_ours_by_this_one() -> anyhow::Result<()> {
    for (service, content) in services()? {
        let image = with_defaults(&text(&content["image"]));
        let (_, tag) = image.rsplit_once(':').with_context(|| format!("{service}: {image} has no version"))?;
        ensure!(tag.starts_with(|first: char| first.is_ascii_digit() || first == 'v'), "{service}: {image}");
        let is_current = content["build"].is_null() || tag == env!("CARGO_PKG_VERSION");
        ensure!(is_current, "{service}: {image} is not {}", env!("CARGO_PKG_VERSION"));
    }
    let toolchain = read("rust-toolchain.toml")?;
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")).context("no channel")?;
    let image = format!("ARG RUST_IMAGE=rust:{}-", channel.trim_end_matches('"'));
    ensure!(dockerfile()?.contains(&image), "the Dockerfile builds with another Rust than {channel}");
    Ok(())
}

#[test]
fn images_have_a_user_and_the_build_gets_all_that_it_copies() -> anyhow::Result<()> {
    let dockerfile = dockerfile()?;
    ensure!(stage(&dockerfile, "runtime")?.contains("\nUSER 10001:10001\n"), "the images run as root");
    for target in ["api", "worker", "single"] {
        let stage = stage(&dockerfile, target)?;
        ensure!(stage.starts_with("FROM runtime ") && !stage.contains("\nUSER"), "{target} runs as somebody else");
    }
    let ignore = read(".dockerignore")?;
    let allowed: Vec<_> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let copied =
        dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.contains("--from"));
    for source in copied.flat_map(|line| line.split(' ').rev().skip(1)) {
        ensure!(root().join(source).exists(), "the Dockerfile copies {source}, which is not there");
        let is_sent = |allowed: &&str| {
            source == *allowed
                || source.starts_with(&format!("{allowed}/"))
                || allowed.starts_with(&format!("{source}/"))
        };
        ensure!(allowed.iter().any(is_sent), ".dockerignore keeps {source} from the build");
    }
    let manifest = read("Cargo.toml")?;
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).context("no members")?;
    for member in members.trim_end_matches(']').split(", ").map(|member| member.trim_matches('"')) {
        let copy = format!("COPY {member}/Cargo.toml {member}/\n");
        ensure!(dockerfile.contains(&copy), "the dependencies are built without {member}/Cargo.toml");
        let source = format!("COPY {member} {member}\n");
        ensure!(dockerfile.contains(&source), "nothing is built from {member}");
    }
    Ok(())
}

/// Cargo refuses a manifest that names a target whose source it cannot guess from what is there.
#[test]
fn the_dependencies_can_be_built_without_our_sources() -> anyhow::Result<()> {
    let dockerfile = dockerfile()?;
    let stage = stage(&dockerfile, "dependencies")?;
    let folder = tempfile::tempdir()?;
    for copied in stage.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let words: Vec<_> = copied.split(' ').collect();
        let (target, sources) = words.split_last().context("a COPY of nothing")?;
        for source in sources.iter().filter(|source| source.contains("Cargo.")) {
            fs::create_dir_all(folder.path().join(target))?;
            fs::copy(root().join(source), folder.path().join(source))?;
        }
    }
    let (_, script) = stage.split_once("for package in ").context("no empty programs")?;
    let (script, _) = script.split_once("done").context("the loop has no end")?;
    let script = format!("for package in {}done", script.replace("\\\n", " "));
    ensure!(Command::new("sh").args(["-euc", &script]).current_dir(&folder).status()?.success(), "{script}");
    // What a build does first. All that it gets is there already after a build of the whole workspace.
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(["fetch", "--locked", "--target", "host-tuple"]).current_dir(&folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("reading {path}"))
}

fn dockerfile() -> anyhow::Result<String> {
    read("deploy/docker/Dockerfile")
}

/// The lines of one stage of the Dockerfile.
fn stage<'a>(dockerfile: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let stages = dockerfile.match_indices("\nFROM ").map(|(at, _)| &dockerfile[at + 1..]);
    let mut found =
        stages.filter(|text| text.lines().next().is_some_and(|from| from.ends_with(&format!(" AS {name}"))));
    let text = found.next().with_context(|| format!("no stage {name}"))?;
    Ok(text.find("\nFROM ").map_or(text, |end| &text[..=end]))
}

fn compose() -> anyhow::Result<Value> {
    let mut compose: Value = serde_yaml::from_str(&read("docker-compose.yml")?)?;
    // What is merged merges in turn.
    compose.apply_merge()?;
    compose.apply_merge()?;
    Ok(compose)
}

fn services() -> anyhow::Result<BTreeMap<String, Value>> {
    let compose = compose()?;
    let services = compose["services"].as_mapping().context("no services")?;
    Ok(services.iter().map(|(name, content)| (text(name), content.clone())).collect())
}

fn environment(service: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    let none = Mapping::new();
    let variables = match &service["environment"] {
        Value::Null => &none,
        given => given.as_mapping().context("an environment that is no map")?,
    };
    Ok(variables.iter().map(|(name, value)| (text(name), with_defaults(&text(value)))).collect())
}

/// The variables of a program, as docs/configuration.md lists them.
fn variables(program: &str) -> anyhow::Result<Vec<String>> {
    let page = read("docs/configuration.md")?;
    let head = format!("## `{program}`\n");
    let (_, section) = page.split_once(&head).with_context(|| format!("no section {head}"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let variables: Vec<_> = section.split('`').filter(|word| word.starts_with("HFD_")).map(str::to_owned).collect();
    ensure!(!variables.is_empty(), "{program} has no variables");
    Ok(variables)
}

fn list(value: &Value) -> &[Value] {
    value.as_sequence().map_or(&[], Vec::as_slice)
}

fn secret_name(secret: &Value) -> String {
    if secret.is_mapping() { text(&secret["source"]) } else { text(secret) }
}

/// A scalar as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// What `${NAME:-default}` stands for when nothing is set.
fn with_defaults(text: &str) -> String {
    let Some((before, (variable, after))) =
        text.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return text.to_owned();
    };
    let default = variable.split_once(":-").map_or("", |(_, default)| default);
    format!("{before}{default}{}", with_defaults(after))
}
