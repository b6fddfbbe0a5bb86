//! Bytes sent as a request, and the status and body of what comes back: no client library would send these.

use anyhow::{Context as _, bail, ensure};
use hfd_tests::wait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer read.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A connection that is made anew when the server has closed it.
pub(crate) struct Connection {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// A response.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its head and body.
    pub(crate) bytes: Vec<u8>,
}

impl Connection {
    /// To a server at `host:port`.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, buffer: Vec::new() }
    }

    /// Sends a request and reads the answer; none when the server closes the connection without a word.
    pub(crate) async fn ask(&mut self, request: &[u8], is_head: bool) -> anyhow::Result<Option<Answer>> {
        let exchange = tokio::time::timeout(wait::LIMIT, self.exchange(request, is_head)).await;
        let answer = exchange.context("no answer in time")?;
        if !matches!(&answer, Ok(Some(_))) {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, request: &[u8], is_head: bool) -> anyhow::Result<Option<Answer>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                TcpStream::connect(&self.address).await.with_context(|| format!("connecting to {}", self.address))?
            }
        };
        self.buffer.clear();
        // A server that refuses a request early closes its side while we still write: its answer is there all the same.
        let is_written = stream.write_all(request).await.is_ok();
        let Some(head_end) = self.read_head(&mut stream).await? else { return Ok(None) };
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("no status in {head:.200}"))?;
        let has_no_body = is_head || status < 200 || status == 204 || status == 304;
        let closes = head.contains("\r\nconnection: close") || status == 101 || !is_written;
        if !has_no_body {
            if let Some(length) = header(&head, "content-length") {
                self.read_until(&mut stream, head_end + length.parse::<usize>()?).await?;
            } else if header(&head, "transfer-encoding") == Some("chunked") {
                while !self.buffer.ends_with(b"0\r\n\r\n") && self.fill(&mut stream).await? {}
            } else {
                while self.fill(&mut stream).await? {}
            }
        }
        if !closes {
            self.stream = Some(stream);
        }
        Ok(Some(Answer { status, bytes: self.buffer.clone() }))
    }

    /// Reads up to the end of the head.
    async fn read_head(&mut self, stream: &mut TcpStream) -> anyhow::Result<Option<usize>> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return Ok(Some(at + 4));
            }
            if !self.fill(stream).await? {
                if self.buffer.is_empty() {
                    return Ok(None);
                }
                bail!("the answer ends in its head: {:?}", String::from_utf8_lossy(&self.buffer));
            }
        }
    }

    async fn read_until(&mut self, stream: &mut TcpStream, end: usize) -> anyhow::Result<()> {
        while self.buffer.len() < end {
            ensure!(self.fill(stream).await?, "the answer ends after {} of {end} bytes", self.buffer.len());
        }
        Ok(())
    }

    /// Reads what has arrived; false at the end. A reset is an end, too.
    async fn fill(&mut self, stream: &mut TcpStream) -> anyhow::Result<bool> {
        ensure!(self.buffer.len() <= MAX_ANSWER_BYTES, "an answer without end");
        Ok(stream.read_buf(&mut self.buffer).await.is_ok_and(|read| read > 0))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
