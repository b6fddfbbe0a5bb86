//! A network between the benchmark's source and who downloads from it: passes connections on to a port of this machine with
//! latency, with a rate for each, and with one of eight ten times slower.
//!
//! It stands in for `netem`, which needs root and a kernel that has it. nginx's own `limit_rate` would not do: it lets the first
//! second of each *request* pass at full speed, so that whoever asks for parts is hardly limited at all.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::{BufMut as _, Bytes, BytesMut};
use clap::Parser;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Bytes read at a time: small enough that a slow connection flows evenly.
const CHUNK_BYTES: usize = 128 << 10;

/// Bytes under way in one direction of a connection: with 50 ms of latency 320 MiB a second, as the window of a good connection.
const WINDOW_BYTES: usize = 16 << 20;

/// A rate is held over this time; what a connection did not use before is lost.
const BURST: Duration = Duration::from_millis(100);

/// Of so many connections in a row, the last one is slow.
const SLOW_EVERY: u64 = 8;
const SLOWER_BY: u64 = 10;

/// Passes connections on as a slower network would.
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Port to listen on, and the port of this machine that the answers come from, such as `8001:8000`
    #[arg(long = "way", required = true, value_parser = way)]
    ways: Vec<(u16, u16)>,
    /// Milliseconds there and back; a connection takes as long to open
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Bytes a second that a connection gets; as many as there are when absent
    #[arg(long)]
    rate: Option<u64>,
    /// One of eight connections is ten times slower
    #[arg(long, requires = "rate")]
    one_slow: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut serving = JoinSet::new();
    for &(port, target) in &args.ways {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("listening")?;
        serving.spawn(serve(listener, target, args.clone()));
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening").and_then(|()| out.flush())?;
    serving.join_next().await.context("nothing is served")??
}

fn way(text: &str) -> anyhow::Result<(u16, u16)> {
    let (port, target) = text.split_once(':').context("expected PORT:TARGET")?;
    Ok((port.parse()?, target.parse()?))
}

async fn serve(listener: TcpListener, target: u16, args: Args) -> anyhow::Result<()> {
    let connections = Arc::new(AtomicU64::new(0));
    loop {
        let (client, _) = listener.accept().await.context("accepting a connection")?;
        tokio::spawn(pass(client, target, args.clone(), Arc::clone(&connections)));
    }
}

async fn pass(client: TcpStream, target: u16, args: Args, connections: Arc<AtomicU64>) {
    let latency = Duration::from_millis(args.latency_ms);
    // The handshake; a client that opens a connection and drops it unused does not count.
    tokio::time::sleep(latency).await;
    let mut first = [0];
    if !matches!(client.peek(&mut first).await, Ok(1..)) {
        return;
    }
    let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
    let is_slow = args.one_slow && number.is_multiple_of(SLOW_EVERY);
    let rate = args.rate.map(|rate| if is_slow { rate / SLOWER_BY } else { rate });
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // The end of one direction is the end of both, as in HTTP/1.1.
    tokio::select! {
        () = carry(from_client, to_server, latency / 2, None) => {}
        () = carry(from_server, to_client, latency / 2, rate) => {}
    }
}

/// Bytes with the time at which they arrive.
struct Flight {
    bytes: Bytes,
    arrives: Instant,
    _window: OwnedSemaphorePermit,
}

/// Carries one direction of a connection.
async fn carry(from: OwnedReadHalf, to: OwnedWriteHalf, delay: Duration, rate: Option<u64>) {
    let (send, receive) = mpsc::unbounded_channel();
    tokio::join!(depart(from, send, delay, rate), arrive(receive, to));
}

async fn depart(mut from: OwnedReadHalf, send: mpsc::UnboundedSender<Flight>, delay: Duration, rate: Option<u64>) {
    let window = Arc::new(Semaphore::new(WINDOW_BYTES));
    let mut free_at = Instant::now();
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK_BYTES);
        let Ok(bytes @ 1..) = from.read_buf(&mut (&mut buffer).limit(CHUNK_BYTES)).await else { return };
        let Ok(permits) = u32::try_from(bytes) else { return };
        let Ok(permit) = Arc::clone(&window).acquire_many_owned(permits).await else { return };
        let now = Instant::now();
        if let Some(rate) = rate {
            free_at = free_at.max(now - BURST) + Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
            sleep_until(free_at).await;
        }
        let flight = Flight { bytes: buffer.split().freeze(), arrives: now.max(free_at) + delay, _window: permit };
        if send.send(flight).is_err() {
            return;
        }
    }
}

async fn arrive(mut receive: mpsc::UnboundedReceiver<Flight>, mut to: OwnedWriteHalf) {
    while let Some(flight) = receive.recv().await {
        sleep_until(flight.arrives).await;
        if to.write_all(&flight.bytes).await.is_err() {
            return;
        }
    }
}
