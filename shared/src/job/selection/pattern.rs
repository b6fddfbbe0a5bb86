//! One filter or exclude.

use std::cell::OnceCell;

use globset::{Glob, GlobBuilder};
use regex::{Regex, RegexBuilder};

use super::SelectionError;
use crate::repo::RepoPath;

/// The memory of one expression, and that of the states that it finds while it matches: a request has 400.
const MAX_REGEX_BYTES: usize = 64 << 10;

/// A glob, or a part of a path; matched without regard to case.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    lower: String,
    glob: Option<Regex>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, SelectionError> {
        let refused = |reason: String| SelectionError::Pattern { pattern: text.to_owned(), reason };
        // No path has one, and six bytes for each would go with every message.
        if text.contains(char::is_control) {
            return Err(refused("it has a control character".to_owned()));
        }
        let glob = if text.contains(['*', '?']) {
            let built = GlobBuilder::new(text).case_insensitive(true).literal_separator(false).build();
            let glob = built.map_err(|error| refused(error.kind().to_string()))?;
            Some(of_characters(&glob).ok_or_else(|| refused("it is no text, or too long".to_owned()))?)
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

    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        let path = subject.path;
        match &self.glob {
            Some(glob) => glob.is_match(path.as_str()) || (!self.text.contains('/') && glob.is_match(path.file_name())),
            None => subject.lower().contains(&self.lower),
        }
    }
}

/// A path that patterns are held against: in lower case once for all of them.
pub(super) struct Subject<'a> {
    path: &'a RepoPath,
    lower: OnceCell<String>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(path: &'a RepoPath) -> Self {
        Self { path, lower: OnceCell::new() }
    }

    fn lower(&self) -> &str {
        self.lower.get_or_init(|| self.path.as_str().to_lowercase())
    }
}

/// The glob's regular expression, for characters: globset's own is for bytes (`(?-u)`, other characters as `\xc3\xbc`),
/// so that its `?` and its classes match none but ASCII.
fn of_characters(glob: &Glob) -> Option<Regex> {
    let mut rest = glob.regex().strip_prefix("(?-u)")?.as_bytes();
    let mut text = Vec::with_capacity(rest.len());
    while let Some((&first, after)) = rest.split_first() {
        rest = match rest {
            [b'\\', b'x', high, low, after @ ..] => {
                text.extend(hex::decode([*high, *low]).ok()?);
                after
            }
            [b'\\', escaped, after @ ..] => {
                text.extend([b'\\', *escaped]);
                after
            }
            _ => {
                text.push(first);
                after
            }
        };
    }
    let mut builder = RegexBuilder::new(std::str::from_utf8(&text).ok()?);
    builder.dot_matches_new_line(true).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build().ok()
}
