//! `/api/cache`: what is shown, and that nothing outside is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use hfd_shared::job::{Event, Outcome, Work, WorkKind};
use hfd_shared::ports::{JobQuery, JobStore as _};
use hfd_tests::wait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Server, Setup};

/// A server over a cache that holds `owner/name` with `main` and a pull request, `gpt2`, and the dataset `gpt2`.
struct Stage {
    server: Server,
    folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("hub");
        put(&cache, "models--owner--name", &commit(1), &["main"], &[("config.json", "1"), ("a/b.txt", "12")]);
        put(&cache, "models--owner--name", &commit(2), &["refs/pr/1"], &[("config.json", "1")]);
        put(&cache, "models--owner--name", &commit(3), &[], &[("c.json", "123")]);
        put(&cache, "models--gpt2", &commit(1), &["main"], &[("x", "model")]);
        put(&cache, "datasets--gpt2", &commit(1), &["main"], &[("x", "a dataset")]);
        fs::create_dir_all(cache.join("spaces--owner--name/snapshots")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        put(&folder.path().join("outside"), "models--evil--twin", &commit(1), &["main"], &[("secret", "secret")]);
        let server = Server::start_with(Setup { cache_dir: cache, ..Setup::default() }).await;
        Self { server, folder }
    }
}

fn commit(digit: u8) -> String {
    format!("{digit:02x}").repeat(20)
}

/// Puts a revision into a cache by hand; contents are named by themselves.
fn put(cache: &Path, repo: &str, commit: &str, refs: &[&str], files: &[(&str, &str)]) {
    let folder = cache.join(repo);
    fs::create_dir_all(folder.join("blobs")).unwrap();
    for (path, content) in files {
        let blob = format!("{:0>40}", hex(content));
        fs::write(folder.join("blobs").join(&blob), content).unwrap();
        let link = folder.join("snapshots").join(commit).join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(format!("{}blobs/{blob}", "../".repeat(path.matches('/').count() + 2)), link).unwrap();
    }
    for name in refs {
        let path = folder.join("refs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, commit).unwrap();
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn repos(list: &Value) -> Vec<String> {
    let name = |repo: &Value| format!("{} {}", repo["type"].as_str().unwrap(), repo["repo"].as_str().unwrap());
    list["repos"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn the_list_shows_models_and_datasets_with_their_sums() {
    let stage = Stage::new().await;
    let (status, list) = stage.server.get("/api/cache").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(repos(&list), ["model gpt2", "model owner/name", "dataset gpt2"]);
    let cache = stage.folder.path().join("hub");
    assert_eq!((&list["count"], &list["totalSize"]), (&json!(3), &json!(5 + 6 + 9)));
    assert_eq!(list["cacheDir"], json!(cache));
    let volume = |name: &str| list["volume"][name].as_u64().unwrap();
    assert!(volume("totalBytes") > volume("freeBytes") && volume("freeBytes") > 0, "{}", list["volume"]);
    let model = &list["repos"][1];
    assert_eq!(model["path"], json!(cache.join("models--owner--name")));
    assert_eq!((&model["size"], &model["files"], &model["snapshots"]), (&json!(6), &json!(3), &json!(3)));
    assert_eq!((&model["sizeHuman"], &model["warnings"]), (&json!("6 B"), &json!([])));
    assert!(model["lastUsed"].is_string() && model["lastModified"].is_string());
    for (query, expected) in [
        ("?type=dataset", vec!["dataset gpt2"]),
        ("?type=model&search=GPT", vec!["model gpt2"]),
        ("?search=owner/na", vec!["model owner/name"]),
        ("?search=nothing", vec![]),
    ] {
        let (status, list) = stage.server.get(&format!("/api/cache{query}")).await;
        assert_eq!((status, repos(&list)), (StatusCode::OK, expected.into_iter().map(str::to_owned).collect()));
    }
    assert_eq!(stage.server.get("/api/cache?type=space").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_repository_is_shown_with_its_revisions_and_their_files() {
    let stage = Stage::new().await;
    let (status, repo) = stage.server.get("/api/cache/owner/name").await;
    assert_eq!(status, StatusCode::OK, "{repo}");
    assert_eq!(repo["snapshots"], json!(["main", "refs/pr/1", commit(3)]));
    let revision = |index: usize| &repo["revisions"][index];
    assert_eq!((&revision(0)["commit"], &revision(0)["refs"]), (&json!(commit(1)), &json!(["main"])));
    assert_eq!((&revision(0)["state"], &revision(0)["missingFiles"]), (&json!("unknown"), &Value::Null));
    assert_eq!((&revision(0)["fileCount"], &revision(0)["size"]), (&json!(2), &json!(3)));
    assert_eq!(revision(0)["files"], json!([]), "only where they are asked for");

    let (_, main) = stage.server.get("/api/cache/owner%2Fname?revision=main&limit=1").await;
    assert_eq!(main["revisions"].as_array().unwrap().len(), 1);
    let page = &main["revisions"][0];
    assert_eq!(page["files"], json!([{ "path": "a/b.txt", "size": 2, "blob": format!("{:0>40}", hex("12")) }]));
    assert_eq!(page["nextOffset"], json!(1));
    let (_, rest) = stage.server.get(&format!("/api/cache/owner/name?revision={}&offset=1", commit(1))).await;
    assert_eq!(rest["revisions"][0]["files"][0]["path"], json!("config.json"));
    assert_eq!(rest["revisions"][0]["nextOffset"], Value::Null);

    let kind = async |path: &str| stage.server.get(path).await.1["type"].clone();
    assert_eq!(kind("/api/cache/gpt2").await, json!("model"));
    assert_eq!(kind("/api/cache/gpt2?type=dataset").await, json!("dataset"));
    for (path, error) in [
        ("/api/cache/no/such", "Repository not found in cache"),
        ("/api/cache/owner/name?type=dataset", "Repository not found in cache"),
        ("/api/cache/owner/name?revision=v9", "Revision not found in cache"),
        (&format!("/api/cache/owner/name?revision={}", commit(9)), "Revision not found in cache"),
    ] {
        let (status, answer) = stage.server.get(path).await;
        assert_eq!((status, &answer["error"]), (StatusCode::NOT_FOUND, &json!(error)), "{path}");
    }
}

#[tokio::test]
async fn nothing_outside_the_cache_is_shown_or_removed() {
    let stage = Stage::new().await;
    let cache = stage.folder.path().join("hub");
    let outside = stage.folder.path().join("outside/models--evil--twin");
    symlink(&outside, cache.join("models--evil--twin")).unwrap();
    symlink("../../../../../secret", cache.join("models--gpt2/snapshots").join(commit(1)).join("leak")).unwrap();
    symlink(&outside, cache.join("models--gpt2/snapshots").join(commit(9))).unwrap();
    let mut paths = vec![
        "/api/cache/evil/twin".to_owned(),
        format!("/api/cache/gpt2?revision={}", commit(9)),
        "/api/cache/gpt2?revision=..%2F..%2Foutside".to_owned(),
        "/api/cache/owner/name%00".to_owned(),
        "/api/cache/owner--name".to_owned(),
        "/api/cache/%2Fetc%2Fpasswd".to_owned(),
    ];
    for depth in 1..=6 {
        for up in ["..%2F", "%2E%2E%2F", "..%5C", "%252E%252E%252F"] {
            paths.push(format!("/api/cache/{}outside", up.repeat(depth)));
            paths.push(format!("/api/cache/owner/{}secret", up.repeat(depth)));
            paths.push(format!("/api/cache/gpt2{}outside", up.repeat(depth)));
        }
    }
    for path in paths {
        for method in [Method::GET, Method::DELETE, Method::POST] {
            let path = if method == Method::POST { format!("{path}/verify") } else { path.clone() };
            let (status, body) = stage.server.send(method.clone(), &path).await;
            assert!(status.is_client_error(), "{method} {path}: {status} {body}");
        }
    }
    let (_, gpt2) = stage.server.get("/api/cache/gpt2?revision=main").await;
    assert_eq!(gpt2["size"], json!(5), "{gpt2}");
    assert!(!gpt2.to_string().contains("secret"), "{gpt2}");
    assert_eq!(gpt2["warnings"].as_array().unwrap().len(), 2, "{gpt2}");
    assert!(outside.join("refs/main").exists());
    assert!(stage.server.store.list(JobQuery::default()).await.unwrap().snapshots.is_empty(), "no job was made");
}

#[tokio::test]
async fn a_removal_is_awaited_and_refused_while_a_job_uses_the_repository() {
    let stage = Stage::new().await;
    let job = stage.server.submit("owner/name").await;
    let (status, refused) = stage.server.send(Method::DELETE, "/api/cache/owner/name").await;
    assert_eq!((status, &refused["error"]), (StatusCode::CONFLICT, &json!("Repository in use")));
    assert!(refused["details"].as_str().unwrap().contains(&job.to_string()), "{refused}");
    stage.server.jobs.cancel(job).await.unwrap();

    let removal = stage.server.send(Method::DELETE, "/api/cache/owner/name?revision=main");
    let worker = async {
        let query = || JobQuery { kind: Some(WorkKind::Remove), ..JobQuery::default() };
        let find = async || {
            let jobs = stage.server.store.list(query()).await?.snapshots;
            Ok(jobs
                .into_iter()
                .map(|found| found.job)
                .find(|job| !job.status.is_terminal() && job.started_at.is_some()))
        };
        let job = wait::until("the job", wait::LIMIT, find).await.unwrap();
        assert!(matches!(job.request.work, Work::Remove(_)) && job.request.revision.as_str() == "main");
        let mut outcome = Outcome::default();
        outcome.remove("models--owner--name/refs/main".to_owned(), 7);
        stage.server.apply(job.id, &Event::Complete { epoch: job.epoch, outcome: Some(outcome) }).await;
    };
    let ((status, removed), ()) = tokio::join!(removal, worker);
    assert_eq!(status, StatusCode::OK, "{removed}");
    assert_eq!(removed["success"], json!(true));
    assert_eq!(removed["freedBytes"], json!(7));
    assert_eq!(removed["removed"], json!(["models--owner--name/refs/main"]));
}

/// All of a repository would go otherwise, or the model instead of the dataset.
#[tokio::test]
async fn a_slip_in_a_removal_removes_nothing() {
    let stage = Stage::new().await;
    for (path, status, error) in [
        ("owner/name?revision=", 404, "Revision not found in cache"),
        ("owner%2Fname?revision=", 404, "Revision not found in cache"),
        ("owner/name?revison=main", 400, "Invalid parameter"),
        ("owner/name?revision=main&Revision=v1", 400, "Invalid parameter"),
        ("gpt2?typ=dataset", 400, "Invalid parameter"),
        ("gpt2?type=", 400, "Invalid parameter"),
    ] {
        let (answered, body) = stage.server.send(Method::DELETE, &format!("/api/cache/{path}")).await;
        assert_eq!((answered.as_u16(), &body["error"]), (status, &json!(error)), "{path}: {body}");
    }
    assert!(stage.server.store.list(JobQuery::default()).await.unwrap().snapshots.is_empty(), "no job was made");
}

#[tokio::test]
async fn a_dry_run_of_a_prune_needs_no_worker() {
    let stage = Stage::new().await;
    let blob = stage.folder.path().join("hub/models--gpt2/blobs").join("ab".repeat(20));
    fs::write(&blob, "unlinked").unwrap();
    let (status, pruned) = stage.server.post("/api/cache/prune", json!({ "dryRun": true })).await;
    assert_eq!(status, StatusCode::OK, "{pruned}");
    let path = format!("models--gpt2/blobs/{}", "ab".repeat(20));
    assert_eq!(pruned["removed"], json!([path]));
    assert_eq!(pruned["unused"], json!([{ "path": path, "kind": "blob", "size": 8 }]));
    assert_eq!((&pruned["freedBytes"], &pruned["dryRun"]), (&json!(8), &json!(true)));
    assert!(blob.exists());
    for (body, expected) in [
        (json!({ "dryRun": true, "repo": "owner/name" }), StatusCode::OK),
        (json!({ "dryRun": true, "type": "dataset" }), StatusCode::OK),
        (json!({ "repo": "../x" }), StatusCode::BAD_REQUEST),
        (json!({ "type": "space" }), StatusCode::BAD_REQUEST),
        (json!({ "dryrun": true }), StatusCode::BAD_REQUEST),
    ] {
        let (status, answer) = stage.server.post("/api/cache/prune", body.clone()).await;
        assert_eq!(status, expected, "{body}: {answer}");
        if status == StatusCode::OK {
            assert_eq!(answer["removed"], json!([]), "{body}");
        }
    }
}

/// As in a cluster whose API does not mount the volume: nobody there could make room otherwise.
#[tokio::test]
async fn without_a_view_of_the_volume_changes_of_a_named_repository_are_left_to_the_workers() {
    let stage = Stage::new().await;
    let unmounted = stage.folder.path().join("hub");
    fs::remove_dir_all(&unmounted).unwrap();
    fs::create_dir(&unmounted).unwrap();
    let removal = stage.server.send(Method::DELETE, "/api/cache/owner/name").await;
    let verification = stage.server.send(Method::POST, "/api/cache/owner/name/verify").await;
    let prune = stage.server.post("/api/cache/prune", json!({})).await;
    for (status, refused) in [removal, verification, prune] {
        assert_eq!((status.as_u16(), &refused["error"]), (503, &json!("No view of the cache")), "{refused}");
    }
    let (_, list) = stage.server.get("/api/cache").await;
    assert_eq!(list["volume"], Value::Null, "the space is that of another volume");
    let (status, verified) = stage.server.send(Method::POST, "/api/cache/owner/name/verify?type=dataset").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{verified}");
    let jobs = stage.server.store.list(JobQuery::default()).await.unwrap().snapshots;
    assert_eq!(
        jobs.iter().map(|found| found.job.request.repo.to_string()).collect::<Vec<_>>(),
        ["datasets/owner/name"]
    );
}
