//! Support for tests of whole processes: the stand-ins for the outside world and what starts and watches them.
//!
//! A test makes a [`stage::Stage`]: a fake Hub with repos, a sandbox of folders and an `hfdownloader serve` on both. It
//! drives the server through [`api`], asks the fake Hub what was really sent, and looks at the cache with [`cached_repo`],
//! which knows huggingface_hub's layout by itself, and with [`python`], which asks huggingface_hub.
//! [`services`] has the servers that a cluster needs.

pub mod api;
pub mod cache_watch;
pub mod cached_repo;
pub mod cluster;
pub mod dice;
pub mod fake_hub;
pub mod instance;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod publisher;
pub mod python;
pub mod receiver;
pub mod sandbox;
pub mod services;
pub mod stage;
pub mod traffic;
pub mod wait;
pub mod watcher;
