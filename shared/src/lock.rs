//! How all of the service takes its locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a thread that panicked held is still what it was.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
