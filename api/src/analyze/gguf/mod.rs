//! GGUF repositories: a model in several quantizations, for llama.cpp and its kin.
//!
//! The names of the files tell which quantizations there are (`names`), grouped, rated and with a filter each (`choice`);
//! the headers of the recommended one's files, read by ranges (`load`, `header`), tell of the model and its memory
//! (`facts`). `section` makes the answer of both.

mod choice;
mod facts;
mod header;
mod load;
mod names;
mod section;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::hub::HubClient;

use super::Contents;

pub(crate) use facts::{Facts, human_count};
pub(crate) use names::stars;
pub(crate) use section::{GgufInfo, describe};

/// How many headers are read at a time.
const MAX_READS: usize = 8;
/// A model of more shards is taken by its names.
const MAX_SHARDS: usize = 256;

/// What the headers of the model's files say, or why that is not known.
pub(crate) async fn facts(hub: &HubClient, contents: &Contents) -> Result<Facts, String> {
    let shards = section::described_by(contents);
    if shards.len() > MAX_SHARDS {
        return Err(format!("it has more than {MAX_SHARDS} shards"));
    }
    let headers = stream::iter(&shards).map(|file| load::header(hub, &contents.repo, contents.commit, file));
    let headers: Vec<_> = headers.buffered(MAX_READS).try_collect().await.map_err(|error| error.to_string())?;
    Facts::new(&headers).ok_or_else(|| "there is no model file".to_owned())
}
