//! File operations on threads that may block, and the ends of tasks.

use tokio::task::JoinHandle;

/// Runs `operation` on the blocking pool.
///
/// # Panics
/// Goes on with a panic of the operation.
pub async fn blocking<T, F>(operation: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    joined(tokio::task::spawn_blocking(operation)).await
}

/// Waits for a task that nobody cancels.
///
/// # Panics
/// Goes on with a panic of the task.
pub async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // A runtime that is shutting down has cancelled it; nobody is left to answer to.
            Err(_) => std::future::pending().await,
        },
    }
}
