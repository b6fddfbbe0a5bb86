//! The domain of `HFDownloader`, the ports it needs and their adapters.
//!
//! Everything here is free of HTTP servers and of the transfer engine: [`job`] holds the domain, [`ports`] says what it
//! needs from the outside, [`embedded`] provides that within one process, [`control`] is what any process does with a job.

pub mod backend;
pub mod cache;
pub mod control;
pub mod embedded;
pub mod hub;
pub mod job;
pub mod ports;
pub mod repo;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
