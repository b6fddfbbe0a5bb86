//! Lists of jobs and of their files: filters and pages

use hfd_shared::job::Work;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Server, Setup};

fn ids(list: &Value) -> Vec<&Value> {
    list["jobs"].as_array().unwrap().iter().map(|job| &job["id"]).collect()
}

#[tokio::test]
async fn a_list_holds_the_jobs_that_match() {
    let server = Server::start_with(Setup { max_active: 1, ..Setup::default() }).await;
    let running = json!(server.submit("owner/a").await);
    let verify = json!(server.submit_work("owner/a", Work::Verify).await);
    let queued = json!(server.submit("owner/b").await);
    for (query, expected) in [
        ("", vec![&queued, &verify, &running]),
        ("?status=running", vec![&running]),
        ("?status=running,queued", vec![&queued, &verify, &running]),
        ("?status=running&status=queued&kind=download", vec![&queued, &running]),
        ("?repo=owner/a", vec![&verify, &running]),
        ("?repo=owner/a&kind=verify", vec![&verify]),
        ("?status=failed", vec![]),
    ] {
        let (status, list) = server.get(&format!("/api/jobs{query}")).await;
        assert_eq!((status.as_u16(), ids(&list)), (200, expected.clone()), "{query:?}");
        assert_eq!((&list["count"], &list["total"]), (&json!(expected.len()), &json!(expected.len())), "{query:?}");
    }
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let server = Server::start().await;
    let mut jobs = Vec::new();
    for number in 0..5 {
        jobs.insert(0, json!(server.submit(&format!("owner/model-{number}")).await));
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let (_, list) = server.get(&format!("/api/jobs{query}")).await;
        assert_eq!(list["total"], 5);
        seen.extend(ids(&list).into_iter().cloned());
        let Some(cursor) = list["nextCursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, jobs);
}

#[tokio::test]
async fn a_wrong_parameter_is_a_400_that_names_it() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    for (path, name) in [
        ("/api/jobs?status=gone".to_owned(), "status"),
        ("/api/jobs?kind=upload".to_owned(), "kind"),
        ("/api/jobs?limit=0".to_owned(), "limit"),
        ("/api/jobs?limit=1001".to_owned(), "limit"),
        ("/api/jobs?limit=many".to_owned(), "limit"),
        ("/api/jobs?cursor=xyz".to_owned(), "cursor"),
        ("/api/jobs?repo=a/b/c".to_owned(), "repo"),
        (format!("/api/jobs/{id}/files?status=queued"), "status"),
        (format!("/api/jobs/{id}/files?offset=-1"), "offset"),
        (format!("/api/jobs/{id}/files?limit=0"), "limit"),
    ] {
        let (status, body) = server.get(&path).await;
        assert_eq!(status, 400, "{path}");
        assert!(body.to_string().contains(name), "{path}: {body}");
    }
}

#[tokio::test]
async fn the_files_of_a_job_come_in_pages() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[10; 12]).await;
    for file in [0, 3, 4] {
        server.finish(id, file, Ok(())).await;
    }
    let paths = |list: &Value| -> Vec<String> {
        list["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    let files = |numbers: &[u32]| numbers.iter().map(|number| format!("file-{number:04}.bin")).collect::<Vec<_>>();
    for (query, numbers, total, next) in [
        ("", (0..12).collect::<Vec<u32>>(), 12, json!(null)),
        ("?limit=5", (0..5).collect(), 12, json!(5)),
        ("?offset=10&limit=5", vec![10, 11], 12, json!(null)),
        ("?offset=12", vec![], 12, json!(null)),
        ("?status=complete&limit=2", vec![0, 3], 3, json!(2)),
        ("?status=complete,failed&offset=2", vec![4], 3, json!(null)),
        ("?status=failed", vec![], 0, json!(null)),
    ] {
        let (status, list) = server.get(&format!("/api/jobs/{id}/files{query}")).await;
        assert_eq!((status, paths(&list)), (StatusCode::OK, files(&numbers)), "{query:?}");
        let expected = (&json!(numbers.len()), &json!(total), &next);
        assert_eq!((&list["count"], &list["total"], &list["nextOffset"]), expected, "{query:?}");
    }
}

#[tokio::test]
async fn a_list_shows_the_files_in_work_of_a_job_with_many() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[10; 300]).await;
    for file in 0..290 {
        server.finish(id, file, Ok(())).await;
    }
    server.report(id, 295, 5).await;
    let (_, list) = server.get("/api/jobs").await;
    let job = &list["jobs"][0];
    let files = job["files"].as_array().unwrap();
    assert_eq!((files.len(), &job["filesTruncated"]), (200, &json!(true)));
    assert_eq!((&files[0]["path"], &files[198]["path"]), (&json!("file-0000.bin"), &json!("file-0198.bin")));
    assert_eq!((&files[199]["path"], &files[199]["status"]), (&json!("file-0295.bin"), &json!("downloading")));
    let (_, one) = server.get(&format!("/api/jobs/{id}")).await;
    assert_eq!((one["files"].as_array().unwrap().len(), &one["filesTruncated"]), (300, &json!(false)));
    assert_eq!(one["etaSeconds"], 2, "95 bytes are left, 50 arrive a second");
}
