//! How much is read for answers at a time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// Answers of at most so many files wait for none of the larger ones, and so many of them are made at a time.
const FEW_FILES: u64 = 2_000;
const FEW_AT_A_TIME: usize = 32;

/// How many files larger answers have together: each file takes about half a kilobyte meanwhile.
const MANY_FILES: u32 = 150_000;

/// Turns to read files of jobs, by how many they are.
#[derive(Debug)]
pub(super) struct FileTurns {
    few: Semaphore,
    many: Semaphore,
}

impl Default for FileTurns {
    fn default() -> Self {
        Self { few: Semaphore::new(FEW_AT_A_TIME), many: Semaphore::new(MANY_FILES as usize) }
    }
}

impl FileTurns {
    /// Waits until so many files may be read. More than there may be at a time are read alone, but for few.
    pub(super) async fn wait(&self, files: u64) -> Result<SemaphorePermit<'_>, ApiError> {
        let turn = if files <= FEW_FILES {
            self.few.acquire().await
        } else {
            self.many.acquire_many(u32::try_from(files).unwrap_or(u32::MAX).min(MANY_FILES)).await
        };
        turn.map_err(|_| ApiError::internal())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn many_files_are_read_alone_and_few_beside_them() {
        let turns = FileTurns::default();
        let some = turns.wait(u64::from(MANY_FILES) / 2).await.unwrap();
        assert!(turns.wait(u64::MAX).now_or_never().is_none(), "others are being read");
        drop(some);
        let all = turns.wait(u64::MAX).await.unwrap();
        assert!(turns.wait(FEW_FILES + 1).now_or_never().is_none(), "all turns are taken");
        assert!(turns.wait(FEW_FILES).now_or_never().is_some(), "few wait for many");
        drop(all);
        assert!(turns.wait(FEW_FILES + 1).now_or_never().is_some(), "all turns are free again");
    }
}
