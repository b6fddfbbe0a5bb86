//! Waiting for conditions, never for time: every wait has a limit and says what it waited for.

use std::time::{Duration, Instant};

use anyhow::bail;

/// Longer than anything takes that works, also on a busy machine.
pub const LIMIT: Duration = Duration::from_mins(3);

/// Time between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see, and returns it.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if begun.elapsed() >= limit {
            bail!("waited {limit:?} in vain for {what}");
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Waits until something is true.
pub async fn until_true(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    until(what, limit, async || Ok(holds().then_some(()))).await
}

/// Watches a number for a while: it must not change.
pub async fn constant(what: &str, during: Duration, mut value: impl FnMut() -> u64) -> anyhow::Result<()> {
    let first = value();
    let begun = Instant::now();
    while begun.elapsed() < during {
        tokio::time::sleep(STEP).await;
        let now = value();
        if now != first {
            bail!("{what} went from {first} to {now} within {:?}", begun.elapsed());
        }
    }
    Ok(())
}
