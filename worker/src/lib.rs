//! Workers take tasks from the queue and do them: plan a job, fetch its units, finish it, clean up after it.
//!
//! The path of a task: `runner` consumes and claims it, `tasks` does it, `transfer` moves the bytes, and what was
//! done is recorded in the store before the task is acknowledged. Run again from any point, a task ends the same.

mod args;
mod callback;
mod environment;
mod fence;
mod listings;
mod outages;
mod patience;
mod presence;
mod rate;
mod runner;
mod sweeper;
mod tasks;
mod throttle;
mod together;
mod transfer;
mod watch;

pub use args::{AdminArgs, Program, WorkerArgs, WorkerSettings};
pub use environment::{Environment, EnvironmentError};
pub use runner::run;
