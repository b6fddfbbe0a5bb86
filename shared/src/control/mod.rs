//! What a process does with jobs through the ports, whichever adapters they have.

mod jobs;
mod relay;
mod settings;

pub use jobs::{ControlError, Jobs, Submitted};
pub use relay::relay_outbox;
pub use settings::{Effective, SealedChange, Set, Settings, SettingsChange, SettingsError};
