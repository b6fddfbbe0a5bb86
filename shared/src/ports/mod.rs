//! What the domain needs from the outside: a store, a queue, a bus, a limiter, a share of the bandwidth and a roster.
//!
//! Truth lives in the [`JobStore`] alone. A task in the [`TaskQueue`] is a hint that work exists, a doorbell on the
//! [`EventBus`] a hint that a job changed: losing or repeating either never loses or repeats work. The
//! [`HubLimiter`] saves requests that the Hub would refuse, the [`Roster`] shows people who is at work. Each port has one
//! contract suite (feature `contract`) that all its adapters pass.

mod bandwidth;
mod bus;
mod changes;
#[cfg(feature = "contract")]
pub mod contract;
mod limiter;
mod listing;
mod queue;
mod roster;
mod settings;
mod statistics;
mod store;

pub use bandwidth::{BURST, Bandwidth, FARTHEST};
pub use bus::{EventBus, Heard, Subscription};
pub use changes::{CHANGES_REMEMBERED, Extent, FileChanges, FileMark};
pub use limiter::{Account, Bucket, Budget, HubLimiter, MAX_WINDOW, Permit, SAME_WINDOW};
pub use listing::{JobCursor, JobPage, JobQuery};
pub use queue::{Acknowledge, Delivery, Depth, Lane, Message, QueueError, TaskConsumer, TaskQueue};
pub(crate) use roster::last_minutes;
pub use roster::{Attendance, Downloaded, MINUTES, Roster, TaskState, WorkerSeen, WorkerState};
pub use settings::{SettingsCommitted, StoredSettings};
pub use statistics::Statistics;
pub use store::{
    BlobKey, Change, Claim, Claimed, Committed, Condition, Creation, Due, FileEnd, Holder, JobStore, LAPSE_REMEMBERED,
    Leased, OutboxId, Page, RATE_AGE_MAX, RING_INTERVAL, Report, Retention, Silence, StoreError, Verdict,
};
