//! The domain of `HFDownloader`, the ports it needs and their adapters.
//!
//! Everything here is free of HTTP servers and of the transfer engine: [`job`] holds the domain, [`ports`] says what it
//! needs from the outside, [`embedded`] provides that within one process, [`cluster`] for many, [`control`] is what any process does with a job.

pub mod backend;
pub mod blocking;
pub mod cache;
pub mod callback;
pub mod causes;
pub mod cluster;
pub mod config;
pub mod control;
pub mod embedded;
pub mod hub;
pub mod job;
pub mod lock;
pub mod metrics;
pub mod moment;
pub mod ports;
pub mod process;
pub mod readiness;
pub mod repo;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
