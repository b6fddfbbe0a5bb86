//! Which of the waiting jobs runs first.

use serde::{Deserialize, Serialize};

/// A job's claim among those that wait; jobs of the same priority run in the order in which they came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// After all others.
    Low,
    /// What a job has that names none.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// The word for it in the API and the logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}
