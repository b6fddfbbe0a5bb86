//! The files of a snapshot.

use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{FileType, Stat};

use super::super::dir::{Dir, accessed, modified};
use super::super::error::CacheError;
use super::open::{OpenRepo, child};
use super::{Faults, MAX_FILES, targets};

/// Folders within a repository nest no deeper than this.
const MAX_DEPTH: usize = 256;

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedFile {
    /// Where it lies in the repository.
    pub path: String,
    /// The blob that it points to; none for a file that lies in the snapshot itself, as huggingface_hub leaves it on
    /// volumes without symlinks.
    pub blob: Option<String>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When its content was last read.
    pub(super) accessed: SystemTime,
    /// When its content was last written.
    pub(super) modified: SystemTime,
    /// The same for all files with this content.
    pub(super) inode: (u64, u64),
}

/// What lies under a name in a snapshot.
enum Found {
    Folder(Dir),
    File(CachedFile),
    Dangling {
        blob: String,
    },
    /// A symlink that does not lead to a blob by its text; the last name in that, if it can be read.
    Stray(Option<String>),
    /// A folder that is not looked into.
    TooDeep,
    Fault(String),
    Nothing,
}

/// A walk over snapshots, with a limit over all of them.
pub(in super::super) struct Walk<'a> {
    repo: &'a OpenRepo,
    files_left: usize,
    /// What could not be looked at first.
    missed: Option<String>,
    pub(super) faults: Faults,
    /// Entries whose blob is not there: their paths and the names of the blobs.
    pub(super) dangling: Vec<(String, String)>,
    /// The last names of symlinks that lead elsewhere: it may be the same folder by another path, as a process sees it that
    /// has the volume mounted there.
    pub(super) strays: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(in super::super) fn new(repo: &'a OpenRepo) -> Self {
        Self {
            repo,
            files_left: MAX_FILES,
            missed: None,
            faults: Faults::default(),
            dangling: Vec::new(),
            strays: Vec::new(),
        }
    }

    /// Fails unless everything was seen.
    pub(super) fn whole(&mut self) -> Result<(), CacheError> {
        self.missed.take().map_or(Ok(()), |reason| Err(self.repo.unseen(reason)))
    }

    fn miss(&mut self, fault: String) {
        self.missed.get_or_insert_with(|| fault.clone());
        self.faults.add(fault);
    }

    /// Shows all files of a snapshot, sorted folder by folder.
    pub(in super::super) fn snapshot(
        &mut self,
        snapshot: &Dir,
        visit: &mut dyn FnMut(CachedFile),
    ) -> Result<(), CacheError> {
        self.folder(snapshot, "", 0, visit)
    }

    fn folder(
        &mut self,
        folder: &Dir,
        prefix: &str,
        depth: usize,
        visit: &mut dyn FnMut(CachedFile),
    ) -> Result<(), CacheError> {
        let (mut names, has_others) = folder.names_and_rest()?;
        if has_others {
            self.miss(format!("the name of a file in the folder {prefix:?} is not UTF-8"));
        }
        names.sort_unstable();
        for name in names {
            if self.files_left == 0 {
                return Ok(());
            }
            let path = format!("{prefix}{name}");
            match self.look(folder, &name, &path, depth)? {
                Found::Folder(folder) => self.folder(&folder, &format!("{path}/"), depth + 1, visit)?,
                Found::File(file) => {
                    self.files_left -= 1;
                    visit(file);
                }
                Found::Dangling { blob } => {
                    self.files_left -= 1;
                    self.faults.add(format!("{path} points to a blob that is not there"));
                    self.dangling.push((path, blob));
                }
                Found::Stray(last_name) => {
                    self.files_left -= 1;
                    let fault = format!("{path} points outside the repository's blobs");
                    match last_name {
                        Some(name) => {
                            self.faults.add(fault);
                            self.strays.push(name);
                        }
                        None => self.miss(fault),
                    }
                }
                Found::TooDeep => self.miss(format!("{path} lies too deep")),
                Found::Fault(fault) => self.faults.add(fault),
                Found::Nothing => {}
            }
            if self.files_left == 0 {
                self.miss(format!("more than {MAX_FILES} files; the rest is not counted"));
            }
        }
        Ok(())
    }

    fn look(&self, folder: &Dir, name: &str, path: &str, depth: usize) -> Result<Found, CacheError> {
        let Some(stat) = folder.stat(name)? else { return Ok(Found::Nothing) };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if depth >= MAX_DEPTH => Found::TooDeep,
            FileType::Directory => child(folder, name)?.map_or(Found::Nothing, Found::Folder),
            FileType::RegularFile => Found::File(file(path, None, &stat)),
            FileType::Symlink => {
                let Some(target) = folder.read_link(name) else { return Ok(Found::Stray(None)) };
                let folders: Vec<&Path> = self.repo.paths.iter().map(AsRef::as_ref).collect();
                match targets::blob(&target, depth, &folders) {
                    None => Found::Stray(target.rsplit('/').next().map(str::to_owned)),
                    Some(blob) => match self.repo.blob(blob)? {
                        Some(stat) => Found::File(file(path, Some(blob), &stat)),
                        None => Found::Dangling { blob: blob.to_owned() },
                    },
                }
            }
            _ => Found::Fault(format!("{path} is no file")),
        })
    }
}

fn file(path: &str, blob: Option<&str>, stat: &Stat) -> CachedFile {
    CachedFile {
        path: path.to_owned(),
        blob: blob.map(str::to_owned),
        size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        accessed: accessed(stat),
        modified: modified(stat),
        inode: (stat.st_dev, stat.st_ino),
    }
}
