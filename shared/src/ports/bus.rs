//! The bus: doorbells that tell that a job changed.

use async_trait::async_trait;

use crate::job::JobId;

/// What a subscriber hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// This job changed: read it from the store.
    Changed(JobId),
    /// Something may have been missed: read everything from the store.
    Resync,
}

/// Carries doorbells, at most once each, to every subscriber in every process.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Tells every subscriber that the job changed. A bell that cannot be rung is lost, and that harms nothing.
    async fn ring(&self, job: JobId);

    /// Hears everything that is rung from now on.
    async fn subscribe(&self) -> Box<dyn Subscription>;
}

/// One subscriber's ear.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next doorbell; a gap is heard as [`Heard::Resync`]. `None` when the bus is gone for good.
    async fn next(&mut self) -> Option<Heard>;
}
