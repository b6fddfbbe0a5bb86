//! The HTTP edge: REST, WebSocket, authentication, errors.
//!
//! A request comes in through `server`, passes the `middleware` in the order of `app` (host, origin, authentication, limits)
//! and ends in one of the `routes`. Changes of jobs go out through `ws`.

mod app;
mod args;
mod body;
mod document;
mod error;
mod middleware;
mod routes;
mod server;
mod state;
mod view;
mod ws;

pub use app::{openapi_json, openapi_yaml};
pub use args::Program;
pub use server::serve;
pub use state::{ApiConfig, ApiState};
