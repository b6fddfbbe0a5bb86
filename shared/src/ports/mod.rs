//! What the domain needs from the outside: a store, a queue and a bus.
//!
//! Truth lives in the [`JobStore`] alone. A task in the [`TaskQueue`] is a hint that work exists, a doorbell on the
//! [`EventBus`] a hint that a job changed: losing or repeating either never loses or repeats work. Each port has one
//! contract suite (feature `contract`) that all its adapters pass.

mod bus;
#[cfg(feature = "contract")]
pub mod contract;
mod queue;
mod store;

pub use bus::{EventBus, Heard, Subscription};
pub use queue::{Acknowledge, Delivery, Lane, QueueError, TaskConsumer, TaskQueue};
pub use store::{
    BlobKey, Change, Claim, Committed, Creation, Due, FileEnd, Holder, JobStore, OutboxId, Page, Report, Retention,
    StoreError, Verdict,
};
