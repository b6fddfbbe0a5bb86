//! A network between the benchmark's source and who downloads from it: passes connections on to a port of this machine with
//! latency, with a rate for each, and with one of eight ten times slower.
//!
//! It stands in for `netem`, which needs root and a kernel that has it. nginx's own `limit_rate` would not do: it lets the first
//! second of each *request* pass at full speed, so that whoever asks for parts is hardly limited at all.

mod pipe;

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use pipe::{Pipe, Pipes};

/// Bytes under way in one direction of a connection: with 50 ms of latency 640 MiB a second, as the window of a good connection.
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
    let pipes = Arc::new(Pipes::new(raise_open_files()? / 4));
    let mut serving = JoinSet::new();
    for &(port, target) in &args.ways {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("listening")?;
        serving.spawn(serve(listener, target, args.clone(), Arc::clone(&pipes)));
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening").and_then(|()| out.flush())?;
    serving.join_next().await.context("nothing is served")??
}

/// What is under way is held in pipes of two descriptors each, thousands in all. Returns how many descriptors there may be.
fn raise_open_files() -> anyhow::Result<usize> {
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).context("opening more files")?;
    // Where nothing limits them, memory does.
    Ok(usize::try_from(limit.unwrap_or(u64::MAX).min(1 << 16))?)
}

fn way(text: &str) -> anyhow::Result<(u16, u16)> {
    let (port, target) = text.split_once(':').context("expected PORT:TARGET")?;
    Ok((port.parse()?, target.parse()?))
}

async fn serve(listener: TcpListener, target: u16, args: Args, pipes: Arc<Pipes>) -> anyhow::Result<()> {
    let connections = Arc::new(AtomicU64::new(0));
    loop {
        let (client, _) = listener.accept().await.context("accepting a connection")?;
        tokio::spawn(pass(client, target, args.clone(), Arc::clone(&connections), Arc::clone(&pipes)));
    }
}

async fn pass(client: TcpStream, target: u16, args: Args, connections: Arc<AtomicU64>, pipes: Arc<Pipes>) {
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
    let direction = |rate| Direction { pipes: Arc::clone(&pipes), delay: latency / 2, rate };
    let (up, down) = (direction(None), direction(rate));
    tokio::select! {
        () = up.carry(from_client, to_server) => {}
        () = down.carry(from_server, to_client) => {}
    }
}

/// Bytes on their way, and when they arrive.
struct Flight {
    pipe: Pipe,
    bytes: usize,
    arrives: Instant,
    _window: OwnedSemaphorePermit,
}

/// One direction of a connection.
struct Direction {
    pipes: Arc<Pipes>,
    delay: Duration,
    rate: Option<u64>,
}

impl Direction {
    async fn carry(&self, from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (send, receive) = mpsc::unbounded_channel();
        // Both end with the connection.
        _ = tokio::join!(self.depart(from, send), self.arrive(receive, to));
    }

    async fn depart(&self, from: OwnedReadHalf, send: mpsc::UnboundedSender<Flight>) -> anyhow::Result<()> {
        let window = Arc::new(Semaphore::new(WINDOW_BYTES));
        let mut free_at = Instant::now();
        loop {
            let pipe = self.pipes.take().await?;
            let bytes = pipe.fill(from.as_ref()).await?;
            if bytes == 0 {
                return Ok(());
            }
            let permit = Arc::clone(&window).acquire_many_owned(u32::try_from(bytes)?).await?;
            let now = Instant::now();
            if let Some(rate) = self.rate {
                free_at = free_at.max(now - BURST) + Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
                sleep_until(free_at).await;
            }
            send.send(Flight { pipe, bytes, arrives: now.max(free_at) + self.delay, _window: permit })?;
        }
    }

    async fn arrive(&self, mut receive: mpsc::UnboundedReceiver<Flight>, to: OwnedWriteHalf) -> anyhow::Result<()> {
        while let Some(flight) = receive.recv().await {
            sleep_until(flight.arrives).await;
            flight.pipe.drain(to.as_ref(), flight.bytes).await?;
            self.pipes.give_back(flight.pipe);
        }
        Ok(())
    }
}
