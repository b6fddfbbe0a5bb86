//! The JSON shapes of what the cache holds.

use std::time::SystemTime;

use hfd_shared::cache::{CachedFile, CachedRevision, FilePage, RepoContents, Space, State, Unused, UnusedKind};
use hfd_shared::moment::whole_seconds;
use poem_openapi::{Enum, Object};
use time::OffsetDateTime;

use super::{RepoTypeView, human_size};

/// The volume of the cache.
#[derive(Debug, Clone, Copy, Object)]
#[oai(rename = "Volume", rename_all = "camelCase")]
pub(crate) struct VolumeView {
    /// Bytes of the whole.
    total_bytes: u64,
    /// Bytes that may still be written.
    free_bytes: u64,
}

impl From<Space> for VolumeView {
    fn from(space: Space) -> Self {
        Self { total_bytes: space.capacity_bytes, free_bytes: space.free_bytes }
    }
}

/// A repository in the cache.
#[derive(Debug, Clone, Object)]
#[oai(rename = "CachedRepo", rename_all = "camelCase")]
pub(crate) struct CachedRepoView {
    /// The repository, `owner/name`, or just `name` for a few old ones.
    repo: String,
    /// What it is.
    #[oai(rename = "type")]
    kind: RepoTypeView,
    /// Its folder.
    path: String,
    /// Bytes of all its contents; what several files or revisions have in common counts once.
    pub(crate) size: u64,
    /// The same for people.
    size_human: String,
    /// How many different contents its revisions have.
    files: u64,
    /// How many revisions the cache holds.
    snapshots: u64,
    /// When a content was last read, as far as the volume notes it.
    last_used: OffsetDateTime,
    /// When a content was last written.
    last_modified: OffsetDateTime,
    /// What is wrong with the folder, in words; such things do not count.
    warnings: Vec<String>,
}

impl From<&RepoContents> for CachedRepoView {
    fn from(contents: &RepoContents) -> Self {
        Self {
            repo: contents.repo.id.to_string(),
            kind: contents.repo.kind.into(),
            path: contents.folder.display().to_string(),
            size: contents.size_bytes,
            size_human: human_size(contents.size_bytes),
            files: contents.files,
            snapshots: contents.revisions.len() as u64,
            last_used: moment(contents.last_used),
            last_modified: moment(contents.last_modified),
            warnings: contents.faults.clone(),
        }
    }
}

/// Everything about a repository in the cache.
#[derive(Debug, Clone, Object)]
#[oai(rename = "CachedRepoDetails", rename_all = "camelCase")]
pub(crate) struct CachedRepoDetails {
    /// The repository, `owner/name`, or just `name` for a few old ones.
    repo: String,
    /// What it is.
    #[oai(rename = "type")]
    kind: RepoTypeView,
    /// Its folder.
    path: String,
    /// The revisions by name: branches, tags and other refs; a revision without any, by its commit.
    snapshots: Vec<String>,
    /// The revisions; the one that was asked for, if one was.
    revisions: Vec<CachedRevisionView>,
    /// Bytes of all its contents; what several files or revisions have in common counts once.
    size: u64,
    /// The same for people.
    size_human: String,
    /// How many different contents its revisions have.
    files: u64,
    /// When a content was last read, as far as the volume notes it.
    last_used: OffsetDateTime,
    /// When a content was last written.
    last_modified: OffsetDateTime,
    /// How many contents were begun and are not finished.
    partials: u64,
    /// How much of the volume these take up, in bytes.
    partial_size: u64,
    /// Bytes that a prune would free now.
    prunable_size: u64,
    /// What is wrong with the folder, in words; such things do not count.
    warnings: Vec<String>,
}

/// A revision in the cache.
#[derive(Debug, Clone, Object)]
#[oai(rename = "CachedRevision", rename_all = "camelCase")]
pub(crate) struct CachedRevisionView {
    /// Its commit.
    commit: String,
    /// The branches, tags and other refs that stand for it.
    refs: Vec<String>,
    /// Bytes of all its contents.
    size: u64,
    /// The same for people.
    size_human: String,
    /// How many files it has.
    file_count: u64,
    /// Whether it has all files of its commit.
    state: RevisionState,
    /// How many files of its commit are not there; null when that is not known.
    #[oai(nullable)]
    missing_files: Option<u64>,
    /// When its newest content was written.
    last_modified: OffsetDateTime,
    /// Its files, folder by folder; only where `revision` asks for it, page by page.
    files: Vec<CachedFileView>,
    /// The offset of the next page; null on the last.
    #[oai(nullable)]
    next_offset: Option<u64>,
}

/// Whether a revision has all files of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "RevisionState", rename_all = "lowercase")]
pub(crate) enum RevisionState {
    /// It has.
    Complete,
    /// It has not: only some were asked for, or a download is under way or has failed.
    Partial,
    /// The cache holds no listing of the commit.
    Unknown,
}

/// A file of a revision.
#[derive(Debug, Clone, Object)]
#[oai(rename = "CachedFile")]
pub(crate) struct CachedFileView {
    /// Where it lies in the repository.
    path: String,
    /// Its size in bytes.
    size: u64,
    /// The name of its content, a hash; empty for a file that is no link to one.
    blob: String,
}

impl CachedRepoDetails {
    /// A repository, and what of it can go: at once, and what was begun.
    pub(crate) fn new(contents: &RepoContents, unused: &[Unused], partials: &[Unused]) -> Self {
        let sum = |things: &[Unused]| things.iter().map(|thing| thing.size_bytes).sum();
        Self {
            repo: contents.repo.id.to_string(),
            kind: contents.repo.kind.into(),
            path: contents.folder.display().to_string(),
            snapshots: names(&contents.revisions),
            revisions: contents.revisions.iter().map(CachedRevisionView::from).collect(),
            size: contents.size_bytes,
            size_human: human_size(contents.size_bytes),
            files: contents.files,
            last_used: moment(contents.last_used),
            last_modified: moment(contents.last_modified),
            partials: partials.len() as u64,
            partial_size: sum(partials),
            prunable_size: sum(unused),
            warnings: contents.faults.clone(),
        }
    }

    /// Only one revision, with a page of its files.
    pub(crate) fn only(&mut self, commit: &str, page: FilePage, offset: u64) {
        self.revisions.retain(|revision| revision.commit == commit);
        if let Some(revision) = self.revisions.first_mut() {
            let end = offset + page.files.len() as u64;
            revision.next_offset = (!page.files.is_empty() && end < page.total).then_some(end);
            revision.files = page.files.into_iter().map(CachedFileView::from).collect();
        }
    }
}

/// All refs, then the commits that have none.
fn names(revisions: &[CachedRevision]) -> Vec<String> {
    let mut names: Vec<String> = revisions.iter().flat_map(|found| &found.refs).map(ToString::to_string).collect();
    names.sort_unstable();
    names.extend(revisions.iter().filter(|found| found.refs.is_empty()).map(|found| found.commit.to_string()));
    names
}

impl From<&CachedRevision> for CachedRevisionView {
    fn from(revision: &CachedRevision) -> Self {
        let (state, missing_files) = match revision.state {
            State::Complete => (RevisionState::Complete, Some(0)),
            State::Partial { missing } => (RevisionState::Partial, Some(missing)),
            State::Unknown => (RevisionState::Unknown, None),
        };
        Self {
            commit: revision.commit.to_string(),
            refs: revision.refs.iter().map(ToString::to_string).collect(),
            size: revision.size_bytes,
            size_human: human_size(revision.size_bytes),
            file_count: revision.files,
            state,
            missing_files,
            last_modified: moment(revision.last_modified),
            files: Vec::new(),
            next_offset: None,
        }
    }
}

impl From<CachedFile> for CachedFileView {
    fn from(file: CachedFile) -> Self {
        Self { path: file.path, size: file.size_bytes, blob: file.blob.unwrap_or_default() }
    }
}

/// Something in the cache that no revision needs.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Unused")]
pub(crate) struct UnusedView {
    /// Where it lies in the cache.
    path: String,
    /// What it is.
    kind: UnusedKindView,
    /// How much of the volume it takes up, in bytes.
    size: u64,
}

/// Why something is not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "UnusedKind", rename_all = "lowercase")]
pub(crate) enum UnusedKindView {
    /// A content that no revision has.
    Blob,
    /// A content that was begun and not touched for a day.
    Partial,
    /// What a removal or a process that was killed has left.
    Temporary,
}

impl From<&Unused> for UnusedView {
    fn from(unused: &Unused) -> Self {
        let kind = match unused.kind {
            UnusedKind::Blob => UnusedKindView::Blob,
            UnusedKind::Partial => UnusedKindView::Partial,
            UnusedKind::Temporary => UnusedKindView::Temporary,
        };
        Self { path: unused.path.clone(), kind, size: unused.size_bytes }
    }
}

fn moment(time: SystemTime) -> OffsetDateTime {
    whole_seconds(time.into())
}
