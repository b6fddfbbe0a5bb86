//! File operations on threads that may block.

/// Runs `operation` on the blocking pool.
///
/// # Panics
/// Goes on with a panic of the operation.
pub async fn blocking<T, F>(operation: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    match tokio::task::spawn_blocking(operation).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels blocking tasks; nobody is left to answer to.
            Err(_) => std::future::pending().await,
        },
    }
}
