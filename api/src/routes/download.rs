//! `POST /api/download`

use hfd_shared::control::{ControlError, Submitted};
use hfd_shared::job::{DownloadRequest, JobRequest, Priority, TransferWay};
use poem_openapi::{ApiResponse, Object, OpenApi, Union};

use super::Context;
use crate::body::{Fields, FromFields, Strict};
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::{JobView, PlanView, PriorityView, TransferView};
use crate::written::Written;

/// What to download.
#[derive(Debug, Object)]
#[oai(rename = "DownloadRequest", rename_all = "camelCase")]
pub(crate) struct DownloadBody {
    /// `owner/name`, or with filters behind a colon: `owner/name:q4_k_m,q5_k_m`.
    repo: String,
    /// Branch, tag or commit; `main` when absent or empty.
    #[oai(default = "default_revision")]
    revision: String,
    /// Whether the repository is a dataset.
    #[oai(default)]
    dataset: bool,
    /// Which files to take: parts of the path, or globs with `*` and `?`; all when empty.
    #[oai(default, validator(max_items = 200))]
    filters: Vec<String>,
    /// Which files to leave out; beats the filters.
    #[oai(default, validator(max_items = 200))]
    excludes: Vec<String>,
    /// Whether each file also gets a link in a folder named by the filter that it matched.
    #[oai(default)]
    append_filter_subdir: bool,
    /// Only answer the plan, start nothing.
    #[oai(default)]
    dry_run: bool,
    /// Which of the waiting jobs runs first.
    #[oai(default)]
    priority: PriorityView,
    /// Where the end of the job is told: an `http` or `https` URL without user, password and fragment; nowhere when
    /// absent or empty.
    #[oai(default)]
    callback_url: String,
    /// On which way the content of the files comes.
    #[oai(default)]
    transfer: TransferView,
}

fn default_revision() -> String {
    "main".to_owned()
}

impl FromFields for DownloadBody {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            repo: fields.required_text("repo"),
            revision: fields.text("revision").unwrap_or_else(default_revision),
            dataset: fields.flag("dataset"),
            filters: fields.texts("filters"),
            excludes: fields.texts("excludes"),
            append_filter_subdir: fields.flag("appendFilterSubdir"),
            dry_run: fields.flag("dryRun"),
            priority: fields.word::<Priority>("priority", "low, normal or high").unwrap_or_default().into(),
            callback_url: fields.text("callbackUrl").unwrap_or_default(),
            transfer: fields.word::<TransferWay>("transfer", "auto, http or xet").unwrap_or_default().into(),
        }
    }
}

impl DownloadBody {
    /// Checks what was asked for.
    pub(super) fn into_request(self) -> Result<JobRequest, ApiError> {
        let request = DownloadRequest {
            repo: self.repo,
            revision: Some(self.revision),
            dataset: self.dataset,
            filters: self.filters,
            excludes: self.excludes,
            append_filter_subdir: self.append_filter_subdir,
            callback_url: Some(self.callback_url),
            transfer: self.transfer.into(),
        };
        Ok(JobRequest::parse(&request)?)
    }
}

/// How a download fails; but for a conflict, as a plan does.
struct DownloadFailures;

impl Statuses for DownloadFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "The request is wrong, or the filters match nothing"),
        (403, "The Hub denies access"),
        (404, "The Hub does not know the repository or the revision"),
        (408, "The request did not arrive in time"),
        (409, "The repository is being removed from the cache"),
        (413, "The request is too large"),
        (429, "The Hub limits the rate; `Retry-After` says for how long"),
        (502, "The Hub failed"),
        STORE_AWAY,
        (504, "The Hub did not answer in time"),
    ];
}

/// The live job that asks for the same.
#[derive(Debug, Object)]
pub(crate) struct ExistingJob {
    /// The job.
    job: JobView,
    /// Says that nothing new was started.
    message: String,
}

/// Nothing new was started: the live job, or with `dryRun` the plan.
#[derive(Debug, Union)]
#[expect(clippy::large_enum_variant, reason = "it lives for one answer")]
#[oai(rename = "ExistingJobOrPlan")]
pub(crate) enum NothingNew {
    /// The live job.
    Existing(ExistingJob),
    /// The plan.
    Plan(PlanView),
}

/// The answers to a download.
#[derive(ApiResponse)]
pub(crate) enum DownloadResponse {
    /// A new job
    #[oai(status = 202)]
    Created(Written<JobView>),
    /// The live job that asks for the same; with `dryRun`, the plan
    #[oai(status = 200)]
    NothingNew(Written<NothingNew>),
}

/// Starts downloads.
pub(crate) struct DownloadApi(pub(crate) Context);

#[OpenApi]
impl DownloadApi {
    /// Start a new download job
    ///
    /// The Hub is not asked before the answer; whether the repository exists shows in the job.
    #[oai(path = "/api/download", method = "post", operation_id = "startDownload")]
    async fn download(&self, body: Strict<DownloadBody>) -> Result<DownloadResponse, Failure<DownloadFailures>> {
        let (dry_run, priority) = (body.0.dry_run, body.0.priority.into());
        let request = body.0.into_request()?;
        if let Some(callback) = &request.callback {
            self.0.state.config.callbacks.check(callback)?;
        }
        if dry_run {
            return Ok(DownloadResponse::NothingNew(self.0.plan(request).await?.among()));
        }
        Ok(match self.0.state.jobs.submit(request, priority).await? {
            Submitted::Created(snapshot) => DownloadResponse::Created(self.0.job(&snapshot).await?),
            Submitted::Existing(snapshot) => {
                let message = "Download already in progress".to_owned();
                let whole = NothingNew::Existing(ExistingJob { job: self.0.bare_job(&snapshot), message });
                let job = self.0.job(&snapshot).await?;
                DownloadResponse::NothingNew(Written::with_part(&whole, "job", &job))
            }
            Submitted::Blocked(snapshot) => return Err(ControlError::Blocked(snapshot.job.id).into()),
        })
    }
}
