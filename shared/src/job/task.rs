//! Tasks: the messages of the queue. A task is a hint that work exists; the store decides whether it still does.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Epoch, JobId, UnitIndex};

/// A piece of work of one job in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// The job it belongs to.
    pub job: JobId,
    /// The job's epoch when it was emitted; in any other epoch the task is void.
    pub epoch: Epoch,
    /// What to do.
    #[serde(flatten)]
    pub kind: TaskKind,
}

/// What a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "unit", rename_all = "lowercase")]
pub enum TaskKind {
    /// Resolve the revision, list and select the files, cut them into units.
    Plan,
    /// Fetch the files of one unit.
    Fetch(UnitIndex),
    /// Write the manifest and the ref, end the job.
    Finish,
    /// Remove the partials of a cancelled job that nobody else wants.
    Clean,
}

impl TaskKind {
    /// Whether the task moves data; the others are short and go through a queue of their own.
    pub fn is_fetch(self) -> bool {
        matches!(self, Self::Fetch(_))
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan => formatter.write_str("plan"),
            Self::Fetch(unit) => write!(formatter, "fetch-{unit}"),
            Self::Finish => formatter.write_str("finish"),
            Self::Clean => formatter.write_str("clean"),
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.job, self.epoch.0, self.kind)
    }
}
