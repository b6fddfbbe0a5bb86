//! `GET /api/analyze/…`, against the fake Hub

use hfd_tests::fake_hub::{Effect, FakeHub, Fault, HttpMethod, HubConfig, Matcher, RepoBuilder, RepoKind};
use hfd_tests::wait::{LIMIT, until_true};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Server, Setup};

struct World {
    server: Server,
    hub: FakeHub,
    _root: TempDir,
}

async fn world() -> World {
    let root = tempfile::tempdir().unwrap();
    let repos = [
        RepoBuilder::model("owner/model")
            .file("config.json", "{}")
            .file("sub/notes.txt", "hello")
            .random_file("tiny.Q4_K_M.gguf", 3 << 20, 1)
            .tag("v1.0")
            .file("README.md", "first"),
        RepoBuilder::model("owner/both").file("a.txt", "a"),
        RepoBuilder::dataset("owner/both").file("b.txt", "b"),
        RepoBuilder::dataset("owner/data").file("data.csv", "a,b\n1,2\n"),
        RepoBuilder::model("old").file("a.txt", "a"),
        RepoBuilder::model("owner/gated").file("config.json", "{}").gated(),
    ];
    for repo in repos {
        repo.write(root.path()).unwrap();
    }
    let hub = FakeHub::start(HubConfig::new(root.path())).unwrap();
    let server = Server::start_with(Setup { hub: hub.url().to_owned(), ..Setup::default() }).await;
    World { server, hub, _root: root }
}

impl World {
    async fn ok(&self, path: &str) -> Value {
        let (status, answer) = self.server.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    fn commit(&self, revision: &str) -> String {
        self.hub.commit(RepoKind::Model, "owner/model", revision).unwrap()
    }
}

#[tokio::test]
async fn an_analysis_has_the_documented_fields() {
    let world = world().await;
    let answer = world.ok("/api/analyze/owner/model").await;
    let size = (3 << 20) + 7;
    for (field, value) in [
        ("repo", json!("owner/model")),
        ("is_dataset", json!(false)),
        ("type", json!("gguf")),
        ("type_description", json!("GGUF Model")),
        ("file_count", json!(3)),
        ("total_size", json!(size)),
        ("total_size_human", json!("3.0 MiB")),
        ("branch", json!("main")),
        ("commit", json!(world.commit("main"))),
        (
            "refs",
            json!([
                { "name": "main", "type": "branch", "commit": world.commit("main") },
                { "name": "v1.0", "type": "tag", "commit": world.commit("v1.0") },
            ]),
        ),
        ("cli_command", json!("hfdownloader download owner/model")),
    ] {
        assert_eq!(answer[field], value, "{field}");
    }
    let notes = json!({ "name": "notes.txt", "path": "sub/notes.txt", "directory": "sub", "size": 5, "size_human": "5 B",
        "lfs": false, "is_lfs": false });
    assert_eq!(answer["files"][1], notes);
    let served = world.hub.files(RepoKind::Model, "owner/model", "main");
    assert_eq!(answer["files"][2]["sha256"], json!(served[2].etag));
    assert_eq!(answer["gguf"]["quantizations"][0]["name"], "Q4_K_M");
    let note = answer["gguf"]["notes"][0].as_str().unwrap();
    assert!(note.contains("tiny.Q4_K_M.gguf"), "its bytes are random: {note}");
    let moment = answer["analyzed_at"].as_str().unwrap();
    assert!(moment.ends_with('Z') && !moment.contains('.'), "{moment}");
}

#[tokio::test]
async fn a_revision_is_a_tag_or_a_commit() {
    let world = world().await;
    let commit = world.commit("v1.0");
    for revision in ["v1.0", &commit] {
        let answer = world.ok(&format!("/api/analyze/owner/model?revision={revision}")).await;
        assert_eq!((&answer["branch"], &answer["commit"]), (&json!(revision), &json!(commit)));
        assert_eq!((&answer["type"], &answer["files"][0]["path"]), (&json!("generic"), &json!("README.md")));
    }
}

#[tokio::test]
async fn a_model_and_a_dataset_of_one_name_need_a_selection() {
    let world = world().await;
    let expected = json!({
        "needsSelection": true,
        "repo": "owner/both",
        "message": "This repository exists as both a model and a dataset. Please select which one you want to analyze.",
        "options": ["model", "dataset"],
    });
    assert_eq!(world.ok("/api/analyze/owner/both").await, expected);
    for (query, is_dataset, file) in
        [("dataset=true", true, "b.txt"), ("type=dataset", true, "b.txt"), ("type=model", false, "a.txt")]
    {
        let answer = world.ok(&format!("/api/analyze/owner/both?{query}")).await;
        assert_eq!((&answer["is_dataset"], &answer["files"][0]["path"]), (&json!(is_dataset), &json!(file)), "{query}");
    }
}

#[tokio::test]
async fn what_there_is_is_found_without_being_told_the_type() {
    let world = world().await;
    let answer = world.ok("/api/analyze/owner/data").await;
    assert_eq!((&answer["type"], &answer["is_dataset"]), (&json!("dataset"), &json!(true)));
    assert_eq!(world.ok("/api/analyze/old").await["repo"], "old");
    assert_eq!(world.ok("/api/analyze/owner%2Fdata").await["repo"], "owner/data");
}

#[tokio::test]
async fn a_failed_analysis_tells_its_reason() {
    let world = world().await;
    for (path, status, says) in [
        ("owner/absent", 404, "404: repository not found: owner/absent"),
        ("owner/absent?dataset=true", 404, "404: repository not found: "),
        ("owner/data?type=model", 404, "404: repository not found: "),
        ("owner/model?revision=v9", 404, "404: revision not found: "),
        ("owner/gated", 403, "gated"),
    ] {
        let (got, answer) = world.server.get(&format!("/api/analyze/{path}")).await;
        assert_eq!((got.as_u16(), &answer["error"]), (status, &json!("Analysis failed")), "{path}: {answer}");
        assert!(answer["details"].as_str().unwrap().contains(says), "{answer}");
    }
}

#[tokio::test]
async fn a_hub_in_trouble_fails_the_analysis_and_is_not_remembered() {
    let world = world().await;
    for (effect, status) in [(Effect::Status { code: 500 }, 502), (Effect::RetryAfter { seconds: 1 }, 429)] {
        world.hub.inject(Fault::new(effect).on(Matcher::api()).always());
        let (got, answer) = world.server.get("/api/analyze/owner/model").await;
        assert_eq!((got.as_u16(), &answer["error"]), (status, &json!("Analysis failed")), "{answer}");
        world.hub.clear_faults();
    }
}

#[tokio::test]
async fn what_is_left_out_for_a_passing_fault_is_looked_at_again() {
    let world = world().await;
    let content = Matcher::data().method(HttpMethod::Get).file("tiny.Q4_K_M.gguf");
    world.hub.inject(Fault::new(Effect::Status { code: 403 }).on(content).always());
    let note = |answer: Value| answer["gguf"]["notes"][0].as_str().unwrap().to_owned();
    let refused = note(world.ok("/api/analyze/owner/model").await);
    assert!(refused.contains("403"), "{refused}");
    world.hub.clear_faults();
    let read = note(world.ok("/api/analyze/owner/model").await);
    assert!(read.contains("not a GGUF header"), "{read}");
}

#[tokio::test]
async fn names_that_no_repository_has_never_reach_the_hub() {
    let world = world().await;
    for path in ["a/..%2F..%2Fwhoami", "%2e%2e%2f%2e%2e", "..%2fb", "a%20b/c", "a/b%3Fc", "a/-b-", "a%2Fb%2Fc"] {
        let (status, answer) = world.server.get(&format!("/api/analyze/{path}")).await;
        let expected = json!({ "error": "Invalid repo format", "details": "Expected owner/name" });
        assert_eq!((status.as_u16(), answer), (400, expected), "{path}");
    }
    for query in ["revision=a..b", "context=0", "context=x", "type=space", "dataset=true&type=model"] {
        let (status, answer) = world.server.get(&format!("/api/analyze/owner/model?{query}")).await;
        assert_eq!(status.as_u16(), 400, "{query}: {answer}");
    }
    assert_eq!(world.hub.requests().len(), 0);
}

#[tokio::test]
async fn a_commit_is_looked_into_once_but_access_is_always_checked() {
    let world = world().await;
    let analyses = (0..8).map(|_| world.ok("/api/analyze/owner/model?type=model"));
    futures_util::future::join_all(analyses).await;
    let asked = |part: &str| world.hub.requests().iter().filter(|request| request.path.contains(part)).count();
    assert_eq!((asked("/tree/"), asked(&format!("/owner/model/resolve/{}/config.json", world.commit("main")))), (1, 1));
    assert_eq!((asked("/revision/"), asked("/refs")), (8, 8));
    world.hub.inject(Fault::new(Effect::Status { code: 404 }).on(Matcher::api()).always());
    let (status, _) = world.server.get("/api/analyze/owner/model?type=model").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_commit_is_looked_into_to_the_end_when_nobody_waits_any_more() {
    let world = world().await;
    let asked = |part: &str| world.hub.requests().iter().any(|request| request.path.contains(part));
    let listing = Matcher::api().path_contains("/tree/");
    world.hub.inject(Fault::new(Effect::Latency { ms: 1000 }).on(listing).always());
    tokio::select! {
        answer = world.server.get("/api/analyze/owner/model?type=model") => panic!("{answer:?}"),
        listed = until_true("the listing", LIMIT, || asked("/tree/")) => listed.unwrap(),
    }
    until_true("what comes behind the listing", LIMIT, || asked("/config.json")).await.unwrap();
}

#[tokio::test]
async fn an_analysis_goes_without_refs_when_the_hub_does_not_tell_them() {
    let world = world().await;
    world.hub.inject(Fault::new(Effect::Status { code: 403 }).on(Matcher::api().path_contains("/refs")).always());
    assert_eq!(world.ok("/api/analyze/owner/model").await["refs"], json!([]));
}
