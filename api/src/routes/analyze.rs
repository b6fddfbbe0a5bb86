//! `GET /api/analyze/…`

use hfd_shared::job::RequestError;
use hfd_shared::repo::{RepoId, RepoKind, Revision};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi, Union};

use super::Context;
use crate::analyze::{Analysis, Question, RepoInfo};
use crate::document::{Failure, Statuses};
use crate::error::ApiError;
use crate::view::RepoTypeView;
use crate::written::Written;

/// How an analysis fails.
struct AnalyzeFailures;

impl Statuses for AnalyzeFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "The name or a parameter is wrong"),
        (403, "The Hub denies access"),
        (404, "The Hub does not know the repository or the revision"),
        (429, "The Hub limits the rate; `Retry-After` says for how long"),
        (502, "The Hub failed"),
        (504, "The Hub did not answer in time"),
    ];
}

/// There is a model and a dataset of the name: ask again with `type`.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the documented name")]
pub(crate) struct NeedsSelection {
    /// Always true.
    needs_selection: bool,
    /// The repository, `owner/name`.
    repo: String,
    /// What to do.
    message: String,
    /// What there is.
    options: Vec<RepoTypeView>,
}

/// What a repository holds, or which two there are.
#[derive(Debug, Union)]
#[oai(one_of, rename = "Analysis")]
pub(crate) enum AnalysisView {
    /// The repository.
    Determined(Box<RepoInfo>),
    /// There are two.
    NeedsSelection(NeedsSelection),
}

impl NeedsSelection {
    fn new(repo: String) -> Self {
        Self {
            needs_selection: true,
            repo,
            message:
                "This repository exists as both a model and a dataset. Please select which one you want to analyze."
                    .to_owned(),
            options: vec![RepoTypeView::Model, RepoTypeView::Dataset],
        }
    }
}

/// Tells what repositories hold.
pub(crate) struct AnalyzeApi(pub(crate) Context);

#[OpenApi]
impl AnalyzeApi {
    /// Analyze a repository
    ///
    /// Its type, its facts, and what a user can choose to download from it.
    #[oai(path = "/api/analyze/:owner/:name", method = "get", operation_id = "analyzeRepo")]
    async fn analyze(
        &self,
        owner: Path<String>,
        name: Path<String>,
        /// It is a dataset: the same as `type=dataset`.
        #[oai(default)]
        dataset: Query<bool>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Branch, tag, ref or commit; `main` if absent.
        revision: Query<Option<String>>,
        /// The context in tokens that memory is told for; if absent, 8192 or the longest that the model can.
        #[oai(validator(minimum(value = "1"), maximum(value = "4294967295")))]
        context: Query<Option<u32>>,
    ) -> Result<Written<AnalysisView>, Failure<AnalyzeFailures>> {
        let repo = format!("{}/{}", owner.0, name.0);
        let kind = kind(dataset.0, r#type.0)?;
        Ok(self.0.analyze(question(&repo, kind, revision.0, context.0)?).await?)
    }

    /// Analyze a repository without an owner
    ///
    /// Like `/api/analyze/{owner}/{name}`, which may also be sent here with `%2F` for the slash.
    #[oai(path = "/api/analyze/:name", method = "get", operation_id = "analyzeRepoByName")]
    async fn analyze_by_name(
        &self,
        name: Path<String>,
        /// It is a dataset: the same as `type=dataset`.
        #[oai(default)]
        dataset: Query<bool>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Branch, tag, ref or commit; `main` if absent.
        revision: Query<Option<String>>,
        /// The context in tokens that memory is told for; if absent, 8192 or the longest that the model can.
        #[oai(validator(minimum(value = "1"), maximum(value = "4294967295")))]
        context: Query<Option<u32>>,
    ) -> Result<Written<AnalysisView>, Failure<AnalyzeFailures>> {
        let kind = kind(dataset.0, r#type.0)?;
        Ok(self.0.analyze(question(&name.0, kind, revision.0, context.0)?).await?)
    }
}

/// Both ways to say it may be used, unless they contradict each other.
fn kind(is_dataset: bool, named: Option<RepoTypeView>) -> Result<Option<RepoKind>, ApiError> {
    match (is_dataset, named.map(RepoKind::from)) {
        (true, Some(RepoKind::Model)) => {
            Err(ApiError::bad_request("Invalid parameter", "dataset=true and type=model contradict each other"))
        }
        (true, _) => Ok(Some(RepoKind::Dataset)),
        (false, named) => Ok(named),
    }
}

fn question(
    repo: &str,
    kind: Option<RepoKind>,
    revision: Option<String>,
    context: Option<u32>,
) -> Result<Question, RequestError> {
    let repo: RepoId = repo.parse().map_err(RequestError::Repo)?;
    let revision = match revision.filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map_err(RequestError::Revision)?,
        None => Revision::default(),
    };
    Ok(Question { repo, kind, revision, context: context.map(u64::from) })
}

impl Context {
    async fn analyze(&self, question: Question) -> Result<Written<AnalysisView>, ApiError> {
        let repo = question.repo.to_string();
        Ok(match self.analyzer.analyze(question).await? {
            Analysis::Determined(info) => info.among(),
            Analysis::NeedsSelection => Written::new(&NeedsSelection::new(repo)).among(),
        })
    }
}
