//! The files of a job, page by page.

use hfd_shared::job::Snapshot;
use hfd_shared::ports::Page;
use poem_openapi::Object;

use super::Context;
use crate::error::ApiError;
use crate::view::{FileStatusView, FileView};
use crate::written::Written;

/// A page of files.
#[derive(Debug, Object)]
#[oai(rename = "JobFileList", rename_all = "camelCase")]
pub(super) struct FileList {
    /// The files, in the order of the plan.
    files: Vec<FileView>,
    /// How many are in this answer.
    count: u64,
    /// How many match, on all pages together.
    total: u64,
    /// The offset of the next page; null on the last.
    #[oai(nullable)]
    next_offset: Option<u64>,
}

pub(super) fn default_limit() -> u32 {
    200
}

impl Context {
    /// Writes a page of a job's files, of all of them or of those in one of these states.
    pub(super) async fn file_list(
        &self,
        snapshot: &Snapshot,
        statuses: &[FileStatusView],
        offset: u32,
        limit: u32,
    ) -> Result<Written<FileList>, ApiError> {
        let page = Page { offset: offset as usize, limit: limit as usize };
        let all = snapshot.progress.total_files;
        let _turn = self.files.wait(if statuses.is_empty() { all.min(limit.into()) } else { all }).await?;
        let (files, total) = if statuses.is_empty() {
            let files = self.state.store.files(snapshot.job.id, page).await?;
            (files.into_iter().map(FileView::from).collect(), all)
        } else {
            let all = self.state.store.files(snapshot.job.id, Page::ALL).await?;
            let mut files: Vec<FileView> = all.into_iter().map(FileView::from).collect();
            files.retain(|file| statuses.contains(&file.status));
            let total = files.len() as u64;
            (files.into_iter().skip(page.offset).take(page.limit).collect::<Vec<_>>(), total)
        };
        let count = files.len() as u64;
        let end = u64::from(offset) + count;
        let next_offset = (count > 0 && end < total).then_some(end);
        Ok(Written::new(&FileList { files, count, total, next_offset }))
    }
}
