//! Which files of a repository a job takes.
//!
//! Excludes come first and beat filters. With filters, a file that matches one is taken; of the others only payload
//! (weights, data and whatever is large, in LFS) is dropped: configuration, tokenizers, documents and small files always come
//! along.

mod pattern;
mod payload;

use std::collections::HashSet;

use crate::repo::{RepoKind, RepoPath, TreeFile};
use pattern::{Pattern, Subject};
use payload::is_payload;

pub use payload::is_of_format;

/// Shown in the error when nothing matches.
const EXAMPLES: usize = 5;

/// The rule by which files are taken.
#[derive(Debug, Clone)]
pub struct Selection {
    kind: RepoKind,
    filters: Vec<Pattern>,
    excludes: Vec<Pattern>,
    append_filter_subdir: bool,
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected<'a> {
    /// The file.
    pub file: &'a TreeFile,
    /// The folder of its second link, where one is wanted: the longest filter that it matched.
    pub subdir: Option<RepoPath>,
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern with `*` or `?` that is no glob.
    #[error("invalid pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Filters were given and no file matches any of them.
    #[error("no file matches {filters}; the repository has {total} files, such as {examples}")]
    NoMatch {
        /// The filters, as text.
        filters: String,
        /// How many files there are.
        total: usize,
        /// Some of them.
        examples: String,
    },
    /// The excludes leave nothing.
    #[error("the excludes leave none of the repository's {0} files")]
    AllExcluded(usize),
}

impl Selection {
    /// Reads the patterns: with `*` or `?` a glob, otherwise a part of the path; both without regard to case.
    ///
    /// # Errors
    /// When a glob cannot be read.
    pub fn new(
        kind: RepoKind,
        filters: &[String],
        excludes: &[String],
        append_filter_subdir: bool,
    ) -> Result<Self, SelectionError> {
        let parse =
            |patterns: &[String]| patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { kind, filters: parse(filters)?, excludes: parse(excludes)?, append_filter_subdir })
    }

    /// The files to take, in the order of the listing; a path that is listed twice is taken once.
    ///
    /// # Errors
    /// When filters were given and no file matches any, or when the excludes leave nothing.
    pub fn select<'a>(&self, files: &'a [TreeFile]) -> Result<Vec<Selected<'a>>, SelectionError> {
        let mut seen = HashSet::new();
        let remaining: Vec<&TreeFile> = files
            .iter()
            .filter(|file| seen.insert(&file.path))
            .filter(|file| !matches_any(&self.excludes, file))
            .collect();
        if remaining.is_empty() && !files.is_empty() {
            return Err(SelectionError::AllExcluded(files.len()));
        }
        let mut any_match = self.filters.is_empty();
        let mut selected = Vec::new();
        for file in remaining {
            let subject = Subject::new(&file.path);
            let longest = self
                .filters
                .iter()
                .filter(|filter| filter.matches(&subject))
                .max_by_key(|filter| (!filter.is_glob(), filter.text().len()));
            any_match |= longest.is_some();
            if longest.is_some() || self.filters.is_empty() || !is_payload(self.kind, file) {
                selected.push(Selected { file, subdir: longest.and_then(|filter| self.subdir(filter)) });
            }
        }
        if any_match { Ok(selected) } else { Err(self.no_match(files)) }
    }

    /// Whether one of the filters matches a file.
    pub fn matches(&self, file: &TreeFile) -> bool {
        matches_any(&self.filters, file)
    }

    /// Whether a file comes along whatever the filters are: all but weights, archives, data and what is large, in LFS.
    pub fn takes_always(&self, file: &TreeFile) -> bool {
        !is_payload(self.kind, file)
    }

    /// The folder for a filter; none for a filter that cannot name one, such as a glob.
    fn subdir(&self, filter: &Pattern) -> Option<RepoPath> {
        if self.append_filter_subdir && !filter.is_glob() { filter.text().trim_matches('/').parse().ok() } else { None }
    }

    fn no_match(&self, files: &[TreeFile]) -> SelectionError {
        let join = |texts: Vec<String>| texts.join(", ");
        SelectionError::NoMatch {
            filters: join(self.filters.iter().map(|filter| format!("{:?}", filter.text())).collect()),
            total: files.len(),
            examples: join(
                files
                    .iter()
                    .filter(|file| is_payload(self.kind, file))
                    .chain(files.iter().filter(|file| !is_payload(self.kind, file)))
                    .take(EXAMPLES)
                    .map(|file| file.path.to_string())
                    .collect(),
            ),
        }
    }
}

fn matches_any(patterns: &[Pattern], file: &TreeFile) -> bool {
    let subject = Subject::new(&file.path);
    patterns.iter().any(|pattern| pattern.matches(&subject))
}

#[cfg(test)]
mod tests;
