//! The HTTP edge: REST, live progress, authentication, errors.
//!
//! A request comes in through `server`, passes the `middleware` in the order of `app` (host, origin, authentication, limits)
//! and ends in one of the `routes`. Changes of jobs are followed by `feed` and go out
//! through `ws` and `sse`.

mod analyze;
mod app;
mod args;
mod body;
mod document;
mod error;
mod excerpt;
mod feed;
mod middleware;
mod page;
mod param;
mod routes;
mod server;
mod sse;
mod state;
mod view;
mod written;
mod ws;

pub use app::{openapi_json, openapi_yaml};
pub use args::{AdminArgs, Program};
pub use feed::FeedTimes;
pub use server::serve;
pub use state::{ApiConfig, ApiState, Mode};
