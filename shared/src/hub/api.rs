//! The JSON API: answers, their retries, and the question which commit a revision is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::follow::{Arrival, Ask, Purpose};
use super::{HubClient, HubError, Retry, link};
use crate::metrics;
use crate::repo::{CommitHash, RepoRef, Revision};

/// A page of the Hub's listings has some hundred kilobytes; a mirror may put all into one.
const BODY_MAX_BYTES: usize = 64 << 20;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(8);

/// An answer of the API.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) content: T,
    /// Where the listing goes on; always at the Hub.
    pub(super) next: Option<Url>,
}

#[derive(Debug, Deserialize)]
struct RevisionInfo {
    sha: String,
}

impl HubClient {
    /// The commit that a revision means now. A revision that is a commit needs no request.
    ///
    /// # Errors
    /// When the repository or the revision is not there, or the Hub does not answer.
    pub async fn commit(&self, repo: &RepoRef, revision: &Revision) -> Result<CommitHash, HubError> {
        if let Some(commit) = revision.as_commit() {
            return Ok(commit);
        }
        self.confirmed_commit(repo, revision).await
    }

    /// The commit that a revision means now, also asked for when the revision is a commit: so it is known that the
    /// repository is there, has it, and may be read with the token.
    ///
    /// # Errors
    /// When the repository or the revision is not there, or the Hub does not answer.
    pub async fn confirmed_commit(&self, repo: &RepoRef, revision: &Revision) -> Result<CommitHash, HubError> {
        let what = format!("{repo} at {revision}");
        let page: Page<RevisionInfo> = self.get_json(&self.inner.urls.revision(repo, revision), &what).await?;
        page.content.sha.parse().map_err(|_| HubError::protocol(&what, "no usable commit in it"))
    }

    /// Gets an answer of the API, with a few more tries where that may help.
    pub(super) async fn get_json<T: DeserializeOwned>(&self, url: &Url, what: &str) -> Result<Page<T>, HubError> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(MAX_PAUSE)
            .with_max_times(self.inner.retries.load(Ordering::Relaxed))
            .with_jitter();
        let get = || self.get_json_once(url.clone(), what);
        get.retry(pauses)
            .sleep(tokio::time::sleep)
            .when(|error| error.retry() == Retry::Soon)
            .notify(|error, pause| {
                metrics::retried(error.into());
                tracing::info!(%error, ?pause, "will ask the Hub again");
            })
            .await
    }

    async fn get_json_once<T: DeserializeOwned>(&self, url: Url, what: &str) -> Result<Page<T>, HubError> {
        let ask = Ask { purpose: Purpose::Api, range: None, what };
        let response = match self.follow_at_home(ask, url).await? {
            Arrival::Answer(response) => response,
            Arrival::Elsewhere { target, .. } => {
                let origin = target.origin().ascii_serialization();
                return Err(HubError::protocol(what, format!("a redirect to another server, {origin}")));
            }
        };
        let next = self.next_page(&response, what)?;
        let body = read(response, what).await?;
        let content = serde_json::from_slice(&body).map_err(|error| {
            HubError::protocol(what, format!("not the expected JSON: {}", self.quote(&error.to_string())))
        })?;
        Ok(Page { content, next })
    }

    /// The next page, which gets the token too: so it must be the Hub's.
    fn next_page(&self, response: &Response, what: &str) -> Result<Option<Url>, HubError> {
        let Some(link) = link::next_page(response.headers()) else { return Ok(None) };
        let next = response.url().join(&link).map(|next| self.inner.urls.at_home(next));
        match next {
            Ok(next) if self.is_own(&next) => Ok(Some(next)),
            Ok(next) => {
                let origin = next.origin().ascii_serialization();
                Err(HubError::protocol(what, format!("its listing goes on at another server, {origin}")))
            }
            Err(_) => Err(HubError::protocol(what, "its listing goes on at an address that cannot be read")),
        }
    }
}

async fn read(mut response: Response, what: &str) -> Result<Vec<u8>, HubError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| HubError::transport(what, error))? {
        if body.len() + chunk.len() > BODY_MAX_BYTES {
            return Err(HubError::protocol(what, format!("more than {} MiB of JSON", BODY_MAX_BYTES >> 20)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
