//! `resolve`: from a file's name to where its bytes are.
//!
//! As `huggingface_hub` does it: a HEAD whose redirects within the Hub are followed; the first redirect to another origin
//! (the content server, with a signed URL) tells in its own headers what the content is. Ranges then go to that URL:
//! they do not count as requests to the Hub.

use std::fmt;
use std::time::Instant;

use url::Url;

use super::follow::{Arrival, Ask, Purpose};
use super::{HubClient, HubError, WantedFile, expiry};
use crate::repo::{CommitHash, RepoRef};

/// Where a file's bytes are. Good for any number of fetches while it [is fresh](Self::is_fresh).
#[derive(Clone)]
pub struct Location {
    pub(super) url: Url,
    /// The file, for errors.
    pub(super) what: String,
    /// From when on to get a new one, if that is known: before the URL expires.
    pub(super) expires_at: Option<Instant>,
}

impl Location {
    /// Whether the location can still be used; if not, locate the file again.
    pub fn is_fresh(&self) -> bool {
        self.expires_at.is_none_or(|expires_at| Instant::now() < expires_at)
    }
}

impl fmt::Debug for Location {
    /// Without the query, which is a signature that anybody could use.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Location");
        shown.field("what", &self.what).field("host", &self.url.host_str()).field("fresh", &self.is_fresh());
        shown.finish_non_exhaustive()
    }
}

impl HubClient {
    /// Finds out where a file's bytes are.
    ///
    /// # Errors
    /// When the file is not there, is not the wanted one any more ([`HubError::Changed`]), or the Hub does not answer.
    /// Nothing is tried twice: that is the caller's decision, by [`HubError::retry`].
    pub async fn locate(&self, repo: &RepoRef, commit: CommitHash, file: WantedFile<'_>) -> Result<Location, HubError> {
        let what = describe(repo, &file);
        let ask = Ask { purpose: Purpose::Locate, range: None, what: &what };
        let url = self.inner.urls.resolve(repo, commit, file.path);
        match self.follow_at_home(ask, url).await? {
            Arrival::Answer(response) => {
                file.check(response.status(), response.headers(), &what)?;
                Ok(Location { url: response.url().clone(), what, expires_at: None })
            }
            Arrival::Elsewhere { response, target } => {
                file.check(response.status(), response.headers(), &what)?;
                let usable = expiry::usable_for(&target, response.headers());
                let expires_at = usable.and_then(|usable| Instant::now().checked_add(usable));
                Ok(Location { url: target, what, expires_at })
            }
        }
    }
}

/// How errors name a file.
pub(super) fn describe(repo: &RepoRef, file: &WantedFile<'_>) -> String {
    format!("{} of {repo}", file.path)
}
