//! The domain: what a job is, how it moves from state to state, what it selects and how its work is cut into units.
//!
//! Nothing here does I/O or knows an adapter.

mod callback;
mod id;
mod model;
mod outcome;
mod plan;
mod priority;
mod progress;
mod request;
mod selection;
mod state;
mod task;
mod transfer;
mod work;
mod worker;

pub use callback::CallbackUrl;
pub use id::{Epoch, JobId, Version};
pub use model::{Job, Status};
pub use outcome::{OUTCOME_MAX_ENTRIES, Outcome};
pub use plan::{FileIndex, Plan, PlannedFile, Unit, UnitIndex, WINDOW};
pub use priority::Priority;
pub use progress::{FileProgress, FileState, FileStatus, JobMark, Progress, Snapshot};
pub use request::{DownloadRequest, JobRequest, MAX_PATTERNS, RequestError};
pub use selection::{Selected, Selection, SelectionError, is_of_format};
pub use state::{Effect, Event, Refused, Transition, transition};
pub use task::{Task, TaskKind};
pub use transfer::{TransferWay, needs_xet};
pub use work::{Removal, Work, WorkKind};
pub use worker::WorkerName;
