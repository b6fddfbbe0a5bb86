//! How much is read for answers at a time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// How many files of jobs are read and written at a time: each takes about half a kilobyte meanwhile.
const MAX_FILES: u32 = 150_000;

/// Turns to read files of jobs, by how many they are.
#[derive(Debug)]
pub(super) struct FileTurns(Semaphore);

impl Default for FileTurns {
    fn default() -> Self {
        Self(Semaphore::new(MAX_FILES as usize))
    }
}

impl FileTurns {
    /// Waits until so many files may be read. More than there may be at a time are read alone.
    pub(super) async fn wait(&self, files: u64) -> Result<SemaphorePermit<'_>, ApiError> {
        let weight = u32::try_from(files).unwrap_or(u32::MAX).clamp(1, MAX_FILES);
        self.0.acquire_many(weight).await.map_err(|_| ApiError::internal())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn many_files_are_read_alone_and_few_beside_others() {
        let turns = FileTurns::default();
        let few = turns.wait(0).await.unwrap();
        let some = turns.wait(u64::from(MAX_FILES) / 2).await.unwrap();
        assert!(turns.wait(u64::MAX).now_or_never().is_none(), "others are being read");
        drop((few, some));
        let all = turns.wait(u64::MAX).await.unwrap();
        assert!(turns.wait(1).now_or_never().is_none(), "all turns are taken");
        drop(all);
        assert!(turns.wait(1).now_or_never().is_some(), "all turns are free again");
    }
}
