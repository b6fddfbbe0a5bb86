//! End to end: the real program, as processes, against a fake Hub, with huggingface_hub as the judge of the cache.
//!
//! A file a theme. Each test has folders, ports and processes of its own; they run side by side.

mod analyze_gguf;
mod analyze_types;
mod cache;
mod callbacks;
mod cli;
mod faults;
mod kill;
mod lifecycle;
mod many_files;
mod memory;
mod names;
mod programs;
mod python_hub;
mod real_model;
mod refusals;
mod restart;
mod settings;
mod sharing;
mod volume;
mod wrong_content;
#[cfg(feature = "xet")]
mod xet;
#[cfg(feature = "xet")]
mod xet_server;

/// Held by tests that keep the disk busy for long or suffer when another one does: one of them runs at a time.
static HEAVY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
