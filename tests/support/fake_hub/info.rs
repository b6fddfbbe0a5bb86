//! Repo info and refs.

use serde_json::{Map, Value, json};

use super::catalog::{Repo, RepoFile, Revision};
use super::digest::id_of;
use super::meta::RepoKind;

/// When everything was made; the fake Hub has no history.
pub(crate) const MADE_AT: &str = "2024-01-01T00:00:00.000Z";

/// The info of a repo at a revision; with `blobs`, files have sizes and hashes.
pub(crate) fn repo_info(repo: &Repo, revision: &Revision, blobs: bool) -> Value {
    let siblings: Value = revision.files().map(|file| sibling(file, blobs)).collect();
    let owner = repo.key.id.split_once('/').map(|(owner, _)| owner);
    let mut info = json!({
        "_id": id_of([repo.key.id.as_str()])[..24],
        "id": repo.key.id,
        "author": owner,
        "sha": revision.commit,
        "private": repo.meta.private,
        "gated": if repo.meta.gated { json!("manual") } else { json!(false) },
        "disabled": repo.meta.disabled,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "lastModified": MADE_AT,
        "createdAt": MADE_AT,
        "usedStorage": revision.files().map(|file| file.size).sum::<u64>(),
        "siblings": siblings,
    });
    if let Value::Object(fields) = &mut info {
        if repo.key.kind == RepoKind::Model {
            fields.insert("modelId".to_owned(), json!(repo.key.id));
        }
        fields.extend(repo.meta.info.clone());
    }
    info
}

fn sibling(file: &RepoFile, blobs: bool) -> Value {
    let mut fields = Map::new();
    fields.insert("rfilename".to_owned(), json!(file.path));
    if blobs {
        fields.insert("blobId".to_owned(), json!(file.digest.oid));
        fields.insert("size".to_owned(), json!(file.size));
        if let Some(lfs) = &file.digest.lfs {
            let lfs = json!({ "sha256": lfs.sha256, "size": file.size, "pointerSize": lfs.pointer_bytes });
            fields.insert("lfs".to_owned(), lfs);
        }
    }
    Value::Object(fields)
}

/// Branches, tags, conversions and, if wanted, pull requests.
pub(crate) fn refs(repo: &Repo, pull_requests: bool) -> Value {
    let (mut branches, mut tags, mut converts, mut prs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, revision) in &repo.revisions {
        let entry = |name: &str, full: String| json!({ "name": name, "ref": full, "targetCommit": revision.commit });
        if let Some(short) = name.strip_prefix("refs/convert/") {
            converts.push(entry(short, name.clone()));
        } else if name.starts_with("refs/pr/") {
            prs.push(entry(name, name.clone()));
        } else if repo.meta.tags.contains(name) {
            tags.push(entry(name, format!("refs/tags/{name}")));
        } else {
            branches.push(entry(name, format!("refs/heads/{name}")));
        }
    }
    let mut refs = json!({ "branches": branches, "tags": tags, "converts": converts });
    if pull_requests {
        refs["pullRequests"] = json!(prs);
    }
    refs
}
