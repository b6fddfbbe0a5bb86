//! The error of a configuration that cannot be.

/// A flag, a variable or a combination of them that cannot be: says which, and what to set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);
