//! A client of the REST API. Its types mirror the documented contract, not the server's code.

use std::fmt;

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wait;

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words of the API")]
pub enum Status {
    Queued,
    Running,
    Paused,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    /// Whether the job has ended.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// A job; every documented field must be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Job {
    pub id: String,
    pub repo: String,
    pub revision: String,
    pub is_dataset: bool,
    pub filters: Vec<String>,
    pub excludes: Vec<String>,
    pub output_dir: String,
    pub status: Status,
    pub progress: Progress,
    pub error: String,
    pub waiting_reason: String,
    pub workers: Vec<String>,
    pub created_at: String,
    pub started_at: Option<String>,
    pub ended_at: Option<String>,
    pub files: Vec<File>,
}

/// The sums over a job's files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Progress {
    pub total_files: u64,
    pub completed_files: u64,
    pub total_bytes: u64,
    pub downloaded_bytes: u64,
    pub bytes_per_second: u64,
}

/// A file of a job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct File {
    pub path: String,
    pub total_bytes: u64,
    pub downloaded: u64,
    pub status: String,
}

/// What a job would download.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Plan {
    pub repo: String,
    pub revision: String,
    pub files: Vec<PlannedFile>,
    pub total_size: u64,
    pub total_files: u64,
}

/// A file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct PlannedFile {
    pub path: String,
    pub size: u64,
    pub lfs: bool,
}

/// A request for a download or a plan.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    repo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    dataset: bool,
    filters: Vec<String>,
    excludes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<String>,
}

impl Download {
    /// All of a model's branch `main`.
    pub fn model(repo: &str) -> Self {
        Self { repo: repo.to_owned(), ..Self::default() }
    }

    /// All of a dataset's branch `main`.
    pub fn dataset(repo: &str) -> Self {
        Self { dataset: true, ..Self::model(repo) }
    }

    /// Another revision.
    #[must_use]
    pub fn revision(mut self, revision: &str) -> Self {
        self.revision = Some(revision.to_owned());
        self
    }

    /// Has the job's end told there.
    #[must_use]
    pub fn callback(mut self, url: &str) -> Self {
        self.callback_url = Some(url.to_owned());
        self
    }

    /// On this way: `auto`, `http` or `xet`.
    #[must_use]
    pub fn over(mut self, transfer: &str) -> Self {
        self.transfer = Some(transfer.to_owned());
        self
    }

    /// Without the files that match.
    #[must_use]
    pub fn exclude(mut self, pattern: &str) -> Self {
        self.excludes.push(pattern.to_owned());
        self
    }
}

/// An answer that is an error, as documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// What failed.
    pub error: String,
    /// On what, and what to do.
    pub details: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.status, self.error, self.details)
    }
}

impl std::error::Error for Refused {}

/// What became of a request.
#[derive(Debug)]
pub enum Posted {
    /// 202: a new job.
    New(Job),
    /// 200: the live job that asks for the same.
    Existing(Job),
}

/// The API of one server.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    client: Client,
}

impl Api {
    /// The API at an address such as `http://127.0.0.1:8080`.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        Ok(Self { base: address.to_owned(), client: Client::builder().no_proxy().timeout(wait::LIMIT).build()? })
    }

    /// The server's address.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Asks for a download.
    pub async fn post(&self, request: &Download) -> anyhow::Result<Posted> {
        let (status, answer) = self.ask(Method::POST, "download", Some(request)).await?;
        match status {
            StatusCode::ACCEPTED => Ok(Posted::New(read(answer)?)),
            StatusCode::OK => Ok(Posted::Existing(read(answer["job"].clone())?)),
            other => bail!("unexpected status {other}: {answer}"),
        }
    }

    /// Asks for a download that nobody has asked for yet.
    pub async fn start(&self, request: &Download) -> anyhow::Result<Job> {
        match self.post(request).await? {
            Posted::New(job) => Ok(job),
            Posted::Existing(job) => bail!("the request is already served by job {}", job.id),
        }
    }

    /// What a request would download.
    pub async fn plan(&self, request: &Download) -> anyhow::Result<Plan> {
        read(self.ask(Method::POST, "plan", Some(request)).await?.1)
    }

    /// One job.
    pub async fn job(&self, id: &str) -> anyhow::Result<Job> {
        read(self.ask(Method::GET, &format!("jobs/{id}"), None).await?.1)
    }

    /// All jobs, newest first.
    pub async fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        read(self.ask(Method::GET, "jobs", None).await?.1["jobs"].take())
    }

    /// Pauses a running job.
    pub async fn pause(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::POST, &format!("jobs/{id}/pause"), None).await.map(drop)
    }

    /// Lets a paused job go on.
    pub async fn resume(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::POST, &format!("jobs/{id}/resume"), None).await.map(drop)
    }

    /// Ends a job.
    pub async fn cancel(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("jobs/{id}"), None).await.map(drop)
    }

    /// Queues an ended job again.
    pub async fn retry(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::POST, &format!("jobs/{id}/retry"), None).await.map(drop)
    }

    /// Forgets an ended job.
    pub async fn dismiss(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::POST, &format!("jobs/{id}/dismiss"), None).await.map(drop)
    }

    /// Waits until a job is as wanted. One that ends otherwise is an error: it will never be.
    pub async fn wait_for(&self, id: &str, what: &str, wanted: impl Fn(&Job) -> bool) -> anyhow::Result<Job> {
        let mut last = None;
        let look = async || {
            let job = self.job(id).await?;
            if wanted(&job) {
                return Ok(Some(job));
            }
            if job.status.is_end() {
                bail!("job {id} ended instead of {what}: {:?} {}", job.status, job.error);
            }
            last = Some(Job { files: Vec::new(), ..job });
            Ok(None)
        };
        let seen = wait::until(&format!("job {id}: {what}"), wait::LIMIT, look).await;
        seen.map_err(|error| anyhow!("{error:#}; last seen: {last:?}"))
    }

    /// Waits until a job has arrived.
    pub async fn completed(&self, id: &str) -> anyhow::Result<Job> {
        self.wait_for(id, "completed", |job| job.status == Status::Completed).await
    }

    /// Waits until a job has failed.
    pub async fn failed(&self, id: &str) -> anyhow::Result<Job> {
        self.wait_for(id, "failed", |job| job.status == Status::Failed).await
    }

    /// Waits until a running job has bytes to show.
    pub async fn moving(&self, id: &str, bytes: u64) -> anyhow::Result<Job> {
        let wanted = |job: &Job| job.status == Status::Running && job.progress.downloaded_bytes >= bytes;
        self.wait_for(id, &format!("running with {bytes} bytes"), wanted).await
    }

    /// The status of a probe such as `readyz`.
    pub async fn probe(&self, name: &str) -> anyhow::Result<u16> {
        let url = format!("{}/{name}", self.base);
        let response = self.client.get(&url).send().await.with_context(|| format!("asking {url}"))?;
        Ok(response.status().as_u16())
    }

    /// The metrics, in the text format of Prometheus.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        let response = self.client.get(format!("{}/metrics", self.base)).send().await?.error_for_status()?;
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        anyhow::ensure!(content_type == Some("text/plain; version=0.0.4; charset=utf-8"), "{content_type:?}");
        Ok(response.text().await?)
    }

    /// Sets the token; returns the status.
    pub async fn set_token(&self, token: &str) -> anyhow::Result<u16> {
        let url = format!("{}/api/settings", self.base);
        let response = self.client.post(&url).json(&serde_json::json!({ "token": token })).send().await?;
        Ok(response.status().as_u16())
    }

    /// Any request: its status and its JSON.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}/api/{path}", self.base);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| format!("asking {url}"))?;
        Ok((response.status().as_u16(), response.json().await.with_context(|| format!("reading {url}"))?))
    }

    /// The workers and the queues.
    pub async fn cluster(&self) -> anyhow::Result<Value> {
        Ok(self.ask(Method::GET, "cluster", None).await?.1)
    }

    /// The settings.
    pub async fn settings(&self) -> anyhow::Result<Value> {
        Ok(self.ask(Method::GET, "settings", None).await?.1)
    }

    /// Changes settings.
    pub async fn change_settings(&self, change: &Value) -> anyhow::Result<()> {
        let url = format!("{}/api/settings", self.base);
        let response = self.client.post(&url).json(change).send().await?;
        let status = response.status();
        anyhow::ensure!(status.is_success(), "{status}: {}", response.text().await?);
        Ok(())
    }

    /// Gets a document as text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.client.get(format!("{}/api/{path}", self.base)).send().await?.text().await?)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Download>) -> anyhow::Result<(StatusCode, Value)> {
        let url = format!("{}/api/{path}", self.base);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("asking {url}"))?;
        let status = response.status();
        let text = response.text().await.with_context(|| format!("reading the answer of {url}"))?;
        let answer: Value =
            serde_json::from_str(&text).with_context(|| format!("{url} answered {status}: {text:?}"))?;
        if status.is_success() {
            return Ok((status, answer));
        }
        let field = |name: &str| answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {text}"));
        Err(Refused { status: status.as_u16(), error: field("error")?, details: field("details")? }.into())
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> anyhow::Result<T> {
    let shown = answer.to_string();
    serde_json::from_value(answer).with_context(|| format!("an answer against the contract: {shown:.500}"))
}
