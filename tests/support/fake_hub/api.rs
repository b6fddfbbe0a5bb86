//! The JSON API: repo info, trees, paths, refs, access.

use poem::Body;
use poem::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::access::Caller;
use super::call::Call;
use super::catalog::{DEFAULT_REVISION, Repo, RepoKey, Revision};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{HttpMethod, RepoAction};
use super::state::HubState;
use super::{info, tree, xet};

/// Largest request body read.
const MAX_BODY_BYTES: usize = 16 << 20;

/// Answers a question about a repo.
pub(crate) async fn answer(
    state: &HubState,
    call: &Call,
    caller: Caller,
    key: &RepoKey,
    action: &RepoAction,
    body: Body,
) -> Result<Reply, Refusal> {
    let repo = state.repo(key, caller)?;
    caller.see(&repo)?;
    let posts = matches!(action, RepoAction::PathsInfo { .. });
    if posts != (call.method == HttpMethod::Post) {
        return Err(Refusal::NotAllowed);
    }
    let reply = match action {
        RepoAction::Info { rev } => {
            let revision = find_revision(&repo, rev.as_deref().unwrap_or(DEFAULT_REVISION))?;
            ok(&info::repo_info(&repo, revision, call.switch("blobs")))
        }
        RepoAction::Tree { rev, path } => return tree::page(state, call, find_revision(&repo, rev)?, path),
        RepoAction::PathsInfo { rev } => {
            let wanted = PathsRequest::read(body).await?;
            ok(&paths_info(find_revision(&repo, rev)?, &wanted))
        }
        RepoAction::Refs => ok(&info::refs(&repo, call.switch("include_prs"))),
        RepoAction::XetToken { rev } => {
            caller.read(&repo)?;
            xet::token(&repo, find_revision(&repo, rev)?)?
        }
        RepoAction::AuthCheck => {
            caller.read(&repo)?;
            ok(&json!({}))
        }
    };
    Ok(reply)
}

/// Who the token belongs to.
pub(crate) fn who_am_i(caller: Caller) -> Result<Reply, Refusal> {
    match caller {
        Caller::Anonymous => Err(Refusal::Anonymous),
        Caller::Known { .. } => Ok(ok(&json!({
            "type": "user",
            "id": "000000000000000000000001",
            "name": "tester",
            "fullname": "Tester",
            "isPro": false,
            "orgs": [],
            "auth": { "type": "access_token", "accessToken": { "displayName": "test", "role": "read" } },
        }))),
    }
}

pub(crate) fn find_revision<'a>(repo: &'a Repo, rev: &str) -> Result<&'a Revision, Refusal> {
    let missing = || Refusal::RevisionNotFound { rev: rev.to_owned() };
    repo.revision(rev).map(AsRef::as_ref).ok_or_else(missing)
}

fn ok(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}

/// The body of `paths-info`, a form or JSON.
#[derive(Debug, Deserialize)]
struct PathsRequest {
    paths: Vec<String>,
    #[serde(default)]
    expand: bool,
}

impl PathsRequest {
    async fn read(body: Body) -> Result<Self, Refusal> {
        let unreadable = Refusal::BadRequest("paths-info needs a form or JSON body with `paths`");
        let Ok(bytes) = body.into_bytes_limit(MAX_BODY_BYTES).await else { return Err(unreadable) };
        if bytes.first() == Some(&b'{') {
            return serde_json::from_slice(&bytes).map_err(|_| unreadable);
        }
        let mut request = Self { paths: Vec::new(), expand: false };
        for (name, value) in form_urlencoded::parse(&bytes) {
            match name.as_ref() {
                "paths" => request.paths.push(value.into_owned()),
                "expand" => request.expand = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        Ok(request)
    }
}

fn paths_info(revision: &Revision, wanted: &PathsRequest) -> Value {
    let found = wanted.paths.iter().filter_map(|path| revision.entry(path.trim_matches('/')));
    found.map(|entry| tree::entry_json(entry, revision, wanted.expand)).collect()
}
