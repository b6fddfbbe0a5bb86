//! Many jobs and many clients on one replica.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use hfd_tests::api::Download;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::wait;
use hfd_tests::watcher::{Message, Watcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::HEAVY;

const MODEL: &str = "acme/model";
const JOBS: usize = 500;
const CLIENTS: usize = 100;

/// What may be added to the memory between the first and the last job.
const GROWTH_BYTES: u64 = 64 << 20;

/// Follows until so many jobs have completed.
async fn follow(mut watcher: Watcher, jobs: usize) -> anyhow::Result<()> {
    let mut done = BTreeSet::new();
    while done.len() < jobs {
        match watcher.next().await? {
            Message::Event { event, job_id } => {
                ensure!(event == "download_complete", "{event} of {job_id}");
                done.insert(job_id);
            }
            Message::Init { jobs, .. } => {
                done.extend(jobs.into_iter().filter(|job| job.status.is_end()).map(|job| job.id));
            }
            Message::JobUpdate(_) => {}
        }
    }
    Ok(())
}

/// An unasked Pong, masked with zeros: the client lives (RFC 6455, 5.5.3).
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// A client that is let in, says that it lives, and never reads, until the server has enough of it.
async fn sleep_over(address: &str) -> anyhow::Result<()> {
    let host = address.strip_prefix("http://").context("an address without a scheme")?;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    let mut stream = socket.connect(host.parse()?).await?;
    let handshake = format!(
        "GET /api/ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    ensure!(status.ends_with(b"101"), "no WebSocket: {}", String::from_utf8_lossy(&status));
    while stream.write_all(&PONG).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_jobs_reach_a_hundred_clients_and_a_slow_one_is_dropped() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let repo = RepoBuilder::model(MODEL).many_files("small", 12);
    let mut cluster =
        Cluster::start(Shape::new(1, 0).flags(&["--max-active", "16", "--log", "info,hfd_api=debug"]), [repo]).await?;
    for number in 0..JOBS {
        cluster.api().start(&Download::model(MODEL).exclude(&format!("no-such-file-{number}"))).await?;
    }
    let watchers = try_join_all((0..CLIENTS).map(|_| Watcher::connect(cluster.api()))).await?;
    let address = cluster.api().address().to_owned();
    let sleeper = tokio::spawn(async move { sleep_over(&address).await });
    // Everybody has joined.
    let mut clients = tokio::task::JoinSet::new();
    for watcher in watchers {
        clients.spawn(follow(watcher, JOBS));
    }
    let before = cluster.apis[0].memory_bytes()?;
    cluster.add_worker(&["--slots", "8"]).await?;
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let grown = cluster.apis[0].memory_bytes()?.saturating_sub(before);
    ensure!(grown < GROWTH_BYTES, "the replica's memory grew by {grown} bytes");
    tokio::time::timeout(wait::LIMIT, sleeper).await.context("the client that does not read is still there")???;
    ensure!(cluster.apis[0].log()?.contains("does not read"), "it was dropped for another reason");
    Ok(())
}
