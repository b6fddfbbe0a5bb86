//! One filter or exclude.

use globset::{GlobBuilder, GlobMatcher};

use super::SelectionError;
use crate::repo::RepoPath;

/// A glob, or a part of a path; matched without regard to case.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    lower: String,
    glob: Option<GlobMatcher>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, SelectionError> {
        let glob = if text.contains(['*', '?']) {
            let built = GlobBuilder::new(text).case_insensitive(true).literal_separator(false).build();
            let glob = built.map_err(|error| SelectionError::Pattern {
                pattern: text.to_owned(),
                reason: error.kind().to_string(),
            })?;
            Some(glob.compile_matcher())
        } else {
            None
        };
        Ok(Self { text: text.to_owned(), lower: text.to_lowercase(), glob })
    }

    /// The pattern as it was given.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_glob(&self) -> bool {
        self.glob.is_some()
    }

    pub(super) fn matches(&self, path: &RepoPath) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(path.as_str()) || (!self.text.contains('/') && glob.is_match(path.file_name())),
            None => path.as_str().to_lowercase().contains(&self.lower),
        }
    }
}
