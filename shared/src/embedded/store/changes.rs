//! The history of a job's files: each with its last change, the latest changes only.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::job::FileIndex;
use crate::ports::{CHANGES_REMEMBERED, Extent, FileMark};

/// The changed files of a job, each once, in the order of their last change.
#[derive(Debug, Default)]
pub(super) struct Changes {
    numbers: HashMap<FileIndex, u64>,
    files: BTreeMap<u64, FileIndex>,
    /// The number of the last change.
    last: u64,
    /// Changes up to this one are not known any more.
    forgotten: u64,
}

impl Changes {
    /// Notes that a file has changed.
    pub(super) fn note(&mut self, file: FileIndex) {
        self.last += 1;
        self.files.insert(self.last, file);
        if let Some(before) = self.numbers.insert(file, self.last) {
            self.files.remove(&before);
        }
        if self.files.len() > CHANGES_REMEMBERED
            && let Some((number, oldest)) = self.files.pop_first()
        {
            self.numbers.remove(&oldest);
            self.forgotten = number;
        }
    }

    /// All files may have changed.
    pub(super) fn forget(&mut self) {
        self.last += 1;
        *self = Self { last: self.last, forgotten: self.last, ..Self::default() };
    }

    /// The files that changed after a mark, and up to which mark that is all.
    pub(super) fn since(
        &self,
        since: Option<FileMark>,
        mut in_work: Vec<FileIndex>,
        limit: usize,
    ) -> (Vec<FileIndex>, FileMark, Extent) {
        in_work.sort_unstable();
        let known = since.map(|mark| mark.0).filter(|mark| (self.forgotten..=self.last).contains(mark));
        let Some(since) = known else {
            in_work.truncate(limit);
            return (in_work, FileMark(self.last), Extent::Lost);
        };
        in_work.retain(|file| self.numbers.get(file).is_some_and(|number| *number > since));
        in_work.truncate(limit / 2);
        let mut told: HashSet<FileIndex> = in_work.iter().copied().collect();
        let (mut files, mut mark) = (in_work, since);
        for (&number, &file) in self.files.range(since + 1..) {
            if !told.contains(&file) {
                if files.len() >= limit {
                    return (files, FileMark(mark), Extent::Part);
                }
                told.insert(file);
                files.push(file);
            }
            mark = number;
        }
        (files, FileMark(self.last), Extent::All)
    }
}
