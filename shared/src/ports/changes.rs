//! Which files of a job have changed, told at the cost of what has changed.

use crate::job::{FileIndex, FileState};

/// A place in the history of a job's files. Means something to the store that gave it, for the job that it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileMark(pub u64);

/// How many changed files a store remembers of a job; of more, it forgets those that changed first.
pub const CHANGES_REMEMBERED: usize = 10_000;

/// How much is told of the changes after a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    All,
    /// Those that happened first; whoever asks again from the new mark gets more.
    Part,
    /// They are not known: there was no mark, the job was planned since, or too much has changed. The new mark is that of
    /// now; all files are to be read anew.
    Lost,
}

/// The files of a job that have changed after a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChanges {
    /// First those in work, in the plan's order, then the others in the order of their last change; each as it is now.
    /// When the changes are lost, those in work only.
    pub files: Vec<(FileIndex, FileState)>,
    /// Up to here, every change is told.
    pub mark: FileMark,
    /// How much is told.
    pub extent: Extent,
}
