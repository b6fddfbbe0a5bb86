//! Access to what is in Xet: a token, and where to use it.

use poem::http::StatusCode;
use serde_json::json;
use time::OffsetDateTime;

use super::catalog::{Repo, Revision};
use super::refusal::Refusal;
use super::reply::Reply;
use super::state::HubState;

/// Seconds that a token is good for, unless a repository has it otherwise.
const LIFETIME_S: u32 = 3600;

/// A token for all files of a revision.
pub(crate) fn token(repo: &Repo, revision: &Revision) -> Result<Reply, Refusal> {
    let server = repo.meta.xet_server.as_ref().ok_or(Refusal::NotFound)?;
    let token = format!("xet_test_{}", revision.commit);
    let exp = OffsetDateTime::now_utc().unix_timestamp() + i64::from(repo.meta.xet_token_s.unwrap_or(LIFETIME_S));
    let body = json!({ "accessToken": token, "exp": exp, "casUrl": server });
    Ok(Reply::json(StatusCode::OK, &body)
        .header("X-Xet-Access-Token", &token)
        .header("X-Xet-Token-Expiration", &exp.to_string())
        .header("X-Xet-Cas-Url", server))
}

/// What the answer about a file says of its place in Xet.
pub(crate) fn named(reply: Reply, state: &HubState, repo: &Repo, commit: &str, hash: &str, server: &str) -> Reply {
    let auth = format!("{}/api/{}/{}/xet-read-token/{commit}", state.hub_url, repo.key.kind, repo.key.id);
    let link =
        format!("<{auth}>; rel=\"xet-auth\", <{server}/v1/reconstructions/{hash}>; rel=\"xet-reconstruction-info\"");
    reply.header("X-Xet-Hash", hash).header("Link", &link)
}
