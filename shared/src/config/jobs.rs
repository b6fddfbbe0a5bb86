//! How many jobs run, and how long they are kept.

use std::time::Duration;

use clap::Args;

use crate::ports::Retention;
use crate::settings::{JobSettings, MaxActive, Span};

/// Limits how many jobs run at a time.
#[derive(Debug, Clone, Args)]
pub struct AdmissionArgs {
    /// Jobs that run at a time, over all processes that share the store, 1 to 256
    #[arg(long, env = "HFD_MAX_ACTIVE", default_value = "3")]
    pub max_active: MaxActive,
}

/// Limits of jobs, for processes that work on them.
#[derive(Debug, Clone, Args)]
pub struct JobArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become help")]
    pub admission: AdmissionArgs,
    /// Seconds a worker may be silent before others take over its tasks and files, 1 to 300
    #[arg(long, env = "HFD_LEASE_TIMEOUT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub lease_timeout: u16,
    /// How long a job waits for a Hub that is away, or a server of its content, before it fails, such as 30m; 0s: not at all
    #[arg(long, env = "HFD_MAX_OUTAGE", default_value = "30m")]
    pub max_outage: Span,
    /// Ended jobs that are kept at most, 0 to 100000
    #[arg(long, env = "HFD_KEEP_JOBS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub keep_jobs: u32,
    /// How long ended jobs are kept at most, such as 12h or 7d
    #[arg(long, env = "HFD_KEEP_FOR", default_value = "7d")]
    pub keep_for: Span,
}

impl AdmissionArgs {
    /// Jobs that run at a time.
    pub fn max_active(&self) -> usize {
        self.max_active.get()
    }
}

impl JobArgs {
    /// The limits that the flags set.
    pub fn settings(&self) -> JobSettings {
        JobSettings {
            max_active: self.admission.max_active(),
            lease_timeout: Duration::from_secs(u64::from(self.lease_timeout)),
            max_outage: self.max_outage.0,
            retention: Retention { jobs: self.keep_jobs as usize, age: self.keep_for.0 },
        }
    }
}
