//! A way between two processes that can be blocked or cut, as a network can.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

const BUFFER_BYTES: usize = 64 << 10;

/// Passes connections on to another port of this machine, until it is blocked: then nothing gets through, and neither side is
/// told.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    way: Arc<watch::Sender<Way>>,
    _serving: AbortOnDropHandle<()>,
}

/// What gets through.
#[derive(Debug, Clone, Copy)]
struct Way {
    requests: bool,
    answers: bool,
    /// A connection that is older than the last cut ends.
    cuts: u64,
}

type Gate = fn(&Way) -> bool;

impl Proxy {
    /// An open way to a port.
    pub async fn to(target: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening for the proxy")?;
        let port = listener.local_addr()?.port();
        let way = Arc::new(watch::Sender::new(Way { requests: true, answers: true, cuts: 0 }));
        let serving = AbortOnDropHandle::new(tokio::spawn(serve(listener, target, Arc::clone(&way))));
        Ok(Self { port, way, _serving: serving })
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets nothing through any more.
    pub fn block(&self) {
        self.way.send_modify(|way| (way.requests, way.answers) = (false, false));
    }

    /// Lets requests through, but no answers any more.
    pub fn block_answers(&self) {
        self.way.send_modify(|way| way.answers = false);
    }

    /// Lets everything through again.
    pub fn unblock(&self) {
        self.way.send_modify(|way| (way.requests, way.answers) = (true, true));
    }

    /// Closes all connections, with what is on its way; new ones pass.
    pub fn cut(&self) {
        self.way.send_modify(|way| *way = Way { requests: true, answers: true, cuts: way.cuts + 1 });
    }
}

async fn serve(listener: TcpListener, target: u16, way: Arc<watch::Sender<Way>>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, target, way.subscribe()));
    }
}

async fn pass(client: TcpStream, target: u16, mut way: watch::Receiver<Way>) {
    let cuts = way.borrow().cuts;
    if way.wait_for(|way| way.requests).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (requests, answers) = (way.clone(), way.clone());
    // The end of one direction is the end of both. A cut comes first: what was held back until then is lost.
    tokio::select! {
        biased;
        _ = way.wait_for(|way| way.cuts != cuts) => {}
        () = copy(from_client, to_server, requests, |way| way.requests) => {}
        () = copy(from_server, to_client, answers, |way| way.answers) => {}
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
    is_open: Gate,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let Ok(bytes @ 1..) = from.read(&mut buffer).await else { return };
        if way.wait_for(is_open).await.is_err() || to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
}
