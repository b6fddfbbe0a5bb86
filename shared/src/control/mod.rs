//! What a process does with jobs through the ports, whichever adapters they have.

mod jobs;
mod relay;

pub use jobs::{ControlError, Jobs, Submitted};
pub use relay::relay_outbox;
