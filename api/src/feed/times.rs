//! When the feed does what nothing else makes it do.

use std::time::Duration;

/// When the feed does what nothing else makes it do. The service keeps the default, which is documented.
#[derive(Debug, Clone, Copy)]
pub struct FeedTimes {
    /// How often all jobs are compared with what was told.
    pub sweep_every: Duration,
    /// How long the jobs are followed on without a client: one that comes back within this time goes on where it was.
    pub linger: Duration,
    /// The silence after which a comment shows proxies that an event stream lives.
    pub keep_alive: Duration,
    /// How often the client of a WebSocket is pinged.
    pub ping_every: Duration,
    /// How long that client may be silent until it is taken for gone.
    pub read_timeout: Duration,
}

impl Default for FeedTimes {
    fn default() -> Self {
        Self {
            sweep_every: Duration::from_secs(5),
            linger: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            ping_every: Duration::from_secs(30),
            read_timeout: Duration::from_mins(1),
        }
    }
}
