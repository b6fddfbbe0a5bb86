//! What a [`JobStore`](crate::ports::JobStore) promises.

pub mod again;
pub mod attempts;
pub mod bells;
pub mod change;
pub mod changes;
pub mod cost;
pub mod creation;
pub mod exclusion;
pub mod fencing;
pub mod leases;
pub mod listing;
pub mod outbox;
pub mod plan;
pub mod progress;
pub mod recovery;
pub mod settings;
pub mod statistics;
pub mod trim;
pub mod units;

use super::{LONG, MOMENT, PATIENCE, StoreRig, eventually, fixture};
