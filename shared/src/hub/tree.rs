//! The listing of a repository: all pages, and folder by folder where a mirror does not list recursively.

use std::collections::{HashSet, VecDeque};

use url::Url;

use super::api::Page;
use super::entry::{Entry, RawEntry};
use super::{HubClient, HubError};
use crate::repo::{CommitHash, RepoPath, RepoRef, Tree, TreeFile};

/// Limits of a listing. The Hub gives up to 1,000 entries a page.
const MAX_PAGES: usize = 5_000;
const MAX_ENTRIES: usize = 2_000_000;

impl HubClient {
    /// All files of a repository at a commit.
    ///
    /// A single unsafe path fails the whole listing: a repository with one is not to be trusted with the others.
    ///
    /// # Errors
    /// When the repository or the commit is not there, the Hub does not answer, or the listing cannot be trusted.
    pub async fn tree(&self, repo: &RepoRef, commit: CommitHash) -> Result<Tree, HubError> {
        let what = format!("{repo} at {commit}");
        let mut listing = Listing::new(&what);
        let mut unlisted = VecDeque::from([None]);
        while let Some(folder) = unlisted.pop_front() {
            let mut next = Some(self.inner.urls.tree(repo, commit, folder.as_ref()));
            while let Some(url) = next {
                listing.visit(&url)?;
                let page: Page<Vec<RawEntry>> = self.get_json(&url, &what).await?;
                listing.add(page.content, folder.as_ref())?;
                next = page.next;
            }
            unlisted.extend(listing.take_unlisted().map(Some));
        }
        Ok(Tree { commit, files: listing.files })
    }
}

/// What is known of a repository so far.
struct Listing<'a> {
    what: &'a str,
    files: Vec<TreeFile>,
    /// Folders found since the last [`Self::take_unlisted`].
    folders: Vec<RepoPath>,
    /// All paths, since none may come twice.
    paths: HashSet<RepoPath>,
    /// Folders of which something is listed.
    filled: HashSet<String>,
    visited: HashSet<Url>,
}

impl<'a> Listing<'a> {
    fn new(what: &'a str) -> Self {
        Self {
            what,
            files: Vec::new(),
            folders: Vec::new(),
            paths: HashSet::new(),
            filled: HashSet::new(),
            visited: HashSet::new(),
        }
    }

    /// Notes a page that will be asked for.
    fn visit(&mut self, url: &Url) -> Result<(), HubError> {
        if self.visited.len() == MAX_PAGES {
            return Err(self.wrong(format!("its listing has more than {MAX_PAGES} pages")));
        }
        if self.visited.insert(url.clone()) {
            Ok(())
        } else {
            Err(self.wrong("its listing comes back to a page that was there before".to_owned()))
        }
    }

    /// Takes a page of the listing of a folder (or of the root).
    fn add(&mut self, page: Vec<RawEntry>, folder: Option<&RepoPath>) -> Result<(), HubError> {
        for entry in page {
            let (path, file) = match entry.check(self.what)? {
                Entry::File(file) => (file.path.clone(), Some(file)),
                Entry::Folder(path) => (path, None),
                Entry::Other => continue,
            };
            if folder.is_some_and(|folder| !is_below(&path, folder)) {
                return Err(self.wrong(format!("{path} is listed in a folder that it is not in")));
            }
            if self.paths.len() == MAX_ENTRIES {
                return Err(self.wrong(format!("it has more than {MAX_ENTRIES} files and folders")));
            }
            if !self.paths.insert(path.clone()) {
                return Err(self.wrong(format!("{path} is listed twice")));
            }
            self.fill_folders_of(&path);
            match file {
                Some(file) => self.files.push(file),
                None => self.folders.push(path),
            }
        }
        Ok(())
    }

    fn fill_folders_of(&mut self, path: &RepoPath) {
        let mut folder = path.as_str();
        while let Some((parent, _)) = folder.rsplit_once('/') {
            // All above it were noted with it.
            if self.filled.contains(parent) {
                return;
            }
            self.filled.insert(parent.to_owned());
            folder = parent;
        }
    }

    /// The new folders of which nothing is listed: git has no empty ones, so the listing was not recursive.
    fn take_unlisted(&mut self) -> impl Iterator<Item = RepoPath> {
        let folders = std::mem::take(&mut self.folders);
        folders.into_iter().filter(|folder| !self.filled.contains(folder.as_str()))
    }

    fn wrong(&self, detail: String) -> HubError {
        HubError::protocol(self.what, detail)
    }
}

fn is_below(path: &RepoPath, folder: &RepoPath) -> bool {
    path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
}
