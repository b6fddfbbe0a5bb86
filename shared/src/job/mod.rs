//! The domain: what a job is, how it moves from state to state, what it selects and how its work is cut into units.
//!
//! Nothing here does I/O or knows an adapter.

mod id;
mod model;
mod plan;
mod progress;
mod request;
mod selection;
mod state;
mod task;
mod worker;

pub use id::{Epoch, JobId, Version};
pub use model::{Job, Status};
pub use plan::{FileIndex, Plan, PlannedFile, Unit, UnitIndex, WINDOW};
pub use progress::{FileProgress, FileState, FileStatus, Progress, Snapshot};
pub use request::{DownloadRequest, JobRequest, RequestError};
pub use selection::{Selected, Selection, SelectionError};
pub use state::{Effect, Event, Refused, Transition, transition};
pub use task::{Task, TaskKind};
pub use worker::WorkerName;
