//! The fault API of a fake Hub that runs as a process of its own.

use anyhow::Context as _;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultId};
use super::log::RequestRecord;

/// Controls a `fake-hub` process over HTTP.
#[derive(Debug, Clone)]
pub struct RemoteHub {
    url: String,
    client: Client,
}

#[derive(Debug, Deserialize)]
struct Injected {
    id: FaultId,
}

#[derive(Debug, Deserialize)]
struct Done {}

impl RemoteHub {
    /// The hub at this base URL.
    pub fn new(url: impl Into<String>) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { url: url.into(), client })
    }

    /// Switches a fault on.
    pub async fn inject(&self, fault: &Fault) -> anyhow::Result<FaultId> {
        Ok(self.send::<Injected>(Method::POST, "faults", Some(fault)).await?.id)
    }

    /// Switches all faults off.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        self.send::<Done>(Method::DELETE, "faults", None::<&()>).await.map(drop)
    }

    /// The requests since the start or the last reset, oldest first.
    pub async fn requests(&self) -> anyhow::Result<Vec<RequestRecord>> {
        self.send(Method::GET, "requests", None::<&()>).await
    }

    /// Forgets the requests so far.
    pub async fn reset_log(&self) -> anyhow::Result<()> {
        self.send::<Done>(Method::DELETE, "requests", None::<&()>).await.map(drop)
    }

    /// Has the root folder read anew.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.send::<Done>(Method::POST, "reload", None::<&()>).await.map(drop)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        command: &str,
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<T> {
        let url = format!("{}/__control/{command}", self.url);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("asking {url}"))?;
        response.error_for_status()?.json().await.with_context(|| format!("reading the answer of {url}"))
    }
}
