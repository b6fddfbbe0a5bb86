//! The JSON shape of a plan.

use hfd_shared::job::{JobRequest, Plan, PlannedFile};
use poem_openapi::Object;
use poem_openapi::types::ToJSON;

use crate::written::Written;

/// A file that a job would download.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "PlanFile")]
pub(crate) struct PlanFileView {
    /// Where it lies in the repository.
    path: String,
    /// Its size in bytes.
    size: u64,
    /// Whether it is stored outside git.
    lfs: bool,
}

/// What a job would download.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Plan", rename_all = "camelCase")]
pub(crate) struct PlanView {
    /// The repository, `owner/name`.
    repo: String,
    /// Branch, tag or commit as asked for.
    revision: String,
    /// The files, in the Hub's order.
    files: Vec<PlanFileView>,
    /// Bytes of all files.
    total_size: u64,
    /// How many files.
    total_files: u64,
}

impl PlanView {
    /// The plan as JSON.
    pub(crate) fn written(mut self) -> Written<Self> {
        let files = std::mem::take(&mut self.files);
        Written::with_list(&self, "files", files.iter().map(ToJSON::to_json_string))
    }

    /// A plan as clients see it.
    pub(crate) fn new(request: &JobRequest, plan: &Plan) -> Self {
        let file = |file: &PlannedFile| PlanFileView {
            path: file.path.to_string(),
            size: file.size_bytes,
            lfs: file.is_lfs(),
        };
        Self {
            repo: request.repo.id.to_string(),
            revision: request.revision.to_string(),
            files: plan.files.iter().map(file).collect(),
            total_size: plan.total_bytes(),
            total_files: plan.files.len() as u64,
        }
    }
}
