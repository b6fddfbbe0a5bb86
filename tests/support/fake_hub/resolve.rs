//! `resolve`: a redirect to the content, on the Hub itself for small files, on the CDN for LFS files.

use std::sync::Arc;

use poem::http::StatusCode;
use time::OffsetDateTime;

use super::access::Caller;
use super::api::find_revision;
use super::call::Call;
use super::catalog::{RepoFile, Revision};
use super::fault_set::ActiveFaults;
use super::refusal::Refusal;
use super::reply::{Reply, shown_etag};
use super::route::Target;
use super::signed_url::escape_path;
use super::state::HubState;
use super::xet;

/// Answers `resolve` with a redirect.
pub(crate) fn redirect(
    state: &HubState,
    caller: Caller,
    target: &Target,
    faults: &ActiveFaults,
) -> Result<Reply, Refusal> {
    let repo = state.repo(&target.repo, caller)?;
    caller.read(&repo)?;
    let revision = find_revision(&repo, &target.rev)?;
    let file = find_file(revision, &target.path)?;
    let etag = shown_etag(file, faults.changed_etag);
    let commit = revision.commit.as_str();
    if file.digest.lfs.is_some() {
        let reply = to(StatusCode::FOUND, &cdn_url(state, target, &revision.name))
            .header("X-Repo-Commit", commit)
            .header("X-Linked-Size", &file.size.to_string())
            .header("X-Linked-Etag", &etag);
        return Ok(match (&file.xet_hash, &repo.meta.xet_server) {
            (Some(hash), Some(server)) => xet::named(reply, state, &repo, commit, hash, server),
            _ => reply,
        });
    }
    let Target { repo, path, .. } = target;
    let escaped = escape_path(path);
    let etag = escape_path(&etag);
    let location = format!("/api/resolve-cache/{}/{}/{commit}/{escaped}?etag={etag}", repo.kind, repo.id);
    Ok(to(StatusCode::TEMPORARY_REDIRECT, &location).header("X-Repo-Commit", commit))
}

/// The content of a small file.
pub(crate) fn content(
    state: &HubState,
    call: &Call,
    caller: Caller,
    target: &Target,
    faults: &ActiveFaults,
) -> Result<Reply, Refusal> {
    let repo = state.repo(&target.repo, caller)?;
    caller.read(&repo)?;
    let revision = find_revision(&repo, &target.rev)?;
    let file = find_file(revision, &target.path)?;
    Ok(Reply::content(file, call, faults).header("X-Repo-Commit", &revision.commit))
}

fn find_file<'a>(revision: &'a Revision, path: &str) -> Result<&'a Arc<RepoFile>, Refusal> {
    let missing = || Refusal::EntryNotFound { path: path.to_owned(), commit: revision.commit.clone() };
    revision.file(path).ok_or_else(missing)
}

/// A redirect. Its body makes the point that its `Content-Length` is not the file's.
fn to(status: StatusCode, location: &str) -> Reply {
    let body = format!("{}. Redirecting to {location}", status.canonical_reason().unwrap_or_default());
    Reply::text(status, "text/plain; charset=utf-8", body).header("Location", location)
}

/// A new signed URL. It names the revision, not the commit: after a reload it has the revision's new content, as a CDN
/// whose object was replaced would.
fn cdn_url(state: &HubState, target: &Target, revision: &str) -> String {
    let repo = &target.repo;
    let revision = escape_path(revision).replace('/', "%2F");
    let raw_path = format!("/{}/{}/resolve/{revision}/{}", repo.kind, repo.id, escape_path(&target.path));
    let query = state.signer.query(&raw_path, OffsetDateTime::now_utc());
    format!("{}{raw_path}?{query}", state.cdn_url)
}
