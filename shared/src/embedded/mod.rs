//! The ports within one process: a store in one file, a queue in memory, a bus by broadcast, a limiter and a roster in memory.
//!
//! Nothing else has to be installed. The file is the only thing that outlives the process: the queue is refilled from
//! the store's open tasks ([`JobStore::emit_lost`](crate::ports::JobStore::emit_lost)), and whoever listens on the bus
//! died with it.

mod bandwidth;
mod bus;
mod limiter;
mod queue;
mod roster;
mod store;

pub use bandwidth::LocalBandwidth;
pub use bus::LocalBus;
pub use limiter::LocalLimiter;
pub use queue::MemoryQueue;
pub use roster::LocalRoster;
pub use store::EmbeddedStore;
