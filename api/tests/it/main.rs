//! The API over real sockets and the embedded adapters.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod analyze;
mod auth;
mod cache;
mod cluster;
mod cors;
mod docs;
mod download;
mod errors;
mod events;
mod harness;
mod host;
mod jobs;
mod lists;
mod many_files;
mod one_job;
mod openapi;
mod plan;
mod probes;
mod request_id;
mod settings;
mod shutdown;
mod socket;
mod stream;
mod websocket;
mod websocket_limits;
