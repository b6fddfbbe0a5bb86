//! Which commits the revisions of a repository stand for.

use std::collections::BTreeMap;

use rustix::fs::FileType;

use super::super::dir::Dir;
use super::super::error::CacheError;
use super::super::refs::{MAX_REF_BYTES, REFS};
use super::open::{OpenRepo, child};
use super::{Faults, MAX_FILES};
use crate::repo::{CommitHash, Revision};

/// Refs nest no deeper than a revision's name may be long.
const MAX_DEPTH: usize = 125;

/// Files of desktops that `scan_cache_dir()` ignores, too.
pub(super) const IGNORED: &str = ".DS_Store";

/// The refs of a repository.
#[derive(Debug, Default)]
pub(in super::super) struct Refs {
    /// Each with its commit.
    pub(in super::super) found: BTreeMap<Revision, CommitHash>,
    pub(super) faults: Faults,
}

impl OpenRepo {
    /// Reads all refs.
    pub(in super::super) fn refs(&self) -> Result<Refs, CacheError> {
        let mut refs = Refs::default();
        if let Some(folder) = child(&self.folder, REFS)? {
            refs.read(&folder, "", MAX_DEPTH)?;
        }
        Ok(refs)
    }
}

impl Refs {
    fn read(&mut self, folder: &Dir, prefix: &str, depth_left: usize) -> Result<(), CacheError> {
        for name in folder.names()? {
            let path = format!("{prefix}{name}");
            let Some(stat) = folder.stat(&name)? else { continue };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory if depth_left > 0 => {
                    if let Some(folder) = child(folder, &name)? {
                        self.read(&folder, &format!("{path}/"), depth_left - 1)?;
                    }
                }
                FileType::RegularFile if name == IGNORED => {}
                FileType::RegularFile if self.found.len() < MAX_FILES => match (path.parse(), read(folder, &name)?) {
                    (Ok(revision), Some(commit)) => _ = self.found.insert(revision, commit),
                    _ => self.faults.add(format!("refs/{path} names no commit")),
                },
                _ => self.faults.add(format!("refs/{path} is no ref")),
            }
        }
        Ok(())
    }
}

/// The commit in a ref's file; none if there is no commit in it.
fn read(folder: &Dir, name: &str) -> Result<Option<CommitHash>, CacheError> {
    let text = match folder.read(name, MAX_REF_BYTES) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(String::from_utf8(text).ok().and_then(|text| text.trim_end().parse().ok()))
}
