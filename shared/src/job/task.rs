//! Tasks: the messages of the queue. A task is a hint that work exists; the store decides whether it still does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Epoch, JobId, UnitIndex};
use crate::repo::Invalid;

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
    /// Write the listing and the ref, end the job.
    Finish,
    /// Remove the partials of a cancelled job that nobody else wants.
    Clean,
    /// Tell the end of the job where its request wants it told.
    Callback,
}

impl TaskKind {
    /// Whether the task is done after the end of its job.
    pub fn follows_end(self) -> bool {
        matches!(self, Self::Clean | Self::Callback)
    }

    /// What it is called, without its unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Fetch(_) => "fetch",
            Self::Finish => "finish",
            Self::Clean => "clean",
            Self::Callback => "callback",
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(unit) => write!(formatter, "{}-{unit}", self.name()),
            _ => formatter.write_str(self.name()),
        }
    }
}

impl FromStr for TaskKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("kind of task", text, "plan, fetch-<unit>, finish, clean or callback");
        match text {
            "plan" => Ok(Self::Plan),
            "finish" => Ok(Self::Finish),
            "clean" => Ok(Self::Clean),
            "callback" => Ok(Self::Callback),
            _ => {
                let unit = text.strip_prefix("fetch-").ok_or_else(invalid)?;
                unit.parse().map(|unit| Self::Fetch(UnitIndex(unit))).map_err(|_| invalid())
            }
        }
    }
}

impl FromStr for Task {
    type Err = Invalid;

    /// Reads what `Display` writes: `id/epoch/kind`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("task", text, "<job>/<epoch>/<kind>");
        let (job, rest) = text.split_once('/').ok_or_else(invalid)?;
        let (epoch, kind) = rest.split_once('/').ok_or_else(invalid)?;
        let epoch = epoch.parse().map_err(|_| invalid())?;
        Ok(Self { job: job.parse()?, epoch: Epoch(epoch), kind: kind.parse()? })
    }
}

impl fmt::Display for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.job, self.epoch.0, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_is_written() {
        let job = JobId::random().unwrap();
        for kind in
            [TaskKind::Plan, TaskKind::Fetch(UnitIndex(70_000)), TaskKind::Finish, TaskKind::Clean, TaskKind::Callback]
        {
            let task = Task { job, epoch: Epoch(7), kind };
            assert_eq!(task.to_string().parse(), Ok(task));
        }
        for bad in ["", "a1b2c3d4e5f6", "a1b2c3d4e5f6/1", "a1b2c3d4e5f6/x/plan", "a1b2c3d4e5f6/1/fetch-", "x/1/plan"] {
            assert!(bad.parse::<Task>().is_err(), "{bad:?} must be refused");
        }
    }
}
