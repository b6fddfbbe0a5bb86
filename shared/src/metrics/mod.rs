//! What a process tells Prometheus of itself.
//!
//! [`table`] names every metric with its type, unit, help and labels. Whoever has something to tell calls one of the
//! functions here, whose label values are enums: so no repository, job or file ever becomes a label. Without a recorder
//! ([`Exposition::install`]) recording does nothing.

mod exposition;
mod http;
mod record;
mod sample;
pub mod table;
mod values;

pub use exposition::Exposition;
pub use http::{HttpRequest, announce_route};
pub use record::{
    Connected, EventClient, TaskInWork, downloaded, file_ended, hash_failed, hub_answered, hub_waits, job_ended,
    lease_lost, retried, task_slots, task_waited,
};
pub use sample::{sample_cache, sample_process};
pub use table::Part;
pub use values::{Check, FileOutcome, HubAnswer, HubPurpose, LeaseKind, RetryReason, TaskOutcome, Transport};
