//! What must not be left over once all jobs have ended.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use hfd_tests::cluster::Cluster;
use hfd_tests::wait;

/// Waits until no task, outbox entry, lease, message and partial is left, and no more than so many temporary files.
pub(super) async fn none(cluster: &Cluster, temporary: usize) -> anyhow::Result<()> {
    let mut last = Vec::new();
    let gone = wait::until("nothing to be left over", wait::LIMIT, async || {
        last = store(cluster).await?;
        last.extend(messages(cluster).await?);
        let (passing, partials): (Vec<_>, _) =
            partials(&cluster.sandbox.cache())?.into_iter().partition(|path| path.ends_with(".tmp"));
        last.extend(partials);
        if passing.len() > temporary {
            last.extend(passing);
        }
        Ok(last.is_empty().then_some(()))
    });
    let gone = gone.await;
    gone.with_context(|| format!("left over: {last:?}"))
}

async fn store(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let tag = format!("{{{}}}", cluster.prefix());
    let mut left = Vec::new();
    for (command, key) in [("ZCARD", "open"), ("ZCARD", "outbox"), ("ZCARD", "waiting"), ("SCARD", "active")] {
        let count = cluster.redis.command(&format!("{command} {tag}:{key}")).await?;
        if count != ":0" {
            left.push(format!("{key} {count}"));
        }
    }
    // A lease whose holder died ends by its time; that it has lapsed is remembered for a while.
    let held = "local t = redis.call('TIME') local now = t[1] * 1000 local n = 0 \
                for _, k in ipairs(redis.call('KEYS', ARGV[1])) do \
                local lease = redis.call('HMGET', k, 'holder', 'until') \
                if lease[1] ~= '' and tonumber(lease[2]) > now then n = n + 1 end end return n";
    let count = cluster.redis.command(&format!("EVAL \"{held}\" 0 *{}*:lease:*", cluster.prefix())).await?;
    if count != ":0" {
        left.push(format!("leases {count}"));
    }
    Ok(left)
}

async fn messages(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let queues = cluster.rabbit.ctl(&["list_queues", "name", "messages"]).await?;
    let ours = queues.lines().filter(|line| line.starts_with(cluster.prefix()));
    Ok(ours.filter(|line| line.split_whitespace().last() != Some("0")).map(str::to_owned).collect())
}

/// The files below the folders of partials; empty folders may stay.
fn partials(cache: &Path) -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for repo in fs::read_dir(cache)? {
        let mut folders = vec![repo?.path().join(".hfd")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry?.path();
                if path.is_dir() { folders.push(path) } else { left.push(path.display().to_string()) }
            }
        }
    }
    Ok(left)
}
