//! A receiver of callbacks, which checks their signatures by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use poem::http::StatusCode;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::{Endpoint, Request, Response, Server};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::wait;

/// The secret that processes and receivers share.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The blocks that HMAC pads its key to.
const BLOCK_BYTES: usize = 64;

/// What has arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// `webhook-id`.
    pub id: String,
    /// The body.
    pub body: Value,
}

#[derive(Debug, Default)]
struct State {
    /// Answers to come; then 204.
    answers: Mutex<VecDeque<StatusCode>>,
    received: Mutex<Vec<Result<Received, String>>>,
}

/// A running receiver.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts one that first answers so, and then 204.
    pub async fn start(answers: impl IntoIterator<Item = u16>) -> anyhow::Result<Self> {
        let answers = answers.into_iter().map(StatusCode::from_u16).collect::<Result<_, _>>()?;
        let state = Arc::new(State { answers: Mutex::new(answers), ..State::default() });
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
        let address = acceptor.local_addr().remove(0);
        let address = address.as_socket_addr().context("no address")?;
        let url = format!("http://127.0.0.1:{}/hook?key=hush", address.port());
        let endpoint = Hook(Arc::clone(&state));
        let serving = tokio::spawn(async move { _ = Server::new_with_acceptor(acceptor).run(endpoint).await });
        Ok(Self { url, state, serving })
    }

    /// Where it listens; the query is a secret.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived, each with a good signature.
    pub fn received(&self) -> anyhow::Result<Vec<Received>> {
        let received = lock(&self.state.received).clone();
        received.into_iter().map(|received| received.map_err(anyhow::Error::msg)).collect()
    }

    /// Waits until so much has arrived.
    pub async fn wait_for(&self, count: usize) -> anyhow::Result<Vec<Received>> {
        wait::until(&format!("{count} callbacks"), wait::LIMIT, async || {
            let received = self.received()?;
            Ok((received.len() >= count).then_some(received))
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Hook(Arc<State>);

impl Endpoint for Hook {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let body = request.take_body().into_vec().await?;
        let received = check(&request, &body).map_err(|error| format!("{error:#}"));
        lock(&self.0.received).push(received);
        let status = lock(&self.0.answers).pop_front().unwrap_or(StatusCode::NO_CONTENT);
        Ok(Response::builder().status(status).header("location", "/elsewhere").finish())
    }
}

fn check(request: &Request, body: &[u8]) -> anyhow::Result<Received> {
    ensure!(request.uri().path() == "/hook" && request.uri().query() == Some("key=hush"), "{}", request.uri());
    ensure!(request.content_type() == Some("application/json"));
    let header = |name: &str| request.header(name).with_context(|| format!("no {name}"));
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let age = time::OffsetDateTime::now_utc().unix_timestamp() - timestamp.parse::<i64>()?;
    ensure!((0..300).contains(&age), "it was signed {age} s ago");
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_"))?;
    let message = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac(&key, &message)));
    ensure!(header("webhook-signature")? == expected, "a wrong signature");
    Ok(Received { id: id.to_owned(), body: serde_json::from_slice(body)? })
}

/// HMAC-SHA256 by RFC 2104, for keys of at most one block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| -> Vec<u8> {
        let padding = std::iter::repeat_n(0, BLOCK_BYTES - key.len());
        key.iter().copied().chain(padding).map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
