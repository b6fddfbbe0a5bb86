//! Where the Hub keeps the files of a repository in Xet, and what opens it.

use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{HubClient, HubError};
use crate::ports::Account;
use crate::repo::{CommitHash, RepoRef};

/// What opens the files of one repository at one commit to a client of Xet.
#[derive(Clone)]
pub struct XetAccess {
    /// The server that knows what the files consist of.
    pub server: Url,
    /// Is sent to that server.
    pub token: SecretString,
    /// When the token ends, in seconds since 1970.
    expires_at: u64,
}

impl XetAccess {
    /// How long the token is good for.
    pub fn time_left(&self) -> Duration {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.expires_at));
        end.and_then(|end| end.duration_since(SystemTime::now()).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for XetAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.origin().ascii_serialization();
        formatter.debug_struct("XetAccess").field("server", &server).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccess {
    cas_url: String,
    access_token: String,
    exp: u64,
}

impl HubClient {
    /// Asks for access to what a repository has in Xet. One answer is good for all its files.
    ///
    /// # Errors
    /// When the Hub (or a mirror that knows nothing of Xet) gives none, or does not answer.
    pub async fn xet_access(&self, repo: &RepoRef, commit: CommitHash) -> Result<XetAccess, HubError> {
        let what = format!("Xet access to {repo} at {commit}");
        let raw: RawAccess = self.get_json(&self.inner.urls.xet_token(repo, commit), &what).await?.content;
        let server = Url::parse(&raw.cas_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let server = server.ok_or_else(|| HubError::protocol(&what, "no usable address of a server in it"))?;
        Ok(XetAccess { server, token: raw.access_token.into(), expires_at: raw.exp })
    }

    /// In whose name requests are sent now.
    pub fn account(&self) -> Account {
        self.inner.identities.current().account().clone()
    }
}
