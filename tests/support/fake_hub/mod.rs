//! A fake Hugging Face Hub: a folder of repos, served over HTTP with the real Hub's wire protocol on two origins.
//!
//! One origin is the Hub (API, `resolve`, small files), the other the CDN that large (LFS) files are redirected to by
//! signed, expiring URLs. Both can be made to misbehave at run time, see [`Fault`], and every request is logged, see
//! [`RequestRecord`]. [`FakeHub`] runs it inside a test, the `fake-hub` program as a process of its own, and
//! [`RemoteHub`] gives a test the same fault API for that process.
//!
//! ```no_run
//! use hfd_tests::fake_hub::{Effect, FakeHub, Fault, HubConfig, Matcher, RepoBuilder};
//!
//! # fn main() -> anyhow::Result<()> {
//! let root = tempfile::tempdir()?;
//! RepoBuilder::model("demo/tiny").file("config.json", "{}").random_file("model.safetensors", 5 << 20, 1).write(root.path())?;
//! let hub = FakeHub::start(HubConfig::new(root.path()))?;
//! hub.inject(Fault::new(Effect::Reset).on(Matcher::data().file("model.safetensors")).after_bytes(1 << 20));
//! println!("HF_ENDPOINT={}", hub.url());
//! # Ok(())
//! # }
//! ```
//!
//! A request flows `server` (parse, log, faults) → `route` → `api`, `resolve` or `cdn` → `reply` → `body` (the stream
//! that counts, paces and breaks).

mod access;
mod api;
mod body;
mod builder;
mod call;
mod catalog;
mod cdn;
mod config;
mod connections;
mod control;
mod digest;
mod fault;
mod fault_set;
mod hub;
mod info;
mod log;
mod meta;
mod random;
mod range;
mod refusal;
mod remote;
mod reply;
mod resolve;
mod route;
mod server;
mod signed_url;
mod state;
#[cfg(test)]
mod tests;
mod tree;
mod xet;

pub use builder::RepoBuilder;
pub use config::HubConfig;
pub use fault::{Effect, Fault, FaultId, Matcher, Times};
pub use hub::{FakeHub, ServedFile};
pub use log::RequestRecord;
pub use meta::{RepoKind, RepoMeta};
pub use random::{random_bytes, write_random_file};
pub use remote::RemoteHub;
pub use route::{HttpMethod, Origin, RequestKind};
