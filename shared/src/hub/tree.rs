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
/// Of all paths together, with those of the folders that they lie in.
const MAX_PATH_BYTES: usize = 128 << 20;
/// Of all files together: Redis' scripts count exactly up to here, and sums of sizes need not be looked after anywhere else.
const MAX_BYTES: u64 = 1 << 53;

impl HubClient {
    /// All files of a repository at a commit.
    ///
    /// A single unsafe path fails the whole listing: a repository with one is not to be trusted with the others.
    ///
    /// # Errors
    /// When the repository or the commit is not there, the Hub does not answer, or the listing cannot be trusted.
    pub async fn tree(&self, repo: &RepoRef, commit: CommitHash) -> Result<Tree, HubError> {
        let mut listing = Listing::new(repo.clone(), commit);
        while !listing.is_whole() {
            listing.read_page(self).await?;
        }
        Ok(listing.into_tree())
    }
}

/// What is known of a repository at a commit so far. It can be gone on with after an error: no page is asked for twice.
#[derive(Debug)]
pub struct Listing {
    repo: RepoRef,
    commit: CommitHash,
    /// What is asked about, for errors.
    what: String,
    /// The folder that is being read (the root without a name), and the page of it that comes next.
    reading: Option<(Option<RepoPath>, Option<Url>)>,
    /// Folders that are yet to be read.
    unlisted: VecDeque<RepoPath>,
    files: Vec<TreeFile>,
    /// Folders found since the last [`Self::next_folder`].
    folders: Vec<RepoPath>,
    /// All paths, since none may come twice.
    paths: HashSet<RepoPath>,
    /// Folders of which something is listed.
    filled: HashSet<String>,
    /// Bytes of `paths` and `filled`.
    path_bytes: usize,
    /// Bytes of all files.
    bytes: u64,
    visited: HashSet<Url>,
}

impl Listing {
    /// A listing of which nothing is known yet.
    pub fn new(repo: RepoRef, commit: CommitHash) -> Self {
        Self {
            what: format!("{repo} at {commit}"),
            repo,
            commit,
            reading: Some((None, None)),
            unlisted: VecDeque::new(),
            files: Vec::new(),
            folders: Vec::new(),
            paths: HashSet::new(),
            filled: HashSet::new(),
            path_bytes: 0,
            bytes: 0,
            visited: HashSet::new(),
        }
    }

    /// How many files are known.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks for that")]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no page left.
    pub fn is_whole(&self) -> bool {
        self.reading.is_none()
    }

    /// Reads the next page.
    ///
    /// # Errors
    /// As [`HubClient::tree`]. After one that may pass, the same page can be asked for again.
    pub async fn read_page(&mut self, hub: &HubClient) -> Result<(), HubError> {
        let Some((folder, page)) = &self.reading else { return Ok(()) };
        let (folder, page) = (folder.clone(), page.clone());
        let url = page.unwrap_or_else(|| hub.inner.urls.tree(&self.repo, self.commit, folder.as_ref()));
        if self.visited.len() == MAX_PAGES {
            return Err(self.wrong(format!("its listing has more than {MAX_PAGES} pages")));
        }
        if self.visited.contains(&url) {
            return Err(self.wrong("its listing comes back to a page that was there before".to_owned()));
        }
        let page: Page<Vec<RawEntry>> = hub.get_json(&url, &self.what).await?;
        self.add(page.content, folder.as_ref())?;
        self.visited.insert(url);
        self.reading = match page.next {
            Some(next) => Some((folder, Some(next))),
            None => self.next_folder().map(|folder| (Some(folder), None)),
        };
        Ok(())
    }

    /// The files; all of them once it is whole.
    pub fn into_tree(mut self) -> Tree {
        // The room to grow may be as much as the files themselves.
        self.files.shrink_to_fit();
        Tree { commit: self.commit, files: self.files }
    }

    /// Takes a page of the listing of a folder (or of the root).
    fn add(&mut self, page: Vec<RawEntry>, folder: Option<&RepoPath>) -> Result<(), HubError> {
        for entry in page {
            let (path, file) = match entry.check(&self.what)? {
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
            self.path_bytes += path.as_str().len();
            self.fill_folders_of(&path);
            if self.path_bytes > MAX_PATH_BYTES {
                return Err(self.wrong(format!("its paths have more than {} MiB", MAX_PATH_BYTES >> 20)));
            }
            match file {
                Some(file) => self.push(file)?,
                None => self.folders.push(path),
            }
        }
        Ok(())
    }

    fn push(&mut self, file: TreeFile) -> Result<(), HubError> {
        let bytes = self.bytes.checked_add(file.size_bytes).filter(|bytes| *bytes <= MAX_BYTES);
        self.bytes = bytes.ok_or_else(|| self.wrong(format!("its files have more than {} PiB", MAX_BYTES >> 50)))?;
        self.files.push(file);
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
            self.path_bytes += parent.len();
            folder = parent;
        }
    }

    /// The next folder of which nothing is listed: git has no empty ones, so the listing was not recursive.
    fn next_folder(&mut self) -> Option<RepoPath> {
        let folders = std::mem::take(&mut self.folders);
        self.unlisted.extend(folders.into_iter().filter(|folder| !self.filled.contains(folder.as_str())));
        self.unlisted.pop_front()
    }

    fn wrong(&self, detail: String) -> HubError {
        HubError::protocol(&self.what, detail)
    }
}

fn is_below(path: &RepoPath, folder: &RepoPath) -> bool {
    path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
}
