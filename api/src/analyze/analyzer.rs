//! Finds out which commit is meant, and what it holds; remembers the latter.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::blocking::{blocking, joined};
use hfd_shared::hub::{HubClient, HubError, Refs};
use hfd_shared::repo::{CommitHash, RepoId, RepoKind, RepoRef, Revision};
use moka::future::Cache;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::answer::{Findings, repo_info};
use super::contents::Contents;
use super::head::Source;
use super::info::RepoInfo;
use super::{detect, documents, gguf, safetensors};
use crate::written::Written;

/// How many commits are looked into at a time: a listing may hold a hundred thousand files.
const MAX_LOOKS: usize = 8;
/// How many answers are written at a time: each names all files.
const MAX_ANSWERS: usize = 4;
/// What is remembered: so many files, and each commit counts as some more.
const MAX_REMEMBERED_FILES: u64 = 500_000;
const FILES_A_COMMIT: u32 = 100;
/// How long an analysis may take, the wait for others included.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long the Hub is asked about a commit: what nobody waits for any more is there for the next one who asks.
const LOOK_TIMEOUT: Duration = Duration::from_mins(5);

/// What to analyse.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The repository's name.
    pub(crate) repo: RepoId,
    /// Model or dataset; none for whichever there is.
    pub(crate) kind: Option<RepoKind>,
    /// Which version.
    pub(crate) revision: Revision,
    /// The context that memory is told for, in tokens.
    pub(crate) context: Option<u64>,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Analysis {
    /// The repository.
    Determined(Written<RepoInfo>),
    /// There is a model and a dataset of this name.
    NeedsSelection,
}

/// Why nothing was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnalyzeError {
    /// Absent, or private and the token gives no access.
    #[error("{0} is neither a model nor a dataset, or it is private; check its name, or set a token that can read it")]
    NotFound(RepoId),
    /// The Hub refuses or fails.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// It takes too long.
    #[error("no analysis within {} s; try again", TIMEOUT.as_secs())]
    Timeout,
}

/// What a look ends with that is not remembered.
enum Unlasting {
    /// Something was left out that may be there at another time.
    Findings(Arc<Findings>),
    Failure(AnalyzeError),
}

/// Analyses repositories.
pub(crate) struct Analyzer {
    hub: HubClient,
    remembered: Cache<(RepoRef, CommitHash), Arc<Findings>>,
    looks: Semaphore,
    answers: Arc<Semaphore>,
}

impl Analyzer {
    /// An analyzer that asks this Hub.
    pub(crate) fn new(hub: HubClient) -> Self {
        let weigh = |_: &(RepoRef, CommitHash), findings: &Arc<Findings>| {
            u32::try_from(findings.contents.files.len()).unwrap_or(u32::MAX).saturating_add(FILES_A_COMMIT)
        };
        let remembered = Cache::builder().max_capacity(MAX_REMEMBERED_FILES).weigher(weigh).build();
        let answers = Arc::new(Semaphore::new(MAX_ANSWERS));
        Self { hub, remembered, looks: Semaphore::new(MAX_LOOKS), answers }
    }

    /// Analyses a repository. The Hub is always asked whether it may be seen; the rest is remembered per commit.
    ///
    /// # Errors
    /// When it is not there or may not be read, and when the Hub fails or takes too long.
    pub(crate) async fn analyze(self: &Arc<Self>, question: Question) -> Result<Analysis, AnalyzeError> {
        tokio::time::timeout(TIMEOUT, self.analyze_now(question)).await.unwrap_or(Err(AnalyzeError::Timeout))
    }

    async fn analyze_now(self: &Arc<Self>, question: Question) -> Result<Analysis, AnalyzeError> {
        let Some((repo, commit)) = self.find(&question).await? else { return Ok(Analysis::NeedsSelection) };
        let (findings, refs) = tokio::join!(Arc::clone(self).findings(repo.clone(), commit), self.refs(&repo));
        let findings = findings?;
        // Choosing the filters of many files takes a while, also when nobody waits any more. No semaphore is ever closed.
        let turn = Arc::clone(&self.answers).acquire_owned().await.ok();
        let answer = move || {
            let _turn = turn;
            repo_info(&findings, &refs, &question.revision, question.context).written()
        };
        Ok(Analysis::Determined(blocking(answer).await))
    }

    /// The repository and the commit that are meant; none when a model and a dataset are.
    async fn find(&self, question: &Question) -> Result<Option<(RepoRef, CommitHash)>, AnalyzeError> {
        let of = |kind| RepoRef { kind, id: question.repo.clone() };
        if let Some(kind) = question.kind {
            let repo = of(kind);
            let commit = self.hub.confirmed_commit(&repo, &question.revision).await?;
            return Ok(Some((repo, commit)));
        }
        let (model, dataset) = (of(RepoKind::Model), of(RepoKind::Dataset));
        let answers = tokio::join!(
            self.hub.confirmed_commit(&model, &question.revision),
            self.hub.confirmed_commit(&dataset, &question.revision)
        );
        match answers {
            (Ok(_), Ok(_)) => Ok(None),
            (Ok(commit), Err(error)) if is_refusal(&error) => Ok(Some((model, commit))),
            (Err(error), Ok(commit)) if is_refusal(&error) => Ok(Some((dataset, commit))),
            (Err(HubError::RepoNotFound { .. }), Err(HubError::RepoNotFound { .. })) => {
                Err(AnalyzeError::NotFound(question.repo.clone()))
            }
            (Err(HubError::RepoNotFound { .. }) | Ok(_), Err(error)) | (Err(error), _) => Err(error.into()),
        }
    }

    /// What there is to know of a commit. Once begun it is found out and remembered, also when the request is over.
    async fn findings(self: Arc<Self>, repo: RepoRef, commit: CommitHash) -> Result<Arc<Findings>, AnalyzeError> {
        let finding = async move {
            // Whoever asks for the same commit meanwhile waits for this look.
            let found = self.remembered.try_get_with((repo.clone(), commit), self.look_in_turn(&repo, commit)).await;
            found.or_else(|unlasting: Arc<Unlasting>| match &*unlasting {
                Unlasting::Findings(found) => Ok(Arc::clone(found)),
                Unlasting::Failure(error) => Err(error.clone()),
            })
        };
        joined(tokio::spawn(finding.in_current_span())).await
    }

    async fn look_in_turn(&self, repo: &RepoRef, commit: CommitHash) -> Result<Arc<Findings>, Unlasting> {
        let too_late = |_| Unlasting::Failure(AnalyzeError::Timeout);
        let _turn = tokio::time::timeout(TIMEOUT, self.looks.acquire()).await.map_err(too_late)?;
        let read = tokio::time::timeout(LOOK_TIMEOUT, self.read(repo, commit)).await.map_err(too_late)?;
        let known = read.map_err(|error| Unlasting::Failure(error.into()))?;
        let found = Arc::new(blocking(move || known.conclude()).await);
        if found.is_hampered { Err(Unlasting::Findings(found)) } else { Ok(found) }
    }

    async fn read(&self, repo: &RepoRef, commit: CommitHash) -> Result<Known, HubError> {
        let files = self.hub.tree(repo, commit).await?.files;
        let source = Source::new(&self.hub, repo, commit);
        let documents = documents::read(&source, &files).await?;
        let mut contents = Contents { repo: repo.clone(), commit, files, documents, tensors: None };
        let is_gguf = repo.kind == RepoKind::Model && contents.of_format(&["gguf"]).next().is_some();
        let mut gguf = None;
        if is_gguf {
            gguf = Some(gguf::facts(&source, &contents).await?);
        } else if repo.kind == RepoKind::Model {
            let (files, documents) = (&contents.files, &contents.documents);
            contents.tensors = safetensors::read(&source, files, documents).await?;
        }
        Ok(Known { contents, gguf, is_hampered: source.is_hampered() })
    }

    /// Branches and tags; none when the Hub does not tell them, for an analysis can do without.
    async fn refs(&self, repo: &RepoRef) -> Refs {
        self.hub.refs(repo).await.unwrap_or_else(|error| {
            tracing::info!(%error, "an analysis goes without refs");
            Refs::default()
        })
    }
}

/// What was read of a commit.
struct Known {
    contents: Contents,
    gguf: Option<Result<gguf::Facts, String>>,
    is_hampered: bool,
}

impl Known {
    fn conclude(self) -> Findings {
        let Self { mut contents, gguf, is_hampered } = self;
        let sections = detect::sections(&contents);
        let kind = detect::repo_type(&contents, &sections);
        contents.documents.clear();
        contents.tensors = None;
        Findings { contents, kind, sections, gguf, is_hampered }
    }
}

/// Whether the answer is final that this kind of repository is not to be had under the name, at the revision.
fn is_refusal(error: &HubError) -> bool {
    use HubError as E;
    matches!(
        error,
        E::RepoNotFound { .. }
            | E::RevisionNotFound { .. }
            | E::Gated { .. }
            | E::Disabled { .. }
            | E::Forbidden { .. }
    )
}
