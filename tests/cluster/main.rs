//! Clusters: the real programs as many processes over a real Redis and a real RabbitMQ, and what breaks between them.
//!
//! A file a theme. Each test has a Redis, a prefix, folders and processes of its own; those that break RabbitMQ have a node of
//! their own, too.

mod broker;
mod cache;
mod callbacks;
mod chaos;
mod crowd;
mod disk;
mod drain;
mod limits;
mod replicas;
mod secrets;
mod settings;
mod sharing;
mod status;
mod store;
mod tls;
mod workers;

/// Held by tests that keep the machine busy for long or suffer when another one does: one of them runs at a time.
static HEAVY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
