//! The ports within one process: a store in one file, a queue in memory, a bus by broadcast, a limiter in memory.
//!
//! Nothing else has to be installed. The file is the only thing that outlives the process: the queue is refilled from
//! the store's open tasks ([`JobStore::emit_lost`](crate::ports::JobStore::emit_lost)), and whoever listens on the bus
//! died with it.

mod bus;
mod limiter;
mod queue;
mod store;

pub use bus::LocalBus;
pub use limiter::LocalLimiter;
pub use queue::MemoryQueue;
pub use store::EmbeddedStore;
