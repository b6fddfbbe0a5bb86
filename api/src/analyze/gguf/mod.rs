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
use hfd_shared::hub::HubError;
use hfd_shared::repo::TreeFile;

use self::header::Header;
use self::load::LoadError;
use super::Contents;
use super::head::Source;

pub(crate) use facts::{Facts, human_count};
pub(crate) use names::stars;
pub(crate) use section::{GgufInfo, describe};

/// How many headers are read at a time.
const MAX_READS: usize = 8;
/// A model of more shards is taken by its names.
const MAX_SHARDS: usize = 256;

/// What the headers of the model's files say, or why that is not known.
///
/// # Errors
/// When the Hub does not answer, or not to us.
pub(crate) async fn facts(source: &Source<'_>, contents: &Contents) -> Result<Result<Facts, String>, HubError> {
    let shards = section::described_by(contents);
    if shards.len() > MAX_SHARDS {
        return Ok(Err(format!("it has more than {MAX_SHARDS} shards")));
    }
    let reads: Vec<_> = shards.iter().enumerate().map(|(at, file)| read_one(source, at, file)).collect();
    let headers: Result<Vec<Header>, LoadError> = stream::iter(reads).buffered(MAX_READS).try_collect().await;
    match headers {
        Ok(headers) => Ok(Facts::new(&headers).ok_or_else(|| "there is no model file".to_owned())),
        Err(LoadError::Hub(error)) => source.leave_out(error).map(|error| Err(error.to_string())),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// The header of a shard; of all but the first without metadata, which only the first one's counts for.
async fn read_one(source: &Source<'_>, at: usize, file: &TreeFile) -> Result<Header, LoadError> {
    let mut header = load::header(source, file).await?;
    if at > 0 {
        header.metadata.clear();
    }
    Ok(header)
}
