//! Which files have changed.

use super::{RedisStore, rows};
use crate::job::{FileIndex, JobId};
use crate::ports::{Extent, FileChanges, FileMark, StoreError};

/// A file as the script tells it: index, what was planned, state, bytes in flight.
type Row = (u32, String, Option<String>, Option<String>);

/// See [`JobStore::changed_files`](crate::ports::JobStore::changed_files).
pub(super) async fn changed_files(
    store: &RedisStore,
    id: JobId,
    since: Option<FileMark>,
    limit: usize,
) -> Result<FileChanges, StoreError> {
    let since = since.map(|mark| mark.0.to_string()).unwrap_or_default();
    let changed =
        store.client.run(&store.scripts.changed_files, |script| _ = script.arg(id.to_string()).arg(since).arg(limit));
    let (mark, extent, told): (u64, String, Vec<Row>) = changed.await?;
    let file = |(index, planned, state, flying): Row| {
        rows::file(&planned, state.as_deref(), flying.as_deref()).map(|state| (FileIndex(index), state))
    };
    let extent = match extent.as_str() {
        "all" => Extent::All,
        "part" => Extent::Part,
        "lost" => Extent::Lost,
        other => return Err(rows::unknown(id.to_string(), &other)),
    };
    Ok(FileChanges { files: told.into_iter().map(file).collect::<Result<_, _>>()?, mark: FileMark(mark), extent })
}
