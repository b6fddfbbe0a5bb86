//! The way of a request: read it, log it, let faults have their say, answer, send.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use poem::http::header::CONTENT_LENGTH;
use poem::http::{HeaderValue, StatusCode};
use poem::{Body, Endpoint, Request, Response};
use serde_json::json;
use time::OffsetDateTime;

use super::access::Caller;
use super::body::{EndMark, Sending, Source};
use super::call::Call;
use super::fault_set::{ActiveFaults, InsteadOfAnswer};
use super::refusal::Refusal;
use super::reply::{Payload, Reply};
use super::route::{HttpMethod, Origin, RequestKind, Route};
use super::signed_url::UrlState;
use super::state::HubState;
use super::{api, cdn, control, resolve};

/// Requests the Hub grants in a window, by kind; reported, not enforced.
const WINDOW_S: u64 = 300;
/// Far more than any test asks for: only a fault may tell a client to wait.
const API_QUOTA: u64 = 1_000_000;
const RESOLVER_QUOTA: u64 = 5_000_000;

/// Serves one origin.
pub(crate) struct OriginEndpoint {
    pub(crate) origin: Origin,
    pub(crate) state: Arc<HubState>,
}

impl Endpoint for OriginEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let call = Call::new(self.origin, &request);
        let body = request.take_body();
        if let Route::Control(command) = &call.route {
            return Ok(respond(control::answer(&self.state, call.method, command, body).await, call.method));
        }
        let progress = EndMark(self.state.log.open(&call));
        Ok(answer(&self.state, call, body, progress).await)
    }
}

async fn answer(state: &Arc<HubState>, call: Call, body: Body, progress: EndMark) -> Response {
    let url_expired = state.signer.check(&call, OffsetDateTime::now_utc()) == UrlState::Expired;
    let mut faults = state.faults.take(&call, url_expired);
    if let Some(rate) = state.config.rate_bytes_per_s {
        faults.body.throttle(rate);
    }
    if faults.expire_url {
        state.signer.expire(&call);
    }
    if call.origin == Origin::Cdn
        && state.config.cdn_answers.is_some_and(|most| state.log.under_way(Origin::Cdn) > most)
    {
        faults.refusal = Some(InsteadOfAnswer::Status { code: 503 });
    }
    let latency = state.config.latency + faults.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = match faults.refusal {
        Some(instead) => instead.reply(&call),
        None => dispatch(state, &call, body, &faults).await.unwrap_or_else(Reply::from).distort(&faults),
    };
    send(state, &call, faults, with_hub_headers(state, &call, reply), progress).await
}

async fn dispatch(state: &HubState, call: &Call, body: Body, faults: &ActiveFaults) -> Result<Reply, Refusal> {
    let read_only = matches!(call.method, HttpMethod::Get | HttpMethod::Head);
    if let Route::Cdn(target) = &call.route {
        return if read_only { Ok(cdn::answer(state, call, target, faults)) } else { Err(Refusal::NotAllowed) };
    }
    let caller = Caller::identify(call, &state.config)?;
    match &call.route {
        Route::Repo(key, action) => api::answer(state, call, caller, key, action, body).await,
        _ if !read_only => Err(Refusal::NotAllowed),
        Route::WhoAmI => api::who_am_i(caller),
        Route::Resolve(target) => resolve::redirect(state, caller, target, faults),
        Route::ResolveCache(target) => resolve::content(state, call, caller, target, faults),
        Route::Cdn(_) | Route::Control(_) | Route::Unknown => Err(Refusal::NotFound),
    }
}

impl InsteadOfAnswer {
    fn reply(self, call: &Call) -> Reply {
        let error = |status: StatusCode, message: &str| {
            Reply::json(status, &json!({ "error": message })).header("X-Error-Message", message)
        };
        match self {
            Self::RateLimited { reset_s } => error(StatusCode::TOO_MANY_REQUESTS, "We had to rate limit you")
                .header("RateLimit", &format!("\"{}\";r=0;t={reset_s}", bucket(call).0)),
            Self::RetryAfter { seconds } => {
                error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").header("Retry-After", &seconds.to_string())
            }
            Self::Status { code } => {
                let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                error(status, status.canonical_reason().unwrap_or("Error"))
            }
        }
    }
}

/// The rate-limit bucket a request counts in.
fn bucket(call: &Call) -> (&'static str, u64) {
    match call.route.kind() {
        RequestKind::Api => ("api", API_QUOTA),
        RequestKind::Resolve | RequestKind::Data => ("resolvers", RESOLVER_QUOTA),
        RequestKind::Other => ("pages", API_QUOTA),
    }
}

fn with_hub_headers(state: &HubState, call: &Call, reply: Reply) -> Reply {
    let number = state.number();
    let reply = reply.header("X-Request-Id", &format!("Root=1-{number:08x}"));
    if call.origin == Origin::Cdn {
        return reply;
    }
    let (name, quota) = bucket(call);
    let policy = format!("\"fixed window\";\"{name}\";q={quota};w={WINDOW_S}");
    let reply = reply.header("RateLimit-Policy", &policy);
    if reply.headers.contains_key("RateLimit") {
        return reply;
    }
    let left = quota.saturating_sub(number);
    reply.header("RateLimit", &format!("\"{name}\";r={left};t={WINDOW_S}"))
}

/// Opens the body and sends the answer.
async fn send(state: &HubState, call: &Call, faults: ActiveFaults, reply: Reply, progress: EndMark) -> Response {
    let length = reply.payload.length();
    let (reply, source) = match open(&reply.payload, call.method).await {
        Ok(source) => (reply, source),
        Err(error) => (Refusal::Internal(format!("{error:#}")).into(), None),
    };
    progress.0.status.store(reply.status.as_u16(), Ordering::Relaxed);
    let by = faults.wrong_size_by.filter(|_| reply.status == StatusCode::OK);
    let mut response = respond(reply, call.method);
    if let Some(by) = by {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length.saturating_add_signed(by)));
    }
    if let Some(source) = source {
        let reset = state.connections.reset_switch(call.peer);
        response.set_body(Sending { source, length, faults: faults.body, progress, reset }.into_body());
    }
    response
}

/// The body's bytes; none for HEAD.
async fn open(payload: &Payload, method: HttpMethod) -> anyhow::Result<Option<Source>> {
    match payload {
        _ if method == HttpMethod::Head => Ok(None),
        Payload::Memory(bytes) => Ok(Some(Source::Memory(bytes.clone()))),
        Payload::File { disk, span, .. } => {
            let (path, start) = (disk.clone(), span.start);
            let file = tokio::task::spawn_blocking(move || File::open(path)).await??;
            Ok(Some(Source::File(Arc::new(file), start)))
        }
    }
}

/// Status and headers with the body's length, and the body if it is in memory and wanted.
fn respond(reply: Reply, method: HttpMethod) -> Response {
    let length = reply.payload.length();
    let mut response = Response::builder().status(reply.status).finish();
    *response.headers_mut() = reply.headers;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let (Payload::Memory(bytes), true) = (reply.payload, method != HttpMethod::Head) {
        response.set_body(bytes);
    }
    response
}
