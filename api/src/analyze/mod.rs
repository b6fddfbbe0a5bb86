//! What a repository holds: its type, its facts, and what a user can choose to download from it.
//!
//! [`Analyzer`] asks the Hub which commit is meant and loads what describes it ([`Contents`]: the listing, the small
//! metadata files, the headers of weight files); `detect` decides the type by pure functions, a file a type, which fill
//! the sections of [`RepoInfo`]. All but the access check and the refs is kept in memory per commit.

mod analyzer;
mod answer;
mod audio;
mod card;
mod contents;
mod dataset;
mod detect;
mod diffusers;
mod documents;
mod fields;
mod filter;
mod gguf;
mod head;
mod info;
mod items;
mod lora;
mod memory;
mod model_config;
mod multimodal;
mod onnx;
mod parameters;
mod quantized;
mod safetensors;
#[cfg(test)]
mod testing;
mod transformers;
mod vision;

pub(crate) use analyzer::{Analysis, AnalyzeError, Analyzer, Question};
pub(crate) use contents::Contents;
pub(crate) use info::RepoInfo;
