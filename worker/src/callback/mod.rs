//! Telling the end of a job to an address outside, by [Standard Webhooks](https://www.standardwebhooks.com/).

mod message;
mod resolver;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::callback::{CallbackPolicy, CallbackRefused};
use hfd_shared::causes::{causes, chain};
use hfd_shared::job::CallbackUrl;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use time::OffsetDateTime;

pub(crate) use message::Message;
pub(crate) use schedule::next_try;

use resolver::{NotPublic, PublicResolver};

const USER_AGENT: &str = concat!("hfdownloader/", env!("CARGO_PKG_VERSION"));

/// How long one try may take, the look-up of the name included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the end of a job was not taken note of. No message shows more of the address than its host.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallbackError {
    #[error(transparent)]
    Refused(#[from] CallbackRefused),
    #[error(transparent)]
    NotPublic(#[from] NotPublic),
    #[error("the receiver is gone for good: it answered 410")]
    Gone,
    #[error("the receiver answered {0}")]
    Status(StatusCode),
    #[error("the receiver was not reached: {0}")]
    Unreachable(String),
}

impl CallbackError {
    /// Whether another try is pointless. What this worker does not let out another may, and so may this one after its restart.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

/// Calls receivers.
pub(crate) struct CallbackClient {
    client: Client,
    policy: CallbackPolicy,
}

impl CallbackClient {
    /// A client that goes where the policy allows. Neither a redirect nor a proxy leads it elsewhere.
    ///
    /// # Errors
    /// When the system gives no TLS.
    pub(crate) fn new(policy: CallbackPolicy) -> reqwest::Result<Self> {
        let mut client = Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0);
        if !policy.allow_private {
            client = client.dns_resolver(Arc::new(PublicResolver));
        }
        Ok(Self { client: client.build()?, policy })
    }

    /// Sends a message once. The body of the answer is not read.
    pub(crate) async fn send(&self, url: &CallbackUrl, message: &Message) -> Result<(), CallbackError> {
        self.policy.check(url)?;
        let secret = self.policy.secret.as_ref().ok_or(CallbackRefused::NotConfigured)?;
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let request = self
            .client
            .post(url.as_url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", secret.sign(&message.id, timestamp, &message.body))
            .body(message.body.clone());
        match request.send().await.map_err(unreachable)?.status() {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(CallbackError::Gone),
            status => Err(CallbackError::Status(status)),
        }
    }
}

fn unreachable(error: reqwest::Error) -> CallbackError {
    // Its address may hold secrets.
    let error = error.without_url();
    match causes(&error).find_map(|cause| cause.downcast_ref::<NotPublic>()) {
        Some(refused) => refused.clone().into(),
        None => CallbackError::Unreachable(chain(&error)),
    }
}
